"""PPO on one arm
==============

Proximal policy optimisation from Stable-Baselines3 on one arm, at its own hyper-parameters, no wrapper needed.

Takes half an hour; `demos/ppo_vector.py` is much faster. With `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse

import gymnasium as gym
import matplotlib.pyplot as plt
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

import armfa  # registers the environments


def main() -> None:
    """Trains and evaluates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/Reach-v0")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)

    env = gym.make(args.env)
    size = {"n_steps": 64, "n_epochs": 2} if args.small else {}
    model = PPO("MlpPolicy", env, seed=0, device="cpu", verbose=0 if args.small else 1, **size)
    model.learn(128 if args.small else args.steps)
    mean, spread = evaluate_policy(model, model.get_env(), n_eval_episodes=2 if args.small else 100)
    print(f"return {mean:.2f} +- {spread:.2f}; solved from {env.spec.reward_threshold}")

    (observation, _), rewards = env.reset(seed=1), []
    for _ in range(100):
        observation, reward, terminated, truncated, _ = env.step(model.predict(observation, deterministic=True)[0])
        rewards.append(reward)
        if terminated or truncated:
            break
    plt.plot(rewards)
    plt.xlabel("step of one episode")
    plt.ylabel("reward")
    plt.show()


if __name__ == "__main__":
    main()
