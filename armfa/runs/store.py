"""Runs on disk: one .npz with the arrays and one .json with settings, versions and wall time, written all or nothing.

The .json comes last and holds a digest of both: a run that reads back is whole, whatever moment a kill came at and
whatever happened to its files since. A fingerprint of settings and arguments says which run it is, so that changed
settings run anew and unchanged ones never.
"""

import hashlib
import json
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import scipy

from armfa.files import DAMAGED, replacing, write_text
from armfa.runs.code import code_version
from armfa.runs.unit import Run, Unit

FORM = 5
"""Of the state of an unfinished unit; one of another form is not continued but begun anew."""

SECONDS_BETWEEN_FILES = 15.0
"""s, at least, from one state of an unfinished unit on disk to the next."""

KEPT = "kept_"
"""Begins the names of the arrays in a run that are the state that it ended with."""

Tell = Callable[[str], None]
"""Takes a sentence for the user."""


class Continued(float):
    """The share of a unit that was done in an earlier life of it."""


def fingerprint(experiment: str, settings: Any, unit: Unit) -> str:
    """Hash of what decides the numbers of a run: experiment, settings and arguments, which have the seeds."""
    chosen = {key: value for key, value in asdict(settings).items() if key not in ("seeds", "scheduler")}
    text = json.dumps([experiment, chosen, unit.name, dict(unit.arguments)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions(code: str) -> dict[str, str]:
    """Versions of everything that a number may depend on."""
    return {
        "armfa": code,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }


def write_run(
    folder: Path, experiment: str, settings: Any, unit: Unit, arrays: Mapping, seconds: float, code: str | None = None
) -> None:
    """Put one finished run into `folder/experiment`; the .json is written last. code : this, when None."""
    path = folder / experiment / f"{unit.name}.npz"
    write_arrays(path, arrays)
    facts = {
        "experiment": experiment,
        "unit": unit.name,
        "fingerprint": fingerprint(experiment, settings, unit),
        "arguments": dict(unit.arguments),
        "settings": asdict(settings),
        "versions": versions(code or code_version()),
        "seconds": round(seconds, 3),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    with open(path, "rb") as arrays_file:
        facts["digest"] = _digest(facts, arrays_file)
    write_text(path.with_suffix(".json"), json.dumps(facts, indent=1, sort_keys=True, default=str))


def other_code(run: Run) -> str | None:
    """The code that made a run, where it is not this."""
    made = run.facts["versions"].get("armfa", "of an unknown version")
    return None if made == code_version() else made


def read_run(folder: Path, experiment: str, settings: Any, unit: Unit, tell: Tell | None = None) -> Run | None:
    """The run of this unit under these settings, or None where it has not (or not wholly) been made.

    A damaged run is as good as none; `tell` is told of it. No array is read before the digest is known to be right, so
    that no file takes more memory than the run it holds.
    """
    path = folder / experiment / f"{unit.name}.json"
    try:
        if not path.exists():
            return None
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts["fingerprint"] != fingerprint(experiment, settings, unit):
            return None
        _check_facts(facts, unit)
        with open(path.with_suffix(".npz"), "rb") as file:
            if "digest" in facts and facts["digest"] != _digest(facts, file):
                raise ValueError("its files are not those that were written")
            file.seek(0)
            return Run(unit.name, facts["arguments"], _arrays(file), facts)
    except (OSError, KeyError, TypeError, AttributeError, *DAMAGED) as error:
        if tell is not None:
            tell(f"{path.with_suffix('')}: damaged ({error or type(error).__name__}), as good as none")
        return None


def _check_facts(facts: Any, unit: Unit) -> None:
    """Refuse facts that are not of this unit, or that nobody could print."""
    if facts["unit"] != unit.name or facts["arguments"] != json.loads(json.dumps(dict(unit.arguments), default=str)):
        raise ValueError("it says that it is another unit")
    if not (isinstance(facts["seconds"], int | float) and 0 <= facts["seconds"] < math.inf):
        raise ValueError(f"expected seconds, got {facts['seconds']!r}")
    if not all(isinstance(version, str) for version in facts["versions"].values()):
        raise ValueError("expected versions in words")


def _digest(facts: Mapping[str, Any], arrays: BufferedReader) -> str:
    """SHA-256 of the facts and the file of arrays."""
    told = json.dumps({key: facts[key] for key in facts if key != "digest"}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode() + hashlib.file_digest(arrays, "sha256").digest()).hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name into a compressed .npz that needs no pickle, all or nothing."""
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **_plain(arrays))


def _plain(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    kept = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in kept.items():
        if array.dtype == object:
            raise TypeError(f"expected numbers or text for {name!r}, got Python objects: they would need pickle")
    return kept


def _arrays(file: BinaryIO) -> dict[str, np.ndarray]:
    """The arrays of an open .npz, read at once."""
    with np.load(file, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


def _kept(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The state that a finished run kept; nothing where it kept none."""
    return {name.removeprefix(KEPT): array for name, array in arrays.items() if name.startswith(KEPT)}


class FileCheckpoint:
    """State of an unfinished unit beside its run (`.NAME.state`), written at most every `every` seconds.

    The file is a digest of 32 bytes and an .npz. A damaged one is as good as none.

    Parameters
    ----------
    tell : callable, optional
        Takes the share that is done, 0 to 1, a sentence, or the path of the file whenever it was written.
    earlier : (settings, share), the last first
        A unit that began under these goes on: from its state or, where it was finished, from what its run kept. The
        share is that of the work which is done where they ended.
    """

    def __init__(
        self, folder: Path, experiment: str, settings: Any, unit: Unit, tell: Callable[[Any], None] | None = None,
        every: float | None = None, earlier: Sequence[tuple[Any, float]] = (),
    ):  # fmt: skip
        self.path = folder / experiment / f".{unit.name}.state"
        self.place, self.earlier = (folder, experiment, unit), earlier
        ends = ((settings, 1.0), *earlier)
        self.ends = {f"{FORM} {fingerprint(experiment, each, unit)}": share for each, share in ends}
        self.fingerprint = next(iter(self.ends))
        self.tell = tell or (lambda news: None)
        self.every = SECONDS_BETWEEN_FILES if every is None else every
        self.code = code_version()  # that made the state, if one is loaded, and that goes on with it
        self.latest: Callable[[], Mapping[str, np.ndarray]] = dict  # the state that there is now
        self.written = time.monotonic()
        self.share = 0.0
        self.continued = False  # a state was loaded, and nothing has come of it yet

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays saved last under these settings (or earlier ones), or None."""
        arrays = self._unfinished() or self._finished()
        if arrays is not None:
            self.continued, self.latest = True, lambda: arrays
            self.tell(Continued(self.share))
        return arrays

    def _unfinished(self) -> dict[str, np.ndarray] | None:
        """The arrays of the file, where there is one of these settings."""
        try:
            if not self.path.exists():
                return None
            with open(self.path, "rb") as file:
                if file.read(32) != hashlib.file_digest(file, "sha256").digest():
                    raise ValueError("it is not what was written")
                file.seek(32)
                arrays = _arrays(file)
            if (begun := str(arrays.pop("fingerprint"))) not in self.ends:
                return None
            self.share = float(arrays.pop("share")) * self.ends[begun]
            if (code := str(arrays.pop("code", "of an unknown version"))) != self.code:
                self.tell(f"{self.path}: of other code, armfa {code}; armfa {self.code} goes on with it")
                self.code = f"{code}, then {self.code}"
            return arrays
        except (OSError, KeyError, TypeError, *DAMAGED) as error:
            self.tell(f"{self.path}: damaged ({error or type(error).__name__}), begun anew")
            return None

    def _finished(self) -> dict[str, np.ndarray] | None:
        """The state that a run kept which was finished under earlier settings."""
        folder, experiment, unit = self.place
        for settings, share in self.earlier:
            run = read_run(folder, experiment, settings, unit)
            if run is not None and (state := _kept(run.arrays)):
                self.share = share
                return state
        return None

    def save(self, arrays) -> None:
        """Write `arrays()` if the last write is long enough ago."""
        self.continued, self.latest = False, arrays
        if time.monotonic() - self.written >= self.every:
            about = {"fingerprint": np.array(self.fingerprint), "share": np.array(self.share)}
            about["code"] = np.array(self.code)
            with replacing(self.path) as unfinished, unfinished.open("wb+") as file:
                file.write(bytes(32))
                np.savez(file, allow_pickle=False, **_plain(arrays()), **about)
                file.seek(32)
                digest = hashlib.file_digest(file, "sha256").digest()
                file.seek(0)
                file.write(digest)
            self.written = time.monotonic()
            self.tell(self.path)

    def kept(self) -> dict[str, np.ndarray]:
        """The state that there is now, as arrays for a finished run."""
        return {f"{KEPT}{name}": np.asarray(array) for name, array in self.latest().items()}

    def progress(self, fraction: float) -> None:
        """Pass the finished share on to whoever displays it."""
        self.share = fraction
        self.tell(fraction)

    def remove(self) -> None:
        """The unit is done, or its state of no use."""
        self.continued, self.earlier, self.code = False, (), code_version()
        self.path.unlink(missing_ok=True)
