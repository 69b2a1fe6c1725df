"""Many arms in a task as one array program: a native Gymnasium `VectorEnv`."""

from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from armfa.envs.arms import COST, ERROR, FINITE, SUCCESS, Arms, Noise
from armfa.envs.door import Door
from armfa.envs.env import GOAL_BLOCK, door_for, real_numbers, refuse_numbers, refuse_shape
from armfa.envs.picture import TRAIL_TIME, no_render_mode, picture, viewer
from armfa.plant import hand_position, inside
from armfa.rendering.viewer import SIZE, checked_size
from armfa.tasks import Task
from armfa.tasks.task import Moment
from armfa.world import World

METADATA: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 100}
SPACES = ("observation_space", "action_space")
OF_EACH_ARM = ("np_random", "np_random_seed")
"""Attributes that hold a value for each arm."""
OF_ALL_ARMS = ("reset", "step", "close")
AUTORESET_MODES = tuple(mode.value for mode in AutoresetMode)


class ArmVectorEnv(VectorEnv[Any, np.ndarray, np.ndarray]):
    """`num_envs` arms in one task, equal to a `SyncVectorEnv` of `ArmEnv`s in every number, and much faster.

    Every arm has its own random generator, seeded seed, seed + 1, ... No Python loop runs over the arms but where
    episodes begin. max_episode_steps: None is the task's own limit (`default_limit`), -1 is none. autoreset_mode: an
    `AutoresetMode` or its value, "NextStep", "SameStep" or "Disabled". Other settings as in `ArmEnv`. `call`,
    `get_attr` and `set_attr` give what a `SyncVectorEnv` gives, a tuple with one value per arm.

    Raises
    ------
    ValueError
        For fewer than one environment, and for a limit of steps, a render mode or an autoreset mode that there is not.
    """

    metadata = METADATA
    task: ClassVar[type[Task] | None] = None
    default_limit: ClassVar[int | None] = None

    def __init__(
        self,
        num_envs: int = 1,
        door: Door | None = None,
        *,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        render_size: int = SIZE,
        inside: bool = False,
        **settings: Any,
    ):
        if num_envs < 1:
            raise ValueError(f"expected at least 1 environment, got num_envs={num_envs}")
        if max_episode_steps is not None and max_episode_steps < 1 and max_episode_steps != -1:
            raise ValueError(f"expected max_episode_steps of at least 1, None or -1 (none), got {max_episode_steps}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"expected render_mode None or 'rgb_array' in a vector environment, got {render_mode!r}")
        self.door, self.num_envs, self.render_mode = door_for(self, door, settings), num_envs, render_mode
        self.inside, self.render_size = inside, checked_size(render_size)
        limit = self.default_limit if max_episode_steps is None else max_episode_steps
        self.max_episode_steps = None if limit == -1 else limit
        if (mode := getattr(autoreset_mode, "value", autoreset_mode)) not in AUTORESET_MODES:
            raise ValueError(f"expected autoreset_mode out of {', '.join(AUTORESET_MODES)}, got {autoreset_mode!r}")
        self.autoreset_mode = AutoresetMode(mode)
        rate = round(1.0 / self.world.step_time)
        self.metadata = {**METADATA, "render_fps": rate, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space = self.door.observation_space
        self.single_action_space = self.door.action_space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        if self.world.single_goals:
            self.compute_reward = self.door.compute_reward
        self._shape = (num_envs, self.world.arm.n_muscles)
        self._hold = None if self.world.single_goals else self.world.task.hold
        self._generators: list[np.random.Generator] = []
        self._seeds: list[int | None] = []
        self._arms: Arms | None = None  # before the first reset
        self._trail: deque[np.ndarray] = deque(maxlen=max(2, round(TRAIL_TIME / self.world.step_time)))

    @property
    def world(self) -> World:
        """The world on the other side of the door."""
        return self.door.world

    @property
    def moment(self) -> Moment:
        """What the episodes remember; leaves lead with the arms."""
        return self._known().moments()

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode in every arm, or in those of options["reset_mask"], bool (n,): observations and infos."""
        options = {} if options is None else dict(options)
        mask = self._checked_mask(options.pop("reset_mask", None))
        options = self.door.checked_options(options, self.num_envs)
        rows = np.flatnonzero(mask)
        self._seed(seed, rows)
        if self._arms is None:
            self._allocate()
        given = [seed is not None] * self.num_envs if not isinstance(seed, Sequence) else [x is not None for x in seed]
        self._number[np.array(given) & mask] = -1
        seen = np.empty((self.num_envs, self.door.seen_size), np.float32) if mask.all() else self._known().seen()
        seen[rows] = self._begin(rows, options)
        self._look()
        return self.door.observed(seen), self._infos(mask)

    def step(self, actions: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One time step of every arm: observations, rewards, terminations, truncations, infos.

        Raises
        ------
        ResetNeeded
            Where episodes have ended and `autoreset_mode` is "Disabled".
        """
        arms = self._known()
        if self.autoreset_mode == AutoresetMode.DISABLED and self._ended.any():
            raise gym.error.ResetNeeded('some episodes have ended: call reset(options={"reset_mask": ended})')
        restart = np.flatnonzero(self._ended)  # empty but in NEXT_STEP
        excitation = self._checked(actions, restart)
        seen = arms.step(excitation, self._noise_for(restart))
        told = arms.told
        if not (finite := np.isfinite(told[:, ERROR] + told[:, COST] + told[:, FINITE])).all():
            self._refuse(excitation, int(np.argmin(finite)))
        arms.keep()
        self._steps += 1
        self._error, reward = told[:, ERROR].copy(), -told[:, COST]
        terminated = told[:, SUCCESS] != 0.0
        self._renew_goals(restart, seen)
        if restart.size:
            seen[restart] = self._begin(restart, {})
            reward[restart], terminated[restart] = 0.0, False
        truncated = (
            np.zeros(self.num_envs, dtype=np.bool_)
            if self.max_episode_steps is None
            else self._steps >= self.max_episode_steps
        )
        self._success, self._ended = terminated.copy(), terminated | truncated
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            observation, infos = self._restart_at_once(seen)
        else:
            observation, infos = self.door.observed(seen), self._infos()
        self._look()
        return observation, reward, terminated, truncated, infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """One frame (size, size, 3) for every arm."""
        if self.render_mode is None:
            no_render_mode(self)
            return None
        return tuple(viewer().draw_frame(self._scene(i), self.render_size) for i in range(self.num_envs))

    @property
    def np_random(self) -> tuple[np.random.Generator, ...]:
        """The generator of every arm, as a `SyncVectorEnv` gives them."""
        if not self._generators:
            self._seed(None, np.arange(self.num_envs))
        return tuple(self._generators)

    @np_random.setter
    def np_random(self, value: Sequence[np.random.Generator]) -> None:
        self._generators, self._seeds = list(self._one_per_arm("np_random", value)), [-1] * self.num_envs

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:
        """The seed of every arm's generator; -1 where the generator was set."""
        if not self._generators:
            self._seed(None, np.arange(self.num_envs))
        return tuple(self._seeds)

    # what each arm has

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """An attribute as a single environment has it, or what a method of it returns, for every arm.

        Raises
        ------
        ValueError
            For what all arms have or do together.
        """
        if name in OF_ALL_ARMS:
            raise ValueError(f"expected what one arm has or does, got {name!r}: call {name} itself, for all arms")
        if name == "render":
            return self.render() or (None,) * self.num_envs
        each = self.of_each_arm(name)
        return (each[0](*args, **kwargs),) * self.num_envs if callable(each[0]) else each

    def of_each_arm(self, name: str) -> tuple[Any, ...]:
        """An attribute as a single environment has it, for every arm; methods are not called."""
        if name == "moment":
            moment = self.moment
            return tuple(_row(moment, i) for i in range(self.num_envs))
        value = getattr(self, f"single_{name}" if name in SPACES else name)
        return tuple(value) if name in OF_EACH_ARM else (value,) * self.num_envs

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """An attribute as a single environment has it, for every arm: its own, or the one that all share."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Sets an attribute: a list or tuple has a value per arm, anything else is for all of them.

        The arms share their settings, so only generators may differ.

        Raises
        ------
        ValueError
            For different values of what the arms share.
        """
        each = self._one_per_arm(name, values) if isinstance(values, list | tuple) else [values] * self.num_envs
        if name in OF_EACH_ARM:
            setattr(self, name, each)
        elif all(one is each[0] or np.array_equal(one, each[0]) for one in each):
            setattr(self, name, each[0])
        else:
            raise ValueError(f"expected one {name!r} for all {self.num_envs} arms, which share their settings")

    def _one_per_arm(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        if len(values) != self.num_envs:
            raise ValueError(f"expected {name} of each of {self.num_envs} environments, got {len(values)}")
        return values

    def _known(self) -> Arms:
        if self._arms is None:
            raise gym.error.ResetNeeded("reset() must be called before step() and render()")
        return self._arms

    def _checked_mask(self, mask: Any) -> np.ndarray:
        """The arms to reset (n,), all of them where no mask is given."""
        if mask is None:
            return np.ones(self.num_envs, dtype=np.bool_)
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"expected options['reset_mask'] as a bool array ({self.num_envs},), got {mask!r}")
        if not mask.any():
            raise ValueError("expected at least one True in options['reset_mask'], got none")
        if self._arms is None and not mask.all():
            raise gym.error.ResetNeeded("the first reset must be one of all environments, without a reset_mask")
        return mask.copy()

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

    def _checked(self, actions: np.ndarray, restart: np.ndarray) -> np.ndarray:
        """The actions (n, muscles), float64; those of arms that are being reset may be anything."""
        if np.shape(actions) != self._shape:
            refuse_shape(self.door, self._shape, np.shape(actions))
        actions = np.array(real_numbers(actions), dtype=np.float64)
        actions[restart] = 0.0
        return actions

    def _refuse(self, actions: np.ndarray, first: int) -> None:
        """Names the first arm that went wrong, and says why."""
        try:
            refuse_numbers(self.door, actions[first])
        except (ValueError, FloatingPointError) as error:
            raise type(error)(f"environment {first}: {error}") from None

    def _allocate(self) -> None:
        """Room for the state of every arm; `_begin` fills it."""
        n = self.num_envs
        self._arms, self._error = Arms(self.door, n), np.zeros(n)
        self._steps, self._number = np.zeros(n, dtype=np.int64), np.full(n, -1)  # number: of the trial
        self._noise = Noise(n, self.world.normals) if self.world.noise else None
        self._keep_goal, self._ended, self._success = (np.zeros(n, dtype=np.bool_) for _ in range(3))
        draws = self.world.task.goal_draws(self.world.arm) if self._hold is not None else 0
        self._uniform, self._used = np.zeros((n, GOAL_BLOCK, draws)), np.full(n, GOAL_BLOCK)

    def _begin(self, rows: np.ndarray, options: dict[str, Any]) -> np.ndarray:
        """Starts a new episode in these arms: what is seen of them (rows, k), float32."""
        draws = self.world.draws
        uniform = np.array([self._generators[i].random(draws) for i in rows.tolist()])
        alone = {"condition": 0, "channel": 0}
        mine = {name: value[rows] if value.ndim > alone.get(name, 1) else value for name, value in options.items()}
        self._number[rows] += 1
        noise = None
        if self._noise is not None:
            self._noise.follow(rows.tolist(), self._generators)
            noise = self._noise.drawn(rows)
        seen, self._error[rows] = self._known().begin(rows, uniform, mine, self._number[rows], noise)
        self._steps[rows], self._used[rows] = 0, GOAL_BLOCK
        self._keep_goal[rows] = "target" in options
        self._ended[rows] = self._success[rows] = False
        return seen

    def _noise_for(self, restart: np.ndarray) -> np.ndarray | None:
        """The noise of one step (n, normals); arms that are being reset draw none."""
        if self._noise is None or not restart.size:
            return None if self._noise is None else self._noise.drawn()
        noise, rows = np.zeros((self.num_envs, self.world.normals)), np.flatnonzero(~self._ended)
        noise[rows] = self._noise.drawn(rows)
        return noise

    def _renew_goals(self, restart: np.ndarray, seen: np.ndarray) -> None:
        """Draws new goals for the arms that have pursued theirs for long enough, and shows them."""
        if self._hold is None:
            return
        due = (self._steps % self._hold == 0) & ~self._keep_goal
        due[restart] = False
        rows = np.flatnonzero(due)
        if rows.size:
            for i in rows[self._used[rows] == GOAL_BLOCK].tolist():
                self._uniform[i] = self._generators[i].random(self._uniform.shape[1:])
                self._used[i] = 0
            uniform = self._uniform[rows, self._used[rows]]
            self._used[rows] += 1
            self._known().set_goals(rows if rows.size < self.num_envs else slice(None), uniform, seen)

    def _restart_at_once(self, seen: np.ndarray) -> tuple[Any, dict[str, Any]]:
        """SAME_STEP: the first observation of the next episode, the last one of the old in infos["final_obs"]."""
        ended = self._ended.copy()
        rows = np.flatnonzero(ended)
        infos: dict[str, Any] = {"final_obs": np.full(self.num_envs, None, dtype=object), "_final_obs": ended.copy()}
        for i in rows.tolist():
            infos["final_obs"][i] = self.door.observed(seen[i].copy())
        infos["final_info"], infos["_final_info"] = self._infos(ended), ended.copy()
        seen[rows] = self._begin(rows, {})
        infos.update(self._infos())
        return self.door.observed(seen), infos

    def _infos(self, mask: np.ndarray | None = None) -> dict[str, Any]:
        """How far off each arm is and, where the task can be done, whether it is; zeros outside the mask, if any."""
        infos: dict[str, Any] = {self.world.task.error_name: self._error.copy()}
        if self.world.ends:
            infos["is_success"] = self._success.copy()
        infos |= self._known().records()
        if mask is not None:
            infos = {name: np.where(mask, value, np.zeros((), value.dtype)) for name, value in infos.items()}
        if self.inside:
            infos |= inside(self.world.arm, self.moment.arm)._asdict()
        of = np.ones(self.num_envs, dtype=np.bool_) if mask is None else mask
        return infos | {f"_{name}": of.copy() for name in infos}

    def _look(self) -> None:
        """Keeps the hands' trails for later pictures."""
        if self.render_mode is not None:
            self._trail.append(hand_position(self.world.arm, self.moment.arm.joint_angle))

    def _scene(self, i: int) -> Any:
        """What is to be seen of arm i now; its trail begins with its episode."""
        moment = _row(self.moment, i)
        trail = list(self._trail)[-(int(self._steps[i]) + 1) :]
        return picture(self.world, moment, error=float(self._error[i]), trail=[hands[i] for hands in trail])


def _row(tree: Any, i: int) -> Any:
    """Arm i of a batch."""
    return type(tree)(*(_row(x, i) for x in tree)) if isinstance(tree, tuple) else tree[i]
