"""Nested tuples of arrays, and random streams, for stacks of networks: the leading axis is the seed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from armfa.arrays import Array

Tree = Any
"""An array, or a NamedTuple, tuple, list or dict of trees; anything else (a setting, None) is passed through."""


def is_array(leaf: object) -> bool:
    """Whether a leaf is an array of any library (settings, such as numbers and frozen dataclasses, are not)."""
    return isinstance(leaf, np.ndarray) or (hasattr(leaf, "shape") and hasattr(leaf, "dtype"))


def is_number_or_array(leaf: object) -> bool:
    """Whether a leaf is part of a state: an array, or a number such as a count of updates."""
    return is_array(leaf) or isinstance(leaf, int | float)


def tree_map(
    function: Callable[..., Any], tree: Tree, *others: Tree, is_leaf: Callable[[object], bool] = is_array
) -> Tree:
    """The tree with `function` applied to each array (and the arrays at the same place in the other trees)."""
    if isinstance(tree, tuple | list):
        children = [tree_map(function, *each, is_leaf=is_leaf) for each in zip(tree, *others)]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, dict):
        return {key: tree_map(function, tree[key], *(o[key] for o in others), is_leaf=is_leaf) for key in tree}
    return function(tree, *others) if is_leaf(tree) else tree


def stack(trees: Sequence[Tree]) -> Tree:
    """One tree whose arrays carry the list as their first axis; settings are taken from the first tree."""
    return tree_map(lambda *leaves: np.stack(leaves), *trees)


def unstack(tree: Tree, length: int | None = None) -> list[Tree]:
    """The trees that were stacked; `length` is needed for a tree without arrays."""
    if length is None:
        found: list[Array] = []
        tree_map(found.append, tree)
        if not found:
            raise ValueError("expected a tree with an array in it, or a length, got neither: nothing to unstack")
        length = len(found[0])
    return [take(tree, place) for place in range(length)]


def take(tree: Tree, place: Any) -> Tree:
    """The tree with every array indexed by `place`; written out, because training calls it at every update."""
    if isinstance(tree, tuple | list):
        children = [take(child, place) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, dict):
        return {key: take(child, place) for key, child in tree.items()}
    return tree[place] if is_array(tree) else tree


class Streams:
    """One random generator a network: draws come stacked, `(S, *size)`, each row from its own generator.

    A stack of S seeds so sees exactly the numbers that S separate runs see.
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = tuple(generators)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Array:
        """Draws from U(low, high), float64 (S, *size)."""
        return np.stack([rng.uniform(low, high, size) for rng in self.generators])

    def standard_normal(self, size: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Draws from N(0, 1), (S, *size)."""
        return np.stack([rng.standard_normal(size, dtype) for rng in self.generators])
