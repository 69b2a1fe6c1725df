"""Episodes to learn from: an arm in a task over time, and sequences that a circuit is to follow."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Graph, Vector, flat, pullback
from armfa.compiled.program import Bound, Program, Wide
from armfa.controllers import Circuit, Policy
from armfa.controllers.problem import driven
from armfa.controllers.streams import Streams
from armfa.plant import Arm, Simulator, hand_velocity, make_arm
from armfa.plant.constants import Pair
from armfa.plant.description import arm_from, described
from armfa.plant.traced import Traced, symbolic
from armfa.tasks import TASKS, Ellipse, Reach, Task, Trial, minimum_jerk
from armfa.tasks.clock import since
from armfa.tasks.task import finite, whole
from armfa.world import Fields, Senses, World
from armfa.world.fields import NOTHING, rotated
from armfa.world.program import MomentSymbols, by_entries, columns, packed, state_bars, symbol
from armfa.world.senses import EXACT, SENSES, entered
from armfa.world.world import steps_of

CALIBRATION = 4096
"""First moments that the inputs' offsets and the teacher's scale are taken from; drawn from a stream of their own."""
WEIGHTS = ("position", "velocity", "effort", "smoothness")
ABOUT = ("dt", "integrator", "conditions", "duration", *WEIGHTS)
"""Settings of a problem that policies carry as they are."""
LINES = ("body", "sight")
"""The lines in which signals wait, by name."""


class Now(NamedTuple):
    """All that a world remembers in an episode, and what the circuit sees of it.

    Of each line there is what will be told, the newest first: one entry per command, `delay` + 1 of them; () where
    nothing waits from one command to the next.
    """

    moment: Array  # (..., batch, k) what of a moment changes, packed
    command: Array  # (..., batch, n) the output before
    inputs: Array  # (..., batch, n_in)
    body: Any = ()  # (..., batch, delay + 1, k)
    sight: Any = ()
    time: int = 0  # commands so far


class NowBar(NamedTuple):
    """Derivatives by it; None is zero."""

    arm: Array | None = None  # (..., batch, 4 + n)
    command: Array | None = None
    inputs: Array | None = None
    body: Array | None = None
    sight: Array | None = None


class TaskEpisode(NamedTuple):
    """Arms in a task, from these starts to these goals. See `TaskProblem` for the cost of a step."""

    problem: "TaskProblem"
    trial: Array  # (..., batch, k) what is drawn once, packed
    moment: Array  # (..., batch, k) the first moment, packed
    inputs: Array  # (..., batch, n_in) what is seen first
    body: Any = ()  # (..., batch, delay + 1, k) as `Now` has it
    sight: Any = ()
    noise: Any = ()  # (..., batch, steps, k) standard normal; (): all noise off

    @property
    def steps(self) -> int:
        """How many commands an episode takes."""
        return self.problem.steps

    def start(self) -> Now:
        """The first moment; the command before it is the one that the muscles' activation stands for."""
        settings = self.problem.traced
        activation = self.moment[..., 4 : 4 + self.problem.world.arm.n_muscles]
        before = (activation - settings.middle) * (1.0 / settings.half)
        return Now(self.moment, before, self.inputs, self.body, self.sight)

    def observe(self, x: Now) -> Array:
        """What the world tells, each entry brought to the order of 1."""
        return x.inputs

    def observe_vjp(self, x: Now, inputs_bar: Array) -> NowBar:
        """The derivative by what is seen."""
        return NowBar(inputs=inputs_bar)

    def step(self, x: Now, command: Array) -> tuple[Now, Array]:
        """The next moment, and the cost of the step."""
        found = self._ran(step_program, x, command)
        lines = {name: entered(getattr(x, name), [found[f"new_{name}"]]) for name in self._lines}
        return Now(found["after"], command, found["inputs"], **lines, time=x.time + 1), found["cost"][..., 0]

    def step_vjp(self, x: Now, command: Array) -> tuple[Now, Array, Callable[[Any], tuple[NowBar, Array]]]:
        """The same, and the way back of derivatives through arm, loads, lines, noise, observation and cost."""
        return *self.step(x, command), lambda bar: self._back(x, command, bar or NowBar())

    def error(self, x: Now, command: Array) -> Array:
        """The derivative of this one step's cost by its command."""
        return self._back(x, command, NowBar())[1]

    def task_error(self, x: Now, command: Array) -> Array:
        """Where the step ends: how far place (2) and velocity (2) are off those wanted, times their weights."""
        found, settings = self._ran(told_program, x, command), self.problem.traced
        return namespace(command).concat(
            [found["off"] * settings.position, found["velocity"] * settings.velocity], axis=-1
        )

    def wanted(self, x: Now, command: Array) -> Array:
        """The command with what a teacher adds to it: proportional and differential, through the muscles.

        u_fb = -gain J^T (position (p - p*) dt + velocity v), J the plant's own for muscles at half of their range, in
        units of its rms at the start; within the range of commands.
        """
        half = command * 0
        added = self.error(x._replace(command=half), half) * (-self.problem.teacher / self.problem.error_scale)
        xp = namespace(command)
        return xp.clip(command + added, -1.0, 1.0)

    def programs(self) -> tuple[Bound, Bound]:
        """For compiled episodes: a step, and its pullback."""
        bound, noisy = self.problem.traced.bound, not isinstance(self.noise, tuple)
        return bound(step_program, noisy), bound(vjp_program, noisy)

    def arrays(self) -> dict[str, Array]:
        """For compiled episodes, as the programs call them: what never changes, the first moment, lines and noise."""
        x = self.start()
        found = {"trial": self.trial, "moment": x.moment, "command": x.command, "inputs": x.inputs}
        found |= {name: getattr(x, name) for name in self._lines}
        return found if isinstance(self.noise, tuple) else found | {"noise": self.noise}

    def _back(self, x: Now, command: Array, bar: NowBar) -> tuple[NowBar, Array]:
        """Derivatives by x and by the command, from those by the next x; the cost of the step included."""
        lines = {name: _or_zero(getattr(bar, name), getattr(x, name)) for name in self._lines}
        bars = {
            "bar_arm": _or_zero(bar.arm, self.moment[..., : 4 + command.shape[-1]]),
            "bar_inputs": _or_zero(bar.inputs, x.inputs),
            **{f"bar_new_{name}": line[..., 0, :] for name, line in lines.items()},
        }
        found, xp = self._ran(vjp_program, x, command, **bars), namespace(command)
        for name, line in lines.items():  # an entry was one place nearer to the front before; the last is told
            told = found[f"by_{name}"][..., None, :]
            lines[name] = xp.concat([line[..., 1:-1, :], told, 0 * told], axis=-2)
        by = found["by_command"] if bar.command is None else found["by_command"] + bar.command
        return NowBar(found["by_arm"], found["by_before"], None, **lines), by

    @property
    def _lines(self) -> list[str]:
        return [name for name in LINES if not isinstance(getattr(self, name), tuple)]

    def _ran(self, made: Callable[..., Program], x: Now, command: Array, **more: Array) -> dict[str, Array]:
        noisy = not isinstance(self.noise, tuple)
        bound = self.problem.traced.bound(made, noisy)
        arrays = {"trial": self.trial, "moment": x.moment, "command": command, "before": x.command} | more
        arrays |= {name: getattr(x, name)[..., -2, :] for name in self._lines}
        if noisy:
            arrays["noise"] = self.noise[..., x.time, :]
        return bound.ran({name: arrays[name] for name in bound.program.names[0]})


