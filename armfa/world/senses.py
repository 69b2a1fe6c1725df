"""What the senses tell, how late and how exactly; how exactly commands are carried out, and for how long.

Delays are whole steps of the simulator. What has been sensed waits in a line: the newest entry first, and the oldest is
what is told. Sensory noise comes in where a signal enters the line, so that telling is a pure function of the moment.
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from armfa.arrays import Array, at_least, at_most, namespace, sqrt
from armfa.compiled.graph import Symbolic, Vector, flat
from armfa.plant import Arm, ArmState, Simulator, inside, physics
from armfa.plant.constants import Constants, Pair, Triple, not_negative
from armfa.plant.physics import Rows
from armfa.plant.quantities import columns_beside
from armfa.tasks.task import Task, activation_bounds, joint_bounds, one_of

SPINDLE_VELOCITY = 0.3
"""Of a spindle: what 1 L0/s adds, where 1 L0 of stretch adds 1. A; the fit that `signal` names has 0.17 to 0.53."""
SPINDLE_BEND = 0.1
"""L0/s: below it the root of the velocity becomes a straight line, so that the slope at 0 is finite. A."""
MULTIPLE = 1e-6
"""steps: how far from a whole number of them a duration may be, which is what rounding leaves."""


class Sense(NamedTuple):
    """One thing that can be sensed."""

    visual: bool
    per_muscle: bool
    words: str
    bound: Triple | None = None  # lowest, highest, unit in which environments show it; None: the arm's or the task's


SENSES = {
    "joint_angle": Sense(False, False, "rad"),
    "joint_velocity": Sense(False, False, "rad/s"),
    "activation": Sense(False, True, "of the muscles, 0 to 1"),
    "hand": Sense(True, False, "as it is seen: m, or what the task compares with its goal"),
    "miss": Sense(True, False, "what is left to the goal as both are seen, goal less hand"),
    "muscle_length": Sense(False, True, "L0", (0.0, 4.0, 1.0)),
    "muscle_velocity": Sense(False, True, "L0/s, lengthening positive", (-32.0, 32.0, 4.0)),
    "spindle": Sense(False, True, "primary endings: stretch and a root of its rate", (-4.0, 4.0, 1.0)),
    "tendon_organ": Sense(False, True, "tension, of its maximum (katayama_kawato: N)", (-1024.0, 1024.0, 1.0)),
    "hand_force": Sense(False, False, "N, on the hand from outside in the last step", (-256.0, 256.0, 8.0)),
    "joint_torque": Sense(False, False, "N m, of the muscles", (-256.0, 256.0, 8.0)),
}
"""What can be sensed, by name."""


@dataclasses.dataclass(frozen=True)
class Senses(Constants):
    """Delays, noise and what is sensed; all at once and exact by default. Each field is a keyword of environments.

    Raises
    ------
    ValueError
        For a sense that there is not, noise below 0, and a `hold_action` below 1.
    """

    # about 0.02 and 0.09 s: latencies of muscles' responses [V1: Cross, Cluff, Takei & Scott 2019, abstract]
    proprioceptive_delay: Annotated[float, not_negative("s")] = 0.0
    """s, whole steps; about 0.02 in people."""
    visual_delay: Annotated[float, not_negative("s")] = 0.0
    """s, whole steps, of the hand as seen, the target and cues; about 0.09 in people."""
    sense: tuple[str, ...] | None = None
    """names of what is sensed, in order; None: what the task says."""
    sensory_noise: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    """standard deviation of each sense, by name, in its unit: `{"joint_angle": 0.01, "hand": 0.005}`."""
    # about 0.1: k_SDN = .103 [M, from memory: van Beers, Haggard & Wolpert 2004, J Neurophysiol 91:1050]
    motor_noise: Annotated[float | None, not_negative()] = 0.0
    """standard deviation as a share of the command, in each step; about 0.1."""
    constant_motor_noise: Annotated[float | None, not_negative()] = 0.0
    """standard deviation in excitation, in each step."""
    hold_action: int = 1
    """steps of `dt` in one step of the environment, the action held."""
    deterministic: bool = False
    """True: all noise off, whatever is asked for."""

    def __post_init__(self) -> None:
        """Brings noise into its form, and refuses names that no sense has."""
        super().__post_init__()
        change = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        for name in ("motor_noise", "constant_motor_noise"):
            change(name, getattr(self, name) or None)
        one_of("deterministic", self.deterministic, True, False)
        given: Any = self.sensory_noise
        if not isinstance(given, Mapping | tuple | list):
            raise ValueError(f"expected sensory_noise as a dict of standard deviations by name, got {given!r}")
        noise = sorted(dict(given).items())
        for name, sd in noise:
            _known("sensory_noise", name)
            if not isinstance(sd, int | float) or isinstance(sd, bool) or not 0.0 <= sd < float("inf"):
                raise ValueError(f"expected sensory_noise[{name!r}] of at least 0, {SENSES[name].words}, got {sd!r}")
        change("sensory_noise", tuple((name, float(sd)) for name, sd in noise if sd))
        if self.sense is not None:
            names = (self.sense,) if isinstance(self.sense, str) else tuple(self.sense)
            for name in names:
                _known("sense", name)
            if len(set(names)) < len(names) or not names:
                raise ValueError(f"expected each sense once, and at least one, got {names}")
            change("sense", names)
        steps = self.hold_action
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ValueError(f"expected hold_action as a whole number of at least 1, got {steps!r}")


EXACT = Senses()
"""All at once and exact."""


class Line(NamedTuple):
    """What has been sensed and waits to be told, the newest first; () where a sense tells at once."""

    body: Any = ()  # (..., delay + 1, k)
    sight: Any = ()  # (..., delay + 1, k)
    jumped: Any = ()  # (...,) 1 once the target has jumped, where it jumps at a distance


def whole_steps(name: str, duration: float, dt: float) -> int:
    """A duration (s) in steps, exactly."""
    if duration == 0.0:
        return 0
    steps = round(duration / dt)
    if abs(duration / dt - steps) > MULTIPLE:
        near = " or ".join(f"{n * dt:g}" for n in sorted({int(duration / dt), int(duration / dt) + 1}))
        raise ValueError(f"expected {name} in whole steps of {dt:g} s, such as {near}, got {duration:g}")
    return steps


def sense_range(name: str, task: Task, arm: Arm) -> list[Triple]:
    """Lowest and highest value and the environments' unit of each number of a sense."""
    sense = SENSES[name]
    if sense.bound is not None:
        return [sense.bound] * (arm.n_muscles if sense.per_muscle else 2)
    bounds: list[Pair] = {
        "joint_angle": joint_bounds(arm)[:2],
        "joint_velocity": joint_bounds(arm)[2:],
        "activation": [arm.excitation_range] * arm.n_muscles,
        "hand": task.goal_bounds(arm),
        "miss": [(low - high, high - low) for low, high in task.goal_bounds(arm)],
    }[name]
    unit = {"joint_velocity": 4.0, "hand": task.goal_unit, "miss": task.goal_unit}.get(name, 1.0)
    return [(low, high, unit) for low, high in bounds]


