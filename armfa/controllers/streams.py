"""Random streams: one integer seeds a run, and what one part of it draws does not move the others."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array


class Streams:
    """One random generator per network: draws come stacked, `(S, *size)`, each row from its own generator.

    A stack of S seeds so sees exactly the numbers that S separate runs see.
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = tuple(generators)

    @property
    def networks(self) -> tuple[int, ...]:
        """The leading axes of what is drawn."""
        return (len(self.generators),)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Array:
        """Draws from U(low, high), float64 (S, *size)."""
        return np.stack([rng.uniform(low, high, size) for rng in self.generators])

    def standard_normal(self, size: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Draws from N(0, 1), (S, *size)."""
        return np.stack([rng.standard_normal(size, dtype) for rng in self.generators])


class RunStreams(NamedTuple):
    """The separate random streams of a stack of runs."""

    problem: Streams  # what is to be learned: a teacher of its own per seed
    weights: Streams  # first weights
    data: Streams  # batches
    rule: Streams  # feedback weights, noise


def streams(seeds: Sequence[int]) -> RunStreams:
    """Four streams per seed; a stack of seeds draws exactly what each seed alone draws."""
    children = [np.random.SeedSequence(seed).spawn(len(RunStreams._fields)) for seed in seeds]
    return RunStreams(*(Streams([np.random.default_rng(child) for child in kind]) for kind in zip(*children)))


def size_of_one(leaf: Array, rng: Any) -> tuple[int, ...]:
    """The shape of a network's own part of an array, for draws from `rng`, which adds the axes of the stack itself."""
    return leaf.shape[len(getattr(rng, "networks", ())) :]
