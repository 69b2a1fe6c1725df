"""`armfa train`: one arm, several rules, several seeds; figures, an animation and a table of what was learned."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import matplotlib
import tyro
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from armfa.commands.flags import at_home, at_least_one, scheduler_of
from armfa.commands.following import Follower
from armfa.commands.longer import LongerSettings, sweep
from armfa.commands.showing import center_out, moving
from armfa.experiments.arm.controller import (
    EXPERIMENT,
    LEARNERS,
    STANDARD,
    Activation,
    ArmName,
    Settings,
    as_file_name,
    learner_of,
    network_for,
    policy_of,
    problem_for,
    save_controllers,
    try_rules,
)  # fmt: skip
from armfa.experiments.arm.controller import table as arm_table
from armfa.experiments.arm.pictures import hand_paths, learning_curves, name_of
from armfa.experiments.learning import curves_of
from armfa.experiments.rules import anywhere, code_of, label, listed, rule_class
from armfa.plant import make_arm
from armfa.plant.description import called
from armfa.reports.claim import STATUSES
from armfa.reports.curves import Curves, check_tensorboard
from armfa.reports.figures import STYLE, save_figure
from armfa.reports.film import FRAME_SIZE, FRAMES_PER_SECOND, check_film, write_film
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import begin, begun, rewrite
from armfa.runs.sweep import complete
from armfa.runs.unit import Run

UPDATES = 40_000
"""Weight updates of each network, where no number is asked for."""

FILM = 6.0
"""Length of the animation, s."""

FULL_SEEDS = 10
"""Networks with which the claims are tested in the report."""


@dataclass(frozen=True)
class Train:
    """Train controllers of the arm by several rules, and show what they learned."""

    arm: ArmName | str = "li_todorov"
    """Which published arm, or the file of one: my_arm.toml."""
    rules: str = ",".join(STANDARD)
    """Learning rules, separated by commas: these, feedback-alignment-backprop-rates, all that `armfa rules` lists, and
    your own as file.py:Rule."""
    activation: Activation = "static"
    """Muscles that follow the command at once, or with first-order dynamics, whose state the network then sees too."""
    dt: float | None = None
    """Time step, s; 0.01 when not given (0.002 for lillicrap_scott and song2008)."""
    command_margin: float | None = None
    """Random commands are drawn over this share of the excitation range more on either side, then clipped to it; 0 when
    not given (0.5 for first-order muscles)."""
    seeds: int = 5
    """Networks per rule; networks of the same seed start alike and see the same data."""
    first_seed: int = 0
    """Seed of the first network; the others follow."""
    updates: int | None = None
    """Weight updates of each network; 40000 when not given. More than a run to --resume was begun with: it goes on."""
    batch_size: int = 16
    """Samples per update."""
    rates: tuple[float, ...] = ()
    """Learning rates of all rules, one or one per layer; each rule's own when not given."""
    hidden: tuple[int, ...] = (500,)
    """Units of each hidden layer."""
    nonlinearity: Literal["tanh", "logistic", "relu", "linear"] = "tanh"
    """Of the hidden layers."""
    out: Path | None = None
    """Folder of the run; runs/ARM-DATE-TIME when not given."""
    resume: Path | None = None
    """Folder of a run to continue, with its own settings, or to more --updates; what is finished there is not run
    again."""
    processes: int = 2
    """Rules that train at once, each on one core."""
    scheduler: str = ""
    """Address of a Dask scheduler, whose workers do it in place of --processes; docs/scaling.md."""
    frame_size: int = FRAME_SIZE
    """Side of the animation, pixels."""
    frames_per_second: int = FRAMES_PER_SECOND
    """Of the animation."""
    quiet: bool = False
    """No progress, only the results."""
    tensorboard: bool = False
    """Curves as logs of TensorBoard too, in tensorboard/ of the folder, which grow with each state on disk; needs the
    extra armfa[tensorboard]."""
    extended: Annotated[tuple[int, ...], tyro.conf.Suppress] = ()
    """Updates at which the run was to end before it was asked for more."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        at_least_one(self, "seeds", "updates", "batch_size", "hidden", "processes")
        if self.dt is not None and not 1e-4 <= self.dt <= 0.05:
            raise ValueError(f"expected --dt from 0.0001 to 0.05 s, got {self.dt}")
        if self.command_margin is not None and not 0.0 <= self.command_margin <= 10.0:
            raise ValueError(f"expected --command-margin from 0 to 10, got {self.command_margin}")
        check_film(self.frame_size, self.frames_per_second)
        check_tensorboard(self.tensorboard)
        if self.first_seed < 0:
            raise ValueError(f"expected --first-seed of at least 0, got {self.first_seed}")
        names = listed(self.rules)
        if not names or len({label(name) for name in names}) < len(names):
            raise ValueError(f"expected --rules as one or more, each once, got {self.rules or 'none'}")
        make_arm(self.arm, activation=self.activation)  # refused now or never
        for name in names:
            if name not in LEARNERS:
                rule_class(name)
        if not self.hidden:
            raise ValueError("expected --hidden of at least one layer, got none")
        layers = len(self.hidden) + 1
        if len(self.rates) not in (0, 1, layers) or not all(0 <= rate < math.inf for rate in self.rates):
            raise ValueError(f"expected --rates of 0 or more, one or one for each of {layers} layers, got {self.rates}")

    @property
    def settings(self) -> Settings:
        """The same as settings of the experiment."""
        kind = partial(LongerSettings, extended=self.extended) if self.extended else Settings
        return kind(
            arms=(self.arm,), rules=tuple(listed(self.rules)), activation=self.activation, seeds=self.seeds,
            first_seed=self.first_seed, updates=self.updates or UPDATES, batch_size=self.batch_size, rates=self.rates,
            hidden=self.hidden, nonlinearity=self.nonlinearity, dt=self.dt, command_margin=self.command_margin,
        )  # fmt: skip


def train_arm(config: Train, console: Console | None = None) -> Path:
    """Run what is missing, draw everything, print the table; returns the folder of the run."""
    console, config = console or Console(), at_home(config)
    scheduler = scheduler_of(config)
    config, folder = place_of(config, console)
    settings, curves = config.settings, Curves(folder, config.tensorboard)
    start = time.monotonic()

    def grown(run: Run) -> None:
        curves.grow(curve_rows(settings, [run]))

    again = f"armfa train --resume {folder}"
    runs = complete(sweep(settings), folder, scheduler, console, again, config.quiet, grown)
    curves.grow(curve_rows(settings, runs))
    show_results(config, runs, folder, console)
    seconds = time.monotonic() - start
    written = "learning.png, paths.png, reaching.gif, table.csv, claims.csv, curves.csv, controllers/"
    say(console, f"\n{folder} ({seconds:.0f} s): {written}")
    say(console, f"next: armfa watch {folder}   or: armfa play {folder}")
    return folder


def place_of(config: Train, console: Console) -> tuple[Train, Path]:
    """The folder of the run, with its settings in it; for a run to continue, the settings that it was begun with."""
    if config.resume is not None:
        missing = "no run to continue: expected a folder that `armfa train` wrote"
        found = begun(config.resume, replace(config, updates=None), missing, "run", console)
        return longer(found, config.updates, config.resume, console), config.resume
    config = replace(
        config, updates=config.updates or UPDATES, rules=",".join(anywhere(name) for name in listed(config.rules))
    )
    try_rules(config.settings)
    return config, begin(config.out, as_file_name(called(config.arm)), config)


def longer(config: Train, asked: int | None, folder: Path, console: Console) -> Train:
    """The settings of a run that is asked for more updates, put into its folder; those it has where it is not."""
    before = config.updates or UPDATES
    if asked in (None, before):
        return config
    if asked < before:
        raise ValueError(f"{folder} was begun with --updates {before}: expected more, to go on to, got {asked}")
    config = replace(config, updates=asked, extended=(*config.extended, before))
    rewrite(folder, config)
    say(console, f"and on from {before} to {asked} updates, from there with the rates of a run of {asked} updates")
    return config


def show_results(config: Train, runs: Sequence[Run], folder: Path, console: Console) -> None:
    """Controllers, figures, animation and table, from finished runs."""
    settings = config.settings
    problem = problem_for(settings.arms[0], settings.activation, settings.dt, settings.command_margin)
    networks = [network_for(settings, learner_of(code_of(run)), problem) for run in runs]
    for network, run in zip(networks, runs):
        save_controllers(problem, network, run, folder / "controllers")
    rows = arm_table(settings, runs)
    write_table(folder / "table.csv", rows)
    with matplotlib.rc_context(STYLE):
        save_figure(learning_curves(runs), folder / "learning.png")
        save_figure(hand_paths(runs), folder / "paths.png")
    ways = [run.arguments["rule"] for run in runs]
    number = ways.index("feedback-alignment") if "feedback-alignment" in ways else 0
    follower = Follower(policy_of(problem, networks[number], runs[number], 0))
    with console.status("drawing the animation"):
        film = moving(
            follower, name_of(ways[number]), center_out(follower), round(FILM * config.frames_per_second),
            config.frame_size, config.frames_per_second,
        )  # fmt: skip
        write_film(folder / "reaching.gif", film, config.frames_per_second)
    console.print(results_table(settings, rows))
    judged = EXPERIMENT.judged(settings, runs)
    if judged:
        write_table(folder / "claims.csv", [claim.row for claim in judged])
    for claim in judged:
        say(console, claim.line, STATUSES[claim.verdict.status], indent=12)
    if settings.seeds < FULL_SEEDS and any(claim.verdict.status == "fails" for claim in judged):
        say(console, f"fails: not shown, P is not below .05; with n = {settings.seeds} also for want of networks "
            f"(--seeds {FULL_SEEDS})")  # fmt: skip


def sweep_rows(config: Train, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per rule."""
    return arm_table(config.settings, runs)


