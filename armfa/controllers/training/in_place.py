"""The update of wide layers in place: BLAS adds delta^T x to the weights where they lie.

The pure update makes a gradient, an update and new weights for every batch, each of the size of the layer: 3 MB at
784-1000, which at small batches is most of the time. Here one product writes into the weights, and rules that send an
error back read and write the first layer only once for a block of small batches, see `Ahead`. Seen from outside the
functions are as pure as `train_step`: they work on a copy, made once for all batches of a call. Where Numba is
installed, products of that layer pass over what is zero in the inputs (`few_inputs`).
"""

import functools
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP, NONLINEARITIES, Dense, Params, Trace
from armfa.controllers.optimizers import SGD, Optimizer, SGDState, rates_of
from armfa.controllers.problem import Batch
from armfa.controllers.rules.base import GradientEstimator, LearningRule
from armfa.controllers.rules.feedback import FeedbackRule
from armfa.controllers.rules.sparse import Sparse, SparseState
from armfa.controllers.streams import Streams
from armfa.controllers.training.update import TrainState, Updates
from armfa.controllers.trees import first_array, take, tree_map

BLOCK = 64
"""Examples whose first products are taken ahead, in batches of up to a quarter of this."""


def in_place(network: Any, rule: GradientEstimator, optimizer: Optimizer) -> Updates:
    """The back end: each network of the stack learns by itself, so that its weights lie together.

    Results do not depend on where blocks are cut, as long as that is between multiples of `BLOCK` examples.

    Parameters
    ----------
    network : MLP
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.

    Returns
    -------
    Callable
        (state, examples, draws) -> state: the state after as many updates as the examples are for.

    Raises
    ------
    ValueError
        For anything but an MLP, a rule that fills in deltas, and SGD.
    """
    inner = rule.rule if isinstance(rule, Sparse) else rule
    if not isinstance(network, MLP) or not isinstance(inner, LearningRule):
        raise ValueError(
            f"expected an MLP and a rule that fills in deltas, got {type(network).__name__} and {type(rule).__name__}: "
            "use another back end (one_by_one)"
        )
    if not isinstance(optimizer, SGD):
        raise ValueError(f"expected SGD, got {type(optimizer).__name__}: use another back end (one_by_one)")

    def updates(state: TrainState, examples: Any, draws: Streams) -> TrainState:
        count = first_array(examples).shape[1]
        ends = [
            train_in_place(
                network, rule, optimizer, take(state, seed), (take(examples, (seed, k)) for k in range(count)), rng
            )
            for seed, rng in enumerate(draws.generators)
        ]
        return tree_map(_stacked, *ends)

    return updates


def _stacked(*arrays: np.ndarray) -> np.ndarray:
    """One array with the networks in front, each laid out in memory as it was; a view of a single one."""
    if len(arrays) == 1:
        return arrays[0][None]
    turned = all(array.flags.f_contiguous for array in arrays) and arrays[0].ndim == 2
    return np.stack([array.T for array in arrays]).swapaxes(-1, -2) if turned else np.stack(arrays)


def train_in_place(
    network: MLP, rule: GradientEstimator, optimizer: SGD, state: TrainState, batches: Iterable[Batch], rng: Any = None
) -> TrainState:
    """The state of one network after one update on each of the batches; equals `train_step` on each to rounding.

    Any rule of the form delta x rate, also within `Sparse`; batches of one size. Weight decay is lazy.
    """
    inner: Any = rule.rule if isinstance(rule, Sparse) else rule
    rule_state, step = (state.rule.rule if isinstance(rule, Sparse) else state.rule), state.optimizer.step
    weights = OwnWeights(state.params, optimizer, state.rule.present if isinstance(rule, Sparse) else None)
    may_look_ahead = isinstance(inner, FeedbackRule) and weights.present[0] is None
    for block in _blocks(batches, may_look_ahead):
        ahead = Ahead(weights, [batch.inputs for batch in block]) if len(block) > 1 else None
        for batch in block:
            factor = optimizer.factor(step)
            trace = _trace(network, weights.params, batch.inputs, ahead)
            told = inner.paced(rule_state, factor)
            deltas, rule_state = inner.deltas(network, weights.params, trace, batch.loss, told, rng)
            for number, (delta, rate_in) in enumerate(zip(deltas, trace.inputs)):
                if delta is not None:
                    learning_rate = weights.learning_rates[number] * factor
                    weights.update(number, delta, rate_in, learning_rate, ahead if number == 0 else None)
            step += 1
        if ahead is not None:
            ahead.finish()
    if isinstance(rule, Sparse):
        rule_state = SparseState(rule_state, state.rule.present)
    return TrainState(weights.paid(), rule_state, SGDState(step))


class OwnWeights:
    """A copy of a network's weights to write into, and what weight decay they owe.

    Decay is a number, paid by a pass over the weights only when their precision would show it.
    masks : in the form of the weights, 1 where there are synapses, 0 elsewhere; None where all are there.
    """

    def __init__(self, params: Params, optimizer: SGD, masks: Any = None) -> None:
        self.params = tuple(Dense(_copy(layer.weight), layer.bias.copy()) for layer in params)
        self.present = [None if masks is None or masks[k].weight.all() else masks[k].weight for k in range(len(params))]
        self.learning_rates = rates_of(optimizer.rates, params)
        self.weight_decay, self.biases = optimizer.decays(params), optimizer.biases
        self.owed = [1.0] * len(params)
        self.visible = float(np.finfo(params[0].weight.dtype).eps)

    def update(
        self, number: int, delta: np.ndarray, rate_in: np.ndarray, learning_rate: float, ahead: "Ahead | None"
    ) -> None:
        """One update of a layer, -learning_rate (mean of delta^T rate_in + weight decay); `ahead` puts it off."""
        layer, share = self.params[number], learning_rate / len(delta)
        kept = 1.0 - learning_rate * self.weight_decay[number]
        if ahead is not None:
            ahead.add(delta, -share, kept)
        else:
            self.decay(number, kept)
            add_products(layer.weight, delta, rate_in, -share)
        if (mask := self.present[number]) is not None:
            np.multiply(layer.weight, mask, out=layer.weight)
        if self.biases:
            np.subtract(layer.bias, share * (np.ones(len(delta), delta.dtype) @ delta), out=layer.bias)

    def decay(self, number: int, kept: float) -> None:
        """A layer is to be multiplied with `kept`."""
        self.owed[number] *= kept
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


