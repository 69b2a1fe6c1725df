"""Files that hold a tree of arrays: `.npz` without pickle, settings as JSON inside, written at once or not at all."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers.trees import Tree, is_array, is_number_or_array, tree_map
from armfa.files import DAMAGED, replacing

FORMAT = 2


class CheckpointError(Exception):
    """A file that cannot be used: damaged, of another kind, or of a run with other settings."""


def save(path: str | Path, tree: Tree, settings: dict[str, Any], extra: dict[str, Any] | None = None) -> None:
    """Write the arrays of a tree, in order, beside settings and extra values (both JSON).

    The file appears under its name only when it is complete, so a kill at any moment leaves the old one or the new one.
    """
    header = json.dumps({"format": FORMAT, "settings": settings, "extra": extra or {}, "axes": axis_orders(tree)})
    arrays: dict[str, Any] = {f"array_{number}": leaf for number, leaf in enumerate(leaves(tree))}
    with replacing(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, header=np.array(header), **arrays)


def read(path: str | Path) -> tuple[list[np.ndarray], dict[str, Any], dict[str, Any]]:
    """The arrays, the settings and the extra values of a file."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            if header["format"] != FORMAT:
                raise CheckpointError(
                    f"{path}: expected format {FORMAT}, got {header['format']}: written by another version"
                )
            arrays = [relaid(file[f"array_{number}"], order) for number, order in enumerate(header["axes"])]
        return arrays, header["settings"], header["extra"]
    except FileNotFoundError:
        raise
    except (OSError, KeyError, TypeError, *DAMAGED) as error:
        raise CheckpointError(f"{path}: not a complete armfa file ({error}); delete it and start again") from error


def refuse_other_settings(path: str | Path, settings: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise a CheckpointError that names the first setting that differs."""
    for key in sorted(settings.keys() | found.keys()):
        if settings.get(key) != found.get(key):
            raise CheckpointError(
                f"{path}: made with {key} = {found.get(key)}, this run has {settings.get(key)}: "
                "use the same settings, or another file"
            )


def fill(path: str | Path, like: Tree, arrays: list[np.ndarray]) -> Tree:
    """The tree `like` with its arrays and numbers replaced, in order; their layout in memory is that of `arrays`."""
    expected = [(leaf.shape, str(leaf.dtype)) for leaf in leaves(like)]
    got = [(array.shape, str(array.dtype)) for array in arrays]
    if expected != got:
        wrong = next((pair for pair in zip(expected, got) if pair[0] != pair[1]), (len(expected), len(got)))
        raise CheckpointError(f"{path}: expected arrays {wrong[0]}, got {wrong[1]}: it belongs to another run")
    remaining = iter(arrays)
    return tree_map(lambda leaf: _as(leaf, next(remaining)), like, is_leaf=is_number_or_array)


def _as(leaf: Any, array: np.ndarray) -> Any:
    """The array in the place of a leaf: a number where the leaf is one."""
    return array if is_array(leaf) else type(leaf)(array)


def axis_orders(tree: Tree) -> list[list[int]]:
    """The axes of each array from the slowest in memory to the fastest: they decide the last bit of its products."""
    return [sorted(range(x.ndim), key=lambda axis: -x.strides[axis] or -math.inf) for x in leaves(tree)]


def relaid(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """The array with its axes in that order in memory."""
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order)) if array.ndim > 1 else array


def leaves(tree: Tree) -> list[np.ndarray]:
    """The arrays of a tree, in order; numbers (such as a count of updates) are arrays without axes."""
    found: list[np.ndarray] = []
    tree_map(lambda leaf: found.append(np.asarray(leaf)), tree, is_leaf=is_number_or_array)
    return found


def jsonable(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON keeps them (tuples become lists), dataclasses by their repr, other objects by their class."""
    return json.loads(json.dumps(settings, default=_told))


def _told(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return repr(value) if dataclasses.is_dataclass(value) else type(value).__qualname__


def save_run(path: str | Path, tree: Tree, curve: dict[str, list], settings: dict, place: dict) -> None:
    """Write a run: its state, its curve so far, and its place in the random streams."""
    points = {name: np.asarray(values) for name, values in curve.items()}
    save(path, (tree, points), settings, {"place": place, "curve": list(points)})


def load_run(path: str | Path, like: Tree, settings: dict) -> tuple[Tree, dict[str, list], dict]:
    """State, curve and place of a run that was saved with the same settings."""
    arrays, found, extra = read(path)
    refuse_other_settings(path, settings, found)
    names = extra["curve"]
    split = len(arrays) - len(names)
    curve = {name: list(values) for name, values in zip(names, arrays[split:])}
    return fill(path, like, arrays[:split]), curve, extra["place"]
