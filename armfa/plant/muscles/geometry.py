"""Where the muscles run: length and moment arms as functions of the joint angles.

A geometry gives l(q), in units of the muscle's `reference_length` L0, and the moment arms R_j = -L0 dl/dq_j, m, flexion
positive. By virtual work, torque = R T and dl/dt = -R qd/L0, whatever the muscle curves are.
"""

import dataclasses
from typing import Annotated, Any

from armfa.arrays import Array, cos, sin
from armfa.plant.constants import Constants, Pair, PerMuscle, PerTerm, angle, number, positive


@dataclasses.dataclass(frozen=True)
class ConstantMomentArms(Constants):
    """l = base - (R1 q1 + R2 q2)/L0."""

    shoulder: Annotated[PerMuscle, number("m")]  # R1, flexion positive
    elbow: Annotated[PerMuscle, number("m")]  # R2
    reference_length: Annotated[PerMuscle, positive("m")]  # L0
    base: Annotated[PerMuscle, number("L0")]  # l at q = 0

    def length(self, q1: Array, q2: Array) -> Array:
        """l(q), (n, ...) in L0."""
        return self.base - (self.shoulder * q1 + self.elbow * q2) / self.reference_length

    def moment_arms(self, q1: Array, q2: Array) -> tuple[Array, Array]:
        """R1 and R2, (n, ...) m."""
        return self.shoulder, self.elbow


@dataclasses.dataclass(frozen=True)
class CosineMomentArms(Constants):
    """R_j = A_j + B_j cos(C q_j);  l = base - sum_j [A_j q_j + (B_j/C) sin(C q_j)]/L0."""

    shoulder: Annotated[PerMuscle, number("m")]  # A1, flexion positive
    shoulder_cosine: Annotated[PerMuscle, number("m")]  # B1
    elbow: Annotated[PerMuscle, number("m")]  # A2
    elbow_cosine: Annotated[PerMuscle, number("m")]  # B2
    frequency: Annotated[float, positive("1/rad")]  # C
    reference_length: Annotated[PerMuscle, positive("m")]  # L0
    base: Annotated[PerMuscle, number("L0")]  # l at q = 0

    def length(self, q1: Array, q2: Array) -> Array:
        """l(q), (n, ...) in L0."""
        c = self.frequency
        shortening1 = self.shoulder * q1 + self.shoulder_cosine / c * sin(c * q1)
        shortening2 = self.elbow * q2 + self.elbow_cosine / c * sin(c * q2)
        return self.base - (shortening1 + shortening2) / self.reference_length

    def moment_arms(self, q1: Array, q2: Array) -> tuple[Array, Array]:
        """R1 and R2, (n, ...) m."""
        c = self.frequency
        return self.shoulder + self.shoulder_cosine * cos(c * q1), self.elbow + self.elbow_cosine * cos(c * q2)


@dataclasses.dataclass(frozen=True)
class LinearMomentArms(Constants):
    """R_j = -(p_j + 2 s_j y_j), y = q - origin;  l = base + sum_j (p_j + s_j y_j) y_j / L0."""

    shoulder: Annotated[PerMuscle, number("m")]  # p1: slope of path length, extension positive
    shoulder_slope: Annotated[PerMuscle, number("m/rad")]  # s1
    elbow: Annotated[PerMuscle, number("m")]  # p2
    elbow_slope: Annotated[PerMuscle, number("m/rad")]  # s2
    origin: Annotated[Pair, angle()]
    reference_length: Annotated[PerMuscle, positive("m")]  # L0
    base: Annotated[PerMuscle, number("L0")]  # l at q = origin

    def length(self, q1: Array, q2: Array) -> Array:
        """l(q), (n, ...) in L0."""
        y1, y2 = q1 - self.origin[0], q2 - self.origin[1]
        path = (self.shoulder + self.shoulder_slope * y1) * y1 + (self.elbow + self.elbow_slope * y2) * y2
        return self.base + path / self.reference_length

    def moment_arms(self, q1: Array, q2: Array) -> tuple[Array, Array]:
        """R1 and R2, (n, ...) m."""
        y1, y2 = q1 - self.origin[0], q2 - self.origin[1]
        return -(self.shoulder + 2.0 * self.shoulder_slope * y1), -(self.elbow + 2.0 * self.elbow_slope * y2)


HIGHEST_POWER = 12
"""Of a joint angle, in radians, in a polynomial."""


@dataclasses.dataclass(frozen=True)
class PolynomialMomentArms(Constants):
    """l = base + sum_k c_k y1^i_k y2^j_k/L0, y = q - origin: a path that is any polynomial in both angles.

    R1 = -sum_k i_k c_k y1^(i_k - 1) y2^j_k, and R2 alike. Beyond the angles that it was fitted to, a polynomial may go
    anywhere: keep the arm's limits within them.
    """

    powers: tuple[tuple[int, int], ...]  # (i, j) of each term
    coefficients: Annotated[PerTerm, number("m/rad^(i+j)")]  # c: a row per term, a number per muscle
    origin: Annotated[Pair, angle()]
    reference_length: Annotated[PerMuscle, positive("m")]  # L0
    base: Annotated[PerMuscle, number("L0")]  # l at q = origin

    def __post_init__(self) -> None:
        """Refuses powers that no polynomial has."""
        super().__post_init__()
        powers = tuple(map(_powers, self.powers)) if isinstance(self.powers, tuple | list) else ()
        if not powers or None in powers or (0, 0) in powers or len(set(powers)) < len(powers):
            raise ValueError(
                f"PolynomialMomentArms.powers: expected two whole numbers from 0 to {HIGHEST_POWER} for each term, "
                f"each pair once, without (0, 0), which is `base`; got {self.powers!r}"
            )
        if len(powers) != len(self.coefficients):
            raise ValueError(
                f"PolynomialMomentArms.coefficients: expected {len(powers)} rows, one per term, got "
                f"{len(self.coefficients)}"
            )
        object.__setattr__(self, "powers", powers)

    def length(self, q1: Array, q2: Array) -> Array:
        """l(q), (n, ...) in L0."""
        return self.base + self._sum(q1, q2, [(i, j, 1) for i, j in self.powers]) / self.reference_length

    def moment_arms(self, q1: Array, q2: Array) -> tuple[Array, Array]:
        """R1 and R2, (n, ...) m."""
        return (
            self._sum(q1, q2, [(i - 1, j, -i) for i, j in self.powers]),
            self._sum(q1, q2, [(i, j - 1, -j) for i, j in self.powers]),
        )

    def _sum(self, q1: Array, q2: Array, terms: list[tuple[int, int, int]]) -> Array:
        """The sum of factor c y1^i y2^j over terms (i, j, factor) of the polynomial or of its slope."""
        up1, up2 = ([1.0, q - origin] for q, origin in zip((q1, q2), self.origin))
        found = []
        for (i, j, factor), c in zip(terms, self.coefficients):
            for up, power in ((up1, i), (up2, j)):
                while len(up) <= power:
                    up.append(up[-1] * up[1])
            if factor:
                found.append((factor * c) * (up1[i] * up2[j]))
        return sum(found[1:], found[0]) if found else 0.0 * self.reference_length


def _powers(pair: Any) -> tuple[int, int] | None:
    """The powers of one term; None where they cannot be."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return None
    whole = all(type(x) is int and 0 <= x <= HIGHEST_POWER for x in pair)
    return (pair[0], pair[1]) if whole else None
