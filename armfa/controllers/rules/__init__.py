"""Learning rules: how a network finds out in which direction its weights should change."""

from armfa.controllers.rules.base import Deltas, GradientEstimator, LearningRule, RuleState, outer_products
from armfa.controllers.rules.feedback import Backprop, Feedback, FeedbackAlignment, FeedbackRule
from armfa.controllers.rules.shallow import Frozen, Shallow

RULES: dict[str, type[GradientEstimator]] = {
    "backprop": Backprop,
    "feedback-alignment": FeedbackAlignment,
    "shallow": Shallow,
    "frozen": Frozen,
}
"""Every rule by name; a rule that is listed here is tested and appears in the table of rules."""

__all__ = [
    "RULES",
    "Backprop",
    "Deltas",
    "Feedback",
    "FeedbackAlignment",
    "FeedbackRule",
    "Frozen",
    "GradientEstimator",
    "LearningRule",
    "RuleState",
    "Shallow",
    "outer_products",
]
