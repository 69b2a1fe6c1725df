"""Ellipse: follow a target around an ellipse or a figure eight."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array, at_least, cos, sin, sqrt
from armfa.plant import Arm, ArmState, Simulator, hand_position, inverse_kinematics, rest_state
from armfa.tasks.clock import began, mean_with, time
from armfa.tasks.hand import HandTask, hand_speed
from armfa.tasks.postures import center_posture
from armfa.tasks.task import Moment, Trial, finite, one_of
from armfa.tasks.vectors import drawn, point

PHASES = 8
"""Places on the path at which the target may start."""
WIDTH, HEIGHT = 0.16, 0.08
"""Default size as shares of the arm's reach: 10 cm by 5 cm for the human arm."""


@dataclass(frozen=True)
class Ellipse(HandTask):
    """Follow a target that goes around an ellipse, or along a figure eight.

    Ellipse: center + (a cos phase, b sin phase); eight: center + (a cos phase, b sin 2 phase), with
    phase = 2 pi (frequency t + number / 8), a and b half of width and height. Around an ellipse the target keeps the
    two-thirds power law, speed = (2 pi frequency) (a b)^(1/3) curvature^(-1/3). [Lacquaniti, Terzuolo & Viviani 1983,
    Acta Psychol 54:115.]

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
    | next 2 | cosine and sine of the target's phase | 1 |
    | last 2 | where the target will be one step from now, x and y | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - target|, less `effort` times the mean squared excitation. `reward="distance"`: -d, m;
    "sparse": 0 within `radius`, else -1.

    ## Start
    At rest with the hand on the target, at one of eight places of the path around the hand's place in the centre
    posture.

    ## Episode end
    Terminated by success, after `duration`; truncated after 300 steps of 10 ms.

    ## Info
    "distance" (m), "is_success", "variant" (number of the starting place), "rms_distance" (m, root mean square so far)
    and "peak_speed" (m/s).

    ## Success
    The root mean square of the distance is below `radius`, 1 cm.

    ## Arguments
    `figure` ("ellipse", "eight"), `width`, `height` (m), `frequency` (Hz), `duration` (s), `reward`, `effort`,
    `radius`, and those of every environment (`armfa.envs.open_door`). The reset option
    "target" is the centre of the path.
    """

    fixed_goal: ClassVar[bool] = False
    judged: ClassVar[bool] = True
    records: ClassVar[tuple[str, ...]] = ("rms_distance", "peak_speed")
    episode_time: ClassVar[float] = 3.0

    figure: Literal["ellipse", "eight"] = "ellipse"
    """The path."""
    width: float | None = None
    """m; None: 0.16 times the arm's reach."""
    height: float | None = None
    """m; None: 0.08 times the arm's reach."""
    frequency: float = 1.0
    """Hz: rounds per second."""
    duration: float = 3.0
    """s after which success is judged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("figure", self.figure, "ellipse", "eight")
        for name in ("width", "height", "frequency", "duration"):
            value = getattr(self, name)
            finite(name, 1.0 if value is None else value, 0.0, above=True)

    @property
    def variants(self) -> int:
        """The starting places."""
        return PHASES

    def start_draws(self, arm: Arm) -> int:
        """One: where on the path the target starts, and the hand."""
        return 1

    def goal_draws(self, arm: Arm) -> int:
        """None: the path is always the same."""
        return 0

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """At rest, with the hand on the target."""
        phase = (math.tau / PHASES) * drawn(uniform[..., 0], PHASES)
        return rest_state(arm, inverse_kinematics(arm, _center(arm, uniform) + self.path(arm, phase)))

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """The centre of the path (..., 1, 2), m."""
        return _center(simulator.arm, state.joint_angle)[..., None, :]

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """Where the target starts."""
        return super().trial(simulator, uniform)._replace(variant=drawn(uniform[..., 0], PHASES))

    def path(self, arm: Arm, phase: Array) -> Array:
        """The target beside the centre (..., 2), m, in this phase (...,), rad."""
        a = 0.5 * (WIDTH * arm.reach if self.width is None else self.width)
        b = 0.5 * (HEIGHT * arm.reach if self.height is None else self.height)
        return point(a * cos(phase), b * sin(phase if self.figure == "ellipse" else 2.0 * phase))

    def phase(self, simulator: Simulator, moment: Moment) -> Array:
        """The phase one step from now (...,), rad."""
        turns = self.frequency * (time(simulator, moment) + simulator.dt) + moment.trial.variant * (1.0 / PHASES)
        return math.tau * turns

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """Where the target will be one step from now (..., 2), m."""
        return moment.trial.goals[..., 0, :] + self.path(simulator.arm, self.phase(simulator, moment))

    def cues(self, simulator: Simulator, moment: Moment) -> tuple[Array, ...]:
        """Cosine and sine of the target's phase (2)."""
        phase = self.phase(simulator, moment)
        return (point(cos(phase), sin(phase)),)

    def cue_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """-1 to 1."""
        return [(-1.0, 1.0)] * 2

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """Root mean square of the distance, and peak speed."""
        rms, peak = (before.record[..., i] for i in range(2))
        mean = mean_with(rms * rms, error * error, after.steps)
        return sqrt(mean), at_least(hand_speed(simulator.arm, after.arm), peak)

    def passed(self, simulator: Simulator, moment: Moment) -> Array:
        """Whether the time is over and the hand stayed near the target (...,)."""
        return began(simulator, moment, self.duration) & (moment.record[..., 0] < self.radius)


def _center(arm: Arm, like: Array) -> Array:
    """The hand's place in the centre posture, for as many arms as `like` (..., k) is for, m."""
    return hand_position(arm, center_posture(arm, like))
