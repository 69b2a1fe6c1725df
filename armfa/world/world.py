"""The world over time: an arm, a task, and one step of both."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from armfa.arrays import Array, namespace, single, where
from armfa.compiled.program import Program
from armfa.plant import Arm, ArmState, Simulator, hand_position
from armfa.plant.constants import Pair
from armfa.plant.traced import Traced
from armfa.tasks.task import Moment, Task
from armfa.world.program import gradient_program, parts, vjp_program


class Outcome(NamedTuple):
    """What one step gave."""

    achieved: Array  # (..., 2) where the hand is seen (m), or its velocity (m/s): what the task compares with the goal
    error: Array  # (...,) distance to the goal that was pursued
    cost: Array  # (...,) of the task, with effort
    success: Array  # (...,) whether the last goal has been held for long enough


@dataclasses.dataclass(frozen=True)
class World(Traced):
    """A simulator and a task, and what an agent sees and knows of them.

    Parameters
    ----------
    single_goals : bool
        Errors are those of goals and achievements rounded to float32 and clipped to their bounds: of the numbers that
        the agent of a goal environment sees, so that it can compute its own reward.
    """

    simulator: Simulator
    task: Task
    single_goals: bool = False
    hold_steps: float | None = dataclasses.field(init=False)
    """Steps on a goal after which it is reached, or None where the task has no end."""
    sense_bounds: tuple[Pair, ...] = dataclasses.field(init=False)
    """Of senses and cues."""
    goal_bounds: tuple[Pair, ...] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """Looks up what follows from task and arm."""
        task, arm = self.task, self.simulator.arm
        steps = None if task.hold_time is None else steps_of(task.hold_time, self.simulator.dt)
        object.__setattr__(self, "hold_steps", None if steps is None else float(steps))
        object.__setattr__(self, "sense_bounds", (*task.sense_bounds(arm), *task.cue_bounds(arm)))
        object.__setattr__(self, "goal_bounds", tuple(task.goal_bounds(arm)))

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

    def reset(self, uniform: Array) -> Moment:
        """The first moment of an episode, from uniform random numbers (..., draws) in [0, 1)."""
        return self.begin(self.task.trial(self.simulator, uniform))

    def begin(self, trial: Any) -> Moment:
        """The first moment of this trial."""
        none, count = 0.0 * trial.condition, len(self.task.records)
        q = trial.start.joint_angle
        record = namespace(q).stack([none] * count, axis=-1) if count else q[..., :0]
        return Moment(trial.start, trial, none, none, none, record)

    def observe(self, moment: Moment) -> Array:
        """What there is to see, (..., k) in SI units: the task's senses and cues, then the goal."""
        task, cursor = self.task, self.seen(moment)
        senses, cues = task.senses(self.arm, moment.arm, cursor), task.cues(self.simulator, moment)
        return namespace(cursor).concat([*senses, *cues, task.goal(self.simulator, moment)], axis=-1)

    def seen(self, moment: Moment) -> Array:
        """What the task compares with the goal, as it is shown (..., 2)."""
        return self.task.cursor(moment, self.task.achieved(self.arm, moment.arm))

    def step(self, moment: Moment, command: Array) -> tuple[Moment, Outcome]:
        """The moment one time step later, the command (..., n) held, and what came of it."""
        task, arm = self.task, self.arm
        state = self.simulator.step(moment.arm, command, task.load(self.simulator, moment))
        now = moment._replace(arm=task.constrained(moment, state), steps=moment.steps + 1.0)
        achieved = self.seen(now)
        error = self.error(achieved, task.goal(self.simulator, moment))
        cost = task.cost(error) + task.effort * ((command * command).sum(-1) * (1.0 / arm.n_muscles))
        if task.n_goals > 1:
            cost = cost + task.pending(now)
        if task.records:
            measured = task.record(self.simulator, moment, now, error)
            now = now._replace(record=namespace(error).stack(measured, axis=-1))
        if self.hold_steps is None:
            return now, Outcome(achieved, error, cost, task.passed(self.simulator, now))
        held = where(task.on_target(self.simulator, now, error), moment.held + 1.0, 0.0)
        last = task.n_goals - 1.0
        reached = held >= self.hold_steps
        touched = held >= 1.0 if task.passes else reached
        further = touched & (moment.stage < last)
        now = now._replace(stage=where(further, moment.stage + 1.0, moment.stage), held=where(further, 0.0, held))
        return now, Outcome(achieved, error, cost, reached & (moment.stage >= last))

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
        self, moment: Moment, command: Array
    ) -> tuple[Moment, Outcome, Callable[[ArmState, Array], tuple[ArmState, Array]]]:
        """The next moment, the outcome, and the way back of derivatives through the step.

        `pullback(bar, cost_bar)` takes the derivatives of a scalar by the arm's next state and by the cost (...,), and
        returns its derivatives by the arm's state and by the command. Through loads and cursor too.
        """
        after, outcome = self.step(moment, command)

        def back(bar: ArmState, cost_bar: Array) -> tuple[ArmState, Array]:
            bars = namespace(cost_bar).concat([*bar, cost_bar[..., None]], axis=-1)
            found = self._ran(vjp_program, moment, command=command, bars=bars)
            return ArmState(found["by_q"], found["by_w"], found["by_a"]), found["by_command"]

        return after, outcome, back

    def cost_gradient(self, moment: Moment, command: Array) -> tuple[Array, Array]:
        """The cost of one step (...,) and its derivative by the command (..., n)."""
        self.simulator.refuse_zero_gradient()
        found = self._ran(gradient_program, moment, command=command)
        return found["cost"][..., 0], found["by_command"]

    def _ran(self, made: Callable[[Any], Program], moment: Moment, **arrays: Array) -> dict[str, Array]:
        """The outputs of a program of this world."""
        bound = self.bound(made)
        names = bound.program.names[0]
        given = parts(moment, names) | arrays
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


def rollout(world: World, policy: Callable[[Moment], Array], moment: Moment, steps: int) -> Rollout:
    """Steps of the world under a policy: moment -> command (..., n). What a policy remembers is its own."""
    moments, commands, outcomes = [moment], [], []
    for _ in range(steps):
        commands.append(policy(moments[-1]))
        after, outcome = world.step(moments[-1], commands[-1])
        moments.append(after)
        outcomes.append(outcome)
    return Rollout(*(stacked(parts) for parts in (moments, commands, outcomes)))


def stacked(parts: list[Any]) -> Any:
    """One tree with a leading axis, of trees of one form."""
    first = parts[0]
    if isinstance(first, tuple):
        return type(first)(*(stacked([part[i] for part in parts]) for i in range(len(first))))
    return namespace(first).stack(parts)
