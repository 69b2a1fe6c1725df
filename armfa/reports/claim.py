"""What a paper says and what was measured: claims with verdicts, and what had to be chosen."""

from typing import NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """Whether a claim holds, by which test, with which probability under the opposite of the claim."""

    status: str  # "holds", "fails", "not tested" or "reported"
    test: str
    p: float | None


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
