"""Online learning, one update an example, with rank-1 updates in place: the fast path for large layers at batch 1.

A gradient matrix of 1000 x 784 for one example costs several passes over 3 MB; BLAS `ger` adds delta x rate in one.
For rules that send an error back the first layer needs two passes for a whole block of examples, see `Ahead`.
"""

import functools
from typing import Any

import numpy as np
from scipy.linalg import blas

from armfa.controllers.in_place import OwnWeights, add_products, fit_for_in_place
from armfa.controllers.network import MLP, NONLINEARITIES, Params, Trace
from armfa.controllers.optimizers import SGD, SGDState
from armfa.controllers.rules.base import LearningRule
from armfa.controllers.rules.feedback import FeedbackRule
from armfa.controllers.step import Batch, TrainState
from armfa.controllers.trees import take

BLOCK = 16
"""Examples whose first products are taken ahead, for rules that look at no weights of the first layer."""


def train_online(
    network: MLP, rule: LearningRule, optimizer: SGD, state: TrainState, batch: Batch, rng: Any = None
) -> TrainState:
    """The state after one update for each example of the batch, in order; equals `train_step` on each to rounding.

    One network (no stack), any rule of the form delta x rate, plain SGD. Weight decay is lazy, see `OwnWeights`.
    """
    fit_for_in_place(rule, optimizer)
    if batch.inputs.ndim != 2:
        raise ValueError(f"expected inputs of shape (examples, n_in), got {batch.inputs.shape}: a stack needs train")
    weights = OwnWeights(state.params, optimizer)
    params = weights.params
    rule_state, step = state.rule, state.optimizer.step
    ahead = Ahead(params[0].weight) if isinstance(rule, FeedbackRule) else None
    for example in range(len(batch.inputs)):
        inputs, loss = take(batch, slice(example, example + 1))
        if ahead is None:
            trace = network.forward(params, inputs)
        else:
            if example % BLOCK == 0:
                ahead.start(batch.inputs[example : example + BLOCK])
            trace = trace_from(network, params, inputs, ahead.product())
        deltas, rule_state = rule.deltas(network, params, trace, loss, rule_state, rng)
        factor = optimizer.factor(step)
        step += 1
        for number, delta in enumerate(deltas):
            if delta is None:
                continue
            rate = weights.rates[number] * factor
            if number == 0 and ahead is not None:
                ahead.add(delta[0], -rate, 1.0 - rate * optimizer.weight_decay)
            else:
                weights.decay(number, rate)
                add_product(params[number].weight, delta[0], trace.inputs[number][0], -rate)
            if optimizer.biases:
                params[number].bias[...] -= rate * delta[0]
    if ahead is not None:
        weights.owed[0] = ahead.finish()
    return TrainState(weights.paid(), rule_state, SGDState(step))


class Ahead:
    """The first layer's weights W within a block of examples whose inputs x are known ahead.

    After updates W <- s_i W + c_i delta_i x_i^T the next example needs W x = s W_0 x + sum_i c_i delta_i (x_i . x),
    so W is read once and written once a block, not at every example: its memory is what online learning waits for.
    """

    def __init__(self, weight: np.ndarray) -> None:
        self.weight, self.owed = weight, 1.0
        self.inputs = weight[:0]

    def start(self, inputs: np.ndarray) -> None:
        """A new block, inputs (examples, n_in); what the last one learned goes into W."""
        self.finish()
        self.inputs = inputs
        self.products, self.overlaps = inputs @ self.weight.T * self.owed, inputs @ inputs.T
        self.deltas = np.zeros_like(self.products)
        self.factors = np.zeros(len(inputs), inputs.dtype)
        self.example, self.kept = 0, 1.0

    def product(self) -> np.ndarray:
        """W x of the present example, (1, n_out)."""
        now = self.example
        learned = (self.factors[:now] * self.overlaps[:now, now]) @ self.deltas[:now]
        return (self.products[now] * self.kept + learned)[None]

    def add(self, delta: np.ndarray, factor: float, kept: float) -> None:
        """W <- kept W + factor delta x^T, and on to the next example."""
        self.factors *= kept
        self.kept *= kept
        self.deltas[self.example], self.factors[self.example] = delta, factor
        self.example += 1

    def finish(self) -> float:
        """Adds the block's updates to W, in place, and returns what W is still to be multiplied with.

        Decay waits until the precision of W would show it.
        """
        if not len(self.inputs):
            return self.owed
        self.owed *= self.kept
        if 1.0 - self.owed > np.finfo(self.weight.dtype).eps:
            np.multiply(self.weight, self.owed, out=self.weight)
            self.owed = 1.0
        add_products(self.weight, self.deltas * self.factors[:, None], self.inputs)
        self.inputs = self.inputs[:0]
        return self.owed


def trace_from(network: MLP, params: Params, inputs: np.ndarray, product: np.ndarray) -> Trace:
    """The trace of `network.forward`, from the first layer's W x on."""
    z = product + params[0].bias
    rate = NONLINEARITIES[network.nonlinearities[0]].function(z)
    if network.n_layers == 1:
        return Trace((inputs,), (z,), rate)
    above = _above(network).forward(params[1:], rate)
    return Trace((inputs, *above.inputs), (z, *above.preactivations), above.output)


@functools.lru_cache
def _above(network: MLP) -> MLP:
    """The network without its first layer."""
    return MLP(network.sizes[1:], network.nonlinearities[1:])


def add_product(weight: np.ndarray, left: np.ndarray, right: np.ndarray, factor: float) -> None:
    """Weight += factor left right^T, in place. weight : (n_out, n_in) in C or Fortran order, float32 or float64."""
    ger: Any = getattr(blas, "sger" if weight.dtype == np.float32 else "dger")
    if weight.flags.f_contiguous:
        ger(factor, left, right, a=weight, overwrite_x=0, overwrite_y=0, overwrite_a=1)
    else:
        ger(factor, right, left, a=weight.T, overwrite_x=0, overwrite_y=0, overwrite_a=1)
