"""What goes on inside an arm, part by part: the terms of the equations in `physics`, as arrays (..., k)."""

from typing import Any, NamedTuple

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Symbolic
from armfa.compiled.program import beside
from armfa.plant import physics
from armfa.plant.arm import Arm, ArmState
from armfa.plant.kinematics import known, two
from armfa.plant.physics import RowLoads, Rows
from armfa.plant.simulator import NO_LOADS, Loads, fitted
from armfa.plant.traced import mapped


class Inside(NamedTuple):
    """What the muscles of an arm do in one state, and the torques they make."""

    muscle_length: Array  # (..., n) L0, optimal lengths
    muscle_velocity: Array  # (..., n) L0/s, lengthening positive
    moment_arm: Array  # (..., 2, n) m, flexion positive
    tension: Array  # (..., n) N
    activation: Array  # (..., n)
    joint_torque: Array  # (..., 2) N m, of the muscles, flexion positive


def inside(arm: Arm, state: ArmState) -> Inside:
    """All of `Inside` at once: what a recording of muscles would show.

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).

    Returns
    -------
    Inside
        Lengths, velocities, moment arms, tensions, activations, and the muscles' torques.
    """
    columns, rows = _rows(arm, state)
    m = physics.muscles(columns, rows)
    arms = namespace(state.joint_angle).stack([_outside(r + 0 * m.tension) for r in m.moment_arms], axis=-2)
    torque = _packed(physics.muscle_torque(m))
    outer = (_outside(m.length), _outside(m.velocity), arms, _outside(m.tension), _outside(1.0 * rows.a))
    return Inside(*outer, torque)


def muscle_length(arm: Arm, joint_angle: Array) -> Array:
    """Length of each muscle, in its optimal length L0 (`arm.geometry.reference_length`, m).

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., n)
        L0.
    """
    return inside(arm, _still(arm, joint_angle)).muscle_length


def moment_arm(arm: Arm, joint_angle: Array) -> Array:
    """Moment arms R = -d(length in m)/d(joint angle), flexion positive.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2, n)
        m; one row per joint.
    """
    return inside(arm, _still(arm, joint_angle)).moment_arm


def muscle_velocity(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Lengthening velocity of each muscle: d(length)/dq qd.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.
    joint_velocity : Array (..., 2)
        rad/s.

    Returns
    -------
    Array (..., n)
        L0/s, lengthening positive.
    """
    return inside(arm, _still(arm, joint_angle)._replace(joint_velocity=joint_velocity)).muscle_velocity


def muscle_force(arm: Arm, length: Array, velocity: Array, activation: Array) -> Array:
    """Tension of each muscle, from its curves alone: T = Fmax curve(l, v, a).

    Parameters
    ----------
    arm : Arm
        Its constants.
    length : Array (..., n)
        L0.
    velocity : Array (..., n)
        L0/s, lengthening positive.
    activation : Array (..., n)
        0 to 1.

    Returns
    -------
    Array (..., n)
        N, pulling positive.
    """
    n = known(arm).n_muscles
    velocity, activation = fitted(velocity, length, n, "velocity"), fitted(activation, length, n, "activation")
    columns, (l, v, a) = columns_beside(arm, length), (_first(x) for x in (length, velocity, activation))
    return _outside(columns.max_force * columns.curves.tension(l, v, a))


def activation_rate(arm: Arm, activation: Array, excitation: Array) -> Array:
    """Rate of change of the activation.

    Parameters
    ----------
    arm : Arm
        Its constants.
    activation : Array (..., n)
        0 to 1.
    excitation : Array (..., n)
        Commands to the muscles, in `arm.excitation_range`.

    Returns
    -------
    Array (..., n)
        1/s.

    Raises
    ------
    ValueError
        For an arm with static muscles, which have none.
    """
    if known(arm).activation_dynamics is None:
        raise ValueError(f"{arm.name!r} has static muscles: activation is the excitation and has no rate")
    excitation = fitted(excitation, activation, arm.n_muscles, "excitation")
    dynamics: Any = columns_beside(arm, activation).activation_dynamics
    return _outside(dynamics.rate(_first(activation), _first(excitation)))


def inertia(arm: Arm, joint_angle: Array) -> Array:
    """Inertia matrix M(q) = [[a1 + 2 a2 c2, a3 + a2 c2], [a3 + a2 c2, a3]], c2 = cos q2.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2, 2)
        kg m^2.
    """
    xp = namespace(joint_angle)
    m11, m12, m22 = physics.inertia(known(arm), two(joint_angle)[1])
    return xp.stack((xp.stack((m11, m12), axis=-1), xp.stack((m12, m22 + 0 * m12), axis=-1)), axis=-2)


def coriolis(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Velocity-dependent torque h(q, qd) = a2 sin q2 [-qd2 (2 qd1 + qd2), qd1^2].

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.
    joint_velocity : Array (..., 2)
        rad/s.

    Returns
    -------
    Array (..., 2)
        N m.
    """
    return _packed(physics.coriolis(known(arm), Rows(*two(joint_angle), *two(joint_velocity), None)))


def friction_torque(arm: Arm, joint_velocity: Array) -> Array:
    """Torque of joint friction: -B qd.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_velocity : Array (..., 2)
        rad/s.

    Returns
    -------
    Array (..., 2)
        N m.
    """
    return -_packed(physics.friction(known(arm), *two(joint_velocity)))


