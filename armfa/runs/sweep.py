"""Sweeps: what is missing of them on disk is run, with its end time on the console, and read back."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from armfa.files import clear_unfinished
from armfa.runs.code import code_version
from armfa.runs.display import Display, say
from armfa.runs.job import Job, News, Scheduler
from armfa.runs.store import FileCheckpoint, Tell, other_code, read_run
from armfa.runs.unit import Run, Sweep, Unit


def runs_of(sweep: Sweep, folder: Path, tell: Tell | None = None) -> list[Run]:
    """The runs of a sweep that are on disk."""
    found = [read_run(folder, sweep.name, sweep.settings, unit, tell) for unit in sweep.units]
    return [run for run in found if run is not None]


def missing_units(
    sweep: Sweep, folder: Path, tell: Tell | None = None, made_by: Callable[[Run], None] = lambda run: None
) -> list[Unit]:
    """The units of a sweep that are not on disk yet; `tell` is told of damaged ones, `made_by` shown the others."""
    missing = []
    for unit in sweep.units:
        run = read_run(folder, sweep.name, sweep.settings, unit, tell)
        missing.append(unit) if run is None else made_by(run)
    return missing


def so_far(sweep: Sweep, folder: Path, unit: Unit) -> Mapping[str, np.ndarray]:
    """The arrays of a unit that are on disk: those of its run, else those of its state, or none."""
    if (run := read_run(folder, sweep.name, sweep.settings, unit)) is not None:
        return run.arrays
    return FileCheckpoint(folder, sweep.name, sweep.settings, unit, earlier=sweep.earlier).load() or {}


def run_missing(
    sweeps: Sequence[Sweep], folder: Path, scheduler: Scheduler, console: Console, quiet: bool = False,
    grown: Callable[[Unit], None] = lambda unit: None,
) -> list[str]:  # fmt: skip
    """Run every unit that is not on disk yet, longest first; returns the names of those that failed.

    What other code has made stays as it is, and it is said. grown : told of a unit whenever more of it is on disk.
    """
    clear_unfinished(folder.parent)
    jobs, others = list[Job](), Counter[str]()

    def tell(words: str) -> None:
        say(console, words, "yellow")

    for sweep in sweeps:
        made_by = lambda run: others.update([code] if (code := other_code(run)) else [])  # noqa: E731
        jobs += [
            Job(sweep.name, sweep.settings, unit, sweep.run, folder, sweep.keeps, sweep.earlier, sweep.given)
            for unit in missing_units(sweep, folder, tell, made_by)
        ]
    for code, count in others.items():
        tell(f"{count} units here were made by other code, armfa {code}, and stay; this is armfa {code_version()}. "
             "To make all by one code, begin anew elsewhere")  # fmt: skip
    jobs.sort(key=lambda job: -job.unit.seconds)
    failed = []
    with Display(jobs, scheduler.workers, console, quiet) as display:

        def hear(job: Job, news: News) -> None:
            grown(job.unit) if isinstance(news, Path) else display.tell(job, news)

        for outcome in scheduler.run(jobs, hear):
            display.end(outcome)
            if outcome.error is None:
                grown(outcome.job.unit)
            else:
                failed.append(f"{outcome.job.name}/{outcome.job.unit.name}")
    return failed


def complete(
    sweep: Sweep, folder: Path, scheduler: Scheduler, console: Console, again: str, quiet: bool = False,
    grown: Callable[[Run], None] = lambda run: None,
) -> list[Run]:  # fmt: skip
    """All runs of a sweep in `folder/runs`, after those that were missing have run.

    again : the command that continues it. grown : shown what is on disk of each unit, at the start and whenever there
    is more: a run, or one with the arrays of a state.
    """

    def show(unit: Unit) -> None:
        if arrays := so_far(sweep, folder / "runs", unit):
            grown(Run(unit.name, unit.arguments, arrays, {}))

    try:
        for unit in sweep.units:
            show(unit)
        failed = run_missing([sweep], folder / "runs", scheduler, console, quiet, show)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with: {again}")
        raise
    if failed:
        raise RuntimeError(f"{', '.join(failed)} failed; continue with: {again}")
    runs = runs_of(sweep, folder / "runs")
    if len(runs) < len(sweep.units) or not (folder / "settings.json").exists():
        raise RuntimeError(f"what was written to {folder} is not there any more: leave the folder while it is in use")
    return runs
