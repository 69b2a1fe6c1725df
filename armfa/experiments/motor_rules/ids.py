"""What each id of the benchmark is: `experiment/index`, frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from armfa.controllers import MLP
from armfa.experiments.arm.controller import problem_for
from armfa.experiments.motor_rules.protocol import COMMON_RATES, Protocol
from armfa.experiments.motor_rules.trials import Perturbation
from armfa.problems.hand_velocity import HandVelocityProblem, PlantFeedback


@dataclass(frozen=True)
class Learned:
    """An id on which networks learn the arm's hand velocity one step ahead; the error at the end is measured.

    online : which of the protocol's budgets of single samples; None: batches of 16.
    tuned_on : the id on which a rule's own rates are searched.
    """

    tag: str
    about: str
    tuned_on: str
    arm: str = "li_todorov"
    activation: str = "static"
    hidden: tuple[int, ...] = (500,)
    online: int | None = None
    motor_noise: float = 0.0
    plant_feedback: PlantFeedback = "jacobian"
    long: bool = False

    @property
    def batch_size(self) -> int:
        """Samples per update."""
        return 16 if self.online is None else 1

    def updates(self, protocol: Protocol) -> int:
        """Of each test network."""
        if self.online is not None:
            return protocol.online_samples[self.online]
        return protocol.long_updates if self.long else protocol.updates

    def problem(self, protocol: Protocol, held_out: bool = False) -> HandVelocityProblem:
        """What is learned; with a test set of its own while rates are searched."""
        found = problem_for(self.arm, self.activation)  # type: ignore[arg-type]
        return replace(
            found, test_seed=found.test_seed + held_out, test_size=protocol.test_samples, motor_noise=self.motor_noise,
            plant_feedback=self.plant_feedback,
        )  # fmt: skip

    def network(self, n_inputs: int, n_outputs: int, own_start: bool = False) -> MLP:
        """Tanh units. W ~ U(-.05, .05) below hidden layers and U(-.02, .02) below the output.

        own_start : random features of large weights, U(-1, 1) from the inputs; hidden layers above the first then have
            a gain of one, U(-w, w) with w = (3 / units below)^(1/2).
        """
        above = [(3.0 / units) ** 0.5 for units in self.hidden[:-1]]
        scales = [1.0, *above] if own_start else [0.05] * len(self.hidden)
        return MLP(
            (n_inputs, *self.hidden, n_outputs), "tanh", weight_scale=(*scales, 0.02), bias_scale=(*scales, 0.0)
        )  # fmt: skip

    def common_rates(self) -> tuple[float, ...]:
        """The one rate for all; that of the output layer falls with the units below it."""
        hidden, output = COMMON_RATES
        return (*(hidden,) * len(self.hidden), output * 500 / self.hidden[-1])

    def fitted(self, rates: Sequence[float], n_inputs: int) -> tuple[float, ...]:
        """Rates found with six inputs: that of the first layer is shared out where there are more."""
        return (rates[0] * 6 / n_inputs, *rates[1:])


@dataclass(frozen=True)
class Moved:
    """An id on which the networks of velocity/0 move the arm: reaches without learning, or trials in which they learn.

    opposite : whether the perturbation is followed by its opposite and comes back (A, B, A).
    """

    tag: str
    about: str
    perturbation: Perturbation | None = None
    opposite: bool = False
    tuned_on: str = "velocity/0"


def _learned() -> dict[str, Learned]:
    ids = {"velocity/0": Learned("basic", "the human arm, 6-500-6, batches of 16", "velocity/0", long=True)}
    for number in range(3):
        ids[f"velocity-online/{number}"] = Learned("data", "one sample per update", "velocity-online/1", online=number)
    arms = ("lillicrap_scott", "motornet_arm26", "kalidindi2021", "li_todorov", "katayama_kawato")
    for number, arm in enumerate(arms):
        activation = "first_order" if arm == "li_todorov" else "static"
        told = arm + (", muscles with a state" if activation == "first_order" else "")
        ids[f"body/{number}"] = Learned("body", told, "velocity/0", arm=arm, activation=activation)
    for number, hidden in enumerate(((1398,), (128,) * 2, (92,) * 3, (75,) * 4)):
        told = f"{len(hidden)} x {hidden[0]} hidden units"
        ids[f"depth/{number}"] = Learned("depth", told, f"depth/{number}", hidden=hidden)
    for number, units in enumerate((32, 100, 320, 1000, 3200)):
        ids[f"width/{number}"] = Learned("width", f"{units} hidden units", f"width/{number}", hidden=(units,))
    for number, noise in enumerate((0.0, 0.05, 0.1, 0.2)):
        ids[f"noise/{number}"] = Learned("noise", f"motor noise of {noise:g} of the command", "velocity/0",
                                         motor_noise=noise)  # fmt: skip
    ids["babbled/0"] = Learned("no-model", "one matrix from babbling for the plant's Jacobian", "velocity/0",
                               plant_feedback="learned")  # fmt: skip
    return ids


LEARNED: Mapping[str, Learned] = _learned()
MOVED: Mapping[str, Moved] = {
    "reach/0": Moved("reach", "200 random reaches, gain 12/s"),
    "curl/0": Moved("adapt", "curl field, 13 N s/m", Perturbation(curl=13.0)),
    "curl/1": Moved("adapt", "curl field, -13 N s/m", Perturbation(curl=-13.0)),
    "rotation/0": Moved("adapt", "rotation by 30 degrees", Perturbation(rotation=30.0)),
    "rotation/1": Moved("adapt", "rotation by -30 degrees", Perturbation(rotation=-30.0)),
    "aba/0": Moved("retain", "curl fields, 13, -13 and 13 N s/m", Perturbation(curl=13.0), opposite=True),
}
IDS: Mapping[str, Learned | Moved] = {**LEARNED, **MOVED}
"""Every id, in the order of the board."""

TAGS = tuple(dict.fromkeys(each.tag for each in IDS.values()))


def chosen_ids(names: Sequence[str]) -> list[str]:
    """The ids of these names and tags; all of them for none."""
    for name in names:
        if name not in IDS and name not in TAGS:
            raise ValueError(
                f"expected --ids out of the tags {', '.join(TAGS)} or ids such as velocity/0, got {name!r}"
            )
    return [name for name, each in IDS.items() if not names or name in names or each.tag in names]
