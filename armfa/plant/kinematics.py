"""Where the hand is and how it moves, as functions of the joints; and the way back."""

import math

from armfa.arrays import Array
from armfa.plant.arm import Arm
from armfa.plant.body import body_of


def elbow_position(arm: Arm, joint_angle: Array) -> Array:
    """Position of the elbow, (..., 2) m: l1 (cos q1, sin q1), the shoulder at the origin."""
    ops = body_of(arm, joint_angle).ops
    l1, q1 = ops.number(arm.skeleton.length[0]), ops.both(joint_angle)[0]
    return ops.pack(l1 * ops.cos(q1), l1 * ops.sin(q1))


def hand_position(arm: Arm, joint_angle: Array) -> Array:
    """Position of the hand, (..., 2) m: l1 (cos q1, sin q1) + l2 (cos(q1 + q2), sin(q1 + q2)).

    joint_angle : Array (..., 2), rad.
    """
    body = body_of(arm, joint_angle)
    x, y, _, _ = body.offsets(*body.ops.both(joint_angle))
    return body.ops.pack(x, y)


def hand_velocity(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Velocity of the hand, (..., 2) m/s: J(q) qd.

    joint_angle, joint_velocity : Array (..., 2), rad and rad/s.
    """
    body = body_of(arm, joint_angle)
    x, y, x2, y2 = body.offsets(*body.ops.both(joint_angle))
    w1, w2 = body.ops.both(joint_velocity)
    return body.ops.pack(-(y * w1 + y2 * w2), x * w1 + x2 * w2)


def jacobian(arm: Arm, joint_angle: Array) -> Array:
    """J = d hand position / d joint angle, (..., 2, 2) m/rad; rows x and y, columns shoulder and elbow."""
    body = body_of(arm, joint_angle)
    ops = body.ops
    x, y, x2, y2 = body.offsets(*ops.both(joint_angle))
    return ops.xp.stack((ops.pack(-y, -y2), ops.pack(x, x2)), axis=-2)


def inverse_kinematics(arm: Arm, hand: Array, *, clip: bool = False) -> Array:
    """Joint angles (..., 2), rad, that place the hand, elbow flexed (q2 in [0, pi], q1 in [-pi, pi)).

    cos q2 = (r^2 - l1^2 - l2^2)/(2 l1 l2),  q1 = atan2(y, x) - atan2(l2 sin q2, l1 + l2 cos q2)

    hand : Array (..., 2), m. A point out of reach is refused, or with `clip` brought to the nearest one in reach.
    Joint limits are not looked at.
    """
    ops = body_of(arm, hand).ops
    xp = ops.xp
    l1, l2 = arm.skeleton.length
    x, y = ops.rows(hand)
    c2 = (x * x + y * y - (l1 * l1 + l2 * l2)) * (1.0 / (2.0 * l1 * l2))
    if not clip:
        _refuse_out_of_reach(arm, xp, c2)
    one = xp.ones_like(c2)
    c2 = xp.minimum(xp.maximum(c2, -one), one)
    q2 = xp.acos(c2)
    q1 = xp.atan2(y, x) - xp.atan2(l2 * xp.sin(q2), l1 + l2 * c2)
    return ops.pack(xp.remainder(q1 + math.pi, 2.0 * math.pi) - math.pi, q2)


def _refuse_out_of_reach(arm: Arm, xp, c2: Array) -> None:
    try:
        unreachable = bool(xp.any(xp.abs(c2) > 1.0 + 1e-6))
    except TypeError:  # inside a JAX trace the values are unknown; the answer there is the clipped one
        return
    if unreachable:
        l1, l2 = arm.skeleton.length
        raise ValueError(
            f"expected hand positions between {abs(l1 - l2):.3f} and {l1 + l2:.3f} m from the shoulder; "
            "pass clip=True to take the nearest point in reach"
        )