@dataclass(frozen=True)
class EpisodeSettings(Traced):
    """The numbers of an episode that are not of a batch."""

    world: World
    position: float
    velocity: float
    effort: float
    smoothness: float
    middle: float  # excitation of an output of 0
    half: float  # what an output of 1 adds to it
    scaling: tuple[Pair, ...]  # of each number seen: what is taken off, and the factor that follows
    movement_time: float | None  # s

    def stepped(
        self, moment: Any, command: Any, before: Any, noise: list[Mapping[str, Any]]
    ) -> tuple[Any, Any, Any, Any, Any]:
        """Symbols of the next moment, of its miss of the goal, of how far place and velocity are off those that are
        wanted now, and of the cost.
        """
        world, u = self.world, self.middle + self.half * command
        for each in noise:  # one step of the simulator
            goal = world.goal(moment)
            moment, outcome = world.substep(moment, u, each)
        state, achieved = moment.arm, outcome.achieved
        velocity = hand_velocity(world.arm, state.joint_angle, state.joint_velocity)
        if self.movement_time is not None and world.fields.rotation is not None:  # as the hand is seen
            velocity = rotated(world.fields.rotation, moment.trial.condition, velocity)
        place, speed = self.planned(moment, goal)
        off, velocity = achieved - place, velocity - speed
        change = self.half * (command - before)
        hand = self.position * (off * off).sum(-1) + self.velocity * (velocity * velocity).sum(-1)
        muscles = self.effort * (u * u).sum(-1) + self.smoothness * (change * change).sum(-1)
        return moment, achieved - goal, off, velocity, hand + muscles * (1.0 / world.arm.n_muscles)

    def planned(self, moment: Any, goal: Any) -> tuple[Any, Any]:
        """Where the hand should be now and how fast: on its way from the start to the goal, or on the goal at rest."""
        world = self.world
        if self.movement_time is None:
            return goal, 0.0 * goal
        elapsed = since(world.simulator, moment, moment.trial.onset)
        return minimum_jerk(self.world.start(moment), goal, self.movement_time, elapsed)

    def inputs(self, moment: Any) -> list[Any]:
        """Symbols of the circuit's inputs: what the world tells, brought to the order of 1."""
        parts, place = [], 0
        for part in self.world.told(moment):
            size = len(part.parts) if isinstance(part, Vector) else self.world.arm.n_muscles
            scaling = self.scaling[place : place + size]
            if isinstance(part, Vector):
                parts.append([(x - offset) * factor for x, (offset, factor) in zip(part.parts, scaling)])
            else:  # what each muscle has: one offset and factor for all
                offset, factor = scaling[0]
                parts.append((part - offset) * factor)
            place += size
        return parts


