"""Networks of rate units: nonlinearities, dense layers, and the trace that a forward pass leaves behind."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.trees import Streams


class Dense(NamedTuple):
    """Weights of one layer; leading axes are a stack of networks."""

    weight: Array  # (..., n_out, n_in)
    bias: Array  # (..., n_out)


Params = tuple[Dense, ...]


class Trace(NamedTuple):
    """What one forward pass leaves behind, one entry a layer: all that a learning rule may know of the activity."""

    inputs: tuple[Array, ...]  # presynaptic rates (..., batch, n_in)
    preactivations: tuple[Array, ...]  # (..., batch, n_out)
    output: Array  # (..., batch, n_out) rates of the last layer


class Nonlinearity(NamedTuple):
    """A unit's function f(z), and `weigh(signal, z, rate)` = signal * f'(z), with rate = f(z)."""

    name: str
    function: Callable[[Array], Array]
    weigh: Callable[[Array, Array, Array], Array]
    peak_slope: float


def transpose(matrix: Array) -> Array:
    """The transposed matrix (..., columns, rows), as a view."""
    return matrix.swapaxes(-1, -2)


def _preactivation(layer: Dense, rate: Array) -> Array:
    """W h + b, (..., batch, n_out), in as few passes over it as there are."""
    weight, bias = layer.weight, layer.bias[..., None, :]
    if namespace(rate, weight) is not np:
        return transpose(weight @ transpose(rate)) + bias  # with h W^T, XLA copies W into W^T at every update
    if rate.shape[-1] <= 16 and rate.shape[-2] >= 64:  # b comes from an input that is always 1
        ones = np.ones((*rate.shape[:-1], 1), rate.dtype)
        return np.concatenate((rate, ones), axis=-1) @ np.concatenate((transpose(weight), bias), axis=-2)
    z = rate @ transpose(weight)
    if z.dtype != bias.dtype:
        return z + bias
    z += bias  # in place: z is our own
    return z


def _tanh(z: Array) -> Array:
    return namespace(z).tanh(z)


def _weigh_tanh(signal: Array, z: Array, rate: Array) -> Array:
    """The signal times 1 - rate^2; the passes after the first in place, which costs two thirds of the plain formula."""
    slope = rate * rate
    slope = np.subtract(1.0, slope, out=slope) if isinstance(slope, np.ndarray) else 1.0 - slope
    if slope.dtype != signal.dtype:
        return signal * slope
    slope *= signal
    return slope


def _logistic(z: Array) -> Array:
    rate = namespace(z).tanh(0.5 * z)  # this form cannot overflow
    if not isinstance(rate, np.ndarray):
        return 0.5 * rate + 0.5
    rate *= 0.5
    rate += 0.5
    return rate


def _weigh_logistic(signal: Array, z: Array, rate: Array) -> Array:
    """The signal times rate - rate^2; in place as for tanh."""
    slope = rate * rate
    slope = np.subtract(rate, slope, out=slope) if isinstance(slope, np.ndarray) else rate - slope
    if slope.dtype != signal.dtype:
        return signal * slope
    slope *= signal
    return slope


def _relu(z: Array) -> Array:
    return z * (z.real > 0)  # the real part decides, so that a complex step goes through


NONLINEARITIES = {
    "tanh": Nonlinearity("tanh", _tanh, _weigh_tanh, 1.0),
    "logistic": Nonlinearity("logistic", _logistic, _weigh_logistic, 0.25),
    "linear": Nonlinearity("linear", lambda z: z, lambda signal, z, rate: signal, 1.0),
    "relu": Nonlinearity("relu", _relu, lambda signal, z, rate: signal * (z.real > 0), 1.0),
}


_PER_LAYER = ("nonlinearities", "weight_scale", "bias_scale", "sparsity")


@dataclass(frozen=True)
class MLP:
    """A network of dense layers: z_l = W_l h_(l-1) + b_l, h_l = f_l(z_l).

    sizes : units of each layer, the input first: (6, 500, 6).
    nonlinearities : one name a layer of weights, or one name for all.
    weight_scale, bias_scale : first weights ~ U(-scale, scale), one number a layer or one for all;
        None is sqrt(3 / n_in), which keeps the variance of the rates, and 0 for biases.
    sparsity : share of the weights of each layer that is absent (0.5 in the papers' sparse network).
    """

    sizes: tuple[int, ...]
    nonlinearities: tuple[str, ...] | str = "tanh"
    weight_scale: tuple[float | None, ...] | float | None = None
    bias_scale: tuple[float | None, ...] | float | None = 0.0
    sparsity: tuple[float, ...] | float = 0.0

    def __post_init__(self) -> None:
        """Spread single values over the layers and refuse what cannot be a network."""
        object.__setattr__(self, "sizes", tuple(int(n) for n in self.sizes))
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"expected at least two layer sizes, all positive, such as (6, 500, 6), got {self.sizes}")
        spread = {name: per_layer(getattr(self, name), self.n_layers, name) for name in _PER_LAYER}
        for name, values in spread.items():
            object.__setattr__(self, name, values)
        unknown = [name for name in spread["nonlinearities"] if name not in NONLINEARITIES]
        if unknown:
            raise ValueError(f"expected nonlinearities out of {sorted(NONLINEARITIES)}, got {unknown[0]!r}")
        for name in ("weight_scale", "bias_scale"):
            if any(scale is not None and not 0 <= scale < math.inf for scale in spread[name]):
                raise ValueError(f"expected {name} of 0 or more, got {spread[name]}")
        if any(not 0 <= share < 1 for share in spread["sparsity"]):
            raise ValueError(f"expected sparsity as a share in [0, 1), got {self.sparsity}")

    @property
    def n_layers(self) -> int:
        """Number of layers of weights."""
        return len(self.sizes) - 1

    def init(self, rng: np.random.Generator | Streams, dtype: type = np.float32) -> Params:
        """First weights; a `Streams` of S generators gives a stack of S networks."""
        settings = [per_layer(getattr(self, name), self.n_layers, name) for name in _PER_LAYER[1:]]
        return tuple(
            _first_weights(rng, size, scales, dtype)
            for size, scales in zip(zip(self.sizes[1:], self.sizes[:-1]), zip(*settings))
        )

    def forward(self, params: Params, inputs: Array, noise: Sequence[Array | None] | None = None) -> Trace:
        """The trace of one pass over a batch.

        inputs : Array (..., batch, n_in).
        noise : added to the preactivations, one array (..., batch, n_out) or None a layer.
        """
        rates, preactivations, rate = [], [], inputs
        for number, (layer, name) in enumerate(zip(params, self.nonlinearities)):
            rates.append(rate)
            z = _preactivation(layer, rate)  # (..., batch, n_out)
            if noise is not None and noise[number] is not None:
                z = z + noise[number]
            preactivations.append(z)
            rate = NONLINEARITIES[name].function(z)
        return Trace(tuple(rates), tuple(preactivations), rate)

    def weigh(self, layer: int, signal: Array, trace: Trace) -> Array:
        """The signal at a layer's units times their slope, signal * f'(z)."""
        return NONLINEARITIES[self.nonlinearities[layer]].weigh(
            signal, trace.preactivations[layer], rates_out(trace, layer)
        )

    def slopes(self, trace: Trace) -> tuple[Array, ...]:
        """f'(z) of every layer, (..., batch, n_out)."""
        return tuple(self.weigh(layer, z * 0 + 1, trace) for layer, z in enumerate(trace.preactivations))


def rates_out(trace: Trace, layer: int) -> Array:
    """Rates that a layer sends on, h_l (..., batch, n_out)."""
    return trace.inputs[layer + 1] if layer + 1 < len(trace.inputs) else trace.output


def per_layer(value: Any, n_layers: int, name: str, layer: str = "layer of weights") -> tuple:
    """One value a layer: a single value is repeated, a sequence must have the right length."""
    if value is None or isinstance(value, str | int | float):
        return (value,) * n_layers
    values = tuple(value)
    if len(values) != n_layers:
        raise ValueError(f"expected {name} as one value or {n_layers} values (one a {layer}), got {values}")
    return values


def uniform(rng: np.random.Generator | Streams, scale: float, size: tuple[int, ...], dtype: type) -> Array:
    """Draws from U(-scale, scale)."""
    return (rng.uniform(-1.0, 1.0, size) * scale).astype(dtype)


def _first_weights(
    rng: np.random.Generator | Streams, size: tuple[int, int], scales: tuple[Any, ...], dtype: type
) -> Dense:
    """Weights and biases of one layer.

    Layers that widen lie in memory as (n_in, n_out): h W^T then needs no transposition (11 against 14 us at 6-500,
    batch 128).
    """
    weight_scale, bias_scale, sparsity = scales
    widens = size[0] > size[1]
    drawn = size[::-1] if widens else size
    weight = uniform(rng, math.sqrt(3 / size[1]) if weight_scale is None else weight_scale, drawn, dtype)
    if sparsity:
        weight = weight * (rng.uniform(0.0, 1.0, drawn) >= sparsity)
    return Dense(transpose(weight) if widens else weight, uniform(rng, bias_scale or 0.0, size[:1], dtype))
