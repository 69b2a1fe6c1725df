"""HandVelocity: give the hand a desired velocity, one step at a time."""

import math
from dataclasses import dataclass
from typing import Literal

from armfa.arrays import Array, at_least, at_most, cos, namespace, sin, sqrt
from armfa.plant import Arm, ArmState, Simulator, hand_position, hand_velocity, rest_state
from armfa.tasks.hand import VelocityTask
from armfa.tasks.postures import random_posture
from armfa.tasks.task import finite, one_of
from armfa.tasks.vectors import shortened
from armfa.tasks.velocity_commands import velocity_toward

RELATIVE_SPEED = 0.8
"""1/s: default speed as a share of the arm's reach per second: 0.5 m/s for the human arm, 0.34 m/s for the monkey's."""


@dataclass(frozen=True)
class HandVelocity(VelocityTask):
    """Give the hand a desired velocity that changes every 100 ms: the task of the 2014 abstract.

    A controller takes "the current joint positions and velocities, x, and desired hand velocity" and drives six
    muscles.  [Lillicrap, Cownden, Tweed & Akerman 2014, "Random feedback weights support learning in deep networks"]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (6,), in these units; `observation="si"`: rad, rad/s and m/s.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | last 2 | desired hand velocity, x and y | m/s |

    ## Reward
    -|v - v*|^2, m^2/s^2, with the desired velocity that was seen before the step, less `effort` times the mean squared
    excitation. `reward="absolute"`: -|v - v*|, m/s.

    ## Start
    A random posture with random joint velocities.

    ## Desired velocity
    How v* is drawn for an arm in state x with hand velocity v, anew every `hold` steps:

    - `target="reach"`: the velocity that random excitations a* would give, one step from x: always attainable.
    - "disk": v plus a vector spread evenly over a disk of radius `speed`.
    - "wander": toward a random place in the workspace, at most `speed`, and at most `speed` away from v: keeps an arm
      that obeys in its workspace, where the other two lead it astray.

    a* is drawn evenly over the excitation range or, with a `command_margin`, over that share more on either side and
    then clipped, which leaves many muscles silent or full on: what it takes to hold an arm that its muscles pull away.

    ## Episode end
    Never terminated; truncated after 100 steps of 10 ms.

    ## Info
    "velocity_error", |v - v*| (m/s).

    ## Arguments
    `reward`, `effort`, `target`, `hold`, `speed`, `max_joint_speed`, `command_margin`, and those of every environment
    (`armfa.envs.open_door`).
    """

    target: Literal["wander", "reach", "disk"] = "wander"
    """How v* is drawn."""
    hold: int | None = 10
    """Steps between new desired velocities; a goal environment keeps one for the whole episode."""
    speed: float | None = None
    """m/s, of "wander" and "disk"; None: 0.8 times the arm's reach per second."""
    max_joint_speed: float = 2.0
    """rad/s, of the random start."""
    command_margin: float = 0.0
    """Of "reach", in excitation ranges."""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("target", self.target, "reach", "disk", "wander")
        finite("speed", 1.0 if self.speed is None else self.speed, 0.0, above=True)
        for name in ("max_joint_speed", "command_margin"):
            finite(name, getattr(self, name), 0.0)
        if self.hold is not None and not (self.hold >= 1 and int(self.hold) == self.hold):
            raise ValueError(f"expected hold as whole steps, at least 1, or None, got {self.hold}")

    def start_draws(self, arm: Arm) -> int:
        """Four: joint angles and joint velocities; one more for each muscle that has a state."""
        return 4 + (0 if arm.activation_dynamics is None else arm.n_muscles)

    def goal_draws(self, arm: Arm) -> int:
        """One for each muscle ("reach"), else two."""
        return arm.n_muscles if self.target == "reach" else 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """A random posture, moving with random joint velocities within `max_joint_speed`; muscles active at random."""
        state = rest_state(arm, random_posture(arm, uniform))
        state = state._replace(joint_velocity=self.max_joint_speed * (2.0 * uniform[..., 2:4] - 1.0))
        if arm.activation_dynamics is None:
            return state
        low, high = arm.excitation_range
        return state._replace(activation=low + (high - low) * uniform[..., 4:])

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """A desired hand velocity (..., 1, 2), m/s."""
        arm = simulator.arm
        if self.target == "reach":
            low, high = arm.excitation_range
            wide = (1.0 + 2.0 * self.command_margin) * uniform - self.command_margin
            command = low + (high - low) * at_most(at_least(wide, 0.0), 1.0)
            after = simulator.step(state, command)
            return hand_velocity(arm, after.joint_angle, after.joint_velocity)[..., None, :]
        velocity = hand_velocity(arm, state.joint_angle, state.joint_velocity)
        speed = RELATIVE_SPEED * arm.reach if self.speed is None else self.speed
        if self.target == "disk":
            return (velocity + speed * _in_unit_disk(uniform))[..., None, :]
        place = hand_position(arm, random_posture(arm, uniform))
        hand = hand_position(arm, state.joint_angle)
        change = velocity_toward(place, hand, max_speed=speed) - velocity
        return (velocity + shortened(change, speed))[..., None, :]


def _in_unit_disk(uniform: Array) -> Array:
    """Points spread evenly over the unit disk (..., 2), from uniform (..., 2)."""
    radius, angle = sqrt(uniform[..., 0]), math.tau * uniform[..., 1]
    return namespace(uniform).stack([radius * cos(angle), radius * sin(angle)], axis=-1)
