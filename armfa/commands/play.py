"""`armfa play`: a trained controller follows the mouse, and keys change the laboratory around it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from armfa.commands.flags import at_home
from armfa.commands.following import Field, Follower, Laboratory
from armfa.commands.showing import Showing, open_policy, show
from armfa.experiments.arm.reaching import center_out_distance

FIELDS = ("none", "curl", "viscous")
STRENGTH_STEP, STRENGTHS = 3.0, (1.0, 40.0)
"""N s/m: what a key changes of a field, and how weak and strong it may become."""
TURN, LARGEST_TURN = 15.0, 90.0
"""degrees"""
NOISES = (0.0, 0.2, 0.5, 1.0)
DELAYS = (0.0, 0.05, 0.1, 0.15)
"""s"""
KEY_LINE = "f ↑↓ field   ←→ turn   n noise   d delay   r reset   space pause   h help"
HELP = (
    "move the mouse: the target follows it",
    "f: force field off, curl, viscous",
    "up, down: a stronger, weaker field",
    "left, right: what is seen turns by 15\N{DEGREE SIGN}",
    "n: motor noise      d: visual delay",
    "r: all off, and back to the centre",
    "space: pause      h: less help      Esc: end",
)


@dataclass(frozen=True)
class Play(Showing):
    """Lead the target with the mouse while a trained arm follows; keys change the laboratory.

    f: force field (off, curl, viscous); up, down: its strength; left, right: turn what the controller sees; n: motor
    noise; d: visual delay; r: all off, and back to the centre; space: pause; h: help; Escape: end.
    """

    out: Path | None = None
    """Write an animation of a wandering target to this file (.gif or .mp4) instead of opening a window."""
    field: Field | None = None
    """A force field on the hand at the start; that in which the controller was trained when not given, as below."""
    field_strength: float | None = None
    """N s/m."""
    rotation: float | None = None
    """degrees by which the hand is seen turned about the centre, counter-clockwise."""
    motor_noise: float | None = None
    """Standard deviation of the commands, as a share of them."""
    visual_delay: float | None = None
    """s, whole time steps, by which hand and target are seen late."""


def play(config: Play, console: Console) -> None:
    """Follow the mouse, or a wandering target where there is no window."""
    config = at_home(config)
    policy, caption = open_policy(config)
    follower = Follower(policy)
    if not follower.follows():
        raise ValueError(f"expected a controller that follows a target, and {config.run} has one of a task: watch it")
    names = ("field", "field_strength", "rotation", "motor_noise", "visual_delay")
    asked = {name: value for name in names if (value := vars(config)[name]) is not None}
    follower.start(replace(follower.laboratory, **asked))
    show(config, follower, caption, wandering(follower), console, Desk(follower))


class Desk:
    """What the keys have set."""

    def __init__(self, follower: Follower):
        self.follower, self.paused, self.help = follower, False, False

    def press(self, key: str) -> None:
        """Do what a key stands for; nothing for another key."""
        if key == "space":
            self.paused = not self.paused
        elif key == "h":
            self.help = not self.help
        elif key == "r":
            self.follower.start(Laboratory())
        elif key in KEYS:
            self.follower.change(KEYS[key](self.follower.laboratory, self.follower.world.simulator.dt))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is written below the settings."""
        return ("paused",) if self.paused else ()

    @property
    def hints(self) -> tuple[str, ...]:
        """What is written about the keys."""
        return HELP if self.help else (KEY_LINE,)


def stronger(laboratory: Laboratory, by: float) -> Laboratory:
    """The field changed by so much, N s/m."""
    return replace(laboratory, field_strength=float(np.clip(laboratory.field_strength + by, *STRENGTHS)))


def turned(laboratory: Laboratory, by: float) -> Laboratory:
    """What is seen turned further by so much, degrees."""
    return replace(laboratory, rotation=float(np.clip(laboratory.rotation + by, -LARGEST_TURN, LARGEST_TURN)))


def later(laboratory: Laboratory, dt: float) -> Laboratory:
    """The next visual delay, in whole steps."""
    delays = [round(delay / dt) * dt for delay in DELAYS]
    return replace(laboratory, visual_delay=following(delays, laboratory.visual_delay))


def following(values: Sequence[Any], value: Any) -> Any:
    """The value after this one, and after the last, or one that is not among them, the first."""
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]


KEYS: dict[str, Callable[[Laboratory, float], Laboratory]] = {
    "f": lambda now, dt: replace(now, field=following(FIELDS, now.field)),
    "up": lambda now, dt: stronger(now, STRENGTH_STEP),
    "down": lambda now, dt: stronger(now, -STRENGTH_STEP),
    "left": lambda now, dt: turned(now, TURN),
    "right": lambda now, dt: turned(now, -TURN),
    "n": lambda now, dt: replace(now, motor_noise=following(NOISES, now.motor_noise)),
    "d": later,
}
"""What keys do to the laboratory, whose time step is dt, s."""


def wandering(follower: Follower, period: float = 4.0) -> Iterator[np.ndarray]:
    """A target that runs along a lying eight, as wide as two center-out reaches, once every `period` seconds."""
    step_number, size = 0, center_out_distance(follower.arm)
    while True:
        phase = 2 * np.pi * step_number * follower.dt / period
        yield follower.center + size * np.array([np.sin(phase), 0.5 * np.sin(2 * phase)])
        step_number += 1
