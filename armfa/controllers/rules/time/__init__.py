"""Learning rules through time: for episodes, and most of them for recurrent circuits."""

from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.rules.time.base import RuleThroughTime
from armfa.controllers.rules.time.bptt import BackpropThroughTime, FeedbackAlignmentThroughTime, KolenPollackThroughTime
from armfa.controllers.rules.time.perturbation import NodePerturbationThroughTime, RewardModulatedHebbian
from armfa.controllers.rules.time.rtrl import RTRL
from armfa.controllers.rules.time.teachers import FeedbackDrivenPlasticity, FeedbackErrorLearning, Force
from armfa.controllers.rules.time.traces import RFLO, EProp

TIME_RULES: dict[str, type[GradientEstimator]] = {
    "backprop-through-time": BackpropThroughTime,
    "feedback-alignment-through-time": FeedbackAlignmentThroughTime,
    "kolen-pollack-through-time": KolenPollackThroughTime,
    "rtrl": RTRL,
    "rflo": RFLO,
    "e-prop": EProp,
    "node-perturbation-through-time": NodePerturbationThroughTime,
    "reward-modulated-hebbian": RewardModulatedHebbian,
    "force": Force,
    "feedback-error-learning": FeedbackErrorLearning,
    "feedback-driven-plasticity": FeedbackDrivenPlasticity,
}
"""Every rule through time by name; a rule that is listed here is tested and appears in the table of rules."""

__all__ = [
    "RFLO", "RTRL", "TIME_RULES", "BackpropThroughTime", "EProp", "FeedbackAlignmentThroughTime",
    "FeedbackDrivenPlasticity", "FeedbackErrorLearning", "Force", "KolenPollackThroughTime",
    "NodePerturbationThroughTime", "RewardModulatedHebbian", "RuleThroughTime",
]  # fmt: skip