def own_senses(arm: Arm) -> tuple[str, ...]:
    """What tasks are told of the body: their senses are functions of these."""
    return ("joint_angle", "joint_velocity", *(["activation"] if activation_bounds(arm) else []))


def signal(name: str, simulator: Simulator, state: ArmState, hand_force: Array) -> Any:
    """What a sense of the body tells of a state: (..., 2), or of each muscle (..., n).

    A spindle's primary ending tells l - 1 + 0.3 s(v), with s(v) = v/(v^2 + v0^2)^(1/4), near sign(v) sqrt(|v|) for |v|
    above v0 = 0.1 L0/s. It stands for the rate of cats' primary endings in a step,

        rate = 4.3 sign(v) |v|^0.6 + 2 d + 82,  imp/s, v in mm/s, d in mm

    without its constant, in units of what 1 L0 of stretch adds: the weight of |v|^0.6 is then 2.15 (L0 in mm)^-0.4,
    which is 0.17 to 0.53 for the Hill muscles of this package.  [Prochazka & Gorassini 1998, J Physiol 507:277: of the
    models compared, those with a power of 0.5 or 0.6 fitted best (abstract); equation V2, from public code]
    Tendon organs tell the tension as a share of its maximum: one organ samples a few motor units, all of a muscle
    together its force.  [M, from memory: Crago, Houk & Rymer 1982, J Neurophysiol 47:1069; no rate of theirs is used]
    """
    if name in ArmState._fields:
        return getattr(state, name)
    if name == "hand_force":
        return hand_force
    length, velocity, tension, torque = _muscles(simulator.arm, state)
    if name == "spindle":
        root = sqrt(sqrt(velocity * velocity + SPINDLE_BEND * SPINDLE_BEND))
        return length - 1.0 + SPINDLE_VELOCITY * (velocity / root)
    return {
        "muscle_length": length,
        "muscle_velocity": velocity,
        "tendon_organ": tension,
        "joint_torque": torque,
    }[name]


