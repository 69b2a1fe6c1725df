"""Hindsight experience replay
===========================

Reaching learned from a reward that only says whether the hand is on the target.

Every episode is replayed as if the place where the hand went had been the target. Andrychowicz et al. 2017,
"Hindsight experience replay". Soft actor-critic from Stable-Baselines3 at its own hyper-parameters, 8 arms at once, one
update per step of one arm.
Takes a quarter of an hour; with `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from stable_baselines3 import SAC, HerReplayBuffer
from stable_baselines3.common.vec_env import VecMonitor

import armfa  # registers the environments
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv


def main() -> None:
    """Trains; the log's `success_rate` is of the last 100 episodes, explored as they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/Reach-v0")
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)
    torch.set_num_threads(1)

    settings = {"goal_observation": True, "reward": "sparse"} if "Reach" in args.env else {"goal_observation": True}
    limit = 20 if args.small or "Reach" not in args.env else None
    arms = 2 if args.small else 8
    env = gym.make_vec(args.env, arms, autoreset_mode="SameStep", max_episode_steps=limit, **settings)
    size = {"batch_size": 16, "policy_kwargs": {"net_arch": [16]}} if args.small else {"gradient_steps": arms}
    model = SAC(
        "MultiInputPolicy",
        VecMonitor(StableBaselinesVecEnv(env)),
        replay_buffer_class=HerReplayBuffer,
        learning_starts=200 * arms if not args.small else 45,  # whole episodes
        seed=0,
        device="cpu",
        verbose=0 if args.small else 1,
        **size,
    )
    model.learn(60 if args.small else args.steps)
    print(f"trained for {model.num_timesteps} steps of {arms} arms together")

    seen, distances = model.env.reset(), []
    for _ in range(10 if args.small else 150):
        distances.append(np.linalg.norm(seen["achieved_goal"] - seen["desired_goal"], axis=-1))
        seen = model.env.step(model.predict(seen, deterministic=True)[0])[0]
    plt.figure()
    plt.plot(0.01 * np.arange(len(distances)), distances)
    plt.xlabel("time, s")
    plt.ylabel("distance to the target, units of the observation")
    plt.show()


if __name__ == "__main__":
    main()
