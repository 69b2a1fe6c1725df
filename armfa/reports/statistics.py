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
import scipy

from armfa.reports.claim import Verdict

LEVEL = 0.05
"""Level of every test, per claim; claims are not corrected for their number, but where `holm` says so."""

EXACT = 16
"""Runs up to which all exchanges of labels are counted; of more runs, 2^16 exchanges are drawn."""

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


def permuted_less(first, second):
    """`first` is smaller than `second` on the same seeds: one-sided permutation test, labels exchanged within seeds."""
    first, second = _pairs(first, second)
    return _permuted(first - second, "paired permutation test, mean difference < 0", "< 0")


def tighter(distances):
    """The first half of these runs lie closer to each other than the second half, which has the same seeds.

    What is tested is the mean distance between two runs of the first kind less that between two of the second; under
    the null the two labels of each seed may be exchanged. An exchange moves the runs between the kinds, so distances
    across the kinds count too.

    distances : Array (2 n, 2 n), symmetric; runs k and n + k have the same seed.
    """
    distances = _array(distances)
    if distances.ndim != 2 or len(distances) % 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(f"expected distances (2 n, 2 n) of n seeds under two labels, got shape {distances.shape}")
    test = "paired permutation test, mean distance within the first less that within the second < 0"
    return _permuted(shares(distances), test, "< 0")


def shares(distances) -> np.ndarray:
    """What each seed adds to the difference of mean distances that `tighter` tests, times the seeds (n,).

    Exchanging the labels of a seed turns the sign of its share and changes no other's.
    """
    n = len(distances) // 2
    first, second, across = distances[:n, :n], distances[n:, n:], distances[:n, n:]
    each = 0.5 * (first - second + across - across.T)
    np.fill_diagonal(each, 0.0)
    return each.sum(1) * (2.0 / max(n - 1, 1))


def sign_flips(differences) -> float:
    """The share of all exchanges of sign, of each difference (n,) by itself, with a mean that is at most the observed.

    All 2^n are counted up to n = 16; of more, 2^16 are drawn, and the observed one is added to them.
    """
    differences = _array(differences)
    n, observed = differences.size, differences.sum()
    slack = 1e-12 * np.abs(differences).sum()  # sums in another order
    if n <= EXACT:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
        return float(np.mean(signs @ differences <= observed + slack))
    signs = 1 - 2 * np.random.default_rng(0).integers(0, 2, (2**EXACT, n))
    return float((np.sum(signs @ differences <= observed + slack) + 1) / (2**EXACT + 1))


def holm(verdicts):
    """Verdicts of several tests together: each P is Holm's, who multiplies the smallest by their number, the next by
    one less, and so on, and lets none be smaller than the one before. [Holm 1979, Scand J Stat 6:65]
    """
    tested = sorted((k for k, verdict in enumerate(verdicts) if verdict.p is not None), key=lambda k: verdicts[k].p)
    found, above = list(verdicts), 0.0
    for rank, k in enumerate(tested):
        verdict = verdicts[k]
        above = max(above, min(1.0, (len(tested) - rank) * verdict.p))
        holds = verdict.status == "holds" and above < LEVEL
        found[k] = verdict._replace(
            status=_word(holds), p=above, test=f"{verdict.test}, Holm's correction for {len(tested)} tests"
        )
    return found


def ratio_below(first, second, factor):
    """`first / second` is below `factor` on the same seeds: one-sided paired t-test on the logarithm of the ratio."""
    first, second = _pairs(first, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(first / second)
        middle = f"geometric mean {np.exp(logs.mean()):.3g}, " if logs.size and np.isfinite(logs).all() else ""
    test = f"paired t-test on log ratio, {middle}ratio < {factor:g}"
    return _one_sided(logs - math.log(factor), test, f"< {factor:g}")


def ratio(first, second) -> np.ndarray:
    """`first / second`, run by run; not a number where both are infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _array(first) / _array(second)


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


def spread(values) -> float:
    """Standard deviation over networks; nan of a single one."""
    values = _array(values)
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


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
    p = float(scipy.stats.t.cdf(np.mean(difference) / error_of_mean, difference.size - 1))
    return Verdict(_word(p < level), test, p, threshold)


def _permuted(differences: np.ndarray, test: str, threshold: str) -> Verdict:
    """Whether the mean is below 0, by the signs that it could have had."""
    if reason := _untested(differences):
        return Verdict("not tested", f"{test}: {reason}", None, threshold)
    if not np.isfinite(differences).all():
        return Verdict("fails", f"{test}: a value is infinite", None, threshold)
    p = sign_flips(differences)
    if 2.0**-differences.size >= LEVEL and differences.mean() < 0:
        few = f"{test}: n = {differences.size}, too few to reach P < {LEVEL:g}"
        return Verdict("not tested", few, None, threshold)
    return Verdict(_word(p < LEVEL), test, p, threshold)


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
