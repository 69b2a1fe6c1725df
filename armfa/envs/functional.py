"""Environments as pure functions of JAX, in the form of gymnax 1.0: they go through `jit`, `vmap`, `scan` and `grad`.

    env, params = make("armfa/Reach-v0")
    observation, state = env.reset(key, params)
    observation, state, reward, terminated, truncated, info = env.step(key, state, action, params)

The world, the meaning of actions, observations and rewards are those of `gym.make` with the same settings; random
numbers come from JAX's keys. Numbers are float32, or float64 where `jax_enable_x64` is on; observations are float32
always. A state that is no longer finite, or a NaN in an action, cannot be refused inside compiled code: it stays NaN.

Gradients. `step` is differentiable by the action and by the state, exactly as the world's step is, with three flat
places. An action beyond its range is clipped, so its derivative is 0 there (at the bound it is that of the inside).
An observed number beyond its bounds is clipped too; reward and state are not. Where an episode ends, `step` returns the
first state of the next one, which depends on neither state nor action: no derivative goes through it, so that a sum of
rewards over a `scan` has the gradient of each episode by itself. `info["final_observation"]` and the reward of that
step are of the episode that ended, and keep theirs. When an episode ends, and whether it is a success, has no
derivative. `step_env` is the same step without the next episode.
"""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError('functional environments need JAX: pip install "armfa[jax]"') from error

from armfa.arrays import Array
from armfa.envs.door import Door, door_of
from armfa.envs.registration import LIMITS
from armfa.tasks import TASKS
from armfa.tasks.task import Moment


class EnvParams(NamedTuple):
    """What may differ from one call to the next; may be mapped over."""

    max_steps_in_episode: Any  # steps after which an episode is truncated
    condition: Any = 1.0  # how much of fields and rotation acts: 1 in full, 0 nothing, -1 reversed

    def replace(self, **changes: Any) -> "EnvParams":
        """The same with some changes, as gymnax asks its parameters for it."""
        return self._replace(**changes)


class EnvState(NamedTuple):
    """One episode; an arm in a task without batch axes."""

    moment: Moment
    time: Array  # steps since its start


class Box(NamedTuple):
    """A box of numbers, as gymnax has them."""

    low: Array  # (k,)
    high: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """(k,)."""
        return self.low.shape

    @property
    def dtype(self) -> Any:
        """That of its bounds, float32."""
        return self.low.dtype

    def sample(self, key: Array) -> Array:
        """A point, evenly distributed."""
        return jax.random.uniform(key, self.shape, self.dtype, self.low, self.high)

    def contains(self, x: Array) -> Array:
        """Whether all numbers are within their bounds."""
        return jnp.logical_and(jnp.all(x >= self.low), jnp.all(x <= self.high))


