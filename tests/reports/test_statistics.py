"""Verdicts hold when they should, and fail when they should."""

import numpy as np
import pytest
from scipy import stats

from armfa.reports import statistics as s
from armfa.reports.claim import Claim, at_small_scale

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


def test_as_well_as_is_one_margin_on_the_ratio():
    assert s.as_well_as(1.49 * VALUES, VALUES[::-1]).status == "fails"  # too noisy to tell 1.49 from 1.5
    assert s.as_well_as(1.2 * VALUES, VALUES).status == "holds"
    assert s.as_well_as(2.0 * VALUES, VALUES[::-1]).status == "fails"
    assert s.as_well_as(VALUES, VALUES).threshold == f"< {s.AS_WELL:g}" and f"{s.AS_WELL:g} times" in s.WITHIN


def test_a_probability_too_small_for_a_double_is_not_printed_as_zero():
    verdict = s.mean_below(1e-9 * np.random.default_rng(0).standard_normal(400), 1.0)
    row = Claim("small", "error", VALUES, verdict).row
    assert verdict.p == 0 and row["P"] == "< 1e-300" and verdict.words.endswith("P < 1e-300")


def test_a_value_that_was_never_reached_fails_and_is_told():
    verdict = s.ratio_below([np.inf, 100.0], [50.0, 60.0], 1.5)
    assert verdict.status == "fails" and "infinite" in verdict.test
    assert Claim("soon", "examples", np.array([np.inf, 100.0]), verdict).told == "inf (n = 2)"


@pytest.mark.parametrize("test", [s.paired_less, s.as_well_as, lambda a, b: s.unchanged_within(a, b, 1.0)])
def test_pairs_of_runs_that_are_no_pairs_are_refused(test):
    with pytest.raises(ValueError, match="one value per run of both"):
        test(VALUES, VALUES[:1])


TESTS = {
    "mean_below": lambda values: s.mean_below(values, 2.0),
    "mean_above": lambda values: s.mean_above(values, 0.0),
    "mean_between": lambda values: s.mean_between(values, 0.0, 2.0),
    "paired_less": lambda values: s.paired_less(values, np.full(len(values), 3.0)),
    "as_well_as": lambda values: s.as_well_as(values, np.full(len(values), 3.0)),
    "ratio_below": lambda values: s.ratio_below(values, np.full(len(values), 3.0), 1.0),
    "unchanged_within": lambda values: s.unchanged_within(values, np.ones(len(values)), 1.0),
    "every_below": lambda values: s.every_below(values, 2.0),
    "every_above": lambda values: s.every_above(values, 0.0),
    "every_between": lambda values: s.every_between(values, 0.0, 2.0),
}
"""Every test, as one that [0.9, 1, 1.1] passes."""


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_every_test_can_hold_and_tells_its_threshold(test):
    verdict = test(VALUES)
    assert verdict.status == "holds" and verdict.threshold


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [1.0, np.nan, 1.0]], ids=repr)
@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_nothing_and_what_is_no_number_is_not_tested(test, values):
    verdict = test(np.array(values))
    assert verdict.status == "not tested" and verdict.p is None


@pytest.mark.parametrize("test", [test for name, test in TESTS.items() if name != "every_above"])
def test_a_run_that_diverged_fails(test):
    assert test(np.array([1.0, -np.inf if test is TESTS["mean_above"] else np.inf, 1.0])).status == "fails"


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_where_all_values_are_alike_there_is_no_probability(test):
    verdict = test(np.full(5, 0.7))
    assert verdict.status == "holds" and verdict.p is None


def test_the_claims_of_a_shorter_training_that_speak_of_its_end_are_not_tested():
    claims = [Claim("end", "error", VALUES, s.mean_below(VALUES, 0.1), full=full) for full in (True, False)]
    assert [claim.verdict.status for claim in at_small_scale(claims)] == ["not tested", "fails"]


