"""How networks lie for `rows`: which can, and copies of their weights in rows of whole vectors."""

import itertools
import math
from typing import Any

import numpy as np

from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.optimizers import SGD, per_layer
from armfa.controllers.problem import Batch

CHUNK = 128
"""Examples that pass through all layers together: 128 x 500 float32 are 256 kB."""
NARROW = 64
"""Units of the narrower side of a layer, at most: wider products are BLAS's."""
VECTOR = 16
"""Rows of hidden units are filled up to a multiple of this: float32 numbers of the widest vectors there are."""
UNITS = {"tanh": 0, "logistic": 1, "linear": 2}


def fits(network: Any, optimizer: Any, examples: Any) -> bool:
    """Whether updates of such networks can be loops along rows."""
    if not isinstance(network, MLP) or not isinstance(examples, Batch) or examples.inputs.dtype != np.float32:
        return False
    narrow = all(min(pair) <= NARROW for pair in zip(network.sizes, network.sizes[1:]))
    return narrow and set(network.nonlinearities) <= set(UNITS) and isinstance(optimizer, SGD) and kernels.available()


def widths_of(network: MLP) -> tuple[int, ...]:
    """Numbers in a row of each layer's rates, the input first."""
    first, *hidden, last = network.sizes
    return (first, *(-(-n // VECTOR) * VECTOR for n in hidden), last)


def widening(network: MLP) -> np.ndarray:
    """Which layers are wider than what they come from; their weights lie (n_in, n_out), others (n_out, n_in)."""
    return np.array([n_out > n_in for n_in, n_out in itertools.pairwise(network.sizes)])


def units_of(network: MLP) -> np.ndarray:
    """The numbers under which `rows` knows the units of each layer."""
    return np.array([UNITS[name] for name in network.nonlinearities])


def pace(optimizer: SGD, state: Any, params: Any, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of the next updates: the share of the rates that is left (count,); the rate, and what is kept of the
    weights, of each layer (count, layers).
    """
    shares = np.array([optimizer.factor(state.step + k) for k in range(count)])
    rates = shares[:, None] * per_layer(optimizer.rates, len(params), "")
    return shares, rates, 1.0 - rates * np.array(optimizer.decays(params))


def laid(weight: np.ndarray, wide: Any, width: int) -> np.ndarray:
    """A copy of weights (..., n_out, n_in) as `rows` wants them, its rows filled up to `width` with zeros."""
    rows = weight.swapaxes(-1, -2) if wide else weight
    copy = zeros((*rows.shape[:-1], width))
    copy[..., : rows.shape[-1]] = rows
    return copy


def empty(shape: tuple[int, ...]) -> np.ndarray:
    """Room for float32 that begins where a vector does: others cross two lines of the cache, and cost twice the time.

    Its `base` is memory that it has for itself.
    """
    count = math.prod(shape)
    whole = np.empty(count + VECTOR, np.float32)
    start = -whole.ctypes.data // whole.itemsize % VECTOR
    return whole[start : start + count].reshape(shape)


def zeros(shape: tuple[int, ...]) -> np.ndarray:
    """The same, filled with zeros."""
    room = empty(shape)
    room[...] = 0.0
    return room
