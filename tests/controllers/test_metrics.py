"""Measures with known answers, and the warning of dead outputs."""

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    Batch,
    DeadOutputWarning,
    FeedbackAlignment,
    SquaredError,
    one_hot,
    train,
)
from armfa.controllers.metrics import (
    accuracy,
    angle_between,
    classification_error,
    matrix_angle,
    mean_angle,
    normalized_error,
    unit_angles,
)

RNG = np.random.default_rng(0)


def test_the_normalised_error_of_the_mean_is_one_and_of_the_target_is_zero():
    output, target = RNG.standard_normal((2, 50, 3))
    loss = SquaredError(target)
    assert normalized_error(target * 0 + target.mean(0), loss) == pytest.approx(1)
    assert normalized_error(target, loss) == 0
    by_hand = ((output - target) ** 2).sum() / ((target - target.mean(0)) ** 2).sum()
    assert normalized_error(output, loss) == pytest.approx(by_hand)


def test_the_normalised_error_of_a_stack_is_that_of_each_network():
    output, target = RNG.standard_normal((2, 3, 50, 4)).astype(np.float32)
    alone = [normalized_error(y, SquaredError(wanted)) for y, wanted in zip(output, target)]
    np.testing.assert_array_equal(normalized_error(output, SquaredError(target)), alone)


@pytest.mark.parametrize(
    ("a", "b", "degrees"), [([1, 0], [2, 0], 0), ([1, 0], [0, 3], 90), ([1, 0], [-1, 0], 180), ([1, 0], [1, 1], 45)]
)
def test_angles_go_from_0_to_180_degrees(a, b, degrees):
    assert angle_between(np.array(a), np.array(b)) == pytest.approx(degrees)


def test_the_mean_angle_is_over_samples_and_leaves_out_zero_vectors():
    a = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    b = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert mean_angle(a, b) == pytest.approx(45)
    assert np.isnan(mean_angle(a[2:], b[2:]))


def test_matrix_angles_are_of_the_whole_and_of_each_hidden_unit():
    weight = RNG.standard_normal((4, 3, 6))
    feedback = weight.swapaxes(-1, -2)
    np.testing.assert_allclose(matrix_angle(weight, 2 * weight), 0, atol=1e-5)
    angles = unit_angles(weight, feedback)
    assert angles.shape == (4, 6)
    np.testing.assert_allclose(angles, 0, atol=1e-5)


def test_accuracy_counts_the_largest_output():
    output = np.array([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.4, 0.6]])
    target = one_hot(np.array([1, 0, 1, 1]), 2)
    assert accuracy(output, target) == 0.75
    assert classification_error(output, SquaredError(target)) == 0.25


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_out_of_range_are_refused_by_name(label):
    with pytest.raises(ValueError, match=f"expected labels from 0 to 2, got {label}"):
        one_hot(np.array([0, label, 1]), 3)


def test_labels_that_are_no_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="expected labels as whole numbers from 0 to 2, got float64"):
        one_hot(np.array([0.5, 1.0]), 3)


class Digits:
    """Ten classes, many inputs: enough to kill logistic outputs with a rate that is too large."""

    def batch(self, rng, size):
        labels = rng.integers(0, 10, size)
        return Batch(rng.random((size, 20), np.float32), SquaredError(one_hot(labels, 10)))

    def test(self):
        return self.batch(np.random.default_rng(1), 100)


def test_dead_logistic_outputs_under_squared_error_are_told():
    network = MLP((20, 500, 10), "logistic", weight_scale=0.1)
    with pytest.warns(DeadOutputWarning, match="lower the output layer's rate"):
        train(Digits(), network, Backprop(), SGD(50.0), seeds=1, updates=20, batch_size=16, evaluate_every=20)


def test_an_angle_starts_at_ninety_degrees_and_none_is_reported_where_nothing_is_sent_back():
    network = MLP((20, 300, 10), ("tanh", "linear"))
    settings = dict(seeds=2, updates=1, batch_size=16, evaluate_every=1)
    rule = FeedbackAlignment()
    first = train(Digits(), network, rule, SGD(0.01), **settings).curve["angle"]
    assert first.shape == (2, 2, 1)
    assert first[0] == pytest.approx(np.full((2, 1), 90), abs=6)
