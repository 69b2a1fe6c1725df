"""What the flags of several commands have in common."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from armfa.plant import make_arm
from armfa.plant.description import is_file
from armfa.runs.job import Scheduler
from armfa.runs.schedulers.processes import Processes

Command = TypeVar("Command", bound=Any)


def at_home(config: Command) -> Command:
    """The command with `~` in its paths as the home folder: a shell leaves `--out=~/run` as it is.

    Paths may be words, as a script writes them. The file of an arm becomes its text, so that a run goes on with the arm
    it was begun with, whatever becomes of the file.
    """
    values, hints = asdict(config), get_type_hints(type(config))
    names = [name for name, hint in hints.items() if hint is Path or Path in get_args(hint)]
    paths = {name: values[name] for name in names if values[name] is not None}
    settled: dict[str, Any] = {name: Path(path).expanduser() for name, path in paths.items()}
    if is_file(values.get("arm")):
        settled["arm"] = make_arm(values["arm"]).to_toml()
    return replace(config, **settled)


def at_least_one(config: Any, *names: str) -> None:
    """Refuse a command whose fields of these names are below 1 (None: not given)."""
    for name, value in asdict(config).items():
        values = value if isinstance(value, tuple) else (value,)
        if name in names and any(each is not None and each < 1 for each in values):
            raise ValueError(f"expected --{name.replace('_', '-')} of at least 1, got {value}")


def scheduler_of(config: Any) -> Scheduler:
    """Where the units of a command run: the cluster of its --scheduler, once it answers, or --processes here."""
    if not config.scheduler:
        return Processes(config.processes)
    from armfa.runs.schedulers.cluster import Cluster  # which needs Dask

    cluster = Cluster(config.scheduler)
    cluster.client().close()
    return cluster
