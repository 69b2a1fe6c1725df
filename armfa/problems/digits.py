"""Digits to recognise: images in [0, 1] as vectors, labels as one-hot targets."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa import data
from armfa.arrays import Array
from armfa.controllers.losses import SquaredError, one_hot
from armfa.controllers.problem import Batch


@dataclass(frozen=True, eq=False)
class DigitRecognition:
    """A problem: name the digit on an image."""

    images: Array  # float32 (n, n_pixels) in [0, 1]
    targets: Array  # one-hot float32 (n, classes)
    test_images: Array  # float32 (n, n_pixels) in [0, 1]
    test_targets: Array  # one-hot float32 (n, classes)
    loss: type = SquaredError  # for logistic outputs, as in the papers; SoftmaxCrossEntropy for linear ones

    def batch(self, rng: Any, size: int) -> Batch:
        """`size` training images drawn with replacement; `Streams` of S generators give (S, size, n_pixels)."""
        draws = rng.uniform(0.0, 1.0, (size,))
        chosen = np.minimum((draws * len(self.images)).astype(np.int64), len(self.images) - 1)
        return Batch(self.images[chosen], self.loss(self.targets[chosen]))

    def test(self) -> Batch:
        """The test images."""
        return Batch(self.test_images, self.loss(self.test_targets))


def recognition(digits: data.Digits, *, loss: type = SquaredError) -> DigitRecognition:
    """The problem of a data set, one's own too: as many classes as it has.

    Parameters
    ----------
    digits : data.Digits
        Pixels uint8 (n, height, width) or (n, height, width, 3), labels (n,) from 0.
    loss : type
        SquaredError or SoftmaxCrossEntropy.

    Returns
    -------
    DigitRecognition
        Pixels as float32 in [0, 1].

    Raises
    ------
    ValueError
        Says which images or labels do not fit.
    """
    classes = data.checked_classes(digits)
    return DigitRecognition(*_vectors(digits.train, classes), *_vectors(digits.test, classes), loss)


def load(name: str = "mnist") -> data.Digits:
    """The data set called `mnist`, `digits` (8 x 8, bundled with scikit-learn) or `svhn`.

    Parameters
    ----------
    name : str
        "mnist", "digits" or "svhn".

    Returns
    -------
    Digits
        Fetched where it is not here.

    Raises
    ------
    ValueError
        For another name.
    """
    loaders = {"mnist": data.mnist, "digits": data.small_digits, "svhn": data.svhn}
    if name not in loaders:
        raise ValueError(f"expected a data set out of {sorted(loaders)}, got {name!r}")
    return loaders[name]()


def _vectors(images: data.Images, classes: int) -> tuple[Array, Array]:
    pixels = images.pixels.reshape(len(images.pixels), -1)
    return pixels.astype(np.float32) * np.float32(1 / 255), one_hot(images.labels, classes)
