"""Checks that the flags of several commands have in common."""

from dataclasses import asdict
from typing import Any


def at_least_one(config: Any, *names: str) -> None:
    """Refuse a command whose fields of these names are below 1 (None: not given)."""
    for name, value in asdict(config).items():
        if name in names and value is not None and value < 1:
            raise ValueError(f"expected --{name.replace('_', '-')} of at least 1, got {value}")
