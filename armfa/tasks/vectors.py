"""Length of vectors in hand space."""

from armfa.arrays import Array, at_least, sqrt


def length(vector: Array) -> Array:
    """|x|, (...,), of vectors (..., 2); by products and a square root, which are rounded alike everywhere."""
    x, y = vector[..., 0], vector[..., 1]
    return sqrt(x * x + y * y)


def shortened(vector: Array, max_length: float) -> Array:
    """The vector (..., 2), shortened to `max_length` where it is longer; its direction stays."""
    return vector / at_least(length(vector) / max_length, 1.0)[..., None]
