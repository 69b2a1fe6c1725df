"""Iterative LQR: the best commands for trials that are known, and the feedback gains around them.

Each round linearizes the arm along the present movement, solves the problem of least cost for the linear arm (a Riccati
recursion backwards in time, with the muscles' limits), and goes as far along its answer as the true cost falls.
[Li & Todorov 2004, ICINCO, 222-229; limits: Tassa, Mansard & Todorov 2014, ICRA, 1168-1175.] NumPy only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.plant import ArmState
from armfa.tasks.task import Moment
from armfa.world.world import Outcome, Rollout, World, rollout

PACES = 0.5 ** np.arange(8)
"""Shares of the way to the linear arm's answer that are tried."""
TINY = 1e-30
"""Complex step."""
NEAREST = 1e-3
"""m, m/s or N: nearer to the goal, the cost is taken as a parabola."""
LEAST, MOST = 1e-6, 1e6
"""Damping: what is added to the cost's curvature by the command."""
CORNERS = 20
"""Rounds, at most, in which it is found which muscles are at their limits."""


class Plan(NamedTuple):
    """A movement for each trial; time leads."""

    moments: Moment  # (steps + 1, batch)
    commands: Array  # (steps, batch, n), in the excitation range
    gains: Array  # (steps, batch, n, 4 + n): command = planned + gains (state - planned); 0 for muscles at their limits
    outcomes: Outcome  # (steps, batch)
    costs: Array  # (rounds + 1, batch) of the movement before the first round and after each: they never rise


class Backward(NamedTuple):
    """The answer for the linear arm: command = planned + pace * change + gains (state - planned)."""

    change: Array  # (steps, batch, n)
    gains: Array  # (steps, batch, n, m)


def ilqr(
    world: World,
    moment: Moment,
    commands: Array,
    *,
    goals: Array | None = None,
    effort: float = 1e-3,
    rounds: int = 30,
    tolerance: float = 1e-4,
) -> Plan:
    """Commands of least cost: the sum over the steps of the task's cost and of effort * mean(command^2).

    Iterative LQR with the muscles' limits [Tassa, Mansard & Todorov 2014, box-DDP]; see the module for what it does.

    Parameters
    ----------
    world : World
        Arm and task.
    moment : Moment
        Where the movements start; leaves (batch, ...).
    commands : Array (steps, batch, n)
        The first guess, in the excitation range.
    goals : Array (steps, batch, 2)
        The trials' only goal in each step, such as a recorded movement; None: the task says where it is.
    effort : float
        Above 0.
    rounds : int
        At most.
    tolerance : float
        It ends where no cost falls by more than this share in a round.

    Returns
    -------
    Plan
        Moments, commands, outcomes, feedback gains, and the costs of each round.

    Raises
    ------
    ValueError
        For commands or moments of another shape, no effort, and no rounds.
    """
    n, limits = world.arm.n_muscles, world.arm.excitation_range
    if np.ndim(commands) != 3 or moment.arm.joint_angle.ndim != 2 or not effort > 0.0 or rounds < 1:
        raise ValueError(
            "expected commands (steps, batch, n), a moment with one batch axis, effort above 0 and rounds of at least "
            f"1, got {np.shape(commands)}, {moment.arm.joint_angle.shape}, {effort} and {rounds}"
        )
    commands = np.clip(np.asarray(commands, np.float64), *limits)
    steps, arms, curvature = len(commands), np.arange(commands.shape[1]), 2.0 * effort / n * np.eye(n)

    def answer(run: Rollout, damping: Array) -> Backward:
        now = _each(lambda x: x[:-1], run.moments)
        a, b = linearized(world, now, run.commands)
        slope, bend = cost_slopes(world, run.moments)
        u = run.commands
        return backward(a, b, slope, bend, u @ curvature, curvature, (limits[0] - u, limits[1] - u), damping)

    run = rollout(world, _following(commands), moment, steps, goals=goals)
    costs, damping = [_total(run, effort)], np.full(len(arms), LEAST)
    several = _each(lambda x: np.broadcast_to(x, (len(PACES), *x.shape)), moment)
    every = None if goals is None else np.broadcast_to(goals[:, None], (steps, len(PACES), *goals.shape[1:]))
    for _ in range(rounds):
        policy = _following(run.commands, answer(run, damping), run.moments.arm, limits)
        with np.errstate(all="ignore"):  # at a full pace an arm may become unstable
            tried = rollout(world, policy, several, steps, goals=every)
            found = _total(tried, effort)  # (paces, batch)
        found = np.where(np.isfinite(found), found, np.inf)
        best, cost = found.argmin(0), costs[-1]
        better = found.min(0) < cost
        chosen = _each(lambda x, best=best: x[:, best, arms], tried)
        run = _each(lambda x, y, keep=better: np.where(keep.reshape(-1, *(1,) * (x.ndim - 2)), x, y), chosen, run)
        costs.append(np.where(better, found.min(0), cost))
        done = (better & (cost - costs[-1] <= tolerance * np.abs(cost))) | (~better & (damping >= MOST))
        if done.all():
            break
        damping = np.clip(np.where(better, 0.2 * damping, 10.0 * damping), LEAST, MOST)
    return Plan(run.moments, run.commands, answer(run, damping).gains, run.outcomes, np.stack(costs))


