"""Hill-type curves in the form of Brown, Cheng & Loeb (1999), as used by Li & Todorov and by Lillicrap & Scott.

Both papers' readers agree on these equations; of Lillicrap & Scott (2013) they are the supplement's eq. 6 (FL, printed
without its minus sign and rho) and eq. 7 (FV).

Guards keep every branch finite and single-valued: an argument is brought into the curve's range first, then the curve
is evaluated, so no slope is lost to a branch that was not taken.
"""

import dataclasses
from typing import Annotated

from armfa.arrays import Array, at_least, at_most, exp, expm1, magnitude, where
from armfa.plant.constants import Constants, Pair, Triple, Value, negative, number, plain, positive

SHORTEST_LENGTH = 0.05  # L0: l^beta needs l > 0
VELOCITY_LENGTHS = (0.6, 1.6)  # L0: force-velocity keeps its shape outside; below .53 the monkey curve has a pole


@dataclasses.dataclass(frozen=True)
class BrownLoeb(Constants):
    """T/Fmax = A(a, l) (FL(l) FV(l, v) + FP(l)).

    FL = exp(-|(l^beta - 1)/omega|^rho)
    FV = (Vmax - v)/(Vmax + (cV0 + cV1 l) v) for v <= 0, never below 0
    FV = (bV - (aV0 + aV1 l + aV2 l^2) v)/(bV + v) for v > 0
    A = 1 - exp(-(a/(af Nf))^Nf), Nf = nf0 + nf1 (1/l - 1), never below 1 (below it the slope at a = 0 is infinite);
        or simply a, where `activation_shape` is None
    FP = p0 exp(p1 + p2 l), or nothing, where `passive` is None. With p0 < 0 it resists being short: the compression of
        thick filaments, which makes a short muscle that is hardly active push a little, as the published curve does
    """

    beta: Annotated[Value, positive()]
    omega: Annotated[Value, positive()]
    rho: Annotated[Value, positive()]
    vmax: Annotated[Value, negative("L0/s (shortening)")]
    cv: Annotated[Pair, number()]
    bv: Annotated[Value, positive("L0/s")]
    av: Annotated[Triple, number()]
    activation_shape: Annotated[Triple | None, positive()] = None  # af, nf0, nf1
    passive: Annotated[Triple | None, number()] = None  # p0, p1, p2

    def __post_init__(self) -> None:
        """Refuses curves with a pole where muscles work."""
        super().__post_init__()
        if plain(self.cv) and self._steepest() >= 0.9:
            raise ValueError(
                f"BrownLoeb.cv: expected cv0 + cv1 l above -0.9 for l in {VELOCITY_LENGTHS}, got {self.cv}, which "
                f"puts a pole of the force-velocity curve before vmax = {self.vmax}"
            )

    @property
    def proportional(self) -> bool:
        """Whether tension is proportional to activation."""
        return self.activation_shape is None and self.passive is None

    def tension(self, l: Array, v: Array, a: Array) -> Array:
        """T/Fmax, at length l (L0), velocity v (L0/s, lengthening positive) and activation a (0 to 1)."""
        pull = self.force_length(l) * self.force_velocity(l, v)
        if self.passive is not None:
            p0, p1, p2 = self.passive
            pull = pull + p0 * exp(p1 + p2 * l)
        return self.activation(l, a) * pull

    def force_length(self, l: Array) -> Array:
        """FL(l)."""
        l = at_least(l, SHORTEST_LENGTH)
        return exp(-(magnitude((l**self.beta - 1.0) / self.omega) ** self.rho))

    def force_velocity(self, l: Array, v: Array) -> Array:
        """FV(l, v); both branches are brought into one ratio, as a division costs as much as ten products."""
        l = at_most(at_least(l, VELOCITY_LENGTHS[0]), VELOCITY_LENGTHS[1])
        (cv0, cv1), (av0, av1, av2) = self.cv, self.av
        v = at_least(v, self.vmax)
        shortening = v <= 0.0
        above = where(shortening, self.vmax - v, self.bv - (av0 + av1 * l + av2 * l * l) * v)
        below = where(shortening, self.vmax + (cv0 + cv1 * l) * v, self.bv + v)
        return above / below

    def activation(self, l: Array, a: Array) -> Array:
        """A(a, l)."""
        if self.activation_shape is None:
            return a
        af, nf0, nf1 = self.activation_shape
        nf = at_least(nf0 + nf1 * (1.0 / at_least(l, SHORTEST_LENGTH) - 1.0), 1.0)
        return -expm1(-((at_least(a, 0.0) / (af * nf)) ** nf))

    def _steepest(self) -> float:
        return max(-(self.cv[0] + self.cv[1] * length) for length in VELOCITY_LENGTHS)
