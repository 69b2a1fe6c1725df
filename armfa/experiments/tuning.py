"""The search of learning rates before rules are compared, and what it keeps on disk while it runs."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from armfa.controllers import GradientEstimator, Shallow
from armfa.runs.unit import Checkpoint

DIVERGED = 10.0
"""A network has diverged when it ends above so many times its first error, or not at a number."""

EXPECTED_TRIES = 20
"""Rates that a search tries, about; only the display's end time depends on it."""


class TuningCheckpoint:
    """The checkpoint of a unit that searches rates before it learns: scores lie beside the state of `learn`."""

    def __init__(self, inner: Checkpoint, tune_seeds: int, seeds: int):
        saved = inner.load() or {}
        self.inner = inner
        self.scores: dict[str, float] = json.loads(str(saved["scores"])) if "scores" in saved else {}
        self.started = {name: array for name, array in saved.items() if name != "scores"}
        searching = EXPECTED_TRIES * tune_seeds
        self.share = searching / (searching + seeds)

    def load(self) -> dict[str, np.ndarray] | None:
        """The state of `learn`, once it has begun."""
        return self.started or None

    def save(self, arrays: Any) -> None:
        """Both."""
        self.inner.save(lambda: {**arrays(), "scores": np.array(json.dumps(self.scores))})

    def progress(self, fraction: float) -> None:
        """Learning comes after the search."""
        self.inner.progress(self.share + (1 - self.share) * fraction)

    def tried(self, key: str, score: float) -> None:
        """Keep the score of one set of rates."""
        self.scores[key] = score
        self.save(dict)
        self.inner.progress(self.share * min(1.0, len(self.scores) / EXPECTED_TRIES))


def diverged(nse: np.ndarray) -> np.ndarray:
    """Where the curves (seeds, points) lie far above their start, or are no number."""
    with np.errstate(invalid="ignore"):
        return ~(nse <= DIVERGED * nse[:, :1])


def best_rates(
    rule: type[GradientEstimator], rates: tuple[float, ...], nse_at: Callable[[tuple[float, ...]], np.ndarray],
    kept: TuningCheckpoint, limit: int = 40,
) -> tuple[tuple[float, ...], dict[str, np.ndarray]]:  # fmt: skip
    """The best rates that `search` finds around these, and all that were tried with their mean log NSE.

    All layers' rates move together, the output layer's alone, and those of the hidden layers alone.

    nse_at : rates -> curves (seeds, points) of networks that learned with them. limit : tries at most.
    """

    def scaled(powers: Sequence[int]) -> tuple[float, ...]:
        return tuple(rate * 2.0**power for rate, power in zip(rates, powers))

    def score(powers: tuple[int, ...]) -> float:
        key = json.dumps(powers)
        if key not in kept.scores:
            nse = nse_at(scaled(powers))
            kept.tried(key, np.inf if diverged(nse)[:, -1].any() else float(np.log(nse[:, -1]).mean()))
        return kept.scores[key]

    n_layers = len(rates)
    moves = [(1,) * n_layers]
    if n_layers > 1 and not issubclass(rule, Shallow):
        moves += [(0,) * (n_layers - 1) + (1,), (1,) * (n_layers - 1) + (0,)]
    best = search(score, moves, limit)
    tried = [scaled(json.loads(key)) for key in kept.scores]
    return scaled(best), {"tried": np.array(tried), "tried_score": np.array(list(kept.scores.values()))}


def search(
    score: Callable[[tuple[int, ...]], float], moves: Sequence[tuple[int, ...]], limit: int = 40
) -> tuple[int, ...]:
    """Powers of two with the lowest score, by pattern search: steps of a factor of 4 while one helps, then of 2.

    From where nothing finite is found, all rates first fall by factors of 4. [Hooke & Jeeves 1961]
    limit : how many are tried at most.
    """
    seen: dict[tuple[int, ...], float] = {}

    def value(powers: tuple[int, ...]) -> float:
        if powers not in seen:
            if len(seen) >= limit:
                return np.inf
            seen[powers] = score(powers)
        return seen[powers]

    best = (0,) * len(moves[0])
    while value(best) == np.inf and len(seen) < limit // 2:
        best = tuple(power - 2 for power in best)
    for step in (2, 1):
        improved = True
        while improved and len(seen) < limit:
            improved = False
            for move in moves:
                around = [tuple(p + sign * step * m for p, m in zip(best, move)) for sign in (1, -1)]
                candidate = min(around, key=value)
                if value(candidate) < value(best):
                    best, improved = candidate, True
    return best
