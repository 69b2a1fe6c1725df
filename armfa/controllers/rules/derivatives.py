"""Rough versions of the slope f'(z) that a hidden unit's plasticity is weighted with.

Lillicrap et al. 2016 state that rough approximations work nearly as well as the exact slope. Each has the peak of the
exact slope; the width of boxcar and triangle gives them the area under it (the range of f).
"""

from armfa.arrays import Array
from armfa.controllers.network import MLP, NONLINEARITIES, Trace


def _constant(z: Array, peak: float, width: float) -> Array:
    return z * 0 + peak


def _boxcar(z: Array, peak: float, width: float) -> Array:
    return peak * (abs(z) < width) * (z * 0 + 1)


def _triangular(z: Array, peak: float, width: float) -> Array:
    height = 1.0 - abs(z) * (0.5 / width)
    return peak * height * (height > 0)


ROUGH_SLOPES = {"constant": _constant, "boxcar": _boxcar, "triangular": _triangular}
DERIVATIVES = ("exact", *ROUGH_SLOPES)


def weigh(network: MLP, layer: int, signal: Array, trace: Trace, derivative: str) -> Array:
    """The signal times the slope of its units, exact or rough."""
    name = network.nonlinearities[layer]
    if derivative == "exact" or name == "linear":
        return network.weigh(layer, signal, trace)
    return signal * ROUGH_SLOPES[derivative](trace.preactivations[layer], *_peak_and_width(name))


def _peak_and_width(name: str) -> tuple[float, float]:
    """Height of the slope, and half the width of a box of that height with the same area."""
    peak = NONLINEARITIES[name].peak_slope
    return peak, 2.0 if name == "logistic" else 1.0
