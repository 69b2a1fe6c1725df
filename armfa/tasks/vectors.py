"""Length of vectors in hand space."""

import math

import numpy as np

from armfa.arrays import Array, namespace


def length(vector: Array) -> Array:
    """|x|, (...,), of vectors (..., 2).

    By products and a square root, which are rounded alike everywhere: one vector has the bits it has in a batch, and
    for one alone plain numbers are five times as fast.
    """
    if vector.ndim == 1 and isinstance(vector, np.ndarray) and vector.dtype == np.float64:
        x, y = vector.tolist()
        return np.float64(math.sqrt(x * x + y * y))
    x, y = vector[..., 0], vector[..., 1]
    return namespace(vector).sqrt(x * x + y * y)


def shortened(vector: Array, max_length: float) -> Array:
    """The vector (..., 2), shortened to `max_length` where it is longer; its direction stays."""
    size = length(vector)
    if isinstance(size, np.float64):
        return vector / max(size / max_length, 1.0)
    xp = namespace(vector)
    excess = xp.maximum(size / max_length, xp.ones_like(size))  # (...,) >= 1
    return vector / excess[..., None]
