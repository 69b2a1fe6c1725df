"""Step an environment and look at it
==================================

In a window, or with `--save reach.png` in a picture of the last frame, which needs no display.
"""

import argparse

import gymnasium as gym

import armfa  # registers the environments


def main() -> None:
    """Steps a random policy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="armfa/Reach-v0", help="armfa/Reach-v0 or armfa/HandVelocity-v0")
    parser.add_argument("--arm", default="li_todorov", help="a published arm, such as lillicrap_scott")
    parser.add_argument("--steps", type=int, default=500, help="steps of 10 ms")
    parser.add_argument("--save", help="write the last frame to this file instead of opening a window")
    args = parser.parse_args()
    gym.register_envs(armfa)

    env = gym.make(args.env, arm=args.arm, render_mode="rgb_array" if args.save else "human")
    observation, info = env.reset(seed=0)
    excitation = env.action_space.sample()
    for step in range(args.steps):
        if step % 20 == 0:
            excitation = 0.3 * env.action_space.sample()
        observation, reward, terminated, truncated, info = env.step(excitation)
        if terminated or truncated:
            observation, info = env.reset()
    print(f"last observation {observation.round(2)}, reward {reward:.3f}, info {info}")

    if args.save:
        import matplotlib.pyplot as plt

        plt.imsave(args.save, env.render())
        print("wrote the last frame")
        plt.imshow(env.render())
        plt.axis("off")
        plt.show()
    env.close()


if __name__ == "__main__":
    main()
