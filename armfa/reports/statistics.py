"""Verdicts on a paper's claims: each is a stated test, at the 5 % level unless said, and each can fail.

A claim holds when a test rejects its opposite; a claim whose opposite is not rejected is printed as failed. With one
run there is no spread and so no t-test: the verdict then is "not tested" if the one value lies on the claimed side, and
"fails" if not. Statements about every single run need no spread.
"""

import math

import numpy as np
from scipy import stats

from armfa.reports.claim import Verdict

LEVEL = 0.05
"""Level of every test, per claim; claims are not corrected for their number."""


def mean_below(values, bound):
    """The mean of `values` is below `bound`: one-sided one-sample t-test."""
    p, in_order = _one_sided(np.asarray(values, dtype=float) - bound)
    return _verdict(f"t-test, mean < {bound:g}", p, in_order)


def mean_above(values, bound):
    """The mean of `values` is above `bound`: one-sided one-sample t-test."""
    p, in_order = _one_sided(bound - np.asarray(values, dtype=float))
    return _verdict(f"t-test, mean > {bound:g}", p, in_order)


def mean_between(values, low, high):
    """The mean lies between two bounds: two one-sided t-tests, the larger of their probabilities."""
    values = np.asarray(values, dtype=float)
    p_low, above = _one_sided(low - values)
    p_high, below = _one_sided(values - high)
    p = None if p_low is None or p_high is None else max(p_low, p_high)
    return _verdict(f"two one-sided t-tests, {low:g} < mean < {high:g}", p, above and below)


def paired_less(first, second, level=LEVEL):
    """`first` is smaller than `second` on the same seeds: one-sided paired t-test."""
    p, in_order = _one_sided(np.asarray(first, dtype=float) - np.asarray(second, dtype=float))
    return _verdict("paired t-test, one-sided" + ("" if level == LEVEL else f", P < {level:g}"), p, in_order, level)


def ratio_below(first, second, factor):
    """`first / second` is below `factor` on the same seeds: one-sided paired t-test on the logarithm of the ratio."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    p, in_order = _one_sided(np.log(first / second) - math.log(factor))
    return _verdict(f"paired t-test on log ratio, ratio < {factor:g}", p, in_order)


def unchanged_within(first, second, margin):
    """`first - second` lies within +-margin on the same seeds: two one-sided paired t-tests (equivalence)."""
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    verdict = mean_between(difference, -margin, margin)
    return verdict._replace(test=f"paired equivalence test, margin {margin:g}")


def every_below(values, bound):
    """Each single run is below `bound`; no probability, since nothing is inferred beyond these runs."""
    values = np.asarray(values, dtype=float)
    return Verdict(_word(bool(np.all(values < bound))), f"every run < {bound:g}", None)


def every_above(values, bound):
    """Each single run is above `bound`."""
    values = np.asarray(values, dtype=float)
    return Verdict(_word(bool(np.all(values > bound))), f"every run > {bound:g}", None)


def every_between(values, low, high):
    """Each single run lies between two bounds."""
    values = np.asarray(values, dtype=float)
    inside = bool(np.all((values > low) & (values < high)))
    return Verdict(_word(inside), f"every run between {low:g} and {high:g}", None)


def reported():
    """No claim: the number is given as found."""
    return Verdict("reported", "none: given as found", None)


def all_of(*verdicts):
    """Holds when all of several verdicts hold; its probability is the largest of theirs."""
    known = [verdict.p for verdict in verdicts if verdict.p is not None]
    order = ["fails", "not tested", "holds"]
    status = min((verdict.status for verdict in verdicts), key=order.index)
    return Verdict(status, " and ".join(verdict.test for verdict in verdicts), max(known) if known else None)


def _one_sided(difference) -> tuple[float | None, bool]:
    """(P of a mean this far below 0 if the true one were 0; whether the mean is below 0); not finite is failed."""
    in_order = bool(np.mean(difference) < 0)
    if not np.all(np.isfinite(difference)):
        return 1.0, False
    if difference.size < 2:
        return None, in_order
    error_of_mean = float(np.std(difference, ddof=1)) / math.sqrt(difference.size)
    if error_of_mean == 0.0:
        return (0.0 if in_order else 1.0), in_order
    return float(stats.t.cdf(np.mean(difference) / error_of_mean, difference.size - 1)), in_order


def _verdict(test: str, p: float | None, in_order: bool, level: float = LEVEL) -> Verdict:
    if p is None:
        side = "the one value lies on the claimed side" if in_order else "the one value lies on the wrong side"
        return Verdict("not tested" if in_order else "fails", f"{test}: n = 1, {side}", None)
    return Verdict(_word(p < level), test, p)


def _word(holds: bool) -> str:
    return "holds" if holds else "fails"
