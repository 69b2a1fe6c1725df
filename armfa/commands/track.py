"""`armfa track`: the muscle commands with which the hand goes along a recorded movement."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tyro
from matplotlib.figure import Figure
from rich.console import Console

from armfa.commands.flags import at_home, at_least_one
from armfa.commands.movement_file import Movement, read_movement, refuse_out_of_reach
from armfa.controllers.trees import tree_map
from armfa.envs.picture import TRAIL_TIME, picture
from armfa.experiments.arm.controller import Activation, ArmName
from armfa.plant import ArmState, Simulator, best_excitation, inverse_kinematics, jacobian, make_arm
from armfa.rendering.viewer import draw_frame
from armfa.reports.figures import STYLE, panels, save_figure
from armfa.reports.film import FRAME_SIZE, FRAMES_PER_SECOND, check_film, write_film
from armfa.reports.tables import write_columns, write_table
from armfa.runs.display import say
from armfa.runs.folders import begin
from armfa.tasks import Moment, Reach, Trial
from armfa.world import Plan, World, ilqr, rollout, table

GAIN = 20.0
"""1/s: how fast the first guess makes up for a miss."""
FASTEST = 20.0
"""rad/s: no arm starts faster; a first step that is faster is a jump in the record."""


@dataclass(frozen=True)
class Track:
    """Find the muscle commands that take the hand along a recorded movement: CSV, figure and animation."""

    file: tyro.conf.Positional[Path]
    """CSV whose first line names its columns: time_s (or time_ms), x_m and y_m (or cm, mm), from the shoulder, x to the
    right and y ahead. Other columns are not read."""
    arm: ArmName = "li_todorov"
    """Which published arm."""
    activation: Activation = "static"
    """Muscles that follow the command at once, or with first-order dynamics."""
    dt: float = 0.01
    """Time step, s."""
    shoulder: tuple[float, float] = (0.0, 0.0)
    """Where the shoulder is in the file's coordinates, m."""
    cutoff: float | None = None
    """Hz, for a noisy record: what is faster is filtered out of it first, such as 10; nothing is when not given."""
    effort: float = 1e-3
    """What a mean squared excitation of 1 costs in each step; a miss of 1 mm costs about 0.02."""
    rounds: int = 20
    """Of iterative LQR, at most."""
    out: Path | None = None
    """Folder of what is written; runs/track-FILE-DATE-TIME when not given."""
    frame_size: int = FRAME_SIZE
    """Side of the animation, pixels."""
    frames_per_second: int = FRAMES_PER_SECOND
    """Of the animation."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        at_least_one(self, "rounds")
        check_film(self.frame_size, self.frames_per_second)
        if not 1e-3 <= self.dt <= 0.05:
            raise ValueError(f"expected --dt from 0.001 to 0.05 s, got {self.dt}")
        if not 0.0 < self.effort < float("inf"):
            raise ValueError(f"expected --effort above 0, got {self.effort}")
        if self.cutoff is not None and not 0.0 < self.cutoff < 0.5 / self.dt:
            raise ValueError(
                f"expected --cutoff above 0 and below {0.5 / self.dt:g} Hz (half of 1 / dt), got {self.cutoff}"
            )
        if not np.isfinite(self.shoulder).all():
            raise ValueError(f"expected --shoulder as two finite numbers, m, got {self.shoulder}")


def track(config: Track, console: Console | None = None) -> Path:
    """Plan the movement, write commands, figure and animation, tell the error; returns the folder."""
    console, config = console or Console(), at_home(config)
    start, movement = time.monotonic(), read_movement(config.file, config.shoulder)
    simulator = Simulator(make_arm(config.arm, activation=config.activation), config.dt)
    refuse_out_of_reach(config.file, movement, simulator.arm)
    world, path = World(simulator, Reach()), movement.path(config.dt, config.cutoff)
    first = beginning(world, path, config.file)
    folder = begin(config.out, f"track-{config.file.stem}", config)
    with console.status("looking for the commands"):
        plan = planned(world, path, first, config.effort, config.rounds)
    miss = 1e3 * plan.outcomes.error[:, 0]
    summary = {
        "duration_s": float(movement.time[-1]), "steps": len(miss), "rms_error_mm": float(np.sqrt((miss**2).mean())),
        "mean_error_mm": float(miss.mean()), "largest_error_mm": float(miss.max()),
        "mean_squared_excitation": float((plan.commands**2).mean()),
    }  # fmt: skip
    write_columns(folder / "movement.csv", table(world, plan))
    write_table(folder / "table.csv", [summary])
    with matplotlib.rc_context(STYLE):
        save_figure(figure_of(config, world, movement, plan), folder / "tracking.png")
    with console.status("drawing the animation"):
        film = frames(world, plan, config)
        write_film(folder / "tracking.gif", film, config.frames_per_second)
    say(
        console,
        f"{config.file.name}: {summary['duration_s']:.2f} s; the hand is off by {summary['rms_error_mm']:.2f} mm (root "
        f"mean square), at most {summary['largest_error_mm']:.2f} mm",
    )
    say(console, f"{folder} ({time.monotonic() - start:.0f} s): movement.csv, table.csv, tracking.png, tracking.gif")
    return folder


def beginning(world: World, path: np.ndarray, file: Path) -> Moment:
    """The arm where the movement begins, as fast as it begins."""
    arm, (here, there) = world.arm, path[:2]
    posture = inverse_kinematics(arm, here)
    speed = np.linalg.lstsq(jacobian(arm, posture), (there - here) / world.simulator.dt, rcond=None)[0]
    if np.abs(speed).max() > FASTEST:
        raise ValueError(
            f"{file}: expected joints slower than {FASTEST:g} rad/s at the start, got {np.abs(speed).max():.0f}: the "
            "first samples jump"
        )
    state = ArmState(posture[None], speed[None], np.full((1, arm.n_muscles), max(0.0, arm.excitation_range[0])))
    return world.begin(Trial.of(state, here[None, None]))


def planned(world: World, path: np.ndarray, first: Moment, effort: float, rounds: int) -> Plan:
    """The best commands that iterative LQR finds, from the best excitation of each step on."""
    velocity = np.diff(path, axis=0) / world.simulator.dt

    def follow(moment: Moment) -> Any:
        now = int(moment.steps[0])
        wanted = velocity[now] + GAIN * (path[now] - world.hand(moment))
        return best_excitation(world.simulator, moment.arm, wanted)

    goals = path[1:, None]
    guess = rollout(world, follow, first, len(goals), goals=goals)
    return ilqr(world, first, guess.commands, goals=goals, effort=effort, rounds=rounds)


def figure_of(config: Track, world: World, movement: Movement, plan: Plan) -> Figure:
    """The two paths, the error and the excitations over time."""
    figure, (paths, misses, muscles) = panels(3.2, 3.4, 4.6)
    hand, time = world.hand(plan.moments)[:, 0], world.simulator.dt * np.arange(len(plan.commands))
    paths.plot(*(100 * movement.hand.T), color="#999999", linewidth=3.5, label="recorded")
    paths.plot(*(100 * hand.T), color="#0072b2", label="arm")
    paths.set(xlabel="x, cm", ylabel="y, cm", title=config.file.stem, aspect="equal", adjustable="datalim")
    paths.legend()
    misses.plot(time, 1e3 * plan.outcomes.error[:, 0], color="#000000")
    misses.set(xlabel="time, s", ylabel="hand off by, mm", title="tracking error", ylim=(0.0, None))
    for i, name in enumerate(world.arm.muscle_names):
        muscles.plot(time, plan.commands[:, 0, i], label=name, linewidth=1.2)
    muscles.set(xlabel="time, s", ylabel="excitation", title="commands")
    muscles.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def frames(world: World, plan: Plan, config: Track) -> Iterator[np.ndarray]:
    """The animation at real-time speed, (size, size, 3)."""
    steps, dt = len(plan.commands), world.simulator.dt
    hand, back = world.hand(plan.moments)[:, 0], max(1, round(TRAIL_TIME / dt))
    for number in range(max(1, round(steps * dt * config.frames_per_second))):
        now = min(steps, round((number + 1) / (config.frames_per_second * dt)))
        moment = tree_map(lambda leaf, now=now: leaf[now, 0], plan.moments)
        miss = float(plan.outcomes.error[now - 1, 0])
        yield draw_frame(
            picture(world, moment, error=miss, trail=hand[max(0, now - back) : now + 1]), config.frame_size
        )
