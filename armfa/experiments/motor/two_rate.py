"""The two-rate model of adaptation: a fast process that forgets, and a slow one that retains.

    x_f(n+1) = A_f x_f(n) + B_f e(n),    x_s(n+1) = A_s x_s(n) + B_s e(n),    e = p - (x_f + x_s)

p is the perturbation, 1 where it acts. [Smith, Ghazizadeh & Shadmehr 2006, PLoS Biol 4:e179, eq. 2]
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import lfilter

from armfa.arrays import Array


class TwoRates(NamedTuple):
    """Retention A and learning rate B, per trial, of the fast and of the slow process."""

    fast_retention: float
    fast_rate: float
    slow_retention: float
    slow_rate: float


SMITH = TwoRates(0.59, 0.21, 0.992, 0.02)
"""Of people, in a force field. [Smith, Ghazizadeh & Shadmehr 2006, fig. 2 legend]"""


def adapted(rates: TwoRates, perturbation: Array, share: float = 1.0) -> Array:
    """X = x_f + x_s before each trial (trials,), from nothing.

    share : of trials that have an error; the others, channel trials, have none and only forget.
    """
    a_f, b_f, a_s, b_s = rates
    f, s = share * b_f, share * b_s
    trace, determinant = a_f - f + a_s - s, (a_f - f) * (a_s - s) - f * s
    return lfilter([0.0, f + s, -(f * a_s + s * a_f)], [1.0, -trace, determinant], perturbation)


def fitted(seen: Array, perturbation: Array, share: float = 1.0, start: TwoRates = SMITH) -> tuple[TwoRates, float]:
    """The rates that fit best, by least squares, and the share of variance that they explain.

    seen : adaptation (networks, trials), nan where it was not measured; the mean over networks is fitted, each trial by
    how often it was.
    """
    known = np.isfinite(seen)
    count = known.sum(0)
    there = count > 0
    mean, weight = np.where(known, seen, 0.0).sum(0)[there] / count[there], np.sqrt(count[there])

    def missed(rates: Array) -> Array:
        found = adapted(TwoRates(*rates), perturbation, share)[there]
        return np.clip(np.nan_to_num(found - mean, posinf=1e3, neginf=-1e3), -1e3, 1e3) * weight

    first = np.clip(start, 1e-4, 1.0 - 1e-4)
    found = least_squares(missed, first, bounds=([0.0] * 4, [1.0] * 4), x_scale=[0.1, 0.1, 0.01, 0.01])
    spread = ((mean - np.average(mean, weights=weight**2)) * weight) ** 2
    a_f, b_f, a_s, b_s = (float(x) for x in found.x)
    rates = TwoRates(a_f, b_f, a_s, b_s) if a_f <= a_s else TwoRates(a_s, b_s, a_f, b_f)
    return rates, float(1.0 - (missed(found.x) ** 2).sum() / spread.sum())


def bootstrapped(
    seen: Array, perturbation: Array, share: float, start: TwoRates, draws: int, rng: np.random.Generator
) -> Array:
    """Rates fitted to networks drawn with replacement (draws, 4)."""
    places = rng.integers(len(seen), size=(draws, len(seen)))
    return np.array([fitted(seen[place], perturbation, share, start)[0] for place in places])


def interval(draws: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The percentiles between which this share of the draws is (4,), (4,)."""
    return np.quantile(draws, 0.5 - level / 2, axis=0), np.quantile(draws, 0.5 + level / 2, axis=0)
