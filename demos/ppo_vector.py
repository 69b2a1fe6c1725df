"""PPO on 64 arms at once
======================

PPO from Stable-Baselines3: the native vector environment through armfa's adapter.

The hyper-parameters are Stable-Baselines3's own. Its 2048 transitions per update are shared among the arms.
Takes some minutes; with `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import armfa  # registers the environments
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv


def main() -> None:
    """Trains; the log's `success_rate` is of the last 100 episodes, explored as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/Reach-v0")
    parser.add_argument("--arms", type=int, default=64)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)
    torch.set_num_threads(1)  # the network is small

    arms = 4 if args.small else args.arms
    many = VecMonitor(StableBaselinesVecEnv(gym.make_vec(args.env, arms, autoreset_mode="SameStep")))
    size = {"batch_size": 32, "n_epochs": 2} if args.small else {}
    n_steps = 16 if args.small else max(1, 2048 // arms)
    model = PPO("MlpPolicy", many, n_steps=n_steps, seed=0, device="cpu", verbose=0 if args.small else 1, **size)
    model.learn(2 * n_steps * arms if args.small else args.steps)
    print(f"trained for {model.num_timesteps} steps of {arms} arms together")

    observation, rewards = many.reset(), []
    for _ in range(100):
        observation, reward, _, _ = many.step(model.predict(observation, deterministic=True)[0])
        rewards.append(reward)
    plt.plot(np.array(rewards)[:, :8])
    plt.xlabel("step of an episode")
    plt.ylabel("reward, one line for each of the first arms")
    plt.show()


if __name__ == "__main__":
    main()
