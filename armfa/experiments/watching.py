"""Watching a trained controller move the arm: in a window, or as an animation in a file where there is no display."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from armfa.controllers import Policy
from armfa.experiments.reaching import Controller, Steering, at_rest
from armfa.plant import Arm, ArmState, hand_position, hand_velocity, step
from armfa.rendering import Scene, Window, arm_scene, draw_frame

TRAIL = 60
"""How many past hand positions are drawn."""


class Moment(NamedTuple):
    """One time step of the shown arm."""

    time: float  # s
    state: ArmState
    desired_velocity: np.ndarray  # (2,), m/s


def has_display() -> bool:
    """Whether a window could be opened here."""
    if os.environ.get("SDL_VIDEODRIVER") == "dummy":
        return False
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class Reacher:
    """An arm whose controller follows a target that may be moved at any time."""

    def __init__(self, arm: Arm, controller: Controller, dt: float, integrator: str, steering: Steering, hand: np.ndarray):
        self.arm, self.controller, self.dt, self.integrator, self.steering = arm, controller, dt, integrator, steering
        self.state = at_rest(arm, hand)
        self.time, self.trail = 0.0, [np.asarray(hand, dtype=float)]
        self.desired = np.zeros(2)

    def step(self, target: np.ndarray) -> None:
        """One time step toward a target (2,), m."""
        hand = hand_position(self.arm, self.state.joint_angle)
        velocity = hand_velocity(self.arm, self.state.joint_angle, self.state.joint_velocity)
        self.desired = self.steering.toward(np.asarray(target, dtype=np.float32))(self.time, hand, velocity)
        self.state = step(self.arm, self.state, self.controller(self.state, self.desired), self.dt, integrator=self.integrator)
        self.time += self.dt
        self.trail = [*self.trail[1 - TRAIL :], hand_position(self.arm, self.state.joint_angle)]

    def scene(self, target: np.ndarray, caption: str = "") -> Scene:
        """What it looks like now."""
        return arm_scene(
            self.arm, self.state, target=target, desired_velocity=self.desired, trail=self.trail, time=self.time, caption=caption
        )
