"""Desired hand velocities that close the loop around a controller that was trained on single steps."""

import numpy as np

from armfa.arrays import Array, at_least, at_most, made
from armfa.tasks.vectors import shortened


def velocity_toward(target: Array, hand: Array, *, gain: float = 6.0, max_speed: float = 0.5) -> Array:
    """Desired hand velocity toward a target, v* = gain (target - hand), shortened to what a hand does.

    Parameters
    ----------
    target : Array (..., 2)
        m.
    hand : Array (..., 2)
        m.
    gain : float
        1/s.
    max_speed : float
        m/s, the most that is asked for.

    Returns
    -------
    Array (..., 2)
        m/s.
    """
    return shortened(gain * (target - hand), max_speed)


def minimum_jerk(start: Array, end: Array, duration: float, t: Array | float) -> tuple[Array, Array]:
    """Position and velocity at time t of the straight movement with the least jerk.

    x = x0 + (x1 - x0)(10 s^3 - 15 s^4 + 6 s^5), s = t/T; at rest before 0 and after T.
    [Flash & Hogan 1985, J Neurosci 5:1688, eq. 3]

    Parameters
    ----------
    start : Array (..., 2)
        m.
    end : Array (..., 2)
        m.
    duration : float
        T, s.
    t : float or Array (...)
        s.

    Returns
    -------
    Array (..., 2)
        m.
    Array (..., 2)
        m/s.
    """
    way = end - start
    if isinstance(t, np.ndarray):
        t = made(t, way, way.dtype)
    s = (at_most(at_least(0.0 * way[..., 0] + t / duration, 0.0), 1.0))[..., None]  # (..., 1)
    position = start + way * (s * s * s * (10.0 + s * (6.0 * s - 15.0)))
    velocity = way * (30.0 / duration) * (s * s * (1.0 - s) * (1.0 - s))
    return position, velocity
