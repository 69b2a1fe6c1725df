"""The update of wide layers in place: BLAS adds delta^T x to the weights where they lie.

The pure update makes a gradient, an update and new weights for every batch, each of the size of the layer: 3 MB at
784-1000. Here one product writes into the weights, which is most of the time saved at small batches. Seen from outside
the function is as pure as `train_step`: it works on a copy, made once for all its batches.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.linalg import blas

from armfa.controllers.network import MLP, Dense, Params
from armfa.controllers.optimizers import SGD, SGDState, per_layer
from armfa.controllers.rules.base import GradientEstimator, LearningRule
from armfa.controllers.rules.sparse import Sparse, SparseState
from armfa.controllers.step import Batch, TrainState


def train_in_place(
    network: MLP, rule: GradientEstimator, optimizer: SGD, state: TrainState, batches: Iterable[Batch], rng: Any = None
) -> TrainState:
    """The state after one update on each of the batches, in order; equals `train_step` on each to rounding.

    One network (no stack), any rule of the form delta x rate, also within `Sparse`, plain SGD. Weight decay is lazy.
    """
    inner = fit_for_in_place(rule.rule if isinstance(rule, Sparse) else rule, optimizer)
    weights = OwnWeights(state.params, optimizer)
    rule_state, step = state.rule, state.optimizer.step
    present: Any = [None] * network.n_layers
    if isinstance(rule, Sparse):
        rule_state = state.rule.rule
        present = [None if mask.all() else mask for mask in state.rule.present]
    for batch in batches:
        trace = network.forward(weights.params, batch.inputs)
        deltas, rule_state = inner.deltas(network, weights.params, trace, batch.loss, rule_state, rng)
        factor, size = optimizer.factor(step), len(batch.inputs)
        ones = np.ones(size, batch.inputs.dtype)
        for number, (delta, rate_in, there) in enumerate(zip(deltas, trace.inputs, present)):
            if delta is None:
                continue
            rate = weights.rates[number] * factor
            weights.decay(number, rate)
            layer = weights.params[number]
            add_products(layer.weight, delta, rate_in, -rate / size)
            if there is not None:
                np.multiply(layer.weight, there, out=layer.weight)
            if optimizer.biases:
                np.subtract(layer.bias, (rate / size) * (ones @ delta), out=layer.bias)
        step += 1
    if isinstance(rule, Sparse):
        rule_state = SparseState(rule_state, state.rule.present)
    return TrainState(weights.paid(), rule_state, SGDState(step))


def fit_for_in_place(rule: GradientEstimator, optimizer: Any) -> LearningRule:
    """The rule, if it fills in deltas and goes with plain SGD."""
    if not isinstance(rule, LearningRule):
        raise ValueError(f"expected a rule that fills in deltas, got {type(rule).__name__}: use train_step")
    if not isinstance(optimizer, SGD):
        raise ValueError(f"expected SGD, got {type(optimizer).__name__}: use train_step")
    return rule


class OwnWeights:
    """A copy of a network's weights to write into, and what weight decay they owe.

    Decay is a number, paid by a pass over the weights only when their precision would show it.
    """

    def __init__(self, params: Params, optimizer: SGD) -> None:
        self.params = tuple(Dense(_copy(layer.weight), layer.bias.copy()) for layer in params)
        self.rates = per_layer(optimizer.rates, len(params), "rates")
        self.weight_decay = optimizer.weight_decay
        self.owed = [1.0] * len(params)
        self.visible = float(np.finfo(params[0].weight.dtype).eps)

    def decay(self, number: int, rate: float) -> None:
        """One update's weight decay of a layer."""
        self.owed[number] *= 1.0 - rate * self.weight_decay
        if 1.0 - self.owed[number] > self.visible:
            self._pay(number)

    def paid(self) -> Params:
        """The weights, with nothing owed."""
        for number in range(len(self.params)):
            self._pay(number)
        return self.params

    def _pay(self, number: int) -> None:
        if self.owed[number] != 1.0:
            np.multiply(self.params[number].weight, self.owed[number], out=self.params[number].weight)
            self.owed[number] = 1.0


def add_products(weight: np.ndarray, left: np.ndarray, right: np.ndarray, factor: float = 1.0) -> None:
    """Weight += factor left^T right, in place.

    weight : (n_out, n_in) in C or Fortran order, float32 or float64. left : (k, n_out). right : (k, n_in).
    """
    gemm: Any = getattr(blas, "sgemm" if weight.dtype == np.float32 else "dgemm")
    if weight.flags.f_contiguous:
        gemm(factor, left.T, right.T, beta=1.0, c=weight, trans_b=True, overwrite_c=True)
    elif weight.flags.c_contiguous:
        gemm(factor, right.T, left.T, beta=1.0, c=weight.T, trans_b=True, overwrite_c=True)
    else:
        raise ValueError("expected weights that are contiguous in memory, got a view with gaps")


def _copy(weight: np.ndarray) -> np.ndarray:
    """A copy that BLAS can write into: its own layout where that is contiguous, else C order."""
    return weight.copy(order="F" if weight.flags.f_contiguous else "C")
