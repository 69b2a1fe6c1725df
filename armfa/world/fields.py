"""What a laboratory does to a reaching arm: force fields, channels, pulses, a rotated hand, a target that jumps.

All of it combines with any task. A trial's `condition` scales it: 1 in full, 0 nothing, -1 reversed; a channel acts
where the trial's `channel` is 1.
"""

import dataclasses
import math
from typing import Annotated, Any, Literal

from armfa.arrays import Array, cos, namespace, sin, where
from armfa.plant import Loads, Simulator, hand_position, hand_velocity, physics
from armfa.plant.constants import Constants, Matrix, Pair, not_negative, number, positive
from armfa.tasks.clock import began
from armfa.tasks.task import Moment, one_of
from armfa.tasks.vectors import length

SHADMEHR_MUSSA_IVALDI = ((-10.1, -11.2), (-11.2, 11.1))
"""N s/m: the field of Shadmehr & Mussa-Ivaldi 1994, J Neurosci 14:3208, eq. 1 [V2: public code]; a `field_matrix`."""


@dataclasses.dataclass(frozen=True)
class Fields(Constants):
    """What acts on the arm and on what is seen of it; nothing by default. Each field is a keyword of environments.

    Raises
    ------
    ValueError
        For a named field beside a `field_matrix`, and for a target that jumps without one moment at which it does.
    """

    field: Literal["curl", "viscous"] | None = None
    """"curl": F = b (v_y, -v_x), across the hand's velocity; "viscous": F = -b v."""
    # 13 to 15 N s/m are in use for curl fields [V1]
    field_strength: Annotated[float, number("N s/m")] = 13.0
    """b of a named field, N s/m (of joints: N m s/rad)."""
    field_matrix: Annotated[Matrix | None, number("N s/m")] = None
    """2 x 2, any other field: F = B v, N s/m (of joints: N m s/rad)."""
    field_stiffness: Annotated[Matrix | None, number("N/m")] = None
    """2 x 2, F = K (x - start), N/m (of joints: N m/rad); positive drives away."""
    field_space: Literal["hand", "joint"] = "hand"
    """"joint": torques, from joint velocities and angles."""
    channel: bool = False
    """True: walls along the line from start to goal, in the trials that say so."""
    # 2000 to 6000 N/m and 25 to 50 N s/m are in use [M, from memory; channels: Scheidt et al. 2000]
    channel_stiffness: Annotated[float, positive("N/m")] = 6000.0
    """N/m."""
    channel_damping: Annotated[float, not_negative("N s/m")] = 50.0
    """N s/m."""
    pulse_force: Annotated[Pair | None, number("N")] = None
    """(x, y), N, on the hand, for a while."""
    pulse_torque: Annotated[Pair | None, number("N m")] = None
    """(shoulder, elbow), N m, for a while."""
    pulse_onset: Annotated[float, not_negative("s")] = 0.0
    """s after the go, or in tasks without one after the start."""
    pulse_duration: Annotated[float | None, positive("s")] = None
    """s; None: it stays."""
    rotation: Annotated[float | None, number("degrees")] = None
    """degrees, counter-clockwise, by which the hand is seen turned about its start."""
    target_jump: Annotated[Pair | None, number("m")] = None
    """(x, y), m, by which the target jumps."""
    jump_time: Annotated[float | None, not_negative("s")] = None
    """s after the go, or in tasks without one after the start."""
    jump_distance: Annotated[float | None, positive("m")] = None
    """m from the start, in place of `jump_time`."""

    def __post_init__(self) -> None:
        """Refuses what cannot be combined."""
        super().__post_init__()
        one_of("field", self.field, None, "curl", "viscous")
        one_of("field_space", self.field_space, "hand", "joint")
        one_of("channel", self.channel, True, False)
        if self.field is not None and self.field_matrix is not None:
            raise ValueError(f"expected a named field or a field_matrix, got both: {self.field!r}, {self.field_matrix}")
        moments = (self.jump_time is not None) + (self.jump_distance is not None)
        if moments != (self.target_jump is not None):
            raise ValueError(
                "expected target_jump with either jump_time or jump_distance, "
                f"got {self.target_jump}, {self.jump_time} and {self.jump_distance}"
            )
        if self.rotation == 0.0:
            object.__setattr__(self, "rotation", None)

    @property
    def pulse(self) -> bool:
        """Whether there is a pulse."""
        return self.pulse_force is not None or self.pulse_torque is not None

    @property
    def anything(self) -> bool:
        """Whether there is anything that a trial's condition scales."""
        field = (self.field, self.field_matrix, self.field_stiffness, self.rotation, self.target_jump)
        return self.pulse or any(x is not None for x in field)


NOTHING = Fields()
"""No load, and all is seen where it is."""


