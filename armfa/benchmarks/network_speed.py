"""Speed of the learner without the arm: digits at batch 128 and 1 beside PyTorch, and stacks of tiny networks."""

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np

from armfa.benchmarks.arm_speed import finished
from armfa.benchmarks.limits import Line, products_seconds, seconds_per_call
from armfa.controllers import MLP, SGD, Batch, FeedbackAlignment, SquaredError, init_state, train_step
from armfa.controllers.compiled import compile_updates
from armfa.controllers.online import train_online
from armfa.controllers.trees import Streams, tree_map

DIGITS = MLP((784, 1000, 10), "logistic", weight_scale=0.1)
RULE = FeedbackAlignment(scale=1.0, carry="error")
LINEAR = MLP((30, 20, 10), "linear", weight_scale=0.01)


def measured(budget: float) -> list[tuple[str, Callable[[], Iterator[Line]]]]:
    """What can be measured here."""
    found = [
        ("784-1000-10 FA update", lambda: digits(budget)),
        ("30-20-10 online, 20 networks", lambda: tiny_networks(budget)),
    ]
    if importlib.util.find_spec("torch") is not None:
        found.append(("784-1000-10 update, PyTorch backprop", lambda: digits_by_torch(budget)))
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
    """Examples a second; the limit is the sgemm rate of the same products (forward, and both weight gradients)."""
    rng = np.random.default_rng(0)
    optimizer = SGD((1e-3, 1e-3), weight_decay=1e-6)
    state, batch = init_state(DIGITS, RULE, optimizer, rng, rng), digit_batch(128)
    seconds = seconds_per_call(train_step, DIGITS, RULE, optimizer, state, batch, rng, budget=2 * budget)
    products = [(128, 784, 1000), (128, 1000, 10), (128, 10, 1000), (1000, 128, 784), (10, 128, 1000)]
    limit = 128 / products_seconds(products, budget=2 * budget)
    yield Line("examples, 784-1000-10 FA update, batch 128", 128 / seconds, 0.75 * limit, limit)
    online = digit_batch(50)
    seconds = seconds_per_call(train_online, DIGITS, RULE, optimizer, state, online, rng, budget=2 * budget)
    yield Line("examples, 784-1000-10 FA online, in place", len(online.inputs) / seconds)


def digits_by_torch(budget: float) -> Iterator[Line]:
    """PyTorch's own backprop on the same network, batch and thread."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = (torch.nn.Linear(784, 1000), torch.nn.Sigmoid(), torch.nn.Linear(1000, 10), torch.nn.Sigmoid())
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3, weight_decay=1e-6)
    for size in (128, 1):
        inputs, target = map(torch.from_numpy, digit_arrays(size))

        def update(inputs=inputs, target=target):
            optimizer.zero_grad()
            (0.5 * ((network(inputs) - target) ** 2).sum()).backward()
            optimizer.step()

        yield Line(
            f"examples, 784-1000-10, PyTorch backprop, batch {size}", size / seconds_per_call(update, budget=2 * budget)
        )


def tiny_networks(budget: float) -> Iterator[Line]:
    """Example-updates a second of 20 linear 30-20-10 networks that learn online as one stack."""
    rule, optimizer = FeedbackAlignment(), SGD(0.008)
    stack = Streams([np.random.default_rng(seed) for seed in range(20)])
    state = init_state(LINEAR, rule, optimizer, stack, stack)
    batch = stacked_examples(1)
    one = tree_map(lambda leaf: leaf[0], batch)
    seconds = seconds_per_call(train_step, LINEAR, rule, optimizer, state, one, stack, budget=budget)
    yield Line("example-updates, 30-20-10 online, 20 networks", 20 / seconds, 2e5)


def tiny_networks_compiled(budget: float) -> Iterator[Line]:
    """The same inside JAX's compiled loop."""
    rule, optimizer = FeedbackAlignment(), SGD(0.008)
    stack = Streams([np.random.default_rng(seed) for seed in range(20)])
    state = init_state(LINEAR, rule, optimizer, stack, stack)
    update, batches = compile_updates(LINEAR, rule, optimizer), stacked_examples(2000)
    seconds = seconds_per_call(finished, update, state, batches, budget=3 * budget)
    yield Line("example-updates, 30-20-10 online, 20 networks, compiled by JAX", 20 * 2000 / seconds, 1e6)


def stacked_examples(count: int) -> Batch:
    """`count` examples one after the other for each of 20 networks: (count, 20, 1, n)."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((count, 20, 1, 30), dtype=np.float32)
    return Batch(inputs, SquaredError(rng.standard_normal((count, 20, 1, 10), dtype=np.float32)))
