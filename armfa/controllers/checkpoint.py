"""Files that hold a tree of arrays: `.npz` without pickle, settings as JSON inside, written at once or not at all."""

import dataclasses
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers.trees import Tree, is_array, is_number_or_array, leaves, tree_map
from armfa.files import replacing

FORMAT = 3
READABLE = (2, 3)
"""Policies of format 2 are read too; a run of format 2 is not gone on with, since its random streams were others."""

HEADER_LIMIT = 2**24
"""Bytes of the settings in a file, at most."""


class CheckpointError(Exception):
    """A file that cannot be used: damaged, of another kind, or of a run with other settings."""


def pack(tree: Tree, settings: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> dict[str, np.ndarray]:
    """A tree as named arrays: its arrays in order, and a header in JSON with the settings and extra values."""
    arrays = [np.asarray(leaf) for leaf in leaves(tree)]
    header = {"format": FORMAT, "settings": settings, "extra": extra or {}, "axes": [axis_order(x) for x in arrays]}
    return {
        "header": np.array(json.dumps(header, default=_number)),
        **{f"array_{number}": x for number, x in enumerate(arrays)},
    }


def unpack(packed: Mapping[str, np.ndarray]) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The arrays and the header of a packed tree."""
    header = json.loads(str(packed["header"]))
    if header["format"] not in READABLE:
        raise CheckpointError(f"expected format {FORMAT}, got {header['format']}: written by another version")
    return [relaid(packed[f"array_{number}"], order) for number, order in enumerate(header["axes"])], header


def save(path: str | Path, tree: Tree, settings: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> None:
    """Write the arrays of a tree, in order, beside settings and extra values (both JSON).

    The file appears under its name only when it is complete, so a kill at any moment leaves the old one or the new one.
    """
    save_packed(path, pack(tree, settings, extra))


def save_packed(path: str | Path, packed: Mapping[str, Any]) -> None:
    """Write a packed tree."""
    with replacing(Path(path).expanduser()) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, **packed)


def read(path: str | Path) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The arrays and the header of a file. It takes no more memory than the file has bytes."""
    path = Path(path).expanduser()
    try:
        check_sizes(path)
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            return unpack(file)
    except FileNotFoundError:
        raise
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    except Exception as error:  # whatever reading raises, the file is not what it should be
        raise CheckpointError(
            f"{path}: not a complete armfa file ({type(error).__name__}: {str(error)[:200]}); name another file"
        ) from error


def check_sizes(path: Path) -> None:
    """Refuse what declares more than it holds, before any memory is taken for it."""
    with open(path, "rb") as opened, zipfile.ZipFile(opened) as file:
        members = file.infolist()
        if sum(member.file_size for member in members) > path.stat().st_size:
            raise CheckpointError("damaged, or not an armfa file: it declares more than it holds")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED:
                raise CheckpointError(f"not an armfa file: {member.filename} is compressed")
            with file.open(member) as array:
                shape, dtype = _declared(array)
            declared = math.prod(shape) * dtype.itemsize
            if declared > member.file_size:
                raise CheckpointError(
                    f"damaged, or not an armfa file: {member.filename} declares {declared} bytes, and holds at most "
                    f"{member.file_size}"
                )
            if member.filename == "header.npy" and declared > HEADER_LIMIT:
                raise CheckpointError(f"not an armfa file: its settings take {declared} bytes")


def _declared(file: Any) -> tuple[tuple[int, ...], np.dtype]:
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(file)
    return shape, dtype


def refuse_other_settings(path: str | Path, settings: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise a CheckpointError that names the first setting that differs."""
    for key in sorted(settings.keys() | found.keys()):
        if settings.get(key) != found.get(key):
            raise CheckpointError(
                f"{path}: made with {key} = {found.get(key)}, this run has {settings.get(key)}: "
                "use the same settings, or another file"
            )


def fill(like: Tree, arrays: Sequence[np.ndarray]) -> Tree:
    """The tree `like` with its arrays and numbers replaced, in order; their layout in memory is that of `arrays`."""
    expected = [(np.shape(leaf), str(np.asarray(leaf).dtype)) for leaf in leaves(like)]
    got = [(array.shape, str(array.dtype)) for array in arrays]
    if expected != got:
        wrong = next((pair for pair in zip(expected, got) if pair[0] != pair[1]), (len(expected), len(got)))
        raise CheckpointError(f"expected arrays {wrong[0]}, got {wrong[1]}: it belongs to another run")
    remaining = iter(arrays)
    return tree_map(lambda leaf: _as(leaf, next(remaining)), like, is_leaf=is_number_or_array)


def _as(leaf: Any, array: np.ndarray) -> Any:
    """The array in the place of a leaf: a number where the leaf is one."""
    return array if is_array(leaf) else type(leaf)(array)


def axis_order(array: np.ndarray) -> list[int]:
    """The axes of an array from the slowest in memory to the fastest: they decide the last bit of its products."""
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis] or -math.inf)


def relaid(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """The array with its axes in that order in memory."""
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order)) if array.ndim > 1 else array


def jsonable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON keeps them (tuples become lists), dataclasses by their repr, other objects by their class."""
    return json.loads(json.dumps(settings, default=_told))


def _number(value: Any) -> Any:
    """A number of NumPy as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"expected settings that JSON can hold, got {value!r}")


def _told(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return repr(value) if dataclasses.is_dataclass(value) else type(value).__qualname__
