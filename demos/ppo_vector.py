"""PPO from Stable-Baselines3 on 64 arms at once: the native vector environment through armfa's adapter.

Takes a few minutes; with `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import armfa  # registers the environments
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv


def main() -> None:
    """Trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/HandVelocity-v0")
    parser.add_argument("--arms", type=int, default=64)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)

    arms = 4 if args.small else args.arms
    env = gym.make_vec(args.env, arms, autoreset_mode="SameStep", action_range="symmetric")
    many = VecMonitor(StableBaselinesVecEnv(env))
    size = {"n_steps": 16, "batch_size": 32, "n_epochs": 2} if args.small else {"n_steps": 128, "batch_size": 1024}
    model = PPO("MlpPolicy", many, seed=0, device="cpu", verbose=0 if args.small else 1, **size)
    model.learn(2 * 16 * arms if args.small else 2_000_000)
    print(f"trained for {model.num_timesteps} steps of {arms} arms together")


if __name__ == "__main__":
    main()