def curve_rows(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The learning curves of all networks, as far as they are, one row a point."""
    rows = []
    for run in runs:
        curves = curves_of(run.arrays, settings.batch_size)
        for number, seed in enumerate(run.arguments["seeds"]):
            for point, samples in enumerate(curves.get("samples", ())):
                angle = float(curves["angle"][number, point]) if "angle" in curves else float("nan")
                nse = float(curves["nse"][number, point])
                row = {"rule": run.arguments["rule"], "seed": seed, "updates": int(samples) // settings.batch_size}
                rows.append(row | {"samples": int(samples), "nse": nse, "angle": angle})
    return rows


def results_table(settings: Settings, rows: Sequence[dict[str, Any]]) -> Table:
    """The rows as a table for a terminal."""
    samples = settings.updates * settings.batch_size
    title = f"{called(settings.arms[0])}, {samples:,} samples, n = {rows[0]['n']}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, collapse_padding=True)
    heads = ("rule", "NSE\ntest set", "by\ncoasting", "angle\nto BP", "reach, mm\nmean (worst)", "random\n< 1 cm",
             "speed\nr")  # fmt: skip
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right", no_wrap=number > 0, overflow="fold")
    for row in rows:
        table.add_row(
            escape(name_of(row["rule"])),
            with_spread(row["nse"], row["nse_sd"]),
            f"{row['nse_by_coasting']:.2g}",
            "" if row["angle_deg"] != row["angle_deg"] else f"{row['angle_deg']:.0f}°",
            f"{row['center_out_mm']:.1f} ({row['center_out_worst_mm']:.1f})",
            f"{100 * row['random_reach_within_1cm']:.0f} %",
            f"{row['profile_correlation']:.3f}",
        )
    return table


def with_spread(mean: float, spread: float) -> str:
    """A mean to the digit that its standard deviation leaves it: `0.00072 ± 0.00005`."""
    if not spread > 0:
        return f"{mean:.2g}"
    digits = max(0, -math.floor(math.log10(float(f"{spread:.0e}"))))
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"
