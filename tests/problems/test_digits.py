"""Digits as a problem: pixels in [0, 1], one-hot targets, learnable."""

import numpy as np
import pytest

from armfa import data
from armfa.controllers import MLP, SGD, FeedbackAlignment, SoftmaxCrossEntropy, Streams, train
from armfa.controllers.metrics import classification_error
from armfa.problems import digits


@pytest.fixture(scope="module")
def problem():
    return digits.recognition(digits.load("digits"))


def test_images_are_vectors_in_zero_to_one_and_targets_one_hot(problem):
    batch = problem.test()
    assert batch.inputs.shape == (360, 64) and batch.inputs.dtype == np.float32
    assert batch.inputs.min() == 0.0 and batch.inputs.max() == 1.0
    np.testing.assert_array_equal(batch.loss.target.sum(1), np.ones(360))


def test_a_batch_shows_training_images_with_their_labels(problem):
    batch = problem.batch(np.random.default_rng(0), 50)
    for image, target in zip(batch.inputs, batch.loss.target):
        same = np.flatnonzero((problem.images == image).all(1))
        assert any((problem.targets[place] == target).all() for place in same)


def test_a_stack_of_streams_draws_a_stack_of_batches(problem):
    rngs = [np.random.default_rng(seed) for seed in (1, 2)]
    both = problem.batch(Streams(rngs), 6)
    assert both.inputs.shape == (2, 6, 64)
    np.testing.assert_array_equal(both.inputs[1], problem.batch(np.random.default_rng(2), 6).inputs)


def test_a_small_network_learns_them_by_feedback_alignment(problem):
    network = MLP((64, 60, 10), "logistic", weight_scale=0.3)
    rule = FeedbackAlignment(scale=1.0, carry="error")
    measures = {"error": classification_error}
    result = train(
        problem, network, rule, SGD(1.0), seeds=2, updates=800, batch_size=10, evaluate_every=400, measures=measures
    )
    assert result.curve["error"][-1].max() < 0.2 < result.curve["error"][0].min()


def test_cross_entropy_is_a_choice():
    assert isinstance(
        digits.recognition(digits.load("digits"), loss=SoftmaxCrossEntropy).test().loss, SoftmaxCrossEntropy
    )


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ValueError, match="expected a data set out of"):
        digits.load("letters")


RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (30, 28, 28)).astype(np.uint8)
LABELS = RNG.integers(0, 10, 30)


def own(train, test=None, classes=None):
    return digits.recognition(data.Digits("own", data.Images(*train), data.Images(*(test or train)), classes))


@pytest.mark.parametrize("greatest", [2, 9, 26])
def test_own_images_have_as_many_classes_as_there_are(greatest):
    labels = np.arange(30) % (greatest + 1)
    problem = own((PIXELS, labels), (PIXELS[:1], labels[:1]))
    assert problem.targets.shape == (30, greatest + 1) and problem.test_targets.shape == (1, greatest + 1)
    np.testing.assert_array_equal(problem.targets.argmax(1), labels)


def test_a_data_set_that_says_its_classes_has_them_though_some_are_not_shown():
    assert own((PIXELS, LABELS % 3), classes=10).targets.shape == (30, 10)


FLAWS = {
    "labels below 0": (PIXELS, np.full(30, -1)),
    "labels in a column": (PIXELS, LABELS[:, None]),
    "too few labels": (PIXELS, LABELS[:20]),
    "labels that are no whole numbers": (PIXELS, LABELS.astype(float)),
    "labels that are codes": (PIXELS, LABELS + 10_000_000),
    "pixels in [0, 1]": (PIXELS / 255.0, LABELS),
    "pixels of another type": (PIXELS.astype(int), LABELS),
    "no images": (PIXELS[:0], LABELS[:0]),
    "one long row": (PIXELS.ravel(), LABELS),
}


@pytest.mark.parametrize("flawed", FLAWS.values(), ids=FLAWS)
def test_own_images_that_do_not_fit_are_refused_with_a_sentence(flawed):
    for part, pair in {"training": (flawed, (PIXELS, LABELS)), "test": ((PIXELS, LABELS), flawed)}.items():
        with pytest.raises(ValueError, match=rf"own, {part} set: expected .*, got "):
            own(*pair)


def test_training_and_test_images_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="of one size"):
        own((PIXELS, LABELS), (PIXELS[:, :14], LABELS))
