"""What is recorded while a network learns: errors on a test set, angles between teaching signals, dead outputs."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import MLP, Trace
from armfa.controllers.losses import SquaredError
from armfa.controllers.metrics import mean_angle, mean_loss, normalized_error
from armfa.controllers.problem import Batch, Episode, rollout
from armfa.controllers.rules.base import GradientEstimator, LearningRule
from armfa.controllers.rules.feedback import Backprop
from armfa.controllers.rules.shallow import Frozen
from armfa.controllers.rules.sparse import Sparse

MEASURES: Mapping[str, Callable[[Array, Any], float]] = {"loss": mean_loss, "nse": normalized_error}
"""Of examples: name -> f(output, loss)."""
EPISODE_MEASURES: Mapping[str, Callable[[Array, Any], float]] = {"loss": lambda costs, episode: float(costs.mean())}
"""Of episodes: name -> f(costs (steps, batch), episode)."""


BACKPROP = Backprop()


class DeadOutputWarning(UserWarning):
    """Logistic outputs have saturated under a squared error: they send no gradient and will not recover."""


DEAD_SLOPE = 1e-3
"""An output unit is dead when its slope is below this on every test example (the largest slope is 0.25)."""


def evaluate(circuit: Any, params: Any, test: Batch | Episode, measures: Mapping[str, Any]) -> dict[str, float]:
    """The measures of one network; warns when its outputs are dead."""
    if not isinstance(test, Batch):
        costs = rollout(circuit, params, test)
        return {name: float(measure(costs, test)) for name, measure in measures.items()}
    _, trace = circuit.step(params, circuit.rest(params, test.inputs.shape[-2]), test.inputs)
    warn_of_dead_outputs(circuit, trace, test.loss)
    return {name: float(measure(trace.output, test.loss)) for name, measure in measures.items()}


def teaching_angles(
    network: MLP,
    rule: GradientEstimator,
    params: Any,
    batch: Batch,
    state: Any,
    rng: Any = None,
    reference: GradientEstimator = BACKPROP,
) -> Array:
    """Mean angle between what two rules teach each hidden layer, degrees (..., hidden layers).

    What is compared is the teaching signals before the unit's slope (Be against W^T e) where both rules have them, else
    the deltas, and for rules without deltas the change of the weights, with one draw of their noise. NaN where a rule
    teaches nothing. `params` and `state` may be of a stack of networks.

    rng : for rules that draw.
    """
    rule, state = unwrapped(rule, state)
    rules = [(rule, state), (unwrapped(reference)[0], ())]
    hidden, networks = network.n_layers - 1, params[0].weight.shape[:-2]
    if all(isinstance(each, LearningRule) for each, _ in rules):
        trace = network.forward(params, batch.inputs)
        before_slope = all(hasattr(each, "signals") for each, _ in rules)
        taught = [_sent(network, each, params, trace, batch.loss, held, rng, before_slope) for each, held in rules]
    else:
        changes = [each.gradients(network, params, batch, held, rng)[0] for each, held in rules]
        taught = [[layer and layer.weight.reshape(*networks, 1, -1) for layer in layers] for layers in changes]
    nothing = np.full(networks, np.nan)
    pairs = list(zip(*(each[:hidden] for each in taught)))
    found = [nothing if a is None or b is None else mean_angle(a, b) for a, b in pairs]
    return np.stack(found, axis=-1) if found else np.zeros((*networks, 0))


def _sent(
    network: MLP, rule: Any, params: Any, trace: Trace, loss: Any, state: Any, rng: Any, before_slope: bool
) -> list[Array | None]:
    if before_slope:
        return list(rule.signals(network, params, trace, loss, state)[0])
    return list(rule.deltas(network, params, trace, loss, state, rng)[0])


def unwrapped(rule: GradientEstimator, state: Any = None) -> tuple[GradientEstimator, Any]:
    """The rule inside `Frozen` and `Sparse`, and its state."""
    while isinstance(rule, Frozen | Sparse):
        state = state.rule if isinstance(rule, Sparse) and state is not None else state
        rule = rule.rule
    return rule, state


def warn_of_dead_outputs(network: Any, trace: Any, loss: Any) -> None:
    """Warn when half of the logistic outputs under a squared error have no slope left on any example."""
    if not isinstance(network, MLP) or network.nonlinearities[-1] != "logistic" or not isinstance(loss, SquaredError):
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
