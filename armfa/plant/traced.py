"""Settings whose numbers may be symbols: so a program is written down once for all arms and tasks of one kind."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from armfa.compiled.program import Bound, Program
from armfa.plant.constants import PerMuscle, PerTerm, fields_of, per_muscle


class Traced:
    """A frozen dataclass that programs are made from: methods run on its numbers, or on symbols for them."""

    def bound(self, made: Callable[..., Program], *settings: Any) -> Bound:
        """`made(these settings without numbers, *settings)` with these numbers.

        The program is made once for all settings that differ in numbers only.
        """
        key = made, settings
        if key not in self._bound:
            self._bound[key] = Bound(_program(made, blank(self), *settings), constants_of(self))
        return self._bound[key]

    @functools.cached_property
    def _bound(self) -> dict[Any, Bound]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """The settings; programs are made again where they arrive."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


@functools.lru_cache(maxsize=512)
def _program(made: Callable[..., Program], settings: Any, *more: Any) -> Program:
    return made(settings, *more)


def mapped(part: Any, change: Callable[..., Any], place: tuple = ()) -> Any:
    """The part with `change(place, value, per_muscle)` in place of each number (or of all the numbers per muscle).

    Parts within parts are changed too. place : the names and indices that lead to the constant. Nothing is checked.
    """
    if not dataclasses.is_dataclass(part):
        return part
    made = object.__new__(type(part))
    kinds = fields_of(type(part))
    for field in dataclasses.fields(part):
        value, here = getattr(part, field.name), (*place, field.name)
        if field.name in kinds and value is not None:
            value = _leaves(value, change, here, kinds[field.name][0])
        elif field.name not in kinds:
            value = mapped(value, change, here)
        object.__setattr__(made, field.name, value)
    return made


def symbolic(graph: Any, part: Any) -> Any:
    """The part with a symbol of the graph in place of each constant."""
    return mapped(part, lambda place, value, per_muscle: graph.constant(place, wide=per_muscle))


def constants_of(part: Any) -> dict[Any, Any]:
    """Every constant of a part by its place: what `symbolic` symbols stand for."""
    found: dict[Any, Any] = {}
    mapped(part, lambda place, value, per_muscle: found.setdefault(place, value))
    return found


def blank(part: Any) -> Any:
    """The part without its numbers: what is equal here shares programs and compiled code."""
    return mapped(part, lambda place, value, per_muscle: (0.0,) if per_muscle else 0.0)


def _leaves(value: Any, change: Callable[..., Any], place: tuple, kind: Any) -> Any:
    is_per_muscle = per_muscle(kind, value)
    if is_per_muscle or not (isinstance(value, tuple) or getattr(value, "ndim", 0)):
        return change(place, value, is_per_muscle)
    within = PerMuscle if kind == PerTerm else None
    return tuple(_leaves(x, change, (*place, i), within) for i, x in enumerate(value))
