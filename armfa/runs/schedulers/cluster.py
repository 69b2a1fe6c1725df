"""Units of work on the machines of a Dask cluster, which need share no disk.

A worker does a unit in a folder of its own. What the unit reads (its last state, what other units made) is sent to it
when it begins, its state comes back now and then, and its run at the end; they are written here, by one process, as if
the unit had been done here. So a folder goes on on a cluster or on local processes alike. Where a worker dies, Dask
gives its unit to another one, which begins with the last state that came back.
"""

import io
import math
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from time import monotonic
from typing import Any

import numpy as np

from armfa.files import replacing
from armfa.runs.code import code_version
from armfa.runs.job import Job, News, Outcome, Tell, attempt
from armfa.runs.store import Continued

try:
    from distributed import Client, KilledWorker, Queue, as_completed, get_worker
except ImportError as error:  # pragma: no cover
    raise RuntimeError(f"expected Dask for --scheduler ({error}): pip install 'armfa[cluster]'") from error

ANSWER = 30.0
"""s within which a scheduler, or the process that sent a unit, has to answer."""

NEWS_EVERY, NEWS_RATE = 1.0, 50
"""s between two shares of a unit that are told, at least; and how many of all units come per second, at most."""

STATE_EVERY, STATE_RATE = 60.0, 20
"""The same of states that are sent."""

WAITING = 256
"""Messages that wait at the scheduler at most; then who sends one waits."""

RUN = (".npz", ".json")
"""Files of a finished run, in the order in which they are written."""


@dataclass(frozen=True)
class Cluster:
    """The workers of the Dask scheduler at an address, such as tcp://10.0.0.1:8786; one thread each.

    They may come and go while it runs. Each has this package, of this version, its data sets, and a user's own rules at
    the same paths.
    """

    address: str

    def client(self) -> Any:
        """A connection, once it is known that the workers can do what they are asked for."""
        try:
            client: Any = Client(self.address, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ConnectionError(
                f"expected a Dask scheduler at --scheduler {self.address}, none answers ({error}); `dask scheduler` "
                "starts one and tells its address"
            ) from error
        try:
            for worker, facts in client.scheduler_info(n_workers=-1)["workers"].items():
                if facts["nthreads"] != 1:
                    raise RuntimeError(
                        f"expected workers with one thread each, {worker} has {facts['nthreads']}: start them with "
                        f"`dask worker {self.address} --nthreads 1 --nworkers COUNT`"
                    )
            for worker, code in client.run(_code, on_error="return").items():
                if code != code_version():
                    raise RuntimeError(_other_code(worker, code))
        except BaseException:
            client.close()
            raise
        return client

    @property
    def workers(self) -> int:
        """How many are there now; 1 where they are still to come."""
        with self.client() as client:
            return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))

    def run(self, jobs: Sequence[Job], tell: Tell) -> Iterator[Outcome]:
        """Run the jobs, in order as workers get free, and yield each outcome as it comes."""
        if jobs:
            with self.client() as client:
                yield from _run(client, jobs, tell)


def _run(client: Any, jobs: Sequence[Job], tell: Tell) -> Iterator[Outcome]:
    token, news = secrets.token_hex(6), SimpleQueue[tuple[str, Any]]()
    named = {f"armfa-{token}-{number}": job for number, job in enumerate(jobs)}
    inbox = Queue(f"armfa-{token}", client=client, maxsize=WAITING)
    remote = [job._replace(given=None, folder=Path()) for job in jobs]
    futures = client.map(_serve, remote, [inbox.name] * len(jobs), list(named), key=list(named), pure=False)
    for pump in (_messages(inbox), _results(client, futures)):
        Thread(target=_pump, args=(pump, news), daemon=True).start()
    begun = Counter[str]()
    try:
        while named:
            kind, content = _next(client, news)
            if kind == "gone":
                raise ConnectionError(f"the scheduler is gone ({content})")
            key, content = content
            if (job := named.get(key)) is None:
                continue  # the last words of a unit whose worker was given up
            if kind == "began":
                begun[key] += 1
                tell(job, f"{job.label}: its worker died; another goes on with it" if begun[key] > 1 else 0.0)
                running = len(begun) - len(jobs) + len(named)
                Queue(content, client=client).put(_sent(job, running))
            elif kind == "state":
                _write(_state(job), content)
                tell(job, _state(job))
            elif kind == "share":
                tell(job, Continued(content[0]) if content[1] else content[0])
            elif kind == "words":
                tell(job, content)
            else:
                del named[key]
                yield _kept(job, content, begun[key])
    finally:
        if client.status == "running":
            client.cancel(futures)
            inbox.close()


def _next(client: Any, news: SimpleQueue) -> tuple[str, Any]:
    """The next message; a scheduler that is lost has dropped all units."""
    while client.status == "running":
        with suppress(Empty):
            return news.get(timeout=NEWS_EVERY)
    return "gone", "its connection broke"


