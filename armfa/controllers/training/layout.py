"""What compiled updates share: which networks they know, the pace of the optimizer, arrays that begin as vectors do."""

import itertools
import math
from typing import Any

import numpy as np

from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.optimizers import SGD, per_layer
from armfa.controllers.problem import Batch

VECTOR = 16
"""float32 numbers of the widest vectors there are."""
UNITS = {"tanh": 0, "logistic": 1, "linear": 2}


def known(network: Any, optimizer: Any, examples: Any) -> bool:
    """Whether compiled loops know these networks, examples and steps, and can be compiled here."""
    if not isinstance(network, MLP) or not isinstance(examples, Batch) or examples.inputs.dtype != np.float32:
        return False
    return set(network.nonlinearities) <= set(UNITS) and isinstance(optimizer, SGD) and kernels.available()


def widening(network: MLP) -> np.ndarray:
    """Which layers are wider than what they come from; their weights lie (n_in, n_out), others (n_out, n_in)."""
    return np.array([n_out > n_in for n_in, n_out in itertools.pairwise(network.sizes)])


def units_of(network: MLP) -> np.ndarray:
    """The numbers under which compiled loops know the units of each layer."""
    return np.array([UNITS[name] for name in network.nonlinearities])


def pace(optimizer: SGD, state: Any, params: Any, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of the next updates: the share of the rates that is left (count,); the rate, and what is kept of the
    weights, of each layer (count, layers).
    """
    shares = np.array([optimizer.factor(state.step + k) for k in range(count)])
    rates = shares[:, None] * per_layer(optimizer.rates, len(params), "")
    return shares, rates, 1.0 - rates * np.array(optimizer.decays(params))


def empty(shape: tuple[int, ...]) -> np.ndarray:
    """Room for float32 that begins where a vector does: others cross two lines of the cache, and cost twice the time.

    Its `base` is memory that it has for itself.
    """
    count = math.prod(shape)
    whole = np.empty(count + VECTOR, np.float32)
    start = -whole.ctypes.data // whole.itemsize % VECTOR
    return whole[start : start + count].reshape(shape)
