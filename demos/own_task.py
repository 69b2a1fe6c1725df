"""Write one's own task: eight targets around the centre, 10 cm away, as a Gymnasium environment."""

import argparse
from dataclasses import dataclass

import gymnasium as gym
import numpy as np

from armfa.envs import ArmEnv, ArmVectorEnv
from armfa.plant import Arm, ArmState, Simulator, hand_position, rest_state
from armfa.tasks import Reach, center_out_targets


@dataclass(frozen=True)
class CenterOut(Reach):
    """Start at rest in the centre; the target is one of eight around it. The rest is that of Reach."""

    distance: float = 0.1  # m; a field of the task is a setting of its environments

    def start_draws(self, arm: Arm) -> int:
        """None: the start is always the same."""
        return 0

    def goal_draws(self, arm: Arm) -> int:
        """One: which target."""
        return 1

    def start(self, arm: Arm, uniform: np.ndarray) -> ArmState:
        """The centre posture, at rest."""
        return rest_state(arm, np.broadcast_to(arm.center_posture, (*uniform.shape[:-1], 2)).copy())

    def goals(self, simulator: Simulator, state: ArmState, uniform: np.ndarray) -> np.ndarray:
        """One of the eight targets (..., 1, 2), m."""
        center = hand_position(simulator.arm, np.array(simulator.arm.center_posture))
        return center_out_targets(center, self.distance, 8)[(8 * uniform).astype(int)]


class CenterOutEnv(ArmEnv):
    """The task for one arm."""

    task = CenterOut


class CenterOutVectorEnv(ArmVectorEnv):
    """The same for many arms at once."""

    task, default_limit = CenterOut, 100


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

    many = gym.make_vec("demo/CenterOut-v0", num_envs=64, autoreset_mode="SameStep", distance=0.08)
    observation, info = many.reset(seed=0)
    print("targets drawn:", len(np.unique(observation[:, -2:], axis=0)), "mean distance:", info["distance"].mean(), "m")


if __name__ == "__main__":
    main()
