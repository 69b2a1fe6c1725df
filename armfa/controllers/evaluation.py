"""What is recorded while a network learns: errors on a test set, angles between teaching signals, dead outputs."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers.losses import SquaredError
from armfa.controllers.metrics import mean_angle
from armfa.controllers.network import MLP, Params, Trace
from armfa.controllers.rules.base import GradientEstimator, LearningRule
from armfa.controllers.rules.shallow import Frozen
from armfa.controllers.rules.sparse import Sparse


class DeadOutputWarning(UserWarning):
    """Logistic outputs have saturated under a squared error: they send no gradient and will not recover."""


DEAD_SLOPE = 1e-3
"""An output unit is dead when its slope is below this on every test example (the largest slope is 0.25)."""


def hidden_angles(
    network: MLP,
    rule: GradientEstimator,
    reference: GradientEstimator,
    params: Params,
    batch: Any,
    state: Any,
    rng: Any,
) -> list[float]:
    """Mean angle between two rules' teaching signals at each hidden layer, degrees; NaN where one sends none.

    The signals are those before the unit's slope (Be against W^T e) when both rules have them, otherwise the deltas.
    """
    trace = network.forward(params, batch.inputs)
    rule, state = unwrapped(rule, state)
    rules = [rule, unwrapped(reference)[0]]
    both = all(hasattr(each, "signals") for each in rules)
    found = [_sent(network, each, params, trace, batch.loss, state, rng, both) for each in rules]
    return [math.nan if a is None or b is None else mean_angle(a, b) for a, b in zip(*found)]


def _sent(
    network: MLP, rule: Any, params: Params, trace: Trace, loss: Any, state: Any, rng: Any, before_slope: bool
) -> list[Array | None]:
    hidden = network.n_layers - 1
    if before_slope:
        return list(rule.signals(network, params, trace, loss, state)[0])
    if not isinstance(rule, LearningRule):
        return [None] * hidden
    return list(rule.deltas(network, params, trace, loss, state, rng)[0][:hidden])


def unwrapped(rule: GradientEstimator, state: Any = None) -> tuple[GradientEstimator, Any]:
    """The rule inside `Frozen` and `Sparse`, and its state."""
    while isinstance(rule, Frozen | Sparse):
        state = state.rule if isinstance(rule, Sparse) and state is not None else state
        rule = rule.rule
    return rule, state


def evaluate(network: MLP, params: Params, batch: Any, measures: Mapping[str, Any]) -> dict[str, float]:
    """The measures of one network on one batch; warns when its outputs are dead."""
    trace = network.forward(params, batch.inputs)
    warn_of_dead_outputs(network, trace, batch.loss)
    return {name: float(measure(trace.output, batch.loss)) for name, measure in measures.items()}


def warn_of_dead_outputs(network: MLP, trace: Trace, loss: Any) -> None:
    """Warn when half of the logistic outputs under a squared error have no slope left on any example."""
    if network.nonlinearities[-1] != "logistic" or not isinstance(loss, SquaredError):
        return
    slope = np.max(trace.output * (1.0 - trace.output), axis=-2)  # (..., n_out)
    dead = float(np.mean(slope < DEAD_SLOPE))
    if dead >= 0.5:
        warnings.warn(
            f"{dead:.0%} of the logistic output units are saturated on every test example, so that squared error sends "
            "them no gradient: lower the output layer's rate (stable while rate x hidden units / 64 is below about 2), "
            "or use a linear output with SoftmaxCrossEntropy",
            DeadOutputWarning,
            stacklevel=2,
        )
