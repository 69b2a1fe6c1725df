"""The gradient of a return, through a functional environment
==========================================================

A policy learns to reach through an environment of JAX.

The arms are stepped in a `scan` under `vmap`; the return of an episode is differentiated by the weights of the policy.
Takes a minute or two; with `--small` some seconds. Needs: pip install "armfa[jax]"
"""

import argparse
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt

from armfa.envs.functional import make

SIZES = (8, 64, 64, 6)


def first_weights(key: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    """Of a network with two hidden layers."""
    keys = jax.random.split(key, len(SIZES) - 1)
    return [
        (jax.random.normal(k, (n_in, n_out)) / jnp.sqrt(n_in), jnp.zeros(n_out))
        for k, n_in, n_out in zip(keys, SIZES, SIZES[1:])
    ]


def act(weights: Any, observation: jax.Array) -> jax.Array:
    """Actions within [-1, 1]."""
    for weight, bias in weights:
        observation = jnp.tanh(observation @ weight + bias)
    return observation


def main(updates: int = 300, arms: int = 64, steps: int = 60, rate: float = 3e-3) -> tuple[float, float]:
    """Learns; returns the mean reward of a step in the first and in the last update."""
    env, params = make("armfa/Reach-v0", max_episode_steps=10 * steps)

    def cost(weights: Any, key: jax.Array) -> jax.Array:
        """The mean cost of a step, over all arms."""

        def one(carry: Any, key: jax.Array) -> Any:
            observation, state = carry
            observation, state, reward, *_ = env.step(key, state, act(weights, observation), params)
            return (observation, state), reward

        def episode(key: jax.Array) -> jax.Array:
            first, *keys = jax.random.split(key, steps + 1)
            return -jax.lax.scan(one, env.reset(first, params), jnp.array(keys))[1].mean()

        return jax.vmap(episode)(jax.random.split(key, arms)).mean()

    @jax.jit
    def update(weights: Any, moments: Any, number: Any, key: jax.Array) -> Any:
        """One step of Adam, the gradient cut to a length of 1."""
        value, gradient = jax.value_and_grad(cost)(weights, key)
        size = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(gradient)))
        gradient = jax.tree.map(lambda g: g / jnp.maximum(size, 1.0), gradient)
        moments = jax.tree.map(lambda g, m: (0.9 * m[0] + 0.1 * g, 0.999 * m[1] + 0.001 * g * g), gradient, moments)
        scale = rate * jnp.sqrt(1 - 0.999**number) / (1 - 0.9**number)
        change = jax.tree.map(lambda g, m: scale * m[0] / (jnp.sqrt(m[1]) + 1e-8), gradient, moments)
        return jax.tree.map(jnp.subtract, weights, change), moments, value

    weights = first_weights(jax.random.key(0))
    moments = jax.tree.map(lambda w: (0 * w, 0 * w), weights)
    values = []
    for number in range(1, updates + 1):
        weights, moments, value = update(weights, moments, number, jax.random.key(number))
        values.append(float(value))
        if number % 20 == 0 or number in (1, updates):
            print(f"update {number:4d}: mean reward {-values[-1]:.3f}")
    plt.plot([-value for value in values])
    plt.xlabel("update")
    plt.ylabel("mean reward of a step")
    plt.show()
    return -values[0], -values[-1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--small", action="store_true", help="some seconds, to see that it runs")
    arguments = parser.parse_args()
    main(**({"updates": 10, "arms": 8, "steps": 20} if arguments.small else {"updates": arguments.updates}))
