"""What enters the benchmark: the rules of the registry, a user's own, and the anchors between which scores lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array
from armfa.controllers import RULES, GradientEstimator, Shallow
from armfa.controllers.circuits.mlp import Params, transpose
from armfa.controllers.rules import FeedbackRule, RuleState
from armfa.experiments.rules import label, rule_class, rule_of

FROZEN, BACKPROP, REFERENCE, FLIPPED = "shallow-own-start", "backprop", "feedback-alignment", "sign-flipped-feedback"
"""Score 0, score 1, the rule that others are also compared with, and the entry that must fail."""
ANCHORS = (FROZEN, BACKPROP, REFERENCE, FLIPPED)
"""What always runs."""


@dataclass(frozen=True)
class SignFlippedFeedback(FeedbackRule):
    """The control that must fail: signal_l = -W_(l+1)^T delta_(l+1), so that hidden layers climb the error."""

    looks_at: ClassVar[tuple[str, ...]] = ("error", "forward weights")
    source: ClassVar[str] = "control"

    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """-W^T of the layer above."""
        return tuple(-transpose(layer.weight) for layer in params[1:])


OWN: dict[str, type[GradientEstimator]] = {FROZEN: Shallow, FLIPPED: SignFlippedFeedback}
"""Entries that are no rules of the registry."""


def entries(rules: Sequence[str]) -> list[str]:
    """The anchors, and these rules; all of the registry where none is asked for."""
    return list(dict.fromkeys([*ANCHORS, *(rules or RULES)]))


def class_of(name: str) -> type[GradientEstimator]:
    """The class of an entry."""
    return OWN[name] if name in OWN else rule_class(name)


def entry(name: str, rates: tuple[float, ...]) -> Any:
    """The rule of an entry as it is."""
    return OWN[name]() if name in OWN else rule_of(name, rates)


CLASSES = (
    "not said", "the error at the output only", "what it cost, own noise", "own fixed feedback", "own learned feedback",
    "answers to noise", "signs of the weights above", "the weights above",
)  # fmt: skip
"""What hidden layers may see, the less the further to the left."""


def information_class(name: str) -> str:
    """What the hidden layers of an entry may see, from its `looks_at` and `keeps`."""
    kind = class_of(name)
    sees, keeps = kind.looks_at, " ".join(kind.keeps)
    if not sees:
        return CLASSES[0]
    if "forward weights" in sees:
        return CLASSES[7]
    if "signs of the forward weights" in sees:
        return CLASSES[6]
    if "answers of the layer above to noise" in sees:
        return CLASSES[5]
    if "learned" in keeps:
        return CLASSES[4]
    if "own feedback weights" in sees:
        return CLASSES[3]
    return CLASSES[2] if "value" in sees else CLASSES[1]


MICROSECONDS = {
    "backprop": 60, "feedback-alignment": 55, "direct-feedback-alignment": 50, "shallow": 45, FROZEN: 45, FLIPPED: 190,
    "node-perturbation": 700, "weight-perturbation": 650, "evolution-strategies": 5400, "uniform-sign-symmetry": 40,
    "batch-sign-symmetry": 235, "fixed-sign-symmetry": 50, "kolen-pollack": 190, "weight-mirror": 380,
    "direct-kolen-pollack": 185, "product-feedback-alignment": 7200, "direct-random-target": 200,
    "pseudo-backprop": 635,
}  # fmt: skip
"""Of one network's update, 6-500-6 with 16 samples, measured on one core of a 2-core AMD EPYC machine."""


def microseconds(name: str) -> float:
    """Of one update of an entry; of a rule that nobody has measured, a guess."""
    return float(MICROSECONDS.get(label(name), 300))
