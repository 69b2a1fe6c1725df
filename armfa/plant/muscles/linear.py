"""Muscles without Hill curves: tension proportional to activation; the spring-damper of Katayama & Kawato (1993)."""

import dataclasses
from typing import Annotated, ClassVar

from armfa.arrays import Array
from armfa.plant.constants import Constants, Pair, PerMuscle, not_negative, number


@dataclasses.dataclass(frozen=True)
class ForceGenerator(Constants):
    """T/Fmax = a: no length or velocity dependence."""

    proportional: ClassVar[bool] = True

    def tension(self, l: Array, v: Array, a: Array) -> Array:
        """T/Fmax = a."""
        return a


@dataclasses.dataclass(frozen=True)
class SpringDamper(Constants):
    """T = (k0 + k1 a)(l + g a) + (b0 + b1 a) v, with l and v in metres: activation stiffens, damps and shortens.

    l = c - A^T q is the stretch and v = -A^T qd its rate; A: moment arms.  [Katayama & Kawato 1993, pp. 356-357]
    Linear in l and v, so tension can be negative (a spring pushes).
    """

    stiffness: Annotated[Pair, not_negative("N/m")]  # k0, k1
    damping: Annotated[Pair, not_negative("N s/m")]  # b0, b1
    shortening: Annotated[PerMuscle, number("m")]  # g: change of rest length at full activation

    proportional: ClassVar[bool] = False

    def tension(self, l: Array, v: Array, a: Array) -> Array:
        """T, N, at stretch l (m), its rate v (m/s) and activation a (0 to 1)."""
        (k0, k1), (b0, b1) = self.stiffness, self.damping
        return (k0 + k1 * a) * (l + self.shortening * a) + (b0 + b1 * a) * v
