"""Postures inside the workspace, away from the joints' stops."""

from armfa.arrays import Array, namespace
from armfa.plant import Arm


def random_posture(arm: Arm, uniform: Array) -> Array:
    """Joint angles spread evenly over `arm.joint_range`.

    Parameters
    ----------
    arm : Arm
        Its constants.
    uniform : Array (..., 2)
        Random numbers in [0, 1).

    Returns
    -------
    Array (..., 2)
        rad.
    """
    (low_1, high_1), (low_2, high_2) = arm.joint_range
    shoulder = low_1 + (high_1 - low_1) * uniform[..., 0]
    elbow = low_2 + (high_2 - low_2) * uniform[..., 1]
    return namespace(uniform).stack([shoulder, elbow], axis=-1)


def center_posture(arm: Arm, uniform: Array) -> Array:
    """The arm's centre posture for as many arms as `uniform` is for.

    Parameters
    ----------
    arm : Arm
        Its constants.
    uniform : Array (..., k)
        Its leading axes are the arms; its values are not looked at.

    Returns
    -------
    Array (..., 2)
        rad.
    """
    xp = namespace(uniform)
    center = xp.asarray(arm.center_posture, dtype=uniform.dtype)
    return xp.broadcast_to(center, (*uniform.shape[:-1], 2)) + 0.0 * center