def backward(
    a: Array, b: Array, slope: Array, bend: Array, by_command: Array, curvature: Array, limits: Any, damping: Array
) -> Backward:
    """The least cost of a linear system x' = a x + b u, by a Riccati recursion from the last step to the first.

    The cost of a step is slope x' + x' bend x' / 2 + by_command u + u curvature u / 2, x and u being differences from
    the plan.

    Parameters
    ----------
    a, b : Array (steps, batch, m, m) and (steps, batch, m, n)
    slope, bend : Array (steps, batch, m) and (steps, batch, m, m)
    by_command : Array (steps, batch, n)
    curvature : Array (n, n)
    limits : (Array, Array), each (steps, batch, n)
        Least and greatest u.
    damping : Array (batch,)
        Added to the curvature by u.
    """
    damped, (low, high) = damping[:, None, None] * np.eye(b.shape[-1]), limits
    v, vv = 0.0 * slope[0], 0.0 * bend[0]
    changes, gains = [], []
    for t in range(len(a) - 1, -1, -1):
        v, vv = v + slope[t], vv + bend[t]  # the cost to go, from x'
        at, bt = np.swapaxes(a[t], -1, -2), np.swapaxes(b[t], -1, -2)
        g, h, cross = by_command[t] + _times(bt, v), curvature + bt @ vv @ b[t], bt @ vv @ a[t]
        change, free = bounded(h + damped, g, low[t], high[t])
        gain = -np.linalg.solve(_of_free(h + damped, free), free[..., None] * cross)
        back = np.swapaxes(gain, -1, -2)
        v = _times(at, v) + _times(back, g + _times(h, change)) + _times(np.swapaxes(cross, -1, -2), change)
        vv = at @ vv @ a[t] + back @ h @ gain + back @ cross + np.swapaxes(back @ cross, -1, -2)
        vv = 0.5 * (vv + np.swapaxes(vv, -1, -2))
        changes.append(change)
        gains.append(gain)
    return Backward(np.stack(changes[::-1]), np.stack(gains[::-1]))


