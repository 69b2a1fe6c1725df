"""`armfa compare`: any learning rules side by side on any problem, on the same seeds, with paired statistics."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from rich.console import Console

from armfa.commands.comparing.grounds import NAMES, Ground, ground_of
from armfa.commands.comparing.results import comparison_rows, curve_rows, figure, results_table
from armfa.commands.flags import at_home, at_least_one, scheduler_of
from armfa.controllers import RULES, LearningRule, take
from armfa.controllers.streams import streams
from armfa.controllers.training.doors import TRIED
from armfa.controllers.training.train import in_precision
from armfa.data import MissingData
from armfa.experiments.arm.controller import params_arrays, problem_for, save_controllers
from armfa.experiments.learning import learn, points
from armfa.experiments.rules import (
    DECAY,
    LEARNED,
    anywhere,
    check_fit,
    code_of,
    label,
    listed,
    rule_class,
    rule_of,
    source,
)  # fmt: skip
from armfa.experiments.tuning import EXPECTED_TRIES, TuningCheckpoint, best_rates
from armfa.reports.curves import Curves, check_tensorboard
from armfa.reports.figures import STYLE, save_figure
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import begin, begun
from armfa.runs.sweep import complete
from armfa.runs.unit import Checkpoint, NoCheckpoint, Run, Sweep, Unit

ARM = "hand-velocity"
"""The problem whose networks are controllers, which are kept as files."""

TUNING_SEEDS = 10_000
"""Networks that rates are searched on have the seeds from here on, those that are compared the seeds below."""


@dataclass(frozen=True)
class Compare:
    """Put learning rules side by side on one problem: curves, angles to backprop, samples to an error, statistics."""

    problem: str = "linear"
    """What is learned: linear, deep, hand-velocity (the arm), digits (8x8, bundled) or mnist (where the files are); or
    a task over time by a recurrent network: Reach, CenterOut and all others that `armfa learn` takes."""
    rules: str = ""
    """Rules, separated by commas, also your own as file.py:Rule; the others are tested against the first. `armfa rules`
    lists them. When not given: backprop,feedback-alignment,shallow, and of tasks over time
    backprop-through-time,feedback-alignment-through-time,rflo."""
    seeds: int = 10
    """Networks per rule; networks of the same seed start alike and see the same data, so that rules pair."""
    updates: int | None = None
    """Weight updates of each network; the problem's own number when not given."""
    batch_size: int | None = None
    """Samples per update; the problem's own number when not given."""
    rates: tuple[float, ...] = ()
    """Learning rates of all rules, one or one per layer; the problem's own when not given."""
    tune: bool = False
    """Search the rates of each rule first, on other seeds and other held-out data, so that none is handicapped."""
    tune_seeds: int = 5
    """Networks that each set of rates is tried on."""
    reach: float | None = None
    """Error (NSE) of which it is told how many samples were needed; the problem's own when not given."""
    out: Path | None = None
    """Folder of the comparison; runs/compare-PROBLEM-DATE-TIME when not given."""
    resume: Path | None = None
    """Folder of a comparison to continue, with its own settings; what is finished there is not run again."""
    processes: int = 2
    """Rules that learn at once, each on one core."""
    scheduler: str = ""
    """Address of a Dask scheduler, whose workers do it in place of --processes; docs/scaling.md."""
    quiet: bool = False
    """No progress, only the results."""
    tensorboard: bool = False
    """Curves as logs of TensorBoard too, in tensorboard/ of the folder, which grow with each state on disk; needs the
    extra armfa[tensorboard]."""

    @property
    def names(self) -> list[str]:
        """The rules, in order."""
        return listed(self.rules or self.ground.rules)

    @property
    def ground(self) -> Ground:
        """The problem with its network and training."""
        return ground_of(self.problem)

    @property
    def settled(self) -> "Compare":
        """The same with the problem's numbers filled in, and without what no number depends on."""
        ground = self.ground
        return replace(
            self, rules=self.rules or ground.rules, updates=self.updates or ground.updates,
            batch_size=self.batch_size or ground.batch_size, rates=tuple(float(rate) for rate in self.rates),
            reach=self.reach or ground.reach, out=None, resume=None, processes=1, scheduler="", quiet=False,
            tensorboard=False,
        )  # fmt: skip


