"""Watching a trained controller move the arm: in a window, or as an animation in a file where there is no display."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.console import Console
from rich.progress import track

from armfa.commands.following import TRAIL_TIME, Follower
from armfa.compiled.kernels import uncompiled
from armfa.controllers import Policy, load_policy
from armfa.controllers.shipped import FOLDER, shipped
from armfa.controllers.trees import tree_map
from armfa.envs.picture import picture
from armfa.experiments.arm.reaching import center_out_distance
from armfa.experiments.motor.movements import TRIALS, trials_of
from armfa.experiments.rules import spelt
from armfa.problems import problem_of
from armfa.rendering import Scene
from armfa.rendering.viewer import Window, draw_frame, import_pygame
from armfa.reports.film import FRAME_SIZE, FRAMES_PER_SECOND, check_film, write_film
from armfa.runs.display import say
from armfa.tasks import center_out_targets
from armfa.world.world import steps_of

STANDARD = "li_todorov/feedback-alignment"
"""The shipped controller that is shown where none is asked for."""
WINDOW_FRAME_TIME = 0.02
"""s of movement from one frame of a window to the next."""


@dataclass(frozen=True)
class Showing:
    """Whose controller is shown, and for how long."""

    run: tyro.conf.Positional[Path] = Path(STANDARD)
    """Folder that `armfa train` or `armfa learn` wrote, or the name of a controller that comes with armfa:
    ARM/feedback-alignment or ARM/backprop for each arm, and li_todorov/center-out."""
    rule: str = ""
    """Whose controller of the folder: backprop, feedback-alignment, shallow, ...; feedback-alignment, or the first
    there is, when not given."""
    seed: int = 0
    """Which network of the folder."""
    out: Path | None = None
    """Write the animation to this file (.gif or .mp4) instead of opening a window."""
    seconds: float = 12.0
    """Length of the animation, s; a window stays open until it is closed."""
    frame_size: int = FRAME_SIZE
    """Side of the animation, pixels."""
    frames_per_second: int = FRAMES_PER_SECOND
    """Of the animation."""

    def __post_init__(self) -> None:
        """Refuse what cannot be shown."""
        if not 0 < self.seconds < 3600:
            raise ValueError(f"expected --seconds above 0 and below 3600, got {self.seconds}")
        check_film(self.frame_size, self.frames_per_second, self.film)

    @property
    def film(self) -> Path | None:
        """The film that is to be written, where one was asked for."""
        return self.out


class Performer:
    """An arm whose controller does the task that it was trained in, trial after trial; a `Follower` too."""

    def __init__(self, policy: Policy):
        self.problem, self.policy = problem_of(policy.about or {}), policy
        self.world, self.dt = self.problem.world, self.problem.world.step_time
        self.number, self.steps, self.rng = -1, self.problem.steps, np.random.default_rng(0)

    def step(self, target: Any) -> None:
        """One time step; the target is the task's own matter. After the last one the next trial begins."""
        if self.steps == self.problem.steps:
            self.number, self.steps, self.memory = (self.number + 1) % TRIALS, 0, None
            trial = tree_map(lambda leaf: leaf[self.number : self.number + 1], trials_of(self.problem, TRIALS))
            self.moment = self.world.begin(trial, self._noise())
            self.trail = [self.world.hand(self.moment)[0]]
        self.memory, command = self.policy.step(self.memory, self.world.observe(self.moment))
        before = self.moment
        self.moment, outcome = self.world.step(before, command.astype(float), self._noise())
        self.taken = before, command, outcome
        self.error, self.steps = float(outcome.error[0]), self.steps + 1
        self.trail = [*self.trail[1 - self.steps_in(TRAIL_TIME) :], self.world.hand(self.moment)[0]]

    def targets(self) -> Iterator[Any]:
        """None, for ever."""
        return repeat(None)

    def steps_in(self, seconds: float) -> int:
        """Time steps in that time, at least one."""
        return steps_of(seconds, self.dt)

    def scene(self, target: Any, caption: str) -> Scene:
        """What it looks like now."""
        return picture(self.world, tree_map(lambda leaf: leaf[0], self.moment), error=self.error, trail=self.trail)

    def _noise(self) -> Any:
        return self.rng.standard_normal((1, self.world.normals)) if self.world.noise else None


def controller_file(config: Any) -> Path:
    """The file of the controller that was asked for by `run`, `rule` and `seed`, of a folder or shipped."""
    if is_shipped(config.run):
        if config.rule or config.seed:
            raise ValueError(
                f"expected --rule and --seed of a folder only, got them beside the shipped controller {config.run}; "
                f"there are {', '.join(shipped())}"
            )
        return FOLDER / f"{config.run.as_posix()}.npz"
    folder = config.run / "controllers"
    there = sorted(file.stem for file in folder.glob("*.npz"))
    if not there:
        todo = (
            "expected a folder that `armfa train` wrote and finished (armfa train --resume finishes one), or `armfa "
            "learn`, or `armfa compare --problem hand-velocity`"
        )
        raise FileNotFoundError(f"{config.run} holds no trained controllers: {todo}")
    rule = spelt(config.rule)
    if not rule:
        rules = [name.rpartition("_")[0] for name in there]
        rule = "feedback-alignment" if "feedback-alignment" in rules else rules[0]
    if (name := f"{rule}_{config.seed}") not in there:
        raise FileNotFoundError(f"no controller {name} in {config.run}; it holds {', '.join(there)}")
    return folder / f"{name}.npz"


