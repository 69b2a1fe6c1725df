"""Vectors in hand space."""

import math
from typing import Any

from armfa.arrays import Array, at_least, cos, namespace, sin, sqrt, where


def point(x: Array, y: Array) -> Array:
    """The vector (..., 2) with these components (...,)."""
    return namespace(x, y).stack([x, y], axis=-1)


def direction(number: Array, of: Any) -> Array:
    """Unit vectors (..., 2), evenly around the circle: number 0 to the right, then counter-clockwise, `of` in all."""
    angle = number * (math.tau / of)
    return point(cos(angle), sin(angle))


def drawn(uniform: Array, n: int) -> Array:
    """Whole numbers from 0 to n - 1 (...,), all equally likely, from uniform (...,) in [0, 1)."""
    return namespace(uniform).floor(uniform * n)


def length(vector: Array) -> Array:
    """|x|, (...,), of vectors (..., 2); by products and a square root, which are rounded alike everywhere."""
    x, y = vector[..., 0], vector[..., 1]
    square = x * x + y * y
    there = square > 0.0
    return where(there, sqrt(where(there, square, 1.0)), 0.0 * square)  # whose slope is 0, not NaN, where it is 0


def shortened(vector: Array, max_length: float) -> Array:
    """The vector (..., 2), shortened to `max_length` where it is longer; its direction stays."""
    return vector / at_least(length(vector) / max_length, 1.0)[..., None]
