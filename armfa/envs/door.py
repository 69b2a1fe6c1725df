"""Between an agent and a world: what actions mean, what is observed, what may be asked for at a reset."""

import dataclasses
import functools
import inspect
import math
from pathlib import Path
from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Graph, flat
from armfa.compiled.program import Program, Wide
from armfa.plant import Arm, Simulator, inverse_kinematics, make_arm
from armfa.plant.constants import Triple
from armfa.plant.description import arm_from
from armfa.plant.traced import Traced, symbolic
from armfa.tasks.task import Moment, Task, joint_bounds, one_of
from armfa.world import Fields, Schedule, Senses, World
from armfa.world.program import MomentSymbols, columns, unpacked
from armfa.world.world import clipped

ActionRange = Literal["symmetric", "excitation"]
Observation = Literal["scaled", "si"]
OPTIONS = ("joint_angle", "joint_velocity", "hand", "target")
TRIAL_OPTIONS = ("condition", "channel")
LARGEST_STEP = 0.05
"""s: what environments take as a time step."""
FASTEST_START = 10.0
"""rad/s: the fastest start that may be asked for. The stiffest of the published arms (katayama_kawato) becomes unstable
when it meets its stops at twice this, in steps of 10 ms."""


@dataclasses.dataclass(frozen=True)
class Door(Traced):
    """A world as an agent meets it: the settings of an environment.

    The goals of a goal environment (`world.single_goals`) are observed beside the rest.

    Parameters
    ----------
    world : World
        Arm, task, senses and fields.
    action_range : ActionRange
        "symmetric", [-1, 1] mapped onto the muscles' range, or "excitation", that range itself.
    observation : Observation
        "scaled", each number in the task's own unit for it, of size one or so; or "si".
    schedule : Schedule | None
        The conditions of its trials: each reset is the next one. None: all are alike.

    Raises
    ------
    ValueError
        For units that are not one power of two per number sensed.
    """

    world: World
    action_range: ActionRange = "symmetric"
    observation: Observation = "scaled"
    schedule: Schedule | None = None
    low: float = dataclasses.field(init=False)  # of an action
    high: float = dataclasses.field(init=False)  # of an action
    offset: float = dataclasses.field(init=False)  # excitation = offset + scale * action
    scale: float = dataclasses.field(init=False)  # the same
    goal_unit: float = dataclasses.field(init=False)
    """Of goals and of what is achieved, as observed: m or m/s."""
    bounds: tuple[Triple, ...] = dataclasses.field(init=False)
    """Lowest and highest value of each number observed, in SI units, and the unit in which it is shown."""

    def __post_init__(self) -> None:
        """Looks up what follows from the range of actions and from the units."""
        one_of("action_range", self.action_range, *get_args(ActionRange))
        one_of("observation", self.observation, *get_args(Observation))
        low, high = self.world.arm.excitation_range
        symmetric = self.action_range == "symmetric"
        found = (-1.0, 1.0, 0.5 * (low + high), 0.5 * (high - low)) if symmetric else (low, high, 0.0, 1.0)
        for name, value in zip(("low", "high", "offset", "scale"), found):
            object.__setattr__(self, name, value)
        world, task = self.world, self.world.task
        senses, goals = world.sense_bounds, world.goal_bounds * (2 if world.single_goals else 1)
        units, goal_unit = world.sense_units, task.goal_unit
        if self.observation == "si":
            units, goal_unit = [1.0] * len(senses), 1.0
        if len(units) != len(senses) or any(math.frexp(unit)[0] != 0.5 for unit in (*units, goal_unit)):
            expected = f"one unit for each of {len(senses)} numbers sensed, and powers of two, which round no bit off"
            raise ValueError(f"expected {expected}; got {units} and {goal_unit} of {type(task).__name__}")
        units = [*units, *[goal_unit] * len(goals)]
        bounds = tuple((low, high, unit) for (low, high), unit in zip((*senses, *goals), units, strict=True))
        object.__setattr__(self, "goal_unit", goal_unit)
        object.__setattr__(self, "bounds", bounds)

    @property
    def arm(self) -> Arm:
        """The arm."""
        return self.world.arm

    # the agent's side

    @property
    def action_space(self) -> gym.spaces.Box:
        """Excitations, on a symmetric range or in the muscles' own."""
        return gym.spaces.Box(self.low, self.high, (self.arm.n_muscles,), np.float32)

    @property
    def observation_space(self) -> gym.spaces.Space:
        """Finite float32 boxes, in the units of `bounds`."""
        if not self.world.single_goals:
            return _box(self.bounds)
        spaces: dict[str, gym.Space] = {
            "observation": _box(self.bounds[:-4]),
            "achieved_goal": _box(self.bounds[-4:-2]),
            "desired_goal": _box(self.bounds[-2:]),
        }
        return gym.spaces.Dict(spaces)

    def excitation(self, action: Array) -> Array:
        """Actions (..., n), clipped to their range, as excitations. NaN stays NaN."""
        return self.offset + self.scale * clipped(action, self.low, self.high)

    def seen(self, moment: Moment) -> list[Array]:
        """All that is observed, within its bounds and in its units, as arrays (..., k).

        Senses, then what is achieved (of a goal environment), then the goal.
        """
        world, told = self.world, self.world.told(moment)
        if world.single_goals:
            told[-1:] = [world.seen(moment), world.goal(moment)]
        parts, place = [], 0
        for part in told:
            size = getattr(part, "shape", (self.arm.n_muscles,))[-1]
            parts.append(_shown(part, self.bounds[place : place + size]))
            place += size
        return parts

    def observed(self, seen: Array) -> Any:
        """Numbers observed (..., k) in the form of the observation space."""
        if not self.world.single_goals:
            return seen
        return {"observation": seen[..., :-4].copy(), "achieved_goal": seen[..., -4:-2].copy(),
                "desired_goal": seen[..., -2:].copy()}  # fmt: skip

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any = None) -> Any:
        """The reward of having achieved this where that was desired, each (..., 2): exactly the step's own reward."""
        task, unit = self.world.task, self.goal_unit
        achieved, desired = (unit * np.asarray(goal, np.float64) for goal in (achieved_goal, desired_goal))
        error = task.error(achieved, desired)
        reward = -task.cost(error)
        return float(reward) if np.ndim(reward) == 0 else reward

    # compiled

    @functools.cached_property
    def run(self) -> Any:
        """`run(trial, moment, *lines, action, *noise, next moment, seen, told, *lines)` on arrays (arms, columns), for
        one step of the simulator.

        In `told` are achieved (2), error, cost, success, 0 where the whole state is finite (else NaN), and the force
        of a channel where there is one. Of each line, what is told after the step, if that is delayed, and what enters.
        There is `noise` where the world has some.
        """
        return self.bound(step_program).run

    @functools.cached_property
    def run_begin(self) -> Any:
        """`run(uniform, trial, moment, seen, error)` on arrays (arms, columns): first moments, drawn without options.

        None where senses are late or noisy, trials follow a schedule, or a task draws in a way that symbols cannot.
        """
        if self.world.body or self.world.sight or self.world.noise or self.schedule is not None:
            return None
        try:
            return self.bound(begin_program).run
        except Exception:  # whatever a task does with arrays
            return None

    @functools.cached_property
    def run_goals(self) -> Any:
        """`run(trial, moment, uniform, goals, shown)` on arrays (arms, columns): new goals, and as they are seen."""
        try:
            return self.bound(goals_program).run
        except Exception:  # whatever goals do with arrays that symbols cannot do; they then run on arrays
            return self._goals_of_arrays

    def _goals_of_arrays(self, *arrays: np.ndarray) -> None:
        trial, moment, uniform, goals, shown = arrays
        now, world = unpacked(self.world, trial, moment), self.world
        found = world.task.goals(world.simulator, now.arm, uniform)
        goals[:] = found.reshape(len(found), -1)
        shown[:] = _shown(world.goal(now._replace(trial=now.trial._replace(goals=found))), self.bounds[-2:])

    @property
    def seen_size(self) -> int:
        """Numbers observed."""
        return len(self.bounds)

    @property
    def conditioned(self) -> bool:
        """Whether a trial's condition changes anything."""
        return self.schedule is not None or self.world.fields.anything

    @property
    def recorded(self) -> bool:
        """Whether there is more to tell of an episode than how far off the arm is (`Arms.records`)."""
        world = self.world
        return bool(world.task.variants or world.task.records or self.conditioned or world.fields.channel)

    # resets

    def checked_options(self, options: dict[str, Any] | None, arms: int | None = None) -> dict[str, np.ndarray]:
        """Reset options as float64 arrays: (2,), or in a vector environment of n arms also one per arm, (n, 2).

        Raises
        ------
        ValueError
            For an unknown name, another shape, a number that is not finite, and a place that the arm cannot be in.
        """
        options = {} if options is None else options
        if unknown := sorted(set(options) - {*OPTIONS, *TRIAL_OPTIONS}):
            known = ", ".join((*OPTIONS, *TRIAL_OPTIONS))
            raise ValueError(f"expected reset options among {known}, got {', '.join(map(repr, unknown))}")
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in options.items()}
        for name, value in arrays.items():
            each = () if name in TRIAL_OPTIONS else (2,)
            shapes = (each,) if arms is None else (each, (arms, *each))
            if value.shape not in shapes:
                expected = " or ".join(map(str, shapes))
                raise ValueError(f"expected reset option {name!r} of shape {expected}, got {value.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"expected finite numbers in reset option {name!r}, got {value}")
        if "hand" in arrays:
            if "joint_angle" in arrays:
                raise ValueError("expected reset option 'hand' or 'joint_angle', got both")
            arrays["joint_angle"] = inverse_kinematics(self.arm, arrays.pop("hand"))
        reach, goals = self.arm.reach, self.world.goal_bounds
        bounds: dict[str, tuple[Any, str]] = {
            "joint_angle": (joint_bounds(self.arm)[:2], "rad"),
            "joint_velocity": ([(-FASTEST_START, FASTEST_START)] * 2, "rad/s"),
        }
        kind = self.world.task.goal_kind
        if "target" in arrays and self.world.task.n_goals > 1:
            raise ValueError(f"expected no reset option 'target': {type(self.world.task).__name__} has several goals")
        if kind != "position":
            bounds["target"] = (goals, "m/s" if kind == "velocity" else "N")
        elif "target" in arrays and (np.hypot(*np.moveaxis(arrays["target"], -1, 0)) > reach).any():
            got = arrays["target"]  # beyond reach it would look like another target
            raise ValueError(f"expected a target within reach, {reach:.2f} m from the shoulder, got {got}")
        for name, (limits, unit) in bounds.items():
            low, high = np.array(limits).T
            if name in arrays and ((arrays[name] < low).any() or (arrays[name] > high).any()):
                expected = " and ".join(f"{a:.2f} to {b:.2f}" for a, b in limits)
                raise ValueError(f"expected reset option {name!r} within {expected} {unit}, got {arrays[name]}")
        return arrays

    def begin(
        self, uniform: np.ndarray, options: dict[str, np.ndarray], number: Any = 0, noise: np.ndarray | None = None
    ) -> Moment:
        """First moments, from uniform (..., draws), reset options and the trials' numbers in the schedule (...,)."""
        trial = self.world.task.trial(self.world.simulator, uniform)
        for name in ("joint_angle", "joint_velocity"):
            if name in options:
                given = np.broadcast_to(options[name], getattr(trial.start, name).shape).copy()
                trial = trial._replace(start=trial.start._replace(**{name: given}))
        if "target" in options:
            given = np.broadcast_to(options["target"][..., None, :], trial.goals.shape).copy()
            trial = trial._replace(goals=given)
        elif {"joint_angle", "joint_velocity"} & set(options):  # goals that depend on where the arm is
            draws = self.world.task.start_draws(self.arm)
            trial = trial._replace(goals=self.world.task.goals(self.world.simulator, trial.start, uniform[..., draws:]))
        if self.schedule is not None:
            trial = self.schedule.applied(trial, number)
        for name in TRIAL_OPTIONS:
            if name in options:
                trial = trial._replace(**{name: np.broadcast_to(options[name], trial.condition.shape).copy()})
        return self.world.begin(trial, noise)


def step_program(door: Door) -> Program:
    """One step and what is seen of it, for a door without numbers."""
    graph, n = Graph(), door.arm.n_muscles
    symbols, action = MomentSymbols(graph, door.world), graph.input("action", wide=True)
    noise = {"noise": [*symbols.noise.values()]} if symbols.noise else {}
    door = symbolic(graph, door)
    after, outcome = door.world.substep(symbols.value, door.excitation(action), symbols.noise)
    finite = 0.0 * sum(x.sum(-1) if x.wide else x for x in flat(after.arm))
    told = flat(outcome)
    outputs = {"after": columns(after), "seen": door.seen(after), "told": [*told[:5], finite, *told[5:]]}
    for (name, signals, _), line in zip(door.world.lines, after.line):
        if signals:
            outputs[f"new_{name}"] = [Wide(part) if door.world.size_of(x) is None else part
                                      for x, part in zip(signals, line[0])]  # fmt: skip
    return Program(symbols.packed | {"action": action} | noise, outputs, n)


def begin_program(door: Door) -> Program:
    """First moments from uniform numbers, what is seen of them, and how far from their goals they are."""
    graph, n = Graph(), door.arm.n_muscles
    uniform = graph.vector("uniform", door.world.draws)
    made = symbolic(graph, door)
    moment = made.world.reset(uniform)
    error = made.world.error(made.world.seen(moment), made.world.goal(moment))
    trial = [*moment.trial.start, *moment.trial[1:]]
    outputs = {"trial": trial, "moment": columns(moment), "seen": made.seen(moment), "error": [error]}
    return Program({"uniform": uniform}, outputs, n)


def goals_program(door: Door) -> Program:
    """New goals for arms in mid-episode, from uniform numbers, and as they are observed."""
    graph, n, task = Graph(), door.arm.n_muscles, door.world.task
    symbols = MomentSymbols(graph, door.world)
    uniform = graph.vector("uniform", task.goal_draws(door.arm))
    made = symbolic(graph, door)
    goals = made.world.task.goals(made.world.simulator, symbols.value.arm, uniform)
    now = symbols.value._replace(trial=symbols.value.trial._replace(goals=goals))
    outputs = {"goals": goals, "shown": _shown(made.world.goal(now), made.bounds[-2:])}
    inputs = {name: symbols.packed[name] for name in ("trial", "moment")}
    return Program(inputs | {"uniform": uniform}, outputs, n)


def open_door(
    task: Task,
    *,
    arm: str | Path | dict[str, Any] | Arm = "li_todorov",
    activation: str | None = None,
    dt: float = 0.01,
    integrator: str = "semi_implicit_euler",
    action_range: ActionRange = "symmetric",
    observation: Observation = "scaled",
    goal_observation: bool = False,
    schedule: Schedule | dict[str, Any] | None = None,
    **settings: Any,
) -> Door:
    """The door to a task, from words and numbers: the constructor arguments that every environment shares.

    Parameters
    ----------
    task : Task
        With its settings.
    arm : str, Path, dict or Arm
        A name: li_todorov, lillicrap_scott, ..., torque; the file of an arm, my_arm.toml; an arm; or its description,
        as policies carry it. With a name or a description a spec can be written as JSON.
    activation : str
        Of a name or a file: "static" or "first_order". When not given, "static" for a name, and what a file says.
    dt : float
        Time step, s.
    integrator : str
        "semi_implicit_euler", "heun", "rk4"; "euler" with static muscles.
    action_range : str
        "symmetric": [-1, 1], mapped onto the muscles' range; "excitation": that range itself, [0, 1].
    observation : str
        "scaled": numbers of size one or so, each in the unit that the task gives it; "si": rad, rad/s, m, m/s, as
        trained controllers of this package see them.
    goal_observation : bool
        True: observations are Dict(observation, achieved_goal, desired_goal), and there is `compute_reward`.
    schedule : Schedule or dict
        The conditions of trials: each reset is the next trial, and one with a seed the first.
    **settings : object
        The fields of `armfa.world.Senses` and `armfa.world.Fields`, by name.

    Returns
    -------
    Door
        What an environment steps.

    Raises
    ------
    TypeError
        For a setting of another name.
    ValueError
        For a value that a setting cannot have, and for goals in hindsight of a task that has none or whose reward has
        an effort in it.
    """
    more = (*names_of(Senses), *names_of(Fields))
    refuse_unknown(set(settings) - set(more), (*SHARED, *more))
    senses = Senses(**{name: settings[name] for name in names_of(Senses) if name in settings})
    fields = Fields(**{name: settings[name] for name in names_of(Fields) if name in settings})
    if isinstance(schedule, dict):
        schedule = Schedule(**schedule)
    if not isinstance(schedule, Schedule | None):
        raise ValueError(f"expected a Schedule, its settings as a dict, or None, got {schedule!r}")
    if schedule is not None and schedule.channel_every is not None:
        fields = dataclasses.replace(fields, channel=True)
    if not (isinstance(dt, float | int | np.number) and 0.0 < dt <= LARGEST_STEP):
        raise ValueError(f"expected a time step dt above 0 and up to {LARGEST_STEP} s, got {dt!r}")
    if not isinstance(goal_observation, bool):
        raise ValueError(f"expected goal_observation True or False, got {goal_observation!r}")
    if goal_observation and task.effort:
        raise ValueError("a goal environment's reward may depend on the goals only: expected effort 0 or no goals")
    if goal_observation and not task.fixed_goal:
        raise ValueError(
            f"expected no goal_observation: {type(task).__name__} has no goal that could be another in hindsight"
        )
    simulator = Simulator(arm_of(arm, activation), float(dt), integrator)
    simulator.refuse_zero_gradient()
    return Door(World(simulator, task, goal_observation, senses, fields), action_range, observation, schedule)


SHARED = tuple(name for name in inspect.signature(open_door).parameters if name not in ("task", "settings"))
"""The settings that all environments share, but for those of senses and fields."""


def names_of(kind: type) -> tuple[str, ...]:
    """The fields of a frozen dataclass of settings."""
    return tuple(field.name for field in dataclasses.fields(kind) if field.init)


def door_of(kind: type[Task], settings: dict[str, Any]) -> Door:
    """The door for a task's fields and the shared settings together; unknown names are refused."""
    own, shared = names_of(kind), (*SHARED, *names_of(Senses), *names_of(Fields))
    refuse_unknown(set(settings) - {*own, *shared}, (*sorted(own), *sorted(shared)))
    task = kind(**{name: value for name, value in settings.items() if name in own})
    return open_door(task, **{name: value for name, value in settings.items() if name not in own})


def refuse_unknown(unknown: set[str], known: tuple[str, ...]) -> None:
    """Refuses settings that there are not, in Python's own words, by which TorchRL knows what to leave out."""
    if unknown:
        names = ", ".join(map(repr, sorted(unknown)))
        raise TypeError(f"expected settings among {', '.join(known)}; got an unexpected keyword argument {names}")


def arm_of(arm: str | Path | dict[str, Any] | Arm = "li_todorov", activation: str | None = None) -> Arm:
    """The arm that these settings name. An `Arm`, or the description of one, has its own muscles already."""
    if isinstance(arm, dict):
        arm = arm_from(arm)
    if not isinstance(arm, Arm):
        return make_arm(arm, activation=activation)
    if activation is not None:
        raise ValueError(f"expected activation={activation!r} beside a name or a file only: {arm.name!r} has its own")
    return arm


def _shown(part: Any, bounds: Any) -> Any:
    """Numbers (..., k) within the bounds of each, in its unit."""
    if not hasattr(part, "shape"):  # a symbol of what each muscle has
        low, high, unit = bounds[0]
        return clipped(part, low, high) / unit
    xp = namespace(part)
    if hasattr(part, "dtype"):
        low, high, unit = np.array(bounds, dtype=np.float64).T
        return clipped(part, low, high) / unit
    shown = [clipped(part[..., i], low, high) / unit for i, (low, high, unit) in enumerate(bounds)]
    return xp.stack(shown, axis=-1)


def _box(bounds: Any) -> gym.spaces.Box:
    """A float32 box with these bounds, in their units."""
    low, high, unit = np.array(bounds, dtype=np.float32).T
    return gym.spaces.Box(low / unit, high / unit, dtype=np.float32)
