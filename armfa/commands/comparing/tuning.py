"""The search of learning rates before rules are compared, and what it keeps on disk while it runs."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from armfa.runs.unit import Checkpoint

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


def search(
    score: Callable[[tuple[int, ...]], float], moves: Sequence[tuple[int, ...]], limit: int = 40
) -> tuple[int, ...]:
    """Powers of two with the lowest score, by pattern search: steps of a factor of 4 while one helps, then of 2.

    From where nothing finite is found, all rates first fall by factors of 4. [Hooke & Jeeves 1961]
    limit : about how many are tried.
    """
    seen: dict[tuple[int, ...], float] = {}

    def value(powers: tuple[int, ...]) -> float:
        if powers not in seen:
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
