"""Many arms in a task as one array program: a native Gymnasium `VectorEnv`."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from armfa.envs.env import GOAL_BLOCK
from armfa.envs.picture import TRAIL_TIME, no_render_mode, picture, viewer
from armfa.envs.world import World
from armfa.plant import ArmState, hand_position

METADATA: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}
AUTORESET_MODES = tuple(mode.value for mode in AutoresetMode)


class ArmVectorEnv(VectorEnv[Any, np.ndarray, np.ndarray]):
    """`num_envs` arms in one task, equal to a `SyncVectorEnv` of `ArmEnv`s in every number, and much faster.

    Every arm has its own random generator, seeded seed, seed + 1, ... No Python loop runs over the arms but where
    episodes begin. autoreset_mode: an `AutoresetMode` or its value, "NextStep", "SameStep" or "Disabled".
    """

    metadata = METADATA

    def __init__(
        self,
        world: World,
        num_envs: int = 1,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
    ):
        if num_envs < 1:
            raise ValueError(f"expected at least 1 environment, got num_envs={num_envs}")
        if max_episode_steps is not None and max_episode_steps < 1:
            raise ValueError(f"expected max_episode_steps of at least 1 or None, got {max_episode_steps}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"expected render_mode None or 'rgb_array' in a vector environment, got {render_mode!r}")
        self.world, self.num_envs, self.render_mode = world, num_envs, render_mode
        self.max_episode_steps = max_episode_steps
        if (mode := getattr(autoreset_mode, "value", autoreset_mode)) not in AUTORESET_MODES:
            raise ValueError(f"expected autoreset_mode out of {', '.join(AUTORESET_MODES)}, got {autoreset_mode!r}")
        self.autoreset_mode = AutoresetMode(mode)
        self.metadata = {**METADATA, "render_fps": round(1.0 / world.dt), "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = world.observation_space
        self.single_action_space = world.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        if world.goal_observation:
            self.compute_reward = world.compute_reward
        self._shape = (num_envs, world.arm.n_muscles)
        self._generators: list[np.random.Generator] = []
        self._seeds: list[int | None] = []
        self._ended: np.ndarray | None = None  # (n,), None before the first reset
        self._trail: deque[np.ndarray] = deque(maxlen=max(2, round(TRAIL_TIME / world.dt)))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode in every arm, or in those of options["reset_mask"], bool (n,): observations and infos."""
        options = {} if options is None else dict(options)
        mask = self._checked_mask(options.pop("reset_mask", None))
        options = self.world.checked_options(options, self.num_envs)
        rows = np.flatnonzero(mask)
        self._seed(seed, rows)
        if self._ended is None:
            self._allocate()
        self._begin(rows, options)
        achieved = self.world.task.achieved(self.world.arm, self._state)
        self._error = self.world.error(achieved, self._goal)
        self._look()
        return self.world.observation(self._state, self._goal, achieved), self._infos(self._error, mask)

    def step(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One time step of every arm: observations, rewards, terminations, truncations, infos."""
        world = self.world
        if self._ended is None:
            raise gym.error.ResetNeeded("reset() must be called before step()")
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise gym.error.ResetNeeded('some episodes have ended: call reset(options={"reset_mask": ended})')
        restart = np.flatnonzero(self._ended)  # empty but in NEXT_STEP
        excitation = self._checked_excitation(actions, restart)
        now = world.advance(self._state, self._goal, self._held, excitation)
        self._state, self._held, self._error = now.state, now.held, now.error
        self._steps = self._steps + 1
        achieved, reward = now.achieved, now.reward
        self._renew_goals(restart)
        if restart.size:
            self._begin(restart, {})
            achieved = world.task.achieved(world.arm, self._state)
            self._error = self._replaced(self._error, restart, world.error(achieved, self._goal)[restart])
            reward = self._replaced(reward, restart, 0.0)
        terminated = self._success()
        truncated = (
            np.zeros(self.num_envs, dtype=np.bool_)
            if self.max_episode_steps is None
            else self._steps >= self.max_episode_steps
        )
        ended = terminated | truncated
        observation = world.observation(self._state, self._goal, achieved)
        if self.autoreset_mode == AutoresetMode.SAME_STEP and ended.any():
            observation, infos = self._restart_at_once(observation, ended)
            self._ended = np.zeros(self.num_envs, dtype=np.bool_)
        else:
            infos = self._infos(self._error, np.ones(self.num_envs, dtype=np.bool_))
            self._ended = ended
        self._look()
        return observation, reward, terminated, truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One frame (640, 640, 3) for every arm."""
        if self.render_mode is None:
            no_render_mode(self)
            return None
        return tuple(viewer().draw_frame(self._scene(i)) for i in range(self.num_envs))

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:
        """The generator of every arm, as a `SyncVectorEnv` gives them."""
        return tuple(self._generators)

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:
        """The seed of every arm's generator; None before it was given one."""
        return tuple(self._seeds)

    def _checked_mask(self, mask: Any) -> np.ndarray:
        """The arms to reset (n,), all of them where no mask is given."""
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"expected options['reset_mask'] as a bool array ({self.num_envs},), got {mask!r}")
        if not mask.any():
            raise ValueError("expected at least one True in options['reset_mask'], got none")
        if self._ended is None and not mask.all():
            raise gym.error.ResetNeeded("the first reset must be one of all environments, without a reset_mask")
        return mask.copy()

    def _checked_excitation(self, actions: np.ndarray, restart: np.ndarray) -> np.ndarray:
        """The actions as excitations (n, muscles); NaN is refused but for arms that ignore their action."""
        excitation = self.world.excitation(actions, self._shape)
        if (total := np.add.reduce(excitation, axis=None)) != total:
            excitation[restart] = 0.0
            bad = np.flatnonzero(np.isnan(excitation).any(axis=-1))
            if bad.size:
                raise ValueError(f"expected numbers in the actions, got NaN for environment {bad[0]}")
        return excitation

    def _seed(self, seed: int | Sequence[int | None] | None, rows: np.ndarray) -> None:
        """Gives every arm its generator; without a seed they go on from where they are."""
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, int | np.integer):
            seeds = [int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"expected one seed for each of {self.num_envs} environments, got {len(seeds)}")
        if not self._generators:
            made = [seeding.np_random(seed) for seed in seeds]
            self._generators, self._seeds = [each[0] for each in made], [each[1] for each in made]
            return
        for i in rows.tolist():
            if (one := seeds[i]) is not None:
                self._generators[i], self._seeds[i] = seeding.np_random(one)

    def _allocate(self) -> None:
        """Room for the state of every arm; `_begin` fills it."""
        world, n = self.world, self.num_envs
        self._state, self._goal = world.start(np.zeros((n, world.start_draws)), {})
        self._held, self._steps = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self._keep_goal, self._ended = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        self._uniform = np.zeros((n, GOAL_BLOCK, world.goal_draws if world.goal_steps is not None else 0))
        self._used = np.full(n, GOAL_BLOCK)

    def _begin(self, rows: np.ndarray, options: dict[str, Any]) -> None:
        """Starts a new episode in these arms."""
        draws = self.world.start_draws
        uniform = np.array([self._generators[i].random(draws) for i in rows.tolist()])
        mine = {name: value[rows] if value.ndim == 2 else value for name, value in options.items()}
        state, goal = self.world.start(uniform, mine)
        self._state = ArmState(*(self._replaced(old, rows, new) for old, new in zip(self._state, state, strict=True)))
        self._goal = self._replaced(self._goal, rows, goal)
        self._held = self._replaced(self._held, rows, 0)
        self._steps = self._replaced(self._steps, rows, 0)
        self._keep_goal[rows] = "target" in options
        self._ended = self._replaced(self._ended, rows, False)
        self._used[rows] = GOAL_BLOCK

    @staticmethod
    def _replaced(array: Any, rows: np.ndarray, values: Any) -> np.ndarray:
        """A copy of the array with new values in these rows."""
        array = np.array(array)
        array[rows] = values
        return array

    def _renew_goals(self, restart: np.ndarray) -> None:
        """Draws new goals for the arms that have pursued theirs for long enough."""
        if self.world.goal_steps is None:
            return
        due = (self._steps % self.world.goal_steps == 0) & ~self._keep_goal
        due[restart] = False
        rows = np.flatnonzero(due)
        if rows.size:
            for i in rows[self._used[rows] == GOAL_BLOCK].tolist():
                self._uniform[i] = self._generators[i].random(self._uniform.shape[1:])
                self._used[i] = 0
            uniform = self._uniform[rows, self._used[rows]]
            self._used[rows] += 1
            state = ArmState(*(leaf[rows] for leaf in self._state))
            self._goal = self._replaced(self._goal, rows, self.world.goal(state, uniform))

    def _success(self) -> np.ndarray:
        """Whether each arm has done its task (n,): a new array."""
        if self.world.hold_steps is None:
            return np.zeros(self.num_envs, dtype=np.bool_)
        return self._held >= self.world.hold_steps

    def _restart_at_once(self, observation: Any, ended: np.ndarray) -> tuple[Any, dict[str, Any]]:
        """SAME_STEP: the first observation of the next episode, the last one of the old in infos["final_obs"]."""
        rows = np.flatnonzero(ended)
        infos: dict[str, Any] = {"final_obs": np.full(self.num_envs, None, dtype=object), "_final_obs": ended.copy()}
        for i in rows.tolist():
            infos["final_obs"][i] = _row(observation, i)
        infos["final_info"], infos["_final_info"] = self._infos(self._error, ended), ended.copy()
        self._begin(rows, {})
        achieved = self.world.task.achieved(self.world.arm, self._state)
        self._error = self._replaced(self._error, rows, self.world.error(achieved, self._goal)[rows])
        infos.update(self._infos(self._error, np.ones(self.num_envs, dtype=np.bool_)))
        return self.world.observation(self._state, self._goal, achieved), infos

    def _infos(self, error: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
        """How far off each arm is and, where the task can be done, whether it is; zeros outside the mask."""
        name = self.world.task.error_name
        infos: dict[str, Any] = {name: np.where(mask, error, 0.0), f"_{name}": mask.copy()}
        if self.world.hold_steps is not None:
            infos["is_success"], infos["_is_success"] = self._success() & mask, mask.copy()
        return infos

    def _look(self) -> None:
        """Keeps the hands' trails for later pictures."""
        if self.render_mode is not None:
            self._trail.append(hand_position(self.world.arm, self._state.joint_angle))

    def _scene(self, i: int) -> Any:
        """What is to be seen of arm i now; its trail begins with its episode."""
        if self._ended is None:
            raise gym.error.ResetNeeded("reset() must be called before render()")
        steps = int(self._steps[i])
        trail = list(self._trail)[-(steps + 1) :]
        return picture(
            self.world,
            ArmState(*(leaf[i] for leaf in self._state)),
            self._goal[i],
            held=int(self._held[i]),
            steps=steps,
            error=float(self._error[i]),
            trail=[hands[i] for hands in trail],
        )


def _row(observation: Any, i: int) -> Any:
    """Arm i's observation: a copy."""
    if isinstance(observation, dict):
        return {name: value[i].copy() for name, value in observation.items()}
    return observation[i].copy()
