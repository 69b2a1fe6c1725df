"""The time in an episode, and when things begin."""

from typing import Any

from armfa.arrays import Array, at_least, where
from armfa.plant import Simulator
from armfa.tasks.task import Moment

SLACK = 1e-3
"""steps: what begins at 0.29 s begins with the 29th step of 10 ms, whatever 29 * 0.01 is rounded to."""


def time(simulator: Simulator, moment: Moment) -> Array:
    """Seconds since the start (...,)."""
    return moment.steps * simulator.dt


def since(simulator: Simulator, moment: Moment, onset: Any) -> Array:
    """Seconds since the onset (...,); 0 before."""
    return at_least(time(simulator, moment) - onset, 0.0)


def began(simulator: Simulator, moment: Moment, onset: Any) -> Array:
    """Whether the time is at or after the onset, s (...,)."""
    return (moment.steps + SLACK) * simulator.dt >= onset


def flag(condition: Array, moment: Moment) -> Array:
    """1 where the condition holds, else 0, (..., 1), to be seen."""
    none = 0.0 * moment.steps
    return where(condition, none + 1.0, none)[..., None]


def first(old: Array, happens: Array, value: Array) -> Array:
    """A measure that is 0 until something happens, then the value of that time."""
    return where((old <= 0.0) & happens, value, old)


def mean_with(old: Array, new: Array, count: Array) -> Array:
    """The mean of `count` values, the last of which is new."""
    return old + (new - old) / count
