"""Ballistic: reach to a target without any feedback."""

from dataclasses import dataclass
from typing import ClassVar

from armfa.arrays import Array, at_least, where
from armfa.plant import Arm, ArmState, Simulator, hand_position
from armfa.tasks.clock import began, flag, since
from armfa.tasks.hand import TargetsAround, hand_speed
from armfa.tasks.task import Moment, Trial, finite
from armfa.tasks.vectors import drawn, length

ON_TARGET = 0.1
"""Success: the error at the end is below this share of the distance."""


@dataclass(frozen=True)
class Ballistic(TargetsAround):
    """Reach to a target around the centre without any feedback: the arm is not seen, the time is.

    What is learned is a movement that is prepared as a whole; with noise, where it ends is spread.
    [van Beers, Haggard & Wolpert 2004, J Neurophysiol 91:1050.]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (4,), in these units; `observation="si"`: s and m.

    | number | what | unit |
    |---|---|---|
    | 0 | go: 0 before, then 1 | 1 |
    | 1 | time since the go | s |
    | last 2 | where the hand should be now: the centre before the go, then the target | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - where it should be now|, less `effort` times the mean squared excitation.
    `reward="distance"`: -d, m; "sparse": 0 within `radius`, else -1.

    ## Start
    At rest in the arm's centre posture.

    ## Episode end
    Terminated by success, `move_time` after the go; truncated after 60 steps of 10 ms.

    ## Info
    "distance" (m), "is_success", "variant" (number of the target), "peak_speed" (m/s) since the go.

    ## Success
    `move_time` after the go, the hand is nearer to the target than a tenth of its distance.

    ## Arguments
    `targets`, `distance` (m), `go_time`, `move_time` (s), `reward`, `effort`, `radius`, and those of every environment
    (`armfa.envs.open_door`).
    """

    judged: ClassVar[bool] = True
    records: ClassVar[tuple[str, ...]] = ("peak_speed",)
    episode_time: ClassVar[float] = 0.6

    go_time: float = 0.1
    """s from the start to the go."""
    move_time: float = 0.5
    """s from the go to the end."""

    def __post_init__(self) -> None:
        super().__post_init__()
        finite("go_time", self.go_time, 0.0)
        finite("move_time", self.move_time, 0.0, above=True)

    def goal_draws(self, arm: Arm) -> int:
        """One: the target."""
        return 1

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """Which target, and when the go comes."""
        onset = self.go_time + 0.0 * uniform[..., 0]
        return super().trial(simulator, uniform)._replace(variant=drawn(uniform[..., 0], self.targets), onset=onset)

    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """Nothing."""
        return ()

    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """None."""
        return []

    def sense_units(self, arm: Arm) -> list[float]:
        """None."""
        return []

    def cues(self, simulator: Simulator, moment: Moment) -> tuple[Array, ...]:
        """The go (1), and the time since it (1), s."""
        onset = moment.trial.onset
        return flag(began(simulator, moment, onset), moment), since(simulator, moment, onset)[..., None]

    def cue_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """The go; as long as episodes may be, s."""
        return [(0.0, 1.0), (0.0, 60.0)]

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """Peak speed since the go."""
        speed = hand_speed(simulator.arm, after.arm)
        gone = since(simulator, after, after.trial.onset) > 0.0
        return (at_least(where(gone, speed, 0.0 * speed), before.record[..., 0]),)

    def passed(self, simulator: Simulator, moment: Moment) -> Array:
        """Whether the time is over and the hand near the target (...,)."""
        away = moment.trial.goals[..., 0, :] - hand_position(simulator.arm, moment.arm.joint_angle)
        over = began(simulator, moment, moment.trial.onset + self.move_time)
        return over & (length(away) < ON_TARGET * self.way(simulator.arm))
