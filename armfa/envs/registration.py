"""The ids under which Gymnasium finds the environments."""

import gymnasium as gym


def register_environments() -> None:
    """Registers armfa/HandVelocity-v0 and armfa/Reach-v0; does nothing where that has been done."""
    _register("armfa/HandVelocity-v0", "armfa.envs.hand_velocity:HandVelocity", max_episode_steps=100)
    _register("armfa/Reach-v0", "armfa.envs.reach:Reach", max_episode_steps=200)


def _register(name: str, entry: str, *, max_episode_steps: int, reward_threshold: float | None = None) -> None:
    """Names both forms, one arm and many, by strings: no class is imported, and the spec can be written as JSON."""
    if name not in gym.registry:
        gym.register(
            id=name,
            entry_point=f"{entry}Env",
            vector_entry_point=f"{entry}VectorEnv",
            max_episode_steps=max_episode_steps,
            reward_threshold=reward_threshold,
        )
