"""The ids under which Gymnasium finds the environments."""

from typing import Any

LIMITS = {
    "HandVelocity": 100,
    "Reach": 200,
    "CenterOut": 200,
    "ViaPoint": 200,
    "PostureHold": 150,
    "Ellipse": 300,
    "Ballistic": 60,
    "VelocityTracking": 300,
    "IsometricForce": 100,
}
"""Steps after which an episode is truncated, by the name of the task: its `episode_time` in steps of 10 ms."""
THRESHOLDS = {"HandVelocity": -1.0, "Reach": -35.0}
"""Return from which on a task counts as solved. For the default arm: a controller that knows the plant's Jacobian
returns -0.25 and -33, one that waits 2 cm beside the target -77, silent muscles -20 and -169."""


def register_environments() -> None:
    """Registers armfa/NAME-v0 for every task NAME; does nothing where that has been done.

    Where Gymnasium is missing or cannot be imported, as in a browser, which has no processes, there is nowhere to
    register them, and the rest of the package works.
    """
    try:
        import gymnasium as gym
    except ImportError:
        return
    for task, limit in LIMITS.items():
        _register(gym, task, limit, THRESHOLDS.get(task))


def _register(gym: Any, task: str, max_episode_steps: int, reward_threshold: float | None) -> None:
    """Names both forms, one arm and many, by strings: no class is imported, and the spec can be written as JSON."""
    if (name := f"armfa/{task}-v0") not in gym.registry:
        gym.register(
            id=name,
            entry_point=f"armfa.envs.environments:{task}Env",
            vector_entry_point=f"armfa.envs.environments:{task}VectorEnv",
            max_episode_steps=max_episode_steps,
            reward_threshold=reward_threshold,
        )
