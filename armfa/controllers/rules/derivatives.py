"""Rough versions of the slope f'(z) that a hidden unit's plasticity is weighted with.

Lillicrap et al. 2016 state that rough approximations work nearly as well as the exact slope, without saying which.
Each of these has the peak of the exact slope; the width of boxcar and triangle gives them, for tanh and logistic
units, the area under it, which is the range of f. "random-gain" takes the exact slope at g z, with a fixed
g ~ U(1/2, 2) for each unit.
"""

import functools

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import MLP, NONLINEARITIES, Trace

DERIVATIVES = ("exact", "constant", "boxcar", "triangular", "random-gain")


def weigh(network: MLP, layer: int, signal: Array, trace: Trace, derivative: str) -> Array:
    """The signal times the slope of its units, exact or rough."""
    name, z = network.nonlinearities[layer], trace.preactivations[layer]
    if derivative == "exact" or name == "linear":
        return network.weigh(layer, signal, trace)
    nonlinearity = NONLINEARITIES[name]
    if derivative == "random-gain":
        inner = z * random_gains(z.shape[-1]).astype(str(z.dtype))
        return nonlinearity.weigh(signal, inner, nonlinearity.function(inner))
    return signal * rough_slope(z, derivative, nonlinearity.peak_slope, 2.0 if name == "logistic" else 1.0)


def rough_slope(z: Array, derivative: str, peak: float, width: float) -> Array:
    """A slope of height `peak`: everywhere, for |z| < width, or falling to 0 at |z| = 2 width."""
    if derivative == "constant":
        return z * 0 + peak
    if derivative == "boxcar":
        return (z * 0 + peak) * (abs(z) < width)
    height = peak - abs(z) * (0.5 * peak / width)
    return height * (height > 0)


@functools.cache
def random_gains(n: int) -> np.ndarray:
    """The gains of the units of a layer, the same in every network."""
    return np.random.default_rng(n).uniform(0.5, 2.0, n)


def check_derivative(derivative: str) -> None:
    """Refuse an unknown name."""
    if derivative not in DERIVATIVES:
        raise ValueError(f"expected derivative out of {DERIVATIVES}, got {derivative!r}")
