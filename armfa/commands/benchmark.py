"""`armfa benchmark`: every learning rule on the ids of "motor rules, v1", scored between two anchors.

Three kinds of work, one after the other: rates are searched, networks learn with them, and what they learned moves the
arm. A unit that is done is never done twice.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import matplotlib
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from armfa.commands.flags import at_home, at_least_one, scheduler_of
from armfa.controllers import RULES
from armfa.experiments.motor_rules.board import Board
from armfa.experiments.motor_rules.check import compared
from armfa.experiments.motor_rules.entries import ANCHORS, OWN, class_of, entries
from armfa.experiments.motor_rules.ids import IDS, LEARNED, chosen_ids
from armfa.experiments.motor_rules.learning import (
    KEPT,
    bound_units,
    bounds,
    fits,
    learn_id,
    learning_units,
    rates_found,
    seconds_of,
    tune,
    tuning_units,
)
from armfa.experiments.motor_rules.moving import move_id, moving_units, reach_bounds, trained_arrays
from armfa.experiments.motor_rules.page import interval, page, scale_of
from armfa.experiments.motor_rules.pictures import figures
from armfa.experiments.motor_rules.protocol import NAME, SLOW, Protocol
from armfa.experiments.rules import anywhere, code_of, is_file, label, listed
from armfa.files import write_text
from armfa.reports.figures import STYLE, save_figure
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import continued, own_settings
from armfa.runs.job import Scheduler
from armfa.runs.sweep import missing_units, run_missing, runs_of
from armfa.runs.unit import Run, Sweep, Unit


@dataclass(frozen=True)
class Benchmark:
    """Run learning rules through the benchmark "motor rules, v1" and write a board with scores, tables and figures."""

    rules: str = ""
    """Rules of the registry, separated by commas; all when empty. The anchors always run."""
    rule: tuple[str, ...] = ()
    """Your own rules, each as file.py:Rule; they run beside the others."""
    ids: str = ""
    """Tags or ids, separated by commas; all when empty. Tags: basic, data, body, depth, width, noise, no-model, reach,
    adapt, retain."""
    quick: bool = False
    """Fewer networks, tries, updates and trials: all of it in some ten minutes of two cores. It ranks nobody."""
    seeds: int | None = None
    """Test networks per rule and id, seeds from 0; 10 when not given, 3 with --quick."""
    out: Path = Path("benchmark")
    """Folder for runs, tables, figures and the page (README.md)."""
    resume: bool = False
    """Go on in the folder, with its own settings; other --rules, --rule and --ids come to those that it has."""
    processes: int = 2
    """Units that run at once, each with one BLAS thread."""
    scheduler: str = ""
    """Address of a Dask scheduler, whose workers do it in place of --processes; docs/scaling.md."""
    quiet: bool = False
    """No progress, only the results."""
    redraw: bool = False
    """Draw the board anew from the runs in the folder, and run nothing."""
    check: Path | None = None
    """Run two ids of this board again, drawn at random out of --ids where given, and say whether they are as its runs
    say: bit for bit, or within 5 % where processors differ. Nothing is written."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        at_least_one(self, "seeds", "processes")
        if self.seeds is not None and self.seeds > min(self.protocol.tuning_seeds):
            raise ValueError(
                f"expected --seeds of at most 100, since rates are searched on those above, got {self.seeds}"
            )

    @property
    def protocol(self) -> Protocol:
        """Its numbers."""
        protocol = Protocol.small() if self.quick else Protocol()
        return protocol if self.seeds is None else replace(protocol, seeds=self.seeds)


CHECKED = 2
"""Ids of a board that `--check` runs again."""
GROWS = ("rules", "rule", "ids")
"""Fields that come to those of the folder."""
NOT_KEPT = ("out", "resume", "processes", "scheduler", "quiet", "redraw", "check")
"""Fields that no number depends on."""


