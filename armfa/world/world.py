"""The world over time: an arm, a task, and one step of both."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from armfa.arrays import Array, namespace, single, where
from armfa.compiled.program import Bound
from armfa.plant import Arm, ArmState, Loads, Simulator, hand_position
from armfa.plant.constants import Pair
from armfa.plant.traced import Traced
from armfa.tasks.clock import began
from armfa.tasks.task import Moment, Task
from armfa.tasks.vectors import length
from armfa.world.fields import (
    NOTHING,
    Fields,
    channel_force,
    field_load,
    line_between,
    pulse_load,
    rotated,
    together,
)
from armfa.world.program import gradient_program, observe_vjp_program, parts, vjp_program, waiting
from armfa.world.senses import (
    EXACT,
    SENSES,
    Line,
    Senses,
    carried_out,
    entered,
    oldest,
    own_senses,
    sense_range,
    settled,
    side_by_side,
    signal,
    split,
    whole_steps,
)


class Outcome(NamedTuple):
    """What one step gave."""

    achieved: Array  # (..., 2) where the hand is seen (m), or its velocity (m/s): what the task compares with the goal
    error: Array  # (...,) distance to the goal that was pursued
    cost: Array  # (...,) of the task, with effort
    success: Array  # (...,) whether the last goal has been held for long enough
    channel_force: Array = ()  # (...,) N, of the walls on the hand, to the left positive; () without a channel


class Bar(NamedTuple):
    """Derivatives of a scalar by what a moment remembers."""

    arm: ArmState  # by angles, velocities, activations
    line: Line  # by what waits in the line of the senses


@dataclasses.dataclass(frozen=True)
class World(Traced):
    """A simulator and a task, and what an agent sees and knows of them.

    Parameters
    ----------
    senses : Senses
        Delays and noise.
    fields : Fields
        What a laboratory does to the arm and to what is seen of it.
    single_goals : bool
        Errors are those of goals and achievements rounded to float32 and clipped to their bounds: of the numbers that
        the agent of a goal environment sees, so that it can compute its own reward.
    simulator : Simulator
        Arm, time step, integrator.
    task : Task
        With its settings.

    Raises
    ------
    ValueError
        For what does not go together: noise of what is not sensed, delays that are not whole steps, a channel or a jump
        where the goal is no place, a sense that tells a goal which may be another in hindsight.
    """

    simulator: Simulator
    task: Task
    single_goals: bool = False
    senses: Senses = EXACT
    fields: Fields = NOTHING
    hold_steps: float | None = dataclasses.field(init=False)
    """Steps on a goal after which it is reached, or None where the task has no end."""
    sense_bounds: tuple[Pair, ...] = dataclasses.field(init=False)
    """Of senses and cues."""
    goal_bounds: tuple[Pair, ...] = dataclasses.field(init=False)
    """Of goals and of what is achieved."""
    delays: tuple[int, int] = dataclasses.field(init=False)
    """Steps, of body and sight."""
    body: tuple[str, ...] = dataclasses.field(init=False)
    """What of the body waits in a line until it is told, by name."""
    sight: tuple[str, ...] = dataclasses.field(init=False)
    """What of the scene does."""
    noise: tuple[str, ...] = dataclasses.field(init=False)
    """Where noise comes in, by name, in the order of the random numbers of a step."""
    sds: tuple[tuple[float], ...] = dataclasses.field(init=False)
    """Standard deviations of the noise of each sense, the last of `noise`, in SI units."""

    def __post_init__(self) -> None:
        """Looks up what follows from task, arm and settings, and refuses what does not go together."""
        task, arm, dt = self.task, self.simulator.arm, self.simulator.dt
        senses, fields = self.senses, self.fields
        steps = None if task.hold_time is None else steps_of(task.hold_time, dt)
        ranges = [x for name in senses.sense or () for x in sense_range(name, task, arm)]
        bounds = task.sense_bounds(arm) if senses.sense is None else [(low, high) for low, high, _ in ranges]
        sensed, late = senses.sense or (*own_senses(arm), "hand"), senses.visual_delay > 0.0
        body = tuple(name for name in sensed if not SENSES[name].visual)
        noisy = () if senses.deterministic else senses.sensory_noise
        if unknown := [name for name, _ in noisy if name not in sensed]:
            raise ValueError(f"expected sensory_noise of what is sensed, {', '.join(sensed)}; got {', '.join(unknown)}")
        waits = senses.sense is not None or senses.proprioceptive_delay > 0.0 or any(x in body for x, _ in noisy)
        sight = ("hand",) if late or "hand" in dict(noisy) else ()
        if late and not self.single_goals and task.goal_kind != "velocity":  # a desired velocity is said, not seen
            sight += ("goal",)
        if late and task.cue_bounds(arm):
            sight += ("cues",)
        if "miss" in sensed and (late or "miss" in dict(noisy)):
            sight += ("miss",)
        if "miss" in sensed and self.single_goals:
            raise ValueError("expected no sense 'miss' beside goals that may be others in hindsight: it tells the goal")
        motor = [] if senses.deterministic else ["motor_noise", "constant_motor_noise"]
        for name in ("channel", "target_jump"):
            if getattr(fields, name) and task.goal_kind != "position":
                raise ValueError(f"expected no {name}: the goal of {type(task).__name__} is no place")
        found = {
            "hold_steps": None if steps is None else float(steps),
            "sense_bounds": (*bounds, *task.cue_bounds(arm)),
            "goal_bounds": tuple(task.goal_bounds(arm)),
            "delays": tuple(whole_steps(x, getattr(senses, x), dt) for x in ("proprioceptive_delay", "visual_delay")),
            "body": body if waits else (),
            "sight": sight,
            "noise": (*(x for x in motor if getattr(senses, x) is not None), *(name for name, _ in noisy)),
            "sds": tuple((sd,) for _, sd in noisy),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def arm(self) -> Arm:
        """The arm."""
        return self.simulator.arm

    @property
    def ends(self) -> bool:
        """Whether an episode can succeed."""
        return self.hold_steps is not None or self.task.judged

    @property
    def draws(self) -> int:
        """Uniform numbers that one trial takes."""
        return self.task.start_draws(self.arm) + self.task.goal_draws(self.arm)

    @property
    def normals(self) -> int:
        """Standard normal numbers that the noise of one step takes."""
        return self.senses.hold_action * sum(self._sizes(self.noise))

    @property
    def step_time(self) -> float:
        """Duration of one step, s: `hold_action` steps of the simulator."""
        return self.senses.hold_action * self.simulator.dt

    @property
    def sense_units(self) -> list[float]:
        """The unit in which environments show each number of senses and cues."""
        task, named = self.task, self.senses.sense
        units = task.sense_units(self.arm)
        if named is not None:
            units = [unit for name in named for _, _, unit in sense_range(name, task, self.arm)]
        return [*units, *task.cue_units(self.arm)]

    @property
    def lines(self) -> tuple[tuple[str, tuple[str, ...], int], ...]:
        """The lines in which signals wait: name, signals, delay in steps."""
        return ("body", self.body, self.delays[0]), ("sight", self.sight, self.delays[1])

    @property
    def latched(self) -> bool:
        """Whether a moment remembers that the target has jumped."""
        return self.fields.jump_distance is not None

    def reset(self, uniform: Array, noise: Array | None = None) -> Moment:
        """The first moment of an episode, from uniform random numbers (..., draws) in [0, 1).

        Parameters
        ----------
        uniform : Array (..., draws)
            Random numbers in [0, 1).
        noise : Array (..., normals), optional
            Of what is sensed now; None: exact.

        Returns
        -------
        Moment
            Leaves (...,).
        """
        return self.begin(self.task.trial(self.simulator, uniform), noise)

    def begin(self, trial: Any, noise: Array | None = None) -> Moment:
        """The first moment of this trial.

        Before it, so the senses say, nothing moved: their lines are full of the start.

        Parameters
        ----------
        trial : Trial
            Start, goals, condition.
        noise : Array (..., normals), optional
            Of what is sensed now; None: exact.

        Returns
        -------
        Moment
            Leaves (...,).
        """
        none, count = 0.0 * trial.condition, len(self.task.records)
        if isinstance(trial.channel, tuple):
            trial = trial._replace(channel=none + 1.0)
        q = trial.start.joint_angle
        record = namespace(q).stack([none] * count, axis=-1) if count else q[..., :0]
        moment = Moment(trial.start, trial, none, none, none, record, Line(jumped=none if self.latched else ()))
        moment = self.stilled(moment)
        if noise is not None:
            now = self._sensed(moment, 0.0 * q, self._noise(noise)[0])
            lines = [entered(line, parts) if parts else () for line, parts in zip(moment.line, now)]
            moment = moment._replace(line=moment.line._replace(body=lines[0], sight=lines[1]))
        return moment

    def stilled(self, moment: Moment) -> Moment:
        """The moment, which may come from a world with other senses, as if nothing had moved: lines full of it."""
        here = self._sensed(moment, 0.0 * moment.arm.joint_angle, {})
        body, sight = (settled(parts, delay) if parts else () for parts, delay in zip(here, self.delays))
        return moment._replace(line=moment.line._replace(body=body, sight=sight))

    def observe(self, moment: Moment) -> Array:
        """What there is to see, (..., k) in SI units: senses and cues, then the goal, as they arrive."""
        return namespace(moment.arm.joint_angle).concat(self.told(moment), axis=-1)

    def told(self, moment: Moment) -> list[Array]:
        """What is observed, part by part, (..., k): senses, cues, goal."""
        task, (body, sight) = self.task, self._arrived(moment)
        cursor = sight["hand"] if "hand" in sight else self.seen(moment)
        if self.senses.sense is None:
            senses = task.senses(self.arm, moment.arm._replace(**body), cursor)
        else:
            shown = {"hand": cursor, **body, **sight}
            if "miss" in self.senses.sense and "miss" not in sight:
                shown["miss"] = self._miss(moment)
            senses = [shown[name] for name in self.senses.sense]
        cues = [sight["cues"]] if "cues" in sight else task.cues(self.simulator, moment)
        return [*senses, *cues, sight["goal"] if "goal" in sight else self.goal(moment)]

    def seen(self, moment: Moment) -> Array:
        """What the task compares with the goal, as it is shown now (..., 2)."""
        task, fields = self.task, self.fields
        cursor = task.cursor(moment, task.achieved(self.arm, moment.arm))
        if fields.rotation is None:
            return cursor
        center = hand_position(self.arm, moment.trial.start.joint_angle) if task.goal_kind == "position" else None
        return rotated(fields.rotation, moment.trial.condition, cursor, center)

    def goal(self, moment: Moment) -> Array:
        """The goal that is pursued now (..., 2): the task's, or where it has jumped to."""
        goal, shift = self.task.goal(self.simulator, moment), self.fields.target_jump
        if shift is None:
            return goal
        size = moment.trial.condition
        onset, by_time = moment.trial.onset, self.fields.jump_time
        there = moment.line.jumped > 0.0 if self.latched else began(self.simulator, moment, onset + by_time)
        size = where(there, size, 0.0 * size)
        return goal + namespace(goal).stack([shift[0] * size, shift[1] * size], axis=-1)

    def load(self, moment: Moment) -> Loads:
        """What pushes the arm from outside, but for the walls of a channel."""
        by_field, by_pulse = (push(self.fields, self.simulator, moment) for push in (field_load, pulse_load))
        return together(self.task.load(self.simulator, moment), by_field, by_pulse)

    def step(self, moment: Moment, command: Array, noise: Array | None = None) -> tuple[Moment, Outcome]:
        """The moment one step later, the command (..., n) held, and what came of it.

        A trial whose command is NaN has a state and a cost of NaN from then on, and other trials are as they were: of a
        stack of controllers one may diverge alone. Environments refuse such an action.

        Parameters
        ----------
        moment : Moment
            Where the episode is; leaves (...,).
        command : Array (..., n)
            In the excitation range, held over the step.
        noise : Array (..., normals), optional
            Standard normal numbers; None: all noise off.

        Returns
        -------
        Moment
            One step later.
        Outcome
            What was achieved, what it cost, whether it was a success.
        """
        first, *rest = self._noise(noise)
        moment, outcome = self.substep(moment, command, first)
        for each in rest:
            moment, after = self.substep(moment, command, each)
            outcome = after._replace(success=outcome.success | after.success)
        return moment, outcome

    def substep(self, moment: Moment, command: Array, noise: Mapping[str, Array]) -> tuple[Moment, Outcome]:
        """One step of the simulator, and what came of it; noise by name."""
        task, arm = self.task, self.arm
        load, force = self.load(moment), ()
        moved = carried_out(self.senses, arm, command, noise)
        if self.fields.channel:
            line = self.line(moment)
            force = moment.trial.channel * channel_force(self.fields, self.simulator, moment, line, moved, load)
            load = together(load, Loads(hand_force=force[..., None] * line[1]))
        state = self.simulator.step(moment.arm, moved, load)
        now = moment._replace(arm=task.constrained(moment, state), steps=moment.steps + 1.0)
        achieved = self.seen(now)
        error = self.error(achieved, self.goal(moment))
        cost = task.cost(error) + task.effort * ((command * command).sum(-1) * (1.0 / arm.n_muscles))
        if task.n_goals > 1:
            cost = cost + task.pending(now)
        if task.records:
            measured = task.record(self.simulator, moment, now, error)
            now = now._replace(record=namespace(error).stack(measured, axis=-1))
        if self.hold_steps is None:
            success = task.passed(self.simulator, now)
        else:
            held = where(task.on_target(self.simulator, now, error), moment.held + 1.0, 0.0)
            last = task.n_goals - 1.0
            reached = held >= self.hold_steps
            touched = held >= 1.0 if task.passes else reached
            further = touched & (moment.stage < last)
            now = now._replace(stage=where(further, moment.stage + 1.0, moment.stage), held=where(further, 0.0, held))
            success = reached & (moment.stage >= last)
        return self._remembered(now, load, noise), Outcome(achieved, error, cost, success, force)

    def _remembered(self, now: Moment, load: Loads, noise: Mapping[str, Array]) -> Moment:
        """The moment with what is sensed of it in its lines."""
        line = now.line
        if self.latched:
            way = length(hand_position(self.arm, now.arm.joint_angle) - self.start(now))
            line = line._replace(jumped=where(way >= self.fields.jump_distance, 0.0 * way + 1.0, line.jumped))
            now = now._replace(line=line)
        pushed = 0.0 * now.arm.joint_angle if load.hand_force is None else load.hand_force
        body, sight = self._sensed(now, pushed, noise)
        line = line._replace(**{
            name: entered(getattr(line, name), parts) for name, parts in (("body", body), ("sight", sight)) if parts
        })  # fmt: skip
        return now._replace(line=line)

    def _sensed(self, moment: Moment, hand_force: Array, noise: Mapping[str, Array]) -> tuple[list[Array], list[Array]]:
        """The signals that enter the lines, with their noise."""
        sds = dict(zip(self.noise[len(self.noise) - len(self.sds) :], self.sds))

        def heard(name: str, value: Array) -> Array:
            return value + sds[name][0] * noise[name] if name in sds and name in noise else value

        body = [heard(name, signal(name, self.simulator, moment.arm, hand_force)) for name in self.body]
        scene = {"hand": self.seen, "goal": self.goal, "cues": self._cues, "miss": self._miss}
        return body, [heard(name, scene[name](moment)) for name in self.sight]

    def _arrived(self, moment: Moment) -> list[dict[str, Array]]:
        """What is told now of body and scene, where it has waited in a line."""
        found = zip(self.lines, moment.line)
        return [dict(zip(names, oldest(line, self._sizes(names)))) if names else {} for (_, names, _), line in found]

    def _cues(self, moment: Moment) -> Array:
        """All cues side by side."""
        return side_by_side(self.task.cues(self.simulator, moment))

    def _miss(self, moment: Moment) -> Array:
        """What is left to the goal (..., 2)."""
        return self.goal(moment) - self.seen(moment)

    def start(self, moment: Moment) -> Array:
        """Where the hand started (..., 2), m."""
        return hand_position(self.arm, moment.trial.start.joint_angle)

    def line(self, moment: Moment) -> tuple[Array, Array]:
        """Where the way to the present target begins (..., 2), m, and the unit normal to its left (..., 2).

        It begins at the start, or at the target before.
        """
        goals = moment.trial.goals
        point, goal = self.start(moment), goals[..., 0, :]
        for number in range(1, self.task.n_goals):
            later = (moment.stage >= float(number))[..., None]
            point, goal = where(later, goals[..., number - 1, :], point), where(later, goals[..., number, :], goal)
        return line_between(point, goal)

    def size_of(self, name: str) -> int | None:
        """How many numbers a signal has, or None where it has one per muscle."""
        if name == "cues":
            return len(self.task.cue_bounds(self.arm))
        wide = name in ("motor_noise", "constant_motor_noise") or (name in SENSES and SENSES[name].per_muscle)
        return None if wide else 2

    def _sizes(self, names: Iterable[str]) -> list[int]:
        return [size if (size := self.size_of(name)) is not None else self.arm.n_muscles for name in names]

    def _noise(self, noise: Any) -> list[Mapping[str, Array]]:
        """The random numbers of a step (..., normals) by name, for each step of the simulator."""
        steps = self.senses.hold_action
        if noise is None or not self.noise:
            return [{}] * steps
        if noise.shape[-1] != self.normals:
            raise ValueError(f"expected noise of shape (..., {self.normals}), got {tuple(noise.shape)}")
        parts, sizes = split(noise, [self.normals // steps] * steps), self._sizes(self.noise)
        return [dict(zip(self.noise, split(part, sizes))) for part in parts]

    def error(self, achieved: Array, goal: Array) -> Array:
        """Distance to the goal (...,)."""
        if self.single_goals:
            achieved, goal = self.goal_seen(achieved), self.goal_seen(goal)
        return self.task.error(achieved, goal)

    def goal_seen(self, point: Array) -> Array:
        """A goal or achievement (..., 2) as float32 shows it, within the bounds of what is observed."""
        (low1, high1), (low2, high2) = self.goal_bounds
        parts = clipped(point[..., 0], low1, high1), clipped(point[..., 1], low2, high2)
        return single(namespace(point).stack(parts, axis=-1))

    def step_vjp(
        self, moment: Moment, command: Array, noise: Array | None = None
    ) -> tuple[Moment, Outcome, Callable[[Any, Array], tuple[Any, Array]]]:
        """The next moment, the outcome, and the way back of derivatives through the step.

        `pullback(bar, cost_bar)` takes the derivatives of a scalar by what the next moment remembers and by the cost
        (...,), and returns its derivatives by what this moment remembers and by the command. Through loads, cursor and
        noise too. `bar` is an `ArmState`, or a `Bar` of arm and lines; so is what comes back.

        Parameters
        ----------
        moment : Moment
            Where the episode is; leaves (...,).
        command : Array (..., n)
            In the excitation range, held over the step.
        noise : Array (..., normals), optional
            Standard normal numbers; None: all noise off.

        Returns
        -------
        Moment
            One step later.
        Outcome
            As `step` gives it.
        Callable
            `pullback(bar, cost_bar)`, as above.
        """
        parts, moments = self._noise(noise), [moment]
        after, outcome = self.substep(moment, command, parts[0])
        for each in parts[1:]:
            moments.append(after)
            after, told = self.substep(after, command, each)
            outcome = told._replace(success=outcome.success | told.success)

        def back(bar: Any, cost_bar: Array) -> tuple[Any, Array]:
            both = bar if isinstance(bar, Bar) else Bar(bar, self._no_bars(after))
            by_command: Any = 0.0
            for before, each in zip(moments[::-1], parts[::-1]):
                both, by = self._back(before, command, each, both, cost_bar)
                by_command, cost_bar = by_command + by, 0.0 * cost_bar
            return both if isinstance(bar, Bar) else both.arm, by_command

        return after, outcome, back

    def observe_vjp(self, moment: Moment, bar: Array) -> Bar:
        """Derivatives of a scalar by what the moment remembers, from those by the observation (..., k).

        Parameters
        ----------
        moment : Moment
            Where the episode is; leaves (...,).
        bar : Array (..., k)
            Derivatives by the observation.

        Returns
        -------
        Bar
            By angles, velocities, activations and what waits in lines.
        """
        found = self._ran(self.bound(observe_vjp_program), moment, waiting(self, moment, told=True), bars=bar)
        lines = self._no_bars(moment)
        for name, names, _ in self.lines:
            if names:
                none = getattr(lines, name)
                by = namespace(none).concat([none[..., :-1, :], found[f"by_{name}"][..., None, :]], axis=-2)
                lines = lines._replace(**{name: by})
        return Bar(ArmState(found["by_q"], found["by_w"], found["by_a"]), lines)

    def cost_gradient(self, moment: Moment, command: Array, noise: Array | None = None) -> tuple[Array, Array]:
        """The cost of one step (...,) and its derivative by the command (..., n).

        Parameters
        ----------
        moment : Moment
            Where the episode is; leaves (...,).
        command : Array (..., n)
            In the excitation range, held over the step.
        noise : Array (..., normals), optional
            Standard normal numbers; None: all noise off.

        Returns
        -------
        Array (...,)
            The cost.
        Array (..., n)
            Its derivative.
        """
        self.simulator.refuse_zero_gradient()
        (each, *more) = self._noise(noise)
        if more:
            _, outcome, back = self.step_vjp(moment, command, noise)
            none = ArmState(*(0.0 * x for x in moment.arm))
            return outcome.cost, back(none, 0.0 * outcome.cost + 1.0)[1]
        bound, given = self.bound(gradient_program, bool(each)), self._beside(each)
        found = self._ran(bound, moment, waiting(self, moment), command=command, **given)
        return found["cost"][..., 0], found["by_command"]

    def _back(
        self, moment: Moment, command: Array, noise: Mapping[str, Array], bar: Bar, cost_bar: Array
    ) -> tuple[Bar, Array]:
        """Derivatives through one step of the simulator."""
        xp = namespace(cost_bar)
        new = [line[..., 0, :] for line, (_, names, _) in zip(bar.line, self.lines) if names]
        bars = xp.concat([*bar.arm, cost_bar[..., None], *new], axis=-1)
        bound, given = self.bound(vjp_program, bool(noise)), self._beside(noise)
        found = self._ran(bound, moment, waiting(self, moment), command=command, bars=bars, **given)
        older = [xp.concat([line[..., 1:, :], 0.0 * line[..., :1, :]], axis=-2) if names else ()
                 for line, (_, names, _) in zip(bar.line, self.lines)]  # fmt: skip
        return Bar(ArmState(found["by_q"], found["by_w"], found["by_a"]), Line(*older)), found["by_command"]

    def _beside(self, noise: Mapping[str, Array]) -> dict[str, Array]:
        """Noise as one array, as programs take it."""
        parts = list(noise.values())
        return {"noise": namespace(*parts).concat(parts, axis=-1)} if parts else {}

    def _no_bars(self, moment: Moment) -> Line:
        return Line(*(() if isinstance(line, tuple) else 0.0 * line for line in moment.line[:2]))

    def _ran(self, bound: Bound, moment: Moment, lines: Mapping[str, Array], **arrays: Array) -> dict[str, Array]:
        """The outputs of a program of this world."""
        names = bound.program.names[0]
        given = {**parts(moment, names), **lines, **arrays}
        return bound.ran({name: given[name] for name in names})

    def hand(self, moment: Moment) -> Array:
        """The hand's position (..., 2), m."""
        return hand_position(self.arm, moment.arm.joint_angle)


def steps_of(duration: float, dt: float) -> int:
    """Whole steps that take at least as long as asked."""
    return max(1, math.ceil(duration / dt - 1e-9))


def clipped(x: Array, low: Any, high: Any) -> Array:
    """Within bounds; NaN stays NaN."""
    return where(x < low, low, where(x > high, high, x))


class Rollout(NamedTuple):
    """What happened over time; time leads."""

    moments: Moment  # (steps + 1, ...): from the first to the one after the last step
    commands: Array  # (steps, ..., n)
    outcomes: Outcome  # (steps, ...)


def rollout(
    world: World,
    policy: Callable[[Moment], Array],
    moment: Moment,
    steps: int,
    noise: Array | None = None,
    goals: Array | None = None,
) -> Rollout:
    """Steps of the world under a policy. What a policy remembers is its own.

    Parameters
    ----------
    world : World
        Arm, task, senses, fields.
    policy : Callable
        moment -> command (..., n), in the excitation range.
    moment : Moment
        Where it starts, as `World.reset` gives it.
    steps : int
        Of the world.
    noise : Array (steps, ..., normals), optional
        Standard normal; None: all noise off.
    goals : Array (steps, ..., 2), optional
        The trial's only goal in each step, where it moves; None: where it is.

    Returns
    -------
    Rollout
        Moments (steps + 1, ...), commands and outcomes (steps, ...).
    """
    moments, commands, outcomes = [moment], [], []
    for time in range(steps):
        if goals is not None:
            trial = moments[-1].trial
            moments[-1] = moments[-1]._replace(trial=trial._replace(goals=goals[time][..., None, :]))
        commands.append(policy(moments[-1]))
        after, outcome = world.step(moments[-1], commands[-1], None if noise is None else noise[time])
        moments.append(after)
        outcomes.append(outcome)
    return Rollout(*(stacked(parts) for parts in (moments, commands, outcomes)))


def stacked(parts: list[Any]) -> Any:
    """One tree with a leading axis, of trees of one form."""
    first = parts[0]
    if isinstance(first, tuple):
        return type(first)(*(stacked([part[i] for part in parts]) for i in range(len(first))))
    return namespace(first).stack(parts)
