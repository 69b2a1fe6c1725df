"""The text of an arm's file: TOML, with the unit of each constant beside it."""

import dataclasses
import json
from typing import Any

from armfa.plant.constants import fields_of

HEAD = """\
# SI units; angles in rad: shoulder from the x axis, elbow relative to the upper arm, flexion positive.
# A part that is left out (limits, activation_dynamics) is not there."""


def written(arm: Any) -> str:
    """An arm as TOML: its own constants, then a table for each of its parts, with `kind` its class."""
    values = {field.name: getattr(arm, field.name) for field in dataclasses.fields(arm)}
    parts = {name: value for name, value in values.items() if dataclasses.is_dataclass(value)}
    own = [line for line in _lines(arm) if not line.startswith("kind")]
    tables = [["", f"[{name}]", *_lines(part)] for name, part in parts.items()]
    return "\n".join([own[0], HEAD, *own[1:], *(line for table in tables for line in table)]) + "\n"


def _lines(part: Any) -> list[str]:
    """`name = value  # unit` of each constant; what is None is left out."""
    kinds, lines = fields_of(type(part)), [f'kind = "{type(part).__name__}"']
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if value is not None and not dataclasses.is_dataclass(value):
            unit = kinds[field.name][1].unit if field.name in kinds else ""
            lines.append(f"{field.name} = {_value(value)}{f'  # {unit}' if unit else ''}")
    return lines


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"expected constants that are numbers or words, got {type(value).__name__}: make them floats")
