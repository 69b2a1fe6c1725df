"""Reach: bring the hand from a random posture to a random target and keep it there."""

from dataclasses import dataclass
from typing import ClassVar

from armfa.arrays import Array
from armfa.plant import Arm, ArmState, Simulator, hand_position
from armfa.tasks.hand import FromAnywhere, Holding
from armfa.tasks.postures import random_posture


@dataclass(frozen=True)
class Reach(FromAnywhere, Holding):
    """Bring the hand from a random posture to a random target and hold it there for 100 ms.

    Starts and targets come from joint angles spread evenly over the arm's joint range: always in reach.

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (8,), in these units; `observation="si"`: rad, rad/s and m.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | 4, 5 | hand, x and y | 0.25 m |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | last 2 | target, x and y | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - target|, less `effort` times the mean squared excitation: the nearer, the steeper, so
    that the last centimetre counts. `reward="distance"`: -d, m; "sparse": 0 within `radius`, else -1.

    ## Start
    At rest in a random posture.

    ## Episode end
    Terminated by success: the hand within `radius` and slower than `max_speed` for `hold_time`, without a break.
    Truncated after 200 steps of 10 ms. Exploration moves the hand: with a `max_speed` of 5 cm/s a learner never sees
    that it has come to the target.

    ## Info
    "distance" (m), "is_success".

    ## Arguments
    `reward`, `effort`, `radius`, `max_speed`, `hold_time`, and those of every environment (`armfa.envs.open_door`).
    """

    episode_time: ClassVar[float] = 2.0

    def goal_draws(self, arm: Arm) -> int:
        """Two: the posture whose hand position is the target."""
        return 2

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Where the hand is in another random posture (..., 1, 2), m."""
        return hand_position(simulator.arm, random_posture(simulator.arm, uniform))[..., None, :]
