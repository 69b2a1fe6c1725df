"""Hill-type curves in the form of Brown, Cheng & Loeb (1999), as used by Li & Todorov and by Lillicrap & Scott.

`bind` returns `tension(l, v, a) -> (T/Fmax, tape)`, `slopes(tape) -> (d/dl, d/dv, d/da)` and the last of these alone,
which is cheaper; l in optimal lengths,
v in optimal lengths per second (lengthening positive), a in [0, 1].
Guards keep every branch finite and single-valued: an argument is brought into the curve's range first, then the curve
is evaluated, so no slope is lost to a branch that was not taken.
"""

import dataclasses
import math

from armfa.plant.ops import Ops

SHORTEST_LENGTH = 0.05  # L0: l^beta needs l > 0
VELOCITY_LENGTHS = (0.6, 1.6)  # L0: force-velocity keeps its shape outside; below .53 the monkey curve has a pole


@dataclasses.dataclass(frozen=True)
class BrownLoeb:
    """T/Fmax = A(a, l) (FL(l) FV(l, v) + FP(l)).

    FL = exp(-|(l^beta - 1)/omega|^rho)
    FV = (Vmax - v)/(Vmax + (cV0 + cV1 l) v) for v <= 0, never below 0
    FV = (bV - (aV0 + aV1 l + aV2 l^2) v)/(bV + v) for v > 0
    A = 1 - exp(-(a/(af Nf))^Nf), Nf = nf0 + nf1 (1/l - 1), never below 1 (below it the slope at a = 0 is infinite);
        or simply a, where `activation_shape` is None
    FP = p0 exp(p1 + p2 l), or nothing, where `passive` is None
    """

    beta: float
    omega: float
    rho: float
    vmax: float  # L0/s, negative: shortening
    cv: tuple[float, float]
    bv: float
    av: tuple[float, float, float]
    activation_shape: tuple[float, float, float] | None = None  # af, nf0, nf1
    passive: tuple[float, float, float] | None = None  # p0, p1, p2

    def __post_init__(self):
        if self.vmax >= 0:
            raise ValueError(
                f"vmax: expected a negative number (shortening, optimal lengths per second), got {self.vmax}"
            )
        if max(self._shortening(length) for length in VELOCITY_LENGTHS) >= 0.9:
            raise ValueError(
                f"cv = {self.cv} puts a pole of the force-velocity curve before vmax = {self.vmax}: "
                f"cv0 + cv1 l must stay above -0.9 for l in {VELOCITY_LENGTHS}"
            )

    @property
    def proportional(self) -> bool:
        """Whether tension is proportional to activation."""
        return self.activation_shape is None

    def _shortening(self, length: float) -> float:
        return -(self.cv[0] + self.cv[1] * length)

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""
        curve, curve_slopes = _force_length_velocity(self, ops)
        if self.activation_shape is None and self.passive is None:
            return _proportional(curve, curve_slopes)
        if self.activation_shape is None or self.passive is None:
            raise ValueError("expected both activation_shape and passive, or neither")
        return _with_activation_shape(self.activation_shape, self.passive, curve, curve_slopes, ops)


def _proportional(curve, curve_slopes):
    """T/Fmax = a FL FV."""

    def tension(l, v, a):
        fl, fv, tape = curve(l, v)
        flv = fl * fv
        return a * flv, (a, fl, fv, flv, tape)

    def slopes(tape):
        a, fl, fv, flv, inner = tape
        fl_l, fv_l, fv_v = curve_slopes(inner)
        return a * (fl_l * fv + fl * fv_l), a * fl * fv_v, flv

    def activation_slope(tape):
        return tape[3]

    return tension, slopes, activation_slope


