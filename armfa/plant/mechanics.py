"""Torque, acceleration and energy of an arm, part by part: what `step` puts together."""

from armfa.arrays import Array
from armfa.plant.arm import Arm, ArmState
from armfa.plant.body import body_of, fitted
from armfa.plant.muscle_state import activation_rate, moment_arm, muscle_force, muscle_length, muscle_velocity
from armfa.plant.step import enter


def inertia(arm: Arm, joint_angle: Array) -> Array:
    """Inertia matrix M(q), (..., 2, 2) kg m^2: [[a1 + 2 a2 c2, a3 + a2 c2], [a3 + a2 c2, a3]], c2 = cos q2."""
    a1, a2, a3 = arm.skeleton.lumped_inertia
    xp, c2 = body_of(arm, joint_angle).ops.xp, body_of(arm, joint_angle).ops.xp.cos(joint_angle[..., 1])
    m12, m22 = a3 + a2 * c2, a3 + 0 * c2
    return xp.stack((xp.stack((a1 + 2 * a2 * c2, m12), axis=-1), xp.stack((m12, m22), axis=-1)), axis=-2)


def coriolis(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Velocity-dependent torque h(q, qd), (..., 2) N m: a2 sin q2 [-qd2 (2 qd1 + qd2), qd1^2]."""
    xp, w1, w2 = body_of(arm, joint_angle).ops.xp, joint_velocity[..., 0], joint_velocity[..., 1]
    s = arm.skeleton.lumped_inertia[1] * xp.sin(joint_angle[..., 1])
    return xp.stack((-s * w2 * (2 * w1 + w2), s * w1 * w1), axis=-1)


def friction_torque(arm: Arm, joint_velocity: Array) -> Array:
    """Torque of joint friction, (..., 2) N m: -B qd."""
    (b11, b12), (b21, b22) = arm.skeleton.friction
    xp, w1, w2 = body_of(arm, joint_velocity).ops.xp, joint_velocity[..., 0], joint_velocity[..., 1]
    return -xp.stack((b11 * w1 + b12 * w2, b21 * w1 + b22 * w2), axis=-1)


def limit_torque(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Torque of the soft joint limits, (..., 2) N m; zero for an arm without limits."""
    if arm.limits is None:
        return 0 * joint_angle
    ops = body_of(arm, joint_angle).ops
    pairs = [(arm.limits.bind(ops, joint)[0], joint) for joint in (0, 1)]
    q, w = ops.both(joint_angle), ops.both(joint_velocity)
    return ops.pack(*(torque(q[joint], w[joint])[0] for torque, joint in pairs))


def muscle_torque(arm: Arm, state: ArmState) -> Array:
    """Torque of the muscles at each joint, (..., 2) N m, flexion positive: R(q) T(l, v, a)."""
    q, w, a = state
    force = muscle_force(arm, muscle_length(arm, q), muscle_velocity(arm, q, w), a)
    return (moment_arm(arm, q) * force[..., None, :]).sum(-1)


def joint_torque(arm: Arm, state: ArmState) -> Array:
    """All torque that acts on the skeleton, (..., 2) N m: muscles, friction and limits."""
    q, w, _ = state
    return muscle_torque(arm, state) + friction_torque(arm, w) + limit_torque(arm, q, w)


def joint_acceleration(
    arm: Arm, state: ArmState, *, hand_force: Array | None = None, joint_torque: Array | None = None
) -> Array:
    """Acceleration of the joints, (..., 2) rad/s^2: M^-1 (muscles + friction + limits + loads - h).

    Loads as in `step`.
    """
    body, (q1, q2, w1, w2, _), a, _, loads = enter(arm, state, state.activation, hand_force, joint_torque)
    qdd1, qdd2, _ = body.acceleration(q1, q2, w1, w2, body.ops.rows(a), loads.hand_force, loads.joint_torque)
    return body.ops.pack(qdd1, qdd2)


def state_rate(arm: Arm, state: ArmState, excitation: Array) -> ArmState:
    """Rate of change of the state, as an `ArmState` per second; static muscles pull with the excitation."""
    body = body_of(arm, state.joint_angle)
    excitation = fitted(body, excitation, state.joint_angle, body.n_muscles, "excitation")
    activation = fitted(body, state.activation, state.joint_angle, body.n_muscles, "activation")
    state = state._replace(activation=excitation if body.static else activation)
    rate = 0 * excitation if body.static else activation_rate(arm, activation, excitation)
    return ArmState(state.joint_velocity, joint_acceleration(arm, state), rate)


def kinetic_energy(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Energy of motion, (...) J: qd^T M qd / 2."""
    m, w1, w2 = inertia(arm, joint_angle), joint_velocity[..., 0], joint_velocity[..., 1]
    return 0.5 * (m[..., 0, 0] * w1 * w1 + 2 * m[..., 0, 1] * w1 * w2 + m[..., 1, 1] * w2 * w2)
