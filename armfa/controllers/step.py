"""One pure update of the weights by any rule, and what it works on."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from armfa.arrays import Array
from armfa.controllers.losses import Loss
from armfa.controllers.network import MLP, Params
from armfa.controllers.optimizers import Optimizer, apply_updates
from armfa.controllers.rules.base import GradientEstimator, RuleState


class Batch(NamedTuple):
    """Inputs (..., batch, n_in) and the loss bound to them.

    The loss is a NamedTuple; each array in it has the batch as its first axis, other fields are settings.
    """

    inputs: Array
    loss: Loss


class Problem(Protocol):
    """Something to learn."""

    def batch(self, rng: np.random.Generator, size: int) -> Batch:
        """A training batch of `size` examples, drawn from `rng` alone."""
        ...

    def test(self) -> Batch:
        """The held-out batch, always the same."""
        ...


class TrainState(NamedTuple):
    """All that an update changes."""

    params: Params
    rule: RuleState
    optimizer: Any


def init_state(
    network: MLP,
    rule: GradientEstimator,
    optimizer: Optimizer,
    weights: Any,
    rule_rng: Any,
    dtype: type = np.float32,
) -> TrainState:
    """First state, from the generators (or `Streams`) for weights and for the rule."""
    params = network.init(weights, dtype)
    return TrainState(params, rule.init(params, rule_rng), optimizer.init(params))


def train_step(
    network: MLP, rule: GradientEstimator, optimizer: Optimizer, state: TrainState, batch: Batch, rng: Any = None
) -> TrainState:
    """The state after one update on one batch; pure, on NumPy and JAX (under jit and scan).

    On torch too, for rules that draw no noise.
    Gradients are means over the batch; for sums, as some papers have them, multiply the rates by the batch size.
    """
    gradients, rule_state = rule.gradients(network, state.params, batch.inputs, batch.loss, state.rule, rng)
    updates, optimizer_state = optimizer.update(gradients, state.optimizer, state.params)
    return TrainState(apply_updates(state.params, updates), rule_state, optimizer_state)
