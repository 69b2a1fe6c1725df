"""An arm made ready for one array library: looked up once a step, neither hashing the arm nor converting constants."""

from typing import Any

import numpy as np

from armfa.arrays import Array, namespace
from armfa.plant.arm import Arm
from armfa.plant.dynamics import bind_acceleration, bind_inertia, bind_muscle_torque, bind_offsets
from armfa.plant.ops import Ops, ops_for

SMALL_BATCH = 512  # arms: up to here constants are spread over the batch, which small arrays gain from
MOST_BODIES = 64


class Body:
    """Constants as arrays of one library, dtype and number of axes; physics as closures over them."""

    def __init__(self, arm: Arm, ops: Ops):
        self.ops = ops
        self.n_muscles = arm.n_muscles
        self.static = arm.activation_dynamics is None
        self.acceleration, self.acceleration_pullback, self.activation_pullback = bind_acceleration(arm, ops)
        self.muscle_torque, self.solve_inertia = bind_muscle_torque(arm, ops)[0], bind_inertia(arm, ops)[1]
        self.offsets = bind_offsets(arm, ops)
        if arm.activation_dynamics is not None:
            self.activation_rate, self.activation_slopes = arm.activation_dynamics.bind(ops)


def body_of(arm: Arm, like: Array) -> Body:
    """The arm's body for arrays like `like`; made at the first call and kept with the arm."""
    key: Any
    batch = None
    if type(like) is np.ndarray:
        if like.ndim == 2 and len(like) <= SMALL_BATCH:
            batch = like.shape[:1]
        key = (like.dtype.char, like.ndim, batch)
    elif hasattr(like, "requires_grad"):
        key = ("torch", like.dtype, like.device, like.ndim)
    else:
        namespace(like)  # refuses lists
        key = (type(like).__module__.partition(".")[0], str(like.dtype), like.ndim)
    try:
        bodies = arm.__dict__["_bodies"]
    except (AttributeError, KeyError):
        raise TypeError(f"expected an Arm, as make_arm(...) makes them, got {arm!r}") from None
    body = bodies.get(key)
    if body is None:
        if len(bodies) >= MOST_BODIES:
            bodies.clear()
        body = bodies[key] = Body(arm, ops_for(like, batch))
    return body


def fitted(body: Body, x: Array, q: Array, size: int, name: str) -> Array:
    """`x` in the dtype and with the leading axes of `q`, the state's joint angles or another array of its own."""
    xp = body.ops.xp
    x = xp.asarray(x)
    x = x if x.dtype == q.dtype else body.ops.cast(x)
    expected = (*q.shape[:-1], size)
    if x.ndim == 0 or x.shape[-1] != size or x.ndim > q.ndim:
        raise ValueError(f"expected {name} of shape {expected}, got {tuple(x.shape)}")
    return x if tuple(x.shape) == expected else xp.broadcast_to(x, expected)
