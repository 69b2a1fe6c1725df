"""One unit with all that a fresh process needs to do it, and doing it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from armfa.runs.store import FileCheckpoint, write_run
from armfa.runs.unit import Checkpoint, Unit


class Job(NamedTuple):
    """A unit with all that a fresh process needs to run it."""

    name: str  # of the sweep
    settings: Any
    unit: Unit
    run: Callable[[Any, Unit, Checkpoint], Mapping[str, np.ndarray]]  # importable, so that it can be sent
    folder: Path

    @property
    def label(self) -> str:
        """What a person is told of it."""
        return f"{self.name}: {self.unit.name}"


class Outcome(NamedTuple):
    """How a job ended: wall seconds, and the error where it failed."""

    job: Job
    seconds: float
    error: BaseException | None


def work(job: Job, tell: Callable[[float], None] | None = None) -> float:
    """Run one unit and put it on disk; returns the wall seconds it took."""
    checkpoint = FileCheckpoint(job.folder, job.name, job.settings, job.unit, tell)
    start = time.perf_counter()
    with threadpool_limits(1):
        arrays = job.run(job.settings, job.unit, checkpoint)
    seconds = time.perf_counter() - start
    write_run(job.folder, job.name, job.settings, job.unit, arrays, seconds)
    checkpoint.remove()
    return seconds
