"""Hands a native vector environment to Stable-Baselines3, which does not take Gymnasium's own `VectorEnv`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv

from armfa.envs.vector import ArmVectorEnv


class StableBaselinesVecEnv(VecEnv):
    """`ArmVectorEnv` as a Stable-Baselines3 `VecEnv`: PPO("MlpPolicy", StableBaselinesVecEnv(env)).

    env : made with autoreset_mode="SameStep", for example
    `gym.make_vec("armfa/Reach-v0", 64, autoreset_mode="SameStep", action_range="symmetric")`.
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

    def reset(self) -> Any:
        """Starts an episode in every arm: observations. Takes the seeds given by `seed` once."""
        seeds = None if all(seed is None for seed in self._seeds) else list(self._seeds)
        if any(self._options):
            raise ValueError("expected no reset options: give them to the vector environment itself, or seed it")
        observations, infos = self.env.reset(seed=seeds)
        self.reset_infos = [_info(infos, i) for i in range(self.num_envs)]
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
        listed = [_info(infos, i) for i in range(self.num_envs)]
        for i in np.flatnonzero(dones).tolist():
            listed[i] = _info(infos["final_info"], i)
            listed[i]["terminal_observation"] = infos["final_obs"][i]
            listed[i]["TimeLimit.truncated"] = bool(truncated[i] and not terminated[i])
        return observations, rewards.astype(np.float32), dones, listed

    def close(self) -> None:
        """Closes the vector environment."""
        self.env.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """A frame of every arm, where the environment has a render mode."""
        return list(self.env.render() or [None] * self.num_envs)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute, which all arms share, once for each of `indices`."""
        return [getattr(self.env, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute of the vector environment, for all arms at once."""
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError(f"expected to set {attr_name!r} for all {self.num_envs} arms: they share their settings")
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Calls a method of the vector environment, which all arms share, once for each of `indices`."""
        method = getattr(self.env, method_name)
        return [method(*args, **kwargs) for _ in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """False for every arm: they are no wrapped single environments."""
        return [False] * len(list(self._get_indices(indices)))


def _info(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """Arm i's own entries of a vector environment's infos, as Python numbers."""
    return {
        name: value[i].item()
        for name, value in infos.items()
        if isinstance(value, np.ndarray) and value.dtype != object and not name.startswith("_")
    }