def benchmark(config: Benchmark, console: Console | None = None) -> Path:
    """Run what is missing, draw the board, and return the path of its page."""
    console, config = console or Console(), checked_names(at_home(config))
    scheduler = scheduler_of(config)
    if config.check is not None:
        return check_board(config, config.check, scheduler, console)
    whole = settled(config)
    asked = narrowed(config, whole)
    if asked.resume or asked.redraw:
        say(console, own_settings(whole.out, whole, NOT_KEPT))
    refuse_unfit(whole)
    plan, failed = Plan.of(asked), list[str]()
    if not asked.redraw:
        write_text(whole.out / "benchmark.json", json.dumps(asdict(whole), indent=1, default=str))
        tell_estimate(plan, scheduler.workers, console)
        try:
            for stage in (plan.searches, plan.learning, plan.moving):
                failed += run_missing(stage(), plan.folder, scheduler, console, asked.quiet)
        except KeyboardInterrupt:
            say(console, f"stopped; continue with: armfa benchmark --resume --out {whole.out}")
            raise
    path = draw(whole, console)
    if failed:
        raise RuntimeError(f"{len(failed)} units failed: {', '.join(failed)}; the board holds what did not")
    return path


def check_board(config: Benchmark, folder: Path, scheduler: Scheduler, console: Console) -> Path:
    """Run two of a board's ids again and compare; the ids are drawn, so that nobody knows them before."""
    whole = settled(replace(config, out=folder, resume=True, check=None))
    plan = Plan.of(narrowed(config, whole))
    sweeps = [plan.learning()[0], plan.moving()[0]]
    there = {unit_id(run) for sweep in sweeps for run in runs_of(sweep, plan.folder)}
    ids = [name for name in chosen_ids(listed(config.ids)) if name in there]
    if not ids:
        raise FileNotFoundError(
            f"{plan.folder} holds no finished runs of {config.ids or 'any id'}: expected a whole board"
        )
    drawn = list(np.random.default_rng().choice(ids, min(CHECKED, len(ids)), replace=False))
    submitted = [run for sweep in sweeps for run in runs_of(sweep, plan.folder) if unit_id(run) in drawn]
    names = [run.unit for run in submitted]
    again = [sweep._replace(units=[unit for unit in sweep.units if unit.name in names]) for sweep in sweeps]
    seconds = sum(unit.seconds for sweep in again for unit in sweep.units) / scheduler.workers
    say(console, f"{' and '.join(drawn)} of {folder} are run again: about {minutes(seconds)}")
    with TemporaryDirectory() as place:
        failed = run_missing(again, Path(place), scheduler, console, config.quiet)
        made = [run for sweep in again for run in runs_of(sweep, Path(place))]
    found = compared(whole.protocol, _names(whole), submitted, made)
    for each in found:
        say(console, each.line, None if each.agrees else "red", indent=10)
    wrong = sorted({f"{each.rule} on {each.place}" for each in found if not each.agrees})
    if failed or wrong:
        raise RuntimeError(f"{folder} is not what its runs say: {', '.join([*wrong, *failed])}")
    say(console, f"{folder}: {len(found)} results agree; the search of rates was not run again")
    return folder / "README.md"


def unit_id(unit: Unit | Run) -> str:
    """The id of a unit or run."""
    return unit.arguments["id"]


def checked_names(config: Benchmark) -> Benchmark:
    """The command with its names looked up: rules that exist, ids that exist, files where they are."""
    chosen_ids(listed(config.ids))
    for name in config.rule:
        if not is_file(name):
            raise ValueError(f"expected --rule as file.py:Rule, got {name!r}; rules of the registry go to --rules")
    names = [*listed(config.rules), *config.rule]
    called = [label(name) for name in names]
    for name in names:
        if name not in OWN:
            class_of(name)
        if called.count(label(name)) > 1 or (is_file(name) and label(name) in {*RULES, *OWN}):
            raise ValueError(
                f"expected every rule once, and none of your own with the name of another, got {label(name)!r}"
            )
    return replace(config, rule=tuple(anywhere(name) for name in config.rule))


def settled(config: Benchmark) -> Benchmark:
    """The command with the settings that its folder was begun with; rules and ids are those of both."""
    begun = continued(config, "benchmark", "benchmark", NOT_KEPT, GROWS)
    if begun is None:
        return config
    both = {name: _both(listed(old), listed(new)) for name, old, new in
            (("rules", begun.rules, config.rules), ("ids", begun.ids, config.ids))}  # fmt: skip
    return replace(begun, **both, rule=tuple(dict.fromkeys([*begun.rule, *config.rule])))


def narrowed(config: Benchmark, whole: Benchmark) -> Benchmark:
    """What is to be run now: of all that the folder is about, the rules and ids that are named, if any are."""
    only = {"rules": config.rules, "rule": config.rule} if config.rules else {}
    return replace(whole, **only, ids=config.ids or whole.ids)


