"""What an experiment is: settings, units of work, and what is read from their runs (table, claims, figures)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from armfa.reports.claim import Choice, Claim, at_small_scale
from armfa.runs.unit import Checkpoint, Run, Sweep, Unit


def told(numbers: Sequence[float]) -> str:
    """Numbers in a row, as text."""
    return ", ".join(f"{number:g}" for number in numbers)


@dataclass(frozen=True)
class Scales:
    """Settings of an experiment come at three scales; the full one is the class, called without arguments."""

    SCALELESS: ClassVar[tuple[str, ...]] = ("seeds",)
    """Fields that make no training shorter and no network smaller."""

    @property
    def is_short(self) -> bool:
        """Whether training is shorter or networks are smaller than at the full scale: its end is then not reached."""
        mine, *whole = (
            {name: value for name, value in asdict(each).items() if name not in self.SCALELESS}
            for each in (self, type(self)(), self.paper())
        )
        return mine not in whole

    @classmethod
    def quick(cls) -> Any:
        """Fewer networks or steps: a few minutes for all experiments together."""
        raise NotImplementedError

    @classmethod
    def paper(cls) -> Any:
        """The paper's own size, where the full scale is smaller."""
        return cls()


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
    choices: Callable[[Any], Sequence[Choice]] = lambda settings: ()
    needs: Callable[[Any], Sequence[str]] = lambda settings: ()
    remarks: str = ""

    def judged(self, settings: Any, runs: Sequence[Run]) -> list[Claim]:
        """The claims; after a shorter training those that speak of the end of the full one are not tested."""
        claims = self.claims(settings, runs)
        return at_small_scale(claims) if settings.is_short else claims

    def sweep(self, settings: Any) -> Sweep:
        """What is to be run under these settings."""
        return Sweep(self.name, settings, self.units(settings), self.run)
