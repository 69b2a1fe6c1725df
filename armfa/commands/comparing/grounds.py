"""Grounds on which learning rules are compared: a problem, the network that learns it, and how it is trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from armfa import data
from armfa.controllers import MLP, RNN, SGD, Adam, Batch, GradientEstimator, TrainState, stack, take, tree_map, unstack
from armfa.controllers.circuits.mlp import per_layer
from armfa.controllers.metrics import classification_error, normalized_error
from armfa.controllers.streams import RunStreams
from armfa.controllers.training.measures import teaching_angles
from armfa.controllers.training.train import in_precision
from armfa.experiments.arm.controller import LEARNERS, Settings, problem_for
from armfa.experiments.motor.movements import length_of, usual_costs
from armfa.experiments.rules import LEARNED, with_decay
from armfa.plant import Simulator, make_arm
from armfa.problems import TaskProblem, digits, regression
from armfa.tasks import TASKS
from armfa.world import Senses, World

Measure = Callable[[TrainState], dict[str, np.ndarray]]
"""A stack of networks -> what is told of each, arrays (networks, ...)."""
ANGLE_SAMPLES = 500
"""Test samples over which an angle is averaged."""
SILENT = -10.0
"""Input of an output unit that asks for no excitation: tanh is -1 there, to rounding."""
HOLD, LONGEST = 2, 1.2
"""Steps for which a command is held, and s: episodes of tasks over time are no longer."""
TESTED = 2500
"""Test images at most, the first ones: with all 10,000 of MNIST measuring would take longer than learning."""


@dataclass(frozen=True)
class Ground:
    """A problem, the network that learns it, and how it is trained.

    problem : (streams, for tuning) -> Problem; for tuning with a held-out batch that is not the test batch.
    rates : of every rule, one per layer of weights; own_rates : of rules for which others were found.
    reach : error of which it is told how many samples were needed.
    seconds : of one network and update, to foretell the end.
    """

    about: str
    network: MLP
    problem: Callable[[RunStreams, bool], Any]
    rates: tuple[float, ...]
    updates: int
    batch_size: int
    reach: float
    seconds: float
    own_rates: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    schedule: str = "constant"
    biases: bool = True
    dtype: type = np.float32
    classes: bool = False
    rules: str = "backprop,feedback-alignment,shallow"

    @property
    def n_layers(self) -> int:
        """Layers that have a rate."""
        return self.network.n_layers

    def rates_of(self, rule: str, chosen: tuple[float, ...] = ()) -> tuple[float, ...]:
        """Rates of a rule: those that were chosen for all, or its own, or the ground's."""
        if chosen:
            return per_layer(chosen[0] if len(chosen) == 1 else chosen, self.n_layers, "--rates")
        return self.own_rates.get(rule, self.rates)

    def optimizer(self, rule: GradientEstimator, rates: tuple[float, ...], updates: int) -> Any:
        """Plain SGD, with decay beside feedback that decays."""
        return with_decay(SGD(rates, self.schedule, updates, biases=self.biases), rule)

    def measure(self, rule: GradientEstimator, problem: Any, count: int, tuning: bool) -> Measure:
        """What is told of `count` networks: NSE, share of wrong answers, and, but while tuning, angles to backprop."""
        tests = held_out(problem, count)
        few = [take(test, slice(ANGLE_SAMPLES)) for test in tests]

        def measure(state: TrainState) -> dict[str, np.ndarray]:
            networks = list(zip(unstack(state.params), unstack(state.rule, count), tests, few))
            outputs = [self.network.forward(params, test.inputs).output for params, _, test, _ in networks]
            found = {"nse": np.array([normalized_error(y, test.loss) for y, test in zip(outputs, tests)])}
            if self.classes:
                found["wrong"] = np.array([classification_error(y, test.loss) for y, test in zip(outputs, tests)])
            if not tuning:
                noise = [np.random.default_rng(0) for _ in tests]  # the same at every point
                found["angle"] = np.array(
                    [teaching_angles(self.network, rule, p, part, s, r) for (p, s, _, part), r in zip(networks, noise)]
                )
            return found

        return measure


@dataclass(frozen=True)
class OverTime(Ground):
    """A task over time and a recurrent network; Adam (SGD where feedback learns), whose rate falls to 0.

    NSE: the squared distance to the goal, mean over all steps of the test episodes, over that of silent muscles.
    """

    @property
    def n_layers(self) -> int:
        """Two: the units, and the readout."""
        return 2

    def optimizer(self, rule: GradientEstimator, rates: tuple[float, ...], updates: int) -> Any:
        """Adam; SGD, whose steps feedback can follow, where that learns."""
        if isinstance(rule, LEARNED):
            return with_decay(SGD(rates, "linear", updates), rule)
        return Adam(rates, schedule="linear", updates=updates)

    def measure(self, rule: GradientEstimator, problem: Any, count: int, tuning: bool) -> Measure:
        """NSE; rules through time have no angle here."""
        test = in_precision(problem.test(), self.dtype)
        tests, one = stack([test] * count), stack([test])
        layers = stack([self.network.init(np.random.default_rng(0), self.dtype)])
        silent = tree_map(lambda leaf: 0 * leaf, layers)
        silent = silent._replace(out=silent.out._replace(bias=silent.out.bias + SILENT))
        most = np.square(problem.distances(self.network, silent, one)).mean()

        def measure(state: TrainState) -> dict[str, np.ndarray]:
            miss = np.square(problem.distances(self.network, state.params, tests)).mean((0, -1))
            return {"nse": miss / most} | ({} if tuning else {"angle": np.full((count, 1), np.nan)})

        return measure


