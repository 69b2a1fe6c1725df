"""From what an environment knows to a scene, and the errors Gymnasium's users expect when pygame is missing."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import gymnasium as gym
import numpy as np

from armfa.rendering.arm_scene import arm_scene
from armfa.rendering.scene import Scene
from armfa.tasks.task import Moment
from armfa.world import World

TRAIL_TIME = 0.6
"""s of the hand's path that a picture shows."""


def picture(world: World, moment: Moment, *, error: float, trail: Sequence[np.ndarray]) -> Scene:
    """The scene of one arm in its task: target or desired velocity, trail, time, and how far off it is."""
    time, goal = float(moment.steps) * world.simulator.dt, world.goal(moment)
    if world.task.goal_kind == "velocity":
        caption = f"off by {error:.2f} m/s"
        return arm_scene(world.arm, moment.arm, desired_velocity=goal, trail=trail, time=time, caption=caption)
    if world.task.goal_kind == "force":
        caption = f"off by {error:.1f} N"
        return arm_scene(world.arm, moment.arm, desired_force=goal, trail=(), time=time, caption=caption)
    return arm_scene(
        world.arm,
        moment.arm,
        target=goal,
        target_radius=getattr(world.task, "radius", 0.01),
        on_target=float(moment.held) / world.hold_steps if world.hold_steps else 0.0,
        trail=trail,
        time=time,
        caption=f"{100.0 * error:.1f} cm to go",
    )


def viewer() -> ModuleType:
    """The module that draws, with pygame behind it, or Gymnasium's error that says how to install that."""
    from armfa.rendering import viewer

    try:
        viewer.import_pygame()
    except ImportError as error:
        raise gym.error.DependencyNotInstalled(str(error)) from error
    return viewer


def no_render_mode(env: Any) -> None:
    """Gymnasium's warning for a call to `render` that cannot show anything."""
    name = env.spec.id if env.spec is not None else type(env).__name__
    gym.logger.warn(
        "render() was called without a render mode; choose one when the environment is made, "
        f'for example gym.make("{name}", render_mode="rgb_array")'
    )
