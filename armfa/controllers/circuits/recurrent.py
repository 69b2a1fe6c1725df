"""What recurrent circuits share: one layer of units with a memory, a readout, and the one step back in time."""

import math
import operator
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.mlp import NONLINEARITIES, Dense, transpose, uniform, weight_gradient


class Cell(NamedTuple):
    """Weights onto the recurrent units; a unit with gates has one row per gate. Leading axes: a stack of networks."""

    recurrent: Array  # (..., gates * n, n) from the units
    weight: Array  # (..., gates * n, n_in) from the inputs
    bias: Array  # (..., gates * n)


class Recurrent(NamedTuple):
    """The weights of a recurrent circuit: two layers."""

    cell: Cell
    out: Dense  # the readout


class Presynaptic(NamedTuple):
    """What reaches the synapses of one step, or of several side by side: (..., batch, k)."""

    recurrent: Array  # rates of the units one step before
    inputs: Array
    rates: Array  # what the readout sees


class Deltas(NamedTuple):
    """dL/d drive of every example, or what stands in its place."""

    drive: Array  # (..., batch, gates * n) by what comes from inputs and bias
    out: Array  # (..., batch, n_out)
    recurrent: Array | None = None  # (..., batch, gates * n) by what comes from the units; None: the same as `drive`


class StepTrace(NamedTuple):
    """What one step leaves behind: all that a learning rule may know of the activity."""

    presynaptic: Presynaptic
    before: Array  # (..., batch, n) memory before the step
    memory: Array  # (..., batch, n) and after it
    units: Any  # what the circuit's own step keeps
    out_drive: Array  # (..., batch, n_out)
    output: Array  # (..., batch, n_out)


class Noise(NamedTuple):
    """What is added to the drive of the units and of the readout; None where nothing is."""

    drive: Array | None = None  # (..., batch, gates * n)
    out: Array | None = None  # (..., batch, n_out)