class EpisodeSymbols:
    """A moment, a command and the one before, made of symbols, and what comes of them.

    With a held command a step is several of the simulator. A line then has one entry per command: of those that enter
    it, the one that is told just when there is a command.
    """

    def __init__(self, settings: EpisodeSettings, noisy: bool):
        world = settings.world
        self.graph, self.n, hold = Graph(), world.arm.n_muscles, world.senses.hold_action
        symbols = MomentSymbols(self.graph, world)
        self.waiting = {name: symbols.waiting[name] for name, _ in lines_of(world)}
        lines = {name: (symbols.waiting[name],) * (delay + 1) for name, _, delay in world.lines
                 if name in symbols.waiting}  # fmt: skip
        self.moment = symbols.value._replace(line=symbols.value.line._replace(**lines))
        self.command, self.before = (self.graph.input(name, wide=True) for name in ("command", "before"))
        noise: list[dict[str, Any]] = [
            {name: symbol(self.graph, world, f"noise{i}_{name}", name) for name in world.noise if noisy}
            for i in range(hold)
        ]
        self.inputs = {name: symbols.packed[name] for name in ("trial", "moment", *self.waiting)}
        self.inputs |= {"command": self.command, "before": self.before}
        self.inputs |= {"noise": [list(each.values()) for each in noise]} if noisy else {}
        self.made = symbolic(self.graph, settings)
        self.after, self.miss, self.off, self.velocity, self.cost = self.made.stepped(
            self.moment, self.command, self.before, noise
        )
        self.new = {name: getattr(self.after.line, name)[delay % hold] for name, _, delay in world.lines
                    if name in self.waiting}  # fmt: skip


