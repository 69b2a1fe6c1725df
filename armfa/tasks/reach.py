"""Reach: bring the hand from a random posture to a random target and keep it there."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array
from armfa.plant import Arm, ArmState, hand_position, hand_velocity, rest_state
from armfa.tasks.postures import random_posture
from armfa.tasks.task import Task, joint_bounds
from armfa.tasks.vectors import length


@dataclass(frozen=True)
class Reach(Task):
    """Random start and target; done when the hand has been on target, and slow, for `hold_time`.

    Starts and targets come from joint angles spread evenly over the arm's joint range: always in reach.
    reward "distance": -|hand - target| (m) - effort * mean(excitation^2);
    reward "sparse": 0 within `radius`, else -1, less the same effort term.
    """

    goal_kind: ClassVar[Literal["position", "velocity"]] = "position"
    error_name: ClassVar[str] = "distance"

    radius: float = 0.01  # m
    max_speed: float = 0.05  # m/s, slower counts as holding
    hold_time: float | None = 0.1  # s
    kind: Literal["distance", "sparse"] = "distance"
    effort: float = 0.0  # reward per unit of mean squared excitation
    observe_activation: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("distance", "sparse"):
            raise ValueError(f"expected reward 'distance' or 'sparse', got {self.kind!r}")
        above_0 = (self.radius, self.max_speed, 1.0 if self.hold_time is None else self.hold_time)
        if not all(0.0 < each < math.inf for each in above_0):
            raise ValueError(f"expected finite radius, max_speed and hold_time above 0, got {self}")
        if not 0.0 <= self.effort < math.inf:
            raise ValueError(f"expected an effort weight of at least 0, got {self.effort}")

    def start_draws(self, arm: Arm) -> int:
        """Two: the start posture."""
        return 2

    def goal_draws(self, arm: Arm) -> int:
        """Two: the posture whose hand position is the target."""
        return 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """The arm at rest in a random posture."""
        return rest_state(arm, random_posture(arm, uniform))

    def goal(self, arm: Arm, state: ArmState, uniform: Array, dt: float, integrator: str) -> Array:
        """Where the hand is in another random posture (..., 2), m."""
        return hand_position(arm, random_posture(arm, uniform))

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The hand's position (..., 2), m."""
        return hand_position(arm, state.joint_angle)

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Joint angle (2), joint velocity (2), hand position (2) and, where asked, muscle activation (n)."""
        seen = (state.joint_angle, state.joint_velocity, achieved)
        return (*seen, state.activation) if self.observe_activation else seen

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Angles, speeds, hand within reach, activation within the excitation range."""
        activation = [arm.excitation_range] * arm.n_muscles if self.observe_activation else []
        return [*joint_bounds(arm), *self.goal_bounds(arm), *activation]

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The square around the circle that the arm can reach, m."""
        return [(-arm.reach, arm.reach)] * 2

    def reward(self, error: Array, excitation: Array | None = None) -> Array:
        """See the class."""
        reward = -error if self.kind == "distance" else -1.0 * (error > self.radius)
        if self.effort and excitation is not None:
            reward = reward - self.effort / excitation.shape[-1] * (excitation * excitation).sum(-1)
        return reward

    def on_target(self, arm: Arm, state: ArmState, error: Array) -> Array:
        """Whether the hand is within `radius` of the target and slower than `max_speed` (...,)."""
        near = error <= self.radius
        if not (near.any() if near.ndim else near):
            return near  # most steps: no need for the speed
        return near & (length(hand_velocity(arm, state.joint_angle, state.joint_velocity)) < self.max_speed)
