"""Updates compiled around a rule: its `deltas` in Python, and all else of an update in compiled functions.

For rules of one's own, and those of the package that `fused` does not know. One function runs the networks forward,
with the slopes f'(z) of their units; another, with what the rule has filled in, adds up the outer products and takes
the step down. The derivative of the loss is a compiled program too, run when the rule asks for it. The rule sees views
of the arrays that these functions work on: nothing is copied but the weights, before and after a block.
"""

import functools
import math
import sys
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP, Dense, Params, Trace
from armfa.controllers.optimizers import SGD, SGDState
from armfa.controllers.problem import Batch
from armfa.controllers.rules.base import LearningRule
from armfa.controllers.training.layout import VECTOR, empty, known, pace, units_of, widening
from armfa.controllers.training.update import TrainState, Updates
from armfa.controllers.trees import take


def around(network: Any, rule: Any, optimizer: Any, examples: Any) -> Updates | None:
    """The back end for blocks of examples like these, or None where it cannot be.

    It can for plain SGD, float32, and rules that only fill in deltas.
    """
    fills_in = isinstance(rule, LearningRule) and type(rule).gradients is LearningRule.gradients
    if not fills_in or not known(network, optimizer, examples):
        return None
    return functools.partial(_updates, network, rule, optimizer)


def _updates(network: MLP, rule: Any, optimizer: SGD, state: TrainState, examples: Batch, draws: Any) -> TrainState:
    inputs, losses, kernel = _by_update(examples.inputs), Losses(examples), _kernel()
    count, networks, size, _ = inputs.shape
    shares, rates, kept = pace(optimizer, state.optimizer, state.params, count)
    factors, kept = (x.astype(np.float32) for x in (rates / size, kept))
    widens, units, told = widening(network), units_of(network), state.rule
    room, shapes = Room(network, state.params, networks, size), [(networks, size, n) for n in network.sizes[1:]]
    alone = _holders(room.shown)
    for k in range(count):
        kernel.before(k, inputs, room.memory, room.places, widens, units)
        trace = room.trace(inputs[k])
        told, loss = rule.paced(told, float(shares[k])), losses.of(k, trace.output)
        deltas, told = rule.deltas(network, room.params, trace, loss, told, draws)
        del trace, loss
        if _holders(room.shown) != alone:
            room = room.copy()
            alone = _holders(room.shown)
        for layer, (delta, shape) in enumerate(zip(deltas, shapes, strict=True)):
            if delta is not None:
                kernel.after(k, layer, _fitted(delta, shape), inputs, room.memory, room.places, widens, factors,
                             kept, optimizer.biases)  # fmt: skip
    params = tuple(_copied(new, old) for new, old in zip(room.params, state.params))
    return TrainState(params, told, SGDState(state.optimizer.step + count))


class Room:
    """One memory with the weights and the activity of a stack of networks, and what a rule is shown of it.

    A rule that keeps what it is shown, in its state or elsewhere, has it to itself: updates go on in a copy then.
    """

    def __init__(self, network: MLP, params: Params, networks: int, size: int):
        self.made = network, networks, size
        self.places, length = _places(network, networks, size)
        self.memory = empty((length,))
        weights, biases, drives, rates, slopes, _, _ = (
            tuple(self._at(*place) for place in each.tolist()) for each in self.places
        )
        turned = (w.swapaxes(-1, -2) if wide else w for w, wide in zip(weights, widening(network)))
        self.params = tuple(Dense(weight, b[:, 0]) for weight, b in zip(turned, biases))
        for mine, given in zip(self.params, params):
            mine.weight[:], mine.bias[:] = given
        self.drives, self.rates, self.slopes = drives, rates, slopes
        lists = self.params, *self.params, self.drives, self.slopes
        self.shown = [*lists, *(x for each in lists[1:] for x in each), *self.rates, self.memory.base]

    def _at(self, start: int, *shape: int) -> np.ndarray:
        return self.memory[start : start + math.prod(shape)].reshape(shape)

    def copy(self) -> "Room":
        """Another one with the same in it."""
        network, networks, size = self.made
        room = Room(network, self.params, networks, size)
        room.memory[:] = self.memory
        return room

    def trace(self, inputs: np.ndarray) -> Trace:
        """The trace of the pass of these inputs."""
        return Trace((inputs, *self.rates[:-1]), self.drives, self.rates[-1], self.slopes)


