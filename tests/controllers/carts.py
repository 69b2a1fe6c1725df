"""Episodes that the tests here run over: carts that are pushed toward a place."""

from typing import NamedTuple

import numpy as np


class Cart(NamedTuple):
    """An episode: a cart per example is pushed toward a place; x' = x + v / 4, v' = .9 v + u / 4."""

    goal: np.ndarray  # (..., batch, 1)
    length: int = 7

    @property
    def steps(self):
        return self.length

    def start(self):
        return {"x": self.goal * 0, "v": self.goal * 0}

    def observe(self, x):
        return np.concatenate([x["x"], x["v"] ** 2, self.goal], axis=-1)

    def observe_vjp(self, x, inputs_bar):
        return {"x": inputs_bar[..., :1], "v": 2 * x["v"] * inputs_bar[..., 1:2]}

    def step(self, x, command):
        after = {"x": x["x"] + 0.25 * x["v"], "v": 0.9 * x["v"] + 0.25 * command}
        miss = after["x"] - self.goal
        return after, (0.5 * miss * miss + 0.05 * command * command).sum(-1)

    def step_vjp(self, x, command):
        after, cost = self.step(x, command)

        def pullback(after_bar):
            after_bar = after_bar or {"x": 0.0, "v": 0.0}
            x_bar = after_bar["x"] + (after["x"] - self.goal)
            return {"x": x_bar, "v": 0.25 * x_bar + 0.9 * after_bar["v"]}, 0.25 * after_bar["v"] + 0.1 * command

        return after, cost, pullback

    def error(self, x, command):
        return 0.1 * command


def carts(seed=0, size=4, dtype=np.float64):
    return Cart(np.random.default_rng(seed).standard_normal((size, 1)).astype(dtype))


class Carts:
    """Carts with random goals."""

    def batch(self, rng, size):
        return Cart(rng.uniform(-1, 1, (size, 1)))

    def test(self):
        return self.batch(np.random.default_rng(3), 50)
