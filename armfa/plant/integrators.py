"""One time step, the command held: from the rows of one state to the rows of the next, and back.

Each integrator is a pair: `forward(body, state, u, dt, loads) -> (next state, tape)` and
`backward(body, tape, dt, next_bar) -> Bars`. A state is (q1, q2, w1, w2, a). With static muscles a is the excitation.

order: euler 1, semi_implicit_euler 1, heun 2, rk4 4 (measured in docs/plant.md)
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from armfa.arrays import Array
from armfa.plant.body import Body

Rows = tuple[Array, Array, Array, Array, Array]  # q1, q2, w1, w2, a
Pair = tuple[Array, Array]


class Loads(NamedTuple):
    """What acts from outside, as rows; None where nothing does."""

    hand_force: Pair | None = None
    joint_torque: Pair | None = None


class Bars(NamedTuple):
    """Derivatives of a scalar by state, excitation and loads of one step; `state[4]` is None with static muscles."""

    state: tuple[Array, Array, Array, Array, Array | None]
    excitation: Array | None
    hand_force: Pair | None
    joint_torque: Pair | None


class Integrator(NamedTuple):
    """A step, its adjoint, and the adjoint's part for the excitation alone (cheaper, where there is a short way)."""

    forward: Callable[..., tuple[Rows, Any]]
    backward: Callable[..., Bars]
    to_excitation: Callable[..., Array]  # (body, tape, dt, (q1, q2, w1, w2) bars) -> excitation bar


# semi-implicit Euler: activation, then velocity, then angle


def _semi_implicit_forward(body: Body, state: Rows, u: Array, dt: float, loads: Loads):
    q1, q2, w1, w2, a = state
    dt = body.ops.time_step(dt)
    activation_tape = None
    if body.static:
        a_next = u
    else:
        rate, activation_tape = body.activation_rate(a, u)
        a_next = a + dt * rate
    qdd1, qdd2, tape = body.acceleration(q1, q2, w1, w2, a_next, loads.hand_force, loads.joint_torque)
    w1_next, w2_next = w1 + dt * qdd1, w2 + dt * qdd2
    return (q1 + dt * w1_next, q2 + dt * w2_next, w1_next, w2_next, a_next), (tape, activation_tape)


def _semi_implicit_backward(body: Body, tapes, dt: float, bar: Rows) -> Bars:
    tape, activation_tape = tapes
    dt = body.ops.time_step(dt)
    q1_bar, q2_bar, w1_bar, w2_bar, a_bar = bar
    w1_bar, w2_bar = w1_bar + dt * q1_bar, w2_bar + dt * q2_bar
    by = body.acceleration_pullback(tape, dt * w1_bar, dt * w2_bar)
    a_bar = a_bar + by.activation
    u_bar = a_bar
    if body.static:
        a_bar = None
    else:
        by_a, by_u = body.activation_slopes(activation_tape)
        u_bar, a_bar = dt * (a_bar * by_u), a_bar + dt * (a_bar * by_a)
    state = (q1_bar + by.q1, q2_bar + by.q2, w1_bar + by.w1, w2_bar + by.w2, a_bar)
    return Bars(state, u_bar, by.hand_force, by.joint_torque)


def _semi_implicit_to_excitation(body: Body, tapes, dt: float, bar) -> Array:
    q1_bar, q2_bar, w1_bar, w2_bar = bar
    tape, activation_tape = tapes
    dt = body.ops.time_step(dt)
    a_bar = body.activation_pullback(tape, dt * (w1_bar + dt * q1_bar), dt * (w2_bar + dt * q2_bar))
    return a_bar if body.static else dt * (a_bar * body.activation_slopes(activation_tape)[1])


# explicit methods: stages of the rate of change


def _rate(body: Body, state: Rows, u: Array, loads: Loads):
    """Rate of change of a state, and its tape."""
    q1, q2, w1, w2, a = state
    if body.static:
        a_rate, activation_tape = None, None
    else:
        a_rate, activation_tape = body.activation_rate(a, u)
    qdd1, qdd2, tape = body.acceleration(q1, q2, w1, w2, u if body.static else a, loads.hand_force, loads.joint_torque)
    return (w1, w2, qdd1, qdd2, a_rate), (tape, activation_tape)


