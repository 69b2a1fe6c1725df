"""Hands a native vector environment to Stable-Baselines3, which does not take Gymnasium's own `VectorEnv`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from armfa.envs.vector import ArmVectorEnv


class StableBaselinesVecEnv(VecEnv):
    """`ArmVectorEnv` as a Stable-Baselines3 `VecEnv`: PPO("MlpPolicy", StableBaselinesVecEnv(env)).

    env : made with autoreset_mode="SameStep": `gym.make_vec("armfa/Reach-v0", 64, autoreset_mode="SameStep")`.

    Numbers, infos, seeds and reset options are those of a `DummyVecEnv` of the same environments.
    """

    def __init__(self, env: ArmVectorEnv):
        if env.metadata["autoreset_mode"] != AutoresetMode.SAME_STEP:
            raise ValueError(
                "Stable-Baselines3 resets in the step that ends an episode: expected a vector environment made with "
                f'autoreset_mode="SameStep", got "{env.metadata["autoreset_mode"].value}"'
            )
        self.env = env
        self._actions: np.ndarray | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self.metadata = env.metadata

    def reset(self) -> Any:
        """Starts an episode in every arm: observations. Takes what `seed` and `set_options` gave, once."""
        if len(self._options) != self.num_envs:
            raise ValueError(f"expected reset options for each of {self.num_envs} arms, got {len(self._options)}")
        seeds = None if all(seed is None for seed in self._seeds) else list(self._seeds)
        kinds: dict[tuple[str, ...], list[int]] = {}  # arms that are given the same options are reset together
        for i, options in enumerate(self._options):
            kinds.setdefault(tuple(sorted(options)), []).append(i)
        if len(kinds) > 1:
            self.env.reset(seed=seeds)  # Gymnasium's first reset is one of all arms
        observations: Any = None
        for names, rows in kinds.items():
            given = [self._options[i if i in rows else rows[0]] for i in self._arms()]
            options = {name: np.array([own[name] for own in given]) for name in names}
            mask = np.isin(self._arms(), rows)
            observations, infos = self.env.reset(seed=seeds, options={**options, "reset_mask": mask})
            listed = _listed(infos, [{} for _ in given])
            for i in rows:
                self.reset_infos[i] = listed[i]
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keeps the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> Any:
        """One time step: observations, rewards, dones and a list of infos."""
        assert self._actions is not None
        observations, rewards, terminated, truncated, infos = self.env.step(self._actions)
        dones = terminated | truncated
        listed = _listed(infos, [{"TimeLimit.truncated": late} for late in (truncated & ~terminated).tolist()])
        if dones.any():
            first, last = _columns(infos), _columns(infos["final_info"])
            for i in np.flatnonzero(dones).tolist():
                self.reset_infos[i] = {name: _value(column[i]) for name, column in first.items()}
                listed[i].update({name: _value(column[i]) for name, column in last.items()})
                listed[i]["terminal_observation"] = infos["final_obs"][i]
        return observations, rewards.astype(np.float32), dones, listed

    def close(self) -> None:
        """Closes the vector environment."""
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """A frame of every arm, where the environment has a render mode."""
        return list(self.env.render() or [None] * self.num_envs)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute as a single environment has it, for each of `indices`: its own, or the one that all share."""
        values = self.env.of_each_arm(attr_name)
        return [values[i] for i in self._arms(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute of the vector environment, for all arms at once."""
        if sorted(self._arms(indices)) != list(range(self.num_envs)):
            raise ValueError(f"expected to set {attr_name!r} for all {self.num_envs} arms: they share their settings")
        self.env.set_attr(attr_name, [value] * self.num_envs)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """What a method of a single environment returns, for each of `indices`."""
        results = self.env.call(method_name, *args, **kwargs)
        return [results[i] for i in self._arms(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """False for every arm: they are no wrapped single environments."""
        return [False for _ in self._arms(indices)]

    def _arms(self, indices: Any = None) -> list[int]:
        """The numbers of the arms that `indices` means."""
        return list(self._get_indices(indices))


def _columns(infos: dict[str, Any]) -> dict[str, np.ndarray]:
    """A vector environment's infos, as far as they have a value for each arm."""
    return {
        name: value
        for name, value in infos.items()
        if isinstance(value, np.ndarray) and value.dtype != object and name[0] != "_"
    }


def _listed(infos: dict[str, Any], listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The infos of each arm, put into its dictionary: column by column, which is quicker than arm by arm."""
    for name, column in _columns(infos).items():
        values = column.tolist() if column.ndim == 1 else list(column)
        for info, value in zip(listed, values, strict=True):
            info[name] = value
    return listed


def _value(value: Any) -> Any:
    """A number as Python's own; an array as it is."""
    return value.item() if np.ndim(value) == 0 else value
