"""`armfa play`: a trained controller follows the mouse."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.showing import Follower, Showing, open_run, show
from armfa.experiments.arm.reaching import center_out_distance


@dataclass(frozen=True)
class Play(Showing):
    """Lead the target with the mouse while the trained arm follows; Escape ends it."""

    out: Path | None = None
    """Write an animation of a wandering target to this file (.gif or .mp4) instead of opening a window."""


def play(config: Play, console: Console) -> None:
    """Follow the mouse, or a wandering target where there is no window."""
    config = at_home(config)
    follower, caption = open_run(config)
    if not isinstance(follower, Follower):
        raise ValueError(f"expected a controller that follows a target, and {config.run} has one of a task: watch it")
    show(config, follower, caption, wandering(follower), console, mouse=True)


def wandering(follower: Follower, period: float = 4.0) -> Iterator[np.ndarray]:
    """A target that runs along a lying eight, as wide as two center-out reaches, once every `period` seconds."""
    step_number, size = 0, center_out_distance(follower.arm)
    while True:
        phase = 2 * np.pi * step_number * follower.dt / period
        yield follower.center + size * np.array([np.sin(phase), 0.5 * np.sin(2 * phase)])
        step_number += 1
