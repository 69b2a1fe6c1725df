"""Speed of the learner without the arm: digits at batch 128 and 1 beside PyTorch, and stacks of tiny networks."""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from armfa.benchmarks.limits import Line, products_seconds, seconds_per_call, side_by_side
from armfa.controllers import MLP, SGD, Batch, FeedbackAlignment, SquaredError, compiled, init_state, train_step
from armfa.controllers.streams import Streams
from armfa.controllers.training.in_place import train_in_place
from armfa.controllers.trees import tree_map

DIGITS = MLP((784, 1000, 10), "logistic", weight_scale=0.1)
RULE = FeedbackAlignment(scale=1.0, carry="error")
LINEAR = MLP((30, 20, 10), "linear", weight_scale=0.01)


def measured(budget: float) -> list[tuple[str, Callable[[], Iterator[Line]]]]:
    """What can be measured here."""
    found = [
        ("784-1000-10, beside PyTorch", lambda: digits(budget)),
        ("30-20-10 online, 20 networks", lambda: tiny_networks(budget)),
    ]
    if importlib.util.find_spec("jax") is not None:
        found.append(("30-20-10 online, 20 networks, compiled by JAX", lambda: tiny_networks_compiled(budget)))
    return found


def digit_arrays(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of the shape of digits; how long an update takes does not depend on what they show."""
    rng = np.random.default_rng(0)
    target = np.eye(10, dtype=np.float32)[rng.integers(0, 10, size)]
    return rng.random((size, 784), dtype=np.float32), target


def digit_batch(size: int) -> Batch:
    """The same as a batch."""
    inputs, target = digit_arrays(size)
    return Batch(inputs, SquaredError(target))


def digits(budget: float) -> Iterator[Line]:
    """Examples a second; the limit is the sgemm rate of the same products (forward, and both weight gradients).

    PyTorch's backprop on the same network, batch and thread is measured in turns with them, where it is installed.
    """
    rng = np.random.default_rng(0)
    optimizer = SGD((1e-3, 1e-3), weight_decay=1e-6)
    state, batch, blocks = init_state(DIGITS, RULE, optimizer, rng, rng), digit_batch(128), 20
    ours = {
        "in place": partial(train_in_place, DIGITS, RULE, optimizer, state, [batch] * blocks),
        "pure": partial(train_step, DIGITS, RULE, optimizer, state, batch, rng),
        "online, in place": partial(train_in_place, DIGITS, RULE, optimizer, state, [digit_batch(1)] * 640),
    }
    theirs = torch_updates() if importlib.util.find_spec("torch") is not None else {}
    products = [(128, 784, 1000), (128, 1000, 10), (128, 10, 1000), (1000, 128, 784), (10, 128, 1000)]
    calls = {**ours, **theirs}
    seconds = dict(zip(calls, side_by_side(list(calls.values()), budget=3 * len(calls) * budget)))
    limit = 128 / products_seconds(products, budget=2 * budget)
    torch, online_torch = (size / seconds[size] if size in seconds else None for size in (128, 1))
    peer = "PyTorch backprop" if theirs else ""
    name = "examples, 784-1000-10"
    in_place, pure = 128 * blocks / seconds["in place"], 128 / seconds["pure"]
    yield Line(f"{name} FA, batch 128, in place", in_place, "its products", limit)
    yield Line(f"{name} FA, batch 128, in place", in_place, peer, torch, 1 if theirs else None)
    yield Line(f"{name} FA, batch 128, pure update", pure, "its products", limit, 0.75)
    online = 640 / seconds["online, in place"]
    yield Line(f"{name} FA, batch 1, in place", online, peer, online_torch, 5 if theirs else None)


def torch_updates() -> dict[int, Callable[[], None]]:
    """PyTorch's own backprop: batch size -> a call that makes one update."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = (torch.nn.Linear(784, 1000), torch.nn.Sigmoid(), torch.nn.Linear(1000, 10), torch.nn.Sigmoid())
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, weight_decay=1e-6)

    def update(inputs, target):
        optimizer.zero_grad()
        (0.5 * ((network(inputs) - target) ** 2).sum()).backward()
        optimizer.step()

    return {size: partial(update, *map(torch.from_numpy, digit_arrays(size))) for size in (128, 1)}


def tiny_networks(budget: float) -> Iterator[Line]:
    """Example-updates a second of 20 linear 30-20-10 networks that learn online as one stack."""
    rule, optimizer = FeedbackAlignment(), SGD(0.008)
    stack = Streams([np.random.default_rng(seed) for seed in range(20)])
    state = init_state(LINEAR, rule, optimizer, stack, stack)
    one = tree_map(lambda leaf: leaf[:, 0], stacked_examples(1))
    seconds = seconds_per_call(train_step, LINEAR, rule, optimizer, state, one, stack, budget=budget)
    yield Line("example-updates, 30-20-10 online, 20 networks", 20 / seconds)


def tiny_networks_compiled(budget: float) -> Iterator[Line]:
    """The same inside JAX's compiled loop."""
    rule, optimizer = FeedbackAlignment(), SGD(0.008)
    stack = Streams([np.random.default_rng(seed) for seed in range(20)])
    state = init_state(LINEAR, rule, optimizer, stack, stack)
    update, batches = compiled(LINEAR, rule, optimizer), stacked_examples(2000)
    seconds = seconds_per_call(update, state, batches, stack, budget=3 * budget)
    yield Line("example-updates, 30-20-10 online, 20 networks, compiled by JAX", 20 * 2000 / seconds)


def stacked_examples(count: int) -> Batch:
    """`count` examples one after the other for each of 20 networks: (20, count, 1, n)."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((20, count, 1, 30), dtype=np.float32)
    return Batch(inputs, SquaredError(rng.standard_normal((20, count, 1, 10), dtype=np.float32)))
