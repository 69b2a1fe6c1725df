"""A task of your own
==================

A target that flies by, to be caught, as a Gymnasium environment for one arm and for many.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np

from armfa.arrays import Array
from armfa.envs import ArmEnv, ArmVectorEnv
from armfa.plant import Arm, ArmState, Simulator, hand_position, rest_state
from armfa.tasks import Holding, Moment, center_posture, random_posture
from armfa.tasks.clock import time
from armfa.tasks.vectors import point


@dataclass(frozen=True)
class Catch(Holding):
    """Start at rest in the centre; the target flies past a random place, from left to right. The rest is that of all
    tasks about the hand: what is seen, rewards, success after a hold. Success is to stay with the target for 100 ms.
    """

    fixed_goal: ClassVar[bool] = False
    max_speed: float = 1.0  # m/s: the hand may be this fast
    flight: float = 0.2  # m/s; a field of the task is a setting of its environments

    def start_draws(self, arm: Arm) -> int:
        """None: the start is always the same."""
        return 0

    def goal_draws(self, arm: Arm) -> int:
        """Two: the place."""
        return 2

    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """The centre posture, at rest."""
        return rest_state(arm, center_posture(arm, uniform))

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Where the target passes after half a second (..., 1, 2), m."""
        return hand_position(simulator.arm, random_posture(simulator.arm, uniform))[..., None, :]

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """Where the target will be one step from now (..., 2), m."""
        place, later = moment.trial.goals[..., 0, :], time(simulator, moment) + simulator.dt - 0.5
        return point(place[..., 0] + self.flight * later, place[..., 1])


class CatchEnv(ArmEnv):
    """The task for one arm."""

    task = Catch


class CatchVectorEnv(ArmVectorEnv):
    """The same for many arms at once."""

    task, default_limit = Catch, 100


def main() -> None:
    """Makes the environment in both forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few steps, no window")
    small = parser.parse_args().small

    gym.register("demo/Catch-v0", CatchEnv, vector_entry_point=CatchVectorEnv, max_episode_steps=100)
    env = gym.make("demo/Catch-v0", render_mode="rgb_array" if small else "human")
    env.reset(seed=0)
    for _ in range(20 if small else 500):
        _, _, terminated, truncated, _ = env.step(0.2 * env.action_space.sample())
        if terminated or truncated:
            env.reset()
    if small:
        plt.imshow(env.render())
        plt.axis("off")
    env.close()

    many = gym.make_vec("demo/Catch-v0", num_envs=64, autoreset_mode="SameStep", flight=0.4, observation="si")
    before, _ = many.reset(seed=0)
    after = many.step(many.action_space.sample())[0]
    moved = (after - before)[:, -2:].astype(np.float64)  # the goal is observed last
    print(
        f"targets: {len(np.unique(before[:, -2:], axis=0))}, flying at {np.median(np.hypot(*moved.T)) / 0.01:.2f} m/s"
    )
    plt.show()


if __name__ == "__main__":
    main()
