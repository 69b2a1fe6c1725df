"""CenterOut: wait in the centre, and on a go reach to one of the targets around it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from armfa.arrays import Array, at_least, where
from armfa.plant import Arm, Simulator, hand_position
from armfa.tasks.clock import began, first, flag, since
from armfa.tasks.hand import Holding, TargetsAround, hand_speed
from armfa.tasks.task import NEVER, Moment, Trial, finite, one_of
from armfa.tasks.vectors import direction, drawn, length

MOVING = 0.05
"""m/s: a hand this fast has begun to move."""
CATCH_HOLD = 0.3
"""s after the latest go after which a catch trial has been held."""


@dataclass(frozen=True)
class CenterOut(TargetsAround, Holding):
    """Wait with the hand in the centre, and on a go reach to one of the targets around it and hold there.

    The target is shown after `cue_time`, the go comes a random delay later; in catch trials it never comes, and the
    hand should stay. [Georgopoulos, Kalaska, Caminiti & Massey 1982, J Neurosci 2:1527: 8 targets around a centre.]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (11,), in these units; `observation="si"`: rad, rad/s and m.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | 4, 5 | hand, x and y | 0.25 m |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | next 2 | target, from `cue_time` on; before, the centre | 0.25 m |
    | next | go: 0 before, then 1 | 1 |
    | last 2 | where the hand should be now: the centre before the go, then the target | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - where it should be now|, less `effort` times the mean squared excitation.
    `reward="distance"`: -d, m; "sparse": 0 within `radius`, else -1.

    ## Start
    At rest in the arm's centre posture; the targets lie around where the hand starts.

    ## Episode end
    Terminated by success: after the go, the hand within `radius` of the target and slower than `max_speed` for
    `hold_time`, without a break; in a catch trial the same in the centre, 0.3 s after the latest go. With `must_wait`,
    a hand that was farther than `center_radius` from the centre before the go does not succeed.
    Truncated after 200 steps of 10 ms.

    ## Info
    "distance" (m), "is_success", "variant" (number of the target), and since the go, 0 until it happens:
    "reaction_time" (s until the hand is faster than 5 cm/s), "movement_time" (s from there until it is first within
    `radius`), "peak_speed" (m/s) and "path_length" (m); "false_start" (1 once it was farther than
    `center_radius` from the centre before the go).

    ## Arguments
    `targets` (8, or 16 in Lillicrap & Scott 2013), `distance`, `cue_time`, `shortest_delay`, `longest_delay`, `catch`,
    `center_radius`, `must_wait`, `reward`, `effort`, `radius`, `max_speed`, `hold_time`, and those of every environment
    (`armfa.envs.open_door`).
    """

    episode_time: ClassVar[float] = 2.0
    records: ClassVar[tuple[str, ...]] = ("reaction_time", "movement_time", "peak_speed", "path_length", "false_start")

    cue_time: float = 0.1
    """s after the start when the target is shown."""
    shortest_delay: float = 0.1
    """s from the target to the go, at least."""
    longest_delay: float = 0.4
    """s from the target to the go, at most; drawn evenly."""
    catch: float = 0.0
    """Share of trials without a go."""
    center_radius: float = 0.02
    """m: a hand farther from the centre than this before the go has started too early. What counts is the hand itself;
    a rotation is about the centre and leaves that distance as it is."""
    must_wait: bool = False
    """Whether a start too early ends all hope of success; a learner whose exploration moves the arm then sees none."""

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("cue_time", self.cue_time, 0.0)
        finite("shortest_delay", self.shortest_delay, 0.0)
        finite("longest_delay", self.longest_delay, self.shortest_delay)
        finite("catch", self.catch, 0.0)
        finite("center_radius", self.center_radius, 0.0, above=True)
        one_of("must_wait", self.must_wait, True, False)
        if self.catch > 1.0:
            raise ValueError(f"expected catch as a share, at most 1, got {self.catch}")

    def goal_draws(self, arm: Arm) -> int:
        """Three: target, delay, and whether the go comes."""
        return 3

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """Target, and when the go comes."""
        number, delay, catch = (uniform[..., i] for i in range(3))
        go = self.cue_time + self.shortest_delay + (self.longest_delay - self.shortest_delay) * delay
        onset = where(catch < self.catch, NEVER, go)
        return super().trial(simulator, uniform)._replace(variant=drawn(number, self.targets), onset=onset)

    def cues(self, simulator: Simulator, moment: Moment) -> tuple[Array, ...]:
        """The target (2), m, from `cue_time` on, and the go (1)."""
        target, center = moment.trial.goals[..., 0, :], self.center(simulator, moment)
        shown = where(began(simulator, moment, self.cue_time)[..., None], target, center)
        return shown, flag(began(simulator, moment, moment.trial.onset), moment)

    def cue_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The target as the goal; the go."""
        return [*self.goal_bounds(arm), (0.0, 1.0)]

    def cue_units(self, arm: Arm) -> list[float]:
        """The target as the goal; the go as it is."""
        return [self.goal_unit, self.goal_unit, 1.0]

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the hand is, after the go, on the target and slow; in a catch trial, late, in the centre (...,)."""
        late = self.cue_time + self.longest_delay + CATCH_HOLD
        onset = where(moment.trial.onset < NEVER, moment.trial.onset, late)
        there = super().on_target(simulator, moment, error) & began(simulator, moment, onset + simulator.dt)
        return there & (moment.record[..., self.records.index("false_start")] <= 0.0) if self.must_wait else there

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """Reaction time, movement time, peak speed and path length since the go; whether the hand left before it."""
        reaction, movement, peak, path, early = (before.record[..., i] for i in range(5))
        elapsed, speed = since(simulator, after, after.trial.onset), hand_speed(simulator.arm, after.arm)
        gone = elapsed > 0.0
        reaction = first(reaction, gone & (speed > MOVING), elapsed)
        movement = first(movement, (reaction > 0.0) & (error <= self.radius), elapsed - reaction)
        going = where(gone, speed, 0.0 * speed)
        hand = hand_position(simulator.arm, after.arm.joint_angle)
        away = length(hand - self.center(simulator, after))  # not `error`: the goal may have jumped
        early = where((elapsed <= 0.0) & (away > self.center_radius), 0.0 * early + 1.0, early)
        return reaction, movement, at_least(going, peak), path + going * simulator.dt, early


def center_out_targets(center: np.ndarray, distance: float = 0.1, n: int = 8) -> np.ndarray:
    """Hand targets evenly around a centre, the first one to the right, then counter-clockwise.

    Parameters
    ----------
    center : array (2,)
        m.
    distance : float
        m; 0.10 in human studies, 0.05 or 0.06 in monkeys.
    n : int
        How many.

    Returns
    -------
    array (n, 2)
        m.
    """
    return np.asarray(center) + distance * direction(np.arange(n), n)
