"""`armfa adapt`: a trained controller meets a force field or a rotation, trial by trial, and goes on learning."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import tyro
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from armfa.commands.flags import at_home, at_least_one
from armfa.commands.showing import controller_file, is_shipped, open_policy
from armfa.controllers import Adam, Policy, TrainState, make_rule
from armfa.controllers.checkpoint import unpack
from armfa.controllers.machine import one_blas_thread
from armfa.controllers.policy import policy_in
from armfa.controllers.streams import streams
from armfa.controllers.training.doors import TRIED, check_fit
from armfa.controllers.training.train import in_precision
from armfa.controllers.trees import stack, take
from armfa.experiments.learning import curves_of
from armfa.experiments.motor.trials import FIRST, LAST, MEASURES, Course, known_mean, practised
from armfa.experiments.rules import spelt
from armfa.problems import problem_of
from armfa.reports.curves import Curves, check_tensorboard
from armfa.reports.figures import STYLE, panels, save_figure
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import begin, begun
from armfa.runs.job import News
from armfa.runs.store import FileCheckpoint
from armfa.runs.unit import Checkpoint, Run, Sweep, Unit
from armfa.world import Fields, Schedule

SECONDS_BETWEEN_FILES = 10.0
"""How often the state of an adaptation is written, from which a killed one goes on."""

SECONDS_PER_TRIAL = 0.05
"""Expected of a trial on one core."""


@dataclass(frozen=True)
class Adapt:
    """Let a trained controller adapt to a field or a rotation: baseline, field, wash-out, with channel trials."""

    run: tyro.conf.Positional[Path | None] = None
    """Folder that `armfa learn` wrote, or li_todorov/center-out, which comes with armfa."""
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
    rate: float = 1e-3
    """Adam's rate."""
    batch_size: int = 8
    """Movements of one trial, each to a goal of its own; the weights change after all of them."""
    trial_seed: int = 0
    """Of starts, goals, noise and the places of channel trials."""
    out: Path | None = None
    """Folder of what is written; RUN/adapt-DATE-TIME when not given, runs/adapt-DATE-TIME of one that comes with
    armfa."""
    resume: Path | None = None
    """Folder of an adaptation to continue, with its own settings."""
    quiet: bool = False
    """No progress, only the results."""
    tensorboard: bool = False
    """Curves as logs of TensorBoard too, in tensorboard/ of the folder, which grow with each state on disk; needs the
    extra armfa[tensorboard]."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        at_least_one(self, "baseline", "trials", "washout", "batch_size")
        check_tensorboard(self.tensorboard)
        if self.trial_seed < 0:
            raise ValueError(f"expected --trial-seed of at least 0, got {self.trial_seed}")
        if self.resume is not None:
            return  # its own settings are in its folder
        if self.run is None:
            raise ValueError(
                "expected the folder of a run that `armfa learn` wrote, li_todorov/center-out, which comes with armfa, "
                "or --resume, got none of them"
            )
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
    config, folder = place_of(config, console)
    start, policy = time.monotonic(), open_policy(config)[0]
    course = course_of(config, policy)
    settled = replace(config, out=None, resume=None, quiet=False, tensorboard=False)
    shown, curves = console.is_terminal and not config.quiet, Curves(folder, config.tensorboard)
    try:
        with Progress(console=console, transient=True, disable=not shown) as bar, one_blas_thread():
            task = bar.add_task("trials", total=1.0)

            def tell(news: News) -> None:
                if isinstance(news, Path):
                    curves.grow(curve_rows(config, rows_of(config, curves_of(checkpoint.latest(), config.batch_size))))
                else:
                    bar.update(task, completed=news) if isinstance(news, float) else say(console, news)

            unit = Unit("adapting", {}, 0.0)
            checkpoint = FileCheckpoint(folder, "", settled, unit, tell, every=SECONDS_BETWEEN_FILES)
            practice, state = adapted(config, course, policy, checkpoint)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with: armfa adapt --resume {folder}")
        raise
    rows = rows_of(config, practice)
    write_table(folder / "trials.csv", rows)
    curves.grow(curve_rows(config, rows))
    summary = phases(config, rows)
    write_table(folder / "table.csv", summary)
    about = {**(policy.about or {}), "adapted_to": f"{config.field} {config.strength:g}, {config.rotation:g} degrees"}
    policy = policy._replace(params=take(state.params, 0), about=about)
    policy.save(folder / "controllers" / f"{config.learn_by}_{config.seed}.npz")
    with matplotlib.rc_context(STYLE):
        save_figure(figure_of(config, rows), folder / "adaptation.png")
    console.print(table_of(summary))
    written = "adaptation.png, table.csv, trials.csv, curves.csv, controllers/"
    say(console, f"\n{folder} ({time.monotonic() - start:.0f} s): {written}")
    return folder


def place_of(config: Adapt, console: Console) -> tuple[Adapt, Path]:
    """The folder, with its settings in it, rule included; for one to continue, those that it was begun with."""
    if config.resume is not None:
        missing = "no adaptation to continue: expected a folder that `armfa adapt` wrote"
        begins = lambda found: replace(found, resume=None)  # noqa: E731  refuses settings that no adaptation has
        return begun(config.resume, config, missing, "adaptation", console, begins), config.resume
    config = fitting(config)
    run: Any = config.run  # looked at when the command was made
    own = None if is_shipped(run) else run / f"adapt-{time.strftime('%Y%m%d-%H%M%S')}"
    return config, begin(config.out or own, "adapt", config)


def fitting(config: Adapt) -> Adapt:
    """The command with its rule filled in; what cannot be is refused."""
    policy = open_policy(config)[0]
    config = replace(config, learn_by=spelt(config.learn_by) or (policy.about or {}).get("rule", ""))
    course = course_of(config, policy)
    few = course.problem.batch(np.random.default_rng(0), TRIED)
    check_fit(policy.network, make_rule(config.learn_by), Adam(config.rate), in_precision(few, np.float32))
    return config


def course_of(config: Adapt, policy: Policy) -> Course:
    """The trials, of the task that the controller has learned."""
    problem = problem_of(policy.about or {}, fields=config.fields, conditions=(1.0,))
    return Course(problem, (config.schedule,), config.batch_size)


def adapted(
    config: Adapt, course: Course, policy: Policy, checkpoint: Checkpoint
) -> tuple[dict[str, np.ndarray], TrainState]:
    """What each trial showed before the weights changed, arrays (1, trials), and the network at the end."""
    return practised(
        course, policy.network, make_rule(config.learn_by), Adam(config.rate), stack([policy.params]),
        streams([config.trial_seed]), checkpoint, alone=False,
    )  # fmt: skip


def rows_of(config: Adapt, curves: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """A row per trial, as far as they are."""
    schedule = config.schedule
    return [
        {"trial": number, "condition": float(schedule.conditions[number]), "channel": int(schedule.channels[number])}
        | {name: float(curves[name][0, number]) for name in MEASURES}
        for number in range(len(curves["cost"][0]))
    ]


def curve_rows(config: Adapt, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The trials as curves of other commands are: a row is what was measured before this update."""
    measured = [{name: value for name, value in row.items() if name != "trial"} for row in rows]
    begin = {"rule": config.learn_by, "seed": config.seed}
    return [
        begin | {"updates": row["trial"], "samples": row["trial"] * config.batch_size} | rest
        for row, rest in zip(rows, measured)
    ]


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
    found = []
    for part, (first, last) in parts.items():
        chosen = {name: np.array([row[name] for row in rows[first:last]]) for name in MEASURES}
        found.append({"phase": part} | {name: float(known_mean(x)) for name, x in chosen.items()})
    return found


