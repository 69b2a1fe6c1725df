"""Learning rules: how a network finds out in which direction its weights should change."""

from armfa.controllers.circuits.mlp import Deltas, outer_products
from armfa.controllers.rules.base import GradientEstimator, LearningRule, RuleState, as_rule
from armfa.controllers.rules.derivatives import DERIVATIVES
from armfa.controllers.rules.direct import DirectFeedbackAlignment, DirectKolenPollack, DirectRandomTarget
from armfa.controllers.rules.feedback import Backprop, Feedback, FeedbackAlignment, FeedbackRule, PseudoBackprop
from armfa.controllers.rules.learned import KolenPollack, Product, ProductFeedbackAlignment, WeightMirror
from armfa.controllers.rules.perturbation import EvolutionStrategies, NodePerturbation, WeightPerturbation
from armfa.controllers.rules.shallow import Frozen, Shallow
from armfa.controllers.rules.sparse import Sparse
from armfa.controllers.rules.symmetry import BatchSignSymmetry, FixedSignSymmetry, UniformSignSymmetry
from armfa.controllers.rules.time import (
    RFLO,
    RTRL,
    TIME_RULES,
    BackpropThroughTime,
    EProp,
    FeedbackAlignmentThroughTime,
    FeedbackDrivenPlasticity,
    FeedbackErrorLearning,
    Force,
    KolenPollackThroughTime,
    NodePerturbationThroughTime,
    RewardModulatedHebbian,
)

RULES: dict[str, type[GradientEstimator]] = {
    "backprop": Backprop,
    "feedback-alignment": FeedbackAlignment,
    "direct-feedback-alignment": DirectFeedbackAlignment,
    "shallow": Shallow,
    "node-perturbation": NodePerturbation,
    "weight-perturbation": WeightPerturbation,
    "evolution-strategies": EvolutionStrategies,
    "uniform-sign-symmetry": UniformSignSymmetry,
    "batch-sign-symmetry": BatchSignSymmetry,
    "fixed-sign-symmetry": FixedSignSymmetry,
    "kolen-pollack": KolenPollack,
    "weight-mirror": WeightMirror,
    "direct-kolen-pollack": DirectKolenPollack,
    "product-feedback-alignment": ProductFeedbackAlignment,
    "direct-random-target": DirectRandomTarget,
    "pseudo-backprop": PseudoBackprop,
}
"""Every rule for batches of examples by name; a rule that is listed here is tested and appears in the table of rules.

`TIME_RULES` has those for episodes.
"""

WRAPPERS: dict[str, type[GradientEstimator]] = {"frozen": Frozen, "sparse": Sparse}
"""Rules that change another rule."""


def make_rule(name: str, **settings: object) -> GradientEstimator:
    """The rule of a name, such as `make_rule("feedback-alignment", scale=0.5)`.

    Parameters
    ----------
    name : str
        As `armfa rules` lists them.
    **settings : object
        Fields of the rule.

    Returns
    -------
    GradientEstimator
        The rule.

    Raises
    ------
    ValueError
        For a name that there is not; it lists those that there are.
    """
    known = RULES | TIME_RULES
    if name not in known:
        raise ValueError(f"expected a learning rule out of {', '.join(known)}, got {name!r}")
    return known[name](**settings)  # pyright: ignore[reportCallIssue]: each rule has its own settings


def rules_table() -> list[dict[str, str]]:
    """One row per rule, as `armfa rules` prints them.

    Returns
    -------
    list of dict
        Its name, what it looks at, what it keeps between updates, and where it comes from.
    """
    return [
        {"rule": name, "looks at": ", ".join(rule.looks_at), "keeps": ", ".join(rule.keeps) or "nothing",
         "source": rule.source}
        for name, rule in (RULES | TIME_RULES | WRAPPERS).items()
    ]  # fmt: skip


__all__ = [
    "DERIVATIVES", "RFLO", "RTRL", "RULES", "TIME_RULES", "WRAPPERS", "Backprop", "BackpropThroughTime",
    "BatchSignSymmetry", "Deltas", "DirectFeedbackAlignment", "DirectKolenPollack", "DirectRandomTarget", "EProp",
    "EvolutionStrategies", "Feedback", "FeedbackAlignment", "FeedbackAlignmentThroughTime", "FeedbackDrivenPlasticity",
    "FeedbackErrorLearning", "FeedbackRule", "FixedSignSymmetry", "Force", "Frozen", "GradientEstimator",
    "KolenPollack", "KolenPollackThroughTime", "LearningRule", "NodePerturbation", "NodePerturbationThroughTime",
    "Product", "ProductFeedbackAlignment", "PseudoBackprop", "RewardModulatedHebbian", "RuleState", "Shallow", "Sparse",
    "UniformSignSymmetry", "WeightMirror", "WeightPerturbation", "as_rule", "make_rule", "outer_products",
    "rules_table",
]  # fmt: skip