def test_a_claim_tells_value_threshold_number_and_probability():
    row = Claim("small", "error", VALUES, s.mean_below(VALUES, 1.5)).row
    assert (row["mean"], row["n"], row["threshold"]) == (1.0, 5, "< 1.5")
    line = Claim("small", "error", VALUES, s.mean_below(VALUES, 1.5)).line
    for words in ("holds", "small", "1 ± 0.0791", "n = 5", "mean < 1.5", "P = "):
        assert words in line


def test_all_of_is_as_good_as_its_worst_part():
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_above(VALUES, 0)).status == "holds"
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_above(VALUES, 3)).status == "fails"
    assert s.all_of(s.mean_below(VALUES, 2), s.mean_below([1.0], 2)).status == "not tested"


def test_every_run_means_every_run():
    assert s.every_above(VALUES, 0.8).status == "holds"
    assert s.every_above(VALUES, 0.92).status == "fails"
    assert s.every_between(VALUES, 0.8, 1.2).status == "holds"
    assert s.every_between(VALUES, 0.8, 1.02).status == "fails"


DIFFERENCES = np.array([-1.2, 0.3, -0.7, -2.0, 0.1, -0.4, -0.9, 0.2])


def test_exchanges_of_sign_are_counted_as_scipy_counts_them():
    expected = stats.permutation_test(
        (DIFFERENCES,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="less"
    )
    assert s.sign_flips(DIFFERENCES) == pytest.approx(expected.pvalue, abs=1e-12)
    assert s.permuted_less(DIFFERENCES, 0 * DIFFERENCES).p == s.sign_flips(DIFFERENCES)


def test_of_many_runs_exchanges_are_drawn_and_come_close_to_the_count():
    many = np.concatenate([DIFFERENCES, DIFFERENCES + 0.2, DIFFERENCES * 0.0 + 0.05])[:17]
    few = stats.permutation_test((many,), np.mean, permutation_type="samples", n_resamples=np.inf, alternative="less")
    assert s.sign_flips(many) == pytest.approx(few.pvalue, abs=4 * (few.pvalue / 2**16) ** 0.5)


def test_exchanging_two_labels_turns_the_sign_of_a_seeds_share():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(10, 4))
    distances = np.linalg.norm(points[:, None] - points, axis=-1)

    def difference(order):
        moved, (i, j) = distances[np.ix_(order, order)], np.triu_indices(5, 1)
        return moved[:5, :5][i, j].mean() - moved[5:, 5:][i, j].mean()

    share = s.shares(distances)
    assert share.sum() / 5 == pytest.approx(difference(range(10)))
    for number in range(32):
        signs = 1 - 2 * ((number >> np.arange(5)) & 1)
        first = np.where(signs > 0, np.arange(5), np.arange(5) + 5)
        order = np.concatenate([first, (first + 5) % 10])
        assert (signs * share).sum() / 5 == pytest.approx(difference(order))


def test_runs_close_to_each_other_are_tighter_than_scattered_ones_and_not_the_other_way_round():
    points = np.concatenate([np.eye(8)[0] + 0.1 * np.eye(8), np.eye(8)])
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    assert s.tighter(distances).status == "holds"
    assert s.tighter(np.roll(distances, 8, (0, 1))).status == "fails"


def test_four_runs_are_too_few_for_a_permutation_test():
    assert s.permuted_less(-np.ones(4), np.zeros(4)).status == "not tested"


def test_holms_correction_multiplies_the_smallest_by_the_number_of_tests():
    given = [s.Verdict("holds", "t", p) for p in (0.01, 0.04, 0.03, 0.005)]
    found = s.holm([*given, s.Verdict("not tested", "t", None)])
    assert [verdict.p for verdict in found] == pytest.approx([0.03, 0.06, 0.06, 0.02, None])  # worked by hand
    assert [verdict.status for verdict in found] == ["holds", "fails", "fails", "holds", "not tested"]
