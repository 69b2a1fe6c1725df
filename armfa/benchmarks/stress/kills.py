"""SIGKILL at random moments of every long command: what is gone on with must end with the bits of a run left alone."""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from armfa.benchmarks.stress.commands import (
    COMMANDS,
    PLAN,
    begin_of,
    digests,
    go_on_of,
    run,
    run_anew,
    run_here,
)
from armfa.benchmarks.stress.lines import Line

KILLS = 6
"""Of one run at most, before it is let go on to its end."""

ANEW = 10
"""Of so many runs one ends in a Python of its own; the others in a process that had all imported and compiled."""


class Reference:
    """A command left alone: what it found, and how long it takes."""

    def __init__(self, name: str, place: Path, given: Path | None):
        self.name, self.place, self.given, self.log = name, place, given, place / f"{name}.log"
        ended = run_here(begin_of(name, place / f"{name}-first", given), self.log)
        if ended.status == 0:
            ended = run(begin_of(name, place / f"{name}-alone", given), self.log)
        if ended.status != 0:
            raise RuntimeError(f"{name} does not run: {ended.told}")
        self.seconds, self.found = ended.seconds, digests(place / f"{name}-first")
        if other := self.differs(place / f"{name}-alone"):
            raise RuntimeError(f"{name}, run twice, found different bits: {', '.join(other)}")

    def begin(self, folder: Path) -> list[str]:
        """The words that begin it there."""
        return begin_of(self.name, folder, self.given)

    def go_on(self, folder: Path) -> list[str]:
        """The words that go on with it there."""
        return go_on_of(self.name, folder, self.given)

    def differs(self, folder: Path) -> list[str]:
        """The names of what is not as it was left alone."""
        found = digests(folder)
        return sorted(key for key in found.keys() | self.found.keys() if found.get(key) != self.found.get(key))


def references(place: Path, names: tuple[str, ...] = tuple(COMMANDS)) -> Iterator[Reference]:
    """Every command left alone, one after the other."""
    given: dict[str, Path] = {"adapt": place / "trained", "sweep": place / "sweep.toml"}
    given["sweep"].write_text(PLAN, encoding="utf-8")
    if "adapt" in names:
        run_here(begin_of("learn", given["adapt"]), place / "log")
    for name in names:
        yield Reference(name, place, given.get(name))


