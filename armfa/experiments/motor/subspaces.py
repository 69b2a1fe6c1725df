"""The directions in which weights moved, without their history: an incremental singular value decomposition.

The rows W(t) - W(0), flat, come one by one. What is kept are the leading right singular vectors and singular values of
all rows so far; each row takes one decomposition of a small matrix.
[Brand 2002, ECCV; principal angles: Bjorck & Golub 1973, Math Comp 27:579]
"""

from typing import NamedTuple

import numpy as np

from armfa.arrays import Array


class Sketch(NamedTuple):
    """What is kept of the rows so far, of a stack of networks."""

    directions: Array  # (..., d, k) orthonormal, the first `rows` of them; others are zero
    sizes: Array  # (..., k) singular values, falling
    energy: Array  # (...,) sum of the squares of all rows


def blank(networks: tuple[int, ...], d: int, k: int, dtype: type = np.float32) -> Sketch:
    """A sketch of no rows that keeps k directions of d numbers."""
    return Sketch(np.zeros((*networks, d, k), dtype), np.zeros((*networks, k), dtype), np.zeros(networks, dtype))


def with_row(sketch: Sketch, row: Array) -> Sketch:
    """The sketch with one row (..., d) more.

    With row = V p + r e, e a unit vector across V, the right singular vectors of [diag(s); row] are those of the small
    matrix [diag(s) 0; p r] in the frame [V e].
    """
    v, s, energy = (np.asarray(x, np.float64) for x in sketch)
    row = np.asarray(row, np.float64)[..., None]  # (..., d, 1)
    p = np.swapaxes(v, -1, -2) @ row
    rest = row - v @ p
    again = np.swapaxes(v, -1, -2) @ rest  # what rounding left: a second pass keeps the frame orthonormal
    p, rest = p + again, rest - v @ again
    size = np.sqrt((rest * rest).sum(-2, keepdims=True))  # (..., 1, 1)
    here = size > 1e-9 * np.sqrt((row * row).sum(-2, keepdims=True))  # else there is no new direction
    across = np.where(here, rest / np.where(here, size, 1.0), 0.0)
    k = s.shape[-1]
    small = np.zeros((*s.shape[:-1], k + 1, k + 1))
    small[..., range(k), range(k)] = s
    small[..., k, :k], small[..., k, k] = p[..., 0], np.where(here, size, 0.0)[..., 0, 0]
    _, sizes, turned = np.linalg.svd(small)
    frame = np.concatenate([v, across], axis=-1) @ np.swapaxes(turned, -1, -2)[..., :k]
    kind = sketch.directions.dtype
    return Sketch(frame.astype(kind), sizes[..., :k].astype(kind), (energy + (row * row).sum((-2, -1))).astype(kind))


def principal_angles(one: Array, other: Array) -> Array:
    """Angles between the subspaces that two orthonormal frames (..., d, k) span, (..., k), radians, rising."""
    return _angles(np.swapaxes(one, -1, -2) @ other)


def typical(angles: Array) -> Array:
    """The root of the mean square of principal angles (..., k), degrees: their geodesic distance over sqrt(k)."""
    return np.degrees(np.sqrt((angles**2).mean(-1)))


def angles_between(frames: Array) -> Array:
    """The typical angle between each two of n subspaces (n, d, k), as a matrix (n, n), degrees."""
    n, d, k = frames.shape
    flat = np.swapaxes(np.asarray(frames, np.float64), -1, -2).reshape(n * k, d)
    overlaps = (flat @ flat.T).reshape(n, k, n, k)
    return typical(_angles(np.swapaxes(overlaps, 1, 2))) * (1.0 - np.eye(n))


def _angles(overlaps: Array) -> Array:
    """From the inner products of two frames (..., k, k)."""
    return np.arccos(np.clip(np.linalg.svd(overlaps, compute_uv=False), -1.0, 1.0))


def random_angle(d: int, k: int, pairs: int = 200) -> float:
    """The mean typical angle between two independent random subspaces, degrees."""
    rng = np.random.default_rng(0)
    frames = np.linalg.qr(rng.standard_normal((2, pairs, d, k)))[0]
    return float(typical(principal_angles(*frames)).mean())


def cosines_between(vectors: Array) -> Array:
    """The cosine between each two of n vectors (n, d), as a matrix (n, n)."""
    units = np.asarray(vectors, np.float64)
    units = units / np.sqrt((units * units).sum(-1, keepdims=True))
    return units @ units.T


def effective_dimensions(cosines: Array) -> float:
    """The participation ratio of n unit vectors, 1 where all are one and n where all are orthogonal: n^2 / sum c^2."""
    return float(np.trace(cosines) ** 2 / (cosines**2).sum())
