"""The file of a sweep: a command, its settings, a grid, a list, and what is to be searched.

command = "learn"                    # train, learn, adapt or compare
show = ["end_error_cm"]              # columns of the table that are printed; the first few when not given

[settings]                           # flags of the command, the same for all
seeds = 5

[grid]                               # each combination of these
task = ["Reach", "CenterOut"]
rule = ["backprop-through-time", "rflo"]

[[list]]                             # and each of these beside: settings that go together
arm = "li_todorov"

[[list]]
arm = "kalidindi2021"
dt = 0.005

[tune]                               # with --tune: a search for each point of grid and list
minimize = "end_error_cm"            # a column of the table, averaged over its rows
trials = 20
together = 4                         # that run at once; the next ones are chosen by what they showed
seed = 0

[tune.settings]                      # other networks than those that are reported
first_seed = 1000
seeds = 2

[tune.space]                         # numbers between two, each on a logarithmic scale if `log`, or one of a list
rate = {low = 1e-4, high = 1e-1, log = true}
units = {low = 16, high = 128}
controller = ["rnn", "gru"]
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from armfa.commands.sweeping.commands import SWEPT

KEYS = {
    "": ("command", "show", "settings", "grid", "list", "tune"),
    "tune": ("minimize", "trials", "together", "seed", "settings", "space"),
}


class Range(NamedTuple):
    """Numbers from which a search takes one: whole ones where both ends are."""

    low: float
    high: float
    log: bool


class Tune(NamedTuple):
    """A search of settings; a space is a range, values, or a range for each layer."""

    minimize: str
    trials: int
    together: int
    seed: int
    settings: Mapping[str, Any]
    space: Mapping[str, Range | Sequence[Any]]


class Plan(NamedTuple):
    """What is in a file; a point is the settings of one call of the command."""

    command: str
    points: Sequence[Mapping[str, Any]]
    varied: Sequence[str]  # settings in which points differ
    show: Sequence[str]
    tune: Tune | None


def read_plan(path: Path) -> Plan:
    """The plan in a file; what is wrong is named."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
        return _plan(text)
    except FileNotFoundError:
        raise FileNotFoundError(f"expected a file with a sweep, and there is no {path}; `armfa sweep --help`") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _plan(text: Mapping[str, Any]) -> Plan:
    _known(text, KEYS[""], "")
    command = text.get("command", "")
    if command not in SWEPT:
        raise ValueError(f"expected command out of {', '.join(SWEPT)}, got {command!r}")
    same, grid = _settings(text, command, "settings"), _settings(text, command, "grid")
    for name, values in grid.items():
        if not isinstance(values, list) or not values:
            raise ValueError(f"expected a list of values for {name} in [grid], got {values!r}")
    tables = text.get("list", [{}])
    if not isinstance(tables, list) or not tables:
        raise ValueError("expected [[list]], each with settings that go together, got something else")
    beside = [_settings({"list": table}, command, "list") for table in tables]
    given = [*same, *grid, *dict.fromkeys(name for each in beside for name in each)]
    if twice := [name for name in given if given.count(name) > 1]:
        raise ValueError(f"expected each setting in one place, got {twice[0]} in two of [settings], [grid], [[list]]")
    points = [
        {**same, **dict(zip(grid, values)), **each} for values in product(*grid.values()) for each in beside
    ]  # fmt: skip
    if len({json.dumps(point, sort_keys=True) for point in points}) < len(points):
        raise ValueError("expected every point once: [grid] or [[list]] has one twice")
    show = text.get("show", [])
    if not isinstance(show, list) or not all(isinstance(name, str) for name in show):
        raise ValueError(f"expected show as a list of columns, got {show!r}")
    return Plan(command, points, given[len(same) :], show, _tune(text["tune"], command) if "tune" in text else None)


def _tune(text: Any, command: str) -> Tune:
    _known(text, KEYS["tune"], "tune")
    if not SWEPT[command].seed:
        raise ValueError(f"expected no [tune] for {command}, which searches rates by itself: tune = true in [settings]")
    if not isinstance(text.get("minimize"), str):
        raise ValueError("expected minimize in [tune], a column of the table, got none")
    counts = {"trials": text.get("trials", 20), "together": text.get("together", 4), "seed": text.get("seed", 0)}
    for name, value in counts.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < (name != "seed"):
            raise ValueError(
                f"expected {name} in [tune] as a whole number of at least {int(name != 'seed')}, got {value!r}"
            )
    settings, space = _settings(text, command, "settings", "tune."), _settings(text, command, "space", "tune.")
    if SWEPT[command].seed not in settings:
        raise ValueError(
            f"expected {SWEPT[command].seed} in [tune.settings]: settings are searched on other networks or trials "
            "than those that are reported"
        )
    if not space:
        raise ValueError("expected settings to search in [tune.space], got none")
    return Tune(text["minimize"], **counts, settings=settings, space={n: _space(n, each) for n, each in space.items()})


def _space(name: str, given: Any) -> Range | list[Any]:
    """A range, a list of values, or a list of ranges."""
    if isinstance(given, list) and given:
        return [_space(name, each) if isinstance(each, dict) else each for each in given]
    if isinstance(given, dict) and {"low", "high"} <= set(given) <= {"low", "high", "log"}:
        low, high, log = given["low"], given["high"], given.get("log", False)
        numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (low, high))
        if numbers and low < high and isinstance(log, bool) and (low > 0 or not log):
            return Range(low, high, log)
    raise ValueError(
        f"expected {name} in [tune.space] as a list of values or {{low = 0.1, high = 1.0, log = true}}, got {given!r}"
    )


def _settings(text: Mapping[str, Any], command: str, key: str, above: str = "") -> dict[str, Any]:
    """A table of settings, spelt as the fields of the command are."""
    table = text.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"expected a table [{above}{key}], got {table!r}")
    spelt = {name.replace("-", "_"): value for name, value in table.items()}
    _known(spelt, SWEPT[command].settings, f"{above}{key}")
    return spelt


def _known(table: Any, names: Sequence[str], place: str) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"expected a table [{place}], got {table!r}")
    for name in table:
        if name not in names:
            near = get_close_matches(name, names, 1)
            told = f"did you mean {near[0]}? " if near else ""
            raise ValueError(
                f"{name} is not known{f' in [{place}]' if place else ''}: {told}expected {', '.join(names)}"
            )