def limit_torque(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Torque of the soft joint limits; zero for an arm without limits.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.
    joint_velocity : Array (..., 2)
        rad/s.

    Returns
    -------
    Array (..., 2)
        N m.
    """
    t1, t2 = physics.limit_torque(known(arm), Rows(*two(joint_angle), *two(joint_velocity), None))
    zero = 0 * joint_angle[..., 0]
    return _packed((t1 + zero, t2 + zero))


def gravity_torque(arm: Arm, joint_angle: Array) -> Array:
    """Torque of gravity on the joints; zero for an arm in a horizontal plane.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2)
        N m, flexion positive.
    """
    t1, t2 = physics.gravity_torque(known(arm), *two(joint_angle))
    zero = 0 * joint_angle[..., 0]
    return _packed((t1 + zero, t2 + zero))


def muscle_torque(arm: Arm, state: ArmState) -> Array:
    """Torque of the muscles at each joint, flexion positive: R(q) T(l, v, a).

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).

    Returns
    -------
    Array (..., 2)
        N m.
    """
    return inside(arm, state).joint_torque


def hand_force(arm: Arm, state: ArmState) -> Array:
    """Force with which a hand that is held presses: F = J^-T (R T + limits + gravity), at rest.

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).

    Returns
    -------
    Array (..., 2)
        N; infinite where the elbow is straight.
    """
    angle: Any = state.joint_angle
    if isinstance(state.joint_angle, Symbolic):
        columns, rows = arm, Rows(*two(angle), *two(0.0 * angle), state.activation)
    else:
        angle = angle + 0.0 * state.activation[..., :1]  # as complex as the activation is
        columns, rows = _rows(arm, ArmState(angle, 0.0 * angle, state.activation))
    (m1, m2), (t1, t2) = physics.muscle_torque(physics.muscles(columns, rows)), physics.limit_torque(columns, rows)
    (jx1, jx2), (jy1, jy2) = physics.hand_jacobian(columns, *two(angle))
    g1, g2 = physics.gravity_torque(columns, *two(angle))
    t1, t2, det = m1 + t1 + g1, m2 + t2 + g2, jx1 * jy2 - jx2 * jy1
    return namespace(angle).stack([(jy2 * t1 - jy1 * t2) / det, (jx1 * t2 - jx2 * t1) / det], axis=-1)


def joint_torque(arm: Arm, state: ArmState) -> Array:
    """Torque of muscles, friction, limits and gravity on each joint.

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).

    Returns
    -------
    Array (..., 2)
        N m.
    """
    q, w, _ = state
    return muscle_torque(arm, state) + friction_torque(arm, w) + limit_torque(arm, q, w) + gravity_torque(arm, q)


def joint_acceleration(arm: Arm, state: ArmState, loads: Loads = NO_LOADS) -> Array:
    """Acceleration of the joints: M^-1 (muscles + friction + limits + loads + gravity - h).

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).
    loads : Loads
        What acts from outside: N on the hand, N m on the joints.

    Returns
    -------
    Array (..., 2)
        rad/s^2.
    """
    columns, rows = _rows(arm, state)
    names = zip(Loads._fields, loads)
    given = [None if load is None else two(fitted(load, state.joint_angle, 2, name)) for name, load in names]
    return _packed(physics.acceleration(columns, rows, RowLoads(*given)))


def state_rate(arm: Arm, state: ArmState, excitation: Array) -> ArmState:
    """Rate of change of the state; static muscles pull with the excitation.

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).
    excitation : Array (..., n)
        Commands to the muscles, in `arm.excitation_range`.

    Returns
    -------
    ArmState
        Per second.
    """
    q, n = state.joint_angle, known(arm).n_muscles
    excitation = fitted(excitation, q, n, "excitation")
    if arm.activation_dynamics is None:
        return ArmState(
            state.joint_velocity, joint_acceleration(arm, state._replace(activation=excitation)), 0 * excitation
        )
    activation = fitted(state.activation, q, n, "activation")
    return ArmState(state.joint_velocity, joint_acceleration(arm, state), activation_rate(arm, activation, excitation))


def kinetic_energy(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Energy of motion: qd^T M qd / 2.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.
    joint_velocity : Array (..., 2)
        rad/s.

    Returns
    -------
    Array (...)
        J.
    """
    m, (w1, w2) = inertia(arm, joint_angle), two(joint_velocity)
    return 0.5 * (m[..., 0, 0] * w1 * w1 + 2 * m[..., 0, 1] * w1 * w2 + m[..., 1, 1] * w2 * w2)


def _still(arm: Arm, joint_angle: Array) -> ArmState:
    """Silent muscles at these angles, without motion."""
    two(joint_angle)
    silent = namespace(joint_angle).zeros_like(joint_angle[..., :1])
    return ArmState(
        joint_angle, 0 * joint_angle, fitted(silent * _zeros(known(arm), silent), joint_angle, arm.n_muscles, "")
    )


def _zeros(arm: Arm, like: Array) -> Array:
    return namespace(like).zeros((arm.n_muscles,), dtype=like.dtype)


def _rows(arm: Arm, state: ArmState) -> tuple[Arm, Rows]:
    """The arm's constants as columns, and the state as rows."""
    q, n = state.joint_angle, known(arm).n_muscles
    pairs = two(q), two(fitted(state.joint_velocity, q, 2, "joint_velocity"))
    return columns_beside(arm, q), Rows(*pairs[0], *pairs[1], _first(fitted(state.activation, q, n, "activation")))


def columns_beside(arm: Arm, like: Array) -> Arm:
    """The arm with its constants ready to meet rows of arrays like this: numbers, and columns of one per muscle."""
    return mapped(arm, lambda place, value, per_muscle: beside(value, per_muscle, like))


def _first(x: Array) -> Array:
    """Components first, (..., k) -> (k, ...)."""
    return namespace(x).moveaxis(x, -1, 0)


def _outside(x: Array) -> Array:
    """Components last, (k, ...) -> (..., k)."""
    return namespace(x).moveaxis(x, 0, -1)


def _packed(pair: physics.Pair) -> Array:
    return namespace(*pair).stack(pair, axis=-1)
