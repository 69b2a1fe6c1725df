"""The pictures of the cards, drawn while the site is built."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from armfa.experiments.motor.ellipses import mobility
from armfa.plant import Arm, elbow_position, hand_position, inverse_kinematics, moment_arm, muscle_force, rest_state
from armfa.rendering import arm_scene, draw_frame
from armfa.reports.figures import STYLE
from armfa.reports.film import write_film
from armfa.world import ilqr, rollout
from armfa.world.reference import first_guess

SIZE, RATE, LENGTH = 256, 20, 2.0
"""Of a film: side in pixels, frames per second, s."""


def portrait(arm: Arm, path: Path) -> None:
    """The arm in its centre posture."""
    matplotlib.image.imsave(path, draw_frame(arm_scene(arm, rest_state(arm)), 320))


def drawn(figure: Figure, path: Path) -> None:
    """As a file that a narrow screen can show too."""
    figure.savefig(path, dpi=110)


def moment_arms(arm: Arm, path: Path) -> None:
    """Of every muscle about both joints."""
    figure = Figure(figsize=(7.2, 2.9))
    for joint, axis in enumerate(figure.subplots(1, 2, sharey=True)):
        angle = np.tile(arm.center_posture, (80, 1))
        angle[:, joint] = np.linspace(*arm.stops[joint], 80)
        for curve, name in zip(100.0 * moment_arm(arm, angle)[:, joint].T, arm.muscle_names):
            axis.plot(np.degrees(angle[:, joint]), curve, label=name)
        axis.axhline(0.0, color="#bbbbbb", linewidth=0.8)
        axis.set(
            xlabel=f"{('shoulder', 'elbow')[joint]}, degrees", title=("about the shoulder", "about the elbow")[joint]
        )
    figure.axes[0].set_ylabel("moment arm, cm (flexion positive)")
    figure.axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawn(figure, path)


def muscle_curves(arm: Arm, path: Path) -> None:
    """Tension at full activation over length, and over velocity."""
    springs = arm.geometry.reference_length[0] == 1.0  # lengths are in metres
    still, unit, rate = (0.0, "stretch, m", "m/s") if springs else (1.0, "length, L0", "L0/s")
    length = np.linspace(-0.1, 0.1, 101) if springs else np.linspace(0.4, 1.6, 121)
    velocity = np.linspace(-1.0, 1.0, 101) if springs else np.linspace(-8.0, 8.0, 161)
    columns = lambda x: np.repeat(x[:, None], arm.n_muscles, axis=1)  # noqa: E731
    active = np.ones((1, arm.n_muscles))
    by_length = muscle_force(arm, columns(length), 0.0 * columns(length), active + 0.0 * columns(length))
    rest = still + 0.0 * columns(velocity)
    by_velocity = muscle_force(arm, rest, columns(velocity), active + 0.0 * rest)
    figure = Figure(figsize=(7.2, 2.9))
    left, right = figure.subplots(1, 2)
    for forces, x, axis, label in ((by_length, length, left, unit), (by_velocity, velocity, right, rate)):
        for force, name in zip(forces.T, arm.muscle_names):
            axis.plot(x, force, label=name)
        axis.set(xlabel=label, ylabel="tension, N")
    left.set_title("force-length, full activation")
    right.set_title("force-velocity (lengthening positive)")
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawn(figure, path)


def ellipses(arm: Arm, path: Path) -> None:
    """Mobility of the hand over the workspace."""
    center = hand_position(arm, np.array(arm.center_posture))
    step = 0.3 * arm.reach
    places = center + step * np.stack(np.meshgrid([-1.0, 0.0, 1.0], [-0.7, 0.0, 0.7]), axis=-1).reshape(-1, 2)
    distance = np.hypot(*places.T)
    places = places[(distance < 0.95 * arm.reach) & (distance > abs(np.subtract(*arm.link_lengths)) + 0.05 * arm.reach)]
    posture = inverse_kinematics(arm, places)
    mobile = mobility(arm, posture)
    turn = np.linspace(0.0, 2.0 * np.pi, 90)
    scale = 0.4 * step / np.linalg.eigvalsh(mobile).max()
    rim = places[..., None] + scale * mobile @ np.stack([np.cos(turn), np.sin(turn)])
    figure = Figure(figsize=(4.2, 3.6))
    axis = figure.subplots()
    for outline, q in zip(rim, posture):
        axis.plot(*np.stack([np.zeros(2), elbow_position(arm, q), hand_position(arm, q)], -1), color="#d8d8d8", lw=0.8)
        axis.plot(*outline, color="#0072b2")
    axis.set(xlabel="x, m", ylabel="y, m", aspect="equal", title=f"pushed with 1 N; {100 * scale:.2g} cm are 1 m/s²")
    drawn(figure, path)


def arm_pictures(arm: Arm, folder: Path) -> None:
    """All of one arm."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        portrait(arm, folder / "arm.png")
        ellipses(arm, folder / "ellipses.png")
        if arm.excitation_range[0] == 0.0:  # not a torque motor
            moment_arms(arm, folder / "moment_arms.png")
            muscle_curves(arm, folder / "muscle_curves.png")


def film(name: str, path: Path) -> None:
    """An environment with the arm led by a reference controller, which knows the arm."""
    env: Any = gym.make(
        name, render_mode="rgb_array", action_range="excitation", render_size=SIZE, max_episode_steps=-1
    )
    env.reset(seed=3)
    world, steps = env.unwrapped.world, round(LENGTH / 0.01)
    policy, commands = first_guess(world), None
    if world.task.goal_kind == "force":
        begun = world.begin(world.task.evaluation(world.simulator, 1))
        guess = rollout(world, policy, begun, 60)
        commands = ilqr(world, begun, guess.commands, rounds=8).commands[:, 0]
    frames = []
    for step in range(steps):
        if step % round(100 / RATE) == 0:
            frames.append(env.render())
        command = policy(env.unwrapped.moment) if commands is None else commands[min(step, len(commands) - 1)]
        if env.step(np.asarray(command, np.float32))[2]:
            env.reset()
    env.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_film(path, frames, RATE)
