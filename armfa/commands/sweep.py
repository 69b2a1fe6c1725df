"""`armfa sweep`: a command of the package over seeds, rules, tasks, arms and settings, and one table of it all."""

import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from armfa.commands.flags import at_home, at_least_one, scheduler_of
from armfa.commands.sweeping.commands import Point, told
from armfa.commands.sweeping.file import Plan, Tune, read_plan
from armfa.commands.sweeping.search import Search
from armfa.files import replacing
from armfa.reports.tables import write_table
from armfa.runs.code import code_version
from armfa.runs.display import say
from armfa.runs.job import Scheduler
from armfa.runs.sweep import missing_units, run_missing, runs_of

SHOWN = 40
"""Rows that are printed; the file has all."""

MEASURES = 4
"""Columns that are printed where the file names none."""


@dataclass(frozen=True)
class SweepFile:
    """Run train, learn, adapt or compare over a grid and a list of settings, and write one table with all of them.

    Started again it does only what is missing. The file names a command, what is the same for all ([settings]), what is
    combined with each other ([grid]: a list per setting) and what goes together ([[list]]); docs/scaling.md has more.
    Such as: command = "learn"  [settings] seeds = 5  [grid] rule = ["rflo", "eprop"]  task = ["Reach", "CenterOut"]
    """

    file: tyro.conf.Positional[Path]
    """The sweep, a TOML file."""
    tune: bool = False
    """Search the settings in the file's [tune.space] first, for each point by itself, on other seeds (by Optuna)."""
    plan: bool = False
    """Tell how many units are missing and how long they will take, and run nothing."""
    out: Path | None = None
    """Folder for runs and table; runs/NAME-OF-THE-FILE when not given."""
    processes: int = 2
    """Units that run at once, each with one BLAS thread."""
    scheduler: str = ""
    """Address of a Dask scheduler, whose workers do it in place of --processes; docs/scaling.md."""
    quiet: bool = False
    """No progress, only the results."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        at_least_one(self, "processes")


def sweep(config: SweepFile, console: Console | None = None) -> Path:
    """Run what is missing, write the table; returns its path."""
    console, config = console or Console(), at_home(config)
    plan = read_plan(config.file)
    if config.tune and plan.tune is None:
        raise ValueError(f"{config.file}: expected a table [tune] for --tune, got none")
    scheduler = scheduler_of(config)
    folder = config.out or Path("runs") / config.file.stem
    points = [Point.of(plan.command, given) for given in plan.points]
    if config.plan:
        tell_plan(plan, points, plan.tune if config.tune else None, folder, scheduler.workers, console)
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "sweep.toml") as unfinished:
        shutil.copyfile(config.file, unfinished)
    start, found, failed = time.monotonic(), list[dict[str, Any]](), list[str]()
    try:
        if config.tune and plan.tune is not None:
            points, found = searched(plan, plan.tune, points, folder, scheduler, console, config.quiet)
        failed = run_missing([point.sweep for point in points], folder / "runs", scheduler, console, config.quiet)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with the same command: what is finished in {folder} is not run again")
        raise
    rows = table_of(points, found, folder)
    tell_other_code(folder, console)
    if not rows:
        raise RuntimeError(f"no point of {config.file} is finished: {', '.join(failed)} failed")
    path = write_results(folder, rows)
    console.print(shown(plan, rows, config.tune))
    say(console, f"\n{path} ({time.monotonic() - start:.0f} s): {len(rows)} rows, {len(points)} points")
    if failed:
        raise RuntimeError(f"{len(failed)} units failed: {', '.join(failed)}; the table holds what did not")
    return path


def tell_plan(
    plan: Plan, points: Sequence[Point], tune: Tune | None, folder: Path, workers: int, console: Console
) -> None:
    """How many units are missing, and how long they will take."""
    units = [unit for point in points for unit in missing_units(point.sweep, folder / "runs")]
    hours = sum(unit.seconds for unit in units) / 3600
    missing = f"{len(points)} points, {len(units)} units missing in {folder}"
    say(
        console,
        f"{plan.command}: {missing}, about {hours:.2g} core hours, {hours / workers:.2g} h on {workers} workers",
    )
    if tune is not None:
        say(console, f"and a search of {tune.trials} trials for each point before")


def searched(
    plan: Plan, tune: Tune, points: Sequence[Point], folder: Path, scheduler: Scheduler, console: Console, quiet: bool
) -> tuple[list[Point], list[dict[str, Any]]]:
    """The points with the best settings that a search found for each, and what each search cost.

    Trials are units as all others: a search that is started again asks for the same and finds them done.
    """
    searches = [Search(plan.command, tune, point) for point in points]
    for _ in range(0, tune.trials, tune.together):
        asked = [point for search in searches for point in search.ask()]
        run_missing([point.sweep for point in asked], folder / "runs", scheduler, console, quiet)
        for search in searches:
            search.tell(folder / "runs")
    for search in searches:
        if search.best is None:
            say(console, f"{told(search.point.given)}: no trial of its search ended with a number; left out", "yellow")
    done = [search for search in searches if search.best is not None]
    return [search.best for search in done if search.best is not None], [search.cost for search in done]


def table_of(points: Sequence[Point], found: Sequence[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """One row per network or rule of each finished point: its settings, what it cost, what came."""
    rows = []
    for number, point in enumerate(points):
        runs = runs_of(point.sweep, folder / "runs")
        if len(runs) < len(point.sweep.units):
            continue
        code, name = point.sweep.name.split("/")
        about = {"point": name, "code": code, "core_seconds": sum(run.facts["seconds"] for run in runs)}
        cost = found[number] if found else {}
        rows += [{**about, **point.columns, **cost, **row} for row in point.rows(point.config, runs)]
    return rows


def tell_other_code(folder: Path, console: Console) -> None:
    """Say which units in the folder other code made: they stay there, and are not in the table."""
    made = Counter(path.relative_to(folder / "runs").parts[0] for path in folder.glob("runs/*/*/*.json"))
    others = ", ".join(f"{count} by armfa {code}" for code, count in made.items() if code != code_version())
    if others:
        say(console, f"{folder} also holds units that other code made: {others}. This is armfa {code_version()}; the "
                     "table has its units only", "yellow")  # fmt: skip


def write_results(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """All rows in results.parquet; in results.csv where pyarrow is missing."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name) for name in names} for row in rows]
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        write_table(folder / "results.csv", rows)
        return folder / "results.csv"
    with replacing(folder / "results.parquet") as unfinished:
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), unfinished)
    return folder / "results.parquet"


