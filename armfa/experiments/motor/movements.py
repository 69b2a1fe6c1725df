"""What a controller does in a task: movements, the numbers that tell of them, and their figures."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from armfa.arrays import Array
from armfa.controllers import Policy
from armfa.controllers.trees import take
from armfa.plant import hand_position, hand_velocity
from armfa.problems import TaskProblem
from armfa.reports.figures import panels
from armfa.tasks import NEVER, Task, Trial
from armfa.world import Rollout, World, rollout
from armfa.world.reference import steps

MOVING = 0.05
"""Share of the peak speed at which a movement begins and ends."""
LOW = 0.1
"""Share of the peak speed below which a local maximum is no peak."""
UNITS = {"position": ("cm", 100.0), "velocity": ("m_per_s", 1.0), "force": ("N", 1.0)}
"""Of errors, by the kind of goal: the unit of tables, and how many of it are one SI unit."""
TRIALS = 16
"""Of a task's frozen trials, those by which a controller is judged and shown."""
SHOWN = 8
"""Movements in figures, at most."""

WEIGHTS = {"position": (100.0, 0.2), "velocity": (10.0, 0.0), "force": (0.1, 0.0)}
"""Of the cost, by the kind of goal: of the miss (per m^2, (m/s)^2 or N^2), and of the hand's speed (per (m/s)^2)."""
ALONG = (1000.0, 10.0)
"""The same where a movement time is set: of the distance to where the hand should be now, and of the velocity."""
MOVEMENT_TIMES = {"CenterOut": 0.5}
"""s from the go to the target, of tasks in which the hand is to move as people's do."""


def usual_costs(task: Task, movement_time: float | None) -> tuple[float | None, float, float]:
    """The movement time, s, and the weights of miss and velocity with which a task is learned where none is asked for.

    movement_time : the one that is asked for, 0 for none; None: that of the task.
    """
    along = MOVEMENT_TIMES.get(type(task).__name__) if movement_time is None else movement_time or None
    return along, *(WEIGHTS[task.goal_kind] if along is None else ALONG)


def length_of(world: World) -> float:
    """The time of one trial, s."""
    return steps(world) * world.step_time


class Movements(NamedTuple):
    """What was recorded of movements; time leads, then the trials."""

    time: Array  # (steps + 1,) s
    hand: Array  # (steps + 1, trials, 2) m
    speed: Array  # (steps + 1, trials) m/s
    run: Rollout

    @property
    def trial(self) -> Trial:
        """Leaves (trials, ...)."""
        return take(self.run.moments.trial, 0)


def performed(problem: TaskProblem, policy: Policy, trial: Trial, noise: Array | None = None) -> Movements:
    """These trials with a policy in command; noise (steps + 1, trials, normals), None: all off."""
    world = problem.world
    moment = world.begin(trial, None if noise is None else noise[0])
    run = rollout(world, remembering(policy, world), moment, problem.steps, None if noise is None else noise[1:])
    arm = run.moments.arm
    velocity = hand_velocity(world.arm, arm.joint_angle, arm.joint_velocity)
    time = np.arange(problem.steps + 1) * world.step_time
    return Movements(time, hand_position(world.arm, arm.joint_angle), np.hypot(*np.moveaxis(velocity, -1, 0)), run)


def remembering(policy: Policy, world: Any) -> Callable[[Any], Array]:
    """A policy as a function of moments, which keeps its memory between calls."""
    memory, (low, high) = None, world.arm.excitation_range

    def command(moment: Any) -> Array:
        nonlocal memory
        memory, excitation = policy.step(memory, world.observe(moment))
        return np.clip(excitation.astype(np.float64), low, high)

    return command


def trials_of(problem: TaskProblem, size: int) -> Trial:
    """The first of the task's frozen trials, with the problem's conditions in turn."""
    trial = problem.task.evaluation(problem.world.simulator, size)
    return trial._replace(condition=np.resize(np.array(problem.conditions, float), size))


def noise_of(problem: TaskProblem, size: int, seed: int = 0) -> Array | None:
    """Noise for `performed`, or None where the world has none."""
    if not problem.world.noise:
        return None
    return np.random.default_rng(seed).standard_normal((problem.steps + 1, size, problem.world.normals))


def profile(problem: TaskProblem, movements: Movements) -> dict[str, Array]:
    """Of each movement (trials,): the speed's form, and how far the path is from the straight line to the goal.

    A movement lasts from where the speed before its peak was last below 5 % of it, to where it first is after the peak.
    "peak_by_mean_speed" is 1.66 (1.875 from the very start to the very end) and "time_of_peak" 0.5 of the movement
    time, for a movement with the least jerk [Flash & Hogan 1985]. "speed_peaks" are the local maxima within it above a
    tenth of the peak: 1 for one bell. "deviation_cm" is the largest distance to the line, to the left positive; nan
    without a place to go to.
    """
    deviation = 100.0 * deviations(problem, movements)
    furthest = np.abs(np.nan_to_num(deviation)).argmax(0)
    found = speed_form(movements.speed, problem.world.step_time)
    return found | {"deviation_cm": deviation[furthest, np.arange(len(furthest))]}


