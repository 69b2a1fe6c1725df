"""Training on images: networks as wide as those of the digits, one per process, with weights that are changed in place.

The loop is that of `learning.learn`; here are the order of the images and what is measured. Where only the output layer
learns, what the hidden layer answers to each image is worked out once.
"""

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np

from armfa.controllers.circuits.mlp import MLP, Params, per_layer
from armfa.controllers.metrics import angle_between
from armfa.controllers.optimizers import SGD
from armfa.controllers.problem import Batch
from armfa.controllers.rules.shallow import Shallow
from armfa.controllers.rules.sparse import Sparse
from armfa.controllers.streams import RunStreams, streams
from armfa.controllers.training.fused import fastest
from armfa.controllers.training.in_place import in_place
from armfa.controllers.training.measures import BACKPROP, DeadOutputWarning, unwrapped, warn_of_dead_outputs
from armfa.controllers.training.update import TrainState
from armfa.controllers.trees import take, tree_map
from armfa.experiments.base import Scales
from armfa.experiments.learning import learn
from armfa.problems.digits import DigitRecognition
from armfa.runs.unit import Checkpoint

SECONDS = 40e-6
"""What one image costs a 784-1000-10 network on one core, for the display's end time."""

PIXELS = {"mnist": 784, "digits": 64}
"""Inputs of a network, by the name of the handwritten digits."""

BLOCK = 240
"""Updates whose images are picked at once; a multiple of what the first layer takes ahead."""


@dataclass(frozen=True)
class DigitSettings(Scales):
    """What the experiments with handwritten digits have in common."""

    seeds: int = 10
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
    """Curves of one network over the examples, at the times of `curve_points`, and its last weights.

    Beside the curves, `train_error` (1,): percent of all training images that are named wrongly at the end.
    """
    at = curve_points(settings.examples // settings.batch_size)
    learn_on = partial(
        learn_images, rates=rates, batch_size=settings.batch_size, updates=int(at[-1]),
        weight_decay=settings.weight_decay, at=at, checkpoint=checkpoint,
    )  # fmt: skip
    if isinstance(rule, Shallow):
        first, above = network.init(streams([seed]).weights.generators[0])
        seen = hidden_rates(problem, network, (first, above))
        top = MLP(network.sizes[1:], network.nonlinearities[1:])
        curves, ends = learn_on(seen, top, rule, streams([seed]), rates=rates[1:], start=(above,))
        params, wrong = (first, *ends), wrong_share(seen, top, ends)
    else:
        curves, params = learn_on(problem, network, rule, streams([seed]))
        wrong = wrong_share(problem, network, params)
    return {"examples": at * settings.batch_size, **curves, "train_error": np.array([wrong])}, params


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
    start: Params | None = None,
) -> tuple[dict[str, np.ndarray], Params]:
    """Curves (seeds, points) of test error and angle, and the last weights of the first network.

    rates : per example, one per layer: updates are summed over the batch. A rate of 0 leaves a layer alone.
    at : updates after which the curve is measured.
    start : first weights of one network, instead of drawn ones.
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

    begin = None
    if start is not None:
        stack = tree_map(lambda array: array[None], start)
        begin = TrainState(stack, learner.init(stack, random.rule), optimizer.init(stack))
    curves, state = learn(
        problem, network, learner, optimizer, random, updates=updates, batch_size=batch_size, at=at, measure=measure,
        checkpoint=checkpoint, draw=draw, back_end=fastest if network.n_layers == 1 else in_place, block=BLOCK,
        start=begin,
    )  # fmt: skip
    return curves, take(state.params, 0)


def hidden_rates(problem: DigitRecognition, network: MLP, params: Params) -> DigitRecognition:
    """The problem as the output layer of a network with one hidden layer sees it: rates of the hidden units as images.

    240 MB for 60,000 images and 1000 units.
    """
    first = MLP(network.sizes[:2], network.nonlinearities[:1])
    train, test = (
        np.concatenate([first.forward(params[:1], part).output for part in _parts(images)])
        for images in (problem.images, problem.test_images)
    )
    return replace(problem, images=train, test_images=test)


def wrong_share(problem: DigitRecognition, network: MLP, params: Params) -> float:
    """Percent of all training images that are named wrongly."""
    pairs = zip(_parts(problem.images), _parts(problem.targets))
    wrong = [np.argmax(network.forward(params, x).output, -1) != np.argmax(target, -1) for x, target in pairs]
    return float(100 * np.mean(np.concatenate(wrong)))


def _parts(images: np.ndarray) -> list[np.ndarray]:
    """The images, some at a time: what a pass leaves behind then stays small."""
    return [images[first : first + 10_000] for first in range(0, len(images), 10_000)]


def _measure(network: MLP, rule: Any, state: TrainState, test: Batch) -> dict[str, np.ndarray]:
    """Test error in percent, angle of the teaching signal to backprop's, and whether outputs have died.

    angle, angle_sd : mean and standard deviation over 500 test images.
    """
    trace, loss = network.forward(state.params, test.inputs), cast(Any, test.loss)
    wrong = np.argmax(trace.output, -1) != np.argmax(loss.target, -1)
    found = {"error": np.array(100 * wrong.mean()), "dead": np.array(_dead(network, trace, test.loss))}
    if (inner := unwrapped(rule, state.rule))[1]:
        few = Batch(test.inputs[:500], type(loss)(loss.target[:500]))
        passed = network.forward(state.params, few.inputs)
        sent, exact = (
            cast(Any, each).signals(network, state.params, passed, few.loss, held)[0][-1]
            for each, held in (inner, (BACKPROP, ()))
        )
        angles = angle_between(sent, exact)
        found |= {"angle": np.array(np.nanmean(angles)), "angle_sd": np.array(np.nanstd(angles))}
    return found


def _dead(network: MLP, trace: Any, loss: Any) -> bool:
    """Whether the warning of dead outputs is due."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DeadOutputWarning)
        warn_of_dead_outputs(network, trace, loss)
    return bool(caught)
