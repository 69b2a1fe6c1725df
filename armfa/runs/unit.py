"""Units of work, and the runs that are read back when they are done."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np


class Unit(NamedTuple):
    """One piece of work that is written to disk when it is done and is never done twice."""

    name: str  # names the files of the run; unique within its experiment
    arguments: Mapping[str, Any]  # what this unit runs (rule, seeds, ...); JSON
    seconds: float  # expected on one core; only the display's end time depends on it


class Run(NamedTuple):
    """A finished unit as read back from disk. Tables, claims and figures see runs and nothing else."""

    unit: str
    arguments: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]  # settings, versions, wall time


class Sweep(NamedTuple):
    """Units of one kind of work, with the settings they share and the function that does them."""

    name: str  # of the folder of the runs
    settings: Any  # frozen dataclass; JSON but for paths
    units: Sequence[Unit]
    run: Callable[..., Mapping[str, np.ndarray]]  # settings, unit, checkpoint -> arrays
    keeps: bool = False  # whether finished runs keep the state that they ended with, to go on from to more
    earlier: tuple[tuple[Any, float], ...] = ()  # settings under which units may have begun that go on under these,
    # and the share of the work that is done where they ended; the last first
    given: Callable[[Unit], Mapping[str, np.ndarray]] | None = None  # what a unit reads that others made; it is
    # asked for when the unit begins, and `run` takes it first


class Checkpoint(Protocol):
    """A unit's door to the outside while it runs: state to continue from after a kill, and how far it is."""

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays saved last, or None at the first start."""
        ...

    def save(self, arrays: Callable[[], Mapping[str, np.ndarray]]) -> None:
        """Write `arrays()` now and then (a call that comes too soon after the last write does nothing)."""
        ...

    def progress(self, fraction: float) -> None:
        """Tell how much of this unit is done, 0 to 1."""
        ...


class NoCheckpoint:
    """A checkpoint that keeps nothing: for demos and tests that call `run` themselves."""

    def load(self) -> None:
        """Nothing to continue from."""

    def save(self, arrays) -> None:
        """Forgets."""

    def progress(self, fraction) -> None:
        """Tells nobody."""


def find(runs: Sequence[Run], **arguments) -> Run:
    """The one run whose arguments are these."""
    found = select(runs, **arguments)
    if len(found) != 1:
        raise LookupError(f"expected one run with {arguments}, found {len(found)}")
    return found[0]


def select(runs: Sequence[Run], **arguments) -> list[Run]:
    """The runs whose arguments are these."""
    return [run for run in runs if all(run.arguments.get(key) == value for key, value in arguments.items())]


def gather(runs: Sequence[Run], key: str, **arguments) -> np.ndarray:
    """One array of the selected runs, joined along the leading axis (seeds)."""
    return np.concatenate([run.arrays[key] for run in select(runs, **arguments)])


def chunks(count: int, size: int) -> list[list[int]]:
    """Seeds 0 .. count - 1 in groups of at most `size`: each group is one stack, and one unit."""
    return [list(range(first, min(first + size, count))) for first in range(0, count, size)]