def lines_of(world: World) -> Iterator[tuple[str, int]]:
    """The lines in which something waits from one command to the next, and for how many commands."""
    for name, signals, delay in world.lines:
        if signals and delay >= world.senses.hold_action:
            yield name, delay // world.senses.hold_action


def step_program(settings: EpisodeSettings, noisy: bool) -> Program:
    """The next moment, what is seen of it, the cost of the step, and what enters the lines."""
    s = EpisodeSymbols(settings, noisy)
    outputs: dict[str, Any] = {"after": columns(s.after), "inputs": s.made.inputs(s.after), "cost": s.cost}
    return Program(s.inputs, outputs | {f"new_{name}": new for name, new in s.new.items()}, s.n)


def vjp_program(settings: EpisodeSettings, noisy: bool) -> Program:
    """Derivatives by arm, command, the one before and what is told next, from those by the next arm, its inputs and
    what enters the lines; cost included.
    """
    s = EpisodeSymbols(settings, noisy)
    graph, seen = s.graph, s.made.inputs(s.after)
    bars: dict[str, Any] = {
        "bar_arm": state_bars(graph),
        "bar_inputs": [graph.vector(f"bar_{i}_", len(part)) if isinstance(part, list)
                       else graph.input(f"bar_{i}_", wide=True) for i, part in enumerate(seen)],
        **{f"bar_new_{name}": [symbol(graph, settings.world, f"bar_{name}_{x}", x) for x in signals]
           for name, signals, _ in settings.world.lines if name in s.new},
    }  # fmt: skip
    values = flat([*s.after.arm, *seen, *s.new.values()])
    leaves, told = flat(s.moment.arm), {name: flat(entry) for name, entry in s.waiting.items()}
    given = [(s.cost, graph.number(1.0)), *zip(values, flat(bars.values()), strict=True)]
    by = pullback(given, [*leaves, s.command, s.before, *flat(told.values())])
    *rows, activation = (by[x] for x in leaves)
    outputs = {"by_arm": [*rows, Wide(activation)], "by_command": Wide(by[s.command]), "by_before": Wide(by[s.before])}
    return Program(s.inputs | bars, outputs | by_entries(by, told), s.n)


def told_program(settings: EpisodeSettings, noisy: bool) -> Program:
    """Where the step ends: its miss of the goal, and how far place and velocity are off those wanted."""
    s = EpisodeSymbols(settings, noisy)
    return Program(s.inputs, {"miss": s.miss, "off": s.off, "velocity": s.velocity}, s.n)


def _or_zero(bar: Array | None, like: Array) -> Array:
    return 0 * like if bar is None else bar


