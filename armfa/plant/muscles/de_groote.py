"""The infinitely smooth Hill curves of De Groote, Kinney, Rao & Fregly (2016, Ann Biomed Eng 44:2922)."""

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
    FV = d1 asinh(d2 v/vmax + d3) + d4, never below 0 (the fit crosses 0 at 1.03 vmax; a muscle does not push)
    FP = (exp(p1 (l - 1)) + p2)/p3;  p1 = kPE/e0 = 4/.6
    asinh(x) is printed as ln(x + sqrt(x^2 + 1)).
    """

    gaussians: Annotated[tuple[Four, ...], number()]  # b1, b2, b3, b4 of each
    velocity: Annotated[Four, number()]  # d1..d4
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
        d1, d2, d3, d4 = self.velocity
        return at_least(d1 * asinh(d2 * (v / self.vmax) + d3) + d4, 0.0)
