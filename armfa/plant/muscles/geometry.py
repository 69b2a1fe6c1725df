"""Where the muscles run: length, moment arm and how the moment arm changes, as functions of the joint angles.

A geometry gives l(q) and its slopes g_j = dl/dq_j, in units of the muscle's `reference_length` L0. The moment arm is
R_j = -L0 g_j: virtual work, so that torque = R T and dl/dt = g qd hold exactly whatever the curves are.
Every l is a sum of one function per joint, so the second derivatives are one array per joint too.

`bind` returns `lengths(q1, q2) -> (l, g1, g2, tape)` and `bends(tape) -> (dg1/dq1, dg2/dq2)`, None where zero.
"""

import dataclasses

from armfa.plant.ops import Ops

Arms = tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class ConstantMomentArms:
    """l = base - (R1 q1 + R2 q2)/L0."""

    shoulder: Arms  # R1, m, flexion positive
    elbow: Arms  # R2, m
    reference_length: Arms  # L0, m
    base: Arms  # l at q = 0, in L0

    def crosses(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indices of the muscles that cross the shoulder, and of those that cross the elbow."""
        return _nonzero(self.shoulder), _nonzero(self.elbow)

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""
        g1 = ops.per_muscle([-r / scale for r, scale in zip(self.shoulder, self.reference_length)])
        g2 = ops.per_muscle([-r / scale for r, scale in zip(self.elbow, self.reference_length)])
        length = ops.affine(ops.per_muscle(self.base), g1, g2)

        def lengths(q1, q2):
            return length(q1, q2), g1, g2, None

        def bends(tape):
            return None, None

        return lengths, bends


@dataclasses.dataclass(frozen=True)
class CosineMomentArms:
    """R_j = A_j + B_j cos(C q_j);  l = base - sum_j [A_j q_j + (B_j/C) sin(C q_j)]/L0."""

    shoulder: Arms  # A1, m, flexion positive
    shoulder_cosine: Arms  # B1, m
    elbow: Arms  # A2, m
    elbow_cosine: Arms  # B2, m
    frequency: float  # C
    reference_length: Arms  # L0, m
    base: Arms  # l at q = 0, in L0

    def crosses(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indices of the muscles that cross the shoulder, and of those that cross the elbow."""
        return _nonzero(self.shoulder, self.shoulder_cosine), _nonzero(self.elbow, self.elbow_cosine)

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""
        sin, cos, affine = ops.sin, ops.cos, ops.affine
        frequency = ops.number(self.frequency)

        def slopes(arms, factor=1.0):
            return ops.per_muscle([-factor * r / scale for r, scale in zip(arms, self.reference_length)])

        a1, a2 = slopes(self.shoulder), slopes(self.elbow)
        b1_sin, b2_sin = (slopes(b, 1 / self.frequency) for b in (self.shoulder_cosine, self.elbow_cosine))
        length = affine(ops.per_muscle(self.base), a1, b1_sin, a2, b2_sin)
        slope1, slope2 = affine(a1, slopes(self.shoulder_cosine)), affine(a2, slopes(self.elbow_cosine))
        nothing = ops.per_muscle([0.0] * len(self.base))
        bend1, bend2 = (affine(nothing, slopes(b, -self.frequency)) for b in (self.shoulder_cosine, self.elbow_cosine))

        def lengths(q1, q2):
            x1, x2 = frequency * q1, frequency * q2
            sin1, sin2 = sin(x1), sin(x2)
            return length(q1, sin1, q2, sin2), slope1(cos(x1)), slope2(cos(x2)), (sin1, sin2)

        def bends(tape):
            sin1, sin2 = tape
            return bend1(sin1), bend2(sin2)

        return lengths, bends


@dataclasses.dataclass(frozen=True)
class LinearMomentArms:
    """R_j = -(p_j + 2 s_j y_j), y = q - origin;  l = base + sum_j (p_j + s_j y_j) y_j / L0."""

    shoulder: Arms  # p1, m: slope of path length, extension positive
    shoulder_slope: Arms  # s1, m/rad
    elbow: Arms  # p2, m
    elbow_slope: Arms  # s2, m/rad
    origin: tuple[float, float]  # rad
    reference_length: Arms  # L0, m
    base: Arms  # l at q = origin, in L0

    def crosses(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Indices of the muscles that cross the shoulder, and of those that cross the elbow."""
        return _nonzero(self.shoulder, self.shoulder_slope), _nonzero(self.elbow, self.elbow_slope)

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""

        def scaled(arms, factor=1.0):
            return ops.per_muscle([factor * p / scale for p, scale in zip(arms, self.reference_length)])

        origin1, origin2 = (ops.number(angle) for angle in self.origin)
        p1, p2 = scaled(self.shoulder), scaled(self.elbow)
        bend1, bend2 = scaled(self.shoulder_slope, 2.0), scaled(self.elbow_slope, 2.0)
        base = ops.per_muscle(self.base)
        length = ops.affine(base, p1, scaled(self.shoulder_slope), p2, scaled(self.elbow_slope))
        slope1, slope2 = ops.affine(p1, bend1), ops.affine(p2, bend2)

        def lengths(q1, q2):
            y1, y2 = q1 - origin1, q2 - origin2
            return length(y1, y1 * y1, y2, y2 * y2), slope1(y1), slope2(y2), None

        def bends(tape):
            return bend1, bend2

        return lengths, bends


def _nonzero(*arms: Arms) -> tuple[int, ...]:
    return tuple(i for i, parts in enumerate(zip(*arms)) if any(parts))
