"""What an experiment is: settings, units of work, runs on disk, and what is read from them (table, claims, figures)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from armfa.experiments.statistics import Verdict


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


class Claim(NamedTuple):
    """What the paper says, what was measured (one value a run), and the verdict of a stated test."""

    paper: str
    quantity: str
    measured: np.ndarray
    verdict: Verdict
    own: bool = False  # a control or bar of this package: no paper says it

    @property
    def text(self) -> str:
        """What is claimed, and whether it is the papers' claim."""
        return f"(not in the papers) {self.paper}" if self.own else self.paper


class Choice(NamedTuple):
    """Something the papers do not say (or whose text was lost), what was chosen for it, and why."""

    what: str
    chosen: str
    why: str


def listed(text: str) -> list[str]:
    """The names in a comma-separated list, with hyphens as the command line writes them."""
    return [name.strip().replace("_", "-") for name in text.split(",") if name.strip()]


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


@dataclass(frozen=True)
class Experiment:
    """One experiment of the papers. The functions take the settings first; `runs` are in the order of `units`.

    units : settings -> units of work
    run : settings, unit, checkpoint -> arrays of the run
    table : settings, runs -> rows (dicts with the same keys), the CSV
    claims : settings, runs -> claims with verdicts
    figures : settings, runs -> {name: matplotlib figure}, one a figure of the paper
    needs : settings -> data sets without which no unit can run, as `data.require` takes them
    """

    name: str
    title: str
    source: str  # figure and paper
    settings: Any  # frozen dataclass type: settings() is the full scale, settings.quick() the small one
    units: Callable[[Any], Sequence[Unit]]
    run: Callable[[Any, Unit, Checkpoint], Mapping[str, np.ndarray]]
    table: Callable[[Any, Sequence[Run]], list[dict[str, Any]]]
    claims: Callable[[Any, Sequence[Run]], list[Claim]]
    figures: Callable[[Any, Sequence[Run]], dict[str, Any]]
    choices: tuple[Choice, ...] = ()
    needs: Callable[[Any], Sequence[str]] = lambda settings: ()
    remarks: str = ""


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
