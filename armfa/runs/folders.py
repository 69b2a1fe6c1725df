"""Folders of `armfa train` and `armfa compare`: begun with their settings inside, and continued with those."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from rich.console import Console

from armfa.files import write_text
from armfa.runs.display import say

NOT_KEPT = ("out", "resume", "processes", "scheduler", "quiet", "frame_size", "frames_per_second", "tensorboard")
"""Fields that no number depends on."""

NO_FLAGS = ("extended",)
"""Fields that are kept in a folder and cannot be asked for."""


def begin(out: Path | None, name: str, settled: Any) -> Path:
    """A folder for a new run, with its settings in it: `out`, or runs/NAME-DATE-TIME."""
    folder = out or Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file: choose another --out")
    if (folder / "settings.json").exists():
        raise FileExistsError(
            f"{folder} already holds a run: continue it with --resume {folder}, or choose another --out"
        )
    rewrite(folder, settled)
    return folder


def rewrite(folder: Path, settled: Any) -> None:
    """Put these settings into a folder, all or nothing."""
    kept = {name: value for name, value in asdict(settled).items() if name not in NOT_KEPT}
    write_text(folder / "settings.json", json.dumps(kept, indent=1, default=str))


def begun(
    folder: Path,
    config: Any,
    missing: str,
    what: str,
    console: Console,
    check: Callable[[Any], None] = lambda found: None,
) -> Any:
    """The settings of a command with which the run in a folder was begun; what no number depends on is as now asked.

    They are told on the console.

    config : the command that continues it. missing, what : for the sentences that say that there is no run, or that
    its settings are damaged.
    """
    path = folder / "settings.json"
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds {missing}")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        found = replace(config, **checked(type(config), kept))
        check(found)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or not of this command ({error}): start a new {what}") from error
    if config.out is not None:
        raise ValueError(f"{folder} stays where it is: leave --out out beside --resume")
    refuse_other_flags(folder, config, found, NOT_KEPT)
    say(console, own_settings(folder, found, (*NOT_KEPT, *NO_FLAGS)))
    return found


def continued(config: Any, command: str, what: str, not_kept: Sequence[str], grows: Sequence[str]) -> Any:
    """The settings with which a command began its folder `out`, where it goes on or redraws; None where it begins one.

    They lie in COMMAND.json. what : what the folder holds, for a sentence. not_kept : fields that no number depends on.
    grows : fields to which more may come.
    """
    path = config.out / f"{command}.json"
    if not (config.resume or config.redraw):
        if any((config.out / "runs").glob("*/*.json")):
            raise FileExistsError(f"{config.out} already holds runs: pass --resume to go on, or choose another --out")
        return None
    if not path.exists():
        raise FileNotFoundError(f"{config.out} holds no {what}: expected a folder that `armfa {command}` wrote")
    try:
        kept = json.loads(path.read_text("utf-8"))
        kept = {name: value for name, value in kept.items() if name not in not_kept} if isinstance(kept, dict) else kept
        found = replace(config, **checked(type(config), kept))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}): begin anew with another --out") from error
    refuse_other_flags(config.out, config, found, (*not_kept, *grows))
    return found


def checked(kind: type, kept: Any) -> dict[str, Any]:
    """Fields of a command that were read from a file, once they are what the command takes."""
    if not isinstance(kept, dict):
        raise ValueError("it holds no settings")
    hints = get_type_hints(kind)
    if other := set(kept) - set(hints):
        raise ValueError(f"it has {', '.join(sorted(other))}, as another command's folder has")
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    for name, value in settings.items():
        if isinstance(value, str) and Path in (hints[name], *get_args(hints[name])):
            settings[name] = value = Path(value)
        if not _is_of(value, hints[name]):
            raise ValueError(f"expected {name} of another kind, got {value!r}")
    return settings


def _is_of(value: Any, hint: Any) -> bool:
    """Whether a value is of a type as fields of commands have it."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_is_of(each, get_args(hint)[0]) for each in value)
    if get_origin(hint) in (Union, UnionType):
        return any(_is_of(value, each) for each in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))


def refuse_other_flags(folder: Path, config: Any, begun: Any, besides: Sequence[str]) -> None:
    """A folder goes on with the settings it was begun with: flags that ask for others are refused, not dropped."""
    asked, settled = asdict(config), asdict(begun)
    for field in fields(config):
        given, own = asked[field.name], settled[field.name]
        if field.name not in besides and given not in (field.default, own):
            flag = f"--{field.name.replace('_', '-')}"
            raise ValueError(
                f"{folder} was begun with {flag} {_written(own)} and goes on with its own settings: leave {flag} out, "
                "or begin anew elsewhere"
            )


def own_settings(folder: Path, config: Any, besides: Sequence[str]) -> str:
    """A sentence that says with which settings a folder goes on: those that are not the defaults."""
    kept = {field.name: field.default for field in fields(config) if field.name not in besides}
    own = {name: value for name, value in asdict(config).items() if name in kept and value != kept[name]}
    told = [f"--{name.replace('_', '-')} {_written(value)}" for name, value in own.items()]
    return f"{folder} goes on with its own settings: {', '.join(told) or 'the defaults'}"


def _written(value: Any) -> str:
    """A value as the command line writes it; of a text of several lines the first."""
    if isinstance(value, str) and "\n" in value:
        return f"({value.splitlines()[0]}, ...)"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
