"""Muscles as functions of an arm and its state: where they run, how they move, how hard they pull."""

from armfa.arrays import Array
from armfa.plant.arm import Arm
from armfa.plant.body import body_of, fitted


def muscle_length(arm: Arm, joint_angle: Array) -> Array:
    """Length of each muscle, (..., n), in its optimal length L0 (`arm.geometry.reference_length`, m).

    joint_angle : Array (..., 2), rad.
    """
    return _geometry(arm, joint_angle)[0]


def moment_arm(arm: Arm, joint_angle: Array) -> Array:
    """Moment arms R = -d(length in m)/d(joint angle), (..., 2, n) m, flexion positive."""
    _, slopes = _geometry(arm, joint_angle)
    ops = body_of(arm, joint_angle).ops
    scale = ops.columns_last(ops.column([-length for length in arm.geometry.reference_length]))[..., None, :]
    return scale * ops.xp.stack(slopes, axis=-2)


def muscle_velocity(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Lengthening velocity of each muscle, (..., n), L0/s: d(length)/dq qd."""
    _, (g1, g2) = _geometry(arm, joint_angle)
    return g1 * joint_velocity[..., :1] + g2 * joint_velocity[..., 1:]


def muscle_force(arm: Arm, length: Array, velocity: Array, activation: Array) -> Array:
    """Tension of each muscle, (..., n) N, pulling positive.

    length, velocity, activation : Array (..., n), in L0, L0/s (lengthening positive) and 0..1.
    """
    body = body_of(arm, length)
    ops = body.ops
    velocity = fitted(body, velocity, length, body.n_muscles, "velocity")
    activation = fitted(body, activation, length, body.n_muscles, "activation")
    tension, *_ = arm.curves.bind(ops)
    normalized, _ = tension(ops.rows(length), ops.rows(velocity), ops.rows(activation))
    return ops.columns_last(ops.column(arm.max_force) * normalized)


def activation_rate(arm: Arm, activation: Array, excitation: Array) -> Array:
    """Rate of change of the activation, (..., n) 1/s; static muscles have none and are refused."""
    body = body_of(arm, activation)
    if body.static:
        raise ValueError(f"{arm.name!r} has static muscles: activation is the excitation and has no rate")
    excitation = fitted(body, excitation, activation, body.n_muscles, "excitation")
    rate, _ = body.activation_rate(body.ops.rows(activation), body.ops.rows(excitation))
    return body.ops.columns_last(rate)


def _geometry(arm: Arm, joint_angle: Array) -> tuple[Array, tuple[Array, Array]]:
    """Lengths and their slopes by the two angles, each (..., n)."""
    ops = body_of(arm, joint_angle).ops
    lengths, _ = arm.geometry.bind(ops)
    l, g1, g2, _ = lengths(*ops.both(joint_angle))
    l, g1, g2 = (ops.as_array(numbers) for numbers in (l, g1, g2))
    return ops.columns_last(l), (ops.columns_last(g1 + 0 * l), ops.columns_last(g2 + 0 * l))
