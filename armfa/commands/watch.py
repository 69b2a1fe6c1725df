"""`armfa watch`: a trained controller makes center-out reaches, for as long as one likes, or does its own task."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.following import Follower
from armfa.commands.recording import recorded
from armfa.commands.replaying import replayed, write_page
from armfa.commands.showing import Performer, Showing, center_out, open_policy, show
from armfa.reports.tables import check_csv, write_columns
from armfa.runs.display import say


@dataclass(frozen=True)
class Watch(Showing):
    """Watch a trained controller reach: a window, or an animation where there is no display."""

    table: Path | None = None
    """Write --seconds of movement to this file (.csv) instead of showing them: a row per time step, with joints, hand,
    and each muscle's length, velocity, force and activation. Units are in the names of the columns."""
    html: bool = False
    """Write a page to be opened in a browser, one file: the movement with a scrubber, the hand's path, the muscles'
    activations, and the hidden units by preferred direction; --out names the file, else it is watch.html."""

    def __post_init__(self) -> None:
        """Refuse what cannot be written."""
        if self.html and self.out is not None and self.out.suffix.lower() != ".html":
            raise ValueError(f"expected --out as a file that ends in .html beside --html, got {self.out}")
        super().__post_init__()

    @property
    def film(self) -> Path | None:
        """The film that is to be written."""
        return None if self.html else self.out


def watch(config: Watch, console: Console) -> None:
    """Show the arm, or write what it does."""
    config = at_home(config)
    if config.table is not None:
        check_csv("--table", config.table)
        if config.html or config.out is not None:
            raise ValueError("expected --table, or --out or --html, got both: the one writes numbers, the other shows")
    policy, caption = open_policy(config)
    if "task" in (policy.about or {}):
        shown: Any = Performer(policy)
        targets = shown.targets()
    else:
        shown = Follower(policy)
        targets = center_out(shown)
    if config.table is not None:
        write_columns(config.table, recorded(shown, targets, shown.steps_in(config.seconds)))
        say(console, config.table)
    elif config.html:
        path = config.out or (config.run if config.run.is_dir() else Path()) / "watch.html"
        frames = max(1, round(config.seconds * config.frames_per_second))
        write_page(path, replayed(shown, caption, targets, frames, config.frames_per_second))
        say(console, path)
    else:
        show(config, shown, caption, targets, console)
