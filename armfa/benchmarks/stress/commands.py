"""Commands of the command line in small, run in processes of their own that may be killed; and what they wrote."""

import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa.cli import main
from armfa.commands import adapt
from armfa.controllers.training import train
from armfa.runs import store

FILM = ("--frame-size", "64", "--frames-per-second", "1")
SMALL = ("--quiet", "--processes", "1")
COMMANDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "train": (
        ("train", "--arm", "torque", "--rules", "backprop,feedback-alignment", "--seeds", "2", "--updates", "150",
         "--hidden", "16", *FILM, *SMALL, "--out", "FOLDER"),
        "settings.json",
    ),
    "compare": (
        ("compare", "--problem", "linear", "--rules", "backprop,feedback-alignment", "--seeds", "2", "--updates",
         "2000", *SMALL, "--out", "FOLDER"),
        "settings.json",
    ),
    "reproduce": (
        ("reproduce", "--quick", "--only", "flow-field,ellipses", *SMALL, "--out", "FOLDER"),
        "reproduce.json",
    ),
    "benchmark": (
        ("benchmark", "--quick", "--seeds", "1", "--rules", "backprop", "--ids", "velocity/0", *SMALL, "--out",
         "FOLDER"),
        "benchmark.json",
    ),
    "learn": (
        ("learn", "Reach", "--arm", "torque", "--activation", "static", "--controller", "mlp", "--units", "8",
         "--updates", "300", "--batch-size", "4", "--no-oracle", "--quiet", *FILM, "--out", "FOLDER"),
        "settings.json",
    ),
    "adapt": (
        ("adapt", "RUN", "--field", "curl", "--baseline", "5", "--trials", "40", "--washout", "5", "--batch-size", "2",
         "--quiet", "--out", "FOLDER"),
        "settings.json",
    ),
    "sweep": (("sweep", "PLAN", *SMALL, "--out", "FOLDER"), "sweep.toml"),
}  # fmt: skip
"""Every long command: what it is called with, and the file by which its folder has been begun."""

PLAN = """command = "learn"

[settings]
arm = "torque"
activation = "static"
controller = "mlp"
units = 8
updates = 100
batch_size = 4

[grid]
first_seed = [0, 1]
"""
"""What `sweep` does."""

BETWEEN_FILES = 0.02
"""s from one state on disk to the next, in place of the commands' own 10 to 15 s, so that kills meet them."""

WHO_WAITS = (adapt, train, store)
"""Modules with a constant SECONDS_BETWEEN_FILES."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int  # of its exit; minus a signal's number where one ended it
    seconds: float
    told: str


def begin_of(name: str, folder: Path, given: Path | None = None) -> list[str]:
    """The words that begin a command in a folder.

    given : where `learn` has trained what `adapt` lets adapt; the file of a sweep.
    """
    return [str({"FOLDER": folder, "RUN": given, "PLAN": given}.get(word, word)) for word in COMMANDS[name][0]]


def go_on_of(name: str, folder: Path, given: Path | None = None) -> list[str]:
    """The words that go on with it, or begin it where it has not been begun."""
    if name == "sweep" or not (folder / COMMANDS[name][1]).exists():
        return begin_of(name, folder, given)
    if name in ("reproduce", "benchmark"):
        return [*begin_of(name, folder, given), "--resume"]
    return [name, "--resume", str(folder), "--quiet", *(SMALL[1:] if name in ("train", "compare") else ()),
            *(FILM if name in ("train", "learn") else ())]  # fmt: skip


def run_here(words: Sequence[str], log: Path) -> Ended:
    """Run a command in this process: those that are forked later find all that it has imported and compiled."""
    start = time.monotonic()
    with open(log, "w") as file, redirect_stdout(file), redirect_stderr(file):
        status = main(list(words))
    return Ended(status, time.monotonic() - start, log.read_text(errors="replace"))


def run_anew(words: Sequence[str], log: Path) -> Ended:
    """Run a command in a Python of its own, as from a shell."""
    start = time.monotonic()
    with open(log, "w") as file:
        status = subprocess.run([sys.executable, "-m", "armfa", *words], stdout=file, stderr=file).returncode
    return Ended(status, time.monotonic() - start, log.read_text(errors="replace"))


def run(words: Sequence[str], log: Path, kill_after: float | None = None, prepare: Callable[[], None] = lambda: None):
    """Run a command in a process forked from this one; it and all its workers are killed after so many seconds.

    prepare : what the process does first.
    """
    start = time.monotonic()
    process = os.fork()
    if process == 0:
        _serve(words, log, prepare)
    with suppress(OSError):  # whoever comes first, the process or this one, makes it a group
        os.setpgid(process, process)
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            break
        if kill_after is not None and time.monotonic() - start >= kill_after:
            os.killpg(process, signal.SIGKILL)
            _, status = os.waitpid(process, 0)
            break
        time.sleep(0.002)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return Ended(code, time.monotonic() - start, log.read_text(errors="replace") if log.exists() else "")


def _serve(words: Sequence[str], log: Path, prepare: Callable[[], None]) -> None:
    """What the forked process does; it never returns."""
    status = 70
    try:
        os.setpgid(0, 0)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        for module in WHO_WAITS:
            setattr(module, "SECONDS_BETWEEN_FILES", BETWEEN_FILES)  # noqa: B010
        prepare()
        status = main(list(words))
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def digests(folder: Path) -> dict[str, str]:
    """What a command has found: a digest of each array and table under its folder, without times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                for key in file.files:
                    if key != "header":
                        array = file[key]
                        told = f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes()
                        found[f"{name}:{key}"] = hashlib.sha256(told).hexdigest()
        elif path.suffix == ".csv":
            with open(path, newline="", encoding="utf-8") as file:
                found[name] = _told(csv.DictReader(file))
        elif path.suffix == ".parquet":
            import pyarrow.parquet

            found[name] = _told(pyarrow.parquet.read_table(path).to_pylist())
    return found


def _told(rows: Iterable[Mapping[str, Any]]) -> str:
    """A digest of a table without its times."""
    kept = [{name: value for name, value in row.items() if "seconds" not in name} for row in rows]
    return hashlib.sha256(repr(kept).encode()).hexdigest()