def _both(old: Sequence[str], new: Sequence[str]) -> str:
    """What is asked for beside what there is; an empty list of what there is, is everything."""
    return ",".join(dict.fromkeys([*old, *new])) if old else ""


def _names(config: Benchmark) -> list[str]:
    """Codes of all entries of a command."""
    return list(dict.fromkeys([*entries(listed(config.rules)), *config.rule]))


def _left_out(config: Benchmark, place: str) -> dict[str, str]:
    """Entries that do not run on an id, and why: those that cannot learn it, and slow ones in a quick board."""
    found = {}
    for name in _names(config):
        seconds = seconds_of(LEARNED.get(place, LEARNED[KEPT]), name)
        if config.quick and seconds >= SLOW and name not in listed(config.rules):
            found[label(name)] = f"{1000 * seconds:.0f} ms per update; in a quick board where --rules names it"
        elif why := fits(config.protocol, structure(place), name):
            found[label(name)] = why
    return found


def structure(place: str) -> str:
    """The id by which it is seen whether a rule fits: others differ from velocity/0 in numbers only."""
    return place if place in LEARNED and len(LEARNED[place].hidden) > 1 else KEPT


def refuse_unfit(config: Benchmark) -> None:
    """Rules that were asked for by name and cannot learn the arm are refused; others of the registry are left out."""
    why = _left_out(config, KEPT)
    for name in [*listed(config.rules), *config.rule]:
        if label(name) in why:
            raise ValueError(why[label(name)])


class Plan(NamedTuple):
    """What is to be run: sweeps of three stages, each of which reads what the one before left in the folder."""

    protocol: Protocol
    folder: Path
    ids: Sequence[str]
    able: Mapping[str, Sequence[str]]  # id -> entries
    left_out: Mapping[str, str]  # entries, or entries on an id -> why

    @classmethod
    def of(cls, config: Benchmark) -> "Plan":
        """What a command asks for; networks that move the arm learn velocity/0 before."""
        ids = chosen_ids(listed(config.ids))
        if any(name not in LEARNED for name in ids) and KEPT not in ids:
            ids = [KEPT, *ids]
        able, left_out = dict[str, list[str]](), _left_out(config, KEPT)
        for place in ids:
            here = _left_out(config, place)
            able[place] = [name for name in _names(config) if label(name) not in {**left_out, **here}]
            others = {rule: why for rule, why in here.items() if rule not in left_out}
            left_out |= {f"{rule} on {place}": why for rule, why in others.items()}
        return cls(config.protocol, config.out / "runs", ids, able, left_out)

    def searches(self) -> list[Sweep]:
        """Rates, and the bounds of each id."""
        units: dict[str, Unit] = {}
        for place in self.ids:
            units |= {unit.name: unit for unit in tuning_units(self.protocol, [place], self.able[place])}
        return [
            Sweep("tuning", self.protocol, list(units.values()), tune),
            Sweep("bounds", self.protocol, bound_units(self.protocol, self.ids), bounds),
            Sweep("reach-bounds", self.protocol, [Unit("reach-0", {"id": "reach/0"}, 20.0)] * ("reach/0" in self.ids),
                  reach_bounds),
        ]  # fmt: skip

    def learning(self) -> list[Sweep]:
        """Test networks, with the rates that were found; an entry whose search failed has none."""
        own = rates_found(runs_of(self.searches()[0], self.folder))
        units = [unit for place in self.ids for unit in learning_units(self.protocol, [place], self.able[place], own)]
        return [Sweep("learning", self.protocol, units, learn_id)]

    def moving(self) -> list[Sweep]:
        """What the networks of velocity/0 do with the arm."""
        return [self._moving(_trained(self.learning()[0].units))]

    def _moving(self, trained: Mapping[str, Unit]) -> Sweep:
        units = moving_units(self.protocol, self.ids, trained)
        return Sweep("moving", self.protocol, units, move_id, given=partial(trained_arrays, self.folder, self.protocol))

    def expected(self) -> dict[str, float]:
        """Core seconds by tag of what is not on disk yet; of searches under the tag that they are for."""
        seconds: dict[str, float] = {}
        missing = [unit for sweep in self.searches() for unit in missing_units(sweep, self.folder)]
        found = rates_found(runs_of(self.searches()[0], self.folder))
        guessed = {(LEARNED[place].tuned_on, label(name)): LEARNED[LEARNED[place].tuned_on].common_rates()
                   for place in self.ids if place in LEARNED for name in self.able[place]}  # fmt: skip
        units = [unit for place in self.ids
                 for unit in learning_units(self.protocol, [place], self.able[place], guessed | found)]  # fmt: skip
        missing += missing_units(Sweep("learning", self.protocol, units, learn_id), self.folder)
        trained = _trained(units)
        missing += missing_units(self._moving(trained), self.folder)
        for unit in missing:
            tag = IDS[unit.arguments["id"]].tag
            seconds[tag] = seconds.get(tag, 0.0) + unit.seconds
        return seconds