@dataclass(frozen=True)
class TaskProblem:
    """An arm that does a task, an episode at a time: outputs in [-1, 1] ask for excitations over the arm's range.

    The cost of a step, with p what the task compares with the goal p* (where the hand is seen), v the hand's velocity
    and u the excitations, is

        position |p - p*|^2 + velocity |v|^2 + effort mean(u^2) + smoothness mean((u - u before)^2)

    and the loss is its mean over steps and episodes. With a `movement_time` T, p* is on the straight movement with the
    least jerk that leaves the start at the go (`Trial.onset`) and is on the goal T later, and v less its velocity is
    weighed [Flash & Hogan 1985]; the circuit is not told of it. What hidden units cost is a matter of the learner, who
    alone knows them: see `BackpropThroughTime(activity=...)`.

    What a circuit sees is what the world tells: senses and cues as late as `senses` says, then the goal. Noise is drawn
    with the starts and goals, from the stream of the batch; the test set has noise too, always the same.

    Parameters
    ----------
    senses : Senses
        Delays, noise, what is sensed, and how long a command is held.
    fields : Fields
        What a laboratory does to the arm and to what is seen of it.
    conditions : tuple of float
        Of each trial one of these is drawn: how much of the fields acts, 1 in full, 0 nothing, -1 reversed.
    duration : float
        s.
    position, velocity, effort, smoothness : float
        Weights, per m^2, per (m/s)^2, and per unit of mean squared excitation. Where the goal is a velocity, `position`
        is per (m/s)^2 too. For rules that see one step only (`error`), `position` dt / `velocity` is the gain 1/s with
        which the hand is to approach the goal.
    movement_time : float or None
        s, not longer than the trial; of tasks with one goal that is a place.
    teacher : float
        Gain of the feedback controller whose commands `wanted` adds.
    task : Task
        What is to be done.
    integrator : str
        Of the arm.
    test_size : int
        Episodes of the test set.
    test_seed : int
        Of the test set, which is always the same.

    Raises
    ------
    ValueError
        For weights below 0, conditions that are not numbers, a duration of 0, and a `movement_time` where there is no
        one place to go to.
    """

    arm: Arm | str | Path = "li_todorov"  # or the name of one, or a file
    task: Task = field(default_factory=Reach)
    dt: float = 0.01  # s
    senses: Senses = EXACT
    fields: Fields = NOTHING
    conditions: tuple[float, ...] = (1.0,)
    duration: float = 1.0  # s
    integrator: str = "semi_implicit_euler"
    position: float = 100.0  # 1/m^2: 1 for a miss of 10 cm
    velocity: float = 0.2  # 1/(m/s)^2
    effort: float = 0.01
    smoothness: float = 0.01
    movement_time: float | None = None  # s
    teacher: float = 0.3
    test_size: int = 256
    test_seed: int = 1_000_003

    def __post_init__(self) -> None:
        """Look up an arm's name; refuse what cannot be learned from."""
        if isinstance(self.arm, str | Path):
            object.__setattr__(self, "arm", make_arm(self.arm))
        for name in WEIGHTS:
            finite(name, getattr(self, name), 0.0)
            object.__setattr__(self, name, float(getattr(self, name)))
        try:
            conditions = tuple(float(condition) for condition in self.conditions)
        except (TypeError, ValueError):
            conditions = ()
        if not conditions or not np.isfinite(conditions).all():
            raise ValueError(f"expected conditions as one or more numbers, such as (1.0,), got {self.conditions!r}")
        object.__setattr__(self, "conditions", conditions)
        finite("teacher", self.teacher, 0.0)
        finite("duration", self.duration, 0.0, above=True)
        whole("test_size", self.test_size, 1)
        if self.movement_time is not None:
            finite("movement_time", self.movement_time, 0.0, above=True)
            if self.task.goal_kind != "position" or self.task.n_goals > 1 or isinstance(self.task, Ellipse):
                raise ValueError(
                    f"expected movement_time of None: {type(self.task).__name__} has no one place to go to"
                )
            if self.movement_time > self.duration:
                raise ValueError(
                    f"expected movement_time of at most the {self.duration:g} s of a trial, got {self.movement_time:g}"
                )
        self.world.simulator.refuse_zero_gradient()

    @cached_property
    def world(self) -> World:
        """The arm in its task."""
        assert isinstance(self.arm, Arm)
        return World(Simulator(self.arm, self.dt, self.integrator), self.task, False, self.senses, self.fields)

    @property
    def steps(self) -> int:
        """Commands of one episode."""
        return steps_of(self.duration, self.world.step_time)

    @property
    def n_in(self) -> int:
        """Numbers that the circuit sees."""
        return len(self.traced.scaling)

    @property
    def n_out(self) -> int:
        """Numbers that it answers with: one per muscle."""
        return self.world.arm.n_muscles

    @property
    def settings(self) -> dict[str, Any]:
        """What a checkpoint must agree on."""
        named = {name: repr(getattr(self, name)) for name in ("arm", "task", "senses", "fields")}
        return {**asdict(self), **named}

    @property
    def about(self) -> dict[str, Any]:
        """What `problem_of` makes it from again."""
        kept = {name: getattr(self, name) for name in (*ABOUT, "movement_time")}
        parts = {name: _init_fields(getattr(self, name)) for name in ("task", "senses", "fields")}
        parts["task"] = {"kind": type(self.task).__name__, **parts["task"]}
        return {"arm": described(self.world.arm), **kept, **parts}

    @cached_property
    def traced(self) -> EpisodeSettings:
        """The numbers of an episode; inputs have their mean over first moments taken off, and the task's units."""
        world, task = self.world, self.task
        low, high = world.arm.excitation_range
        moment = world.reset(np.random.default_rng(self.test_seed + 1).random((CALIBRATION, world.draws)))
        parts = world.told(moment)
        for number, name in enumerate(self.senses.sense or ()):
            if SENSES[name].per_muscle:  # one offset for all muscles
                parts[number] = parts[number].mean(-1, keepdims=True) + 0 * parts[number]
        offset = np.concatenate(parts, axis=-1).mean(0)
        units = [*world.sense_units, *[task.goal_unit] * 2]
        scaling = tuple((float(mean), 1.0 / unit) for mean, unit in zip(offset, units, strict=True))
        weights = self.position, self.velocity, self.effort, self.smoothness
        return EpisodeSettings(world, *weights, 0.5 * (high + low), 0.5 * (high - low), scaling, self.movement_time)

    @cached_property
    def error_scale(self) -> float:
        """The rms of a step's derivative by its command, for muscles at half of their range at the start."""
        episode = self.batch(np.random.default_rng(self.test_seed + 2), CALIBRATION)
        x = episode.start()
        return float(np.sqrt(np.mean(episode.error(x._replace(command=0 * x.command), 0 * x.command) ** 2)))

    def batch(self, rng: np.random.Generator | Streams, size: int) -> TaskEpisode:
        """Episodes with fresh starts, goals, conditions and noise (a leading axis more for `Streams`)."""
        trial = self.world.task.trial(self.world.simulator, rng.uniform(0.0, 1.0, (size, self.world.draws)))
        conditions = np.array(self.conditions, float)
        if len(conditions) > 1:
            drawn = (rng.uniform(0.0, 1.0, (size,)) * len(conditions)).astype(int)
            trial = trial._replace(condition=conditions[drawn])
        elif conditions[0] != 1.0:
            trial = trial._replace(condition=0.0 * trial.condition + conditions[0])
        return self.trials(trial, rng)

    def trials(self, trial: Trial, rng: np.random.Generator | Streams) -> TaskEpisode:
        """Episodes of these trials, leaves (..., batch, ...), with fresh noise."""
        if not self.world.noise:
            return self.episode(self.world.begin(trial))
        size = trial.condition.shape[-1], self.steps + 1, self.world.normals  # before the first command, too
        noise = rng.standard_normal(size)
        return self.episode(self.world.begin(trial, noise[..., 0, :]), noise[..., 1:, :])

    def test(self) -> TaskEpisode:
        """The held-out episodes, the same for every circuit."""
        return self.batch(np.random.default_rng(self.test_seed), self.test_size)

    def episode(self, moment: Any, noise: Any = ()) -> TaskEpisode:
        """Episodes from these first moments; noise (..., batch, steps, normals), standard normal, or none."""
        arrays, xp, hold = packed(moment), namespace(moment.arm.joint_angle), self.senses.hold_action
        seen = self.world.observe(moment)
        offset, factor = xp.asarray(self.traced.scaling, dtype=seen.dtype).T
        lines = {name: getattr(moment.line, name)[..., self.world.delays[LINES.index(name)] % hold :: hold, :]
                 for name, _ in lines_of(self.world)}  # fmt: skip
        inputs = (seen - offset) * factor
        return TaskEpisode(self, arrays["trial"], arrays["moment"], inputs, **lines, noise=noise)

    def distances(self, circuit: Circuit, params: Any, episode: TaskEpisode) -> Array:
        """How far what the task compares is from the goal after each step, (steps, ..., batch), m."""
        found = []
        for x, command, _, _ in driven(circuit, params, episode):
            miss = episode._ran(told_program, x, command)["miss"]
            found.append((miss[..., 0] ** 2 + miss[..., 1] ** 2) ** 0.5)
        return namespace(found[0]).stack(found)

    def policy(self, circuit: Circuit, params: Any, **about: Any) -> Policy:
        """One circuit as a policy from the world's observation to the excitation; `about` is kept in its file."""
        about = {**self.about, **about}
        made = self.traced
        offset, factor = np.array(made.scaling, np.float32).T
        return Policy(circuit, params, offset, factor, made.middle, made.half, about)


