"""What the flags of several commands have in common."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Any)


def at_home(config: Command) -> Command:
    """The command with `~` in its paths as the home folder: a shell leaves `--out=~/run` as it is."""
    paths = {name: value for name, value in asdict(config).items() if isinstance(value, Path)}
    return replace(config, **{name: path.expanduser() for name, path in paths.items()})


def at_least_one(config: Any, *names: str) -> None:
    """Refuse a command whose fields of these names are below 1 (None: not given)."""
    for name, value in asdict(config).items():
        if name in names and value is not None and value < 1:
            raise ValueError(f"expected --{name.replace('_', '-')} of at least 1, got {value}")