def bounded(h: Array, g: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """The least of g u + u h u / 2 for low <= u <= high, each (batch, n); and which u are between their limits.

    Newton's method and steepest descent, projected: u that are pushed against a limit stay there.
    """

    def value(u: Array) -> Array:
        return (g * u).sum(-1) + 0.5 * (u * _times(h, u)).sum(-1)

    def unpushed(u: Array, pull: Array) -> Array:
        return ~(((u <= low) & (pull > 0.0)) | ((u >= high) & (pull < 0.0)))

    u, arms = np.clip(0.0 * g, low, high), np.arange(len(g))
    pull, least = g + _times(h, u), value(u)
    for _ in range(CORNERS):
        free = unpushed(u, pull)
        step = -np.linalg.solve(_of_free(h, free), (free * pull)[..., None])[..., 0]
        down = -(free * pull)  # steepest descent, as far as it goes down, where Newton's step leaves the limits at once
        down = down * ((down * down).sum(-1) / np.maximum((down * _times(h, down)).sum(-1), TINY))[:, None]
        tries = np.clip(u + np.concatenate([PACES[:, None, None] * way for way in (step, down)]), low, high)
        found = value(tries)
        better, best = found.min(0) < least, found.argmin(0)
        if not better.any():
            break
        u, least = np.where(better[:, None], tries[best, arms], u), np.where(better, found.min(0), least)
        pull = g + _times(h, u)
    return u, unpushed(u, pull)


def linearized(world: World, moment: Moment, command: Array) -> tuple[Array, Array]:
    """The world's step, linear: d next/d state (..., 4 + n, 4 + n) and d next/d command (..., 4 + n, n).

    As `Simulator.linearize`, through loads and whatever holds the arm too.
    """
    size, axes = 4 + world.arm.n_muscles, moment.arm.joint_angle.ndim - 1
    lifted = _each(lambda x: np.expand_dims(x, axes), moment)
    _, _, back = world.step_vjp(lifted, command[..., None, :])
    unit = np.broadcast_to(np.eye(size), (*command.shape[:-1], size, size))
    by_state, by_command = back(ArmState(unit[..., :2], unit[..., 2:4], unit[..., 4:]), 0.0 * unit[..., 0])
    return np.concatenate(tuple(by_state), axis=-1), by_command


def cost_slopes(world: World, moments: Moment) -> tuple[Array, Array]:
    """Slope (steps, ..., m) and curvature (steps, ..., m, m) of each step's cost by the state after the step.

    Of a cost c of the distance d = |e| to the goal: slope J^T e c'/d, curvature J^T J c'/d, with J = de/dstate. Where c
    flattens out with the distance, this is the parabola above it that touches it [majorization].
    """
    before, after = _each(lambda x: x[:-1], moments), _each(lambda x: x[1:], moments)
    state, n = after.arm, world.arm.n_muscles
    pursued = before._replace(steps=after.steps - 1.0)  # in the last step of the simulator
    error = world.seen(after) - world.goal(pursued)
    rows = np.concatenate(tuple(state), axis=-1)
    moved = rows + 1j * TINY * np.eye(4 + n).reshape(4 + n, *(1,) * (rows.ndim - 1), 4 + n)
    arms = ArmState(moved[..., :2], moved[..., 2:4], moved[..., 4:])
    j = np.moveaxis(world.seen(after._replace(arm=arms)).imag / TINY, 0, -1)  # (steps, ..., 2, m)
    distance = np.maximum(np.hypot(error[..., 0], error[..., 1]), NEAREST)
    weight = (0j * distance + world.task.cost(distance + 1j * TINY)).imag / TINY / distance
    jt = weight[..., None, None] * np.swapaxes(j, -1, -2)
    return _times(jt, error), jt @ j


def _following(
    commands: Array, answer: Backward | None = None, planned: Any = None, limits: Any = None
) -> Callable[[Moment], Array]:
    """A policy of these commands; with an answer for the linear arm, for all paces at once (a leading axis)."""
    times = iter(range(len(commands)))

    def policy(moment: Moment) -> Array:
        t = next(times)
        if answer is None:
            return commands[t]
        away = np.concatenate([x - y[t] for x, y in zip(moment.arm, planned)], axis=-1)
        change = PACES[:, None, None] * answer.change[t] + _times(answer.gains[t], away)
        return np.clip(commands[t] + change, *limits)

    return policy


def _total(run: Rollout, effort: float) -> Array:
    """The cost of movements (...,)."""
    return run.outcomes.cost.sum(0) + effort * np.square(run.commands).mean(-1).sum(0)


def _of_free(h: Array, free: Array) -> Array:
    """The matrix (batch, n, n) for what is free; for the rest the unit matrix."""
    return np.where(free[..., None] & free[..., None, :], h, np.eye(h.shape[-1]))


def _times(matrix: Array, vector: Array) -> Array:
    return (matrix @ vector[..., None])[..., 0]


def _each(change: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """A tree of NamedTuples with its arrays changed."""
    if isinstance(tree, tuple):
        parts = [_each(change, *parts) for parts in zip(tree, *others)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return change(tree, *others)
