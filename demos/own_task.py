"""Write one's own task: eight targets around the centre, 10 cm away, as a Gymnasium environment."""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import gymnasium as gym
import numpy as np

from armfa.envs import ArmEnv, ArmVectorEnv, World
from armfa.plant import Arm, ArmState, hand_position, rest_state
from armfa.tasks import Reach, center_out_targets


@dataclass(frozen=True)
class CenterOut(Reach):
    """Start at rest in the centre; the target is one of eight around it. The rest is that of Reach."""

    distance: float = 0.1  # m
    error_name: ClassVar[str] = "distance"

    def start_draws(self, arm: Arm) -> int:
        """None: the start is always the same."""
        return 0

    def goal_draws(self, arm: Arm) -> int:
        """One: which target."""
        return 1

    def start(self, arm: Arm, uniform: np.ndarray) -> ArmState:
        """The centre posture, at rest."""
        return rest_state(arm, np.broadcast_to(arm.center_posture, (*uniform.shape[:-1], 2)).copy())

    def goal(self, arm: Arm, state: ArmState, uniform: np.ndarray, dt: float, integrator: str) -> np.ndarray:
        """One of the eight targets (..., 2), m."""
        targets = center_out_targets(hand_position(arm, np.array(arm.center_posture)), self.distance, 8)
        return targets[(8 * uniform[..., 0]).astype(int)]


class CenterOutEnv(ArmEnv):
    """The task for one arm."""

    def __init__(self, render_mode: str | None = None, **settings):
        super().__init__(World.build(CenterOut(), **settings), render_mode)


class CenterOutVectorEnv(ArmVectorEnv):
    """The same for many arms at once."""

    def __init__(self, num_envs=1, *, max_episode_steps=None, autoreset_mode="NextStep", render_mode=None, **settings):
        super().__init__(World.build(CenterOut(), **settings), num_envs, max_episode_steps, autoreset_mode, render_mode)


def main() -> None:
    """Makes the environment in both forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few steps, no window")
    small = parser.parse_args().small

    gym.register("demo/CenterOut-v0", CenterOutEnv, vector_entry_point=CenterOutVectorEnv, max_episode_steps=100)
    env = gym.make("demo/CenterOut-v0", render_mode=None if small else "human")
    env.reset(seed=0)
    for _ in range(20 if small else 500):
        _, _, terminated, truncated, _ = env.step(0.2 * env.action_space.sample())
        if terminated or truncated:
            env.reset()
    env.close()

    many = gym.make_vec("demo/CenterOut-v0", num_envs=64, autoreset_mode="SameStep")
    observation, info = many.reset(seed=0)
    print("targets drawn:", len(np.unique(observation[:, -2:], axis=0)), "mean distance:", info["distance"].mean(), "m")


if __name__ == "__main__":
    main()
