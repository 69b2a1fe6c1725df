"""Nested tuples of arrays: weights, states, batches. In a stack of networks the leading axis is the seed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from armfa.arrays import Array, namespace

Tree = Any
"""An array, or a NamedTuple, tuple, list or dict of trees; anything else (a setting, None) is passed through."""


def is_array(leaf: object) -> bool:
    """Whether a leaf is an array of any library (settings, such as numbers and frozen dataclasses, are not)."""
    return isinstance(leaf, np.ndarray) or (hasattr(leaf, "shape") and hasattr(leaf, "dtype"))


def is_number_or_array(leaf: object) -> bool:
    """Whether a leaf is part of a state: an array, or a number such as a count of updates."""
    return is_array(leaf) or isinstance(leaf, int | float)


def branches(tree: Tree) -> dict[str, Tree]:
    """The trees that a tree holds, by field, key or place; none where it is a leaf."""
    if isinstance(tree, dict):
        return tree
    if isinstance(tree, tuple | list):
        return dict(zip(getattr(tree, "_fields", map(str, range(len(tree)))), tree))
    return {}


def regrown(tree: Tree, children: Sequence[Tree]) -> Tree:
    """A tree of the same kind with other trees in it."""
    if isinstance(tree, dict):
        return dict(zip(tree, children))
    return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)


def tree_map(
    function: Callable[..., Any], tree: Tree, *others: Tree, is_leaf: Callable[[object], bool] = is_array
) -> Tree:
    """The tree with `function` applied to each array (and the arrays at the same place in the other trees).

    What is None in the first tree is None in the result, whatever the others have there.

    Parameters
    ----------
    function : Callable
        Of as many arrays as there are trees.
    tree : tree of arrays
        Tuples, NamedTuples, lists, dicts.
    *others : trees
        Of the same form.
    is_leaf : Callable
        What counts as an array.

    Returns
    -------
    tree of arrays
        Of the form of the first.
    """
    if isinstance(tree, tuple | list):
        children = [tree_map(function, *each, is_leaf=is_leaf) for each in zip(tree, *others)]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, dict):
        return {key: tree_map(function, tree[key], *(o[key] for o in others), is_leaf=is_leaf) for key in tree}
    return function(tree, *others) if is_leaf(tree) else tree


def named_leaves(tree: Tree, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each array or number of a tree with its place, such as ("0.weight", array), in order."""
    if is_number_or_array(tree):
        yield name, tree
    for key, child in branches(tree).items():
        yield from named_leaves(child, f"{name}.{key}" if name else str(key))


def leaves(tree: Tree) -> list[Any]:
    """The arrays and numbers (such as a count of updates) of a tree, in order."""
    return [leaf for _, leaf in named_leaves(tree)]


def stack(trees: Sequence[Tree]) -> Tree:
    """One tree whose arrays carry the list as their first axis; settings are taken from the first tree.

    Parameters
    ----------
    trees : sequence of trees
        Of one form.

    Returns
    -------
    tree of arrays
        Each array (len(trees), ...).
    """
    return tree_map(lambda *leaves: np.stack(leaves), *trees)


def joined(trees: Sequence[Tree], axis: int) -> Tree:
    """One tree whose arrays are those of the list one after the other along an axis that they have."""
    return tree_map(lambda *leaves: namespace(*leaves).concat(leaves, axis=axis), *trees)


def unstack(tree: Tree, length: int | None = None) -> list[Tree]:
    """The trees that were stacked.

    Parameters
    ----------
    tree : tree of arrays
        Each array (length, ...).
    length : int, optional
        Needed for a tree without arrays.

    Returns
    -------
    list of trees
        One per place on the first axis.
    """
    if length is None:
        length = len(first_array(tree))
    return [take(tree, place) for place in range(length)]


def first_array(tree: Tree) -> Array:
    """The first array of a tree."""
    found = next((leaf for leaf in leaves(tree) if is_array(leaf)), None)
    if found is None:
        raise ValueError("expected a tree with an array in it, got none: nothing to count or to unstack")
    return found


def take(tree: Tree, place: Any) -> Tree:
    """The tree with every array indexed by `place`; written out, because training calls it at every update.

    Parameters
    ----------
    tree : tree of arrays
        What is indexed.
    place : index
        What NumPy takes as an index.

    Returns
    -------
    tree of arrays
        Each array at this place.
    """
    if isinstance(tree, tuple | list):
        children = [take(child, place) for child in tree]
        return type(tree)(*children) if hasattr(tree, "_fields") else type(tree)(children)
    if isinstance(tree, dict):
        return {key: take(child, place) for key, child in tree.items()}
    return tree[place] if is_array(tree) else tree


def spread(numbers: Array, like: Array) -> Array:
    """One number per network, (...), shaped so that it multiplies an array (..., any axes)."""
    return numbers.reshape(*numbers.shape, *(1,) * (like.ndim - numbers.ndim))
