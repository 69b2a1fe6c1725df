"""Length of vectors in hand space."""

from armfa.arrays import Array, at_least, sqrt, where


def length(vector: Array) -> Array:
    """|x|, (...,), of vectors (..., 2); by products and a square root, which are rounded alike everywhere."""
    x, y = vector[..., 0], vector[..., 1]
    square = x * x + y * y
    there = square > 0.0
    return where(there, sqrt(where(there, square, 1.0)), 0.0 * square)  # whose slope is 0, not NaN, where it is 0


def shortened(vector: Array, max_length: float) -> Array:
    """The vector (..., 2), shortened to `max_length` where it is longer; its direction stays."""
    return vector / at_least(length(vector) / max_length, 1.0)[..., None]
