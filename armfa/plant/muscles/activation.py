"""From excitation (the command) to activation (the muscle's state).

The command is held over a time step and the activation does not depend on the joints, so its equation is solved over
the step: `after` is that solution. For commands in [0, 1] it stays between activation and command at every time step,
where an explicit step leaves [0, 1] as soon as the step is longer than the time constant. An arm without activation
dynamics has static muscles: the activation is the excitation.
"""

import dataclasses
from typing import Annotated

from armfa.arrays import Array, at_least, exp, log, where
from armfa.plant.constants import Constants, Value, positive

NEWTON_STEPS = 6
"""For the rise of Thelen's activation: to 2e-15 for every a, u in [0, 1] and every time."""


@dataclasses.dataclass(frozen=True)
class FirstOrderActivation(Constants):
    """da/dt = (u - a)/t, t = t_deact + u (t_act - t_deact) for u > a, else t_deact.  [Li & Todorov 2004]"""

    rise_time: Annotated[Value, positive("s")]  # t_act
    fall_time: Annotated[Value, positive("s")]  # t_deact

    def time_constant(self, a: Array, u: Array) -> Array:
        """t, (n, ...) s."""
        return where(u > a, self.fall_time + u * (self.rise_time - self.fall_time), self.fall_time)

    def rate(self, a: Array, u: Array) -> Array:
        """da/dt, (n, ...) 1/s."""
        return (u - a) / self.time_constant(a, u)

    def after(self, a: Array, u: Array, time: float) -> Array:
        """The activation after a time (s) under a held command: u + (a - u) exp(-time/t)."""
        return u + (a - u) * exp(-time / self.time_constant(a, u))


@dataclasses.dataclass(frozen=True)
class ThelenActivation(Constants):
    """da/dt = (u - a)/t, t = t_act (.5 + 1.5 a) for u > a, else t_deact/(.5 + 1.5 a).  [Thelen 2003]"""

    rise_time: Annotated[Value, positive("s")]  # t_act
    fall_time: Annotated[Value, positive("s")]  # t_deact

    def rate(self, a: Array, u: Array) -> Array:
        """da/dt, (n, ...) 1/s."""
        level = 0.5 + 1.5 * a
        return (u - a) / where(u > a, self.rise_time * level, self.fall_time / level)

    def after(self, a: Array, u: Array, time: float) -> Array:
        """The activation after a time (s) under a held command, with k = .5 + 1.5 u.

        Falling: (a - u)/(.5 + 1.5 a) decays as exp(-k time/t_deact).
        Rising: the gap g = u - a obeys k log g - 1.5 g = (the same at the start) - time/t_act; Newton's method in log
        g.
        """
        k = 0.5 + 1.5 * u
        c = (a - u) / (0.5 + 1.5 * a) * exp(-k * time / self.fall_time)
        fallen = (u + 0.5 * c) / (1.0 - 1.5 * c)

        gap = at_least(u - a, 1e-30)
        goal = k * log(gap) - 1.5 * gap - time / self.rise_time
        x = goal / k  # left of the solution, from where Newton's steps rise to it
        for _ in range(NEWTON_STEPS):
            g = exp(x)
            x = x + (goal - k * x + 1.5 * g) / (k - 1.5 * g)
        return where(u > a, u - exp(x), fallen)


Activation = FirstOrderActivation | ThelenActivation
