"""Rate units with a time constant."""

import math
from dataclasses import dataclass
from typing import Any

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import NONLINEARITIES
from armfa.controllers.circuits.recurrent import RecurrentCircuit, StepTrace, known_nonlinearity


@dataclass(frozen=True)
class RNN(RecurrentCircuit):
    """Rate units that leak, with a = dt / tau and z = W r(t-1) + W_in u(t) + b.

    leak="current"  x(t) = (1 - a) x(t-1) + a z,    r = f(x)          [Sompolinsky, Crisanti & Sommers 1988]
    leak="rate"     r(t) = (1 - a) r(t-1) + a f(z)                    [Murray 2019, eq. 1]

    The output is y = g(W_out r + b_out). The memory is x, or r.

    Parameters
    ----------
    tau, dt : number
        Time constant of the units and time step, s; dt is that of the world.
    nonlinearity : str
        f: "tanh", "logistic", "linear" or "relu".
    leak : str
        What leaks: "current" or "rate".

    Raises
    ------
    ValueError
        For a time constant below the time step, and for a leak or a nonlinearity that there is not.
    """

    tau: float = 0.05
    dt: float = 0.01
    nonlinearity: str = "tanh"
    leak: str = "current"

    def __post_init__(self) -> None:
        """Refuse what cannot be a circuit."""
        super().__post_init__()
        known_nonlinearity("nonlinearity", self.nonlinearity)
        if self.leak not in ("current", "rate"):
            raise ValueError(f"expected leak 'current' or 'rate', got {self.leak!r}")
        if not 0 < self.dt <= self.tau < math.inf:
            raise ValueError(f"expected a time constant tau of at least dt, in s, got tau={self.tau}, dt={self.dt}")
        for name in ("tau", "dt"):  # NumPy's numbers would turn float32 into float64
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def share(self) -> float:
        """What of a unit is new after a step, a = dt / tau."""
        return self.dt / self.tau

    def rates(self, memory: Array) -> Array:
        """The rates r = f(x), or the memory itself."""
        return NONLINEARITIES[self.nonlinearity].function(memory) if self.leak == "current" else memory

    def slope(self, signal: Array, memory: Array, rates: Array) -> Array:
        """The signal times f'(x), or the signal itself."""
        return NONLINEARITIES[self.nonlinearity].weigh(signal, memory, rates) if self.leak == "current" else signal

    def advance(self, memory: Array, recurrent: Array, drive: Array) -> tuple[Array, Any]:
        """The equations above."""
        z = recurrent + drive
        if self.leak == "current":
            return (1.0 - self.share) * memory + self.share * z, ()
        rate = NONLINEARITIES[self.nonlinearity].function(z)
        return (1.0 - self.share) * memory + self.share * rate, (z, rate)

    def through(self, trace: StepTrace, bar: Array) -> tuple[Array, Array]:
        """By the drive: a times bar, or a bar f'(z). By the memory before: (1 - a) bar."""
        new = self.share * bar
        if self.leak == "rate":
            new = NONLINEARITIES[self.nonlinearity].weigh(new, *trace.units)
        return new, (1.0 - self.share) * bar
