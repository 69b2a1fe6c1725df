"""`armfa adapt`: a trained controller meets a force field or a rotation, trial by trial, and goes on learning."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import tyro
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import track
from rich.table import Table

from armfa.arrays import Array
from armfa.commands.flags import at_home, at_least_one
from armfa.commands.showing import controller_file
from armfa.controllers import Adam, Policy, load_policy, make_rule
from armfa.controllers.machine import keep_memory, one_blas_thread
from armfa.controllers.streams import Streams
from armfa.controllers.training.update import TrainState, train_step
from armfa.controllers.trees import stack, take, tree_map
from armfa.experiments.motor.movements import Movements, deviations, performed
from armfa.experiments.rules import spelt
from armfa.plant import hand_position
from armfa.problems import TaskProblem, problem_of
from armfa.reports.figures import STYLE, panels, save_figure
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import begin
from armfa.world import Fields, Schedule
from armfa.world.fields import field_load

LAST = 20
"""Trials of a phase over which its last state is averaged."""
FIRST = 5
"""Trials of a phase over which its first state is."""


@dataclass(frozen=True)
class Adapt:
    """Let a trained controller adapt to a field or a rotation: baseline, field, wash-out, with channel trials."""

    run: tyro.conf.Positional[Path]
    """Folder that `armfa learn` wrote."""
    rule: str = ""
    """Whose controller; the first there is when not given."""
    seed: int = 0
    """Which of its networks."""
    field: Literal["none", "curl", "viscous"] = "none"
    """The force field that sets in; curl is clockwise for a positive strength."""
    strength: float = 13.0
    """N s/m."""
    rotation: float = 0.0
    """degrees by which the hand is seen turned about its start, counter-clockwise, in place of a field or beside it."""
    baseline: int = 50
    """Trials before."""
    trials: int = 200
    """Trials with the field or the rotation."""
    washout: int = 100
    """Trials after."""
    channel_every: int = 8
    """One in so many trials is a channel trial, of fields; 0: none is."""
    learn_by: str = ""
    """The rule that goes on learning; that of the controller when not given."""
    rate: float = 3e-4
    """Adam's rate."""
    batch_size: int = 8
    """Movements of one trial, each to a goal of its own; the weights change after all of them."""
    trial_seed: int = 0
    """Of starts, goals, noise and the places of channel trials."""
    out: Path | None = None
    """Folder of what is written; RUN/adapt-DATE-TIME when not given."""
    quiet: bool = False
    """No progress, only the results."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        at_least_one(self, "baseline", "trials", "washout", "batch_size")
        if self.field == "none" and self.rotation == 0.0:
            raise ValueError("expected something to adapt to, such as --field curl or --rotation 30, got nothing")
        if not 0.0 <= self.rate < float("inf"):
            raise ValueError(f"expected --rate of 0 or more, got {self.rate}")
        if self.channel_every == 1 or self.channel_every < 0:
            raise ValueError(f"expected --channel-every of 0 or at least 2, got {self.channel_every}")

    @property
    def schedule(self) -> Schedule:
        """The conditions of the trials."""
        every = self.channel_every if self.channel_every and self.field != "none" else None
        return Schedule.adaptation(
            self.baseline, self.trials, self.washout, channel_every=every, seed=self.trial_seed
        )  # fmt: skip

    @property
    def fields(self) -> Fields:
        """What acts in full where the condition is 1."""
        return Fields(
            field=None if self.field == "none" else self.field, field_strength=self.strength, rotation=self.rotation,
            channel=self.schedule.channel_every is not None,
        )  # fmt: skip


def adapt(config: Adapt, console: Console | None = None) -> Path:
    """Do the trials, write curve, table, figure and controller; returns the folder."""
    console, config = console or Console(), at_home(config)
    policy = load_policy(controller_file(config))
    problem = problem_of(policy.about or {}, fields=config.fields, conditions=(1.0,))
    if problem.task.goal_kind != "position":
        raise ValueError(f"expected a controller of movements to places, got one of {type(problem.task).__name__}")
    rule = spelt(config.learn_by) or (policy.about or {}).get("rule", "")
    folder = config.out or config.run / f"adapt-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = begin(folder, "adapt", replace(config, learn_by=rule))
    start = time.monotonic()
    rows, policy = adapted(config, problem, policy, rule, console)
    write_table(folder / "trials.csv", rows)
    summary = phases(config, rows)
    write_table(folder / "table.csv", summary)
    policy.save(folder / "controllers" / f"{rule}_{config.seed}.npz")
    with matplotlib.rc_context(STYLE):
        save_figure(figure_of(config, rows), folder / "adaptation.png")
    console.print(table_of(summary))
    say(console, f"\n{folder} ({time.monotonic() - start:.0f} s): adaptation.png, table.csv, trials.csv, controllers/")
    return folder


def adapted(
    config: Adapt, problem: TaskProblem, policy: Policy, rule_name: str, console: Console
) -> tuple[list[dict[str, Any]], Policy]:
    """A row per trial, measured before the weights change, and the controller at the end."""
    circuit, schedule, rng = policy.network, config.schedule, np.random.default_rng(config.trial_seed)
    rule, optimizer, rows = make_rule(rule_name), Adam(config.rate), []
    params, rngs = stack([policy.params]), Streams([np.random.default_rng((config.trial_seed, 1))])
    state = TrainState(params, rule.init(params, rngs), optimizer.init(params))
    numbers = range(schedule.trials)
    if console.is_terminal and not config.quiet:
        numbers = track(numbers, "trials", console=console, transient=True)
    keep_memory()
    with one_blas_thread():
        for number in numbers:
            trial = problem.task.trial(problem.world.simulator, rng.random((config.batch_size, problem.world.draws)))
            trial = schedule.applied(trial._replace(channel=trial.condition), number)
            noise = rng.standard_normal((problem.steps + 1, config.batch_size, problem.world.normals))
            noise = noise if problem.world.noise else None
            now = policy._replace(params=take(state.params, 0))
            rows.append(row_of(config, problem, number, performed(problem, now, trial, noise)))
            episode = problem.episode(
                problem.world.begin(trial, None if noise is None else noise[0]),
                () if noise is None else np.moveaxis(noise[1:], 0, 1),
            )
            batch = stack([tree_map(lambda leaf: leaf.astype(np.float32), episode)])
            state = train_step(circuit, rule, optimizer, state, batch, rngs)
    about = {**(policy.about or {}), "adapted_to": f"{config.field} {config.strength:g}, {config.rotation:g} degrees"}
    return rows, policy._replace(params=take(state.params, 0), about=about)


def row_of(config: Adapt, problem: TaskProblem, number: int, movements: Movements) -> dict[str, Any]:
    """What one trial showed, means over its movements.

    "deviation_cm" is the hand's largest distance to the straight line, to its left positive. "direction_deg" is the
    angle from the line to the cursor at the peak of the speed, counter-clockwise positive. "adaptation_index", of
    channel trials, is the slope of the force on the walls over the force that would cancel the field:
    sum(F f) / sum(f f).  [Smith, Ghazizadeh & Shadmehr 2006, PLoS Biol 4:e179]
    """
    schedule, away = config.schedule, deviations(problem, movements)
    channel = bool(number < schedule.trials and schedule.channels[number])
    furthest = np.abs(away).argmax(0)
    each = np.arange(away.shape[1])
    nothing = float("nan")
    return {
        "trial": number,
        "condition": float(schedule.conditions[number]),
        "channel": int(channel),
        "deviation_cm": nothing if channel else 100.0 * float(away[furthest, each].mean()),
        "direction_deg": nothing if channel else float(directions(problem, movements).mean()),
        "end_error_cm": 100.0 * float(movements.run.outcomes.error[-1].mean()),
        "adaptation_index": index_of(problem, movements) if channel else nothing,
    }


def index_of(problem: TaskProblem, movements: Movements) -> float:
    """The force with which the hand presses on the walls, as a share of the one that the field would ask for."""
    world, moments = problem.world, take(movements.run.moments, slice(0, -1))
    _, normal = world.line(take(moments, 0))
    there = moments._replace(trial=moments.trial._replace(condition=moments.trial.condition * 0.0 + 1.0))
    push: Any = field_load(problem.fields, world.simulator, there).hand_force
    asked = (push * normal).sum(-1)  # walls that hold back a hand which cancels the field push as the field would
    return float((movements.run.outcomes.channel_force * asked).sum() / (asked * asked).sum())


def directions(problem: TaskProblem, movements: Movements) -> Array:
    """Angle from the line to where the cursor is at the peak of the speed (trials,), degrees."""
    world, each = problem.world, np.arange(movements.speed.shape[1])
    cursor = world.seen(movements.run.moments)[movements.speed.argmax(0), each]
    first = take(movements.run.moments, 0)
    start = hand_position(world.arm, first.trial.start.joint_angle)
    way, went = first.trial.goals[:, 0] - start, cursor - start
    return np.degrees(np.arctan2(way[:, 0] * went[:, 1] - way[:, 1] * went[:, 0], (way * went).sum(-1)))


def phases(config: Adapt, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over the ends of baseline and field, and over the beginnings of field and wash-out (the after-effect)."""
    ends = np.cumsum([0, config.baseline, config.trials, config.washout])
    parts = {
        "baseline, last": (max(ends[0], ends[1] - LAST), ends[1]),
        "field, first": (ends[1], min(ends[2], ends[1] + FIRST)),
        "field, last": (max(ends[1], ends[2] - LAST), ends[2]),
        "wash-out, first": (ends[2], min(ends[3], ends[2] + FIRST)),
        "wash-out, last": (max(ends[2], ends[3] - LAST), ends[3]),
    }
    names = ("deviation_cm", "direction_deg", "end_error_cm", "adaptation_index")
    found = []
    for part, (first, last) in parts.items():
        chosen = {name: np.array([row[name] for row in rows[first:last]]) for name in names}
        found.append({"phase": part} | {name: mean_of(x) for name, x in chosen.items()})
    return found