# as units of a sweep


def sweep(config: Adapt) -> Sweep:
    """All trials as one unit, which is given the controller."""
    config, file = replace(fitting(config), out=None, quiet=False), controller_file(config)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    unit = Unit("adapting", {"controller": digest}, config.schedule.trials * SECONDS_PER_TRIAL)
    return Sweep("adapting", config, [unit], run, given=partial(given, config))


def given(config: Adapt, unit: Unit) -> dict[str, np.ndarray]:
    """The controller's file."""
    with np.load(controller_file(config), allow_pickle=False) as file:
        return dict(file)


def run(given: Mapping[str, np.ndarray], config: Adapt, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """What each trial showed, arrays (1, trials)."""
    policy = policy_in(*unpack(given), "the controller")
    return adapted(config, course_of(config, policy), policy, checkpoint)[0]


def sweep_rows(config: Adapt, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row: every measure of every phase."""
    summary = phases(config, rows_of(config, runs[0].arrays))
    short = [row["phase"].replace(", ", "_").replace("-", "") for row in summary]
    return [{f"{phase}_{name}": row[name] for phase, row in zip(short, summary) for name in MEASURES}]


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
    dotted = "; dotted: all of the field cancelled" if indexed else ""
    figure.set_label(f"grey: trials with the {'field' if config.field != 'none' else 'rotation'}{dotted}")
    return figure


def table_of(rows: list[dict[str, Any]]) -> Table:
    """The phases as a table for a terminal."""
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key == "phase" else "right")
    for row in rows:
        table.add_row(*("" if x != x else x if isinstance(x, str) else f"{x:.3g}" for x in row.values()))
    return table
