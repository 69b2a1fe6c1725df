"""Training on images: networks too large to be stacked, one a process, with weights that are changed in place.

The updates are those of `controllers.in_place`; here are the order of the images, the curves and the half-way state.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np

from armfa.controllers.evaluation import DeadOutputWarning, unwrapped, warn_of_dead_outputs
from armfa.controllers.in_place import train_in_place
from armfa.controllers.machine import keep_memory
from armfa.controllers.network import MLP, Params, per_layer
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.sparse import Sparse
from armfa.controllers.step import Batch, TrainState, init_state
from armfa.experiments.base import Scales
from armfa.experiments.learning import Streams4, signal_angles, streams
from armfa.problems.digits import DigitRecognition
from armfa.runs.unit import Checkpoint

SECONDS = 60e-6
"""What one image costs a 784-1000-10 network on one core, for the display's end time."""


@dataclass(frozen=True)
class DigitSettings(Scales):
    """What the experiments with handwritten digits have in common."""

    seeds: int = 3
    data: str = "mnist"
    hidden: int = 1000
    examples: int = 1_200_000
    batch_size: int = 8
    weight_decay: float = 1e-6
    start_scale: float = 0.1  # omega
    feedback_scale: float = 1.0  # beta

    @classmethod
    def quick(cls):
        """Two networks, a twentieth of the examples: the errors are then those of an early time."""
        return cls(seeds=2, examples=60_000)


def learn_digits(
    settings: Any, problem: DigitRecognition, network: MLP, rule: Any, rates: tuple[float, float], seed: int,
    checkpoint: Checkpoint,
) -> tuple[dict[str, np.ndarray], Params]:  # fmt: skip
    """Curves of one network over the examples, at the times of `curve_points`, and its last weights."""
    at = curve_points(settings.examples // settings.batch_size)
    curves, params = learn_images(
        problem, network, rule, streams([seed]), rates=rates, batch_size=settings.batch_size, updates=int(at[-1]),
        weight_decay=settings.weight_decay, at=at, checkpoint=checkpoint,
    )  # fmt: skip
    return {"examples": at * settings.batch_size, **curves}, params


def curve_points(updates: int) -> np.ndarray:
    """Twenty-odd times to measure at, denser at first."""
    shares = np.concatenate([[0, 0.0025, 0.005, 0.01, 0.02, 0.035], np.linspace(0.05, 1, 18)])
    return np.unique((shares * updates).round().astype(int))


def learn_images(
    problem: DigitRecognition,
    network: MLP,
    rule: Any,
    random: Streams4,
    *,
    rates: tuple[float, ...],
    batch_size: int,
    updates: int,
    weight_decay: float,
    at: np.ndarray,
    checkpoint: Checkpoint,
) -> tuple[dict[str, np.ndarray], Params]:
    """Curves (1, points) of test error and angle for one network, and its last weights.

    rates : per example, one a layer: updates are summed over the batch. A rate of 0 leaves a layer alone.
    at : updates after which the curve is measured.
    """
    keep_memory()
    data, weights, draw = (kind.generators[0] for kind in (random.data, random.weights, random.rule))
    optimizer = SGD(tuple(rate * batch_size for rate in rates), weight_decay=weight_decay)
    learner = Sparse(rule) if any(per_layer(network.sparsity, network.n_layers, "sparsity")) else rule
    state = init_state(network, learner, optimizer, weights, draw)
    curve: list[dict[str, np.ndarray]] = []
    done, saved = 0, checkpoint.load()
    if saved is not None:
        for number, layer in enumerate(state.params):
            layer.weight[...], layer.bias[...] = saved[f"weight_{number}"], saved[f"bias_{number}"]
        data.bit_generator.state = json.loads(str(saved["random"]))
        done, names = int(saved["done"]), [name for name in saved if name.startswith("curve_")]
        curve = [{name[6:]: saved[name][k] for name in names} for k in range(len(saved[names[0]]))]
    while True:
        if done in at and len(curve) <= np.searchsorted(at, done):
            seen = state._replace(rule=unwrapped(learner, state.rule)[1])
            curve.append(_measure(network, rule, seen, problem.test()))
        if done >= updates:
            return {name: np.stack([entry[name] for entry in curve])[None] for name in curve[0]}, state.params
        count = int(at[at > done].min()) - done
        order = data.integers(0, len(problem.images), (count, batch_size))
        batches = (Batch(problem.images[chosen], problem.loss(problem.targets[chosen])) for chosen in order)
        state = train_in_place(network, learner, optimizer, state, batches)
        done += count
        checkpoint.save(partial(_state, state.params, curve, done, data))
        checkpoint.progress(done / updates)


def _measure(network: MLP, rule: Any, state: TrainState, test: Batch) -> dict[str, np.ndarray]:
    """Test error in percent, angle of the teaching signal to backprop's, and whether outputs have died."""
    trace, loss = network.forward(state.params, test.inputs), cast(Any, test.loss)
    wrong = np.argmax(trace.output, -1) != np.argmax(loss.target, -1)
    found = {"error": np.array(100 * wrong.mean()), "dead": np.array(_dead(network, trace, test.loss))}
    if state.rule:
        few = Batch(test.inputs[:500], type(loss)(loss.target[:500]))
        found["angle"] = signal_angles(network, rule, state, few)[..., -1]
    return found


def _dead(network: MLP, trace: Any, loss: Any) -> bool:
    """Whether the warning of dead outputs is due."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeadOutputWarning)
        warn_of_dead_outputs(network, trace, loss)
    return bool(caught)


def _state(params: Params, curve: list[dict], done: int, data: np.random.Generator) -> Mapping[str, np.ndarray]:
    kept: dict[str, np.ndarray] = {f"weight_{k}": layer.weight for k, layer in enumerate(params)}
    kept |= {f"bias_{k}": layer.bias for k, layer in enumerate(params)}
    kept |= {f"curve_{name}": np.stack([entry[name] for entry in curve]) for name in curve[0]}
    return kept | {"done": np.array(done), "random": np.array(json.dumps(data.bit_generator.state))}