@dataclass(frozen=True, eq=False)
class FunctionalEnv:
    """An environment without a state of its own: `door` is its settings, as `open_door(task, ...)` makes them."""

    door: Door
    limit: int

    def __post_init__(self) -> None:
        """Refuses what has no place in a pure function."""
        if self.door.schedule is not None:
            raise ValueError(
                "expected no schedule: a functional environment does not count its trials; give each reset its "
                "EnvParams(..., condition=...)"
            )

    @property
    def name(self) -> str:
        """The task's."""
        return type(self.door.world.task).__name__

    @property
    def default_params(self) -> EnvParams:
        """The task's own time limit, and loads in full."""
        return EnvParams(self.limit)

    @property
    def num_actions(self) -> int:
        """How many muscles there are."""
        return self.door.arm.n_muscles

    def action_space(self, params: EnvParams | None = None) -> Box:
        """The range of actions (n,)."""
        return _box(self.door.action_space)

    def observation_space(self, params: EnvParams | None = None) -> Any:
        """The range of observations (k,), or of a goal environment a dict of three."""
        space: Any = self.door.observation_space
        return {name: _box(x) for name, x in space.items()} if self.door.world.single_goals else _box(space)

    @functools.partial(jax.jit, static_argnames="self")
    def reset(self, key: Array, params: EnvParams | None = None) -> tuple[Any, EnvState]:
        """The first observation and state of an episode."""
        return self.reset_env(key, self.default_params if params is None else params)

    @functools.partial(jax.jit, static_argnames="self")
    def step(
        self, key: Array, state: EnvState, action: Array, params: EnvParams | None = None
    ) -> tuple[Any, EnvState, Array, Array, Array, dict[str, Array]]:
        """Observation, state, reward, terminated, truncated, info; where an episode ends, those of the next one's
        start.

        info : the error, under its name in Gymnasium's info, "is_success" where the task can be done, what the task
        measures, and "final_observation", of the step itself.
        """
        params = self.default_params if params is None else params
        key_step, key_reset = jax.random.split(key)
        seen, after, reward, terminated, info = self.step_env(key_step, state, action, params)
        truncated = after.time >= params.max_steps_in_episode
        first, begun = self.reset_env(key_reset, params)
        ended = terminated | truncated
        observation, state = jax.tree.map(lambda x, y: jnp.where(ended, x, y), (first, begun), (seen, after))
        return observation, state, reward, terminated, truncated, info | {"final_observation": seen}

    def reset_env(self, key: Array, params: EnvParams) -> tuple[Any, EnvState]:
        """As `reset`, to be compiled by whoever calls it."""
        world, (key_trial, key_noise) = self.door.world, jax.random.split(key)
        trial = world.task.trial(world.simulator, jax.random.uniform(key_trial, (world.draws,)))
        trial = trial._replace(condition=0.0 * trial.condition + params.condition)
        moment = world.begin(trial, self._noise(key_noise))
        return self._seen(moment), EnvState(moment, jnp.zeros((), jnp.int32))

    def step_env(
        self, key: Array, state: EnvState, action: Array, params: EnvParams
    ) -> tuple[Any, EnvState, Array, Array, dict[str, Array]]:
        """Observation, state, reward, terminated and info of one step, whether or not the episode ends with it."""
        world, task, (key_noise, key_goals) = self.door.world, self.door.world.task, jax.random.split(key)
        moment, outcome = world.step(state.moment, self.door.excitation(jnp.asarray(action)), self._noise(key_noise))
        time = state.time + 1
        if task.hold is not None and not world.single_goals:
            uniform = jax.random.uniform(key_goals, (task.goal_draws(world.arm),))
            goals = task.goals(world.simulator, moment.arm, uniform)
            goals = jnp.where(time % task.hold == 0, goals, moment.trial.goals)
            moment = moment._replace(trial=moment.trial._replace(goals=goals))
        info = {task.error_name: outcome.error}
        if world.ends:
            info["is_success"] = outcome.success
        info |= {name: moment.record[..., i] for i, name in enumerate(task.records)}
        return self._seen(moment), EnvState(moment, time), -outcome.cost, outcome.success, info

    def _seen(self, moment: Moment) -> Any:
        """What is observed, float32, in the form of the observation space."""
        return self.door.observed(jnp.concatenate(self.door.seen(moment), axis=-1).astype(jnp.float32))

    def _noise(self, key: Array) -> Array | None:
        """The random numbers of one step; None where there is no noise."""
        return jax.random.normal(key, (self.door.world.normals,)) if self.door.world.noise else None


def make(name: str, **settings: Any) -> tuple[FunctionalEnv, EnvParams]:
    """An environment and its parameters, by its id or the name of its task.

    Parameters
    ----------
    name : str
        "armfa/Reach-v0", or "Reach".
    **settings : object
        Those of `gym.make`: the fields of the task, and those of `open_door`. `max_episode_steps` is the time limit.

    Returns
    -------
    FunctionalEnv
        Its `reset` and `step` are pure.
    EnvParams
        What may differ from call to call.

    Raises
    ------
    ValueError
        For another name, and for what the settings refuse; TypeError for a setting that there is not.
    """
    task = name.removeprefix("armfa/").removesuffix("-v0")
    if task not in TASKS:
        raise ValueError(f"expected a name out of {', '.join(f'armfa/{x}-v0' for x in TASKS)}, got {name!r}")
    limit = settings.pop("max_episode_steps", LIMITS[task])
    if not isinstance(limit, int) or limit < 1:
        raise ValueError(f"expected max_episode_steps as a whole number of at least 1, got {limit!r}")
    env = FunctionalEnv(door_of(TASKS[task], settings), limit)
    return env, env.default_params


def _box(space: Any) -> Box:
    """A Gymnasium box in JAX."""
    return Box(jnp.asarray(space.low), jnp.asarray(space.high))
