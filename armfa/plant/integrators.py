"""One time step, the command and the loads held: from the rows of one state to the rows of the next.

The activation is solved exactly over any part of the step (see `muscles.activation`), but for explicit Euler; the
methods differ in how the skeleton moves.

order: euler 1, semi_implicit_euler 1, heun 2, rk4 4 (measured in docs/plant.md)
"""

from collections.abc import Callable
from typing import Any

from armfa.arrays import Array
from armfa.plant.physics import RowLoads, Rows, acceleration, activation_after, within_range

Integrator = Callable[[Any, Rows, Array, Any, RowLoads], Rows]
"""(arm, state, excitation (n, ...), time step in s, loads) -> next state."""


def semi_implicit_euler(arm: Any, s: Rows, u: Array, dt: Any, loads: RowLoads) -> Rows:
    """Activation, then velocity, then angle: each with what the ones before it have become."""
    a = activation_after(arm, s.a, u, dt)
    qdd1, qdd2 = acceleration(arm, s._replace(a=a), loads)
    w1, w2 = s.w1 + dt * qdd1, s.w2 + dt * qdd2
    return Rows(s.q1 + dt * w1, s.q2 + dt * w2, w1, w2, a)


def euler(arm: Any, s: Rows, u: Array, dt: Any, loads: RowLoads) -> Rows:
    """Explicit Euler for everything, as some models are published; they clip the activation to its range as here."""
    dynamics = arm.activation_dynamics
    qdd1, qdd2 = acceleration(arm, s._replace(a=u if dynamics is None else s.a), loads)
    a = u if dynamics is None else within_range(arm, s.a + dt * dynamics.rate(s.a, within_range(arm, u)))
    return Rows(s.q1 + dt * s.w1, s.q2 + dt * s.w2, s.w1 + dt * qdd1, s.w2 + dt * qdd2, a)


def _runge_kutta(nodes: tuple[float, ...], weights: tuple[float, ...]) -> Integrator:
    """The Runge-Kutta method whose stage i starts `nodes[i] dt` along the rate of stage i - 1."""

    def step(arm: Any, s: Rows, u: Array, dt: Any, loads: RowLoads) -> Rows:
        def moved(rate: tuple[Array, ...], time: Any) -> Rows:
            q1, q2, w1, w2 = (x + time * r for x, r in zip(s, rate))
            return Rows(q1, q2, w1, w2, activation_after(arm, s.a, u, time))

        here = s if arm.activation_dynamics is not None else s._replace(a=u)
        rates = []
        for node in nodes:
            here = moved(rates[-1], node * dt) if node else here
            rates.append((here.w1, here.w2, *acceleration(arm, here, loads)))
        mean = tuple(sum((b * r for b, r in zip(weights[1:], each[1:])), weights[0] * each[0]) for each in zip(*rates))
        return moved(mean, dt)

    return step


INTEGRATORS: dict[str, Integrator] = {
    "semi_implicit_euler": semi_implicit_euler,
    "heun": _runge_kutta((0.0, 1.0), (1 / 2, 1 / 2)),
    "rk4": _runge_kutta((0.0, 1 / 2, 1 / 2, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
    "euler": euler,
}