@functools.lru_cache(maxsize=64)
def _places(network: MLP, networks: int, size: int) -> tuple[np.ndarray, int]:
    """Where in a memory the arrays of `passes` lie (7, layers, 4), each from where a vector begins; and its length."""
    pairs = list(zip(network.sizes, network.sizes[1:], widening(network)))
    rows, activity = [(1, n_out) for _, n_out, _ in pairs], [(networks, size, n_out) for _, n_out, _ in pairs]
    weights = [(n_in, n_out) if wide else (n_out, n_in) for n_in, n_out, wide in pairs]
    own, sums = ([[(n, *shape) for shape in shapes] for shapes in (weights, rows)] for n in (networks, 1))
    shapes = [shape for each in (*own, activity, activity, activity, *sums) for shape in each]
    starts = np.cumsum([0, *(-(-math.prod(shape) // VECTOR) * VECTOR for shape in shapes)])
    places = np.column_stack([starts[:-1], shapes])
    return places.reshape(-1, len(pairs), 4), int(starts[-1])


def _holders(things: list[Any]) -> list[int]:
    """How many hold each of them: an array's own memory counts those who hold a view of it."""
    return list(map(sys.getrefcount, things))


class Losses:
    """The losses of the batches of a block, one after the other."""

    def __init__(self, examples: Batch):
        self.loss: Any = examples.loss
        self.bound = getattr(self.loss, "bound", lambda: None)()
        if self.bound is not None:
            names = self.bound.program.names[0]
            arrays = (_by_update(x) for x in self.loss.arrays(names))
            self.place, self.arrays = names.index("output"), [x.reshape(len(x), -1, x.shape[-1]) for x in arrays]
            self.kernel, self.table = self.bound.program.module(np.float32).kernel, self.bound.table(np.float32)

    def of(self, k: int, output: np.ndarray) -> Any:
        """The loss of batch k, which the networks answer with this output."""
        return take(self.loss, (slice(None), k)) if self.bound is None else Answered(self, k, output)

    def error(self, k: int, output: np.ndarray) -> np.ndarray:
        """dL/d output of batch k, by the program."""
        error, given = np.empty(output.shape, np.float32), [x[k] for x in self.arrays]
        flat = (-1, output.shape[-1])
        given.insert(self.place, output.reshape(flat))
        self.kernel(self.table, *given, error.reshape(flat))
        return error


class Answered:
    """The loss of one batch. Its error of the networks' own output is found by a program, and once."""

    def __init__(self, losses: Losses, k: int, output: np.ndarray):
        self._losses, self._k, self._output, self._error = losses, k, output, None

    def error(self, output: Array) -> Array:
        """dL/d output, (..., batch, n_out)."""
        if output is not self._output:
            return self._itself.error(output)
        if self._error is None:
            self._error = self._losses.error(self._k, output)
        return self._error.copy()

    @functools.cached_property
    def _itself(self) -> Any:
        return take(self._losses.loss, (slice(None), self._k))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._itself, name)


def _by_update(x: np.ndarray) -> np.ndarray:
    """(networks, updates, ...) -> (updates, networks, ...), each update in one piece."""
    return np.ascontiguousarray(x.swapaxes(0, 1))


def _fitted(delta: Array, shape: tuple[int, ...]) -> np.ndarray:
    """Deltas in one piece of memory."""
    if delta.shape != shape:
        raise ValueError(f"expected deltas of shape {shape}, one per example and unit, got {delta.shape}")
    return np.ascontiguousarray(delta, np.float32)


def _copied(new: Dense, old: Dense) -> Dense:
    """Weights in memory of their own, which lie as those of before do."""
    weight, bias = np.empty_like(old.weight), np.empty_like(old.bias)
    weight[:], bias[:] = new
    return Dense(weight, bias)


TEXT = """from numba import njit
from armfa.controllers.training import passes
@njit(error_model="numpy", nogil=True, cache=True)
def before(k, inputs, memory, places, widens, units):
    passes.forward(k, inputs, memory, places, widens, units)
@njit(error_model="numpy", nogil=True, cache=True)
def after(k, l, deltas, inputs, memory, places, widens, factors, kept, learn_biases):
    passes.learn(k, l, deltas, inputs, memory, places, widens, factors, kept, learn_biases)
"""


@functools.cache
def _kernel() -> Any:
    """The module of both functions."""
    from armfa.controllers.training import passes, rows

    return kernels.compiled(TEXT, str(passes.__file__), str(rows.__file__))
