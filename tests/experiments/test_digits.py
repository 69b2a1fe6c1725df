"""The digits experiments' own arithmetic: features, shallow learning on rates worked out once, the search's data."""

from dataclasses import replace

import numpy as np
import pytest

from armfa.controllers import MLP
from armfa.controllers.rules import Shallow
from armfa.controllers.streams import streams
from armfa.experiments.digits import mnist
from armfa.experiments.digits.features import matched_correlation, mirrored, over_pairs, shuffled
from armfa.experiments.digits.search import HELD_OUT, held_out
from armfa.experiments.images import curve_points, learn_digits, learn_images, wrong_share
from armfa.problems import digits
from armfa.runs.unit import NoCheckpoint

RNG = np.random.default_rng(0)
FIELDS, EVEN = RNG.standard_normal((12, 25)), np.ones(25)


def test_the_same_features_in_another_order_match_entirely():
    assert matched_correlation(FIELDS, FIELDS[RNG.permutation(12)], EVEN) == pytest.approx(1.0)


def test_features_match_whatever_their_size_and_mean():
    assert matched_correlation(FIELDS, 3 * FIELDS + 2, EVEN) == pytest.approx(1.0)


def test_one_feature_against_one_is_the_correlation_of_pearson():
    expected = np.corrcoef(FIELDS[0], FIELDS[1])[0, 1]
    assert matched_correlation(FIELDS[:1], FIELDS[1:2], EVEN) == pytest.approx(expected)


def test_pixels_without_weight_do_not_count():
    weight = np.repeat([1.0, 0.0], [20, 5])
    changed = np.where(weight > 0, FIELDS, 100 * RNG.standard_normal(FIELDS.shape))
    expected = matched_correlation(FIELDS, FIELDS, weight)
    assert matched_correlation(FIELDS, changed, weight) == pytest.approx(expected)


def test_each_network_is_compared_with_the_next_one():
    kinds = [FIELDS, RNG.standard_normal(FIELDS.shape), RNG.standard_normal(FIELDS.shape)]
    np.testing.assert_allclose(over_pairs(kinds, kinds[-1:] + kinds[:-1], EVEN), 1.0)


def test_mirrored_fields_have_left_and_right_exchanged():
    np.testing.assert_array_equal(mirrored(FIELDS).reshape(-1, 5, 5)[..., 0], FIELDS.reshape(-1, 5, 5)[..., 4])


def test_shuffled_fields_have_the_same_pixels_elsewhere():
    mixed = shuffled(FIELDS, np.random.default_rng(1))
    assert not np.array_equal(mixed, FIELDS)
    np.testing.assert_array_equal(np.sort(mixed), np.sort(FIELDS))


def test_shallow_learning_on_rates_worked_out_once_equals_learning_with_the_whole_network():
    task = digits.recognition(digits.load("digits"))
    settings = replace(mnist.Settings(), data="digits", examples=240)
    network = MLP((64, 30, 10), "logistic", weight_scale=(1.0, 0.1))
    arrays, params = learn_digits(settings, task, network, Shallow(), (0.01, 0.01), 3, NoCheckpoint())
    at = curve_points(settings.examples // settings.batch_size)
    curves, whole = learn_images(
        task, network, Shallow(), streams([3]), rates=(0.01, 0.01), batch_size=settings.batch_size, updates=int(at[-1]),
        weight_decay=settings.weight_decay, at=at, checkpoint=NoCheckpoint(),
    )  # fmt: skip
    np.testing.assert_array_equal(arrays["error"], curves["error"])
    for layer, other in zip(params, whole, strict=True):
        np.testing.assert_allclose(layer.weight, other.weight, rtol=1e-5, atol=1e-6)
    assert arrays["train_error"] == wrong_share(task, network, whole)


def test_the_search_sees_no_test_image():
    whole = digits.recognition(digits.load("digits"))
    many = replace(whole, images=np.arange(HELD_OUT + 5)[:, None], targets=np.arange(HELD_OUT + 5)[:, None])
    part = held_out(many)
    np.testing.assert_array_equal(part.images.ravel(), np.arange(5))
    np.testing.assert_array_equal(part.test_images.ravel(), np.arange(5, HELD_OUT + 5))
