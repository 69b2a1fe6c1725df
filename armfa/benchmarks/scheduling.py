"""What a unit of work costs beside its work: `python -m armfa.benchmarks.scheduling`.

Bytes of a job, of its state and of its run, and the time that a unit takes which does nothing, on local processes and
on a Dask cluster of worker processes here (extra `armfa[cluster]`).
"""

import pickle
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from armfa.commands.sweeping.commands import Point
from armfa.runs.job import Job, Scheduler, work
from armfa.runs.schedulers.processes import Processes
from armfa.runs.unit import Checkpoint, Unit


@dataclass(frozen=True)
class Scheduling:
    """Measure what a unit of work costs beside its work."""

    units: int = 200
    """How many empty ones are run."""
    workers: int = 2
    """Processes."""


def main(config: Scheduling) -> None:
    """Measure and print."""
    for command, given in (
        ("train", {"rules": "feedback-alignment", "seeds": 1, "updates": 400}),
        ("learn", {"updates": 4, "duration": 0.1}),
    ):
        print(f"armfa {command}, one network: " + ", ".join(f"{name} {n:,} bytes" for name, n in sizes(command, given)))
    schedulers: list[tuple[str, Any]] = [("local processes", here), ("Dask on this machine", cluster)]
    for name, made in schedulers:
        with made(config.workers) as scheduler, tempfile.TemporaryDirectory() as folder:
            told(config.workers, scheduler, Path(folder) / "first")  # processes are there
            seconds = told(config.units, scheduler, Path(folder) / "then")
        print(f"{name}, {config.workers} workers: {1000 * seconds / config.units:.1f} ms per empty unit")


def sizes(command: str, given: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Bytes of what goes over the network for a unit."""
    sweep = Point.of(command, given).sweep
    found = list[int]()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(sweep.name, sweep.settings, sweep.units[0], sweep.run, Path(folder))
        work(job, lambda news: found.append(news.stat().st_size) if isinstance(news, Path) else None, every=0.0)
        run = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return [("job", len(pickle.dumps(job))), ("state", max(found)), ("run", run)]


def told(count: int, scheduler: Scheduler, folder: Path) -> float:
    """Wall seconds of so many empty units."""
    jobs = [Job("empty", Scheduling(), Unit(f"unit-{n}", {}, 1.0), nothing, folder) for n in range(count)]
    start = time.perf_counter()
    for outcome in scheduler.run(jobs, lambda job, news: None):
        assert outcome.error is None, outcome.error
    return time.perf_counter() - start


def nothing(settings: Scheduling, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """A unit without work."""
    return {}


@contextmanager
def here(workers: int) -> Iterator[Scheduler]:
    """Local processes, which are started at each run."""
    yield Processes(workers)


@contextmanager
def cluster(workers: int) -> Iterator[Scheduler]:
    """A scheduler and workers that stay."""
    from distributed import LocalCluster

    from armfa.runs.schedulers.cluster import Cluster

    local: Any
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as local:
        yield Cluster(local.scheduler_address)


if __name__ == "__main__":
    main(tyro.cli(Scheduling, description=Scheduling.__doc__))
