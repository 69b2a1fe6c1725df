"""Grounds on which learning rules are compared: a problem, the network that learns it, and how it is trained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from armfa import data
from armfa.controllers import MLP, SGD, Batch, GradientEstimator, take
from armfa.controllers.circuits.mlp import per_layer
from armfa.controllers.streams import RunStreams
from armfa.experiments.arm.controller import LEARNERS, Settings, problem_for
from armfa.experiments.rules import with_decay
from armfa.problems import digits, regression

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

    def rates_of(self, rule: str, chosen: tuple[float, ...] = ()) -> tuple[float, ...]:
        """Rates of a rule: those that were chosen for all, or its own, or the ground's."""
        if chosen:
            return per_layer(chosen[0] if len(chosen) == 1 else chosen, self.network.n_layers, "--rates")
        return self.own_rates.get(rule, self.rates)

    def optimizer(self, rule: GradientEstimator, rates: tuple[float, ...], updates: int) -> Any:
        """Plain SGD, with decay beside feedback that decays."""
        return with_decay(SGD(rates, self.schedule, updates, biases=self.biases), rule)


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
"""The problems of `armfa compare` by name."""
