"""What a paper says and what was measured: claims with verdicts, and what had to be chosen."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

STATUSES = {"holds": "green", "fails": "red", "not tested": "yellow", "reported": None}
"""What a verdict can be, with its colour on a terminal."""


class Verdict(NamedTuple):
    """Whether a claim holds, by which test, with which probability under the opposite of the claim."""

    status: str  # one of STATUSES
    test: str
    p: float | None
    threshold: str = ""  # what was to be reached, such as "< 0.0012"

    @property
    def probability(self) -> str:
        """P with its sign, such as `= 0.012`; no double is small enough to print P = 0."""
        if self.p is None:
            return ""
        return f"= {self.p:.2g}" if self.p >= 1e-300 else "< 1e-300"

    @property
    def words(self) -> str:
        """The test with its probability."""
        return self.test + (f": P {self.probability}" if self.probability else "")


class Claim(NamedTuple):
    """What the paper says, what was measured (one value per run), and the verdict of a stated test."""

    paper: str
    quantity: str
    measured: np.ndarray
    verdict: Verdict
    own: bool = False  # a control or bar of this package: no paper says it
    full: bool = False  # speaks of the end of the full training: a shorter one has no power for it

    @property
    def text(self) -> str:
        """What is claimed, and whether it is the papers' claim."""
        return f"(not in the papers) {self.paper}" if self.own else self.paper

    @property
    def values(self) -> np.ndarray:
        """What was measured, (n,)."""
        return np.asarray(self.measured, dtype=float).ravel()

    @property
    def told(self) -> str:
        """Mean, spread and number of runs in words: `0.021 ± 0.002 (n = 20)`."""
        values = self.values
        mean = f"{values.mean():.3g}" if values.size else "no value"
        spread = f" ± {values.std(ddof=1):.3g}" if values.size > 1 and np.isfinite(values).all() else ""
        return f"{mean}{spread} (n = {values.size})"

    @property
    def line(self) -> str:
        """All of it, for a terminal."""
        return f"{self.verdict.status:>10}  {self.text}: {self.quantity} {self.told}; {self.verdict.words}"

    @property
    def row(self) -> dict[str, Any]:
        """All of it, for a table."""
        values = self.values
        return {
            "paper says": self.text,
            "quantity": self.quantity,
            "measured": self.told,
            "mean": float(values.mean()) if values.size else "",
            "sd": float(values.std(ddof=1)) if values.size > 1 and np.isfinite(values).all() else "",
            "n": values.size,
            "threshold": self.verdict.threshold,
            "verdict": self.verdict.status,
            "test": self.verdict.test,
            "P": self.verdict.probability.removeprefix("= "),
        }


def at_small_scale(claims: Sequence[Claim]) -> list[Claim]:
    """The claims after a shorter training: those that speak of the end of the full one are not tested."""
    why = "it speaks of the end of the full training, and this one was shorter"
    return [
        claim._replace(verdict=Verdict("not tested", why, None, claim.verdict.threshold)) if claim.full else claim
        for claim in claims
    ]


class Choice(NamedTuple):
    """Something the papers do not say (or whose text was lost), what was chosen for it, and why."""

    what: str
    chosen: str
    why: str
