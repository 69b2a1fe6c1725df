"""Is a board what its runs say? Units of it are run again, and compared network by network."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from armfa.experiments.motor_rules.board import Board
from armfa.experiments.motor_rules.protocol import Protocol
from armfa.runs.unit import Run

WITHIN = 0.05
"""By which the mean of a measure may differ where bits do, as on another kind of processor."""


class Compared(NamedTuple):
    """What a rule did on an id at one column of rates: as submitted, and run again."""

    place: str
    rule: str
    column: str
    submitted: np.ndarray  # (networks,) measures, lower is better; NaN of one that diverged
    again: np.ndarray

    @property
    def same(self) -> bool:
        """Whether all bits are."""
        return np.array_equal(self.submitted, self.again, equal_nan=True)

    @property
    def ratio(self) -> float:
        """Geometric mean of those run again over that of those submitted."""
        return geometric_mean(self.again) / geometric_mean(self.submitted)

    @property
    def agrees(self) -> bool:
        """Whether the same number of networks diverged, and the means are within 5 %."""
        if self.same:
            return True
        if len(self.submitted) != len(self.again) or np.isnan(self.submitted).sum() != np.isnan(self.again).sum():
            return False
        return 1.0 / (1.0 + WITHIN) <= self.ratio <= 1.0 + WITHIN

    @property
    def line(self) -> str:
        """In words."""
        how = "bit for bit" if self.same else f"{self.ratio:.3f} times the submitted mean"
        lost = (
            f"{np.isnan(self.submitted).sum()} and {np.isnan(self.again).sum()} of {len(self.again)} networks diverged"
        )
        return (f"{'agrees' if self.agrees else 'DIFFERS':>8}  {self.place}, {self.rule}, {self.column} rates: {how}"
                f"{'' if self.same else ', ' + lost}")  # fmt: skip


def geometric_mean(measure: np.ndarray) -> float:
    """Over the networks that did not diverge; NaN of none."""
    kept = measure[np.isfinite(measure)]
    return float(np.exp(np.log(kept).mean())) if len(kept) else float("nan")


def compared(
    protocol: Protocol, names: Sequence[str], submitted: Sequence[Run], again: Sequence[Run]
) -> list[Compared]:
    """Each id, rule and column that was run again, beside what was submitted."""
    before, after = (measures(protocol, names, runs) for runs in (submitted, again))
    none = np.zeros(0)
    return [Compared(*key, before.get(key, none), measure) for key, measure in after.items()]


def measures(protocol: Protocol, names: Sequence[str], runs: Sequence[Run]) -> Mapping[tuple[str, str, str], Any]:
    """The measure of each network by (id, entry, column)."""
    learning, moving = ([run for run in runs if ("column" in run.arguments) is learned] for learned in (True, False))
    told = Board(protocol, names, (), learning, moving, ()).told
    return {key: found["measure"] for key, found in told.items()}
