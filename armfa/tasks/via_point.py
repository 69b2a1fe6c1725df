"""ViaPoint: reach to a target by way of another."""

from dataclasses import dataclass
from typing import ClassVar

from armfa.arrays import Array, at_least, namespace, where
from armfa.plant import Arm, ArmState, Simulator, hand_position
from armfa.tasks.clock import first, time
from armfa.tasks.hand import FromAnywhere, Holding, hand_speed
from armfa.tasks.postures import random_posture
from armfa.tasks.task import Moment
from armfa.tasks.vectors import length


@dataclass(frozen=True)
class ViaPoint(FromAnywhere, Holding):
    """Bring the hand to a target by way of another, and hold it there.

    [Flash & Hogan 1985, J Neurosci 5:1688: movements through a point are curved, and slow where they bend.]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (10,), in these units; `observation="si"`: rad, rad/s and m.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | 4, 5 | hand, x and y | 0.25 m |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | next 2 | last target, x and y | 0.25 m |
    | last 2 | where to go now: the point to pass, then the last target | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - where to go now|, and -1 in each step before the first point is passed, less `effort`
    times the mean squared excitation. `reward="distance"`: -d and minus the way from one to the other, m; "sparse": 0
    within `radius`, else -1, and -1 before the first is passed.

    ## Start
    At rest in a random posture; both points are the hand's places in other random postures.

    ## Episode end
    Terminated by success: the first point passed within `radius` at any speed, then the hand within `radius` of the
    last target and slower than `max_speed` for `hold_time`, without a break. Truncated after 200 steps of 10 ms.

    ## Info
    "distance" (m) to where to go now, "is_success", "via_time" (s from the start until the first point was passed, 0
    before), "peak_speed" (m/s).

    ## Arguments
    `reward`, `effort`, `radius`, `max_speed`, `hold_time`, and those of every environment (`armfa.envs.open_door`).
    """

    n_goals: ClassVar[int] = 2
    passes: ClassVar[bool] = True
    fixed_goal: ClassVar[bool] = False
    records: ClassVar[tuple[str, ...]] = ("via_time", "peak_speed")
    episode_time: ClassVar[float] = 2.0

    def goal_draws(self, arm: Arm) -> int:
        """Four: two postures."""
        return 4

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Where the hand is in two other random postures (..., 2, 2), m."""
        arm = simulator.arm
        places = [hand_position(arm, random_posture(arm, uniform[..., i : i + 2])) for i in (0, 2)]
        return namespace(uniform).stack(places, axis=-2)

    def cues(self, simulator: Simulator, moment: Moment) -> tuple[Array, ...]:
        """The last target (2), m."""
        return (moment.trial.goals[..., 1, :],)

    def cue_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """As the goal."""
        return self.goal_bounds(arm)

    def cue_units(self, arm: Arm) -> list[float]:
        """As the goal."""
        return [self.goal_unit, self.goal_unit]

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the hand is within `radius`, and slow where it should stay (...,)."""
        return where(moment.stage < 1.0, error <= self.radius, super().on_target(simulator, moment, error))

    def pending(self, moment: Moment) -> Array:
        """What is still to come costs at least as much as it will: 1 a step, or the way, m."""
        goals = moment.trial.goals
        way = length(goals[..., 1, :] - goals[..., 0, :]) if self.reward == "distance" else 1.0 + 0.0 * moment.stage
        return where(moment.stage < 1.0, way, 0.0 * way)

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """When the first point was passed, and peak speed."""
        via, peak = (before.record[..., i] for i in range(2))
        passed = (before.stage < 1.0) & (error <= self.radius)
        return first(via, passed, time(simulator, after)), at_least(hand_speed(simulator.arm, after.arm), peak)
