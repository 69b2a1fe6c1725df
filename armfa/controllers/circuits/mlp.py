"""Feed-forward networks: dense layers of rate units, the trace that a pass leaves behind, and the one step back."""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, device, namespace
from armfa.controllers.streams import Streams


class Dense(NamedTuple):
    """Weights of one layer; leading axes are a stack of networks."""

    weight: Array  # (..., n_out, n_in)
    bias: Array  # (..., n_out)


Params = tuple[Dense, ...]
"""The weights of an MLP. Other circuits have other trees."""

Deltas = Sequence[Array | None]
"""dL/dz of every example, (..., batch, n_out), or what stands in its place; None is a layer that does not learn."""


class Trace(NamedTuple):
    """What one forward pass leaves behind, one entry per layer: all that a learning rule may know of the activity."""

    inputs: tuple[Array, ...]  # presynaptic rates (..., batch, n_in)
    preactivations: tuple[Array, ...]  # (..., batch, n_out)
    output: Array  # (..., batch, n_out) rates of the last layer
    slopes: tuple[Array, ...] | None = None  # f'(z) (..., batch, n_out), where they have been computed already


class Nonlinearity(NamedTuple):
    """A unit's function f(z), and `weigh(signal, z, rate)` = signal * f'(z), with rate = f(z)."""

    name: str  # of the function
    function: Callable[[Array], Array]  # f(z)
    weigh: Callable[[Array, Array, Array], Array]  # signal, z, rate -> signal f'(z)
    peak_slope: float  # the greatest f'


def transpose(matrix: Array) -> Array:
    """The transposed matrix (..., columns, rows), as a view."""
    return matrix.swapaxes(-1, -2)


def _preactivation(layer: Dense, rate: Array) -> Array:
    """W h + b, (..., batch, n_out)."""
    weight, bias = layer.weight, layer.bias[..., None, :]
    if namespace(rate, weight) is not np:
        return transpose(weight @ transpose(rate)) + bias  # with h W^T, XLA copies W into W^T at every update
    z = rate @ transpose(weight)
    if z.dtype != bias.dtype:
        return z + bias
    z += bias  # in place, z is our own: 40 us instead of 46 at 6-500, batch 128
    return z


def _tanh(z: Array) -> Array:
    return namespace(z).tanh(z)


def _weigh_tanh(signal: Array, z: Array, rate: Array) -> Array:
    return signal * (1.0 - rate * rate)


def _logistic(z: Array) -> Array:
    return 0.5 * namespace(z).tanh(0.5 * z) + 0.5  # this form cannot overflow


def _weigh_logistic(signal: Array, z: Array, rate: Array) -> Array:
    return signal * (rate - rate * rate)


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
    """A network of dense layers: z_l = W_l h_(l-1) + b_l, h_l = f_l(z_l). It remembers nothing: its memory is ().

    Parameters
    ----------
    sizes : tuple of int
        Units of each layer, the input first: (6, 500, 6).
    nonlinearities : str or one per layer of weights
        "tanh", "logistic", "linear" or "relu".
    weight_scale, bias_scale : number, None, or one per layer of weights
        First weights ~ U(-scale, scale); None is sqrt(3 / n_in), which keeps the variance of the rates, and 0 for
        biases.
    sparsity : number or one per layer of weights
        Share of the weights that is absent (0.5 in the papers' sparse network).

    Raises
    ------
    TypeError
        For sizes that are not whole numbers.
    ValueError
        For fewer than two layers of units, and for a nonlinearity that there is not.
    """

    sizes: tuple[int, ...]
    nonlinearities: tuple[str, ...] | str = "tanh"
    weight_scale: tuple[float | None, ...] | float | None = None
    bias_scale: tuple[float | None, ...] | float | None = 0.0
    sparsity: tuple[float, ...] | float = 0.0

    def __post_init__(self) -> None:
        """Spread single values over the layers and refuse what cannot be a network."""
        try:
            object.__setattr__(self, "sizes", tuple(operator.index(n) for n in self.sizes))
        except TypeError:
            raise TypeError(f"expected sizes as whole numbers, such as (6, 500, 6), got {self.sizes!r}") from None
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

    @property
    def n_in(self) -> int:
        """How many numbers go in."""
        return self.sizes[0]

    @property
    def n_out(self) -> int:
        """How many numbers come out."""
        return self.sizes[-1]

    def init(self, rng: np.random.Generator | Streams, dtype: type = np.float32) -> Params:
        """First weights; a `Streams` of S generators gives a stack of S networks."""
        settings = [per_layer(getattr(self, name), self.n_layers, name) for name in _PER_LAYER[1:]]
        return tuple(
            _first_weights(rng, size, scales, dtype)
            for size, scales in zip(zip(self.sizes[1:], self.sizes[:-1]), zip(*settings))
        )

    def blank(self, dtype: type = np.float32) -> Params:
        """Zeros in the form of the weights that take no memory."""
        zero = np.zeros((), dtype)
        return tuple(
            Dense(np.broadcast_to(zero, (n_out, n_in)), np.broadcast_to(zero, (n_out,)))
            for n_in, n_out in zip(self.sizes, self.sizes[1:])
        )

    def rest(self, params: Params, batch: int) -> tuple[()]:
        """Nothing is remembered."""
        return ()

    def step(
        self, params: Params, memory: tuple[()], inputs: Array, noise: Sequence[Array | None] | None = None
    ) -> tuple[tuple[()], Trace]:
        """No memory, and the trace of one pass."""
        return (), self.forward(params, inputs, noise)

    def step_vjp(
        self, params: Params, trace: Trace, output_bar: Array, memory_bar: Any = (), feedback: Any = None
    ) -> tuple[Params, Array, tuple[()]]:
        """Gradients (means over the batch), dL/d inputs of each example, and no memory: see `Circuit.step_vjp`."""
        weights = [layer.weight for layer in (params if feedback is None else feedback)]
        deltas = [self.weigh(self.n_layers - 1, output_bar, trace)]
        for layer in reversed(range(self.n_layers - 1)):
            deltas.insert(0, self.weigh(layer, deltas[0] @ weights[layer + 1], trace))
        return outer_products(deltas, trace), deltas[0] @ weights[0], ()

    def forward(self, params: Params, inputs: Array, noise: Sequence[Array | None] | None = None) -> Trace:
        """The trace of one pass over a batch.

        Parameters
        ----------
        params : tuple of Dense
            Its weights.
        inputs : Array (..., batch, n_in)
            What it sees.
        noise : sequence of Array (..., batch, n_l) or None, optional
            Added to the preactivations, one per layer.

        Returns
        -------
        Trace
            Rates, preactivations and output.
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
        if trace.slopes is not None:
            return signal * trace.slopes[layer]
        return NONLINEARITIES[self.nonlinearities[layer]].weigh(
            signal, trace.preactivations[layer], rates_out(trace, layer)
        )

    def slopes(self, trace: Trace) -> tuple[Array, ...]:
        """Slopes f'(z) of every layer, (..., batch, n_out)."""
        return tuple(self.weigh(layer, z * 0 + 1, trace) for layer, z in enumerate(trace.preactivations))


