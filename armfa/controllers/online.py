"""Online learning, one update an example, with rank-1 updates in place: the fast path for large layers at batch 1.

A gradient matrix of 1000 x 784 for one example costs several passes over 3 MB; BLAS `ger` adds delta x rate in one.
Seen from outside the function is as pure as `train_step`: it works on copies.
"""

from typing import Any

import numpy as np
from scipy.linalg import blas

from armfa.controllers.network import MLP, Dense, Params
from armfa.controllers.optimizers import SGD, SGDState, per_layer
from armfa.controllers.rules.base import LearningRule
from armfa.controllers.step import Batch, TrainState
from armfa.controllers.trees import take


def train_online(
    network: MLP, rule: LearningRule, optimizer: SGD, state: TrainState, batch: Batch, rng: Any = None
) -> TrainState:
    """The state after one update for each example of the batch, in order; equals `train_step` on each to rounding.

    One network (no stack), any rule of the form delta x rate, plain SGD. Weight decay is lazy: what is owed is a
    number, paid by a pass over the weights only when the weights' precision would show it.
    """
    if not isinstance(rule, LearningRule):
        raise ValueError(f"expected a rule that fills in deltas, got {type(rule).__name__}: use train_step")
    if not isinstance(optimizer, SGD):
        raise ValueError(f"expected SGD, got {type(optimizer).__name__}: use train_step")
    if batch.inputs.ndim != 2:
        raise ValueError(f"expected inputs of shape (examples, n_in), got {batch.inputs.shape}: a stack needs train")
    params = tuple(Dense(_copy(layer.weight), layer.bias.copy()) for layer in state.params)
    rates = per_layer(optimizer.rates, network.n_layers, "rates")
    owed = [1.0] * network.n_layers
    visible = float(np.finfo(params[0].weight.dtype).eps)
    rule_state, step = state.rule, state.optimizer.step
    for example in range(len(batch.inputs)):
        inputs, loss = take(batch, slice(example, example + 1))
        trace = network.forward(params, inputs)
        deltas, rule_state = rule.deltas(network, params, trace, loss, rule_state, rng)
        factor = optimizer.factor(step)
        step += 1
        for number, delta in enumerate(deltas):
            if delta is None:
                continue
            rate = rates[number] * factor
            owed[number] *= 1.0 - rate * optimizer.weight_decay
            if 1.0 - owed[number] > visible:
                _pay(params, owed, number)
            add_product(params[number].weight, delta[0], trace.inputs[number][0], -rate)
            if optimizer.biases:
                params[number].bias[...] -= rate * delta[0]
    for number in range(network.n_layers):
        _pay(params, owed, number)
    return TrainState(params, rule_state, SGDState(step))


def add_product(weight: np.ndarray, left: np.ndarray, right: np.ndarray, factor: float) -> None:
    """Weight += factor left right^T, in place. weight : (n_out, n_in) in C or Fortran order, float32 or float64."""
    ger: Any = getattr(blas, "sger" if weight.dtype == np.float32 else "dger")
    if weight.flags.f_contiguous:
        ger(factor, left, right, a=weight, overwrite_x=0, overwrite_y=0, overwrite_a=1)
    else:
        ger(factor, right, left, a=weight.T, overwrite_x=0, overwrite_y=0, overwrite_a=1)


def _pay(params: Params, owed: list[float], number: int) -> None:
    if owed[number] != 1.0:
        np.multiply(params[number].weight, owed[number], out=params[number].weight)
        owed[number] = 1.0


def _copy(weight: np.ndarray) -> np.ndarray:
    """A copy that BLAS can write into: its own layout where that is contiguous, else C order."""
    return weight.copy(order="F" if weight.flags.f_contiguous else "C")
