"""Reach: bring the hand from a random posture to a random target and keep it there."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array, where
from armfa.plant import Arm, ArmState, Simulator, hand_position, hand_velocity, rest_state
from armfa.tasks.postures import random_posture
from armfa.tasks.task import JOINT_UNITS, Task, activation_bounds, finite, joint_bounds, one_of, seen_activation
from armfa.tasks.vectors import length

NEAR = 0.05
"""m: where the reward "precise" is half of what it is far away."""


@dataclass(frozen=True)
class Reach(Task):
    """Random start and target; done when the hand has been on target, and slow, for `hold_time`.

    Starts and targets come from joint angles spread evenly over the arm's joint range: always in reach.
    The reward of a step, with d = |hand - target|, less effort * mean(excitation^2):
      "precise"   -d / (d + 5 cm): the nearer, the steeper, so that the last centimetre counts
      "distance"  -d (m)
      "sparse"    0 within `radius`, else -1
    Exploration moves the hand: with a `max_speed` of 5 cm/s a learner never sees that it has come to the target.
    """

    goal_kind: ClassVar[Literal["position", "velocity"]] = "position"
    error_name: ClassVar[str] = "distance"
    goal_unit: ClassVar[float] = 0.25

    reward: Literal["precise", "distance", "sparse"] = "precise"
    """With d = |hand - target|, m; "precise": -d / (d + 0.05); "distance": -d; "sparse": 0 on target, else -1."""
    effort: float = 0.0
    """Taken off the reward: this times mean(excitation^2)."""
    radius: float = 0.01
    """m: on target."""
    max_speed: float = 0.2
    """m/s: slow enough to hold."""
    hold_time: float = 0.1
    """s on target, without a break, until success."""

    def __post_init__(self) -> None:
        one_of("reward", self.reward, "precise", "distance", "sparse")
        for name in ("radius", "max_speed", "hold_time"):
            finite(name, getattr(self, name), 0.0, above=True)
        finite("effort", self.effort, 0.0)

    def start_draws(self, arm: Arm) -> int:
        """Two: the start posture."""
        return 2

    def goal_draws(self, arm: Arm) -> int:
        """Two: the posture whose hand position is the target."""
        return 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """The arm at rest in a random posture."""
        return rest_state(arm, random_posture(arm, uniform))

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Where the hand is in another random posture (..., 1, 2), m."""
        return hand_position(simulator.arm, random_posture(simulator.arm, uniform))[..., None, :]

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The hand's position (..., 2), m."""
        return hand_position(arm, state.joint_angle)

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Joint angle (2), joint velocity (2), hand position (2) and, of muscles with a state, activation (n)."""
        return (state.joint_angle, state.joint_velocity, achieved, *seen_activation(arm, state))

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Angles, speeds, hand within reach, activation within the excitation range."""
        return [*joint_bounds(arm), *self.goal_bounds(arm), *activation_bounds(arm)]

    def sense_units(self, arm: Arm) -> list[float]:
        """rad, 4 rad/s, 0.25 m, and activation as it is."""
        return [*JOINT_UNITS, *[self.goal_unit] * 2, *[1.0] * len(activation_bounds(arm))]

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The square around the circle that the arm can reach, m."""
        return [(-arm.reach, arm.reach)] * 2

    def cost(self, error: Array) -> Array:
        """See the class: the reward's other sign."""
        if self.reward == "precise":
            return error / (error + NEAR)
        return error if self.reward == "distance" else where(error > self.radius, 1.0, 0.0)

    def on_target(self, arm: Arm, state: ArmState, error: Array) -> Array:
        """Whether the hand is within `radius` of the target and slower than `max_speed` (...,)."""
        speed = length(hand_velocity(arm, state.joint_angle, state.joint_velocity))
        return (error <= self.radius) & (speed < self.max_speed)
