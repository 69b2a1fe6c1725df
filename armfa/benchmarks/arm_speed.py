"""Speed of the arm: plant steps, environments, and the update of the 6-500-6 controller through the plant."""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np

from armfa.benchmarks.limits import Line, products_seconds, seconds_per_call, side_by_side, tanh_per_second
from armfa.benchmarks.peers import installed, motornet_update, reacher, stepping
from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    LearningRule,
    Streams,
    compiled,
    fastest,
    init_state,
    make_rule,
    stack,
    tree_map,
)
from armfa.controllers.training.train import CHUNK_SAMPLES
from armfa.plant import Simulator, make_arm, rest_state
from armfa.problems.hand_velocity import HandVelocityProblem

NETWORK = MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02))
RULE = FeedbackAlignment(scale=0.5)
OPTIMIZER = SGD((6.0, 0.015))
EXAMPLES = CHUNK_SAMPLES
"""Of a block of updates that is measured as one call: as many as `train` draws at a time."""


class OneBit(LearningRule):
    """A rule of one's own, in NumPy: hidden units are told the sign of B delta (demos/own_rule.py)."""

    def init(self, params: Any, rng: Any) -> Any:
        """B ~ U(-1, 1), (..., n_out, n_hidden)."""
        return rng.uniform(-1.0, 1.0, params[-1].weight.shape[-2:]).astype(params[-1].weight.dtype)

    def deltas(self, network: Any, params: Any, trace: Any, loss: Any, state: Any, rng: Any) -> Any:
        """The teaching signal of each layer."""
        delta = network.weigh(1, loss.error(trace.output), trace)
        return [network.weigh(0, 0.02 * np.sign(delta @ state), trace), delta], state


def measured(budget: float) -> list[tuple[str, Callable[[], Iterator[Line]]]]:
    """What can be measured here: a name, and the function that gives its lines."""
    found = [
        ("6-500-6 FA update with plant", lambda: updates(budget)),
        ("plant steps", lambda: plant(budget)),
        ("env.step", lambda: environments(budget)),
    ]
    if importlib.util.find_spec("jax") is not None:
        found.append(("6-500-6 FA update, compiled by JAX", lambda: compiled_updates(budget)))
    return found


def updates(budget: float) -> Iterator[Line]:
    """Samples per second of one update: forward, plant, its Jacobian, deltas, weights; ready examples, float32.

    Beside them the machine's limit, and MotorNet's update of the same network by backprop.
    """
    learned = make_rule("kolen-pollack")
    of_python = FeedbackAlignment(carry="error"), OneBit()  # whose deltas are filled in by NumPy, as of all own rules
    for rule in (RULE, Backprop(), DirectFeedbackAlignment(scale=0.5), learned, *of_python):
        for batch in (1, 32, 128, 256, 512):
            first = rule is RULE
            if batch in (1, 256) and not first:
                continue
            calls = [block_of_updates(rule, "li_todorov", batch)]
            if first and installed("motornet", "torch"):
                calls.append(motornet_update(batch))
            count = max(1, EXAMPLES // batch)
            seconds = side_by_side(calls, budget=2 * budget)
            told = type(rule).__name__ + (", deltas in NumPy" if rule in of_python else "")
            rate, name = batch * count / seconds[0], f"samples, 6-500-6 {told}, batch {batch}"
            if batch not in (1, 256):
                aim = 0.45 if rule in (learned, *of_python) else 0.6
                yield Line(name, rate, "products and tanh", update_limit(batch, budget), aim)
            if len(calls) > 1:
                aims = {1: 200, 32: 70, 256: 12}
                yield Line(name, rate, "MotorNet", batch / seconds[1], aims.get(batch))


def block_of_updates(rule: Any, arm: str, batch: int) -> Callable[[], Any]:
    """A block of updates of one network on ready examples, by the default back end."""
    problem, rng, count = HandVelocityProblem(arm), np.random.default_rng(0), max(1, EXAMPLES // batch)
    examples = tree_map(
        lambda leaf: leaf.reshape(1, count, batch, *leaf.shape[2:]), stack([problem.batch(rng, batch * count)])
    )
    streams = Streams([rng])
    state, updates = init_state(NETWORK, rule, OPTIMIZER, streams, streams), fastest(NETWORK, rule, OPTIMIZER)
    return partial(updates, state, examples, streams)


def update_limit(batch: int, budget: float) -> float:
    """Samples a second if an update were only its five matrix products and its tanh."""
    products = [(batch, 6, 500), (batch, 500, 6), (batch, 6, 500), (500, batch, 6), (6, batch, 500)]
    return batch / (products_seconds(products, budget=budget / 2) + 506 * batch / tanh_per_second(budget=budget / 4))


def plant(budget: float) -> Iterator[Line]:
    """Steps of many arms at once, no gradient; of one arm."""
    for name, arms, dtype in (
        ("lillicrap_scott", 4096, np.float32),
        ("li_todorov", 4096, np.float32),
        ("li_todorov", 4096, np.float64),
        ("li_todorov", 1, np.float64),
    ):
        arm, rng = make_arm(name), np.random.default_rng(0)
        state = rest_state(arm, rng.uniform(0.5, 1.5, (arms, 2)).astype(dtype))
        command = rng.uniform(0, 1, (arms, 6)).astype(dtype)
        for integrator in ("semi_implicit_euler", "rk4"):
            seconds = seconds_per_call(Simulator(arm, 0.01, integrator).step, state, command, budget=budget)
            yield Line(f"plant steps, {name}, {arms} arms, {integrator}, {dtype.__name__}", arms / seconds)


def environments(budget: float) -> Iterator[Line]:
    """`step` inside `gym.make`, and arm steps of the native vector environment, with resets, beside Reacher-v5."""
    calls: dict[str, Callable[[], Any]] = {}
    for name in ("armfa/Reach-v0", "armfa/HandVelocity-v0"):
        for arm in ("li_todorov", "lillicrap_scott"):
            calls[f"env.step, {name}, {arm}"] = stepping(gym.make(name, arm=arm))
        calls[f"arm steps, {name}, li_todorov, vector of 1024"] = stepping(gym.make_vec(name, num_envs=1024))
    peer = "Reacher-v5, one" if installed("mujoco") else ""
    seconds = side_by_side([*calls.values(), *([reacher()] if peer else [])], budget=(len(calls) + 1) * budget)
    for name, once in zip(calls, seconds):
        many = "vector" in name
        beside = 1 / seconds[-1] if peer else None
        yield Line(name, (1024 if many else 1) / once, peer, beside, (200 if many else 8) if peer else None)


def compiled_updates(budget: float) -> Iterator[Line]:
    """The same update inside JAX's compiled loop."""
    problem = HandVelocityProblem(make_arm("lillicrap_scott"))
    update = compiled(NETWORK, RULE, OPTIMIZER)
    for batch, count in ((1, 4000), (32, 1000), (128, 500)):
        one = Streams([np.random.default_rng(0)])
        state = init_state(NETWORK, RULE, OPTIMIZER, one, one)
        batches = in_batches(problem.batch(one, batch * count), count)
        seconds = seconds_per_call(update, state, batches, one, budget=3 * budget)
        yield Line(f"samples, the same compiled by JAX, batch {batch}", batch * count / seconds)


def in_batches(examples: Any, count: int) -> Any:
    """Examples (networks, n, ...) as `count` batches (networks, count, n / count, ...)."""
    return tree_map(lambda leaf: leaf.reshape(len(leaf), count, -1, *leaf.shape[2:]), examples)
