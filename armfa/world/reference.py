"""What is to be expected of a task: the scores of silent muscles, and of a controller that knows trial and arm."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.plant import Arm, Simulator, best_excitation, make_arm
from armfa.tasks import Task, velocity_toward
from armfa.tasks.task import Moment
from armfa.world.ilqr import ilqr
from armfa.world.world import Outcome, World, rollout, steps_of

GAIN, PACE = 10.0, 1.6
"""1/s, and arm's reaches per second: how the first guess of the oracle goes to a place."""
TONE = 0.1
"""Share of the excitation range: the first guess where there is no better one."""


class Score(NamedTuple):
    """Of trials, each of which ends with success as in an environment; or the means over them."""

    reward: Array  # sum over the steps
    success: Array  # share of the trials
    error: Array  # at the end; m, m/s or N


class Scores(NamedTuple):
    """Between these two lies what learns."""

    silence: Score  # no excitation at all
    oracle: Score  # in each trial the better of `first_guess` and iterative LQR, which knows goals and loads ahead


def reference_scores(
    task: Task, arm: Arm | None = None, *, dt: float = 0.01, trials: int = 18, rounds: int = 20, effort: float = 1e-3
) -> Scores:
    """The two scores on the first of the task's frozen trials (`Task.evaluation`).

    Parameters
    ----------
    task : Task
        With its settings.
    arm : Arm, optional
        The default arm where None.
    dt : float
        s.
    trials : int
        How many, conditions in turn.
    rounds : int
        Of `ilqr`.
    effort : float
        Of `ilqr`.

    Returns
    -------
    Scores
        Silence and oracle: reward, success, error at the end.
    """
    world = World(Simulator(make_arm() if arm is None else arm, dt), task)
    moment = world.begin(task.evaluation(world.simulator, trials))
    silent = np.zeros((trials, world.arm.n_muscles))
    silence = rollout(world, lambda moment: silent, moment, steps(world))
    guess = rollout(world, first_guess(world), moment, steps(world))
    plan = ilqr(world, moment, guess.commands, rounds=rounds, effort=effort)
    greedy, planned = each_score(guess.outcomes), each_score(plan.outcomes)
    best = Score(*(np.where(planned.reward > greedy.reward, x, y) for x, y in zip(planned, greedy)))
    return Scores(mean(each_score(silence.outcomes)), mean(best))


def first_guess(world: World) -> Callable[[Moment], Array]:
    """A policy that goes to the present goal, in each step by the best excitation there is; a light tone for forces."""
    task, arm = world.task, world.arm
    low, high = arm.excitation_range

    def policy(moment: Moment) -> Array:
        goal = world.goal(moment)
        if task.goal_kind == "force":
            return np.full((*goal.shape[:-1], arm.n_muscles), low + TONE * (high - low))
        if task.goal_kind == "position":
            goal = velocity_toward(goal, world.hand(moment), gain=GAIN, max_speed=PACE * arm.reach)
        return best_excitation(world.simulator, moment.arm, goal, world.load(moment))

    return policy


def steps(world: World) -> int:
    """Steps of a trial: those of the task's time limit, or as long as it has one goal."""
    return steps_of(world.task.episode_time, world.step_time) if world.task.hold is None else world.task.hold


def each_score(outcomes: Outcome) -> Score:
    """The score of each movement (trials,), from outcomes (steps, trials)."""
    ended = np.cumsum(outcomes.success, axis=0) - outcomes.success > 0  # in a step before
    last = (~ended).sum(0) - 1
    reward = -np.where(ended, 0.0, outcomes.cost).sum(0)
    return Score(reward, 1.0 * outcomes.success.any(0), outcomes.error[last, np.arange(len(last))])


def mean(scores: Score) -> Score:
    """The means over the trials."""
    return Score(*(float(x.mean()) for x in scores))
