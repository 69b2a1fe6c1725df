"""Training for experiments: a stack of networks, one a seed, drawing from shared streams.

The curve is measured at chosen updates, and the state goes to the unit's checkpoint between blocks of examples, so that
a killed run goes on bit for bit.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from armfa.controllers.checkpoint import axis_orders, fill, leaves, relaid
from armfa.controllers.loop import Loop
from armfa.controllers.machine import keep_memory
from armfa.controllers.metrics import angle_between
from armfa.controllers.network import MLP
from armfa.controllers.rules.feedback import Backprop
from armfa.controllers.step import TrainState, init_state
from armfa.controllers.trees import Streams
from armfa.runs.unit import Checkpoint

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
    length = max(1, BLOCK // (network.sizes[0] * batch_size * len(random.data.generators)))
    marks = np.unique([*at, updates])

    def block_of(update: int) -> range:
        return range(update, min(update + length, int(marks[np.searchsorted(marks, update, side="right")])))

    def save() -> None:
        if not run.in_block:
            checkpoint.save(partial(_saved, run))
            checkpoint.progress(run.update / updates)

    run = Loop(
        network, rule, optimizer, state, batch_size=batch_size, draw=partial(problem.batch, random.data),
        block_of=block_of, data=random.data.generators, draws=random.rule,
    )  # fmt: skip
    saved = checkpoint.load()
    if saved is not None:
        run.restore(*_restored(saved, state))
    run.run(updates, set(int(update) for update in at).__contains__, lambda: measure(run.state), save)
    return {name: np.stack(values, axis=1) for name, values in run.curve.items()}, run.state


def first_state(network: MLP, rule: Any, optimizer: Any, random: Streams4, dtype: type = np.float32) -> TrainState:
    """Fresh weights and feedback of a stack."""
    return init_state(network, rule, optimizer, random.weights, random.rule, dtype)


def _saved(run: Loop) -> dict[str, np.ndarray]:
    """Everything that the next update depends on, as named arrays."""
    kept = {f"leaf_{number}": leaf for number, leaf in enumerate(leaves(run.state))}
    kept["axes"] = np.array(json.dumps(axis_orders(run.state)))
    kept |= {f"curve_{name}": np.stack(values) for name, values in run.curve.items()}
    return kept | {"place": np.array(json.dumps(run.place()))}


def _restored(saved: Mapping[str, np.ndarray], like: TrainState) -> tuple[TrainState, dict[str, Any], dict[str, Any]]:
    """State, curve and place of a saved run."""
    orders = json.loads(str(saved["axes"]))
    arrays = [relaid(saved[f"leaf_{number}"], order) for number, order in enumerate(orders)]
    curve = {name.removeprefix("curve_"): list(saved[name]) for name in saved if name.startswith("curve_")}
    return fill("checkpoint", like, arrays), curve, json.loads(str(saved["place"]))


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
