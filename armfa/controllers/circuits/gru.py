"""Gated recurrent units."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.mlp import NONLINEARITIES
from armfa.controllers.circuits.recurrent import RecurrentCircuit, StepTrace


@dataclass(frozen=True)
class GRU(RecurrentCircuit):
    """Units with two gates, whose rate h is their memory; s is the logistic function, o the product by element.

    r = s(W_r u + b_r + U_r h(t-1))             reset
    z = s(W_z u + b_z + U_z h(t-1))             update
    m = tanh(W_m u + b_m + r o (U_m h(t-1)))    what is new
    h(t) = z o h(t-1) + (1 - z) o m

    The rows of the weights are those of r, then z, then m. [Cho et al. 2014, eqs. 5-8; the reset gate after the product
    with U_m, as in cuDNN and torch.nn.GRU]. Settings: see `RecurrentCircuit`.
    """

    gates: ClassVar[int] = 3

    def rates(self, memory: Array) -> Array:
        """The memory itself."""
        return memory

    def slope(self, signal: Array, memory: Array, rates: Array) -> Array:
        """The signal itself."""
        return signal

    def advance(self, memory: Array, recurrent: Array, drive: Array) -> tuple[Array, Any]:
        """The equations above."""
        n, s = self.n, NONLINEARITIES["logistic"].function
        gates = s(recurrent[..., : 2 * n] + drive[..., : 2 * n])
        r, z, sent = gates[..., :n], gates[..., n:], recurrent[..., 2 * n :]
        m = namespace(drive).tanh(drive[..., 2 * n :] + r * sent)
        return z * memory + (1.0 - z) * m, (r, z, m, sent)

    def through(self, trace: StepTrace, bar: Array) -> tuple[Array, Array]:
        """Through the three gates; z o bar goes on."""
        r, z, m, sent = trace.units
        new = bar * (1.0 - z) * (1.0 - m * m)
        reset, update = new * sent * (r - r * r), bar * (trace.before - m) * (z - z * z)
        return namespace(bar).concat([reset, update, new], axis=-1), bar * z

    def gated(self, trace: StepTrace, drive: Array) -> Array:
        """What comes from the units passes the reset gate on its way to m."""
        new = drive[..., 2 * self.n :]
        return namespace(drive).concat([drive[..., : 2 * self.n], new * trace.units[0]], axis=-1)
