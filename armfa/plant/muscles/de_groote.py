"""The infinitely smooth Hill curves of De Groote, Kinney, Rao & Fregly (2016)."""

import dataclasses

from armfa.plant.ops import Ops

SHORTEST_LENGTH = 0.3  # L0: below .15 the width of the second Gaussian changes sign; the arm never gets there


@dataclasses.dataclass(frozen=True)
class DeGroote:
    """T/Fmax = a FL FV + FP, l in optimal lengths, v in optimal lengths per second (lengthening positive).

    FL = sum_i b1 exp(-(l - b2)^2/(2 (b3 + b4 l)^2))
    FV = e1 asinh(e2 v/vmax + e3) + e4
    FP = (exp(p1 (l - 1)) + p2)/p3
    """

    gaussians: tuple[tuple[float, float, float, float], ...]  # b1, b2, b3, b4 of each
    velocity: tuple[float, float, float, float]  # e1..e4
    vmax: float  # L0/s
    passive: tuple[float, float, float]  # p1, p2, p3

    proportional = False

    def bind(self, ops: Ops):
        """`tension(l, v, a) -> (T/Fmax, tape)`, `slopes(tape) -> (d/dl, d/dv, d/da)`, and d/da alone."""
        exp, where, constant, real = ops.exp, ops.where, ops.constant, ops.real
        sqrt, asinh, maximum = ops.xp.sqrt, ops.asinh, ops.maximum
        gaussians = [tuple(constant(b) for b in row) for row in self.gaussians]
        minus_half, one, zero, shortest = (constant(x) for x in (-0.5, 1.0, 0.0, SHORTEST_LENGTH))
        e1, e2, e3, e4 = (constant(e) for e in self.velocity)
        e2 = constant(self.velocity[1] / self.vmax)
        fv_slope = constant(self.velocity[0] * self.velocity[1] / self.vmax)
        p1, p2, inv_p3 = constant(self.passive[0]), constant(self.passive[1]), constant(1 / self.passive[2])

        def tension(l, v, a):
            ls = maximum(l, shortest)
            humps = []
            fl = None
            for b1, b2, b3, b4 in gaussians:
                width = b3 + b4 * ls
                z = (ls - b2) / width
                hump = b1 * exp(z * z * minus_half)
                humps.append((hump, z, width, b4))
                fl = hump if fl is None else fl + hump
            x = e2 * v + e3
            fv = e1 * asinh(x) + e4
            stretch = exp(p1 * (l - one))
            flv = fl * fv
            return a * flv + (stretch + p2) * inv_p3, (l, a, humps, fl, x, fv, stretch, flv)

        def slopes(tape):
            l, a, humps, fl, x, fv, stretch, flv = tape
            fl_l = zero
            for hump, z, width, b4 in humps:
                fl_l = fl_l - hump * z * (one - z * b4) / width
            fl_l = where(real(l) >= shortest, fl_l, zero)
            return a * fl_l * fv + p1 * stretch * inv_p3, a * fl * fv_slope / sqrt(x * x + one), flv

        def activation_slope(tape):
            return tape[7]

        return tension, slopes, activation_slope
