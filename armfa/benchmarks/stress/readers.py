"""Every reader of files, fed files that were damaged at random: a named refusal, or what was written; little memory."""

import gzip
import os
import pickle
import resource
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa import data
from armfa.benchmarks.stress.kills import one_line
from armfa.benchmarks.stress.lines import Line
from armfa.controllers import MLP, CheckpointError, Policy, load_policy
from armfa.controllers.trees import leaves
from armfa.plant import make_arm
from armfa.plant.description import described
from armfa.runs.store import FileCheckpoint, read_run, write_run
from armfa.runs.unit import Unit

MOST_MEMORY = 256 * 2**20
"""bytes that reading may take beyond what the process has when it begins."""


class Reader(NamedTuple):
    """A reader, a file that it reads, and what it may do with another."""

    what: str
    path: Path  # what is damaged
    read: Callable[[], Any]  # returns what it found, or None where it says that there is nothing
    refusals: tuple[type[Exception], ...]
    same: bool = True  # whether it must find what was written, or nothing


def readers(seconds: float, seed: int) -> Iterator[Line]:
    """Bytes flipped, cut, doubled, moved and replaced in one file after the other; each reader in its own process."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as place:
        yield from of_each(all_readers(Path(place)), seconds, seed)


def of_each(made: list[Reader], seconds: float, seed: int) -> Iterator[Line]:
    """Each reader with damaged files, for its share of the time."""
    context = get_context("fork")
    for reader in made:
        ours, theirs = context.Pipe()
        process = context.Process(target=_fed, args=(reader, seconds / len(made), seed, theirs))
        process.start()
        theirs.close()
        try:
            done, wrong, told = ours.recv()
        except EOFError:
            done, wrong, told = 0, 1, "its process died"
        process.join()
        yield Line("readers", reader.what, done, wrong, one_line(told))


def all_readers(place: Path) -> list[Reader]:
    """A file for each reader of the package."""
    network = MLP((6, 8, 6))
    policy, arm = place / "policy.npz", make_arm("pigeon1996")
    Policy(network, network.init(np.random.default_rng(0)), about={"arm": described(arm)}).save(policy)
    unit, settings = Unit("unit", {"rule": "backprop"}, 1.0), MLP((2, 2))
    arrays = {"nse": np.linspace(0, 1, 40), "weight": np.arange(64.0).reshape(8, 8)}
    write_run(place, "runs", settings, unit, arrays, 1.0)
    state = FileCheckpoint(place, "states", settings, unit, every=0.0)
    (place / "states").mkdir()
    state.save(lambda: arrays)
    toml, packed, idx = place / "arm.toml", place / "t10k-labels-idx1-ubyte", b"\0\0\x08\x03" + bytes(
        [0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0, 8]) + bytes(range(256)) + bytes(64)  # fmt: skip
    toml.write_text(arm.to_toml(), encoding="utf-8")
    packed.write_bytes(gzip.compress(idx))
    (place / "images").write_bytes(idx)

    def labels() -> Any:
        return data._checked(data.MNIST, "t10k-labels-idx1-ubyte", packed)

    def run(part: str) -> Callable[[], Any]:
        return lambda: getattr(read_run(place, "runs", settings, unit), part, None)

    return [
        Reader("controllers (`load_policy`)", policy, lambda: leaves(load_policy(policy).params), (CheckpointError,)),
        Reader("arrays of runs (`read_run`)", place / "runs" / "unit.npz", run("arrays"), ()),
        Reader("facts of runs (`read_run`)", place / "runs" / "unit.json", run("arrays"), ()),
        Reader("states of unfinished units", state.path,
               lambda: FileCheckpoint(place, "states", settings, unit).load(), ()),
        Reader("files of arms (`make_arm`)", toml, lambda: make_arm(toml), (ValueError,), same=False),
        Reader("IDX files of digits (`read_idx`)", place / "images",
               lambda: data.read_idx((place / "images").read_bytes(), "images"), (ValueError,), same=False),
        Reader("packed files of digits, with their digests", packed, labels, (ValueError,)),
    ]  # fmt: skip


def _fed(reader: Reader, seconds: float, seed: int, pipe: Any) -> None:
    """Damaged files until the time is over: how many, how many went wrong, and the first that did."""
    warnings.simplefilter("ignore")
    rng, written = np.random.default_rng(seed), reader.path.read_bytes()
    try:
        expected = _told(reader.read())
    except reader.refusals:
        expected = None  # a file whose content has another digest
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if os.path.exists("/proc/self/statm") else 0
    if pages:
        most = pages * resource.getpagesize() + MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    done, wrong, told, start = 0, 0, "", time.monotonic()
    while time.monotonic() - start < seconds or done < 20:
        content = damaged(written, rng)
        reader.path.write_bytes(content)
        done += 1
        try:
            found = reader.read()
            if reader.same and found is not None and _told(found) != expected and content != written:
                wrong, told = wrong + 1, told or f"read something else: {content[:40]!r}"
        except reader.refusals as error:
            if not str(error):
                wrong, told = wrong + 1, told or "a refusal without words"
        except BaseException as error:
            wrong, told = wrong + 1, told or f"{type(error).__name__}: {error} from {len(content)} bytes"
            if os.environ.get("ARMFA_STRESS_KEEP"):
                Path(os.environ["ARMFA_STRESS_KEEP"], f"{reader.path.name}-{wrong}").write_bytes(content)
    pipe.send((done, wrong, told))


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """A file with one to four kinds of damage."""
    found = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not found:
            break
        at, length = int(rng.integers(len(found))), int(rng.integers(1, 40))
        kind = rng.integers(8)
        if kind <= 2:
            found[at] ^= 1 << int(rng.integers(8))
        elif kind == 3:
            del found[at : at + length]
        elif kind == 4:
            found[at:at] = found[at : at + length] * int(rng.integers(1, 4))
        elif kind == 5:
            other = int(rng.integers(len(found)))
            found[at : at + length] = found[other : other + length]
        elif kind == 6:
            found[at : at + length] = rng.choice(
                np.frombuffer(b'\0\xff\x7f0919e.-"[]{},\n=', np.uint8), length
            ).tobytes()
        else:
            del found[at:]
    return bytes(found)


def _told(found: Any) -> bytes:
    return pickle.dumps(found)