def compare(config: Compare, console: Console | None = None) -> Path:
    """Run what is missing, draw the figure, print the table; returns the folder of the comparison."""
    console, config = console or Console(), at_home(config)
    check_tensorboard(config.tensorboard)
    if config.resume is None:
        check(config)
    scheduler = scheduler_of(config)
    config, folder = place_of(config, console)
    settings, curves = config.settled, Curves(folder, config.tensorboard)
    size = settings.batch_size or settings.ground.batch_size
    start = time.monotonic()

    def grown(run: Run) -> None:
        curves.grow(curve_rows([run], size))

    again = f"armfa compare --resume {folder}"
    runs = complete(sweep(config), folder, scheduler, console, again, config.quiet, grown)
    curves.grow(curve_rows(runs, size))
    show_results(settings, runs, folder, console)
    seconds = time.monotonic() - start
    written = "comparison.png, comparison.csv, curves.csv" + (", controllers/" if settings.problem == ARM else "")
    say(console, f"\n{folder} ({seconds:.0f} s): {written}")
    return folder


def check(config: Compare) -> None:
    """Refuse, in one sentence, what cannot be compared: unknown names, impossible numbers, rules that do not fit."""
    if config.problem not in NAMES:
        raise ValueError(f"expected --problem out of {', '.join(NAMES)}, got {config.problem!r}")
    if not config.names:
        raise ValueError(f"expected --rules out of {', '.join(RULES)}, got none")
    called = [label(name) for name in config.names]
    for name in config.names:
        rule_class(name)
        if called.count(label(name)) > 1:
            raise ValueError(f"expected every rule once in --rules, got {label(name)!r} twice")
    at_least_one(config, "seeds", "updates", "batch_size", "tune_seeds", "processes")
    if config.reach is not None and not config.reach > 0:
        raise ValueError(f"expected --reach above 0, got {config.reach}")
    if config.seeds > TUNING_SEEDS:
        raise ValueError(f"expected --seeds of at most {TUNING_SEEDS}, got {config.seeds}")
    try:
        for name in config.names:
            try_rule(config.settled, name)
    except MissingData as error:
        raise FileNotFoundError(str(error)) from error


def try_rule(settings: Compare, name: str) -> None:
    """Let a rule make one update of one network."""
    ground = settings.ground
    rates = ground.rates_of(name, settings.rates)
    rule, random = rule_of(name, rates), streams([0])
    batch = in_precision(take(ground.problem(random, False).batch(random.data, TRIED), 0), ground.dtype)
    check_fit(name, settings.problem, ground.network, rule, ground.optimizer(rule, rates, 1), batch, ground.dtype)


def place_of(config: Compare, console: Console) -> tuple[Compare, Path]:
    """The folder, with the settings in it; for a comparison to continue, the settings that it was begun with."""
    if config.resume is not None:
        missing = "no comparison: expected what `armfa compare` wrote"
        return begun(config.resume, config, missing, "comparison", console, check), config.resume
    config = replace(config, rules=",".join(anywhere(name) for name in config.names))
    return config, begin(config.out, f"compare-{config.problem}", config.settled)


def show_results(settings: Compare, runs: Sequence[Run], folder: Path, console: Console) -> None:
    """Figure and table, from finished runs."""
    rows = comparison_rows(runs, reach := settings.reach or settings.ground.reach)
    write_table(folder / "comparison.csv", rows)
    if settings.problem == ARM:
        problem = problem_for("li_todorov")
        for run in runs:
            save_controllers(problem, settings.ground.network, run, folder / "controllers")
    with matplotlib.rc_context(STYLE):
        title = settings.problem + (", rates tuned for each rule" if settings.tune else "")
        save_figure(figure(runs, title, reach), folder / "comparison.png")
    samples = int(runs[0].arrays["samples"][-1])
    title = f"{settings.problem}: {settings.ground.about}; {samples:,} samples, n = {settings.seeds}"
    say(console, title, "bold")
    console.print(results_table(rows, samples, reach))
    for line in notes(settings, runs, rows):
        say(console, line)


