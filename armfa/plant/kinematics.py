"""Where the hand is and how it moves, as functions of the joints; and the way back. Arrays (..., 2) of any library."""

import math

from armfa.arrays import Array, namespace
from armfa.plant.arm import Arm
from armfa.plant.physics import Rows, elbow_place, hand_jacobian, hand_motion, hand_place


def elbow_position(arm: Arm, joint_angle: Array) -> Array:
    """Position of the elbow: l1 (cos q1, sin q1), the shoulder at the origin.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2)
        m.
    """
    q1, _ = two(joint_angle)
    return namespace(joint_angle).stack(elbow_place(known(arm), q1), axis=-1)


def hand_position(arm: Arm, joint_angle: Array) -> Array:
    """Position of the hand: l1 (cos q1, sin q1) + l2 (cos(q1 + q2), sin(q1 + q2)).

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2)
        m from the shoulder.
    """
    return namespace(joint_angle).stack(hand_place(known(arm), *two(joint_angle)), axis=-1)


def hand_velocity(arm: Arm, joint_angle: Array, joint_velocity: Array) -> Array:
    """Velocity of the hand: J(q) qd.

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
        m/s.
    """
    s = Rows(*two(joint_angle), *two(joint_velocity), None)
    return namespace(joint_angle, joint_velocity).stack(hand_motion(known(arm), s), axis=-1)


def jacobian(arm: Arm, joint_angle: Array) -> Array:
    """Jacobian J = d hand position / d joint angle.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2)
        rad: shoulder from the x axis, elbow relative to the upper arm.

    Returns
    -------
    Array (..., 2, 2)
        m/rad; rows x and y, columns shoulder and elbow.
    """
    xp = namespace(joint_angle)
    return xp.stack([xp.stack(row, axis=-1) for row in hand_jacobian(known(arm), *two(joint_angle))], axis=-2)


def inverse_kinematics(arm: Arm, hand: Array, *, clip: bool = False) -> Array:
    """Joint angles that place the hand, elbow flexed (q2 in [0, pi], q1 in [-pi, pi)).

    cos q2 = (r^2 - l1^2 - l2^2)/(2 l1 l2),  q1 = atan2(y, x) - atan2(l2 sin q2, l1 + l2 cos q2)

    Parameters
    ----------
    arm : Arm
        Its constants.
    hand : Array (..., 2)
        m. Joint limits are not looked at.
    clip : bool
        Brings a point out of reach to the nearest one in reach, which is else refused.

    Returns
    -------
    Array (..., 2)
        rad.

    Raises
    ------
    ValueError
        For a hand out of reach, unless `clip`.
    """
    xp, (l1, l2), (x, y) = namespace(hand), known(arm).skeleton.length, two(hand)
    c2 = (x * x + y * y - (l1 * l1 + l2 * l2)) * (1.0 / (2.0 * l1 * l2))
    if not clip:
        _refuse_out_of_reach(arm, xp, c2)
    one = xp.ones_like(c2)
    c2 = xp.minimum(xp.maximum(c2, -one), one)
    q2 = xp.acos(c2)
    q1 = xp.atan2(y, x) - xp.atan2(l2 * xp.sin(q2), l1 + l2 * c2)
    return xp.stack((xp.remainder(q1 + math.pi, 2.0 * math.pi) - math.pi, q2), axis=-1)


def two(x: Array) -> tuple[Array, Array]:
    """The two numbers on the last axis of an array of real or complex numbers."""
    xp = namespace(x)
    if not hasattr(x, "shape"):
        raise TypeError(f"expected arrays of NumPy, JAX or torch, got {type(x).__name__}")
    if len(x.shape) == 0 or x.shape[-1] != 2:
        raise ValueError(f"expected two numbers on the last axis, got shape {tuple(x.shape)}")
    dtype = getattr(x, "dtype", None)
    real = getattr(dtype, "kind", "") in ("f", "c")  # NumPy's `isdtype` takes 2 us
    if dtype is not None and not real and not xp.isdtype(dtype, ("real floating", "complex floating")):
        raise TypeError(
            f"expected angles and velocities of a floating dtype, got {dtype}; pass float64 or float32 arrays"
        )
    return x[..., 0], x[..., 1]


def known(arm: Arm) -> Arm:
    """The arm; anything else is refused."""
    if not isinstance(arm, Arm):
        raise TypeError(f"expected an Arm, as make_arm(...) makes them, got {arm!r}")
    return arm


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
