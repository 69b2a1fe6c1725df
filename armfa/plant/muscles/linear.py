"""Muscles without Hill curves: tension proportional to activation; the spring-damper of Katayama & Kawato (1993)."""

import dataclasses

from armfa.plant.ops import Ops


@dataclasses.dataclass(frozen=True)
class ForceGenerator:
    """T/Fmax = a: no length or velocity dependence."""

    proportional = True

    def bind(self, ops: Ops):
        """`tension(l, v, a) -> (T/Fmax, tape)`, `slopes(tape) -> (d/dl, d/dv, d/da)`, None: zero, and d/da alone."""
        one = ops.constant(1.0)

        def tension(l, v, a):
            return a, a

        def slopes(a):
            return None, None, activation_slope(a)

        def activation_slope(a):
            return one + 0 * a

        return tension, slopes, activation_slope


@dataclasses.dataclass(frozen=True)
class SpringDamper:
    """T = (k0 + k1 a)(l + g a) + (b0 + b1 a) v, with l and v in metres: activation stiffens, damps and shortens.

    Linear in l and v, so tension can be negative (a spring pushes).
    """

    stiffness: tuple[float, float]  # k0, k1, N/m
    damping: tuple[float, float]  # b0, b1, N s/m
    shortening: tuple[float, ...]  # g, m: change of rest length at full activation

    proportional = False

    def bind(self, ops: Ops):
        """`tension(l, v, a) -> (T, tape)`, `slopes(tape) -> (d/dl, d/dv, d/da)`, and d/da alone."""
        k0, k1 = (ops.constant(x) for x in self.stiffness)
        b0, b1 = (ops.constant(x) for x in self.damping)
        g = ops.column(self.shortening)

        def tension(l, v, a):
            k, stretch, b = k0 + k1 * a, l + g * a, b0 + b1 * a
            return k * stretch + b * v, (k, stretch, b, v)

        def slopes(tape):
            return tape[0], tape[2], activation_slope(tape)

        def activation_slope(tape):
            k, stretch, _, v = tape
            return k1 * stretch + k * g + b1 * v

        return tension, slopes, activation_slope
