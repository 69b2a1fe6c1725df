"""IsometricForce: press with the hand, which is held, in a given direction."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array
from armfa.plant import Arm, ArmState, Simulator, hand_force
from armfa.tasks.hand import FromCenter, Sensing
from armfa.tasks.task import (
    Moment,
    Trial,
    finite,
    one_of,
    whole,
)
from armfa.tasks.vectors import direction, drawn, length

NEAR = 0.5
"""N: where the reward "precise" is half of what it is far away."""
STRONGEST = 64.0
"""N: observed forces are clipped here, at the environment's door only."""


@dataclass(frozen=True)
class IsometricForce(FromCenter, Sensing):
    """Press with the hand, which is held in the arm's centre posture, with a given force.

    The force of the hand is F = J^-T torque, with J the Jacobian of the hand and the torque of muscles and joint
    limits; the arm does not move. [Hamilton, Jones & Wolpert 2004, Exp Brain Res 157:417.]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (8,), in these units; `observation="si"`: rad, rad/s and N.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities, 0 | 4 rad/s |
    | 4, 5 | force of the hand, x and y | 4 N |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | last 2 | desired force, x and y | 4 N |

    ## Reward
    -d / (d + 0.5 N), d = |force - desired force|, less `effort` times the mean squared excitation. `reward="distance"`:
    -d, N.

    ## Start
    Muscles silent, in the arm's centre posture.

    ## Episode end
    Terminated by success: the force within `tolerance` times the desired force of it for `hold_time`, without a break.
    Truncated after 100 steps of 10 ms.

    ## Info
    "force_error" (N), "is_success", "variant" (number of the direction).

    ## Arguments
    `directions`, `weakest`, `strongest` (N, drawn evenly between), `tolerance`, `hold_time`, `reward`, `effort`, and
    those of every environment (`armfa.envs.open_door`).
    """

    goal_kind: ClassVar[Literal["position", "velocity", "force"]] = "force"
    error_name: ClassVar[str] = "force_error"
    goal_unit: ClassVar[float] = 4.0

    directions: int = 8
    """Of the desired force, evenly around the circle, the first to the right, then counter-clockwise."""
    weakest: float = 1.0
    """N, of the desired force, at least."""
    strongest: float = 5.0
    """N, at most."""
    tolerance: float = 0.1
    """Share of the desired force: on target."""
    hold_time: float = 0.3
    """s on target, without a break, until success."""
    reward: Literal["precise", "distance"] = "precise"
    """With d = |force - desired force|, N; "precise": -d / (d + 0.5); "distance": -d."""
    effort: float = 0.0
    """Taken off the reward: this times mean(excitation^2)."""

    def __post_init__(self) -> None:
        one_of("reward", self.reward, "precise", "distance")
        whole("directions", self.directions, 1)
        finite("weakest", self.weakest, 0.0, above=True)
        finite("strongest", self.strongest, self.weakest)
        for name in ("tolerance", "hold_time"):
            finite(name, getattr(self, name), 0.0, above=True)
        finite("effort", self.effort, 0.0)

    @property
    def variants(self) -> int:
        """The directions."""
        return self.directions

    def goal_draws(self, arm: Arm) -> int:
        """Two: direction and strength of the force."""
        return 2

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """The desired force (..., 1, 2), N."""
        strength = self.weakest + (self.strongest - self.weakest) * uniform[..., 1]
        return (strength[..., None] * direction(drawn(uniform[..., 0], self.directions), self.directions))[..., None, :]

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """Which direction."""
        return super().trial(simulator, uniform)._replace(variant=drawn(uniform[..., 0], self.directions))

    def constrained(self, moment: Moment, state: ArmState) -> ArmState:
        """The arm stays where it started; muscles do what they do."""
        start = moment.trial.start
        return state._replace(joint_angle=start.joint_angle, joint_velocity=0.0 * start.joint_angle)

    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """The force of the hand (..., 2), N."""
        return hand_force(arm, state)

    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """As strong as is shown, N."""
        return [(-STRONGEST, STRONGEST)] * 2

    def cost(self, error: Array) -> Array:
        """The reward's other sign."""
        return error / (error + NEAR) if self.reward == "precise" else error

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the force is near the desired one (...,)."""
        return error <= self.tolerance * length(moment.trial.goals[..., 0, :])
