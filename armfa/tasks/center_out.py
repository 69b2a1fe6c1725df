"""The targets of the centre-out task."""

import math

import numpy as np


def center_out_targets(center: np.ndarray, distance: float = 0.1, n: int = 8) -> np.ndarray:
    """Hand targets (n, 2), m, evenly around `center` (2,), m, the first one to the right, then counter-clockwise.

    distance : m; 0.10 in human studies, 0.05 or 0.06 in monkeys.
    """
    angle = 2.0 * math.pi / n * np.arange(n)
    return np.asarray(center) + distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
