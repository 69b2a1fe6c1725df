"""Sweeps: what is missing of them on disk is run, with its end time on the console, and read back."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from armfa.runs.display import Display
from armfa.runs.job import Job
from armfa.runs.schedulers.processes import run_jobs
from armfa.runs.store import read_run
from armfa.runs.unit import Run, Sweep, Unit


def missing_units(sweep: Sweep, folder: Path) -> list[Unit]:
    """The units of a sweep that are not on disk yet."""
    return [unit for unit in sweep.units if read_run(folder, sweep.name, sweep.settings, unit) is None]


def run_missing(sweeps: Sequence[Sweep], folder: Path, processes: int, console: Console) -> list[str]:
    """Run every unit that is not on disk yet, longest first; returns the names of those that failed."""
    jobs = [
        Job(sweep.name, sweep.settings, unit, sweep.run, folder)
        for sweep in sweeps
        for unit in missing_units(sweep, folder)
    ]
    jobs.sort(key=lambda job: -job.unit.seconds)
    failed = []
    with Display(jobs, processes, console) as display:
        for outcome in run_jobs(jobs, min(processes, max(1, len(jobs))), display.tell):
            display.end(outcome)
            if outcome.error is not None:
                failed.append(f"{outcome.job.name}/{outcome.job.unit.name}")
    return failed


def complete(sweep: Sweep, folder: Path, processes: int, console: Console, again: str) -> list[Run]:
    """All runs of a sweep, after those that were missing have run; `again` is the command that continues it."""
    try:
        failed = run_missing([sweep], folder, processes, console)
    except KeyboardInterrupt:
        console.print(f"stopped; continue with: {again}", highlight=False)
        raise
    if failed:
        raise RuntimeError(f"{', '.join(failed)} failed; continue with: {again}")
    found = [read_run(folder, sweep.name, sweep.settings, unit) for unit in sweep.units]
    return [run for run in found if run is not None]
