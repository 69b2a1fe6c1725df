"""One arm in a task as a Gymnasium environment."""

from collections import deque
from math import isnan
from typing import Any

import gymnasium as gym
import numpy as np

from armfa.envs.picture import TRAIL_TIME, no_render_mode, picture, viewer
from armfa.envs.world import World
from armfa.plant import hand_position

GOAL_BLOCK = 32
"""Goals for which random numbers are drawn at once, here and in the vector environment, which must agree."""
WINDOW_RATE = 50.0
"""1/s: frames shown in a window, at most; simulated time passes as real time."""

METADATA: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 100}


class ArmEnv(gym.Env[Any, np.ndarray]):
    """An arm in a task; `world` holds every setting. The state is float64 inside, float32 at the door.

    reset(options=...) takes "joint_angle" (2,) rad, "joint_velocity" (2,) rad/s and "target" (2,), the goal.
    """

    metadata = METADATA

    def __init__(self, world: World, render_mode: str | None = None):
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"expected render_mode None, 'human' or 'rgb_array', got {render_mode!r}")
        self.world, self.render_mode = world, render_mode
        self.metadata = {**self.metadata, "render_fps": round(1.0 / world.dt)}
        self.observation_space = world.observation_space
        self.action_space = world.action_space
        if world.goal_observation:
            self.compute_reward = world.compute_reward
        self._shape = (world.arm.n_muscles,)
        self._trail: deque[np.ndarray] = deque(maxlen=max(2, round(TRAIL_TIME / world.dt)))
        self._window: Any = None
        self._state: Any = None  # before the first reset

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts an episode: observation and info."""
        super().reset(seed=seed)
        world = self.world
        options = world.checked_options(options)
        self._state, self._goal = world.start(self.np_random.random(world.start_draws), options)
        self._keep_goal = "target" in options
        self._held, self._steps, self._used = 0, 0, GOAL_BLOCK
        achieved = world.task.achieved(world.arm, self._state)
        self._error = float(world.error(achieved, self._goal))
        self._trail.clear()
        self._look()
        return world.observation(self._state, self._goal, achieved), self._info()

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One time step: observation, reward, terminated, truncated (left to TimeLimit), info."""
        world = self.world
        if self._state is None:
            raise gym.error.ResetNeeded("reset() must be called before step()")
        excitation = world.excitation(action, self._shape)
        if isnan(sum(excitation.tolist())):  # faster than NumPy for six numbers
            raise ValueError(f"expected numbers in the action, got NaN: {action}")
        now = world.advance(self._state, self._goal, self._held, excitation)
        self._state, self._held, self._error = now.state, now.held, float(now.error)
        self._steps += 1
        if world.goal_steps is not None and self._steps % world.goal_steps == 0 and not self._keep_goal:
            self._goal = world.goal(self._state, self._next_uniform())
        info = self._info()
        self._look()
        observation = world.observation(self._state, self._goal, now.achieved)
        return observation, float(now.reward), info.get("is_success", False), False, info

    def render(self) -> np.ndarray | None:
        """A frame (640, 640, 3) in mode rgb_array; None in mode human, whose window `reset` and `step` feed."""
        if self.render_mode is None:
            no_render_mode(self)
        elif self.render_mode == "rgb_array":
            return viewer().draw_frame(self._scene())
        else:
            self._show()
        return None

    def close(self) -> None:
        """Closes the window, if one is open; may be called again."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _info(self) -> dict[str, Any]:
        """How far off the arm is and, where the task can be done, whether it is."""
        info: dict[str, Any] = {self.world.task.error_name: self._error}
        if self.world.hold_steps is not None:
            info["is_success"] = bool(self._held >= self.world.hold_steps)
        return info

    def _next_uniform(self) -> np.ndarray:
        """Random numbers for one goal, drawn ahead for a block of them."""
        if self._used == GOAL_BLOCK:
            self._uniform = self.np_random.random((GOAL_BLOCK, self.world.goal_draws))
            self._used = 0
        self._used += 1
        return self._uniform[self._used - 1]

    def _look(self) -> None:
        """Keeps the hand's trail for later pictures, and feeds the window."""
        if self.render_mode is not None:
            self._trail.append(hand_position(self.world.arm, self._state.joint_angle))
            if self.render_mode == "human" and self._steps % self._stride == 0:
                self._show()

    @property
    def _stride(self) -> int:
        """Steps from one shown frame to the next."""
        return max(1, round(1.0 / (WINDOW_RATE * self.world.dt)))

    def _show(self) -> None:
        """Shows the present scene in a window, at real-time speed; does nothing once the user has closed it."""
        if self._window is None:
            name = self.spec.id if self.spec is not None else type(self).__name__
            rate = 1.0 / (self._stride * self.world.dt)
            self._window = viewer().Window(caption=name, frames_per_second=rate)
        self._window.show(self._scene())

    def _scene(self) -> Any:
        """What is to be seen now."""
        if self._state is None:
            raise gym.error.ResetNeeded("reset() must be called before render()")
        return picture(
            self.world,
            self._state,
            self._goal,
            held=int(self._held),
            steps=self._steps,
            error=self._error,
            trail=list(self._trail),
        )

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the window, so that an environment can be copied in mid-episode, even after a render."""
        return {**self.__dict__, "_window": None}
