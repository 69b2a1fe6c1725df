"""The infinitely smooth Hill curves of De Groote, Kinney, Rao & Fregly (2016)."""

import dataclasses
from typing import Annotated, ClassVar

from armfa.arrays import Array, asinh, at_least, exp
from armfa.plant.constants import Constants, Triple, Value, number, positive

SHORTEST_LENGTH = 0.3  # L0: below .15 the width of the second Gaussian changes sign; the arm never gets there
Four = tuple[float, float, float, float]


@dataclasses.dataclass(frozen=True)
class DeGroote(Constants):
    """T/Fmax = a FL FV + FP, l in optimal lengths, v in optimal lengths per second (lengthening positive).

    FL = sum_i b1 exp(-(l - b2)^2/(2 (b3 + b4 l)^2))
    FV = e1 asinh(e2 v/vmax + e3) + e4, never below 0 (the fit crosses 0 at 1.03 vmax; a muscle does not push)
    FP = (exp(p1 (l - 1)) + p2)/p3
    """

    gaussians: Annotated[tuple[Four, ...], number()]  # b1, b2, b3, b4 of each
    velocity: Annotated[Four, number()]  # e1..e4
    vmax: Annotated[Value, positive("L0/s")]
    passive: Annotated[Triple, number()]  # p1, p2, p3

    proportional: ClassVar[bool] = False

    def tension(self, l: Array, v: Array, a: Array) -> Array:
        """T/Fmax, at length l (L0), velocity v (L0/s) and activation a (0 to 1)."""
        p1, p2, p3 = self.passive
        return a * self.force_length(l) * self.force_velocity(v) + (exp(p1 * (l - 1.0)) + p2) / p3

    def force_length(self, l: Array) -> Array:
        """FL(l)."""
        l = at_least(l, SHORTEST_LENGTH)
        humps = [b1 * exp(-0.5 * ((l - b2) / (b3 + b4 * l)) ** 2.0) for b1, b2, b3, b4 in self.gaussians]
        return sum(humps[1:], humps[0])

    def force_velocity(self, v: Array) -> Array:
        """FV(v)."""
        e1, e2, e3, e4 = self.velocity
        return at_least(e1 * asinh(e2 * (v / self.vmax) + e3) + e4, 0.0)
