"""Units of work on several processes with one BLAS thread each, and what they tell while they run."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from queue import Empty
from threading import Thread
from typing import Any

from armfa.runs.job import Job, Outcome, work

THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run_jobs(jobs: Sequence[Job], processes: int, tell: Callable[[Job, float], None]) -> Iterator[Outcome]:
    """Run the jobs, in order as processes get free, and yield each outcome as it comes; `tell(job, share done)`."""
    if processes <= 1:
        yield from (_in_this_process(job, tell) for job in jobs)
        return
    context = get_context("spawn")
    news = context.Queue()
    waiting, running = list(jobs), dict[Future, Job]()
    with _one_blas_thread(), ProcessPoolExecutor(processes, context, _start_worker, (news,)) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    job = waiting.pop(0)
                    running[pool.submit(_in_worker, job)] = job
                    tell(job, 0.0)
                done, _ = wait(running, timeout=0.3, return_when=FIRST_COMPLETED)
                for job, share in _read(news, running.values()):
                    tell(job, share)
                for future in done:
                    yield _outcome(running.pop(future), future)
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _in_this_process(job: Job, tell) -> Outcome:
    tell(job, 0.0)
    try:
        return Outcome(job, work(job, lambda share: tell(job, share)), None)
    except Exception as error:
        return Outcome(job, 0.0, error)


_news: Any = None


def _start_worker(news) -> None:
    global _news
    _news = news
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed has nobody to work for, and would wait for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(job: Job) -> float:
    return work(job, lambda share: _news.put((job.name, job.unit.name, share)))


def _outcome(job: Job, future: Future) -> Outcome:
    error = future.exception()
    return Outcome(job, 0.0 if error else future.result(), error)


def _read(news, running) -> Iterator[tuple[Job, float]]:
    """What the workers told since the last look, for jobs that are still running."""
    by_name = {(job.name, job.unit.name): job for job in running}
    while True:
        try:
            name, unit, share = news.get_nowait()
        except Empty:
            return
        if (name, unit) in by_name:
            yield by_name[name, unit], share


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
