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
        values = value if isinstance(value, tuple) else (value,)
        if name in names and any(each is not None and each < 1 for each in values):
            raise ValueError(f"expected --{name.replace('_', '-')} of at least 1, got {value}")