def mean_of(x: Array) -> float:
    """The mean of what is known; nan where nothing is."""
    return float(np.nanmean(x)) if np.isfinite(x).any() else float("nan")


def figure_of(config: Adapt, rows: list[dict[str, Any]]) -> Figure:
    """Deviation or direction of each trial, and the adaptation index of channel trials."""
    column = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    indexed = config.schedule.channel_every is not None
    figure, axes = panels(4.6, 3.8) if indexed else panels(4.6)
    name, words = ("direction_deg", "direction at peak speed, degrees")
    if config.field != "none":
        name, words = "deviation_cm", "largest deviation from the line, cm"
    axes[0].plot(column["trial"], column[name], ".", markersize=3, color="#000000")
    axes[0].set(xlabel="trial", ylabel=words, title="movements")
    if indexed:
        there = column["channel"] == 1
        axes[1].plot(column["trial"][there], column["adaptation_index"][there], "o-", markersize=3, color="#0072b2")
        axes[1].axhline(1.0, color="#bbbbbb", linewidth=0.8, linestyle=":")
        axes[1].set(xlabel="trial", ylabel="adaptation index", title="channel trials")
    for axis in axes:
        axis.axvspan(config.baseline, config.baseline + config.trials, color="#eeeeee", zorder=0)
        axis.axhline(0.0, color="#bbbbbb", linewidth=0.8)
    return figure


def table_of(rows: list[dict[str, Any]]) -> Table:
    """The phases as a table for a terminal."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key == "phase" else "right")
    for row in rows:
        table.add_row(*("" if x != x else x if isinstance(x, str) else f"{x:.3g}" for x in row.values()))
    return table
