"""One unit with all that a fresh process needs to do it, and doing it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from armfa.runs.store import FileCheckpoint, write_run
from armfa.runs.unit import Unit


class Job(NamedTuple):
    """A unit with all that a fresh process needs to run it."""

    name: str  # of the sweep
    settings: Any
    unit: Unit
    run: Callable[..., Mapping[str, np.ndarray]]  # importable, so that it can be sent
    folder: Path
    keeps: bool = False  # as those of `Sweep`
    earlier: tuple[tuple[Any, float], ...] = ()
    given: Callable[[Unit], Mapping[str, np.ndarray]] | None = None

    @property
    def label(self) -> str:
        """What a person is told of it."""
        return f"{self.name.rpartition('/')[2]}: {self.unit.name}"


class Outcome(NamedTuple):
    """How a job ended: wall seconds, and what went wrong where it failed."""

    job: Job
    seconds: float
    error: str | None


News = float | str | Path
"""Of a job: the share of it that is done, 0 to 1, a sentence about it, or the file of its state, which was written."""

Tell = Callable[[Job, News], None]


class Scheduler(Protocol):
    """Who runs jobs: processes of this machine, or a cluster."""

    @property
    def workers(self) -> int:
        """How many jobs run at once."""
        ...

    def run(self, jobs: Sequence[Job], tell: Tell) -> Iterator[Outcome]:
        """Run the jobs, in order as workers get free, and yield each outcome as it comes."""
        ...


def work(job: Job, tell: Callable[[News], None] | None = None, **keeping: Any) -> float:
    """Run one unit and put it on disk; returns the wall seconds it took.

    A state that cannot be continued is as good as none: the unit is then begun anew.
    keeping : how often its state is written, as `FileCheckpoint` takes it.
    """
    checkpoint = FileCheckpoint(job.folder, job.name, job.settings, job.unit, tell, earlier=job.earlier, **keeping)
    run = job.run if job.given is None else partial(job.run, job.given(job.unit))
    start = time.perf_counter()
    with threadpool_limits(1):
        try:
            arrays = run(job.settings, job.unit, checkpoint)
        except Exception as error:
            if not checkpoint.continued:
                raise
            checkpoint.tell(f"{checkpoint.path}: cannot be continued ({error or type(error).__name__}), begun anew")
            checkpoint.remove()
            arrays = run(job.settings, job.unit, checkpoint)
    seconds = time.perf_counter() - start
    if job.keeps:
        arrays = {**arrays, **checkpoint.kept()}
    write_run(job.folder, job.name, job.settings, job.unit, arrays, seconds, checkpoint.code)
    checkpoint.remove()
    return seconds


def attempt(job: Job, tell: Callable[[News], None], **keeping: Any) -> Outcome:
    """How `work` ended, whatever it raised."""
    try:
        return Outcome(job, work(job, tell, **keeping), None)
    except Exception as error:
        return Outcome(job, 0.0, f"{type(error).__name__}: {error}")