def rates_out(trace: Trace, layer: int) -> Array:
    """Rates that a layer sends on, h_l (..., batch, n_out)."""
    return trace.inputs[layer + 1] if layer + 1 < len(trace.inputs) else trace.output


def per_layer(value: Any, n_layers: int, name: str, layer: str = "layer of weights") -> tuple:
    """One value per layer: a single value is repeated, a sequence must have the right length."""
    if value is None or isinstance(value, str | int | float):
        return (value,) * n_layers
    values = tuple(value)
    if len(values) != n_layers:
        raise ValueError(f"expected {name} as one value or {n_layers} values (one per {layer}), got {values}")
    return values


def uniform(rng: np.random.Generator | Streams, scale: float, size: tuple[int, ...], dtype: type) -> Array:
    """Draws from U(-scale, scale)."""
    return (rng.uniform(-1.0, 1.0, size) * scale).astype(dtype)


def _first_weights(
    rng: np.random.Generator | Streams, size: tuple[int, int], scales: tuple[Any, ...], dtype: type
) -> Dense:
    """Weights and biases of one layer.

    Layers that widen lie in memory as (n_in, n_out), so that h W^T needs no transposition: 6.5 us instead of 8.3 at
    6-500 for one example, 48 instead of 61 for five networks at batch 16.
    """
    weight_scale, bias_scale, sparsity = scales
    widens = size[0] > size[1]
    drawn = size[::-1] if widens else size
    weight = uniform(rng, math.sqrt(3 / size[1]) if weight_scale is None else weight_scale, drawn, dtype)
    if sparsity:
        weight = weight * (rng.uniform(0.0, 1.0, drawn) >= sparsity)
    return Dense(transpose(weight) if widens else weight, uniform(rng, bias_scale or 0.0, size[:1], dtype))


def outer_products(deltas: Deltas, trace: Trace) -> Any:
    """dL/dW = mean over the batch of delta h^T, dL/db = mean of delta: the one place where weights meet rates."""
    return tuple(None if delta is None else weight_gradient(delta, rate) for delta, rate in zip(deltas, trace.inputs))


def weight_gradient(delta: Array, rate: Array) -> Dense:
    """The same of one layer."""
    size, n_out, n_in = delta.shape[-2], delta.shape[-1], rate.shape[-1]
    if size == 1:  # a plain product: 8 us instead of 19 for a matrix product at 6-500
        weight = transpose(transpose(rate) * delta) if n_out > n_in else transpose(delta) * rate
        return Dense(weight, delta[..., 0, :])
    bias = _mean_over_batch(delta)
    if n_out > n_in:  # the mean is taken on the narrower side (38 us instead of 50 at 6-500, batch 128); for the
        return Dense(transpose(transpose(rate * (1.0 / size)) @ delta), bias)  # layout, see MLP.init
    return Dense(transpose(delta * (1.0 / size)) @ rate, bias)


def _mean_over_batch(x: Array) -> Array:
    """(..., batch, n) -> (..., n) as a matrix product: 7 us instead of 14 for a sum at 128 x 500."""
    xp, size = namespace(x), x.shape[-2]
    return xp.full((size,), 1.0 / size, dtype=x.dtype, device=device(x)) @ x
