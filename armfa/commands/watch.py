"""`armfa watch`: a trained controller reaches for targets, or does the task that it was trained in."""

from dataclasses import dataclass

from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.following import Follower
from armfa.commands.showing import Performer, Showing, center_out, open_policy, show


@dataclass(frozen=True)
class Watch(Showing):
    """Watch a trained controller reach: a window, or an animation where there is no display."""


def watch(config: Watch, console: Console) -> None:
    """Show center-out reaches, or trials of the task."""
    config = at_home(config)
    policy, caption = open_policy(config)
    if "task" in (policy.about or {}):
        performer = Performer(policy)
        return show(config, performer, caption, performer.targets(), console)
    follower = Follower(policy)
    show(config, follower, caption, center_out(follower), console)
