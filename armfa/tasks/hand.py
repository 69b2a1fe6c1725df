"""What tasks share: where they start, what is sensed; those about the hand's position, and about its velocity."""

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from armfa.arrays import Array, where
from armfa.plant import Arm, ArmState, Simulator, hand_position, hand_velocity, rest_state
from armfa.tasks.clock import began
from armfa.tasks.postures import center_posture, random_posture
from armfa.tasks.task import (
    JOINT_SPEED_BOUND,
    JOINT_UNITS,
    Moment,
    Task,
    activation_bounds,
    finite,
    joint_bounds,
    one_of,
    seen_activation,
    whole,
)
from armfa.tasks.vectors import direction, drawn, length

NEAR = 0.05
"""m: where the reward "precise" is half of what it is far away."""
DISTANCE = 0.16
"""Default distance of targets as a share of the arm's reach: 10 cm for the human arm, 7 cm for the monkey's."""


class FromCenter:
    """The arm starts in its centre posture, at rest."""

    def start_draws(self, arm: Arm) -> int:
        """None: the start is always the same."""
        return 0

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """At rest in the centre posture, muscles silent."""
        return rest_state(arm, center_posture(arm, uniform))


class FromAnywhere:
    """The arm starts in a random posture, at rest."""

    def start_draws(self, arm: Arm) -> int:
        """Two: the start posture."""
        return 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """At rest in a random posture."""
        return rest_state(arm, random_posture(arm, uniform))


class Sensing(Task, ABC):
    """Joints, what is compared with the goal, and activation are sensed."""

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Joint angle (2), joint velocity (2), what is achieved (2) and, of muscles with a state, activation (n)."""
        return (state.joint_angle, state.joint_velocity, achieved, *seen_activation(arm, state))

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Angles, speeds, what is achieved as the goal, activation within the excitation range."""
        return [*joint_bounds(arm), *self.goal_bounds(arm), *activation_bounds(arm)]

    def sense_units(self, arm: Arm) -> list[float]:
        """Units rad, 4 rad/s, what is achieved as the goal, and activation as it is."""
        return [*JOINT_UNITS, *[self.goal_unit] * 2, *[1.0] * len(activation_bounds(arm))]


@dataclass(frozen=True)
class HandTask(Sensing, ABC):
    """The hand, in m, is compared with a place; joints, hand and activation are sensed."""

    goal_kind: ClassVar[Literal["position", "velocity", "force"]] = "position"
    error_name: ClassVar[str] = "distance"
    goal_unit: ClassVar[float] = 0.25

    reward: Literal["precise", "distance", "sparse"] = "precise"
    """With d = |hand - target|, m; "precise": -d / (d + 0.05); "distance": -d; "sparse": 0 on target, else -1."""
    effort: float = 0.0
    """Taken off the reward: this times mean(excitation^2)."""
    radius: float = 0.01
    """m: on target."""

    def __post_init__(self) -> None:
        one_of("reward", self.reward, "precise", "distance", "sparse")
        finite("radius", self.radius, 0.0, above=True)
        finite("effort", self.effort, 0.0)

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The hand's position (..., 2), m."""
        return hand_position(arm, state.joint_angle)

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The square around the circle that the arm can reach, m."""
        return [(-arm.reach, arm.reach)] * 2

    def cost(self, error: Array) -> Array:
        """The reward's other sign."""
        if self.reward == "precise":
            return error / (error + NEAR)
        return error if self.reward == "distance" else where(error > self.radius, 1.0, 0.0)


@dataclass(frozen=True)
class Holding(HandTask, ABC):
    """Success is to be on target, and slow, for a while."""

    max_speed: float = 0.2
    """m/s: slow enough to hold."""
    hold_time: float = 0.1
    """s on target, without a break, until success."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("max_speed", "hold_time"):
            finite(name, getattr(self, name), 0.0, above=True)

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the hand is within `radius` of the target and slower than `max_speed` (...,)."""
        return (error <= self.radius) & (hand_speed(simulator.arm, moment.arm) < self.max_speed)


@dataclass(frozen=True)
class TargetsAround(FromCenter, HandTask, ABC):
    """Wait in the centre until the go, then be on one of the targets around it."""

    fixed_goal: ClassVar[bool] = False

    targets: int = 8
    """How many, evenly around the centre, the first to the right, then counter-clockwise."""
    distance: float | None = None
    """m, from the centre; None: 0.16 times the arm's reach."""

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("targets", self.targets, 1)
        finite("distance", 1.0 if self.distance is None else self.distance, 0.0, above=True)

    @property
    def variants(self) -> int:
        """The targets."""
        return self.targets

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """One of the targets around the hand (..., 1, 2), m, by the first number drawn."""
        way = self.way(simulator.arm) * direction(drawn(uniform[..., 0], self.targets), self.targets)
        return (hand_position(simulator.arm, state.joint_angle) + way)[..., None, :]

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """The centre before the go, then the target (..., 2), m."""
        target, center = moment.trial.goals[..., 0, :], self.center(simulator, moment)
        return where(began(simulator, moment, moment.trial.onset)[..., None], target, center)

    def center(self, simulator: Simulator, moment: Moment) -> Array:
        """Where the hand started (..., 2), m."""
        return hand_position(simulator.arm, moment.trial.start.joint_angle)

    def way(self, arm: Arm) -> Any:
        """The distance of targets, m."""
        return DISTANCE * arm.reach if self.distance is None else self.distance


@dataclass(frozen=True)
class VelocityTask(Task, ABC):
    """The hand's velocity, in m/s, is compared with a desired one; joints and activation are sensed."""

    goal_kind: ClassVar[Literal["position", "velocity", "force"]] = "velocity"
    error_name: ClassVar[str] = "velocity_error"

    reward: Literal["squared", "absolute"] = "squared"
    """"squared": -|v - v*|^2, m^2/s^2; "absolute": -|v - v*|, m/s."""
    effort: float = 0.0
    """Taken off the reward: this times mean(excitation^2)."""

    def __post_init__(self) -> None:
        one_of("reward", self.reward, "squared", "absolute")
        finite("effort", self.effort, 0.0)

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The hand's velocity (..., 2), m/s."""
        return hand_velocity(arm, state.joint_angle, state.joint_velocity)

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Joint angle (2), joint velocity (2) and, of muscles with a state, activation (n)."""
        return (state.joint_angle, state.joint_velocity, *seen_activation(arm, state))

    def observe(self, arm: Arm, state: ArmState, goal: Array, achieved: Array | None = None) -> Array:
        """`senses` in rad and rad/s, then the desired hand velocity (2), m/s; needs no achieved velocity."""
        return super().observe(arm, state, goal, goal)  # the senses do not look at what was achieved

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Angles and speeds, and activation within the excitation range."""
        return [*joint_bounds(arm), *activation_bounds(arm)]

    def sense_units(self, arm: Arm) -> list[float]:
        """Units rad, 4 rad/s, and activation as it is."""
        return [*JOINT_UNITS, *[1.0] * len(activation_bounds(arm))]

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The hand speed of a stretched arm that turns at the bound of the observed joint speed, m/s."""
        return [(-JOINT_SPEED_BOUND * arm.reach, JOINT_SPEED_BOUND * arm.reach)] * 2

    def cost(self, error: Array) -> Array:
        """|v - v*|^2, m^2/s^2, or |v - v*|, m/s."""
        return error * error if self.reward == "squared" else error


def hand_speed(arm: Arm, state: ArmState) -> Array:
    """How fast the hand is (...,), m/s."""
    return length(hand_velocity(arm, state.joint_angle, state.joint_velocity))
