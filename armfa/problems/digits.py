"""Digits to recognise: images in [0, 1] as vectors, labels as one-hot targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa import data
from armfa.arrays import Array
from armfa.controllers.losses import SquaredError, one_hot
from armfa.controllers.step import Batch


@dataclass(frozen=True, eq=False)
class DigitRecognition:
    """A problem: name the digit on an image.

    images : float32 (n, n_pixels) in [0, 1]; targets : one-hot float32 (n, 10); the same for the test set.
    loss : SquaredError (logistic outputs, as in the papers) or SoftmaxCrossEntropy (linear outputs).
    """

    images: Array
    targets: Array
    test_images: Array
    test_targets: Array
    loss: type = SquaredError

    def batch(self, rng: Any, size: int) -> Batch:
        """`size` training images drawn with replacement; `Streams` of S generators give (S, size, n_pixels)."""
        draws = rng.uniform(0.0, 1.0, (size,))
        chosen = np.minimum((draws * len(self.images)).astype(np.int64), len(self.images) - 1)
        return Batch(self.images[chosen], self.loss(self.targets[chosen]))

    def test(self) -> Batch:
        """The test images."""
        return Batch(self.test_images, self.loss(self.test_targets))


def recognition(digits: data.Digits, *, loss: type = SquaredError) -> DigitRecognition:
    """The problem of a data set."""
    images, targets = _vectors(digits.train)
    test_images, test_targets = _vectors(digits.test)
    return DigitRecognition(images, targets, test_images, test_targets, loss)


def load(name: str = "mnist") -> data.Digits:
    """The data set called `mnist`, `digits` (8 x 8, bundled with scikit-learn) or `svhn`."""
    loaders = {"mnist": data.mnist, "digits": data.small_digits, "svhn": data.svhn}
    if name not in loaders:
        raise ValueError(f"expected a data set out of {sorted(loaders)}, got {name!r}")
    return loaders[name]()


def _vectors(images: data.Images) -> tuple[Array, Array]:
    pixels = images.pixels.reshape(len(images.pixels), -1)
    return pixels.astype(np.float32) * np.float32(1 / 255), one_hot(images.labels, 10)
