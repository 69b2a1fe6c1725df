"""Verdicts on a paper's claims: each is a stated test, at the 5 % level unless said, and each can fail.

A claim holds when a test rejects its opposite; a claim whose opposite is not rejected is printed as failed. With one
run there is no spread and so no t-test: the verdict then is "not tested" if the one value lies on the claimed side, and
"fails" if not. Statements about every single run need no spread. Where there is no value, or one is not a number,
nothing is tested; an infinite value (a run that has diverged, or never got there) fails. Values that are all alike have
no spread to test with: the verdict is then their side alone, without a probability.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from armfa.reports.claim import Verdict

LEVEL = 0.05
"""Level of every test, per claim; claims are not corrected for their number."""

AS_WELL = 1.5
"""What "as well as" and "as quickly as" mean in every claim: at most so many times the other's error, or samples."""

WITHIN = f"at most {AS_WELL:g} times"
"""The same in the words of a claim."""


def mean_below(values, bound):
    """The mean of `values` is below `bound`: one-sided one-sample t-test."""
    return _one_sided(_array(values) - bound, f"t-test, mean < {bound:g}", f"< {bound:g}")


def mean_above(values, bound):
    """The mean of `values` is above `bound`: one-sided one-sample t-test."""
    return _one_sided(bound - _array(values), f"t-test, mean > {bound:g}", f"> {bound:g}")


def mean_between(values, low, high):
    """The mean lies between two bounds: two one-sided t-tests, the larger of their probabilities."""
    return _between(_array(values), low, high, f"two one-sided t-tests, {low:g} < mean < {high:g}")


def paired_less(first, second, level=LEVEL):
    """`first` is smaller than `second` on the same seeds: one-sided paired t-test."""
    test = "paired t-test, mean difference < 0" + ("" if level == LEVEL else f", P < {level:g}")
    first, second = _pairs(first, second)
    return _one_sided(first - second, test, "< 0", level)


def ratio_below(first, second, factor):
    """`first / second` is below `factor` on the same seeds: one-sided paired t-test on the logarithm of the ratio."""
    first, second = _pairs(first, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(first / second)
        middle = f"geometric mean {np.exp(logs.mean()):.3g}, " if logs.size and np.isfinite(logs).all() else ""
    test = f"paired t-test on log ratio, {middle}ratio < {factor:g}"
    return _one_sided(logs - math.log(factor), test, f"< {factor:g}")


def as_well_as(first, second):
    """`first` (errors, or samples needed) is at most `AS_WELL` times `second` on the same seeds: see `ratio_below`."""
    return ratio_below(first, second, AS_WELL)


def unchanged_within(first, second, margin):
    """`first - second` lies within +-margin on the same seeds: two one-sided paired t-tests (equivalence)."""
    first, second = _pairs(first, second)
    return _between(first - second, -margin, margin, f"paired equivalence test, margin {margin:g}")


def every_below(values, bound):
    """Each single run is below `bound`; no probability, since nothing is inferred beyond these runs."""
    return _every(values, lambda each: each < bound, f"< {bound:g}")


def every_above(values, bound):
    """Each single run is above `bound`."""
    return _every(values, lambda each: each > bound, f"> {bound:g}")


def every_between(values, low, high):
    """Each single run lies between two bounds."""
    return _every(values, lambda each: (each > low) & (each < high), f"between {low:g} and {high:g}")


def reported():
    """No claim: the number is given as found."""
    return Verdict("reported", "none: given as found", None)


def all_of(*verdicts):
    """Holds when all of several verdicts hold; its probability is the largest of theirs."""
    found = _worst(verdicts)
    threshold = " and ".join(verdict.threshold for verdict in verdicts)
    return found._replace(test=" and ".join(verdict.test for verdict in verdicts), threshold=threshold)


def _array(values) -> np.ndarray:
    return np.asarray(values, dtype=float)


def _pairs(first, second) -> tuple[np.ndarray, np.ndarray]:
    """Two measures of the same runs."""
    first, second = _array(first), _array(second)
    if first.shape != second.shape:
        raise ValueError(f"expected one value per run of both, got shapes {first.shape} and {second.shape}")
    return first, second


def _between(values: np.ndarray, low: float, high: float, test: str) -> Verdict:
    threshold = f"{low:g} to {high:g}"
    return _worst([_one_sided(low - values, test, threshold), _one_sided(values - high, test, threshold)])


def _worst(verdicts) -> Verdict:
    """The verdict of several that must all hold."""
    known = [verdict.p for verdict in verdicts if verdict.p is not None]
    order = ["fails", "not tested", "holds"]
    worst = min(verdicts, key=lambda verdict: order.index(verdict.status))
    return worst._replace(p=max(known) if known and worst.status != "not tested" else None)


def _one_sided(difference: np.ndarray, test: str, threshold: str, level: float = LEVEL) -> Verdict:
    """Whether the mean is below 0; P is the chance of a mean this far below 0 if the true one were 0."""
    if reason := _untested(difference):
        return Verdict("not tested", f"{test}: {reason}", None, threshold)
    if not np.isfinite(difference).all():
        return Verdict("fails", f"{test}: a value is infinite", None, threshold)
    in_order = bool(np.mean(difference) < 0)
    if difference.size < 2:
        side = "the one value lies on the claimed side" if in_order else "the one value lies on the wrong side"
        return Verdict("not tested" if in_order else "fails", f"{test}: n = 1, {side}", None, threshold)
    error_of_mean = float(np.std(difference, ddof=1)) / math.sqrt(difference.size)
    if error_of_mean <= 1e-14 * abs(np.mean(difference)):  # rounding
        return Verdict(_word(in_order), f"{test}: all values alike, no spread to test with", None, threshold)
    p = float(stats.t.cdf(np.mean(difference) / error_of_mean, difference.size - 1))
    return Verdict(_word(p < level), test, p, threshold)


def _every(values, holds: Callable[[np.ndarray], np.ndarray], threshold: str) -> Verdict:
    if reason := _untested(values := _array(values)):
        return Verdict("not tested", f"every run {threshold}: {reason}", None, threshold)
    return Verdict(_word(bool(np.all(holds(values)))), f"every run {threshold}", None, threshold)


def _untested(values: np.ndarray) -> str:
    """Why nothing can be tested, if so."""
    if values.size == 0:
        return "there is no value"
    return "a value is not a number" if np.isnan(values).any() else ""


def _word(holds: bool) -> str:
    return "holds" if holds else "fails"
