"""Episodes to learn from: an arm in a task over time, and sequences that a circuit is to follow."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Graph, Vector, flat, pullback
from armfa.compiled.program import Bound, Program, Wide
from armfa.controllers import Circuit, Policy
from armfa.controllers.streams import Streams
from armfa.plant import Arm, Simulator, hand_velocity, make_arm
from armfa.plant.constants import Pair
from armfa.plant.description import described
from armfa.plant.traced import Traced, symbolic
from armfa.tasks import Reach, Task
from armfa.tasks.task import finite
from armfa.world import World
from armfa.world.program import MomentSymbols, columns, packed
from armfa.world.world import steps_of

CALIBRATION = 4096
"""First moments that the inputs' offsets and the teacher's scale are taken from; drawn from a stream of their own."""
WEIGHTS = ("position", "velocity", "effort", "smoothness")


class Now(NamedTuple):
    """All that a world remembers in an episode, and what the circuit sees of it."""

    moment: Array  # (..., batch, k) arm, steps, stage, held: packed
    command: Array  # (..., batch, n) the output before
    inputs: Array  # (..., batch, n_in)


class NowBar(NamedTuple):
    """Derivatives by it; None is zero."""

    arm: Array | None = None  # (..., batch, 4 + n)
    command: Array | None = None
    inputs: Array | None = None


class TaskEpisode(NamedTuple):
    """Arms in a task, from these starts to these goals. See `TaskProblem` for the cost of a step."""

    problem: "TaskProblem"
    trial: Array  # (..., batch, k) starts and goals, packed
    moment: Array  # (..., batch, k) the first moment, packed
    inputs: Array  # (..., batch, n_in) what is seen first

    @property
    def steps(self) -> int:
        """How many commands an episode takes."""
        return self.problem.steps

    def start(self) -> Now:
        """The first moment; the command before it is the one that the muscles' activation stands for."""
        settings = self.problem.traced
        activation = self.moment[..., 4 : 4 + self.problem.world.arm.n_muscles]
        return Now(self.moment, (activation - settings.middle) * (1.0 / settings.half), self.inputs)

    def observe(self, x: Now) -> Array:
        """The task's observation, each entry brought to the order of 1."""
        return x.inputs

    def observe_vjp(self, x: Now, inputs_bar: Array) -> NowBar:
        """The derivative by what is seen."""
        return NowBar(inputs=inputs_bar)

    def step(self, x: Now, command: Array) -> tuple[Now, Array]:
        """The next moment, and the cost of the step."""
        found = self._ran(step_program, x, command)
        return Now(found["after"], command, found["inputs"]), found["cost"][..., 0]

    def step_vjp(self, x: Now, command: Array) -> tuple[Now, Array, Callable[[Any], tuple[NowBar, Array]]]:
        """The same, and the way back of derivatives through the arm, the observation and the cost."""
        after, cost = self.step(x, command)

        def back(bar: NowBar | None) -> tuple[NowBar, Array]:
            bar = bar or NowBar()
            bars = {
                "bar_arm": self.moment[..., : 4 + command.shape[-1]] * 0 if bar.arm is None else bar.arm,
                "bar_inputs": x.inputs * 0 if bar.inputs is None else bar.inputs,
            }
            found = self._ran(vjp_program, x, command, **bars)
            by = found["by_command"] if bar.command is None else found["by_command"] + bar.command
            return NowBar(found["by_arm"], found["by_before"]), by

        return after, cost, back

    def error(self, x: Now, command: Array) -> Array:
        """The derivative of this one step's cost by its command."""
        return self._ran(error_program, x, command)["by_command"]

    def task_error(self, x: Now, command: Array) -> Array:
        """Where the step ends: miss of the goal (2) and velocity of the hand (2), times their weights."""
        found, settings = self._ran(told_program, x, command), self.problem.traced
        return namespace(command).concat(
            [found["miss"] * settings.position, found["velocity"] * settings.velocity], axis=-1
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
        return self.problem.traced.bound(step_program), self.problem.traced.bound(vjp_program)

    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """For compiled episodes: trial, and the first moment, command and inputs."""
        return self.trial, *self.start()

    def _ran(self, made: Callable[..., Program], x: Now, command: Array, **more: Array) -> dict[str, Array]:
        bound = self.problem.traced.bound(made)
        arrays = {"trial": self.trial, "moment": x.moment, "command": command, "before": x.command} | more
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

    def stepped(self, moment: Any, command: Any, before: Any) -> tuple[Any, Any, Any, Any]:
        """Symbols of the next moment, of its miss of the goal, of the hand's velocity, and of the cost."""
        arm, n = self.world.arm, self.world.arm.n_muscles
        u = self.middle + self.half * command
        after, _ = self.world.step(moment, u)
        miss = self.world.seen(after) - self.world.task.goal(moment)
        velocity = hand_velocity(arm, after.arm.joint_angle, after.arm.joint_velocity)
        change = self.half * (command - before)
        hand = self.position * (miss * miss).sum(-1) + self.velocity * (velocity * velocity).sum(-1)
        muscles = self.effort * (u * u).sum(-1) + self.smoothness * (change * change).sum(-1)
        return after, miss, velocity, hand + muscles * (1.0 / n)

    def seen(self, moment: Any) -> list[Any]:
        """Symbols of the circuit's inputs: senses and goal, brought to the order of 1."""
        task, parts, place = self.world.task, [], 0
        for part in (*task.senses(self.world.arm, moment.arm, self.world.seen(moment)), task.goal(moment)):
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
    """A moment, a command and the one before, made of symbols."""

    def __init__(self, settings: EpisodeSettings):
        self.graph, self.n = Graph(), settings.world.arm.n_muscles
        symbols = MomentSymbols(self.graph, settings.world.task.n_goals)
        self.moment = symbols.value
        self.command, self.before = (self.graph.input(name, wide=True) for name in ("command", "before"))
        self.inputs = symbols.packed | {"command": self.command, "before": self.before}
        self.made = symbolic(self.graph, settings)
        self.after, self.miss, self.velocity, self.cost = self.made.stepped(self.moment, self.command, self.before)


def step_program(settings: EpisodeSettings) -> Program:
    """The next moment, what is seen of it, and the cost of the step."""
    s = EpisodeSymbols(settings)
    outputs = {"after": columns(s.after), "inputs": s.made.seen(s.after), "cost": s.cost}
    return Program(s.inputs, outputs, s.n)


def vjp_program(settings: EpisodeSettings) -> Program:
    """Derivatives by arm, command and the one before, from those by the next arm and its inputs; cost included."""
    s = EpisodeSymbols(settings)
    graph, seen = s.graph, s.made.seen(s.after)
    bars: list[Any] = [graph.pair("bar_q"), graph.pair("bar_w"), graph.input("bar_a", wide=True)]
    input_bars = [
        graph.vector(f"bar_{i}_", len(part)) if isinstance(part, list) else graph.input(f"bar_{i}_", wide=True)
        for i, part in enumerate(seen)
    ]
    given: dict[Any, Any] = {s.cost: graph.number(1.0)}
    for value, bar in zip(flat([*s.after.arm, *seen]), flat([*bars, *input_bars])):
        given[value] = given[value] + bar if value in given else bar
    leaves = flat(s.moment.arm)
    by = pullback(given, [*leaves, s.command, s.before])
    *rows, activation = (by[x] for x in leaves)
    outputs = {"by_arm": [*rows, Wide(activation)], "by_command": Wide(by[s.command]), "by_before": Wide(by[s.before])}
    return Program(s.inputs | {"bar_arm": bars, "bar_inputs": input_bars}, outputs, s.n)


def error_program(settings: EpisodeSettings) -> Program:
    """The derivative of the step's cost by its command."""
    s = EpisodeSymbols(settings)
    by = pullback({s.cost: s.graph.number(1.0)}, [s.command])
    return Program(s.inputs, {"by_command": Wide(by[s.command])}, s.n)


def told_program(settings: EpisodeSettings) -> Program:
    """Where the step ends: its miss of the goal, and the hand's velocity."""
    s = EpisodeSymbols(settings)
    return Program(s.inputs, {"miss": s.miss, "velocity": s.velocity}, s.n)


@dataclass(frozen=True)
class TaskProblem:
    """An arm that does a task, an episode at a time: outputs in [-1, 1] ask for excitations over the arm's range.

    The cost of a step, with p what the task compares with the goal p* (where the hand is seen), v the hand's velocity
    and u the excitations, is

        position |p - p*|^2 + velocity |v|^2 + effort mean(u^2) + smoothness mean((u - u before)^2)

    and the loss is its mean over steps and episodes. What hidden units cost is a matter of the learner, who alone knows
    them: see `BackpropThroughTime(activity=...)`.

    Parameters
    ----------
    duration : float
        s.
    position, velocity, effort, smoothness : float
        Weights, per m^2, per (m/s)^2, and per unit of mean squared excitation. Where the goal is a velocity, `position`
        is per (m/s)^2 too. For rules that see one step only (`error`), `position` dt / `velocity` is the gain 1/s with
        which the hand is to approach the goal.
    teacher : float
        Gain of the feedback controller whose commands `wanted` adds.
    """

    arm: Arm | str = "li_todorov"  # or the name of a preset
    task: Task = field(default_factory=Reach)
    dt: float = 0.01  # s
    duration: float = 1.0  # s
    integrator: str = "semi_implicit_euler"
    position: float = 100.0  # 1/m^2: 1 for a miss of 10 cm
    velocity: float = 0.2  # 1/(m/s)^2
    effort: float = 0.01
    smoothness: float = 0.01
    teacher: float = 0.3
    test_size: int = 256
    test_seed: int = 1_000_003

    def __post_init__(self) -> None:
        """Look up an arm's name; refuse what cannot be learned from."""
        if isinstance(self.arm, str):
            object.__setattr__(self, "arm", make_arm(self.arm))
        for name in WEIGHTS:
            finite(name, getattr(self, name), 0.0)
            object.__setattr__(self, name, float(getattr(self, name)))
        finite("teacher", self.teacher, 0.0)
        finite("duration", self.duration, 0.0, above=True)
        if not (isinstance(self.test_size, int) and self.test_size >= 1):
            raise ValueError(f"expected test_size as a whole number of at least 1, got {self.test_size!r}")
        self.world.simulator.refuse_zero_gradient()

    @cached_property
    def world(self) -> World:
        """The arm in its task."""
        assert isinstance(self.arm, Arm)
        return World(Simulator(self.arm, self.dt, self.integrator), self.task)

    @property
    def steps(self) -> int:
        """Commands of one episode."""
        return steps_of(self.duration, self.dt)

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
        return {**asdict(self), "arm": repr(self.arm), "task": repr(self.task)}

    @cached_property
    def traced(self) -> EpisodeSettings:
        """The numbers of an episode; inputs have their mean over first moments taken off, and the task's units."""
        world, task = self.world, self.task
        low, high = world.arm.excitation_range
        moment = world.reset(np.random.default_rng(self.test_seed + 1).random((CALIBRATION, world.draws)))
        offset = world.observe(moment).mean(0)
        units = [*task.sense_units(world.arm), *[task.goal_unit] * 2]
        scaling = tuple((float(mean), 1.0 / unit) for mean, unit in zip(offset, units, strict=True))
        weights = self.position, self.velocity, self.effort, self.smoothness
        return EpisodeSettings(world, *weights, 0.5 * (high + low), 0.5 * (high - low), scaling)

    @cached_property
    def error_scale(self) -> float:
        """The rms of a step's derivative by its command, for muscles at half of their range at the start."""
        episode = self.batch(np.random.default_rng(self.test_seed + 2), CALIBRATION)
        x = episode.start()
        return float(np.sqrt(np.mean(episode.error(x._replace(command=0 * x.command), 0 * x.command) ** 2)))

    def batch(self, rng: np.random.Generator | Streams, size: int) -> TaskEpisode:
        """Episodes with fresh starts and goals (a leading axis more for `Streams`)."""
        return self.episode(self.world.reset(rng.uniform(0.0, 1.0, (size, self.world.draws))))

    def test(self) -> TaskEpisode:
        """The held-out episodes, the same for every circuit."""
        return self.batch(np.random.default_rng(self.test_seed), self.test_size)

    def episode(self, moment: Any) -> TaskEpisode:
        """Episodes from these first moments."""
        arrays, xp = packed(moment), namespace(moment.arm.joint_angle)
        seen = self.world.observe(moment)
        offset, factor = xp.asarray(self.traced.scaling, dtype=seen.dtype).T
        return TaskEpisode(self, arrays["trial"], arrays["moment"], (seen - offset) * factor)

    def distances(self, circuit: Circuit, params: Any, episode: TaskEpisode) -> Array:
        """How far what the task compares is from the goal after each step, (steps, ..., batch), m."""
        x, memory, found = episode.start(), circuit.rest(params, episode.inputs.shape[-2]), []
        for _ in range(self.steps):
            memory, trace = circuit.step(params, memory, episode.observe(x))
            miss = episode._ran(told_program, x, trace.output)["miss"]
            found.append((miss[..., 0] ** 2 + miss[..., 1] ** 2) ** 0.5)
            x, _ = episode.step(x, trace.output)
        return namespace(found[0]).stack(found)

    def policy(self, circuit: Circuit, params: Any, **about: Any) -> Policy:
        """One circuit as a policy from the world's observation to the excitation; `about` is kept in its file."""
        about = {"arm": described(self.world.arm), "dt": self.dt, "integrator": self.integrator, **about}
        made = self.traced
        offset, factor = np.array(made.scaling, np.float32).T
        return Policy(circuit, params, offset, factor, made.middle, made.half, about)


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
