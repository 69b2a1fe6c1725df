"""HandVelocity: give the hand a desired velocity, one step at a time."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array, namespace
from armfa.plant import Arm, ArmState, hand_position, hand_velocity, rest_state, step
from armfa.tasks.postures import random_posture
from armfa.tasks.task import JOINT_SPEED_BOUND, Task, joint_bounds
from armfa.tasks.vectors import shortened
from armfa.tasks.velocity_commands import velocity_toward

RELATIVE_SPEED = 0.8
"""1/s: default speed as a share of the arm's reach per second: 0.5 m/s for the human arm, 0.34 m/s for the monkey's."""


@dataclass(frozen=True)
class HandVelocity(Task):
    """Observe joint angles, joint velocities and a desired hand velocity; match it.

    A controller takes "the current joint positions and velocities, x, and desired hand velocity" and drives six
    muscles.  [Lillicrap, Cownden, Tweed & Akerman 2014, "Random feedback weights support learning in deep networks"]
    How the desired velocity is drawn, for an arm in state x with hand velocity v:
      "reach"   the velocity that random excitations a* would give, one step from x: always attainable
      "disk"    v plus a vector spread evenly over a disk of radius `speed`
      "wander"  toward a random place in the workspace, at most `speed`, and at most `speed` away from v: keeps an arm
                that obeys in its workspace, where the other two lead it astray; so the environment uses it
    a* is drawn evenly over the excitation range or, with a `command_margin`, over that share more on either side and
    then clipped, which leaves many muscles silent or full on: what it takes to hold an arm that its muscles pull away.
    reward "squared": -|v - v*|^2 (m^2/s^2); reward "absolute": -|v - v*| (m/s).
    """

    goal_kind: ClassVar[Literal["position", "velocity"]] = "velocity"
    error_name: ClassVar[str] = "velocity_error"

    target: Literal["reach", "disk", "wander"] = "reach"
    goal_steps: int | None = 1  # a new desired velocity every so many steps
    speed: float | None = None  # m/s; None: RELATIVE_SPEED times the arm's reach
    max_joint_speed: float = 2.0  # rad/s, of the random start
    command_margin: float = 0.0  # of "reach", in excitation ranges
    kind: Literal["squared", "absolute"] = "squared"
    observe_activation: bool = False  # for muscles with a state, which then starts at random too

    def __post_init__(self) -> None:
        if self.target not in ("reach", "disk", "wander"):
            raise ValueError(f"expected target 'reach', 'disk' or 'wander', got {self.target!r}")
        if self.kind not in ("squared", "absolute"):
            raise ValueError(f"expected reward 'squared' or 'absolute', got {self.kind!r}")
        speed = 1.0 if self.speed is None else self.speed
        if not (0.0 < speed < math.inf and 0.0 <= self.max_joint_speed < math.inf):
            raise ValueError(f"expected a finite speed above 0 and max_joint_speed of 0 or more, got {self}")
        if not 0.0 <= self.command_margin < math.inf:
            raise ValueError(f"expected command_margin of 0 or more, got {self.command_margin}")
        if self.goal_steps is not None and not (self.goal_steps >= 1 and int(self.goal_steps) == self.goal_steps):
            raise ValueError(
                f"expected a desired velocity to be held for whole steps, at least 1, got {self.goal_steps}"
            )

    def start_draws(self, arm: Arm) -> int:
        """Four: joint angles and joint velocities; one more for each muscle whose activation is observed."""
        return 4 + (arm.n_muscles if self.observe_activation else 0)

    def goal_draws(self, arm: Arm) -> int:
        """One for each muscle ("reach"), else two."""
        return arm.n_muscles if self.target == "reach" else 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """A random posture, moving with random joint velocities within `max_joint_speed`."""
        state = rest_state(arm, random_posture(arm, uniform[..., :2]))
        state = state._replace(joint_velocity=self.max_joint_speed * (2.0 * uniform[..., 2:4] - 1.0))
        if not self.observe_activation:
            return state
        low, high = arm.excitation_range
        return state._replace(activation=low + (high - low) * uniform[..., 4:])

    def goal(self, arm: Arm, state: ArmState, uniform: Array, dt: float, integrator: str) -> Array:
        """A desired hand velocity (..., 2), m/s."""
        if self.target == "reach":
            low, high = arm.excitation_range
            if self.command_margin:
                wide = (1.0 + 2.0 * self.command_margin) * uniform - self.command_margin
                uniform = namespace(uniform).clip(wide, 0.0, 1.0)
            state = step(arm, state, low + (high - low) * uniform, dt, integrator=integrator)
            return hand_velocity(arm, state.joint_angle, state.joint_velocity)
        velocity = hand_velocity(arm, state.joint_angle, state.joint_velocity)
        speed = RELATIVE_SPEED * arm.reach if self.speed is None else self.speed
        if self.target == "disk":
            return velocity + speed * _in_unit_disk(uniform)
        place = hand_position(arm, random_posture(arm, uniform))
        hand = hand_position(arm, state.joint_angle)
        return velocity + shortened(velocity_toward(place, hand, max_speed=speed) - velocity, speed)

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The hand's velocity (..., 2), m/s."""
        return hand_velocity(arm, state.joint_angle, state.joint_velocity)

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Joint angle (2), joint velocity (2) and, where asked, muscle activation (n)."""
        moving = (state.joint_angle, state.joint_velocity)
        return (*moving, state.activation) if self.observe_activation else moving

    def observe(self, arm: Arm, state: ArmState, goal: Array, achieved: Array | None = None) -> Array:
        """`senses` in rad and rad/s, then the desired hand velocity (2), m/s; needs no achieved velocity."""
        senses = self.senses(arm, state, goal)  # which do not look at what was achieved
        return namespace(goal, state.joint_angle).concat([*senses, goal], axis=-1)

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Angles and speeds, and activation within the excitation range."""
        return [*joint_bounds(arm), *([arm.excitation_range] * arm.n_muscles if self.observe_activation else [])]

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The hand speed of a stretched arm that turns at the bound of the observed joint speed, m/s."""
        return [(-JOINT_SPEED_BOUND * arm.reach, JOINT_SPEED_BOUND * arm.reach)] * 2

    def reward(self, error: Array, excitation: Array | None = None) -> Array:
        """See the class."""
        return -error * error if self.kind == "squared" else -error


def _in_unit_disk(uniform: Array) -> Array:
    """Points spread evenly over the unit disk (..., 2), from uniform (..., 2)."""
    xp = namespace(uniform)
    radius, angle = xp.sqrt(uniform[..., 0]), math.tau * uniform[..., 1]
    return xp.stack([radius * xp.cos(angle), radius * xp.sin(angle)], axis=-1)
