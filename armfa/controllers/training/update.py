"""One pure update of the weights by any rule, and the plainest back end of the training loop."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.optimizers import Optimizer, apply_updates
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import GradientEstimator, RuleState
from armfa.controllers.streams import Streams
from armfa.controllers.trees import first_array, take


class TrainState(NamedTuple):
    """All that an update changes."""

    params: Any  # weights
    rule: RuleState  # what the rule keeps
    optimizer: Any  # what the optimizer keeps


Updates = Callable[[TrainState, Any, Streams], TrainState]
"""A back end of the loop: (state, examples, draws) -> the state after one update on each batch of a block.

Arrays of the state lead with the seeds, those of the examples with (seeds, updates, batch); `draws` are the streams of
the rule. Where a block is cut in two, the result is the same.
"""

BackEnd = Callable[[Circuit, GradientEstimator, Optimizer], Updates]
"""What makes one for a circuit, a rule and an optimizer: `one_by_one`, `in_place`, `compiled`."""


def init_state(
    circuit: Circuit,
    rule: GradientEstimator,
    optimizer: Optimizer,
    weights: Any,
    rule_rng: Any,
    dtype: type = np.float32,
) -> TrainState:
    """First state, from the generators (or `Streams`) for weights and for the rule.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.
    weights : Generator or Streams
        Draws the first weights; a `Streams` of S generators makes a stack of S networks.
    rule_rng : Generator or Streams
        Draws what the rule keeps, such as feedback weights.
    dtype : type
        Of the weights.

    Returns
    -------
    TrainState
        Weights, the optimizer's state and the rule's.
    """
    params = circuit.init(weights, dtype)
    return TrainState(params, rule.init(params, rule_rng), optimizer.init(params))


def train_step(
    circuit: Circuit,
    rule: GradientEstimator,
    optimizer: Optimizer,
    state: TrainState,
    batch: Batch | Episode,
    rng: Any = None,
) -> TrainState:
    """The state after one update on one batch; pure, on NumPy and JAX (under jit and scan).

    On torch too, for rules that draw no noise.
    Gradients are means over the batch; for sums, as some papers have them, multiply the rates by the batch size.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.
    state : TrainState
        Weights, the optimizer's state and the rule's.
    batch : Batch or Episode
        What is learned from in this update.
    rng : Generator or Streams, optional
        For rules that draw.

    Returns
    -------
    TrainState
        Weights, the optimizer's state and the rule's.
    """
    told = rule.paced(state.rule, optimizer.share(state.optimizer))
    gradients, rule_state = rule.gradients(circuit, state.params, batch, told, rng)
    updates, optimizer_state = optimizer.update(gradients, state.optimizer, state.params)
    return TrainState(apply_updates(state.params, updates), rule_state, optimizer_state)


def one_by_one(circuit: Circuit, rule: GradientEstimator, optimizer: Optimizer) -> Updates:
    """The back end that makes `train_step` on one batch after the other, in NumPy.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.

    Returns
    -------
    Callable
        (state, examples, draws) -> state: the state after as many updates as the examples are for.
    """

    def updates(state: TrainState, examples: Any, draws: Streams) -> TrainState:
        for number in range(first_array(examples).shape[1]):
            state = train_step(circuit, rule, optimizer, state, take(examples, (slice(None), number)), draws)
        return state

    return updates
