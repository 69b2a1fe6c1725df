"""What rules through time share: what they ask of episodes and circuits, and sums over steps."""

from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.recurrent import RecurrentCircuit
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.streams import Streams, size_of_one
from armfa.controllers.trees import branches, regrown, tree_map


class RuleThroughTime(GradientEstimator):
    """A rule for episodes."""

    def episode(self, batch: Any, *asked: str) -> Any:
        """The batch, which must be an episode that has what the rule asks."""
        for name in ("start", "observe", "step", *asked):
            if not hasattr(batch, name):
                kind = "an episode" if hasattr(batch, "steps") else "a batch of examples"
                raise TypeError(
                    f"expected an episode with {name}(...), as TaskProblem gives them, for {type(self).__name__}; got "
                    f"{kind} without, {type(batch).__name__}"
                )
        return batch

    def recurrent(self, circuit: Any) -> RecurrentCircuit:
        """The circuit, which must have traces of its own at its synapses."""
        if not isinstance(circuit, RecurrentCircuit):
            raise TypeError(
                f"expected a recurrent circuit, such as RNN(...) or GRU(...), for {type(self).__name__}, got {circuit}"
            )
        return circuit


def added(one: Any, other: Any) -> Any:
    """The sum of two trees of one form, in which None is zero."""
    if one is None or other is None:
        return other if one is None else one
    if hasattr(one, "_fields"):
        return type(one)(*map(added, one, other))
    if isinstance(one, tuple | list | dict):
        return regrown(one, [added(*pair) for pair in zip(branches(one).values(), branches(other).values())])
    return one + other


def divided(tree: Any, count: int) -> Any:
    """The tree over a number."""
    return tree_map(lambda leaf: leaf * (1.0 / count), tree)


def zeros(tree: Any) -> Any:
    """A tree of zeros."""
    return tree_map(lambda leaf: leaf * 0, tree)


def drawn_like(weights: Any, scale: float, rng: Any) -> Any:
    """Random feedback in the form of these weights, N(0, (scale rms)^2) with the rms of each array of them."""

    def draw(leaf: Array) -> Array:
        own = tuple(range(leaf.ndim - len(size_of_one(leaf, rng)), leaf.ndim))
        rms = (leaf * leaf).mean(axis=own, keepdims=True) ** 0.5
        return rng.standard_normal(size_of_one(leaf, rng), leaf.dtype) * (rms * scale)

    return tree_map(draw, weights)


def alike(rng: Any, seed: int) -> Any:
    """A stream, or streams as many as these, all of this seed: all networks of a stack draw the same."""
    if isinstance(rng, Streams):
        return Streams([np.random.default_rng(seed) for _ in rng.generators])
    return np.random.default_rng(seed)


def check_scale(scale: float) -> None:
    """Refuse feedback that cannot be drawn."""
    if not 0 < scale < float("inf"):
        raise ValueError(f"expected a feedback scale above 0 (1: as large as the first weights), got {scale}")
