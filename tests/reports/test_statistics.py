"""Verdicts hold when they should, and fail when they should."""

import numpy as np
import pytest
from scipy import stats

from armfa.reports import statistics as s

VALUES = np.array([0.9, 1.0, 1.1, 1.05, 0.95])


def test_a_mean_clearly_below_a_bound_holds_and_clearly_above_it_fails():
    assert s.mean_below(VALUES, 1.5).status == "holds"
    assert s.mean_below(VALUES, 0.5).status == "fails"
    assert s.mean_above(VALUES, 0.5).status == "holds"
    assert s.mean_above(VALUES, 1.5).status == "fails"


def test_a_mean_on_the_claimed_side_but_within_the_noise_fails():
    assert s.mean_below([0.5, 1.4], 1.0).status == "fails"


def test_the_probability_is_the_t_tests():
    expected = stats.ttest_rel(VALUES, VALUES[::-1] + 0.1, alternative="less").pvalue
    assert s.paired_less(VALUES, VALUES[::-1] + 0.1).p == pytest.approx(expected)


def test_equivalence_needs_both_sides():
    assert s.unchanged_within(VALUES, VALUES + 0.01, 0.1).status == "holds"
    assert s.unchanged_within(VALUES, VALUES + 0.2, 0.1).status == "fails"
    assert s.unchanged_within(VALUES, VALUES - 0.2, 0.1).status == "fails"


def test_a_ratio_is_judged_on_its_logarithm():
    assert s.ratio_below(VALUES, 2 * VALUES[::-1], 0.7).status == "holds"
    assert s.ratio_below(VALUES, VALUES[::-1], 0.7).status == "fails"


def test_a_stricter_level_can_turn_a_verdict():
    noisy = VALUES + np.array([0.1, 0.3, 0.2, 0.25, 0.15])
    assert s.paired_less(VALUES, noisy).status == "holds"
    assert s.paired_less(VALUES, noisy, level=1e-9).status == "fails"


def test_one_run_is_not_tested_and_on_the_wrong_side_it_fails():
    assert s.mean_below([1.0], 2.0).status == "not tested"
    assert s.mean_below([3.0], 2.0).status == "fails"
    assert s.mean_below([3.0], 2.0).p is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_runs_that_diverged_fail_every_claim(bad):
    values = [1.0, bad, 1.0]
    assert s.mean_below(values, 2.0).status == "fails"
    assert s.mean_between(values, 0.0, 2.0).status == "fails"
    assert s.paired_less(values, [3.0, 3.0, 3.0]).status == "fails"
    assert s.every_below([1.0, np.nan], 2.0).status == "fails"


def test_identical_differences_need_no_spread():
    assert s.paired_less([1.0, 2.0], [2.0, 3.0]).status == "holds"
    assert s.paired_less([2.0, 3.0], [1.0, 2.0]).status == "fails"


def test_all_of_is_as_good_as_its_worst_part():
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_above(VALUES, 0)).status == "holds"
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_above(VALUES, 3)).status == "fails"
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_below([1.0], 2)).status == "not tested"


def test_every_run_means_every_run():
    assert s.every_above(VALUES, 0.8).status == "holds"
    assert s.every_above(VALUES, 0.92).status == "fails"
    assert s.every_between(VALUES, 0.8, 1.2).status == "holds"
    assert s.every_between(VALUES, 0.8, 1.02).status == "fails"
