"""`armfa watch`: a trained controller reaches for targets, or does the task that it was trained in."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.following import Follower
from armfa.commands.replaying import recorded, write_page
from armfa.commands.showing import Performer, Showing, center_out, open_policy, show
from armfa.runs.display import say


@dataclass(frozen=True)
class Watch(Showing):
    """Watch a trained controller reach: a window, or an animation where there is no display."""

    html: bool = False
    """Write a page to be opened in a browser, one file: the movement with a scrubber, the hand's path, the muscles'
    activations, and the hidden units by preferred direction; --out names the file, else it is watch.html."""

    def __post_init__(self) -> None:
        """Refuse what cannot be shown."""
        if self.html and self.out is not None and self.out.suffix.lower() != ".html":
            raise ValueError(f"expected --out as a file that ends in .html beside --html, got {self.out}")
        super().__post_init__()

    @property
    def film(self) -> Path | None:
        """The film that is to be written."""
        return None if self.html else self.out


def watch(config: Watch, console: Console) -> None:
    """Show center-out reaches, or trials of the task."""
    config = at_home(config)
    policy, caption = open_policy(config)
    if "task" in (policy.about or {}):
        follower = Performer(policy)
        targets = follower.targets()
    else:
        follower = Follower(policy)
        targets = center_out(follower)
    if not config.html:
        return show(config, follower, caption, targets, console)
    path = config.out or (config.run if config.run.is_dir() else Path()) / "watch.html"
    frames = max(1, round(config.seconds * config.frames_per_second))
    write_page(path, recorded(follower, caption, targets, frames, config.frames_per_second))
    say(console, path)