def shown(plan: Plan, rows: Sequence[Mapping[str, Any]], tuned: bool) -> Table:
    """The rows as a table for a terminal: what varies, the measures, and what a search cost."""
    asked = [name for name in plan.varied if name in rows[0]]
    budget = ["tuned_trials", "tuned_core_seconds"] if tuned else []
    space = list(plan.tune.space) if tuned and plan.tune is not None else []
    names = list(rows[0])
    measures = list(plan.show) or [
        name for name in names[names.index("core_seconds") :]
        if name not in {*asked, *space, *budget, "core_seconds"} and isinstance(rows[0][name], float)
        and len({str(row.get(name)) for row in rows}) > 1
    ][:MEASURES]  # fmt: skip
    for name in measures:
        if name not in names:
            raise ValueError(f"expected show out of {', '.join(names)}, got {name!r}")
    own = [name for name in ("rule", "seed") if name in names and not {name, f"{name}s"} & {*asked}]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    columns = list(dict.fromkeys([*asked, *own, *space, *measures, *budget]))
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right" if isinstance(rows[0][name], float) else "left")
    for row in rows[:SHOWN]:
        cells = (row.get(name) for name in columns)
        table.add_row(*(f"{x:.3g}" if isinstance(x, float) else escape(str(x)) for x in cells))
    if len(rows) > SHOWN:
        table.caption = f"{SHOWN} of {len(rows)} rows"
    return table