class Ahead:
    """The first layer's weights W within a block of batches whose inputs X are known ahead.

    After updates W <- s_i W + c_i delta_i^T X_i the next batch needs X W^T = s X W_0^T + sum_i c_i (X X_i^T) delta_i,
    so W is read once and written once a block, not at every batch: its memory is what small batches wait for.
    """

    def __init__(self, weights: OwnWeights, batches: list[np.ndarray]) -> None:
        self.weights, self.inputs = weights, np.concatenate(batches)
        self.few = _few(self.inputs, weights.params[0].weight)
        self.products = self._forward() * weights.owed[0]
        self.overlaps = self.inputs @ self.inputs.T
        self.deltas = np.zeros_like(self.products)
        self.factors = np.zeros(len(self.inputs), self.inputs.dtype)
        self.done, self.kept = 0, 1.0

    def _forward(self) -> np.ndarray:
        weight = self.weights.params[0].weight
        if self.few is None:
            return self.inputs @ weight.T
        products = np.zeros((len(self.inputs), len(weight)), weight.dtype)
        self.few.add_rows(products, *self.few.rows_of(self.inputs), weight.T)
        return products

    def product(self, size: int) -> np.ndarray:
        """X W^T of the present batch, (size, n_out)."""
        now = slice(self.done, self.done + size)
        learned = (self.overlaps[now, : self.done] * self.factors[: self.done]) @ self.deltas[: self.done]
        return self.products[now] * self.kept + learned

    def add(self, delta: np.ndarray, factor: float, kept: float) -> None:
        """W <- kept W + factor delta^T X, and on to the next batch."""
        now = slice(self.done, self.done + len(delta))
        self.factors *= kept
        self.kept *= kept
        self.deltas[now], self.factors[now] = delta, factor
        self.done = now.stop

    def finish(self) -> None:
        """Adds the block's updates to W, in place; its decay goes to what is owed."""
        self.weights.decay(0, self.kept)
        weight, deltas = self.weights.params[0].weight, self.deltas * self.factors[:, None]
        if self.few is None:
            add_products(weight, deltas, self.inputs)
        else:
            self.few.add_rows(weight.T, *self.few.rows_of(self.inputs.T), deltas)


def _few(inputs: np.ndarray, weight: np.ndarray) -> Any:
    """The module `few_inputs` where it is the faster one: float32, weights by input, two thirds of the inputs zero."""
    if inputs.dtype != np.float32 or weight.dtype != np.float32 or not weight.flags.f_contiguous:
        return None
    if 3 * np.count_nonzero(inputs) > inputs.size or not kernels.available():
        return None
    from armfa.controllers.training import few_inputs

    return few_inputs


def _blocks(batches: Iterable[Batch], may_look_ahead: bool) -> Iterator[list[Batch]]:
    """The batches in lists: as many as `BLOCK` examples hold where the first layer may be looked ahead at, else one."""
    rest = iter(batches)
    for first in rest:
        if first.inputs.ndim != 2:
            raise ValueError(f"expected inputs (batch, n_in), got {first.inputs.shape}: a stack needs in_place")
        size = len(first.inputs)
        together = BLOCK // size if may_look_ahead and size <= BLOCK // 4 else 1
        yield [first, *islice(rest, together - 1)]


def _trace(network: MLP, params: Params, inputs: np.ndarray, ahead: Ahead | None) -> Trace:
    """The trace of `network.forward`, from the first layer's product on where that was taken ahead."""
    if ahead is None:
        return network.forward(params, inputs)
    z = ahead.product(len(inputs)) + params[0].bias
    rate = NONLINEARITIES[network.nonlinearities[0]].function(z)
    if network.n_layers == 1:
        return Trace((inputs,), (z,), rate)
    above = _above(network).forward(params[1:], rate)
    return Trace((inputs, *above.inputs), (z, *above.preactivations), above.output)


@functools.lru_cache
def _above(network: MLP) -> MLP:
    """The network without its first layer."""
    return MLP(network.sizes[1:], network.nonlinearities[1:])


def add_products(weight: np.ndarray, left: np.ndarray, right: np.ndarray, factor: float = 1.0) -> None:
    """Weight += factor left^T right, in place.

    weight : (n_out, n_in) in C or Fortran order, float32 or float64. left : (k, n_out). right : (k, n_in).
    """
    if not weight.flags.f_contiguous:
        if not weight.flags.c_contiguous:
            raise ValueError("expected weights that are contiguous in memory, got a view with gaps")
        weight, left, right = weight.T, right, left  # BLAS writes only into column order
    from scipy.linalg import blas  # here, so that a learner without wide layers needs no SciPy

    gemm: Any = getattr(blas, "sgemm" if weight.dtype == np.float32 else "dgemm")
    gemm(factor, left.T, right.T, beta=1.0, c=weight, trans_b=True, overwrite_c=True)


def _copy(weight: np.ndarray) -> np.ndarray:
    """A copy that BLAS can write into: its own layout where that is contiguous, else C order."""
    return weight.copy(order="F" if weight.flags.f_contiguous else "C")
