"""Sweeps: what is missing of them on disk is run, with its end time on the console, and read back."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from armfa.files import clear_unfinished
from armfa.runs.display import Display, say
from armfa.runs.job import Job
from armfa.runs.schedulers.processes import run_jobs
from armfa.runs.store import Tell, read_run
from armfa.runs.unit import Run, Sweep, Unit


def runs_of(sweep: Sweep, folder: Path, tell: Tell | None = None) -> list[Run]:
    """The runs of a sweep that are on disk."""
    found = [read_run(folder, sweep.name, sweep.settings, unit, tell) for unit in sweep.units]
    return [run for run in found if run is not None]


def missing_units(sweep: Sweep, folder: Path, tell: Tell | None = None) -> list[Unit]:
    """The units of a sweep that are not on disk yet; `tell` is told of damaged ones."""
    there = {run.unit for run in runs_of(sweep, folder, tell)}
    return [unit for unit in sweep.units if unit.name not in there]


def run_missing(
    sweeps: Sequence[Sweep], folder: Path, processes: int, console: Console, quiet: bool = False
) -> list[str]:
    """Run every unit that is not on disk yet, longest first; returns the names of those that failed."""
    clear_unfinished(folder.parent)
    jobs = [
        Job(sweep.name, sweep.settings, unit, sweep.run, folder, sweep.keeps, sweep.earlier)
        for sweep in sweeps
        for unit in missing_units(sweep, folder, lambda words: say(console, words, "yellow"))
    ]
    jobs.sort(key=lambda job: -job.unit.seconds)
    failed = []
    with Display(jobs, processes, console, quiet) as display:
        for outcome in run_jobs(jobs, min(processes, max(1, len(jobs))), display.tell):
            display.end(outcome)
            if outcome.error is not None:
                failed.append(f"{outcome.job.name}/{outcome.job.unit.name}")
    return failed


def complete(
    sweep: Sweep, folder: Path, processes: int, console: Console, again: str, quiet: bool = False
) -> list[Run]:
    """All runs of a sweep in `folder/runs`, after those that were missing have run; `again` continues it."""
    try:
        failed = run_missing([sweep], folder / "runs", processes, console, quiet)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with: {again}")
        raise
    if failed:
        raise RuntimeError(f"{', '.join(failed)} failed; continue with: {again}")
    runs = runs_of(sweep, folder / "runs")
    if len(runs) < len(sweep.units) or not (folder / "settings.json").exists():
        raise RuntimeError(f"what was written to {folder} is not there any more: leave the folder while it is in use")
    return runs
