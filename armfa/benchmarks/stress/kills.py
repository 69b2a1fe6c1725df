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

from armfa.benchmarks.stress.commands import COMMANDS, begin_of, digests, go_on_of, run
from armfa.benchmarks.stress.lines import Line

KILLS = 4
"""Of one run, before it is let go on to its end."""


class Reference:
    """A command left alone: what it found, and how long it takes."""

    def __init__(self, name: str, place: Path, trained: Path | None):
        self.name, self.place, self.trained, self.log = name, place, trained, place / f"{name}.log"
        run(begin_of(name, place / f"{name}-first", trained), self.log)  # compiles what is to be compiled
        ended = run(begin_of(name, place / f"{name}-alone", trained), self.log)
        if ended.status != 0:
            raise RuntimeError(f"{name} does not run: {ended.told}")
        self.seconds, self.found = ended.seconds, digests(place / f"{name}-alone")

    def differs(self, folder: Path) -> list[str]:
        """The names of what is not as it was left alone."""
        found = digests(folder)
        return sorted(key for key in found.keys() | self.found.keys() if found.get(key) != self.found.get(key))


def references(place: Path, names: tuple[str, ...] = tuple(COMMANDS)) -> Iterator[Reference]:
    """Every command left alone, one after the other."""
    trained = None
    if "adapt" in names:
        trained = place / "trained"
        run(begin_of("learn", trained), place / "log")
    for name in names:
        yield Reference(name, place, trained)


def kills(seconds: float, seed: int, names: tuple[str, ...] = tuple(COMMANDS)) -> Iterator[Line]:
    """SIGKILL of a command and all its workers, up to four times, then on to the end."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as temporary:
        for command in references(Path(temporary), names):
            start, killed, wrong, told = time.monotonic(), 0, 0, ""
            while time.monotonic() - start < seconds / len(names) or killed == 0:
                folder = command.place / f"{command.name}-killed"
                shutil.rmtree(folder, ignore_errors=True)
                for _ in range(rng.integers(1, KILLS + 1)):
                    words = go_on_of(command.name, folder, command.trained)
                    ended = run(words, command.log, kill_after=rng.uniform(0.0, command.seconds))
                    killed += ended.status == -9
                    if ended.status not in (0, -9):
                        wrong, told = wrong + 1, told or ended.told[-200:]
                ended = run(go_on_of(command.name, folder, command.trained), command.log)
                if ended.status != 0 or (other := command.differs(folder)):
                    wrong += 1
                    told = told or (ended.told[-200:] if ended.status else f"other bits: {', '.join(other[:3])}")
            yield Line("kills", f"SIGKILL of `{command.name}`, then on", killed, wrong, one_line(told))


def disks(seconds: float, seed: int) -> Iterator[Line]:
    """Full disks, folders that cannot be written or vanish, two commands in one folder: a sentence, and right bits."""
    rng = np.random.default_rng(seed)
    tries = (full, limited, vanishing, twice) + ((read_only,) if os.getuid() == 0 else ())
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        commands = list(references(place, ("train", "compare", "learn")))
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
    ended = run(begin_of(command.name, folder), command.log,
                prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY)))  # fmt: skip
    return in_words(ended) or on_to_the_end(command, folder)


def vanishing(command: Reference, folder: Path, rng: Any) -> str:
    """A folder that is removed in the middle."""
    after = rng.uniform(0.0, command.seconds)
    words = ["sh", "-c", f"sleep {after:.3f}; rm -rf {folder}"]
    remover = subprocess.Popen(words)
    ended = run(begin_of(command.name, folder), command.log)
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
        ended = run(go_on_of(command.name, folder), log)
        print(in_words(ended), file=open(command.place / "other.told", "w"), flush=True)  # noqa: SIM115
        os._exit(0)
    ended = run(go_on_of(command.name, folder), command.log)
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
        ended = run(begin_of(command.name, folder / "run"), command.log)
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
    ended = run(go_on_of(command.name, folder, command.trained), command.log)
    if ended.status != 0:
        return f"cannot go on: {ended.told[-300:]}"
    other = command.differs(folder)
    return f"other bits: {', '.join(other[:3])}" if other else ""


def one_line(words: str) -> str:
    """Words that fit into a cell."""
    return " ".join(words.replace("|", "/").split())[:160]
