"""The arm's controller, 6-500-6 tanh, trained through the plant by backprop, feedback alignment and shallow learning.

Every rule sees the same first weights, the same batches and the same test set of its seed. Shallow learning is shown twice:
from the start of the others, where its hidden layer is almost linear, and from its own best start, random features of large
weights. Without the second, a figure that shows feedback alignment ahead of it would show little.

[Lillicrap, Cownden, Tweed & Akerman 2014, abstract, fig. 2a, b; the plant and every setting are choices, see `CHOICES`]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from armfa.controllers import MLP, SGD, Backprop, FeedbackAlignment, Shallow, normalized_error, train
from armfa.controllers.network import Dense, Params
from armfa.experiments.base import Choice, Claim, Experiment, Run, Unit, find
from armfa.experiments.reaching import Steering, closed_loop
from armfa.experiments.statistics import mean_above, mean_below, mean_between, ratio_below, reported
from armfa.experiments.style import COLOURS, angle_axis, band, examples_axis, panels
from armfa.plant import make_arm
from armfa.problems.hand_velocity import HandVelocityProblem

ArmName = Literal["li_todorov", "lillicrap_scott", "kalidindi2021", "li_todorov_smooth", "motornet_arm26", "katayama_kawato"]


class Learner(NamedTuple):
    """A rule with the start and the rates it learns with."""

    rule: Any
    rates: tuple[float, float]  # hidden layer, output layer
    weight_scale: tuple[float, float]
    label: str
    colour: str


LEARNERS: Mapping[str, Learner] = {
    "backprop": Learner(Backprop(), (42.0, 0.021), (0.05, 0.02), "backprop", COLOURS["backprop"]),
    "feedback_alignment": Learner(
        FeedbackAlignment(scale=0.5, carry="error"), (17.0, 0.0106), (0.05, 0.02), "feedback alignment",
        COLOURS["feedback_alignment"],
    ),
    "shallow": Learner(Shallow(), (0.0, 0.042), (0.05, 0.02), "shallow, same start", COLOURS["shallow"]),
    "shallow_own_start": Learner(Shallow(), (0.0, 0.042), (2.0, 0.02), "shallow, own best start", "#d98f4e"),
}  # fmt: skip
"""Plain SGD, rates falling linearly to zero. Found by search on seeds that are not reported; see docs/arm.md."""


@dataclass(frozen=True)
class Settings:
    """Arms, how many networks on each, and how long they learn."""

    arms: tuple[ArmName, ...] = ("li_todorov", "lillicrap_scott")
    rules: tuple[str, ...] = tuple(LEARNERS)
    activation: Literal["static", "first_order"] = "static"
    seeds: int = 10
    updates: int = 20_000
    batch_size: int = 32
    hidden: int = 500
    points: int = 25

    @classmethod
    def quick(cls):
        """One arm, fewer networks, a shorter training."""
        return cls(arms=("li_todorov",), seeds=3, updates=3000, points=12)


def problem_for(arm: str, activation: str = "static") -> HandVelocityProblem:
    """What is learned: the hand velocity of that arm, one step ahead."""
    return HandVelocityProblem(make_arm(arm, activation=activation))


def network_for(learner: Learner, hidden: int, outputs: int = 6) -> MLP:
    """6-500-6, tanh in both layers, with the learner's own start."""
    hidden_scale, output_scale = learner.weight_scale
    return MLP((6, hidden, outputs), "tanh", weight_scale=learner.weight_scale, bias_scale=(hidden_scale, 0.0))


def units(settings: Settings) -> list[Unit]:
    """One unit an arm and rule: all its seeds as one stack."""
    seconds = 3.5e-6 * settings.seeds * settings.updates * settings.batch_size
    return [
        Unit(f"{arm}_{rule}", {"arm": arm, "rule": rule, "seeds": settings.seeds}, seconds)
        for arm in settings.arms
        for rule in settings.rules
    ]


def run(settings: Settings, unit: Unit, checkpoint) -> dict[str, np.ndarray]:
    """Train the stack, then let every network move the arm."""
    learner = LEARNERS[unit.arguments["rule"]]
    problem = problem_for(unit.arguments["arm"], settings.activation)
    network = network_for(learner, settings.hidden, problem.arm.n_muscles)
    result = train(
        problem,
        network,
        learner.rule,
        SGD(learner.rates, decay="linear", updates=settings.updates),
        seeds=settings.seeds,
        updates=settings.updates,
        batch_size=settings.batch_size,
        evaluate_every=max(1, settings.updates // settings.points),
        checkpoint=checkpoint.path,
        checkpoint_every=max(1, settings.updates // 10),
        progress=lambda report: checkpoint.progress(0.9 * report.update / report.updates),
    )
    moved = closed_loop(problem, network, result.state.params)
    return {
        **{f"curve_{name}": values for name, values in result.curve.items()},
        **{f"moves_{name}": values for name, values in moved.items()},
        **weights_as_arrays(result.state.params),
    }


def weights_as_arrays(params: Params) -> dict[str, np.ndarray]:
    """The stack of networks under the names weight_0, bias_0, weight_1, ..."""
    return {f"{part}_{number}": getattr(layer, part) for number, layer in enumerate(params) for part in ("weight", "bias")}


def weights_of(run: Run, seed: int) -> Params:
    """One network of a run."""
    count = sum(name.startswith("weight_") for name in run.arrays)
    return tuple(Dense(run.arrays[f"weight_{n}"][seed], run.arrays[f"bias_{n}"][seed]) for n in range(count))