def problem_of(about: Mapping[str, Any], **changes: Any) -> TaskProblem:
    """The problem that a policy's `about` tells of, with other settings where they are given.

    Parameters
    ----------
    about : mapping
        What a saved controller says of its arm, task and settings.
    **changes : object
        Settings in place of those, by name.

    Returns
    -------
    TaskProblem
        As the controller was trained in.

    Raises
    ------
    ValueError
        For a controller of no task over time.
    """
    if missing := [name for name in ("arm", "task", "senses", "fields", *ABOUT) if name not in about]:
        raise ValueError(
            "expected a controller of a task over time, as `armfa learn` and TaskProblem make; got one, such as those "
            f"of `armfa train`, that says no {', '.join(missing)}"
        )
    task = _tuples(about["task"])
    if (kind := task.pop("kind")) not in TASKS:
        raise ValueError(f"expected a task out of {', '.join(TASKS)}, got {kind!r}")
    settings = {name: _tuples(about[name]) for name in ABOUT}
    settings["movement_time"] = about.get("movement_time")  # older policies say none
    parts = {"senses": Senses(**_tuples(about["senses"])), "fields": Fields(**_tuples(about["fields"]))}
    return TaskProblem(**{"arm": arm_from(about["arm"]), "task": TASKS[kind](**task), **settings, **parts, **changes})