def carried_out(senses: Senses, arm: Arm, command: Array, noise: Mapping[str, Array]) -> Array:
    """The command (..., n) with motor noise, within the muscles' range."""
    low, high = arm.excitation_range
    moved = command
    if "motor_noise" in noise:
        moved = moved + senses.motor_noise * (command * noise["motor_noise"])
    if "constant_motor_noise" in noise:
        moved = moved + senses.constant_motor_noise * noise["constant_motor_noise"]
    return command if moved is command else at_most(at_least(moved, low), high)


# lines: arrays (..., delay + 1, k), or in a trace entries of symbols


def entered(line: Any, parts: list[Any]) -> Any:
    """The line one step later, with these signals as its newest entry."""
    if isinstance(line, tuple):
        return (parts, *line[:-1])
    xp = namespace(line)
    return xp.concat([xp.concat(parts, axis=-1)[..., None, :], line[..., :-1, :]], axis=-2)


def settled(parts: list[Any], delay: int) -> Any:
    """A line that these signals have filled."""
    xp = namespace(parts[0])
    return xp.concat([xp.concat(parts, axis=-1)[..., None, :]] * (delay + 1), axis=-2)


def oldest(line: Any, sizes: list[int]) -> list[Any]:
    """The signals that are told, each of its size."""
    return line[-1] if isinstance(line, tuple) else split(line[..., -1, :], sizes)


def side_by_side(parts: Any) -> Any:
    """Arrays (..., k) as one; of symbols too."""
    if isinstance(parts[0], Symbolic):
        return Vector(flat(parts))
    return namespace(parts[0]).concat(parts, axis=-1)


def split(array: Array, sizes: list[int]) -> list[Array]:
    """An array (..., k) in parts of these sizes."""
    parts, first = [], 0
    for size in sizes:
        parts.append(array[..., first : first + size])
        first += size
    return parts


def _muscles(arm: Arm, state: ArmState) -> tuple[Any, Any, Any, Any]:
    """Length, velocity and tension (of its maximum) of each muscle (..., n), and the torque of all (..., 2)."""
    q: Any = state.joint_angle
    if isinstance(q, Symbolic):
        q, w = state.joint_angle, state.joint_velocity
        m = physics.muscles(arm, Rows(q[..., 0], q[..., 1], w[..., 0], w[..., 1], state.activation))
        tension = arm.curves.tension(m.length, m.velocity, state.activation)
        return m.length, m.velocity, tension, Vector(physics.muscle_torque(m))
    found, xp = inside(arm, state), namespace(state.joint_angle)
    inner = (xp.moveaxis(x, -1, 0) for x in (found.muscle_length, found.muscle_velocity, found.activation))
    tension = columns_beside(arm, state.joint_angle).curves.tension(*inner)
    return found.muscle_length, found.muscle_velocity, xp.moveaxis(tension, 0, -1), found.joint_torque


def _known(setting_name: str, name: Any) -> None:
    if name not in SENSES:
        raise ValueError(f"expected {setting_name} among {', '.join(SENSES)}, got {name!r}")