def _with_activation_shape(shape, passive, curve, curve_slopes, ops):
    """T/Fmax = A (FL FV + FP)."""
    af, nf0, nf1 = shape
    exp, expm1, pow, log, maximum = ops.exp, ops.expm1, ops.pow, ops.log, ops.maximum
    indicator, real = ops.indicator, ops.real
    nf_0, nf_1, af_c = ops.constant(nf0 - nf1), ops.constant(nf1), ops.constant(af)
    minus_nf_1, minus_inv_af = ops.constant(-nf1), ops.constant(-1 / af)
    one, zero, tiny = ops.constant(1.0), ops.constant(0.0), ops.constant(1e-30)
    passive_scale, passive_slope = ops.constant(-passive[0] * math.exp(passive[1])), ops.constant(passive[2])
    shortest = ops.constant(SHORTEST_LENGTH)

    def tension(l, v, a):
        fl, fv, inner = curve(l, v)
        ls = inner[0]
        nf = maximum(nf_0 + nf_1 / ls, one)
        z = maximum(a, zero) / (af_c * nf)
        p = pow(z, nf)
        minus_shape = expm1(-p)
        minus_passive = passive_scale * exp(passive_slope * l)
        minus_force = minus_passive - fl * fv
        return minus_shape * minus_force, (l, a, fl, fv, nf, z, p, minus_shape, minus_passive, minus_force, inner)

    def slopes(tape):
        l, _, fl, fv, nf, z, p, minus_shape, minus_passive, minus_force, inner = tape
        ls = inner[0]
        fl_l, fv_l, fv_v = curve_slopes(inner)
        # A = 1 - exp(-p), p = z^Nf, z = a/(af Nf): dp/dNf = p (log z - 1), dNf/dl = -nf1/l^2
        varying = indicator((real(nf) > one) & (real(l) >= shortest))
        shape_l = (one + minus_shape) * p * (log(maximum(z, tiny)) - one) * varying * minus_nf_1 / (ls * ls)
        slope_l = minus_shape * (passive_slope * minus_passive - fl_l * fv - fl * fv_l) - shape_l * minus_force
        return slope_l, -minus_shape * fl * fv_v, activation_slope(tape)

    def activation_slope(tape):
        _, a, _, _, nf, z, _, minus_shape, _, minus_force, _ = tape
        # dA/da = exp(-p) dp/da, dp/da = z^(Nf-1)/af
        return (one + minus_shape) * pow(z, nf - one) * minus_inv_af * indicator(real(a) >= zero) * minus_force

    return tension, slopes, activation_slope


def _force_length_velocity(muscle: BrownLoeb, ops: Ops):
    """`curve(l, v) -> (FL, FV, tape)`, `slopes(tape) -> (dFL/dl, dFV/dl, dFV/dv)`.

    Both branches of FV are (1 + n v)/(1 + d v); v is split into its negative and its positive part.
    """
    exp, pow, where, maximum, minimum, magnitude = ops.exp, ops.pow, ops.where, ops.maximum, ops.minimum, ops.magnitude
    constant, real, indicator = ops.constant, ops.real, ops.indicator
    zero, one = constant(0.0), constant(1.0)
    beta, rho, sharpness = constant(muscle.beta), constant(muscle.rho), constant(-(muscle.omega**-muscle.rho))
    fl_factor = constant(-muscle.rho * muscle.beta * muscle.omega**-muscle.rho)
    shortest, (low, high) = constant(SHORTEST_LENGTH), (constant(x) for x in VELOCITY_LENGTHS)
    vmax, n_shortening = constant(muscle.vmax), constant(-1 / muscle.vmax)
    d0, d1 = (constant(c / muscle.vmax) for c in muscle.cv)
    n0, n1, n2 = (constant(-a / muscle.bv) for a in muscle.av)
    minus_d1, tiny = constant(-muscle.cv[1] / muscle.vmax), constant(1e-30)
    n2_twice, d_lengthening = constant(-2 * muscle.av[2] / muscle.bv), constant(1 / muscle.bv)

    def curve(l, v):
        ls = maximum(l, shortest)
        power = pow(ls, beta)
        x = power - one
        bend = pow(magnitude(x), rho)
        fl = exp(bend * sharpness)
        lv = minimum(maximum(l, low), high)
        v_down = minimum(v, zero)
        v_up = v - v_down  # one of the two is 0: both branches in one ratio, faster than `where`
        v_down = maximum(v_down, vmax)
        n, d = n0 + lv * (n1 + lv * n2), d0 + lv * d1
        denominator = one + d * v_down + d_lengthening * v_up
        fv = (one + n_shortening * v_down + n * v_up) / denominator
        return fl, fv, (ls, l, v, power, x, bend, fl, lv, v_down, v_up, n, d, denominator, fv)

    def slopes(tape):
        ls, l, v, power, x, bend, fl, lv, v_down, v_up, n, d, denominator, fv = tape
        # bend/x = |x|^(rho-1) sign(x); `tiny` changes nothing but 0/0.  A guard that acts (ls != l) passes no slope.
        fl_l = fl_factor * fl * bend * power / ((x + tiny) * ls) * indicator(ls == l)
        n_v = where(real(v) <= zero, n_shortening - fv * d, n - fv * d_lengthening)
        fv_v = n_v / denominator * indicator(v_down + v_up == v)
        fv_l = ((n1 + lv * n2_twice) * v_up + fv * minus_d1 * v_down) / denominator * indicator(lv == l)
        return fl_l, fv_l, fv_v

    return curve, slopes