def _init_fields(part: Any) -> dict[str, Any]:
    return {each.name: getattr(part, each.name) for each in fields(part) if each.init}


def _tuples(value: Any) -> Any:
    """Lists, as JSON has them, as tuples."""
    if isinstance(value, Mapping):
        return {key: _tuples(each) for key, each in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


class Following(NamedTuple):
    """Sequences to follow: inputs and targets are given, nothing is moved. The cost of a step is 1/2 |y - y*|^2."""

    inputs: Array  # (..., batch, steps, n_in)
    target: Array  # (..., batch, steps, n_out)

    @property
    def steps(self) -> int:
        """How many outputs an episode takes."""
        return self.target.shape[-2]

    def start(self) -> int:
        """The first step."""
        return 0

    def observe(self, x: int) -> Array:
        """The inputs of step x."""
        return self.inputs[..., x, :]

    def observe_vjp(self, x: int, inputs_bar: Array) -> None:
        """Inputs are given."""

    def step(self, x: int, command: Array) -> tuple[int, Array]:
        """The next step, and the cost of this one."""
        error = self.error(x, command)
        return x + 1, 0.5 * (error * error).sum(-1)

    def step_vjp(self, x: int, command: Array) -> tuple[int, Array, Callable[[Any], tuple[None, Array]]]:
        """The same, and the way back."""
        return *self.step(x, command), lambda bar: (None, self.error(x, command))

    def error(self, x: int, command: Array) -> Array:
        """Y - y*."""
        return command - self.target[..., x, :]

    def wanted(self, x: int, command: Array) -> Array:
        """The target."""
        return self.target[..., x, :]
