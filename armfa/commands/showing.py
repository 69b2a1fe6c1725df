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

from armfa.controllers import Policy, load_policy
from armfa.controllers.trees import tree_map
from armfa.envs.picture import picture
from armfa.experiments.arm.reaching import Steering, at_rest, center_out_distance
from armfa.experiments.motor.movements import TRIALS, trials_of
from armfa.experiments.rules import spelt
from armfa.plant import Arm, Simulator, hand_position, inverse_kinematics
from armfa.plant.description import arm_from
from armfa.problems import problem_of
from armfa.problems.hand_velocity import one_step
from armfa.rendering import Scene, arm_scene
from armfa.rendering.viewer import Window, draw_frame, import_pygame
from armfa.reports.film import FRAME_SIZE, FRAMES_PER_SECOND, check_film, write_film
from armfa.runs.display import say
from armfa.tasks import HandVelocity, center_out_targets
from armfa.world import World
from armfa.world.world import steps_of

TRAIL_TIME = 0.8
"""s of the hand's path that are drawn."""
TARGET_RADIUS = 0.01
"""m"""
WINDOW_FRAME_TIME = 0.02
"""s of movement from one frame of a window to the next."""


@dataclass(frozen=True)
class Showing:
    """Whose controller is shown, and for how long."""

    run: tyro.conf.Positional[Path]
    """Folder that `armfa train` or `armfa learn` wrote."""
    rule: str = ""
    """Whose controller: backprop, feedback-alignment, shallow, ...; feedback-alignment, or the first there is, when not
    given."""
    seed: int = 0
    """Which of its networks."""
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
        check_film(self.frame_size, self.frames_per_second, self.out)


class Follower:
    """An arm whose controller follows a target that may be moved at any time."""

    def __init__(self, policy: Policy, steering: Steering | None = None):
        about = policy.about or {}
        if missing := [name for name in ("arm", "dt", "integrator") if name not in about]:
            raise ValueError(
                f"expected a controller that says what it moves, and there is no {', '.join(missing)} in what it says "
                "about itself: make it with HandVelocityProblem.policy(...)"
            )
        self.arm: Arm = arm_from(about["arm"])
        self.dt = about["dt"]
        self.world = World(Simulator(self.arm, self.dt, about["integrator"]), HandVelocity())
        self.policy, self.steering = policy, steering or Steering.of(self.arm)
        self.center = hand_position(self.arm, np.asarray(self.arm.center_posture))
        self.moment = one_step(self.world, at_rest(self.arm, self.center), np.zeros(2))
        self.time, self.trail = 0.0, [self.center]
        self.desired = np.zeros(2)

    def workspace(self, target: np.ndarray) -> np.ndarray:
        """The target, or the place near it that the hand can take in a posture that the networks were trained in."""
        posture = inverse_kinematics(self.arm, np.asarray(target, dtype=float), clip=True)
        low, high = np.transpose(self.arm.joint_range)
        return hand_position(self.arm, np.clip(posture, low, high))

    def step(self, target: np.ndarray) -> None:
        """One time step toward a target (2,), m."""
        hand = self.world.hand(self.moment)
        self.desired = self.steering.toward(np.asarray(target, dtype=np.float32))(self.time, hand)
        command = self.policy(self.world.task.observe(self.arm, self.moment.arm, self.desired))
        self.moment, _ = self.world.step(self.moment, command)
        self.time += self.dt
        self.trail = [*self.trail[1 - self.steps_in(TRAIL_TIME) :], self.world.hand(self.moment)]

    def steps_in(self, seconds: float) -> int:
        """Time steps in that time, at least one."""
        return steps_of(seconds, self.dt)

    def scene(self, target: np.ndarray, caption: str) -> Scene:
        """What it looks like now."""
        return arm_scene(
            self.arm, self.moment.arm, target=target, target_radius=TARGET_RADIUS, desired_velocity=self.desired,
            trail=self.trail, time=self.time, caption=caption,
        )  # fmt: skip


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
        self.moment, outcome = self.world.step(self.moment, command.astype(float), self._noise())
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
    """The file of the controller that was asked for by `run`, `rule` and `seed`."""
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


def open_run(config: Showing) -> tuple[Any, str]:
    """The controller that was asked for, and its caption."""
    file = controller_file(config)
    policy = load_policy(file)
    follower = Performer(policy) if "task" in (policy.about or {}) else Follower(policy)
    return follower, file.stem.rpartition("_")[0].replace("-", " ")


def show(
    config: Showing,
    follower: Any,
    caption: str,
    targets: Iterator[Any],
    console: Console,
    mouse: bool = False,
) -> None:
    """A window where there is a display and no file is asked for, otherwise an animation."""
    if config.out is None and has_display() and opens_windows():
        in_window(follower, caption, targets, mouse)
        return
    path = config.out or config.run / ("play.gif" if mouse else "watch.gif")
    path.parent.mkdir(parents=True, exist_ok=True)  # refused before anything is drawn
    if config.out is None:
        say(console, "no display here, so the animation goes to a file")
    frames = max(1, round(config.seconds * config.frames_per_second))
    film = moving(follower, caption, targets, frames, config.frame_size, config.frames_per_second)
    if console.is_terminal:
        film = track(film, "drawing", total=frames, console=console)
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


def in_window(follower: Any, caption: str, targets: Iterator[Any], mouse: bool) -> None:
    """Show the arm at real-time speed until the window is closed."""
    steps, target = follower.steps_in(WINDOW_FRAME_TIME), None
    window = Window(caption=f"armfa: {caption}", frames_per_second=1 / (steps * follower.dt))
    while not window.closed:
        for _ in range(steps):
            target = next(targets)
            if mouse:
                target = follower.workspace(window.mouse)
            follower.step(target)
        window.show(follower.scene(target, caption))
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
