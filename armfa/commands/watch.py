"""`armfa watch`: a trained controller reaches for targets, or does the task that it was trained in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.following import Follower
from armfa.commands.recording import recorded
from armfa.commands.showing import Performer, Showing, center_out, open_policy, show
from armfa.reports.tables import check_csv, write_columns
from armfa.runs.display import say


@dataclass(frozen=True)
class Watch(Showing):
    """Watch a trained controller reach: a window, or an animation where there is no display."""

    table: Path | None = None
    """Write --seconds of movement to this file (.csv) instead of showing them: a row per time step, with joints, hand,
    and each muscle's length, velocity, force and activation. Units are in the names of the columns."""

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        super().__post_init__()
        if self.table is not None:
            check_csv("--table", Path(self.table))
            if self.out is not None:
                raise ValueError("expected --table or --out, got both: the one writes numbers, the other an animation")


def watch(config: Watch, console: Console) -> None:
    """Show center-out reaches, or trials of the task."""
    config = at_home(config)
    policy, caption = open_policy(config)
    if "task" in (policy.about or {}):
        shown: Any = Performer(policy)
        targets = shown.targets()
    else:
        shown = Follower(policy)
        targets = center_out(shown)
    if config.table is None:
        return show(config, shown, caption, targets, console)
    write_columns(config.table, recorded(shown, targets, shown.steps_in(config.seconds)))
    say(console, config.table)
