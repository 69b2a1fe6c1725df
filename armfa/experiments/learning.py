"""Training for experiments: a stack of networks, one a seed, with its own loop over blocks of examples.

Examples are drawn a block of updates at a time (a thousand draws cost what one costs), the curve is measured at chosen
updates, and the state goes to the unit's checkpoint between blocks, so that a killed run goes on bit for bit.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from armfa.controllers.machine import keep_memory
from armfa.controllers.metrics import angle_between
from armfa.controllers.network import MLP, Dense
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop
from armfa.controllers.step import TrainState, init_state, train_step
from armfa.controllers.trees import Streams, tree_map
from armfa.experiments.base import Checkpoint

BLOCK = 250_000
"""Numbers drawn at once, all networks together."""


class Streams4(NamedTuple):
    """The separate random streams of a stack of runs: what one consumes does not move the others."""

    problem: Streams
    weights: Streams
    data: Streams
    rule: Streams


def streams(seeds: Sequence[int]) -> Streams4:
    """Four streams a seed; a stack of seeds draws exactly what each seed alone draws."""
    children = [np.random.SeedSequence(seed).spawn(4) for seed in seeds]
    return Streams4(*(Streams([np.random.default_rng(child) for child in kind]) for kind in zip(*children)))


class WithoutBiases(NamedTuple):
    """An optimizer that leaves all biases where they are (the papers' linear networks have none)."""

    optimizer: SGD

    def init(self, params):
        """State of the optimizer."""
        return self.optimizer.init(params)

    def update(self, gradients, state, params):
        """Its updates, with none for biases."""
        updates, state = self.optimizer.update(gradients, state, params)
        return tuple(None if u is None else Dense(u.weight, u.bias * 0.0) for u in updates), state


def points(updates: int, count: int = 60, first: int = 1) -> np.ndarray:
    """Updates at which a curve is measured: 0, then evenly in the logarithm from `first` to the end."""
    spread = np.geomspace(min(first, updates), updates, count).round().astype(int)
    return np.unique(np.concatenate([[0], spread, [updates]]))


def learn(
    problem: Any,
    network: MLP,
    rule: Any,
    optimizer: Any,
    random: Streams4,
    *,
    updates: int,
    batch_size: int,
    at: np.ndarray,
    measure: Callable[[TrainState], Mapping[str, np.ndarray]],
    checkpoint: Checkpoint,
    dtype: type = np.float32,
    start: TrainState | None = None,
) -> tuple[dict[str, np.ndarray], TrainState]:
    """Curves (seeds, points) of the measures, and the last state of the stack.

    at : updates after which `measure(state)` is recorded; its arrays lead with the seeds.
    start : state to begin from, instead of fresh weights from `random.weights` with `dtype`.
    """
    keep_memory()
    state = start or first_state(network, rule, optimizer, random, dtype)
    curve: list[Any] = []
    done = 0
    saved = checkpoint.load()
    if saved is not None:
        state, curve, done = _restore(saved, state, random)
    width = network.sizes[0] * batch_size * len(random.data.generators)
    block = max(1, BLOCK // width)
    marks = set(int(update) for update in at)
    while True:
        if done in marks and len(curve) <= np.searchsorted(at, done):
            curve.append(measure(state))
        if done >= updates:
            break
        count = min(block, updates - done, next((m for m in sorted(marks) if m > done), updates) - done)
        examples = problem.batch(random.data, count * batch_size)
        for number in range(count):
            batch = _part(examples, number * batch_size, batch_size)
            state = train_step(network, rule, optimizer, state, batch, random.rule)
        done += count
        checkpoint.save(partial(_saved, state, curve, done, random))
        checkpoint.progress(done / updates)
    return {name: np.stack([entry[name] for entry in curve], axis=1) for name in curve[0]}, state


def first_state(network: MLP, rule: Any, optimizer: Any, random: Streams4, dtype: type = np.float32) -> TrainState:
    """Fresh weights and feedback of a stack."""
    if dtype is np.float32:
        return init_state(network, rule, optimizer, random.weights, random.rule)
    params = network.init(random.weights, dtype)
    return TrainState(params, rule.init(params, random.rule), optimizer.init(params))


def _part(examples: Any, first: int, size: int) -> Any:
    return tree_map(lambda leaf: leaf[..., first : first + size, :], examples)


def _saved(state: TrainState, curve: Sequence[Mapping], done: int, random: Streams4) -> dict[str, np.ndarray]:
    """Everything that the next update depends on, as named arrays."""
    leaves: list[Any] = []
    tree_map(leaves.append, state)
    kept = {f"leaf_{number}": leaf for number, leaf in enumerate(leaves)}
    kept["step"] = np.array(getattr(state.optimizer, "step", 0))
    kept["done"] = np.array(done)
    kept["random"] = np.array(json.dumps([[g.bit_generator.state for g in kind.generators] for kind in random]))
    kept["points"] = np.array(len(curve))
    for name in curve[0] if curve else ():
        kept[f"curve_{name}"] = np.stack([entry[name] for entry in curve])
    return kept


def _restore(saved: Mapping[str, np.ndarray], like: TrainState, random: Streams4):
    """(state, curve, updates done) of a saved run; the random streams are put back in place."""
    numbers = iter(range(len(saved)))
    state = tree_map(lambda leaf: saved[f"leaf_{next(numbers)}"], like)
    if hasattr(state.optimizer, "step"):
        state = state._replace(optimizer=state.optimizer._replace(step=int(saved["step"])))
    for kind, states in zip(random, json.loads(str(saved["random"]))):
        for generator, bits in zip(kind.generators, states):
            generator.bit_generator.state = bits
    names = [name.removeprefix("curve_") for name in saved if name.startswith("curve_")]
    curve = [{name: saved[f"curve_{name}"][point] for name in names} for point in range(int(saved["points"]))]
    return state, curve, int(saved["done"])


def scaled_error(output: np.ndarray, target: np.ndarray) -> np.ndarray:
    """NSE of each network of a stack: sum |y* - y|^2 / sum |y* - mean y*|^2 over the test set."""
    output, target = output.astype(np.float64), target.astype(np.float64)
    return ((output - target) ** 2).sum((-1, -2)) / ((target - target.mean(-2, keepdims=True)) ** 2).sum((-1, -2))


def signal_angles(network: MLP, rule: Any, state: Any, batch: Any) -> np.ndarray:
    """Mean angle of a rule's teaching signals to backprop's, degrees (seeds, hidden layers)."""
    trace = network.forward(state.params, batch.inputs)
    own = rule.signals(network, state.params, trace, batch.loss, state.rule)[0]
    exact = Backprop().signals(network, state.params, trace, batch.loss, ())[0]
    return np.stack([np.nanmean(angle_between(a, b), axis=-1) for a, b in zip(own, exact)], axis=-1)
