"""Rollouts of TorchRL
===================

It takes the environments as they are, one arm or many, and its collector gathers steps for its losses.

python demos/torchrl_rollouts.py --env armfa/Reach-v0        (needs: pip install armfa torchrl)

Many arms go in as a native vector environment whose autoreset mode is "SameStep" or "Disabled": TorchRL takes no other.
"""

import argparse

import gymnasium as gym
import matplotlib.pyplot as plt
import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import GymEnv, GymWrapper, check_env_specs

import armfa  # registers the environments


def main(env: str = "armfa/Reach-v0", arms: int = 16, steps: int = 4096) -> float:
    """Checks both forms and gathers steps under a network; returns the mean reward."""
    gym.register_envs(armfa)
    torch.set_num_threads(1)
    torch.manual_seed(0)

    one = GymEnv(env)
    check_env_specs(one)
    print(f"one arm: {one.rollout(max_steps=50).batch_size[0]} steps of random actions")
    one.close()

    many = GymWrapper(gym.make_vec(env, arms, autoreset_mode="SameStep"))
    n_in, n_out = many.observation_spec["observation"].shape[-1], many.action_spec.shape[-1]
    network = nn.Sequential(nn.Linear(n_in, 64), nn.Tanh(), nn.Linear(64, n_out), nn.Tanh())
    policy = TensorDictModule(network, in_keys=["observation"], out_keys=["action"])
    size = {"frames_per_batch": 32 * arms, "total_frames": max(steps, 32 * arms)}
    collector = Collector(many, policy, auto_register_policy_transforms=False, **size)
    gathered, total, rewards = 0, 0.0, []
    for batch in collector:  # (arms, 32): what a loss of TorchRL takes
        gathered, total = gathered + batch.numel(), total + float(batch["next", "reward"].sum())
        rewards += batch["next", "reward"].squeeze(-1).mean(0).tolist()
    collector.shutdown()
    print(f"{arms} arms: {gathered} steps under a network, mean reward {total / gathered:.3f}")
    plt.plot(rewards)
    plt.xlabel("step")
    plt.ylabel("reward, mean of the arms")
    plt.show()
    return total / gathered


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="armfa/Reach-v0")
    parser.add_argument("--arms", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4096)
    arguments = parser.parse_args()
    main(arguments.env, arguments.arms, arguments.steps)
