"""Training on images: networks too large to be stacked, one a process, with weights that are changed in place.

The pure update makes a gradient, an update and new weights, each of the size of the first layer (3 MB), for every
batch. Here BLAS adds delta^T x to the weights where they lie, which is most of the time saved at small batches; the
modulators come from the same rules.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
from scipy.linalg import blas

from armfa.controllers.evaluation import DeadOutputWarning, warn_of_dead_outputs
from armfa.controllers.machine import keep_memory
from armfa.controllers.network import MLP, Params, per_layer
from armfa.controllers.step import Batch
from armfa.experiments.base import Checkpoint
from armfa.experiments.learning import Streams4, signal_angles, streams
from armfa.problems.digits import DigitRecognition

DECAY_EVERY = 1000
"""Updates between two strokes of weight decay: a stroke for each would be lost in the rounding of float32."""


@dataclass(frozen=True)
class DigitSettings:
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


def add_outer(weight: np.ndarray, delta: np.ndarray, rates: np.ndarray, factor: float) -> None:
    """Weight += factor delta^T rates, in place; weight (n_out, n_in), delta (batch, n_out), rates (batch, n_in).

    BLAS writes into the given array only if its memory is in column order, so one of W and W^T must be.
    """
    routines: Any = blas
    gemm = routines.sgemm
    if weight.flags.f_contiguous:
        gemm(factor, delta.T, rates.T, beta=1.0, c=weight, trans_b=1, overwrite_c=1)
    elif weight.flags.c_contiguous:
        gemm(factor, rates.T, delta.T, beta=1.0, c=weight.T, trans_b=1, overwrite_c=1)
    else:
        raise ValueError("expected weights that are contiguous in memory, got a view with gaps")


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
    params = network.init(weights)
    rule_state = rule.init(params, draw)
    absent = per_layer(network.sparsity, network.n_layers, "sparsity")
    present = [layer.weight != 0 if share else None for layer, share in zip(params, absent)]
    curve: list[dict[str, np.ndarray]] = []
    done, saved = 0, checkpoint.load()
    if saved is not None:
        for number, layer in enumerate(params):
            layer.weight[...], layer.bias[...] = saved[f"weight_{number}"], saved[f"bias_{number}"]
        data.bit_generator.state = json.loads(str(saved["random"]))
        done, names = int(saved["done"]), [name for name in saved if name.startswith("curve_")]
        curve = [{name[6:]: saved[name][k] for name in names} for k in range(len(saved[names[0]]))]
    while True:
        if done in at and len(curve) <= np.searchsorted(at, done):
            curve.append(_measure(network, rule, params, rule_state, problem.test()))
        if done >= updates:
            return {name: np.stack([entry[name] for entry in curve])[None] for name in curve[0]}, params
        count = int(at[at > done].min()) - done
        order = data.integers(0, len(problem.images), (count, batch_size))
        for chosen in order:
            batch = Batch(problem.images[chosen], problem.loss(problem.targets[chosen]))
            _update(network, rule, params, rule_state, batch, rates, present)
            done += 1
            if weight_decay and done % DECAY_EVERY == 0:
                _decay(params, [rate * batch_size * weight_decay * DECAY_EVERY for rate in rates])
        checkpoint.save(partial(_state, params, curve, done, data))
        checkpoint.progress(done / updates)


def _update(network, rule, params, rule_state, batch, rates, present) -> None:
    """One batch's change of all layers that learn, summed over the batch."""
    trace = network.forward(params, batch.inputs)
    deltas, _ = rule.deltas(network, params, trace, batch.loss, rule_state, None)
    for layer, delta, rate_in, rate, there in zip(params, deltas, trace.inputs, rates, present):
        if delta is None or rate == 0.0:
            continue
        add_outer(layer.weight, delta, rate_in, -rate)
        np.subtract(layer.bias, rate * delta.sum(0), out=layer.bias)
        if there is not None:
            np.multiply(layer.weight, there, out=layer.weight)


def _decay(params: Params, shares: list[float]) -> None:
    for layer, share in zip(params, shares):
        np.multiply(layer.weight, np.float32(1.0 - share), out=layer.weight)


def _measure(network, rule, params, rule_state, test: Batch) -> dict[str, np.ndarray]:
    """Test error in percent, angle of the teaching signal to backprop's, and whether outputs have died."""
    trace, loss = network.forward(params, test.inputs), cast(Any, test.loss)
    wrong = np.argmax(trace.output, -1) != np.argmax(loss.target, -1)
    found = {"error": np.array(100 * wrong.mean()), "dead": np.array(_dead(network, trace, test.loss))}
    if rule_state:
        few = Batch(test.inputs[:500], type(loss)(loss.target[:500]))
        found["angle"] = signal_angles(network, rule, _Seen(params, rule_state), few)[..., -1]
    return found


class _Seen:
    """The part of a training state that angles depend on."""

    def __init__(self, params: Params, rule: Any):
        self.params = params
        self.rule = rule


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
