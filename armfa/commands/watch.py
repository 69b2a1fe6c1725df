"""`armfa watch`: a trained controller reaches for targets."""

from dataclasses import dataclass

from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.showing import Showing, center_out, open_run, show


@dataclass(frozen=True)
class Watch(Showing):
    """Watch a trained controller reach: a window, or an animation where there is no display."""


def watch(config: Watch, console: Console) -> None:
    """Show center-out reaches."""
    config = at_home(config)
    follower, caption = open_run(config)
    show(config, follower, caption, center_out(follower), console)
