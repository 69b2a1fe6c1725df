"""VelocityTracking: follow a desired hand velocity that changes all the time."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array, namespace, sin, sqrt
from armfa.plant import Arm, ArmState, Simulator, hand_position, rest_state
from armfa.tasks.clock import began, mean_with, time
from armfa.tasks.hand import VelocityTask
from armfa.tasks.postures import center_posture, random_posture
from armfa.tasks.task import Moment, finite, one_of
from armfa.tasks.vectors import direction, length
from armfa.tasks.velocity_commands import minimum_jerk

FREQUENCIES = (0.5, 1.0, 1.9)
"""Hz, of the profile "sines": below 2 Hz, as hands follow."""
SWAY = 0.03
"""Of "sines": the greatest amplitude in space of each sinusoid, as a share of the arm's reach."""
PASS = 0.15
"""Success: the error's root mean square is below this share of the desired velocity's."""


@dataclass(frozen=True)
class VelocityTracking(VelocityTask):
    """Follow a desired hand velocity that changes smoothly all the time.

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (6,), in these units; `observation="si"`: rad, rad/s and m/s.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | last 2 | desired hand velocity one step from now, x and y | m/s |

    ## Reward
    -|v - v*|^2, m^2/s^2, with the desired velocity that was seen before the step, less `effort` times the mean squared
    excitation. `reward="absolute"`: -|v - v*|, m/s.

    ## Start
    At rest; in the centre posture, where `profile="sines"`, else in a random one.

    ## Desired velocity
    `profile="minimum_jerk"`: that of three movements with the least jerk, one after the other, each of `move_time`, to
    random places in the workspace. [Flash & Hogan 1985, J Neurosci 5:1688, eq. 3.] "sines": the sum of three sinusoids
    in time, of 0.5, 1 and 1.9 Hz, with random amplitudes.

    ## Episode end
    Terminated by success, after three times `move_time`; truncated after 300 steps of 10 ms.

    ## Info
    "velocity_error", |v - v*| (m/s), "is_success", and so far "rms_error" and "rms_desired" (m/s), root mean squares.

    ## Success
    The error's root mean square is below 15 % of that of the desired velocity.

    ## Arguments
    `profile`, `move_time`, `reward`, `effort`, and those of every environment (`armfa.envs.open_door`).
    """

    n_goals: ClassVar[int] = 3  # places of the movements, or amplitudes of the sinusoids; none is left behind
    fixed_goal: ClassVar[bool] = False
    judged: ClassVar[bool] = True
    records: ClassVar[tuple[str, ...]] = ("rms_error", "rms_desired")
    episode_time: ClassVar[float] = 3.0

    profile: Literal["minimum_jerk", "sines"] = "minimum_jerk"
    """How v* changes."""
    move_time: float = 1.0
    """s, of each of the three movements; a third of the episode."""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("profile", self.profile, "minimum_jerk", "sines")
        finite("move_time", self.move_time, 0.0, above=True)

    def start_draws(self, arm: Arm) -> int:
        """Two: the start posture."""
        return 2

    def goal_draws(self, arm: Arm) -> int:
        """Six: three places, or the lengths and directions of three amplitudes."""
        return 2 * self.n_goals

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """At rest, in a random posture or in the centre."""
        return rest_state(arm, (random_posture if self.profile == "minimum_jerk" else center_posture)(arm, uniform))

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Places (..., 3, 2), m, of random postures; or amplitudes in space (..., 3, 2), m."""
        arm, pairs = simulator.arm, [uniform[..., i : i + 2] for i in (0, 2, 4)]
        if self.profile == "minimum_jerk":
            found = [hand_position(arm, random_posture(arm, pair)) for pair in pairs]
        else:
            sway = SWAY * arm.reach
            found = [sway * sqrt(pair[..., 0])[..., None] * direction(pair[..., 1], 1) for pair in pairs]
        return namespace(uniform).stack(found, axis=-2)

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """The velocity that is desired one step from now (..., 2), m/s."""
        goals, t = moment.trial.goals, time(simulator, moment) + simulator.dt
        if self.profile == "sines":
            terms = [
                goals[..., i, :] * (math.tau * f * sin(math.tau * f * t))[..., None] for i, f in enumerate(FREQUENCIES)
            ]
        else:
            places = [
                hand_position(simulator.arm, moment.trial.start.joint_angle),
                *(goals[..., i, :] for i in range(3)),
            ]
            terms = [
                minimum_jerk(places[i], places[i + 1], self.move_time, t - i * self.move_time)[1] for i in range(3)
            ]
        return terms[0] + terms[1] + terms[2]

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """Root mean squares so far, of the error and of the desired velocity."""
        old, desired = (before.record[..., i] for i in range(2))
        wanted = length(self.goal(simulator, before))
        squares = (old * old, error * error), (desired * desired, wanted * wanted)
        return tuple(sqrt(mean_with(mean, new, after.steps)) for mean, new in squares)

    def passed(self, simulator: Simulator, moment: Moment) -> Array:
        """Whether the time is over and the error was small enough (...,)."""
        over = began(simulator, moment, 3.0 * self.move_time)
        return over & (moment.record[..., 0] < PASS * moment.record[..., 1])
