"""What every task answers, so that one environment serves them all."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import numpy as np

from armfa.arrays import Array, namespace
from armfa.plant import Arm, ArmState
from armfa.tasks.vectors import length

ANGLE_SLACK = 0.5
"""rad: observed angles are clipped this far behind the soft stops."""
JOINT_SPEED_BOUND = 40.0
"""rad/s: observed joint speeds are clipped here, at the environment's door only; the arm itself may be faster."""


class Task(ABC):
    """Settings of a task. Its methods are pure and batch-first; random numbers are handed in as uniforms in [0, 1).

    A goal is a point in hand space, (..., 2): a position (m) or a velocity (m/s), as `goal_kind` says.
    """

    goal_kind: ClassVar[Literal["position", "velocity"]] = "position"
    error_name: ClassVar[str] = "distance"
    """The name under which the distance between hand and goal stands in Gymnasium's `info`."""

    goal_steps: int | None = None
    """Steps after which a new goal is drawn; None keeps one goal for the whole episode."""
    hold_time: float | None = None
    """s on target after which the task is done, with success; None: it never ends by itself."""

    @abstractmethod
    def start_draws(self, arm: Arm) -> int:
        """How many uniform numbers one start takes."""

    @abstractmethod
    def goal_draws(self, arm: Arm) -> int:
        """How many uniform numbers one goal takes."""

    @abstractmethod
    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """The arm at the start of an episode, from uniform (..., start_draws)."""

    @abstractmethod
    def goal(self, arm: Arm, state: ArmState, uniform: Array, dt: float, integrator: str) -> Array:
        """A new goal (..., 2) for an arm in `state`, from uniform (..., goal_draws)."""

    @abstractmethod
    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """What the goal is held against (..., 2): the hand's position or velocity."""

    @abstractmethod
    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """What is observed besides the goal, as arrays (..., k)."""

    @abstractmethod
    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Lower and upper bound of every number in `senses`, in order."""

    @abstractmethod
    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Lower and upper bound of the goal and of what is achieved."""

    @abstractmethod
    def reward(self, error: Array, excitation: Array | None = None) -> Array:
        """The reward (...,) for ending a step `error` (...,) away from the goal, by this excitation (..., n)."""

    def on_target(self, arm: Arm, state: ArmState, error: Array) -> Array:
        """Whether the arm is where it should be (...,); success takes `hold_time` of it without a break."""
        return error < 0.0

    def error(self, achieved: Array, goal: Array) -> Array:
        """Distance (...,) between what is achieved and the goal, both (..., 2)."""
        return length(achieved - goal)

    def observe(self, arm: Arm, state: ArmState, goal: Array, achieved: Array | None = None) -> Array:
        """The observation (..., n) in SI units: `senses`, then the goal.

        achieved : saves computing it again where the caller has it.
        """
        achieved = self.achieved(arm, state) if achieved is None else achieved
        return namespace(goal, state.joint_angle).concat([*self.senses(arm, state, achieved), goal], axis=-1)

    def sample(
        self,
        arm: Arm,
        rng: Any,
        size: int,
        *,
        dt: float = 0.01,
        integrator: str = "semi_implicit_euler",
        dtype: type = np.float64,
    ) -> tuple[ArmState, Array]:
        """Fresh starts and goals for `size` arms: ArmState with leaves (size, ...), and goals (size, 2).

        rng : a NumPy generator, or what draws as it does (`Streams` of S generators: a leading axis of S).
        """
        starts = self.start_draws(arm)
        uniform = rng.uniform(0.0, 1.0, (size, starts + self.goal_draws(arm))).astype(dtype)
        state = self.start(arm, uniform[..., :starts])
        return state, self.goal(arm, state, uniform[..., starts:], dt, integrator)


def joint_bounds(arm: Arm) -> list[tuple[float, float]]:
    """Bounds of the two joint angles (rad), then of the two joint velocities (rad/s), as observed."""
    angles = [(low - ANGLE_SLACK, high + ANGLE_SLACK) for low, high in arm.stops]
    return [*angles, (-JOINT_SPEED_BOUND, JOINT_SPEED_BOUND), (-JOINT_SPEED_BOUND, JOINT_SPEED_BOUND)]
