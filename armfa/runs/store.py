"""Runs on disk: one .npz with the arrays and one .json with settings, versions and wall time, written all or nothing.

The .json comes last: a run whose .json is there is whole, whatever moment a kill came at. A fingerprint of settings and
arguments in the .json says which run it is, so that changed settings run anew and unchanged ones never.
"""

import hashlib
import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import scipy

import armfa
from armfa.files import DAMAGED, replacing, write_text
from armfa.runs.unit import Run, Unit

FORM = 3
"""Of the state of an unfinished unit; one of another form is not continued but begun anew."""


def fingerprint(experiment: str, settings: Any, unit: Unit) -> str:
    """Hash of what decides the numbers of a run: experiment, settings (without the number of seeds) and arguments."""
    chosen = {key: value for key, value in asdict(settings).items() if key != "seeds"}
    text = json.dumps([experiment, chosen, unit.name, dict(unit.arguments)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of everything that a number may depend on."""
    return {
        "armfa": armfa.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }


def write_run(folder: Path, experiment: str, settings: Any, unit: Unit, arrays: Mapping, seconds: float) -> None:
    """Put one finished run into `folder/experiment`; the .json is written last."""
    place = folder / experiment
    write_arrays(place / f"{unit.name}.npz", arrays)
    facts = {
        "experiment": experiment,
        "unit": unit.name,
        "fingerprint": fingerprint(experiment, settings, unit),
        "arguments": dict(unit.arguments),
        "settings": asdict(settings),
        "versions": versions(),
        "seconds": round(seconds, 3),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    write_text(place / f"{unit.name}.json", json.dumps(facts, indent=1, sort_keys=True, default=str))


def read_run(folder: Path, experiment: str, settings: Any, unit: Unit) -> Run | None:
    """The run of this unit under these settings, or None where it has not (or not wholly) been made, or is damaged."""
    place = folder / experiment
    try:
        facts = json.loads((place / f"{unit.name}.json").read_text(encoding="utf-8"))
        if facts["fingerprint"] != fingerprint(experiment, settings, unit):
            return None
        return Run(unit.name, facts["arguments"], read_arrays(place / f"{unit.name}.npz"), facts)
    except (FileNotFoundError, KeyError, TypeError, *DAMAGED):
        return None


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Arrays by name into a compressed .npz that needs no pickle, all or nothing."""
    kept = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in kept.items():
        if array.dtype == object:
            raise TypeError(f"expected numbers or text for {name!r}, got Python objects: they would need pickle")
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz, read at once (nothing stays open)."""
    with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


class FileCheckpoint:
    """State of an unfinished unit beside its run (`.NAME.checkpoint.npz`), written at most every `every` seconds."""

    def __init__(self, folder: Path, experiment: str, settings: Any, unit: Unit, tell=None, every: float = 15.0):
        self.path = folder / experiment / f".{unit.name}.checkpoint.npz"
        self.fingerprint = f"{FORM} {fingerprint(experiment, settings, unit)}"
        self.tell = tell
        self.every = every
        self.written = time.monotonic()

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays saved last under the same settings, or None; a damaged file is as good as none."""
        try:
            arrays = read_arrays(self.path)
            return arrays if str(arrays.pop("fingerprint")) == self.fingerprint else None
        except (FileNotFoundError, KeyError, *DAMAGED):
            return None

    def save(self, arrays) -> None:
        """Write `arrays()` if the last write is long enough ago."""
        if time.monotonic() - self.written >= self.every:
            write_arrays(self.path, {**arrays(), "fingerprint": np.array(self.fingerprint)})
            self.written = time.monotonic()

    def progress(self, fraction: float) -> None:
        """Pass the finished share on to whoever displays it."""
        if self.tell is not None:
            self.tell(fraction)

    def remove(self) -> None:
        """The unit is done: its half-way state is of no more use."""
        self.path.unlink(missing_ok=True)