def kills(seconds: float, seed: int, names: tuple[str, ...] = tuple(COMMANDS)) -> Iterator[Line]:
    """SIGKILL of a command and all its workers, up to six times, then on to the end."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as temporary:
        for command in references(Path(temporary), names):
            start, runs, killed, met, wrong, told = time.monotonic(), 0, 0, 0, 0, ""
            while time.monotonic() - start < seconds / len(names) or killed == 0:
                folder = command.place / f"{command.name}-killed"
                shutil.rmtree(folder, ignore_errors=True)
                for _ in range(rng.integers(1, KILLS + 1)):
                    ended = run(command.go_on(folder), command.log, kill_after=rng.uniform(0.0, command.seconds))
                    killed += ended.status == -9
                    met += ended.status == -9 and has_state(folder)
                    if ended.status not in (0, -9):
                        wrong, told = wrong + 1, told or ended.told[-200:]
                runs += 1
                ended = (run_anew if runs % ANEW == 0 else run)(command.go_on(folder), command.log)
                if ended.status != 0 or (other := command.differs(folder)):
                    wrong += 1
                    told = told or (ended.told[-200:] if ended.status else f"other bits: {', '.join(other[:3])}")
            words = f"SIGKILL of `{command.name}`, then on"
            yield Line("kills", words, killed, wrong, one_line(told) or f"{met} of {killed} half-way in a unit")


def has_state(folder: Path) -> bool:
    """Whether a run has the state of something unfinished on disk."""
    return any(folder.rglob("*.state")) or (folder / "training.npz").exists()


def disks(seconds: float, seed: int) -> Iterator[Line]:
    """Full disks, folders that cannot be written or vanish, two commands in one folder: a sentence, and right bits."""
    rng = np.random.default_rng(seed)
    tries = (full, limited, vanishing, twice) + ((read_only,) if os.getuid() == 0 else ())
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        commands = list(references(place))
        for trial in tries:
            start, done, wrong, told = time.monotonic(), 0, 0, ""
            while time.monotonic() - start < seconds / len(tries) or done == 0:
                command = commands[done % len(commands)]
                folder = place / "folder"
                shutil.rmtree(folder, ignore_errors=True)
                problem = trial(command, folder, rng)
                done, wrong, told = done + 1, wrong + bool(problem), told or problem
            yield Line("disks", (trial.__doc__ or "").rstrip(".").lower(), done, wrong, one_line(told))


def full(command: Reference, folder: Path, rng: Any) -> str:
    """A disk that fills up, then has room again."""
    return _mounted(command, folder, f"size={rng.integers(8, 200)}k", "size=50m")


def read_only(command: Reference, folder: Path, rng: Any) -> str:
    """A disk that may not be written, then may."""
    return _mounted(command, folder, "ro,size=50m", "rw")


def limited(command: Reference, folder: Path, rng: Any) -> str:
    """Files that may not grow beyond a limit, then may."""
    most = int(rng.integers(100, 60_000))
    ended = run(command.begin(folder), command.log,
                prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)))  # fmt: skip
    return in_words(ended) or on_to_the_end(command, folder)


def vanishing(command: Reference, folder: Path, rng: Any) -> str:
    """A folder that is removed in the middle."""
    after = rng.uniform(0.0, command.seconds)
    words = ["sh", "-c", f"sleep {after:.3f}; rm -rf {folder}"]
    remover = subprocess.Popen(words)
    ended = run(command.begin(folder), command.log)
    remover.wait()
    if problem := in_words(ended):
        return problem
    shutil.rmtree(folder, ignore_errors=True)
    return on_to_the_end(command, folder)


def twice(command: Reference, folder: Path, rng: Any) -> str:
    """Two commands in one folder at once."""
    other, log = os.fork(), command.place / "other.log"
    if other == 0:
        time.sleep(rng.uniform(0.0, command.seconds))
        ended = run(command.go_on(folder), log)
        print(in_words(ended), file=open(command.place / "other.told", "w"), flush=True)  # noqa: SIM115
        os._exit(0)
    ended = run(command.go_on(folder), command.log)
    os.waitpid(other, 0)
    problem = in_words(ended) or (command.place / "other.told").read_text().strip()
    return problem or on_to_the_end(command, folder)


def _mounted(command: Reference, folder: Path, before: str, after: str) -> str:
    """A command on a disk of its own, mounted with these options; then on to the end with those."""
    if os.getuid() != 0:
        return ""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", before, "tmpfs", str(folder)], check=True)
    try:
        ended = run(command.begin(folder / "run"), command.log)
        subprocess.run(["mount", "-o", f"remount,{after}", str(folder)], check=True)
        return in_words(ended) or on_to_the_end(command, folder / "run")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def in_words(ended: Any) -> str:
    """What is wrong with the end of a command that may have failed: anything but success, or one sentence."""
    if ended.status == 0 or (ended.status == 2 and "Traceback" not in ended.told and "armfa: " in ended.told):
        return ""
    return f"status {ended.status}: {ended.told[-300:]}"


def on_to_the_end(command: Reference, folder: Path) -> str:
    """What is wrong after the command went on."""
    ended = run(command.go_on(folder), command.log)
    if ended.status != 0:
        return f"cannot go on: {ended.told[-300:]}"
    other = command.differs(folder)
    return f"other bits: {', '.join(other[:3])}" if other else ""


def one_line(words: str) -> str:
    """Words that fit into a cell."""
    return " ".join(words.replace("|", "/").split())[:160]
