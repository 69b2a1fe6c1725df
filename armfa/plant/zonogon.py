"""The nearest point of a zonogon: box-constrained least squares with two equations, in closed form and batched."""

import numpy as np

from armfa.arrays import Array

PARALLEL = 1e-12  # sine of the angle below which two generators count as lying along one line


def nearest_in_zonogon(generators: Array, target: Array) -> Array:
    """The x (n, ...) in [0, 1] for which sum_i x_i c_i is nearest to the target; inside, x stays farthest from 0 and 1.

    generators : Array (2, n, ...).   target : Array (2, ...).
    The boundary is made of edges along the generators: on an edge every other generator is at one of its ends. A target
    outside is brought to the nearest edge; one inside lies on a boundary shrunk about the centre, and so does its x.
    """
    c = np.asarray(generators)
    t = target - 0.5 * c.sum(1)
    size = np.sqrt((c * c).sum(0))  # (n, ...)
    real = size > 1e-14 * size.max(0, initial=1e-300)
    d = np.where(real, c, 1.0) / np.where(real, size, 1.0)  # directions (2, n, ...)
    normal = np.stack((-d[1], d[0]))
    across = (normal[:, :, None] * c[:, None]).sum(0)  # (edge, n, ...): generator j measured across edge i
    along = (d[:, :, None] * c[:, None]).sum(0)
    parallel = np.abs(across) <= PARALLEL * size[None]
    end = np.where(parallel, 0.0, np.sign(across))  # which end generator j is at, on the edge at the positive side
    corner = 0.5 * (end[None] * c[:, None]).sum(2)  # (2, edge, ...): middle of the edge
    half = 0.5 * np.where(parallel, np.abs(along), 0.0).sum(1)  # (edge, ...)
    width = 0.5 * np.where(parallel, 0.0, np.abs(across)).sum(1)
    offset = (normal * t[:, None]).sum(0)
    usable = real & (width > 0)
    gauge = np.where(usable, np.abs(offset) / np.where(usable, width, 1.0), -1.0)
    outside = gauge.max(0) > 1.0
    side = np.where(offset < 0, -1.0, 1.0)

    # nearest point of each edge, on both sides; then the gauge for the targets inside
    best = None
    for sign in (1.0, -1.0):
        slide = (d * (t[:, None] - sign * corner)).sum(0)
        slide = np.minimum(np.maximum(slide, -half), half)
        gap = t[:, None] - sign * corner - slide * d
        distance = np.where(real, (gap * gap).sum(0), np.inf)
        edge = distance.argmin(0)[None]
        found = tuple(np.take_along_axis(x, edge, 0)[0] for x in (distance, slide))
        candidate = (found[0], edge, sign + 0 * found[0], found[1])
        best = (
            candidate
            if best is None
            else tuple(np.where(candidate[0] < best[0], x, y) for x, y in zip(candidate, best))
        )
    assert best is not None
    edge_in = gauge.argmax(0)[None]
    shrink = np.where(outside, 1.0, np.maximum(np.take_along_axis(gauge, edge_in, 0)[0], 0.0))
    side_in = np.take_along_axis(side, edge_in, 0)[0]
    middle = np.take_along_axis(corner, edge_in[None], 1)[:, 0]
    direction = np.take_along_axis(d, edge_in[None], 1)[:, 0]
    slide_in = (direction * (t - shrink * side_in * middle)).sum(0)
    edge = np.where(outside, best[1], edge_in)
    sign, slide = np.where(outside, best[2], shrink * side_in), np.where(outside, best[3], slide_in)

    def of_edge(x):
        return np.take_along_axis(x, np.broadcast_to(edge[:, None], (1, *x.shape[1:])), 0)[0]

    half_edge = np.take_along_axis(half, edge, 0)[0]
    along_edge = np.where(of_edge(parallel), np.sign(of_edge(along)), 0.0)
    y = 0.5 * (sign * of_edge(end) + slide / np.where(half_edge > 0, half_edge, 1.0) * along_edge)
    return np.minimum(np.maximum(0.5 + y, 0.0), 1.0)
