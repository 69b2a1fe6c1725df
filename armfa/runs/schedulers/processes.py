"""Units of work on several processes with one BLAS thread each.

A process that dies is replaced, and its unit goes on from its last state.
"""

import os
import signal
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any

from armfa.runs.job import Job, Outcome, Tell, attempt

THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

DEATHS = 3
"""Processes that may die over one unit, or before they have begun, until it is given up."""

_UNKNOWN: Any = None
"""A job that a worker could not read; who sent it knows."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine; a single job, or jobs for one process, run in this one.

    workers : how many run at once.
    """

    workers: int = 2

    def run(self, jobs: Sequence[Job], tell: Tell) -> Iterator[Outcome]:
        """Run the jobs, in order as processes get free, and yield each outcome as it comes."""
        return _run(jobs, min(self.workers, len(jobs)), tell)


def _run(jobs: Sequence[Job], processes: int, tell: Tell) -> Iterator[Outcome]:
    if processes <= 1:
        for job in jobs:
            tell(job, 0.0)
            yield attempt(job, lambda news, job=job: tell(job, news))
        return
    waiting, deaths = deque(jobs), Counter[str]()
    workers = list[_Worker]()
    try:
        with _one_blas_thread():
            while waiting or any(worker.job for worker in workers):
                while waiting and len(workers) < processes:
                    workers.append(_Worker())
                for worker in workers:
                    if waiting and not worker.job:
                        worker.begin(waiting.popleft())
                        tell(worker.job, 0.0)
                busy: dict[Any, _Worker] = {worker.pipe: worker for worker in workers if worker.job}
                for pipe in wait(list(busy)):
                    worker = busy[pipe]
                    job = worker.job
                    try:
                        news = worker.pipe.recv()
                    except (EOFError, OSError):
                        workers.remove(worker)
                        worker.job = None
                        how = worker.end()
                        key = job.label if worker.began else ""
                        deaths[key] += 1
                        if deaths[key] < DEATHS:
                            tell(job, f"{job.label}: its process died ({how}); another goes on with it")
                            waiting.appendleft(job)
                        elif worker.began:
                            yield Outcome(job, 0.0, f"its process died {DEATHS} times, the last time by {how}")
                        else:
                            raise RuntimeError(
                                f"{DEATHS} processes died before they began, the last one by {how}: in a script, call "
                                "what runs under `if __name__ == '__main__':`, or ask for one process"
                            ) from None
                        continue
                    if news is None:
                        worker.began = True
                    elif isinstance(news, Outcome):
                        worker.job = None
                        yield news._replace(job=job)
                    else:
                        tell(job, news)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that does one job after the other, and the pipe to it."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Any = None
        self.began = False  # it has said that it is there

    def begin(self, job: Job) -> None:
        """Send it a job; one that has died is found dead when it is listened to."""
        self.job = job
        with suppress(BrokenPipeError):
            self.pipe.send(job)

    def end(self) -> str:
        """End it, whatever it does; says how it had ended."""
        self.pipe.close()
        self.process.join(0 if self.job else 5)  # without a job it ends by itself
        for stop in (self.process.terminate, self.process.kill):
            if self.process.exitcode is None:
                stop()
                self.process.join(5)
        code = self.process.exitcode or 0
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _serve(pipe) -> None:
    """Do what comes through the pipe. Ctrl-C reaches the parent, which then ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    pipe.send(None)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # what is to be run cannot be imported here
            pipe.send(Outcome(_UNKNOWN, 0.0, f"{type(error).__name__}: {error}"))
            continue
        pipe.send(attempt(job, pipe.send))


def _end_with_parent() -> None:
    """A worker whose parent was killed has nobody to work for, and would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _one_blas_thread():
    """Processes started inside inherit limits that hold from the moment their BLAS is loaded."""
    before = {name: os.environ.get(name) for name in THREAD_LIMITS}
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