def field_load(fields: Fields, simulator: Simulator, moment: Moment) -> Loads:
    """Force or torque of the field on a moving arm: condition (B v + K (x - start))."""
    (q, w, _), start = moment.arm, moment.trial.start.joint_angle
    push = None
    viscosity: Any = fields.field_matrix
    if fields.field is not None:
        b = fields.field_strength
        viscosity = ((0.0, b), (-b, 0.0)) if fields.field == "curl" else ((-b, 0.0), (0.0, -b))
    if viscosity is not None:
        push = _times(viscosity, w if fields.field_space == "joint" else hand_velocity(simulator.arm, q, w))
    if fields.field_stiffness is not None:
        by_hand = fields.field_space == "hand"
        place, first = (hand_position(simulator.arm, x) if by_hand else x for x in (q, start))
        spring = _times(fields.field_stiffness, place - first)
        push = spring if push is None else push + spring
    if push is None:
        return Loads()
    push = moment.trial.condition[..., None] * push
    return Loads(joint_torque=push) if fields.field_space == "joint" else Loads(hand_force=push)


def pulse_load(fields: Fields, simulator: Simulator, moment: Moment) -> Loads:
    """Force and torque of the pulse, while it lasts."""
    if not fields.pulse:
        return Loads()
    onset, none = moment.trial.onset + fields.pulse_onset, 0.0 * moment.steps
    size = where(began(simulator, moment, onset), moment.trial.condition, none)
    if fields.pulse_duration is not None:
        size = where(began(simulator, moment, onset + fields.pulse_duration), none, size)
    return Loads(*(None if x is None else _scaled(x, size) for x in (fields.pulse_force, fields.pulse_torque)))


def together(*loads: Loads) -> Loads:
    """All loads at once."""
    sums: list[Any] = [None, None]
    for load in loads:
        sums = [x if y is None else y if x is None else x + y for x, y in zip(sums, load)]
    return Loads(*sums)


def channel_force(
    fields: Fields, simulator: Simulator, moment: Moment, line: tuple[Array, Array], command: Array, load: Loads
) -> Array:
    """Force of the walls on the hand (...,), N, along the normal of the line, for the next step.

        F = -(k (y + dt v) + c v),   v = v_free + dt (n^T J M^-1 J^T n) F

    y is the hand's distance to the left of the line, v_free its velocity away from the line after a step without
    walls. F is that of the step's end, solved for: explicit walls this stiff throw a light arm off.

    line : a point on it (..., 2), m, and its unit normal (..., 2).
    """
    arm, (q, _, _), (point, normal), dt = simulator.arm, moment.arm, line, simulator.dt
    free = simulator.step(moment.arm, command, load)
    (jx1, jx2), (jy1, jy2) = physics.hand_jacobian(arm, q[..., 0], q[..., 1])
    nx, ny = normal[..., 0], normal[..., 1]
    j1, j2 = jx1 * nx + jy1 * ny, jx2 * nx + jy2 * ny  # J^T n
    a1, a2 = physics.solved(physics.inertia(arm, q[..., 1]), (j1, j2))
    away = j1 * free.joint_velocity[..., 0] + j2 * free.joint_velocity[..., 1]
    k, c = fields.channel_stiffness, fields.channel_damping
    y = ((hand_position(arm, q) - point) * normal).sum(-1)
    return -(k * (y + dt * away) + c * away) / (1.0 + dt * (k * dt + c) * (j1 * a1 + j2 * a2))


def line_between(point: Array, goal: Array) -> tuple[Array, Array]:
    """The point, and the unit normal to the left of the way to the goal (..., 2); 0 where there is no way."""
    way = goal - point
    size = length(way)
    there = size > 0.0
    by = where(there, 1.0 / where(there, size, 1.0), 0.0 * size)
    return point, namespace(way).stack([-way[..., 1] * by, way[..., 0] * by], axis=-1)


def rotated(degrees: Any, condition: Array, point: Array, center: Array | None = None) -> Array:
    """A point (..., 2) turned about the centre by condition times these degrees, counter-clockwise."""
    turn = condition * (degrees * (math.pi / 180.0))
    c, s = cos(turn), sin(turn)
    off = point if center is None else point - center
    x, y = off[..., 0], off[..., 1]
    off = namespace(point).stack([c * x - s * y, s * x + c * y], axis=-1)
    return off if center is None else center + off


def _times(matrix: Any, x: Array) -> Array:
    """A matrix of numbers times vectors (..., 2)."""
    (a, b), (c, d) = matrix
    x1, x2 = x[..., 0], x[..., 1]
    return namespace(x).stack([a * x1 + b * x2, c * x1 + d * x2], axis=-1)


def _scaled(pair: Any, size: Array) -> Array:
    """A pair of numbers times (...,)."""
    return namespace(size).stack([pair[0] * size, pair[1] * size], axis=-1)
