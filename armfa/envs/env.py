"""One arm in a task as a Gymnasium environment."""

import math
from collections import deque
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np

from armfa.envs.arms import Arms, Noise
from armfa.envs.door import Door, door_of
from armfa.envs.picture import TRAIL_TIME, no_render_mode, picture, viewer
from armfa.plant import hand_position, inside
from armfa.rendering.viewer import SIZE, checked_size
from armfa.tasks import Task
from armfa.tasks.task import Moment
from armfa.world import World

GOAL_BLOCK = 32
"""Goals for which random numbers are drawn at once, here and in the vector environment, which must agree."""
FLOAT32 = np.dtype(np.float32)
"""Of most actions: they need no look at what kind of numbers they hold, which takes 0.1 us."""
WINDOW_RATE = 50.0
"""1/s: frames shown in a window, at most; simulated time passes as real time."""

METADATA: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 100}


class ArmEnv(gym.Env[Any, np.ndarray]):
    """An arm in a task. The state is float64 inside, float32 at the door.

    Make it from a `Door`, or as one of the classes whose `task` is set, from the fields of the task and the settings of
    `open_door` by name. `inside=True` puts what the muscles do (`armfa.plant.Inside`) into `info`. `render_size` is the
    side of a frame or of the window, pixels.

    reset(options=...) takes "joint_angle" (2,) rad, or "hand" (2,) m, "joint_velocity" (2,) rad/s and "target" (2,),
    the goal.

    Raises
    ------
    ValueError
        For a `render_mode` that there is not.
    """

    metadata = METADATA
    task: ClassVar[type[Task] | None] = None

    def __init__(
        self, door: Door | None = None, *, render_mode: str | None = None, render_size: int = SIZE,
        inside: bool = False, **settings: Any,
    ):  # fmt: skip
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"expected render_mode None, 'human' or 'rgb_array', got {render_mode!r}")
        self.door, self.render_mode, self.inside = door_for(self, door, settings), render_mode, inside
        self.render_size = checked_size(render_size)
        self.metadata = {**self.metadata, "render_fps": round(1.0 / self.world.step_time)}
        self.observation_space = self.door.observation_space
        self.action_space = self.door.action_space
        if self.world.single_goals:
            self.compute_reward = self.door.compute_reward
        self._shape, self._hold = (self.world.arm.n_muscles,), None if self.world.single_goals else self.world.task.hold
        self._action, self._goals_seen = np.empty((1, *self._shape)), self.world.single_goals
        self._trail: deque[np.ndarray] = deque(maxlen=max(2, round(TRAIL_TIME / self.world.step_time)))
        self._window: Any = None
        self._error_name, self._ends, self._recorded = self.world.task.error_name, self.world.ends, self.door.recorded
        self._noise = Noise(1, self.world.normals) if self.world.noise else None
        self._arms: Arms | None = None  # before the first reset
        self._number = -1  # of the trial

    @property
    def world(self) -> World:
        """The world on the other side of the door."""
        return self.door.world

    @property
    def moment(self) -> Moment:
        """What the episode remembers, without batch axes."""
        return _one(self._known().moments())

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts an episode: observation and info."""
        super().reset(seed=seed)
        options = self.door.checked_options(options)
        self._number = 0 if seed is not None else self._number + 1
        uniform, noise = self.np_random.random((1, self.world.draws)), None
        if self._noise is not None:
            self._noise.follow((0,), (self.np_random,))
            noise = self._noise.drawn()
        if self._arms is None:
            self._arms = Arms(self.door, 1)
        seen, error = self._arms.begin(slice(None), uniform, options, self._number, noise)
        self._keep_goal = "target" in options
        self._steps, self._used = 0, GOAL_BLOCK
        self._error, self._success = float(error[0]), False
        self._trail.clear()
        self._look()
        return self.door.observed(seen[0]), self._info()

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One time step: observation, reward, terminated, truncated (left to TimeLimit), info."""
        arms = self._known()
        if (shape := getattr(action, "shape", None)) != self._shape and np.shape(action) != self._shape:
            refuse_shape(self.door, self._shape, np.shape(action) if shape is None else shape)
        self._action[0] = action if getattr(action, "dtype", None) is FLOAT32 else real_numbers(action)
        seen = arms.step(self._action, None if self._noise is None else self._noise.drawn())[0]
        _, _, error, cost, success, finite, *_ = arms.told.tolist()[0]
        if not error + cost + finite < math.inf:  # an action's NaN is in the cost at once, whatever the integrator
            refuse_numbers(self.door, np.asarray(action))
        arms.keep()
        self._steps, self._error, self._success = self._steps + 1, error, success != 0.0
        if self._hold is not None and self._steps % self._hold == 0 and not self._keep_goal:
            arms.set_goals(slice(None), self._next_uniform(), seen[None])
        if self.render_mode is not None:
            self._look()
        return self.door.observed(seen) if self._goals_seen else seen, -cost, self._success, False, self._info()

    def render(self) -> np.ndarray | None:
        """A frame (size, size, 3) in mode rgb_array; None in mode human, whose window `reset` and `step` feed."""
        if self.render_mode is None:
            no_render_mode(self)
        elif self.render_mode == "rgb_array":
            return viewer().draw_frame(self._scene(), self.render_size)
        else:
            self._show()
        return None

    def close(self) -> None:
        """Closes the window, if one is open; may be called again."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _known(self) -> Arms:
        if self._arms is None:
            raise gym.error.ResetNeeded("reset() must be called before step() and render()")
        return self._arms

    def _info(self) -> dict[str, Any]:
        """How far off the arm is and, where the task can be done, whether it is.

        NumPy's numbers, for readers that ask for a dtype. A truth is an array without axes: Gymnasium's vector
        environments make objects of np.bool_.
        """
        info: dict[str, Any] = {self._error_name: np.float64(self._error)}
        if self._ends:
            info["is_success"] = np.array(self._success)
        if self._recorded:
            info |= {name: value[0] for name, value in self._known().records().items()}
        return info | inside(self.world.arm, self.moment.arm)._asdict() if self.inside else info

    def _next_uniform(self) -> np.ndarray:
        """Random numbers for one goal (1, draws), drawn ahead for a block of them."""
        if self._used == GOAL_BLOCK:
            self._uniform = self.np_random.random((GOAL_BLOCK, self.world.task.goal_draws(self.world.arm)))
            self._used = 0
        self._used += 1
        return self._uniform[self._used - 1 : self._used]

    def _look(self) -> None:
        """Keeps the hand's trail for later pictures, and feeds the window."""
        if self.render_mode is not None:
            self._trail.append(hand_position(self.world.arm, self.moment.arm.joint_angle))
            if self.render_mode == "human" and self._steps % self._stride == 0:
                self._show()

    @property
    def _stride(self) -> int:
        """Steps from one shown frame to the next."""
        return max(1, round(1.0 / (WINDOW_RATE * self.world.step_time)))

    def _show(self) -> None:
        """Shows the present scene in a window, at real-time speed; does nothing once the user has closed it."""
        if self._window is None:
            name = self.spec.id if self.spec is not None else type(self).__name__
            rate = 1.0 / (self._stride * self.world.step_time)
            self._window = viewer().Window(self.render_size, caption=name, frames_per_second=rate)
        self._window.show(self._scene())

    def _scene(self) -> Any:
        """What is to be seen now."""
        return picture(self.world, self.moment, error=self._error, trail=list(self._trail))

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the window, so that an environment can be copied in mid-episode, even after a render."""
        return {**self.__dict__, "_window": None}


def door_for(env: Any, door: Door | None, settings: dict[str, Any]) -> Door:
    """The door that was given, or that of the environment's own task for these settings."""
    if door is not None:
        if settings or not isinstance(door, Door):
            raise TypeError(f"expected a Door, as open_door(...) makes them, and no settings beside it, got {door!r}")
        return door
    if env.task is None:
        raise TypeError(f"expected a Door, as open_door(task, ...) makes them, for {type(env).__name__}")
    return door_of(env.task, settings)


def refuse_shape(door: Door, expected: tuple[int, ...], got: tuple[int, ...]) -> None:
    """Says which shape an action has."""
    raise ValueError(
        f"expected an action of shape {expected}, got {got}; "
        f"give each of the {door.arm.n_muscles} muscles its number, as env.action_space says"
    )


def real_numbers(action: Any) -> Any:
    """The action, if it holds real numbers."""
    if (dtype := getattr(action, "dtype", None)) is None:  # a list
        dtype = np.asarray(action).dtype
    if getattr(dtype, "kind", "f") not in "fiub":
        raise ValueError(f"expected real numbers in the action, as env.action_space says, got {dtype}: {action}")
    return action


def refuse_numbers(door: Door, action: np.ndarray) -> None:
    """Says why the state would no longer be finite: a NaN in the action, or an unstable step."""
    if np.isnan(action.astype(np.float64)).any():
        raise ValueError(f"expected numbers in the action, got NaN: {action}")
    raise FloatingPointError(door.world.simulator.unstable)


def _one(tree: Any) -> Any:
    """The only member of a batch of one."""
    return type(tree)(*(_one(x) for x in tree)) if isinstance(tree, tuple) else tree[0]
