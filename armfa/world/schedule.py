"""Which trial is what: baseline, field, wash-out; channel and catch trials among them."""

import dataclasses
import functools
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.tasks.task import Trial


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The conditions of trials, one after the other; those after the last phase are as its last.

    In a channel trial the walls lead the hand and nothing else acts (condition 0). A catch trial is one of a field
    (condition not 0) without it. Both are drawn by `seed` alone: one in every so many trials in a row.

    Parameters
    ----------
    phases : tuple of (trials, condition)
        Such as ((100, 0.0), (250, 1.0), (100, 0.0)): baseline, field, wash-out.
    channel_every : int
        One in so many trials is a channel trial; None: none is.
    catch_every : int
        One in so many trials is a catch trial, if it lies in a field and is no channel trial; None: none is.
    seed : int
        Of which trials are channel and catch trials.

    Raises
    ------
    ValueError
        For phases that are not pairs of whole trials and a condition, and for one trial in fewer than two.
    """

    phases: tuple[tuple[int, float], ...]
    channel_every: int | None = None
    catch_every: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Brings lists into tuples, and refuses what is no schedule."""
        try:
            phases = tuple((int(trials), float(condition)) for trials, condition in self.phases)
        except (TypeError, ValueError):
            phases = ()
        good = phases and all(n == given[0] and n >= 1 for (n, _), given in zip(phases, self.phases))
        if not good or not np.isfinite([condition for _, condition in phases]).all():
            expected = "phases as pairs of whole trials and a condition, ((100, 0.0), (250, 1.0))"
            raise ValueError(f"expected {expected}, got {self.phases!r}")
        object.__setattr__(self, "phases", phases)
        for name in ("channel_every", "catch_every"):
            every: Any = getattr(self, name)
            if every is not None and (not isinstance(every, int) or isinstance(every, bool) or every < 2):
                raise ValueError(f"expected {name} as a whole number of at least 2, or None, got {every!r}")

    @classmethod
    def adaptation(cls, baseline: int = 200, field: int = 250, washout: int = 100, **more: Any) -> "Schedule":
        """Baseline, field, wash-out; one in eight is a channel trial."""
        return cls(((baseline, 0.0), (field, 1.0), (washout, 0.0)), **({"channel_every": 8} | more))

    @classmethod
    def a_b_a(cls, baseline: int = 100, field: int = 150, **more: Any) -> "Schedule":
        """Baseline, a field, the opposite field, and the first one again."""
        phases = ((baseline, 0.0), (field, 1.0), (field, -1.0), (field, 1.0))
        return cls(phases, **({"channel_every": 8} | more))

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return sum(n for n, _ in self.phases)

    @functools.cached_property
    def channels(self) -> np.ndarray:
        """Whether each trial is a channel trial (trials,)."""
        return _one_in(self.channel_every, self.trials, (self.seed, 0))

    @functools.cached_property
    def catches(self) -> np.ndarray:
        """Whether each trial is a catch trial (trials,)."""
        return _one_in(self.catch_every, self.trials, (self.seed, 1)) & (self._asked != 0.0) & ~self.channels

    @functools.cached_property
    def conditions(self) -> np.ndarray:
        """The condition of each trial (trials,)."""
        return np.where(self.channels | self.catches, 0.0, self._asked)

    @property
    def _asked(self) -> np.ndarray:
        counts, conditions = zip(*self.phases)
        return np.repeat(conditions, counts)

    def applied(self, trial: Trial, number: Any) -> Trial:
        """The trials with the conditions of these numbers, from 0; an array of them (...,) for stacked trials."""
        number = np.asarray(number)
        inside = np.minimum(number, self.trials - 1)
        late = number >= self.trials
        condition = np.where(late, self.phases[-1][1], self.conditions[inside])
        channel = np.where(late, False, self.channels[inside])
        return trial._replace(condition=_like(trial, condition), channel=_like(trial, channel))


def _one_in(every: int | None, trials: int, seed: tuple[int, int]) -> np.ndarray:
    """One in each row of `every` trials, at a place drawn for each row (trials,); none in what is left at the end."""
    found = np.zeros(trials, dtype=np.bool_)
    if every is not None:
        rows = trials // every
        found[np.arange(rows) * every + np.random.default_rng(seed).integers(every, size=rows)] = True
    return found


def _like(trial: Trial, value: np.ndarray) -> Array:
    """Numbers in the shape, dtype and library of the trial's condition."""
    like = trial.condition
    if isinstance(like, np.ndarray):
        return np.broadcast_to(value, like.shape).astype(like.dtype)
    return 0.0 * like + value.astype(np.float32 if "32" in str(like.dtype) else np.float64)
