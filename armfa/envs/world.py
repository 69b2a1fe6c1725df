"""The rules that one arm in an `Env` and many in a `VectorEnv` share: pure, batch-first, without random numbers."""

from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any, Literal, NamedTuple, TypedDict

import gymnasium as gym
import numpy as np

from armfa.plant import Arm, ArmState, make_arm, step
from armfa.plant.step import unstable_message
from armfa.tasks import Task
from armfa.tasks.task import joint_bounds

ActionRange = Literal["excitation", "symmetric"]
OPTIONS = ("joint_angle", "joint_velocity", "target")


class WorldSettings(TypedDict, total=False):
    """Constructor arguments that every environment shares. With an arm's name a spec can be written as JSON."""

    arm: str | Arm  # a preset's name: li_todorov (default), lillicrap_scott, ..., torque
    activation: str  # of a preset: "static" (default) or "first_order"
    dt: float  # s, 0.01
    integrator: str  # "semi_implicit_euler" (default), "heun", "rk4"; "euler" with static muscles
    action_range: ActionRange  # "excitation" (default): the muscles' own [0, 1]; "symmetric": [-1, 1], mapped onto it
    goal_observation: bool  # False; True: Dict(observation, achieved_goal, desired_goal) and compute_reward


class Transition(NamedTuple):
    """What one step gives, for one arm or many."""

    state: ArmState
    achieved: np.ndarray  # (..., 2)
    error: np.ndarray  # (...,) to the goal that was pursued
    reward: np.ndarray  # (...,)
    held: np.ndarray  # (...,) steps on target in a row