def _rate_backward(body: Body, tapes, bar) -> Bars:
    """Pullback of `_rate`; the last bar is None where the activation's rate does not matter."""
    tape, activation_tape = tapes
    q1_bar, q2_bar, w1_bar, w2_bar, a_bar = bar
    by = body.acceleration_pullback(tape, w1_bar, w2_bar)
    if body.static:
        return Bars((by.q1, by.q2, by.w1 + q1_bar, by.w2 + q2_bar, None), by.activation, by.hand_force, by.joint_torque)
    if a_bar is None:  # nothing asks for the activation yet
        state = (by.q1, by.q2, by.w1 + q1_bar, by.w2 + q2_bar, by.activation)
        return Bars(state, None, by.hand_force, by.joint_torque)
    by_a, by_u = body.activation_slopes(activation_tape)
    state = (by.q1, by.q2, by.w1 + q1_bar, by.w2 + q2_bar, by.activation + a_bar * by_a)
    return Bars(state, a_bar * by_u, by.hand_force, by.joint_torque)


def _moved(state: Rows, rate, dt: float) -> Any:
    """State + dt rate; the activation stays where its rate is None."""
    return tuple(x if r is None else x + dt * r for x, r in zip(state, rate))


def _explicit(nodes: tuple[float, ...], weights: tuple[float, ...]) -> Integrator:
    """The Runge-Kutta method whose stage i starts `nodes[i] dt` along the rate of stage i - 1."""

    def forward(body: Body, state: Rows, u: Array, dt: float, loads: Loads):
        tapes, total, rate = [], None, None
        for node, weight in zip(nodes, weights):
            rate, tape = _rate(body, state if rate is None else _moved(state, rate, node * dt), u, loads)
            tapes.append(tape)
            total = _weighted(total, rate, weight)
        q1, q2, w1, w2, a = _moved(state, total, dt)
        return (q1, q2, w1, w2, u if body.static else a), tapes

    def backward(body: Body, tapes, dt: float, bar) -> Bars:
        *moving, a_bar = bar
        state_bar = (*moving, None if body.static else a_bar)
        sums: list[Any] = [state_bar, a_bar if body.static else None, None, None]
        later = None  # derivative by the state in which the next stage was evaluated
        for i in range(len(nodes) - 1, -1, -1):
            rate_bar = _scaled(state_bar, weights[i] * dt)
            if later is not None:
                rate_bar = _sum(rate_bar, _scaled(later, nodes[i + 1] * dt))
            by = _rate_backward(body, tapes[i], rate_bar)
            later = by.state
            sums = [_sum(sums[0], by.state), *(_sum(x, y) for x, y in zip(sums[1:], by[1:]))]
        return Bars(*sums)

    def to_excitation(body: Body, tapes, dt: float, bar) -> Array:
        if len(nodes) == 1 and body.static:
            return body.activation_pullback(tapes[0][0], dt * bar[2], dt * bar[3])
        return backward(body, tapes, dt, (*bar, None)).excitation

    return Integrator(forward, backward, to_excitation)


def _weighted(total, rate, weight: float):
    if total is None:
        return tuple(None if r is None else weight * r for r in rate)
    return tuple(None if r is None else t + weight * r for t, r in zip(total, rate))


def _scaled(bar, factor: float):
    return tuple(None if x is None else factor * x for x in bar)


def _sum(x, y):
    """The sum of two arrays or of two tuples of them; None counts as zero."""
    if x is None or y is None:
        return y if x is None else x
    return tuple(_sum(a, b) for a, b in zip(x, y)) if isinstance(x, tuple) else x + y


INTEGRATORS: dict[str, Integrator] = {
    "semi_implicit_euler": Integrator(_semi_implicit_forward, _semi_implicit_backward, _semi_implicit_to_excitation),
    "heun": _explicit((0.0, 1.0), (1 / 2, 1 / 2)),
    "rk4": _explicit((0.0, 1 / 2, 1 / 2, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
    "euler": _explicit((0.0,), (1.0,)),
}
