"""From excitation (the command) to activation (the muscle's state).

`bind` returns `rate(a, u) -> (da/dt, tape)` and `slopes(tape) -> (d rate/d a, d rate/d u)`.
An arm without activation dynamics has static muscles: the activation is the excitation.
"""

import dataclasses

from armfa.plant.ops import Ops


@dataclasses.dataclass(frozen=True)
class FirstOrderActivation:
    """da/dt = (u - a)/t, t = t_deact + u (t_act - t_deact) for u > a, else t_deact."""

    rise_time: float  # t_act, s
    fall_time: float  # t_deact, s

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""
        where, real = ops.where, ops.real
        fall, difference = ops.constant(self.fall_time), ops.constant(self.rise_time - self.fall_time)
        rate_constant, zero = ops.constant(1 / self.fall_time), ops.constant(0.0)
        one = ops.constant(1.0)
        if self.rise_time == self.fall_time:

            def leak(a, u):
                return (u - a) * rate_constant, None

            return leak, lambda tape: (-rate_constant, rate_constant)

        def rate(a, u):
            gap = u - a
            rising = real(gap) > zero
            time = where(rising, fall + difference * u, fall)
            a_rate = gap / time
            return a_rate, (rising, time, a_rate)

        def slopes(tape):
            rising, time, a_rate = tape
            inverse = one / time
            return -inverse, inverse * (one - where(rising, difference * a_rate, zero))

        return rate, slopes


@dataclasses.dataclass(frozen=True)
class ThelenActivation:
    """da/dt = (u - a)/t, t = t_act (.5 + 1.5 a) for u > a, else t_deact/(.5 + 1.5 a).  [Thelen 2003]"""

    rise_time: float  # t_act, s
    fall_time: float  # t_deact, s

    def bind(self, ops: Ops):
        """The functions of the module's docstring, for one array library, dtype and batch."""
        where, real = ops.where, ops.real
        rise, fall = ops.constant(self.rise_time), ops.constant(self.fall_time)
        half, slope, zero, one = (ops.constant(x) for x in (0.5, 1.5, 0.0, 1.0))
        rise_slope, fall_slope = ops.constant(1.5 * self.rise_time), ops.constant(1.5 / self.fall_time)

        def rate(a, u):
            gap = u - a
            rising = real(gap) > zero
            level = half + slope * a
            time = where(rising, rise * level, fall / level)
            a_rate = gap / time
            return a_rate, (rising, time, a_rate)

        def slopes(tape):
            rising, time, a_rate = tape
            inverse = one / time
            # rising: dt/da = 1.5 t_act;  falling: dt/da = -t^2 1.5/t_deact
            time_a = where(rising, rise_slope, -fall_slope * time * time)
            return -(one + a_rate * time_a) * inverse, inverse

        return rate, slopes


Activation = FirstOrderActivation | ThelenActivation
