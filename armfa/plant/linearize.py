"""Derivatives of one step in closed form: no automatic differentiation.

Each row of a Jacobian is the hand-written adjoint of the step (`step_vjp`) applied to a unit vector, all rows at once.
"""

from collections.abc import Callable

from armfa.arrays import Array
from armfa.plant.arm import Arm, ArmState
from armfa.plant.body import body_of, fitted
from armfa.plant.integrators import Integrator
from armfa.plant.step import enter, method_for, plain_number, step_vjp, zero_gradient_message


def linearize(
    arm: Arm,
    state: ArmState,
    excitation: Array,
    dt: float,
    *,
    integrator: str = "semi_implicit_euler",
    hand_force: Array | None = None,
    joint_torque: Array | None = None,
) -> tuple[Array, Array]:
    """A = d next/d state (..., 4 + n, 4 + n) and B = d next/d excitation (..., 4 + n, n).

    State order: joint angles, joint velocities, activations. At a kink of a muscle curve, one of its two one-sided
    slopes. Arguments as in `step`.
    """
    xp, q = body_of(arm, state.joint_angle).ops.xp, state.joint_angle
    arguments = _one_more_axis(arm, state, excitation, hand_force, joint_torque)
    _, pullback = step_vjp(arm, *arguments[:2], dt, integrator=integrator, **arguments[2])
    size = 4 + arm.n_muscles
    unit = xp.broadcast_to(identity(xp, size, q), (*q.shape[:-1], size, size))
    by_state, by_excitation, *_ = pullback(ArmState(unit[..., :2], unit[..., 2:4], unit[..., 4:]))
    return xp.concat(tuple(by_state), axis=-1), by_excitation


def hand_velocity_vjp(
    arm: Arm,
    state: ArmState,
    excitation: Array,
    dt: float,
    *,
    integrator: str = "semi_implicit_euler",
    hand_force: Array | None = None,
    joint_torque: Array | None = None,
) -> tuple[Array, Callable[[Array], Array]]:
    """The hand's velocity after the step (..., 2), m/s, and the pullback of it to the excitation.

    `pullback(velocity_bar)` (..., 2) -> (..., n) is J_u^T velocity_bar, with J_u the `hand_velocity_jacobian`: what a
    gradient-based learner needs of the arm, at the cost of little more than the step. Arguments as in `step`.
    """
    method = _with_gradient(arm, integrator)
    body, rows, _, u, loads = enter(arm, state, excitation, hand_force, joint_torque)
    ops, dt = body.ops, plain_number(dt)
    (q1, q2, w1, w2, _), tape = method.forward(body, rows, u, dt, loads)
    x, y, x2, y2 = body.offsets(q1, q2)

    def pullback(velocity_bar: Array) -> Array:
        ex, ey = ops.both(velocity_bar)
        w1_bar, w2_bar = ey * x - ex * y, ey * x2 - ex * y2
        elbow = ex * x2 + ey * y2
        q1_bar, q2_bar = -(w1 * (ex * x + ey * y) + w2 * elbow), -((w1 + w2) * elbow)
        return ops.columns_last(method.to_excitation(body, tape, dt, (q1_bar, q2_bar, w1_bar, w2_bar)))

    return ops.pack(-(y * w1 + y2 * w2), x * w1 + x2 * w2), pullback


def hand_velocity_jacobian(
    arm: Arm,
    state: ArmState,
    excitation: Array,
    dt: float,
    *,
    integrator: str = "semi_implicit_euler",
    hand_force: Array | None = None,
    joint_torque: Array | None = None,
) -> Array:
    """J_u = d(hand velocity after the step)/d(excitation), (..., 2, n), m/s per unit.

    Refused with explicit Euler and activation dynamics, where it is exactly zero. Arguments as in `step`.
    """
    xp, q = body_of(arm, state.joint_angle).ops.xp, state.joint_angle
    arguments = _one_more_axis(arm, state, excitation, hand_force, joint_torque)
    _, pullback = hand_velocity_vjp(arm, *arguments[:2], dt, integrator=integrator, **arguments[2])
    return pullback(xp.broadcast_to(identity(xp, 2, q), (*q.shape[:-1], 2, 2)))


def identity(xp, size: int, like: Array) -> Array:
    """The unit matrix in the dtype (and on the device) of `like`."""
    return xp.eye(size, dtype=like.dtype, device=like.device if hasattr(like, "requires_grad") else None)


def _one_more_axis(arm: Arm, state: ArmState, excitation: Array, hand_force: Array | None, joint_torque: Array | None):
    """State, excitation and loads with an axis before the components, along which the rows of a Jacobian will run."""
    body, q = body_of(arm, state.joint_angle), state.joint_angle
    sizes = {
        "excitation": (excitation, arm.n_muscles),
        "hand_force": (hand_force, 2),
        "joint_torque": (joint_torque, 2),
    }
    given = {name: fitted(body, x, q, n, name)[..., None, :] for name, (x, n) in sizes.items() if x is not None}
    return ArmState(*(x[..., None, :] for x in state)), given.pop("excitation"), given


def _with_gradient(arm: Arm, integrator: str) -> Integrator:
    method = method_for(arm, integrator)
    if integrator == "euler" and arm.activation_dynamics is not None:
        raise ValueError(zero_gradient_message(arm))
    return method
