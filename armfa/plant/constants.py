"""Constants of an arm: checked where they are made, and turned into symbols or arrays where they are used.

A part of an arm is a frozen dataclass whose fields say their shape, their unit and what they may be:

    mass: Annotated[Pair, positive("kg")]

Lists and NumPy arrays become tuples of floats, so that every part is hashable. Arrays of JAX and torch are taken as
they are, so that constants can be differentiated by.
"""

import dataclasses
import functools
import math
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np

if TYPE_CHECKING:  # where the equations run, symbols and arrays stand in place of the numbers
    Pair = Triple = Matrix = PerMuscle = PerTerm = Value = Any
else:
    Pair = tuple[float, float]
    Triple = tuple[float, float, float]
    Matrix = tuple[Pair, Pair]
    PerMuscle = tuple[float, ...]
    PerTerm = tuple[PerMuscle, ...]
    """A row of one number per muscle for each term of a sum."""
    Value = float | PerMuscle
    """One number for all muscles, or one per muscle."""


class Expected(NamedTuple):
    """What a constant may be."""

    unit: str
    words: str = "a finite number"
    holds: Callable[[float], bool] = lambda x: True


def number(unit: str = "") -> Expected:
    """Any finite number."""
    return Expected(unit)


def positive(unit: str = "") -> Expected:
    """A finite number above 0."""
    return Expected(unit, "above 0", lambda x: x > 0)


def not_negative(unit: str = "") -> Expected:
    """A finite number of at least 0."""
    return Expected(unit, "of at least 0", lambda x: x >= 0)


def negative(unit: str = "") -> Expected:
    """A finite number below 0."""
    return Expected(unit, "below 0", lambda x: x < 0)


def angle() -> Expected:
    """An angle; whoever means degrees is told."""
    return Expected("rad", "between -2 pi and 2 pi (radians, not degrees)", lambda x: abs(x) <= 2 * math.pi)


class Constants:
    """A part of an arm: what its annotations promise is checked when it is made."""

    def __post_init__(self) -> None:
        """Brings every field into its shape, and refuses what it cannot be, by name, expectation and value."""
        sizes = {}
        for name, (kind, expected) in fields_of(type(self)).items():
            value = _fitted(kind, getattr(self, name), expected, f"{type(self).__name__}.{name}")
            object.__setattr__(self, name, value)
            sizes |= muscle_counts(kind, value, name)
        if len(set(sizes.values())) > 1:
            raise ValueError(f"{type(self).__name__}: expected one value per muscle in each field, got {sizes} values")


@functools.cache
def fields_of(part: type) -> dict[str, tuple[Any, Expected]]:
    """The constants of a kind of part: name -> shape and what it may be. Names, words and parts are left out."""
    hints = get_type_hints(part, include_extras=True)
    found = {}
    for field in dataclasses.fields(part):  # type: ignore[arg-type]
        hint = hints[field.name]
        kind, expected = get_args(hint)[:2] if get_origin(hint) is Annotated else (hint, number())
        if _numbers(kind):
            found[field.name] = kind, expected
    return found


def plain(*values: Any) -> bool:
    """Whether these are Python's numbers; arrays of JAX and torch, whose values may be unknown, are not."""
    return all(plain(*x) if isinstance(x, tuple) else isinstance(x, float) for x in values)


def per_muscle(kind: Any, value: Any) -> bool:
    """Whether a constant has one value per muscle."""
    if kind == Value:
        return isinstance(value, tuple) or getattr(value, "ndim", 0) == 1
    return kind == PerMuscle


def muscle_counts(kind: Any, value: Any, name: str) -> dict[str, int]:
    """How many muscles a constant is for, by its name (or by those of its rows); empty where it is not per muscle."""
    if kind == PerTerm:
        return {f"{name}[{i}]": len(row) for i, row in enumerate(value)}
    return {name: len(value)} if per_muscle(kind, value) else {}


def _numbers(kind: Any) -> bool:
    """Whether a field's shape is made of numbers."""
    if kind is float:
        return True
    parts = [x for x in get_args(kind) if x is not Ellipsis and x is not type(None)]
    return bool(parts) and get_origin(kind) in (tuple, Union, types.UnionType) and all(_numbers(x) for x in parts)


def _fitted(kind: Any, value: Any, expected: Expected, name: str) -> Any:
    """The value in this shape: floats and tuples; arrays of JAX and torch as they are."""
    if get_origin(kind) in (Union, types.UnionType):
        options = [x for x in get_args(kind) if x is not type(None)]
        if value is None and len(options) < len(get_args(kind)):
            return None
        several = isinstance(value, tuple | list) or getattr(value, "ndim", 0) > 0
        kind = next(x for x in options if len(options) == 1 or (x is not float) == several)
    if hasattr(value, "dtype") and not isinstance(value, np.ndarray | np.generic):
        return value
    if kind is float:
        return _number(value, expected, name)
    parts = get_args(kind)
    if not isinstance(value, tuple | list | np.ndarray) or getattr(value, "ndim", 1) == 0:
        raise ValueError(f"{name}: expected {_words(kind)}{_unit(expected)}, got {value!r}")
    if len(parts) == 2 and parts[1] is Ellipsis:
        parts = (parts[0],) * len(value)
    if len(value) != len(parts) or not len(value):
        raise ValueError(f"{name}: expected {_words(kind)}{_unit(expected)}, got {len(value)} values: {value!r}")
    return tuple(_fitted(each, x, expected, f"{name}[{i}]") for i, (each, x) in enumerate(zip(parts, value)))


def _number(value: Any, expected: Expected, name: str) -> float:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    known = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    try:
        number = float(value) if known else math.nan  # type: ignore[arg-type]
    except OverflowError:  # a whole number beyond the range of floats
        number = math.inf
    if not math.isfinite(number) or not expected.holds(number):
        raise ValueError(f"{name}: expected {expected.words}{_unit(expected)}, got {value!r}")
    return number


def _unit(expected: Expected) -> str:
    return f", {expected.unit}" if expected.unit else ""


def _words(kind: Any) -> str:
    """The shape in words."""
    parts = get_args(kind)
    if kind == PerMuscle:
        return "one number per muscle"
    if len(parts) == 2 and parts[1] is Ellipsis:
        return f"a list of {_words(parts[0])}"
    return f"{len(parts)} numbers" if all(x is float for x in parts) else f"{len(parts)} times {_words(parts[0])}"
