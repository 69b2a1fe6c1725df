"""Measures of learning: normalised error, angles, accuracy."""

from typing import Any

import numpy as np

from armfa.arrays import Array


def normalized_error(output: Array, loss: Any) -> Array:
    """Normalised squared error (NSE) of a squared-error loss: sum |y* - y|^2 / sum |y* - mean y*|^2, in target space.

    1 is as good as always answering the mean target. output : (..., batch, n_out); returns (...), one NSE per network
    of a stack. [Lillicrap et al. 2016]
    """
    target = np.asarray(loss.target, np.float64)
    squares = loss.squared_error(output) if hasattr(loss, "squared_error") else 2.0 * loss.value(output)
    spread = np.sum(np.square(target - target.mean(-2, keepdims=True)), (-2, -1))
    return np.sum(squares, -1, dtype=np.float64) / spread


def mean_loss(output: Array, loss: Any) -> float:
    """Mean loss of a batch."""
    return float(np.mean(loss.value(output), dtype=np.float64))


def accuracy(output: Array, target: Array) -> float:
    """Share of examples (..., batch) whose largest output is the target's largest."""
    return float(np.mean(np.argmax(output, -1) == np.argmax(target, -1)))


def classification_error(output: Array, loss: Any) -> float:
    """Share of examples whose largest output is not the target's largest."""
    return 1.0 - accuracy(output, loss.target)


def angle_between(a: Array, b: Array) -> Array:
    """Angle arccos(a.b / |a||b|) between vectors along the last axis, degrees in [0, 180], (...).

    The preprint prints |a.b|, which no angle above 90 degrees could pass. NaN where a vector is zero.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))


def mean_angle(a: Array, b: Array) -> Array:
    """Mean over samples of the angle between two teaching signals (..., batch, n), degrees (...).

    Zero vectors do not count; NaN where nothing else is there.
    """
    angles = angle_between(a, b)
    counted = np.isfinite(angles)
    with np.errstate(invalid="ignore"):
        return np.where(counted, angles, 0.0).sum(-1) / counted.sum(-1)


def matrix_angle(a: Array, b: Array) -> Array:
    """Angle between two matrices (..., n, m), each read as one long vector, degrees (...)."""
    return angle_between(a.reshape(*a.shape[:-2], -1), b.reshape(*b.shape[:-2], -1))


def unit_angles(weight: Array, feedback: Array) -> Array:
    """Angle of each hidden unit's outgoing weights (column of W) to its feedback (row of B), degrees (..., n_hidden).

    weight : (..., n_out, n_hidden); feedback : (..., n_hidden, n_out).
    """
    return angle_between(np.asarray(weight).swapaxes(-1, -2), feedback)
