"""How alike the feature detectors of two networks are, as one number.

The order of hidden units is arbitrary, so each unit of one network is assigned to one of the other such that the mean
correlation of their receptive fields is as large as it can be.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment


def matched_correlation(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> float:
    """Mean correlation of receptive fields (units, pixels), each of `first` with its own one of `second`.

    weight : (pixels,) how much each pixel counts, such as the standard deviation over images: pixels that are black on
    every image teach nothing, and keep their first weights.
    """
    matrix = _directions(first, weight) @ _directions(second, weight).T
    return float(matrix[linear_sum_assignment(matrix, maximize=True)].mean())


def over_pairs(first: Sequence[np.ndarray], second: Sequence[np.ndarray], weight: np.ndarray) -> np.ndarray:
    """Matched correlation of each network of one kind with the next one of the other, (networks,).

    The next one, round the end, has other first weights: networks of one seed would be alike because they began alike.
    """
    return np.array(
        [matched_correlation(fields, second[(k + 1) % len(second)], weight) for k, fields in enumerate(first)]
    )


def shuffled(fields: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same fields with their pixels in another order, the same for all of them: their shapes are lost."""
    return fields[:, rng.permutation(fields.shape[1])]


def mirrored(fields: np.ndarray) -> np.ndarray:
    """The same fields with left and right exchanged: as smooth as before, and as local, but of other shapes."""
    side = round(fields.shape[1] ** 0.5)
    return fields.reshape(-1, side, side)[:, :, ::-1].reshape(fields.shape)


def _directions(fields: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fields (units, pixels) with mean 0 and length 1."""
    seen = fields.astype(np.float64) * weight
    seen -= seen.mean(1, keepdims=True)
    return seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-300)
