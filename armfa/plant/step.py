"""One control step of an arm, or of many arms at once, and the step's adjoint."""

from collections.abc import Callable
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.plant.arm import Arm, ArmState
from armfa.plant.body import Body, body_of, fitted
from armfa.plant.integrators import INTEGRATORS, Integrator, Loads

NO_LOADS = Loads()


def step(
    arm: Arm,
    state: ArmState,
    excitation: Array,
    dt: float,
    *,
    integrator: str = "semi_implicit_euler",
    hand_force: Array | None = None,
    joint_torque: Array | None = None,
) -> ArmState:
    """The state one time step later, excitation and loads held.

    excitation : Array (..., n), within `arm.excitation_range`; the same leading axes as the state, or fewer.
    dt : s.
    integrator : "semi_implicit_euler" (activation, then velocity, then angle), "heun", "rk4" or "euler".
    hand_force : Array (..., 2), N on the hand.   joint_torque : Array (..., 2), N m.
    """
    method = method_for(arm, integrator)
    body, rows, excitation, u, loads = enter(arm, state, excitation, hand_force, joint_torque)
    following, _ = method.forward(body, rows, u, plain_number(dt), loads)
    return leave(body, following, excitation)


def rollout(arm: Arm, state: ArmState, excitations: Array, dt: float, **options: Any) -> ArmState:
    """The states from the first to the one after the last excitation, with a leading axis of time + 1.

    excitations : Array (time, ..., n).   options : those of `step`; loads are held throughout.
    """
    states = [state]
    for excitation in excitations:
        states.append(step(arm, states[-1], excitation, dt, **options))
    xp = body_of(arm, state.joint_angle).ops.xp
    return ArmState(*(xp.stack(tuple(parts)) for parts in zip(*states)))


def step_vjp(
    arm: Arm,
    state: ArmState,
    excitation: Array,
    dt: float,
    *,
    integrator: str = "semi_implicit_euler",
    hand_force: Array | None = None,
    joint_torque: Array | None = None,
) -> tuple[ArmState, Callable[[ArmState], tuple[Any, ...]]]:
    """The next state, and the function that takes derivatives of a scalar back through the step.

    `pullback(bar)`, with `bar` the derivative by the next state as an `ArmState`, returns the derivatives by state and
    by excitation, followed by hand force and joint torque where those were given. Written by hand, on the step's own
    intermediates: no automatic differentiation, and the next state has the bits that `step` gives.
    """
    method = method_for(arm, integrator)
    body, rows, excitation, u, loads = enter(arm, state, excitation, hand_force, joint_torque)
    dt = plain_number(dt)
    following, tape = method.forward(body, rows, u, dt, loads)

    def pullback(bar: ArmState) -> tuple[Any, ...]:
        bars = method.backward(body, tape, dt, enter_rows(body, bar))
        q1, q2, w1, w2, a = bars.state
        pack, back = body.ops.pack, body.ops.columns_last
        u_bar = back(bars.excitation)
        a_bar = body.ops.xp.zeros_like(u_bar) if a is None else back(a)
        loads_bar = tuple(pack(*load) for load in (bars.hand_force, bars.joint_torque) if load is not None)
        return ArmState(pack(q1, q2), pack(w1, w2), a_bar), u_bar, *loads_bar

    return leave(body, following, excitation), pullback


def method_for(arm: Arm, integrator: str) -> Integrator:
    """The integrator of that name, unless with this arm its one-step gradient would be zero."""
    method = INTEGRATORS.get(integrator)
    if method is None:
        raise ValueError(f"expected integrator to be one of {', '.join(INTEGRATORS)}, got {integrator!r}")
    if integrator == "euler" and arm.activation_dynamics is not None and not arm.published_with_euler:
        raise ValueError(zero_gradient_message(arm))
    return method


def zero_gradient_message(arm: Arm) -> str:
    """Why explicit Euler and activation dynamics do not go together, and what to use instead."""
    return (
        f"integrator='euler' with the activation dynamics of {arm.name!r} has an exactly zero one-step gradient: "
        "excitation changes only the activation, and the velocity is moved by the activation from before the step, so "
        "d(hand velocity)/d(excitation) = 0 and nothing can learn. Use integrator='semi_implicit_euler' (or 'heun', "
        "'rk4'), or static muscles: make_arm(..., activation='static')"
    )


def unstable_message(arm: Arm, dt: float, integrator: str) -> str:
    """What to do about a state that is no longer finite."""
    return (
        f"the state of {arm.name!r} is no longer finite after a step of dt={dt:g} s with {integrator}: "
        "choose a smaller dt, or integrator='rk4'"
    )


# the door: components last outside, components first inside


def enter(arm: Arm, state: ArmState, excitation: Array, hand_force: Array | None, joint_torque: Array | None):
    """Body, rows of the state, the excitation in the state's shape and dtype, its rows, rows of the loads."""
    q, w, a = state
    body = body_of(arm, q)
    ops = body.ops
    if a.ndim != q.ndim:
        a = fitted(body, a, q, body.n_muscles, "activation")
    if getattr(excitation, "shape", None) != a.shape or excitation.dtype != q.dtype:
        excitation = fitted(body, excitation, q, body.n_muscles, "excitation")
    loads = NO_LOADS
    if hand_force is not None or joint_torque is not None:
        loads = Loads(_load(body, hand_force, q, "hand_force"), _load(body, joint_torque, q, "joint_torque"))
    u = ops.rows(excitation)
    rows = (*ops.both(q), *ops.both(w), u if body.static else ops.rows(a))
    return body, rows, excitation, u, loads


def enter_rows(body: Body, state: ArmState):
    """The five rows of a state (or of derivatives by a state)."""
    ops = body.ops
    return (*ops.both(state.joint_angle), *ops.both(state.joint_velocity), ops.rows(state.activation))


def leave(body: Body, rows, excitation: Array) -> ArmState:
    """Rows -> state. Static muscles remember the excitation."""
    q1, q2, w1, w2, a = rows
    ops = body.ops
    return ArmState(ops.pack(q1, q2), ops.pack(w1, w2), excitation if body.static else ops.columns_last(a))


def plain_number(dt: float) -> float:
    """A NumPy scalar as a Python float (it would turn float32 into float64); anything else as it is."""
    return dt if type(dt) is float or not isinstance(dt, np.generic) else float(dt)


def _load(body: Body, load: Array | None, q: Array, name: str):
    if load is None:
        return None
    return body.ops.both(fitted(body, load, q, 2, name))