def _pump(source: Iterator[tuple[str, Any]], into: SimpleQueue) -> None:
    try:
        for each in source:
            into.put(each)
    except Exception as error:
        into.put(("gone", f"{type(error).__name__}: {error}"))


def _messages(inbox: Any) -> Iterator[tuple[str, Any]]:
    """What workers tell: kind, (key, content)."""
    while True:
        for key, kind, content in [inbox.get(), *inbox.get(batch=True)]:
            yield kind, (key, content)


def _results(client: Any, futures: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """What units gave: "done", (key, result or error)."""
    for future, result in as_completed(futures, loop=client.loop, with_results=True, raise_errors=False):
        if future.status == "cancelled":
            yield "gone", "it has dropped what it was given"
            return
        yield "done", (future.key, result if future.status == "finished" else future.exception())
        future.release()


def _kept(job: Job, result: Any, times: int) -> Outcome:
    """The outcome of a job, after its run was put to disk."""
    if isinstance(result, KilledWorker):
        return Outcome(job, 0.0, f"its worker died {times} times")
    if isinstance(result, BaseException):
        return Outcome(job, 0.0, f"{type(result).__name__}: {result}")
    seconds, error, files = result
    if error is None:
        for ending, content in zip(RUN, files):
            _write(_place(job, ending), content)
        _state(job).unlink(missing_ok=True)
    return Outcome(job, seconds, error)


def _place(job: Job, ending: str) -> Path:
    return job.folder / job.name / f"{job.unit.name}{ending}"


def _state(job: Job) -> Path:
    return job.folder / job.name / f".{job.unit.name}.state"


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)


def _sent(job: Job, running: int) -> dict[str, Any]:
    """What a unit needs that begins: its files, what it is given, how often it tells; or why it cannot begin."""
    earlier = [_place(job, ending) for ending in RUN] if job.earlier else []
    files = {path.name: path.read_bytes() for path in (_state(job), *earlier) if path.exists()}
    try:
        given = io.BytesIO()
        if job.given is not None:
            np.savez(given, allow_pickle=False, **job.given(job.unit))
        often = max(NEWS_EVERY, running / NEWS_RATE), max(STATE_EVERY, running / STATE_RATE)
        return {"files": files, "given": given.getvalue(), "often": often}
    except Exception as error:
        return {"error": str(error)}


# what runs on a worker


def _code() -> str:
    return code_version()


def _other_code(worker: str, code: Any) -> str:
    return (
        f"expected armfa {code_version()} on every worker, {worker} has {code}: numbers of different code are not "
        "mixed; install the same there"
    )


def _serve(job: Job, inbox: str, key: str) -> tuple[float, str | None, list[bytes]]:
    """Do a job in a folder of this worker's own; returns seconds, the error, and the files of the run."""
    worker = get_worker()
    with TemporaryDirectory(dir=worker.local_directory) as folder:
        job = job._replace(folder=Path(folder))
        talk = _Talk(worker, Queue(inbox), key)
        sent = talk.begin()
        if "error" in sent:
            raise FileNotFoundError(sent["error"])
        for name, content in sent["files"].items():
            _write(job.folder / job.name / name, content)
        if sent["given"]:
            with np.load(io.BytesIO(sent["given"]), allow_pickle=False) as opened:
                given = dict(opened)
            job = job._replace(given=lambda unit: given)
        talk.every, every = sent["often"]
        outcome = attempt(job, talk.tell, every=every)
        files = [] if outcome.error else [_place(job, ending).read_bytes() for ending in RUN]
        return outcome.seconds, outcome.error, files


class _Talk:
    """What a unit tells whoever sent it; where nobody wants it any more it ends."""

    def __init__(self, worker: Any, inbox: Any, key: str) -> None:
        self.worker, self.inbox, self.key = worker, inbox, key
        self.every, self.told = 0.0, -math.inf

    def put(self, kind: str, content: Any) -> None:
        """Send it."""
        task = self.worker.state.tasks.get(self.key)
        if task is None or task.state == "cancelled":
            raise RuntimeError("nobody wants this unit any more")
        self.inbox.put((self.key, kind, content), timeout=ANSWER)

    def begin(self) -> dict[str, Any]:
        """What is sent to a unit that begins."""
        answer: Any = Queue(client=self.inbox.client)
        try:
            self.put("began", answer.name)
            return answer.get(timeout=ANSWER)
        finally:
            answer.close()

    def tell(self, news: News) -> None:
        """A share, now and then, words, or a state that was written."""
        if isinstance(news, str):
            self.put("words", news)
        elif isinstance(news, Path):
            with suppress(TimeoutError):
                self.put("state", news.read_bytes())
        elif isinstance(news, Continued) or monotonic() - self.told >= self.every:
            with suppress(TimeoutError):  # too many others tell; the next one will be heard
                self.put("share", (float(news), isinstance(news, Continued)))
            self.told = monotonic()
