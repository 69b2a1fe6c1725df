"""The trained controller in closed loop: reaches, held targets and a followed velocity profile it was never trained on.

The network only knows how to make the hand move at a desired velocity, one step ahead. A command that turns the place of a
target into a desired velocity makes reaches of it. Everything here runs all movements (and all networks of a stack) as one
array program: `...` is `(networks, movements)`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.plant import Arm, ArmState, hand_position, hand_velocity, inverse_kinematics, rest_state, step
from armfa.tasks import minimum_jerk, velocity_toward

Controller = Callable[[ArmState, Array], Array]
"""(state, desired hand velocity (..., 2) m/s) -> excitation (..., n_muscles)"""

Command = Callable[[float, Array, Array], Array]
"""(time s, hand (..., 2) m, hand velocity (..., 2) m/s) -> desired hand velocity (..., 2) m/s"""


class Movement(NamedTuple):
    """What was recorded, time leading: (time, ..., 2), (time, ..., n_muscles)."""

    time: Array  # (time,), s
    joint_angle: Array  # rad
    hand: Array  # m
    hand_velocity: Array  # m/s
    desired_velocity: Array  # m/s
    excitation: Array


@dataclass(frozen=True)
class Steering:
    """How the place of a target becomes a desired velocity: v* = gain (target - hand), with limits."""

    gain: float = 6.0
    """1/s"""
    max_speed: float = 0.5
    """m/s"""
    max_change: float = 0.15
    """Largest |v* - v| in one step, m/s: what the muscles can do within a step."""

    def toward(self, target: Array) -> Command:
        """The command that leads to a target and holds it there."""
        return lambda time, hand, velocity: velocity_toward(
            target, hand, velocity, gain=self.gain, max_speed=self.max_speed, max_change=self.max_change
        )

    def along(self, start: Array, target: Array, duration: float) -> Command:
        """The command that follows a minimum-jerk path: its velocity, and the gain times the distance from it."""

        def command(time: float, hand: Array, velocity: Array) -> Array:
            place, speed = minimum_jerk(start, target, duration, time)
            return speed + self.gain * (place - hand)

        return command


def move(controller: Controller, arm: Arm, state: ArmState, command: Command, steps: int, dt: float, integrator: str):
    """Record `steps` time steps of the arm under a controller that follows a command; returns a Movement."""
    rows = []
    for number in range(steps):
        hand = hand_position(arm, state.joint_angle)
        velocity = hand_velocity(arm, state.joint_angle, state.joint_velocity)
        desired = command((number + 1) * dt, hand, velocity)
        excitation = controller(state, desired)
        rows.append((state.joint_angle, hand, velocity, desired, excitation))
        state = step(arm, state, excitation, dt, integrator=integrator)
    return Movement(np.arange(steps) * dt, *(np.stack(column) for column in zip(*rows)))


def centre_out_targets(centre: Array, distance: float, directions: int = 8) -> Array:
    """Targets on a circle round the centre, the first to the right, then counter-clockwise; (directions, 2), m."""
    angle = 2 * np.pi * np.arange(directions) / directions
    return np.asarray(centre) + distance * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def at_rest(arm: Arm, hand: Array) -> ArmState:
    """The arm at rest with its hand at these places, float32 as the controllers compute."""
    return rest_state(arm, inverse_kinematics(arm, np.asarray(hand, dtype=np.float64)).astype(np.float32), dtype=np.float32)


def end_error(movement: Movement, target: Array) -> Array:
    """Distance of the hand from the target at the end, (...,), m."""
    return np.hypot(*np.moveaxis(movement.hand[-1] - target, -1, 0))


def speed(velocity: Array) -> Array:
    """|v|, (...,), m/s."""
    return np.hypot(velocity[..., 0], velocity[..., 1])


def profile_correlation(movement: Movement, start: Array, target: Array, duration: float) -> Array:
    """Correlation of the hand's speed with the minimum-jerk speed profile over the movement time, (...,)."""
    during = movement.time <= duration
    wanted = np.stack([speed(minimum_jerk(start, target, duration, t)[1]) for t in movement.time[during]])
    made = speed(movement.hand_velocity[during])
    wanted = np.broadcast_to(wanted.reshape(len(wanted), *(1,) * (made.ndim - wanted.ndim), *wanted.shape[1:]), made.shape)
    made, wanted = made - made.mean(0), wanted - wanted.mean(0)
    return (made * wanted).sum(0) / np.sqrt((made * made).sum(0) * (wanted * wanted).sum(0))
