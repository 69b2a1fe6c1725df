"""Training on images: networks as wide as those of the digits, one per process, with weights that are changed in place.

The loop is that of `learning.learn`; here are the order of the images and what is measured.
"""

import warnings
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from armfa.controllers.circuits.mlp import MLP, Params, per_layer
from armfa.controllers.optimizers import SGD
from armfa.controllers.problem import Batch
from armfa.controllers.rules.sparse import Sparse
from armfa.controllers.streams import RunStreams, streams
from armfa.controllers.training.in_place import in_place
from armfa.controllers.training.measures import DeadOutputWarning, teaching_angles, unwrapped, warn_of_dead_outputs
from armfa.controllers.training.update import TrainState
from armfa.controllers.trees import take
from armfa.experiments.base import Scales
from armfa.experiments.learning import learn
from armfa.problems.digits import DigitRecognition
from armfa.runs.unit import Checkpoint

SECONDS = 60e-6
"""What one image costs a 784-1000-10 network on one core, for the display's end time."""

BLOCK = 240
"""Updates whose images are picked at once; a multiple of what the first layer takes ahead."""


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
    random: RunStreams,
    *,
    rates: tuple[float, ...],
    batch_size: int,
    updates: int,
    weight_decay: float,
    at: np.ndarray,
    checkpoint: Checkpoint,
) -> tuple[dict[str, np.ndarray], Params]:
    """Curves (seeds, points) of test error and angle, and the last weights of the first network.

    rates : per example, one per layer: updates are summed over the batch. A rate of 0 leaves a layer alone.
    at : updates after which the curve is measured.
    """
    optimizer = SGD(tuple(rate * batch_size for rate in rates), weight_decay=weight_decay)
    learner = Sparse(rule) if any(per_layer(network.sparsity, network.n_layers, "sparsity")) else rule
    test = problem.test()

    def draw(size: int) -> Batch:
        chosen = np.stack([rng.integers(0, len(problem.images), size) for rng in random.data.generators])
        return Batch(problem.images[chosen], problem.loss(problem.targets[chosen]))

    def measure(state: TrainState) -> dict[str, np.ndarray]:
        found = [_measure(network, learner, take(state, k), test) for k in range(len(random.data.generators))]
        return {name: np.stack([each[name] for each in found]) for name in found[0]}

    curves, state = learn(
        problem, network, learner, optimizer, random, updates=updates, batch_size=batch_size, at=at, measure=measure,
        checkpoint=checkpoint, draw=draw, back_end=in_place, block=BLOCK,
    )  # fmt: skip
    return curves, take(state.params, 0)


def _measure(network: MLP, rule: Any, state: TrainState, test: Batch) -> dict[str, np.ndarray]:
    """Test error in percent, angle of the teaching signal to backprop's, and whether outputs have died."""
    trace, loss = network.forward(state.params, test.inputs), cast(Any, test.loss)
    wrong = np.argmax(trace.output, -1) != np.argmax(loss.target, -1)
    found = {"error": np.array(100 * wrong.mean()), "dead": np.array(_dead(network, trace, test.loss))}
    if unwrapped(rule, state.rule)[1]:
        few = Batch(test.inputs[:500], type(loss)(loss.target[:500]))
        found["angle"] = teaching_angles(network, rule, state.params, few, state.rule)[..., -1]
    return found


def _dead(network: MLP, trace: Any, loss: Any) -> bool:
    """Whether the warning of dead outputs is due."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeadOutputWarning)
        warn_of_dead_outputs(network, trace, loss)
    return bool(caught)