def speed_form(speed: Array, step_time: float) -> dict[str, Array]:
    """What `profile` tells of speeds (steps + 1, trials); nan of a hand that does not move, or only leaves."""
    n = speed.shape[1]
    found = {
        name: np.full(n, np.nan) for name in ("peak_by_mean_speed", "time_of_peak", "movement_time_s", "speed_peaks")
    }
    for i in range(n):
        peak = int(np.argmax(speed[:, i]))
        slow = speed[:, i] < MOVING * speed[peak, i]
        before, after = np.flatnonzero(slow[:peak]), np.flatnonzero(slow[peak:])
        first = before[-1] if len(before) else 0
        last = peak + after[0] if len(after) else len(speed) - 1
        if speed[peak, i] > 0.0 and last > first:
            moving = speed[first : last + 1, i]
            tops = (moving[1:-1] > moving[:-2]) & (moving[1:-1] >= moving[2:]) & (moving[1:-1] > LOW * speed[peak, i])
            found["peak_by_mean_speed"][i] = speed[peak, i] / moving.mean()
            found["speed_peaks"][i] = tops.sum()
            found["time_of_peak"][i] = (peak - first) / (last - first)
            found["movement_time_s"][i] = (last - first) * step_time
    return found


def deviations(problem: TaskProblem, movements: Movements) -> Array:
    """Distance of the hand to the line from start to goal, to its left positive (steps + 1, trials), m."""
    if problem.task.goal_kind != "position":
        return np.full(movements.speed.shape, np.nan)
    point, normal = problem.world.line(take(movements.run.moments, 0))
    return ((movements.hand - point) * normal).sum(-1)


def turned(way: Array, went: Array) -> Array:
    """The angle from one vector (..., 2) to another, counter-clockwise, degrees."""
    return np.degrees(np.arctan2(way[..., 0] * went[..., 1] - way[..., 1] * went[..., 0], (way * went).sum(-1)))


def end_error(problem: TaskProblem, movements: Movements) -> tuple[str, Array]:
    """A name with the unit, and the distance to the goal after the last step (trials,)."""
    unit, factor = UNITS[problem.task.goal_kind]
    return f"end_error_{unit}", factor * movements.run.outcomes.error[-1]


# figures


def paths_figure(problem: TaskProblem, movements: Movements, title: str) -> Figure:
    """Paths of the hand in space, with the goals."""
    figure, axes = panels(3.6, height=3.6)
    axis, kind = axes[0], problem.task.goal_kind
    goals = movements.trial.goals
    for i in range(_shown(movements)):
        (line,) = axis.plot(*(100.0 * movements.hand[:, i].T), linewidth=1.4)
        axis.plot(*(100.0 * movements.hand[:1, i].T), ".", color="#888888", markersize=3)
        if kind == "position":
            axis.plot(*(100.0 * goals[i].T), "o", fillstyle="none", color=line.get_color(), markersize=7)
    axis.set(xlabel="x, cm", ylabel="y, cm", title=title, aspect="equal")
    return figure


def speed_figure(movements: Movements, title: str) -> Figure:
    """Speed of the hand over time."""
    figure, axes = panels(4.6)
    axes[0].plot(movements.time, movements.speed[:, : _shown(movements)], linewidth=1.2)
    _mark_go(axes[0], movements)
    axes[0].set(xlabel="time, s", ylabel="speed of the hand, m/s", title=title)
    figure.set_label("a line per movement, in the colours of the paths; dotted: the go")
    return figure


def activation_figure(problem: TaskProblem, movements: Movements, title: str) -> Figure:
    """Activation of each muscle over time, one panel per muscle, one line per movement."""
    muscles = problem.world.arm.n_muscles
    figure = Figure(figsize=(2.2 * min(3, muscles), 1.7 * -(-muscles // 3)), layout="constrained")
    axes = np.ravel(figure.subplots(-(-muscles // 3), min(3, muscles), sharex=True, sharey=True, squeeze=False))
    for i, axis in enumerate(axes[:muscles]):
        axis.plot(movements.time, movements.run.moments.arm.activation[:, : _shown(movements), i], linewidth=0.9)
        axis.set_title(problem.world.arm.muscle_names[i], fontsize=8)
    for axis in axes[-min(3, muscles) :]:
        axis.set_xlabel("time, s")
    axes[0].set_ylabel("activation")
    figure.suptitle(title, fontsize=10)
    figure.set_label("a line per movement, in the colours of the paths")
    return figure


def curve_figure(samples: Array, curves: Sequence[tuple[str, Array]], words: str, title: str) -> Figure:
    """Learning curves, one line per network."""
    figure, axes = panels(4.6)
    for label, values in curves:
        axes[0].plot(samples, values, linewidth=1.4, label=label)
    positive = all((values > 0).all() for _, values in curves)
    axes[0].set(xlabel=words, ylabel="cost of a step, test set", title=title, yscale="log" if positive else "linear")
    axes[0].legend()
    return figure


def _mark_go(axis: Any, movements: Movements) -> None:
    for onset in np.unique(movements.trial.onset[: _shown(movements)]):
        if 0.0 < onset < NEVER:
            axis.axvline(onset, color="#bbbbbb", linewidth=0.8, linestyle=":")


def _shown(movements: Movements) -> int:
    return min(SHOWN, movements.speed.shape[1])
