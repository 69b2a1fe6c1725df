"""Trial by trial: a stack of controllers goes on learning in fields and rotations, and each trial is measured.

A trial is a few movements to goals of their own. It is measured, then the weights change by one step of the rule on
these movements. All networks, one per seed with a schedule of its own, are one array program.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers import Circuit, GradientEstimator, Optimizer
from armfa.controllers.problem import driven
from armfa.controllers.streams import RunStreams, Streams
from armfa.controllers.training.train import in_precision
from armfa.controllers.training.update import TrainState, Updates, train_step
from armfa.controllers.trees import take
from armfa.experiments.learning import learn
from armfa.experiments.motor.movements import Movements, deviations, turned
from armfa.plant import hand_position, hand_velocity
from armfa.problems import TaskProblem
from armfa.problems.episodes import TaskEpisode
from armfa.runs.unit import Checkpoint
from armfa.world import Rollout, Schedule
from armfa.world.fields import channel_force, field_load
from armfa.world.program import unpacked
from armfa.world.senses import carried_out
from armfa.world.world import Outcome

MEASURES = ("deviation_cm", "direction_deg", "end_error_cm", "adaptation_index")
"""What is told of a trial: see `measured`."""
LAST = 20
"""Trials of a phase over which its last state is averaged."""
FIRST = 5
"""Trials of a phase over which its first state is."""


@dataclass(frozen=True)
class Course:
    """What a stack of controllers goes through: a problem with fields, and a schedule per network."""

    problem: TaskProblem
    schedules: tuple[Schedule, ...]
    """One per network; all of one length."""
    movements: int = 8
    """Of one trial. The first number that each goal is drawn by is spread evenly over them, so that eight movements of
    `CenterOut` go to its eight targets."""

    def __post_init__(self) -> None:
        """Refuse schedules that do not go side by side, and goals that are no places."""
        if len({schedule.trials for schedule in self.schedules}) != 1:
            lengths = [schedule.trials for schedule in self.schedules]
            raise ValueError(f"expected schedules of one length, got {lengths} trials")
        if self.problem.task.goal_kind != "position":
            raise ValueError(f"expected movements to places, got the task {type(self.problem.task).__name__}")

    @property
    def trials(self) -> int:
        """How many there are."""
        return self.schedules[0].trials

    def draw(self, data: Streams, size: int) -> tuple[Array, ...]:
        """Random numbers of one trial (networks, size, ...): uniform, and normal where the world is noisy."""
        world = self.problem.world
        uniform = data.uniform(0.0, 1.0, (size, world.draws))
        first = world.task.start_draws(world.arm)
        uniform[..., first] = (np.arange(size) + uniform[..., first]) / size
        if not world.noise:
            return (uniform,)
        return uniform, data.standard_normal((size, self.problem.steps + 1, world.normals))

    def episode(self, draws: Sequence[Array], number: int) -> TaskEpisode:
        """The movements of the trial of this number."""
        world, uniform = self.problem.world, draws[0]
        trial = world.task.trial(world.simulator, uniform)
        conditions, channels = (
            0.0 * trial.condition + np.array([tables[number] for tables in each])[:, None]
            for each in zip(*((schedule.conditions, schedule.channels) for schedule in self.schedules))
        )
        trial = trial._replace(condition=conditions, channel=channels)
        noise = draws[1] if len(draws) > 1 else None
        moment = world.begin(trial, None if noise is None else noise[..., 0, :])
        episode = self.problem.episode(moment, () if noise is None else noise[..., 1:, :])
        return in_precision(episode, np.float32)


def practised(
    course: Course,
    circuit: Circuit,
    rule: GradientEstimator,
    optimizer: Optimizer,
    params: Any,
    random: RunStreams,
    checkpoint: Checkpoint,
    alone: bool = True,
) -> tuple[dict[str, Array], TrainState]:
    """What each trial showed before the weights changed, arrays (networks, trials); and the networks at the end.

    params : a stack of weights, one network per schedule. alone : see `experiments.learning.learn`; of a network that
    has diverged the measures are not numbers.
    """
    shown: dict[str, Array] = {}

    def back_end(circuit: Circuit, rule: GradientEstimator, optimizer: Optimizer) -> Updates:
        def updates(state: TrainState, draws: Any, streams: Streams) -> TrainState:
            number = state.optimizer.step
            episode = course.episode(take(draws, (slice(None), 0)), number)
            shown.update(measured(course.problem, performed(course.problem, circuit, state.params, episode)))
            return train_step(circuit, rule, optimizer, state, episode, streams)

        return updates

    start = TrainState(params, rule.init(params, random.rule), optimizer.init(params))
    return learn(
        course.problem, circuit, rule, optimizer, random, updates=course.trials, batch_size=course.movements,
        at=np.arange(1, course.trials + 1), measure=lambda state: dict(shown), checkpoint=checkpoint, start=start,
        draw=lambda size: course.draw(random.data, size), back_end=back_end, block=1, alone=alone,
    )  # fmt: skip


def performed(problem: TaskProblem, circuit: Circuit, params: Any, episode: TaskEpisode) -> Movements:
    """The movements of an episode, of one network or a stack: time leads, then the networks, then the movements.

    `outcomes` have what the measures ask: achieved, error, cost, and the force of a channel at the first step of each
    command.
    """
    steps = list(driven(circuit, params, episode))
    world, made = problem.world, problem.traced
    packed = np.array([steps[0].x.moment, *(step.after.moment for step in steps)], np.float64)
    drawn = np.broadcast_to(episode.trial.astype(np.float64), (*packed.shape[:-1], episode.trial.shape[-1]))
    moment = unpacked(world, drawn, packed)
    command = made.middle + made.half * np.array([step.command for step in steps], np.float64)
    before, after = take(moment, slice(0, -1)), take(moment, slice(1, None))
    achieved = world.seen(after)
    force: Any = ()
    if world.fields.channel:
        noise = {} if isinstance(episode.noise, tuple) else world._noise(np.moveaxis(episode.noise, -2, 0))[0]
        moved, load = carried_out(world.senses, world.arm, command, noise), world.load(before)
        pressed = channel_force(world.fields, world.simulator, before, world.line(before), moved, load)
        force = before.trial.channel * pressed
    error = world.error(achieved, world.goal(before))
    costs = np.array([step.cost for step in steps], np.float64)
    run = Rollout(moment, command, Outcome(achieved, error, costs, (), force))
    velocity = hand_velocity(world.arm, moment.arm.joint_angle, moment.arm.joint_velocity)
    time = np.arange(problem.steps + 1) * world.step_time
    return Movements(
        time, hand_position(world.arm, moment.arm.joint_angle), np.hypot(*np.moveaxis(velocity, -1, 0)), run
    )


def measured(problem: TaskProblem, movements: Movements) -> dict[str, Array]:
    """What a trial showed, means over its movements, (networks,).

    "deviation_cm" is the hand's largest distance to the straight line, to its left positive. "direction_deg" is the
    angle from the line to the cursor at the peak of the speed, counter-clockwise positive. "adaptation_index" is the
    slope of the force on the walls of a channel over the force that would cancel the field, sum(F f) / sum(f f); nan
    outside of channel trials. [Smith, Ghazizadeh & Shadmehr 2006, PLoS Biol 4:e179]  The first two are nan in them.
    """
    away = deviations(problem, movements)
    furthest = np.take_along_axis(away, np.abs(away).argmax(0)[None], 0)[0]
    channel = movements.trial.channel[..., 0] > 0.0 if problem.fields.channel else np.zeros(away.shape[1:-1], bool)
    found = {
        "deviation_cm": np.where(channel, np.nan, 100.0 * furthest.mean(-1)),
        "direction_deg": np.where(channel, np.nan, directions(problem, movements).mean(-1)),
        "end_error_cm": 100.0 * movements.run.outcomes.error[-1].mean(-1),
        "adaptation_index": 0.0 * channel + np.nan,
        "cost": movements.run.outcomes.cost.mean((0, -1)),
    }
    if problem.fields.channel:
        found["adaptation_index"] = np.where(channel, index_of(problem, movements), np.nan)
    return found


def index_of(problem: TaskProblem, movements: Movements) -> Array:
    """The force with which the hand presses on the walls, as a share of the one that the field would ask for
    (networks,), over all movements of each network.
    """
    world, moments = problem.world, take(movements.run.moments, slice(0, -1))
    _, normal = world.line(take(moments, 0))
    there = moments._replace(trial=moments.trial._replace(condition=moments.trial.condition * 0.0 + 1.0))
    push: Any = field_load(problem.fields, world.simulator, there).hand_force
    asked = (push * normal).sum(-1)  # walls that hold back a hand which cancels the field push as the field would
    pressed = movements.run.outcomes.channel_force
    return (pressed * asked).sum((0, -1)) / (asked * asked).sum((0, -1))


def directions(problem: TaskProblem, movements: Movements) -> Array:
    """Angle from the line to where the cursor is at the peak of the speed (..., movements), degrees."""
    world, fastest = problem.world, movements.speed.argmax(0)
    seen = world.seen(movements.run.moments)
    cursor = np.take_along_axis(seen, fastest[None, ..., None], 0)[0]
    first = take(movements.run.moments, 0)
    start = hand_position(world.arm, first.trial.start.joint_angle)
    return turned(first.trial.goals[..., 0, :] - start, cursor - start)


def known_mean(values: Array) -> Array:
    """The mean over the last axis of what is not nan; nan where nothing is."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan)