@dataclass(frozen=True)
class World:
    """An arm, a task and how they meet: the settings of an environment, and its rules."""

    task: Task
    arm: Arm
    dt: float = 0.01
    integrator: str = "semi_implicit_euler"
    action_range: ActionRange = "excitation"
    goal_observation: bool = False

    @classmethod
    def build(
        cls,
        task: Task,
        *,
        arm: str | Arm = "li_todorov",
        activation: str | None = None,
        dt: float = 0.01,
        integrator: str = "semi_implicit_euler",
        action_range: ActionRange = "excitation",
        goal_observation: bool = False,
    ) -> "World":
        """A world from words and numbers, checked: the constructor arguments of `WorldSettings`."""
        if not (isinstance(dt, float | int | np.number) and 0.0 < dt <= 0.05):
            raise ValueError(f"expected a time step dt above 0 and up to 0.05 s, got {dt!r}")
        if not isinstance(goal_observation, bool):
            raise ValueError(f"expected goal_observation True or False, got {goal_observation!r}")
        if action_range not in ("excitation", "symmetric"):
            raise ValueError(f"expected action_range 'excitation' or 'symmetric', got {action_range!r}")
        if goal_observation and getattr(task, "effort", 0.0):
            raise ValueError("a goal environment's reward may depend on the goals only: expected effort 0 or no goals")
        arm = arm_of(arm, activation)
        world = cls(task, arm, float(dt), integrator, action_range, goal_observation)
        start = task.start(arm, np.full(task.start_draws(arm), 0.5))
        step(
            arm, start, np.full(arm.n_muscles, arm.excitation_range[1]), dt, integrator=integrator
        )  # refused now or never
        return world

    @property
    def action_space(self) -> gym.spaces.Box:
        """Excitations, in the muscles' own range or symmetric."""
        low, high = self.arm.excitation_range if self.action_range == "excitation" else (-1.0, 1.0)
        return gym.spaces.Box(low, high, (self.arm.n_muscles,), np.float32)

    @property
    def observation_space(self) -> gym.spaces.Space:
        """Finite float32 boxes, in SI units."""
        senses, goal = self.task.sense_bounds(self.arm), self.task.goal_bounds(self.arm)
        if not self.goal_observation:
            return _box([*senses, *goal])
        spaces: dict[str, gym.Space] = {
            "observation": _box(senses),
            "achieved_goal": _box(goal),
            "desired_goal": _box(goal),
        }
        return gym.spaces.Dict(spaces)

    @cached_property
    def hold_steps(self) -> int | None:
        """Steps on target that make success, or None where the task has no end."""
        return None if self.task.hold_time is None else max(1, round(self.task.hold_time / self.dt))

    @cached_property
    def goal_steps(self) -> int | None:
        """Steps between new goals; a goal environment keeps one goal for the whole episode."""
        return None if self.goal_observation else self.task.goal_steps

    def start(self, uniform: np.ndarray, options: dict[str, Any]) -> tuple[ArmState, np.ndarray]:
        """State and goal at the start of an episode, from uniform (..., start_draws + goal_draws) and reset options."""
        n_start = self.task.start_draws(self.arm)
        state = self.task.start(self.arm, uniform[..., :n_start])
        for name in ("joint_angle", "joint_velocity"):
            if name in options:
                state = state._replace(**{name: np.broadcast_to(options[name], getattr(state, name).shape).copy()})
        goal = self.goal(state, uniform[..., n_start:])
        return state, np.broadcast_to(options["target"], goal.shape).copy() if "target" in options else goal

    def checked_options(self, options: dict[str, Any] | None, arms: int | None = None) -> dict[str, np.ndarray]:
        """Reset options as float64 arrays: (2,), or in a vector environment of n arms also one an arm, (n, 2)."""
        options = {} if options is None else options
        if unknown := sorted(set(options) - set(OPTIONS)):
            raise ValueError(f"expected reset options among {', '.join(OPTIONS)}, got {', '.join(map(repr, unknown))}")
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in options.items()}
        shapes = ((2,),) if arms is None else ((2,), (arms, 2))
        for name, value in arrays.items():
            if value.shape not in shapes:
                expected = " or ".join(map(str, shapes))
                raise ValueError(f"expected reset option {name!r} of shape {expected}, got {value.shape}")
            if not np.isfinite(value).all():
                raise ValueError(f"expected finite numbers in reset option {name!r}, got {value}")
        if "target" in arrays and self.task.goal_kind == "position":  # beyond reach it would look like another target
            target, reach = arrays["target"], self.arm.reach
            if (np.hypot(target[..., 0], target[..., 1]) > reach).any():
                raise ValueError(f"expected a target within reach, {reach:.2f} m from the shoulder, got {target}")
        if "target" in arrays and self.task.goal_kind == "velocity":
            self._refuse_outside(arrays["target"], self.task.goal_bounds(self.arm), "target", "m/s")
        if "joint_angle" in arrays:
            self._refuse_outside(arrays["joint_angle"], joint_bounds(self.arm)[:2], "joint_angle", "rad")
        return arrays

    @staticmethod
    def _refuse_outside(value: np.ndarray, bounds: list[tuple[float, float]], name: str, unit: str) -> None:
        low, high = np.array(bounds).T
        if (value < low).any() or (value > high).any():
            expected = " and ".join(f"{a:.2f} to {b:.2f}" for a, b in bounds)
            raise ValueError(f"expected reset option {name!r} within {expected} {unit}, got {value}")

    def goal(self, state: ArmState, uniform: np.ndarray) -> np.ndarray:
        """A new goal (..., 2)."""
        return self.task.goal(self.arm, state, uniform, self.dt, self.integrator)

    @cached_property
    def start_draws(self) -> int:
        """Uniform numbers that the start of an episode takes."""
        return self.task.start_draws(self.arm) + self.goal_draws

    @cached_property
    def goal_draws(self) -> int:
        """Uniform numbers that one goal takes."""
        return self.task.goal_draws(self.arm)

    def excitation(self, action: Any, shape: tuple[int, ...]) -> np.ndarray:
        """The action as excitations of this shape: a new float64 array, clipped to the action space. NaN stays NaN."""
        action = np.asarray(action)
        if action.shape != shape:
            raise ValueError(
                f"expected an action of shape {shape}, got {action.shape}; "
                f"give each of the {self.arm.n_muscles} muscles its number, as env.action_space says"
            )
        if len(shape) == 1 and self.action_range == "excitation":  # one arm: plain numbers are quicker
            numbers, (low, high) = action.tolist(), self.arm.excitation_range
            if low <= min(numbers) and max(numbers) <= high:
                return np.array(numbers, np.float64)
        action = action.astype(np.float64)
        low, high, offset, scale = self._action_map
        clipped = np.minimum(np.maximum(action, low), high)
        return clipped if self.action_range == "excitation" else offset + scale * clipped

    @cached_property
    def _action_map(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Bounds of the action, and the line that takes a symmetric action to an excitation."""
        low, high = self.arm.excitation_range
        bounds = (low, high) if self.action_range == "excitation" else (-1.0, 1.0)
        row = np.ones(self.arm.n_muscles)
        return bounds[0] * row, bounds[1] * row, 0.5 * (high + low) * row, 0.5 * (high - low) * row

    def advance(self, state: ArmState, goal: np.ndarray, held: Any, excitation: np.ndarray) -> Transition:
        """One time step: the arm moves, and what it achieved is held against the goal."""
        state = step(self.arm, state, excitation, self.dt, integrator=self.integrator)
        achieved = self.task.achieved(self.arm, state)
        error = self.error(achieved, goal)
        if not (np.isfinite(error).all() if error.ndim else isfinite(error)):
            raise FloatingPointError(unstable_message(self.arm, self.dt, self.integrator))
        if self.hold_steps is not None:
            on_target = self.task.on_target(self.arm, state, error)
            held = (held + 1) * (on_target if on_target.ndim else bool(on_target))
        return Transition(state, achieved, error, self.task.reward(error, excitation), held)

    def error(self, achieved: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Distance to the goal (...,); in a goal environment that of the float32 numbers which the agent sees."""
        if self.goal_observation:
            achieved, goal = self._seen_goal(achieved).astype(np.float64), self._seen_goal(goal).astype(np.float64)
        return self.task.error(achieved, goal)

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any = None) -> Any:
        """The reward of having achieved this where that was desired, each (..., 2): exactly the step's own reward."""
        error = self.task.error(np.asarray(achieved_goal, np.float64), np.asarray(desired_goal, np.float64))
        reward = self.task.reward(error)
        return float(reward) if np.ndim(reward) == 0 else reward

    def observation(self, state: ArmState, goal: np.ndarray, achieved: np.ndarray) -> Any:
        """What the agent sees, `task.observe` at the door: new float32 arrays within the observation space."""
        if not self.goal_observation:
            low, high = self._seen_bounds
            seen = np.concatenate((*self.task.senses(self.arm, state, achieved), goal), axis=-1, dtype=np.float32)
            return np.minimum(np.maximum(seen, low), high)
        senses = np.concatenate(self.task.senses(self.arm, state, achieved), axis=-1, dtype=np.float32)
        low, high = (bound[:-2] for bound in self._seen_bounds)
        return {
            "observation": np.minimum(np.maximum(senses, low), high),
            "achieved_goal": self._seen_goal(achieved),
            "desired_goal": self._seen_goal(goal),
        }

    def _seen_goal(self, point: np.ndarray) -> np.ndarray:
        """A goal or achievement (..., 2) as the agent sees it: float32, within bounds."""
        low, high = (bound[-2:] for bound in self._seen_bounds)
        return np.minimum(np.maximum(point.astype(np.float32), low), high)

    @cached_property
    def _seen_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of everything observed, the goal last, float32."""
        low, high = np.array([*self.task.sense_bounds(self.arm), *self.task.goal_bounds(self.arm)], np.float32).T
        return np.ascontiguousarray(low), np.ascontiguousarray(high)


def arm_of(arm: str | Arm = "li_todorov", activation: str | None = None) -> Arm:
    """The arm that these settings name. An `Arm` has its own muscles already."""
    if not isinstance(arm, Arm):
        return make_arm(arm, activation=activation or "static")
    if activation is not None:
        raise ValueError(f"expected activation={activation!r} beside a preset's name only: {arm.name!r} has its own")
    return arm


def _box(bounds: list[tuple[float, float]]) -> gym.spaces.Box:
    """A float32 box with these bounds."""
    low, high = np.array(bounds, dtype=np.float32).T
    return gym.spaces.Box(low.copy(), high.copy(), dtype=np.float32)
