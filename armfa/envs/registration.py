"""The ids under which Gymnasium finds the environments."""

import gymnasium as gym


def register_environments() -> None:
    """Registers armfa/HandVelocity-v0 and armfa/Reach-v0; does nothing where that has been done.

    The reward thresholds are for the default arm: a controller that knows the plant's Jacobian returns -0.25 and -33,
    one that waits 2 cm beside the target -77, silent muscles -20 and -169.
    """
    _register("HandVelocity", 100, reward_threshold=-1.0)
    _register("Reach", 200, reward_threshold=-35.0)


def _register(task: str, max_episode_steps: int, reward_threshold: float) -> None:
    """Names both forms, one arm and many, by strings: no class is imported, and the spec can be written as JSON."""
    if (name := f"armfa/{task}-v0") not in gym.registry:
        gym.register(
            id=name,
            entry_point=f"armfa.envs.environments:{task}Env",
            vector_entry_point=f"armfa.envs.environments:{task}VectorEnv",
            max_episode_steps=max_episode_steps,
            reward_threshold=reward_threshold,
        )
