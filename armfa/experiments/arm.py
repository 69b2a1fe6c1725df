"""The arm's controller, 6-500-6 tanh: backprop, feedback alignment and shallow learning through the plant, and what they move.

Every rule sees the same first weights, the same batches and the same test set of its seed. Shallow learning is shown twice:
from the start of the others, where its hidden layer is almost linear, and from its own best start, random features of large
weights. Without the second, a figure that shows feedback alignment ahead of it would show little.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from armfa.controllers import MLP, SGD, Backprop, FeedbackAlignment, Params, Shallow, train
from armfa.experiments.base import Choice, Claim, Experiment, Run, Unit, find
from armfa.experiments.reaching import Steering, at_rest, end_error, move, profile_correlation
from armfa.experiments.statistics import Verdict, all_of, every_below, mean_above, mean_below, mean_between, ratio_below
from armfa.experiments.style import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.plant import hand_position, make_arm
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.tasks import HandVelocity, center_out_targets

ArmName = Literal["li_todorov", "lillicrap_scott", "kalidindi2021", "li_todorov_smooth", "motornet_arm26", "katayama_kawato"]


class Learner(NamedTuple):
    """A rule with the start and the rates it learns with."""

    rule: Any
    rates: tuple[float, float]  # hidden layer, output layer
    weight_scale: tuple[float, float]


LEARNERS = {
    "backprop": Learner(Backprop(), (42.0, 0.021), (0.05, 0.02)),
    "feedback_alignment": Learner(FeedbackAlignment(scale=0.5, carry="error"), (17.0, 0.0106), (0.05, 0.02)),
    "shallow": Learner(Shallow(), (0.0, 0.042), (0.05, 0.02)),
    "shallow_own_start": Learner(Shallow(), (0.0, 0.042), (2.0, 0.02)),
}
"""Rates found by search on seeds that are not used here (see docs/arm.md); plain SGD with linear decay to zero."""


@dataclass(frozen=True)
class Settings:
    """How long, on which arm, and how many networks."""

    arms: tuple[ArmName, ...] = ("li_todorov", "lillicrap_scott")
    activation: Literal["static", "first_order"] = "static"
    seeds: int = 10
    updates: int = 20_000
    batch_size: int = 32
    hidden: int = 500
    points: int = 40

    @classmethod
    def quick(cls):
        """Fewer seeds and updates, and one arm."""
        return cls(arms=("li_todorov",), seeds=3, updates=4000)