@dataclass(frozen=True)
class RecurrentCircuit(ABC):
    """Settings that every recurrent circuit has.

    Parameters
    ----------
    n_in, n, n_out : int
        Inputs, recurrent units, outputs.
    readout : str
        Nonlinearity of the outputs: "tanh", "logistic", "linear" or "relu".
    gain : number
        First recurrent weights ~ N(0, gain^2 / n).
    weight_scale, out_scale : number or None
        First weights from the inputs, and of the readout, ~ U(-scale, scale). None: sqrt(3 / n_in), which keeps the
        variance, and 1 / sqrt(n), small enough to leave the outputs near 0. Biases start at 0.
    """

    n_in: int
    n: int
    n_out: int
    readout: str = "tanh"
    gain: float = 1.0
    weight_scale: float | None = None
    out_scale: float | None = None

    gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be a circuit."""
        for name in ("n_in", "n", "n_out"):
            try:
                size = operator.index(getattr(self, name))
            except TypeError:
                raise TypeError(f"expected {name} as a whole number, got {getattr(self, name)!r}") from None
            if size < 1:
                raise ValueError(f"expected {name} of at least 1, got {size}")
            object.__setattr__(self, name, size)
        known_nonlinearity("readout", self.readout)
        for name in ("gain", "weight_scale", "out_scale"):
            if (scale := getattr(self, name)) is not None and not 0 <= scale < math.inf:
                raise ValueError(f"expected {name} of 0 or more, got {scale}")

    def init(self, rng: Any, dtype: Any = np.float32) -> Recurrent:
        """First weights; a `Streams` of S generators gives a stack of S circuits."""
        rows = self.gates * self.n
        recurrent = (rng.standard_normal((rows, self.n)) * (self.gain / math.sqrt(self.n))).astype(dtype)
        scale = math.sqrt(3 / self.n_in) if self.weight_scale is None else self.weight_scale
        weight = uniform(rng, scale, (rows, self.n_in), dtype)
        scale = 1 / math.sqrt(self.n) if self.out_scale is None else self.out_scale
        out = uniform(rng, scale, (self.n_out, self.n), dtype)
        return Recurrent(Cell(recurrent, weight, 0 * weight[..., 0]), Dense(out, 0 * out[..., 0]))

    def blank(self, dtype: Any = np.float32) -> Recurrent:
        """Zeros in the form of the weights that take no memory."""
        zero, rows = np.zeros((), dtype), self.gates * self.n
        shapes = (rows, self.n), (rows, self.n_in), (rows,), (self.n_out, self.n), (self.n_out,)
        *cell, out, bias = (np.broadcast_to(zero, shape) for shape in shapes)
        return Recurrent(Cell(*cell), Dense(out, bias))

    def rest(self, params: Recurrent, batch: int) -> Array:
        """The memory before the first step, (..., batch, n): zeros."""
        bias = params.out.bias
        return namespace(bias).zeros((*bias.shape[:-1], batch, self.n), dtype=bias.dtype)

    def step(self, params: Recurrent, memory: Array, inputs: Array, noise: Noise | None = None) -> tuple[Array, Any]:
        """The next memory and the trace of this step."""
        cell, out = params
        before = self.rates(memory)
        recurrent = before @ transpose(cell.recurrent)
        drive = inputs @ transpose(cell.weight) + cell.bias[..., None, :]
        if noise is not None and noise.drive is not None:
            drive = drive + noise.drive
        after, units = self.advance(memory, recurrent, drive)
        rates = self.rates(after)
        out_drive = rates @ transpose(out.weight) + out.bias[..., None, :]
        if noise is not None and noise.out is not None:
            out_drive = out_drive + noise.out
        output = NONLINEARITIES[self.readout].function(out_drive)
        return after, StepTrace(Presynaptic(before, inputs, rates), memory, after, units, out_drive, output)

    def step_vjp(
        self, params: Recurrent, trace: StepTrace, output_bar: Array, memory_bar: Array, feedback: Any = None
    ) -> tuple[Recurrent, Array, Array]:
        """Gradients (means over the batch), dL/d inputs of each example, and dL/d memory before the step."""
        deltas, inputs_bar, before_bar = self.back(params, trace, output_bar, memory_bar, feedback)
        return self.outer(deltas, trace.presynaptic), inputs_bar, before_bar

    def back(
        self, params: Recurrent, trace: StepTrace, output_bar: Array, memory_bar: Array, feedback: Any = None
    ) -> tuple[Deltas, Array, Array]:
        """As `step_vjp`, with the deltas in place of the gradients that `outer` makes of them."""
        cell, readout = params if feedback is None else feedback
        out = self.weigh_out(output_bar, trace)
        bar = memory_bar + self.slope(out @ readout.weight, trace.memory, trace.presynaptic.rates)
        drive, own = self.through(trace, bar)
        gated = self.gated(trace, drive)
        recurrent = drive if gated is None else gated
        before = self.slope(recurrent @ cell.recurrent, trace.before, trace.presynaptic.recurrent)
        return Deltas(drive, out, gated), drive @ cell.weight, own + before

    def outer(self, deltas: Deltas, presynaptic: Presynaptic) -> Recurrent:
        """dL/dW = mean over the batch of delta x presynaptic rate."""
        cell = weight_gradient(deltas.drive, presynaptic.inputs)
        gated = deltas.drive if deltas.recurrent is None else deltas.recurrent
        recurrent = weight_gradient(gated, presynaptic.recurrent).weight
        return Recurrent(Cell(recurrent, *cell), weight_gradient(deltas.out, presynaptic.rates))

    def activity_bar(self, trace: StepTrace, weight: float) -> Array:
        """The derivative of `weight` times the units' mean squared rate, by the memory after the step."""
        rates = trace.presynaptic.rates
        return self.slope(rates * (2.0 * weight / self.n), trace.memory, rates)

    def weigh_out(self, output_bar: Array, trace: StepTrace) -> Array:
        """The signal at the outputs times their slope."""
        return NONLINEARITIES[self.readout].weigh(output_bar, trace.out_drive, trace.output)

    @abstractmethod
    def rates(self, memory: Array) -> Array:
        """What the units send on, (..., batch, n)."""

    @abstractmethod
    def slope(self, signal: Array, memory: Array, rates: Array) -> Array:
        """The signal at the rates as one at the memory: signal * d rate / d memory."""

    @abstractmethod
    def advance(self, memory: Array, recurrent: Array, drive: Array) -> tuple[Array, Any]:
        """The memory one step later, and what `through` needs, from what units and inputs send (..., gates * n)."""

    @abstractmethod
    def through(self, trace: StepTrace, bar: Array) -> tuple[Array, Array]:
        """dL/d drive and, by each unit's own memory alone, dL/d memory before, from dL/d memory after."""

    def gated(self, trace: StepTrace, drive: Array) -> Array | None:
        """dL/d (what comes from the units), from dL/d drive; None where it is the same."""
        return None


def known_nonlinearity(name: str, value: Any) -> None:
    """Refuse an unknown nonlinearity."""
    if value not in NONLINEARITIES:
        raise ValueError(f"expected {name} out of {', '.join(NONLINEARITIES)}, got {value!r}")