def held_out(problem: Any, count: int) -> list[Batch]:
    """The held-out batch of each of `count` networks; one for all, or one per network where teachers differ."""
    batch = problem.test()
    return [take(batch, number) for number in range(count)] if batch.inputs.ndim == 3 else [batch] * count


def _linear(random: RunStreams, tuning: bool) -> Any:
    return regression.linear(random.problem, dtype=np.float64)


def _deep(random: RunStreams, tuning: bool) -> Any:
    return regression.deep(random.problem, test_size=1000)


def _hand_velocity(random: RunStreams, tuning: bool) -> Any:
    problem = problem_for("li_todorov")
    return replace(problem, test_seed=problem.test_seed + 1) if tuning else problem


def _task(name: str) -> TaskProblem:
    """A task over time on the human arm, with muscles that follow at once: online rules see one step's cost."""
    task, senses = TASKS[name](), Senses(hold_action=HOLD)
    along, position, velocity = usual_costs(task, None)
    length = length_of(World(Simulator(make_arm(), 0.01), task, senses=senses))
    return TaskProblem(
        "li_todorov", task, senses=senses, movement_time=along, position=position, velocity=velocity,
        duration=min(length, LONGEST), test_size=64,
    )  # fmt: skip


def _over_time(name: str) -> OverTime:
    problem = _task(name)

    def drawn(random: RunStreams, tuning: bool) -> Any:
        return replace(problem, test_seed=problem.test_seed + 1) if tuning else problem

    return OverTime(
        f"{name} over {problem.duration:g} s, an RNN of 64 units, 20 ms per command",
        RNN(problem.n_in, 64, problem.n_out, tau=0.05, dt=problem.dt * HOLD),  # pyright: ignore[reportArgumentType]
        drawn,
        rates=(0.01, 0.01),
        own_rates=MappingProxyType({"kolen-pollack-through-time": (3e-4, 3e-4)}),
        updates=300,
        batch_size=16,
        reach=0.1,
        seconds=1.5e-3,
        rules="backprop-through-time,feedback-alignment-through-time,rflo",
    )


def _images(load: Callable[[], data.Digits]) -> Callable[[RunStreams, bool], Any]:
    loaded = cache(lambda: digits.recognition(load()))

    def problem(random: RunStreams, tuning: bool) -> Any:
        whole = loaded()
        if not tuning:
            test = whole.test_images[:TESTED], whole.test_targets[:TESTED]
            return replace(whole, test_images=test[0], test_targets=test[1])
        kept = len(whole.images) * 4 // 5
        images, targets = whole.images, whole.targets
        return replace(
            whole, images=images[:kept], targets=targets[:kept], test_images=images[kept:], test_targets=targets[kept:]
        )

    return problem


def _mnist() -> data.Digits:
    return data.mnist(data.MNIST._replace(advice="or choose --problem digits"), download=False)


_ARM = LEARNERS["backprop"].weight_scale

GROUNDS: Mapping[str, Ground] = {
    "linear": Ground(
        "a linear function, 30-20-10 linear units without biases, online",
        MLP((30, 20, 10), "linear", weight_scale=0.01),
        _linear,
        rates=(0.01, 0.01),
        updates=1000,
        batch_size=1,
        reach=0.01,
        seconds=16e-6,
        biases=False,
        dtype=np.float64,
    ),
    "deep": Ground(
        "a tanh network's function, 30-20-10-10 tanh units with linear outputs, online",
        MLP((30, 20, 10, 10), ("tanh", "tanh", "linear"), weight_scale=0.1, bias_scale=0.1),
        _deep,
        rates=(0.02, 0.02, 0.02),
        updates=40_000,
        batch_size=1,
        reach=0.1,
        seconds=24e-6,
    ),
    "hand-velocity": Ground(
        "the arm's hand velocity one step ahead, 6-500-6 tanh units, rates falling linearly to zero",
        MLP((6, 500, 6), "tanh", weight_scale=_ARM, bias_scale=(_ARM[0], 0.0)),
        _hand_velocity,
        rates=LEARNERS["feedback-alignment"].rates,
        own_rates={name: learner.rates for name, learner in LEARNERS.items()},
        updates=6000,
        batch_size=Settings.batch_size,
        reach=0.01,
        seconds=140e-6,
        schedule="linear",
    ),
    "digits": Ground(
        "scikit-learn's digits of 8x8 pixels, 64-50-10 logistic units, squared error",
        MLP((64, 50, 10), "logistic", weight_scale=0.1),
        _images(data.small_digits),
        rates=(0.5, 0.5),
        updates=10_000,
        batch_size=8,
        reach=0.25,
        seconds=40e-6,
        classes=True,
    ),
    "mnist": Ground(
        "MNIST's digits of 28x28 pixels, 784-100-10 logistic units, squared error, first 2,500 test images",
        MLP((784, 100, 10), "logistic", weight_scale=0.1),
        _images(_mnist),
        rates=(0.5, 0.5),
        updates=2500,
        batch_size=16,
        reach=0.25,
        seconds=500e-6,
        classes=True,
    ),
}
"""The problems of `armfa compare` by name; tasks over time stand in `ground_of`."""
NAMES = (*GROUNDS, *TASKS)


@cache
def ground_of(name: str) -> Ground:
    """The ground of a name out of `NAMES`."""
    return GROUNDS[name] if name in GROUNDS else _over_time(name)
