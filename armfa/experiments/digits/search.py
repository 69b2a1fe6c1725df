"""The search behind the rates of the digits experiment: other networks than those reported, and no test image.

    python -m armfa.experiments.digits.search shallow

trains on the first 50,000 training images, and prints the error on the other 10,000 for every pair of rates and every
start, best first. Networks have seeds from 100 on; the reported ones have those from 0.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.experiments.digits.mnist import Settings, problem, rule_of
from armfa.experiments.images import learn_digits
from armfa.problems.digits import DigitRecognition
from armfa.runs.unit import NoCheckpoint

HELD_OUT = 10_000
SEEDS = (100, 101)
GRIDS = {
    "shallow": ((0.0,), (0.005, 0.01, 0.02), (0.1, 0.3, 0.5, 1.0, 2.0)),
    "backprop": ((0.1, 0.3, 1.0, 3.0), (0.005, 0.01), (0.1,)),
    "feedback-alignment": ((0.01, 0.03, 0.1, 0.3), (0.005, 0.01), (0.1,)),
}
"""Rates of the hidden layer, rates of the output layer, scales of the first hidden weights."""
LENGTHS = {"shallow": 1_200_000, "backprop": 400_000, "feedback-alignment": 400_000}
"""Examples: a third of the reported length where the hidden layer learns, which is what takes the time."""


def held_out(whole: DigitRecognition) -> DigitRecognition:
    """The training images alone, the last of them in the place of the test images."""
    part = slice(None, -HELD_OUT), slice(-HELD_OUT, None)
    (images, test_images), (targets, test_targets) = (
        [array[each] for each in part] for array in (whole.images, whole.targets)
    )
    return replace(whole, images=images, targets=targets, test_images=test_images, test_targets=test_targets)


def search(name: str, settings: Settings, seeds: tuple[int, ...] = SEEDS) -> Iterator[tuple[float, ...]]:
    """(rate of the hidden layer, rate of the output layer, start scale, held-out error in percent) of each setting."""
    task = held_out(problem(settings.data))
    settings = replace(settings, examples=LENGTHS[name])
    for hidden, output, scale in itertools.product(*GRIDS[name]):
        network = MLP(
            (task.images.shape[1], settings.hidden, 10), "logistic", weight_scale=(scale, settings.start_scale)
        )
        ends = [
            learn_digits(settings, task, network, rule_of(settings, name), (hidden, output), seed, NoCheckpoint())[0]
            for seed in seeds
        ]
        yield hidden, output, scale, float(np.mean([end["error"][0, -1] for end in ends]))


def main(names: list[str]) -> None:
    """Print the search of these rules."""
    for name in names or list(GRIDS):
        found = sorted(search(name, Settings()), key=lambda row: row[-1])
        print(f"{name}: {LENGTHS[name]:,} examples, seeds {SEEDS}, {HELD_OUT:,} held-out training images")
        print("rate_hidden  rate_output  start_scale  error_percent")
        for hidden, output, scale, error in found:
            print(f"{hidden:11g}  {output:11g}  {scale:11g}  {error:13.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