def notes(settings: Compare, runs: Sequence[Run], rows: Sequence[dict[str, Any]]) -> list[str]:
    """How the rates were chosen and how the rules were tested."""
    rates = {run.arguments["rule"]: " ".join(f"{rate:g}" for rate in run.arrays["rates"]) for run in runs}
    each = "; ".join(f"{name} {told}" for name, told in rates.items())
    if settings.tune:
        tried = ", ".join(str(len(run.arrays["tried"])) for run in runs)
        how = (
            f"each rule's own, searched on {settings.tune_seeds} other networks and other held-out data ({tried} tried)"
        )
    elif len(set(rates.values())) == 1:
        how, each = "the same for every rule, not tuned", next(iter(rates.values()))
    else:
        how = "as listed for this problem, not the same for every rule and not all tuned (--tune tunes each)"
    lines = [f"Rates, {how}: {each}."]
    if len(runs) > 1:
        lines.append(
            f"NSE: geometric mean. Ratio: to {runs[0].arguments['rule']} on the same seeds [95 % interval]; "
            "P: two-sided paired t-test on log NSE, not corrected for the number of rules."
        )
    if any(row["reached"] < row["n"] for row in rows):
        lines.append(
            f"To {settings.reach:g}: median samples until NSE {settings.reach:g}. > or (k of n): the others had not "
            "reached it when the run ended (censored)."
        )
    kinds = [rule_class(code_of(run)) for run in runs]
    if any(issubclass(kind, LEARNED) for kind in kinds):
        lines.append(
            f"Learned feedback has the output layer's rate; it and the weights that it follows decay by {DECAY:g}."
        )
    angled = any(row["angle_end"] == row["angle_end"] for row in rows)
    if angled and not all(issubclass(kind, LearningRule) for kind in kinds):
        lines.append("* has no teaching signal: angle of its change of the hidden weights, one draw of its noise.")
    return lines


def sweep(config: Compare) -> Sweep:
    """The units of a comparison."""
    settings = config.settled
    return Sweep("comparing", settings, units(settings), run)


def sweep_rows(config: Compare, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per rule, tested against the first."""
    return comparison_rows(runs, config.settled.reach or config.ground.reach)


def units(settings: Compare) -> list[Unit]:
    """One unit a rule: all its networks as one stack, after the search of its rates where it is wanted."""
    networks = settings.seeds + settings.tune * EXPECTED_TRIES * settings.tune_seeds
    updates, batch = settings.updates or settings.ground.updates, settings.batch_size or settings.ground.batch_size
    seconds = networks * updates * settings.ground.seconds * batch / settings.ground.batch_size
    seeds = list(range(settings.seeds))
    return [
        Unit(label(name), {"rule": label(name), "seeds": seeds, **source(name)}, seconds) for name in settings.names
    ]


def run(settings: Compare, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """NSE (and share of wrong answers) and angles to backprop of every network, over samples."""
    name, seeds = code_of(unit), unit.arguments["seeds"]
    rates, found = settings.ground.rates_of(name, settings.rates), {}
    if settings.tune:
        kept = TuningCheckpoint(checkpoint, settings.tune_seeds, settings.seeds)
        rates, found = tuned(settings, name, rates, kept)
        checkpoint = kept
    return {**learned(settings, name, rates, seeds, checkpoint), "rates": np.array(rates), **found}


def learned(
    settings: Compare, name: str, rates: tuple[float, ...], seeds: Sequence[int], checkpoint: Checkpoint,
    tuning: bool = False,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Curves of a stack of networks; while tuning, only the error at the end, and on other held-out data."""
    ground, rule = settings.ground, rule_of(name, rates)
    updates, size = settings.updates or ground.updates, settings.batch_size or ground.batch_size
    random = streams(seeds)
    problem = ground.problem(random, tuning)
    at = np.array([0, updates]) if tuning else points(updates, 40, first=max(1, updates // 500))
    with np.errstate(all="ignore"):
        curves, state = learn(
            problem, ground.network, rule, ground.optimizer(rule, rates, updates), random, updates=updates,
            batch_size=size, at=at, measure=ground.measure(rule, problem, len(seeds), tuning), checkpoint=checkpoint,
            dtype=ground.dtype, alone=True,
        )  # fmt: skip
    kept = params_arrays(state.params) if settings.problem == ARM and not tuning else {}
    return {"samples": at * size, **curves, **kept}


def tuned(
    settings: Compare, name: str, rates: tuple[float, ...], kept: TuningCheckpoint
) -> tuple[tuple[float, ...], dict[str, np.ndarray]]:
    """The best rates that `best_rates` finds, and all that were tried with their mean log NSE.

    Other networks, teachers and held-out data than those that are compared: of images, a fifth of the training set.
    """
    seeds = range(TUNING_SEEDS, TUNING_SEEDS + settings.tune_seeds)

    def nse_at(tried: tuple[float, ...]) -> np.ndarray:
        return learned(settings, name, tried, seeds, NoCheckpoint(), tuning=True)["nse"]

    return best_rates(rule_class(name), rates, nse_at, kept)
