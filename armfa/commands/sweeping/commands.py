"""The commands that a sweep runs: their units of work, and the rows of a table that their runs give."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from armfa.commands import adapt, compare, learn, longer, train
from armfa.commands.flags import at_home
from armfa.experiments.rules import anywhere, listed
from armfa.runs.code import code_version
from armfa.runs.folders import NOT_KEPT, checked
from armfa.runs.unit import Run, Sweep


class Swept(NamedTuple):
    """A command as a sweep runs it."""

    kind: type  # its settings
    sweep: Callable[[Any], Sweep]  # its units; what cannot be is refused
    rows: Callable[[Any, Sequence[Run]], list[dict[str, Any]]]  # of its table
    seed: str = "first_seed"  # the setting that makes other networks or trials; none where it has none

    @property
    def settings(self) -> list[str]:
        """What a file may set."""
        none = {*NOT_KEPT, "extended", "no_oracle"}
        return [field.name for field in fields(self.kind) if field.name not in none]


def _train(config: train.Train) -> Sweep:
    config = replace(config, updates=config.updates or train.UPDATES, rules=_anywhere(config.rules))
    train.try_rules(config.settings)
    return longer.sweep(config.settings)._replace(keeps=False)


def _compare(config: compare.Compare) -> Sweep:
    config = replace(config, rules=_anywhere(",".join(config.names)))
    _checked(replace(config, seeds=1))
    return compare.sweep(config)


@cache
def _checked(config: compare.Compare) -> None:
    """Rules that fit one number of seeds fit all."""
    compare.check(config)


def _anywhere(rules: str) -> str:
    return ",".join(anywhere(name) for name in listed(rules))


SWEPT: Mapping[str, Swept] = {
    "train": Swept(train.Train, _train, train.sweep_rows),
    "learn": Swept(learn.Learn, learn.sweep, learn.sweep_rows),
    "adapt": Swept(adapt.Adapt, adapt.sweep, adapt.sweep_rows, "trial_seed"),
    "compare": Swept(compare.Compare, _compare, compare.sweep_rows, ""),
}


class Point(NamedTuple):
    """One call of a command: its settings, and its units, which lie in runs/CODE/POINT."""

    given: Mapping[str, Any]  # as the file has them
    config: Any
    sweep: Sweep
    rows: Callable[[Any, Sequence[Run]], list[dict[str, Any]]]

    @classmethod
    def of(cls, command: str, given: Mapping[str, Any]) -> "Point":
        """The point of these settings; what cannot be is refused, with its settings."""
        swept = SWEPT[command]
        try:
            config = at_home(swept.kind(**checked(swept.kind, _lists(given))))
            sweep = swept.sweep(config)
        except (ValueError, TypeError, OSError) as error:
            raise ValueError(f"{told(given)}: {error}") from error
        content = json.dumps(asdict(sweep.settings), sort_keys=True, default=str)
        digest = hashlib.sha256(f"{command} {content}".encode()).hexdigest()[:12]
        return cls(given, config, sweep._replace(name=f"{code_version()}/{digest}"), swept.rows)

    @property
    def columns(self) -> dict[str, Any]:
        """All its settings, as a table has them."""
        kept = {name: value for name, value in asdict(self.config).items() if name not in (*NOT_KEPT, "extended")}
        return {
            name: " ".join(map(str, value))
            if isinstance(value, tuple)
            else str(value)
            if isinstance(value, Path)
            else value
            for name, value in kept.items()
        }


def _lists(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def told(settings: Mapping[str, Any]) -> str:
    """Settings in a row."""
    return ", ".join(f"{name} = {value}" for name, value in settings.items()) or "the defaults"
