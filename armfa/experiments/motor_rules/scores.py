"""Scores between two anchors, and what they say together: interquartile mean, interval, probability of improvement.

The formulas are those of rliable 1.2.0 (Agarwal, Schwarzer, Castro, Courville & Bellemare 2021): the mean of the middle
half of all scores, and over ids the mean of P(X > Y) with ties counted half; intervals by resampling seeds within each
id. [NeurIPS 34, sections 4.2 and 4.3]
"""

from typing import NamedTuple

import numpy as np
import scipy

from armfa.reports.statistics import ratio_below

WORST = -1.0
"""Of a network that diverged, and the lowest that a score can be: below it nothing more is told."""
POWER = 0.8
"""An id counts where backprop ends at most at so many times the error of the frozen hidden layer: paired t-test on the
logarithm, one-sided, P < .05."""
DRAWS = 2000


class Interval(NamedTuple):
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


def scores(measured: np.ndarray, frozen: np.ndarray, backprop: np.ndarray) -> np.ndarray:
    """Score of each network (seeds,): s = (ln m0 - ln m) / (ln m0 - ln m1), at least `WORST`.

    m0 and m1 are the geometric means of the anchors' measures, lower is better. NaN is a network that diverged.
    """
    low, high = (float(np.log(anchor).mean()) for anchor in (backprop, frozen))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (high - np.log(measured)) / (high - low)
    return np.maximum(np.where(np.isnan(found), WORST, found), WORST)


def tells_apart(frozen: np.ndarray, backprop: np.ndarray) -> bool:
    """Whether an id has the power to tell rules apart: see `POWER`."""
    return ratio_below(backprop, frozen, POWER).status == "holds"


def interquartile_mean(found: np.ndarray) -> float:
    """Mean of the middle half of the scores (seeds, ids), all together; NaN of none."""
    return float(scipy.stats.trim_mean(found.ravel(), 0.25)) if found.size else float("nan")


def improvement(first: np.ndarray, other: np.ndarray) -> float:
    """P(a network of the first scores higher than one of the other): the mean over ids; scores (seeds, ids)."""
    if not first.size or not other.size:
        return float("nan")
    return float(_improvements(first[None], other[None])[0])


def _improvements(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The same of each of several draws (draws, seeds, ids)."""
    difference = first[:, :, None] - other[:, None]  # (draws, seeds, seeds, ids)
    return ((difference > 0) + 0.5 * (difference == 0)).mean((1, 2, 3))


def with_interval(found: np.ndarray) -> Interval:
    """The interquartile mean with its stratified bootstrap interval: seeds are drawn anew within each id."""
    value = interquartile_mean(found)
    if len(found) < 2 or not found.size:
        return Interval(value, float("nan"), float("nan"))
    drawn = _redrawn(found, np.random.default_rng(0)).reshape(DRAWS, -1)
    means = scipy.stats.trim_mean(drawn, 0.25, axis=1)
    return Interval(value, *(float(x) for x in np.percentile(means, [2.5, 97.5])))


def improvement_with_interval(first: np.ndarray, other: np.ndarray) -> Interval:
    """The probability of improvement with its stratified bootstrap interval; both are drawn apart."""
    value = improvement(first, other)
    if len(first) < 2 or not first.size or not other.size:
        return Interval(value, float("nan"), float("nan"))
    rng = np.random.default_rng(0)
    pairs = zip(*(np.array_split(_redrawn(each, rng), 20) for each in (first, other)))
    drawn = np.concatenate([_improvements(*pair) for pair in pairs])
    return Interval(value, *(float(x) for x in np.percentile(drawn, [2.5, 97.5])))


def _redrawn(found: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores (draws, seeds, ids) with seeds drawn anew, with replacement, within each id."""
    seeds, ids = found.shape
    return found[rng.integers(seeds, size=(DRAWS, seeds, ids)), np.arange(ids)]


def front(classes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which entries no other beats that sees as little or less, (entries,): the front of plausibility.

    classes : how much each may see, a rank.
    """
    with np.errstate(invalid="ignore"):
        beaten = (classes[:, None] >= classes) & (values[:, None] < values)
    return ~beaten.any(1) & np.isfinite(values)