def _trained(units: Sequence[Unit]) -> dict[str, Unit]:
    """By the code of a rule, the unit that trains the networks which move the arm."""
    kept = (unit for unit in units if unit.arguments["id"] == KEPT and unit.arguments["column"] == "own")
    return {code_of(unit): unit for unit in kept}


def tell_estimate(plan: Plan, processes: int, console: Console) -> None:
    """How long it will take, by tag, from costs that were measured on a 2-core machine."""
    expected = plan.expected()
    if expected:
        each = ", ".join(f"{tag} {minutes(seconds / processes)}" for tag, seconds in expected.items())
        total = minutes(sum(expected.values()) / processes)
        say(console, f"{NAME}: about {total} on {processes} processes ({each})")


def minutes(seconds: float) -> str:
    """A duration, roughly."""
    return (
        f"{seconds / 3600:.1f} h"
        if seconds >= 5400
        else f"{seconds / 60:.0f} min"
        if seconds >= 90
        else f"{seconds:.0f} s"
    )


def draw(whole: Benchmark, console: Console) -> Path:
    """Tables, figures and page from the runs in the folder; the table of scores on the console."""
    plan = Plan.of(whole)
    tuning, *limits = (runs_of(sweep, plan.folder) for sweep in plan.searches())
    learning, moving = (runs_of(stage()[0], plan.folder) for stage in (plan.learning, plan.moving))
    board = Board(whole.protocol, _names(whole), tuning, learning, moving, [run for runs in limits for run in runs])
    if not board.ids:
        raise RuntimeError(f"{whole.out} holds no id on which both {ANCHORS[0]} and {ANCHORS[1]} have run")
    out = whole.out
    write_table(out / "board.csv", board.rows)
    write_table(out / "raw.csv", board.raw)
    write_table(out / "tuning.csv", tried_rows(tuning))
    with matplotlib.rc_context(STYLE):
        drawn = figures(board)
        for name, figure in drawn.items():
            save_figure(figure, out / f"{name}.png", dpi=130)
    hours = sum(run.facts["seconds"] for run in [*tuning, *learning, *moving]) / 3600
    write_text(out / "README.md", page(board, list(drawn), plan.left_out, command_of(whole), hours))
    console.print(table_of(board))
    for words in (scale_of(board), board.verdict, str(out / "README.md")):
        say(console, words)
    return out / "README.md"


def command_of(config: Benchmark) -> str:
    """The command that makes this board."""
    flags = {"rules": config.rules, "ids": config.ids, "rule": " ".join(Path(name).name for name in config.rule),
             "seeds": config.seeds or ""}  # fmt: skip
    told = "".join(f" --{name} {value}" for name, value in flags.items() if value)
    return f"armfa benchmark{' --quick' if config.quick else ''}{told}"


def tried_rows(tuning: Sequence) -> list[dict]:
    """Every set of rates that was tried, and its mean log NSE."""
    return [
        {"id": run.arguments["id"], "rule": run.arguments["rule"], "rates": " ".join(f"{rate:g}" for rate in rates),
         "mean_log_nse": float(score), "chosen": int(np.array_equal(rates, run.arrays["rates"]))}
        for run in tuning for rates, score in zip(run.arrays["tried"], run.arrays["tried_score"])
    ]  # fmt: skip


def table_of(board: Board) -> Table:
    """The scores, as a table for a terminal."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for head in ("rule", "own rates", "one rate for all", "P > FA"):
        table.add_column(head, justify="left" if head == "rule" else "right", no_wrap=True)
    for row in board.rows:
        better = row["better_than_feedback_alignment"]
        cells = [interval(row, name) for name in ("score_own", "score_common")]
        table.add_row(row["rule"], *cells, "-" if not np.isfinite(better) else f"{better:.2f}")
    return table
