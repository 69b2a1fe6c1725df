"""Thelen's (2003) muscle with a rigid tendon: force-velocity scales with activation."""

import dataclasses
import math

from armfa.plant.ops import Ops


@dataclasses.dataclass(frozen=True)
class Thelen:
    """T/Fmax = a FL FV + FP, l in optimal lengths, v in optimal lengths per second (lengthening positive).

    FL = exp(-(l - 1)^2/gamma)
    FP = (exp(kPE (l - 1)/e0) - 1)/(exp(kPE) - 1) for l > 1, else 0
    FV = (1 + V)/(1 - V/Af) for v <= 0, never below 0;  V = v/(vmax (.25 + .75 a))
    FV = (1 + c Flen V)/(1 + c V) for v > 0;  c = (2 + 2/Af)/(Flen - 1)
    [Thelen 2003 J Biomech Eng 125:70, eqs. 1, 3, 4, 6, 7 solved for the force]
    """

    vmax: float  # L0/s
    af: float
    flen: float
    gamma: float
    kpe: float
    e0: float

    proportional = False

    def bind(self, ops: Ops):
        """`tension(l, v, a) -> (T/Fmax, tape)`, `slopes(tape) -> (d/dl, d/dv, d/da)`, and d/da alone."""
        exp, expm1, where, maximum, constant, real = ops.exp, ops.expm1, ops.where, ops.maximum, ops.constant, ops.real
        zero, one = constant(0.0), constant(1.0)
        minus_inv_gamma, fl_slope = constant(-1 / self.gamma), constant(-2 / self.gamma)
        steepness, fp_scale = constant(self.kpe / self.e0), constant(1 / math.expm1(self.kpe))
        fp_slope = constant(self.kpe / self.e0 / math.expm1(self.kpe))
        speed0, speed1 = constant(0.25 * self.vmax), constant(0.75 * self.vmax)
        c = (2 + 2 / self.af) / (self.flen - 1)
        d_short, n_long, d_long = constant(-1 / self.af), constant(c * self.flen), constant(c)

        def tension(l, v, a):
            x = l - one
            fl = exp(x * x * minus_inv_gamma)
            stretched = expm1(steepness * maximum(x, zero))
            speed = speed0 + speed1 * a
            ratio = v / speed
            inside = real(ratio) >= -one  # faster than the greatest shortening velocity a muscle pulls no more
            ratio = maximum(ratio, -one)
            shortening = real(v) <= zero
            n, d = where(shortening, one, n_long), where(shortening, d_short, d_long)
            denominator = one + d * ratio
            fv = (one + n * ratio) / denominator
            flv = fl * fv
            return a * flv + stretched * fp_scale, (
                x,
                a,
                fl,
                fv,
                flv,
                stretched,
                speed,
                ratio,
                inside,
                n,
                d,
                denominator,
            )

        def slopes(tape):
            x, a, fl, fv, flv, stretched, speed, ratio, inside, n, d, denominator = tape
            by_ratio = where(inside, a * fl * (n - fv * d) / denominator, zero)
            passive = where(real(x) > zero, fp_slope * (stretched + one), zero)
            by_v = by_ratio / speed
            return a * flv * fl_slope * x + passive, by_v, flv - by_v * ratio * speed1

        def activation_slope(tape):
            return slopes(tape)[2]

        return tension, slopes, activation_slope
