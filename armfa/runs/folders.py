"""Folders of `armfa train` and `armfa compare`: begun with their settings inside, and continued with those."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rich.console import Console

from armfa.files import write_text

NOT_KEPT = ("out", "resume", "processes")
"""Fields that no number depends on."""


def begin(out: Path | None, name: str, settled: Any) -> Path:
    """A folder for a new run, with its settings in it: `out`, or runs/NAME-DATE-TIME."""
    folder = out or Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: choose another --out")
    if (folder / "settings.json").exists():
        raise FileExistsError(
            f"{folder} already holds a run: continue it with --resume {folder}, or choose another --out"
        )
    kept = {name: value for name, value in asdict(settled).items() if name not in NOT_KEPT}
    write_text(folder / "settings.json", json.dumps(kept, indent=1))
    return folder


def begun(
    folder: Path,
    config: Any,
    missing: str,
    what: str,
    console: Console,
    check: Callable[[Any], None] = lambda found: None,
) -> Any:
    """The settings of a command with which the run in a folder was begun; its `processes` are those that continue it.

    They are told on the console.

    config : the command that continues it. missing, what : for the sentences that say that there is no run, or that
    its settings are damaged.
    """
    kind = type(config)
    path = folder / "settings.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds {missing}")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(kept, dict):
            raise ValueError("it holds no settings")
        settings = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
        if other := set(settings) - {field.name for field in fields(config)}:
            raise ValueError(f"it has {', '.join(sorted(other))}, as another command's folder has")
        found = kind(**settings, processes=config.processes)
        check(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or not of this command ({error}): start a new {what}") from error
    if config.out is not None:
        raise ValueError(f"{folder} stays where it is: leave --out out beside --resume")
    refuse_other_flags(folder, config, found, NOT_KEPT)
    console.print(own_settings(folder, found, NOT_KEPT), highlight=False, markup=False)
    return found


def refuse_other_flags(folder: Path, config: Any, begun: Any, besides: Sequence[str]) -> None:
    """A folder goes on with the settings it was begun with: flags that ask for others are refused, not dropped."""
    asked, settled = asdict(config), asdict(begun)
    for field in fields(config):
        given, own = asked[field.name], settled[field.name]
        if field.name not in besides and given not in (field.default, own):
            flag = f"--{field.name.replace('_', '-')}"
            raise ValueError(
                f"{folder} was begun with {flag} {own} and goes on with its own settings: leave {flag} out, "
                "or begin anew elsewhere"
            )


def own_settings(folder: Path, config: Any, besides: Sequence[str]) -> str:
    """A sentence that says with which settings a folder goes on: those that are not the defaults."""
    kept = {field.name: field.default for field in fields(config) if field.name not in besides}
    own = {name: value for name, value in asdict(config).items() if name in kept and value != kept[name]}
    told = [f"--{name.replace('_', '-')} {value}" for name, value in own.items()]
    return f"{folder} goes on with its own settings: {', '.join(told) or 'the defaults'}"
