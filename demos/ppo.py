"""Proximal policy optimisation from Stable-Baselines3 on one arm, no wrapper needed.

Takes several minutes; with `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

import armfa  # registers the environments


def main() -> None:
    """Trains and evaluates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/HandVelocity-v0")
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)

    # a Gaussian policy starts around 0: with symmetric actions that is half excitation
    env = gym.make(args.env, action_range="symmetric")
    size = {"n_steps": 64, "n_epochs": 2} if args.small else {}
    model = PPO("MlpPolicy", env, seed=0, device="cpu", verbose=0 if args.small else 1, **size)
    model.learn(128 if args.small else 500_000)
    mean, spread = evaluate_policy(model, model.get_env(), n_eval_episodes=2 if args.small else 20)
    print(f"return {mean:.2f} +- {spread:.2f}")


if __name__ == "__main__":
    main()