def is_shipped(run: Path) -> bool:
    """Whether this is the name of a shipped controller, and no folder with controllers of its own."""
    return run.as_posix() in shipped() and not any((run / "controllers").glob("*.npz"))


def open_policy(config: Any) -> tuple[Policy, str]:
    """The controller that was asked for by `run`, `rule` and `seed`, of a folder or shipped, and its caption."""
    try:
        file = controller_file(config)
    except FileNotFoundError as error:
        if config.run.is_dir():
            raise
        raise FileNotFoundError(f"{error}; or the name of a shipped controller, {', '.join(shipped())}") from None
    name = file.stem if is_shipped(config.run) else file.stem.rpartition("_")[0]
    return load_policy(file), name.replace("-", " ")


def show(
    config: Showing,
    follower: Any,
    caption: str,
    targets: Iterator[Any],
    console: Console,
    desk: Any = None,
) -> None:
    """A window where there is a display and no file is asked for, otherwise an animation."""
    if config.out is None and has_display() and opens_windows():
        with uncompiled():  # the first frame comes at once
            in_window(follower, caption, targets, desk)
        return
    folder = config.run if config.run.is_dir() else Path()
    path = config.out or folder / ("watch.gif" if desk is None else "play.gif")
    path.parent.mkdir(parents=True, exist_ok=True)  # refused before anything is drawn
    if config.out is None:
        say(console, "no display here, so the animation goes to a file")
    frames = max(1, round(config.seconds * config.frames_per_second))
    film = moving(follower, caption, targets, frames, config.frame_size, config.frames_per_second)
    if console.is_terminal:
        film = track(film, "drawing", total=frames, console=console)
    with uncompiled():
        write_film(path, film, config.frames_per_second)
    say(console, path)


def has_display() -> bool:
    """Whether a window could be opened here."""
    if os.environ.get("SDL_VIDEODRIVER") == "dummy":
        return False
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def opens_windows() -> bool:
    """Whether SDL reaches the display: where it does not, as behind a dead DISPLAY, it draws into the void."""
    pygame = import_pygame()
    try:
        pygame.display.init()
        return pygame.display.get_driver() not in ("offscreen", "dummy", "evdev")
    except pygame.error:
        return False
    finally:
        pygame.display.quit()


def in_window(follower: Any, caption: str, targets: Iterator[Any], desk: Any = None) -> None:
    """Show the arm at real-time speed until the window is closed, or Ctrl-C is pressed in the terminal.

    desk : where there is one, the mouse leads the target, and it is told the keys that are pressed (`play.Desk`).
    """
    target = follower.center if desk else next(targets)  # where the hand is, until the mouse moves
    window = Window(caption=f"armfa: {caption}", frames_per_second=1 / WINDOW_FRAME_TIME)
    try:
        while not window.closed:
            for key in window.pressed() if desk else ():
                desk.press(key)
            for _ in range(0 if desk and desk.paused else follower.steps_in(WINDOW_FRAME_TIME)):
                if not desk:
                    target = next(targets)
                elif window.mouse is not None:
                    target = follower.workspace(window.mouse)
                follower.step(target)
            written = (desk.notes, desk.hints) if desk else ()
            window.show(follower.scene(target, caption, *written))
    except KeyboardInterrupt:
        pass  # nothing is lost: it is the other way to close a window
    finally:
        window.close()


def moving(
    follower: Any,
    caption: str,
    targets: Iterator[Any],
    frames: int,
    size: int = FRAME_SIZE,
    frames_per_second: int = FRAMES_PER_SECOND,
) -> Iterable[np.ndarray]:
    """The frames of an animation at real-time speed, (size, size, 3)."""
    target, steps = None, 0
    for number in range(frames):
        while steps < max(1, round((number + 1) / (frames_per_second * follower.dt))):
            target, steps = next(targets), steps + 1
            follower.step(target)
        yield draw_frame(follower.scene(target, caption), size)


def center_out(follower: Follower, hold: float = 0.9) -> Iterator[np.ndarray]:
    """Eight targets in a star-like order, each followed by the center; a target stays for `hold` seconds."""
    targets = center_out_targets(follower.center, center_out_distance(follower.arm))
    steps = round(hold / follower.dt)
    while True:
        for number in (0, 3, 6, 1, 4, 7, 2, 5):
            for target in (targets[number], follower.center):
                yield from [target] * steps
