"""The learner: circuits, losses, learning rules, optimizers, training. It knows no arm."""

from armfa.controllers.checkpoint import CheckpointError
from armfa.controllers.circuits import (
    CIRCUITS,
    GRU,
    MLP,
    NONLINEARITIES,
    RNN,
    Circuit,
    Dense,
    Nonlinearity,
    Params,
    Trace,
)
from armfa.controllers.losses import Loss, SoftmaxCrossEntropy, SquaredError, one_hot
from armfa.controllers.machine import keep_memory, one_blas_thread
from armfa.controllers.optimizers import SGD, Adam, Optimizer
from armfa.controllers.policy import Policy, load_policy
from armfa.controllers.problem import Batch, Episode, Problem, rollout
from armfa.controllers.rules import (
    RFLO,
    RTRL,
    RULES,
    TIME_RULES,
    Backprop,
    BackpropThroughTime,
    DirectFeedbackAlignment,
    EProp,
    FeedbackAlignment,
    FeedbackAlignmentThroughTime,
    FeedbackDrivenPlasticity,
    FeedbackErrorLearning,
    Force,
    Frozen,
    GradientEstimator,
    KolenPollackThroughTime,
    LearningRule,
    NodePerturbation,
    NodePerturbationThroughTime,
    RewardModulatedHebbian,
    Shallow,
    Sparse,
    make_rule,
    rules_table,
)
from armfa.controllers.streams import RunStreams, Streams
from armfa.controllers.training.compiled import compiled
from armfa.controllers.training.fused import fastest
from armfa.controllers.training.in_place import in_place
from armfa.controllers.training.loop import Divergence
from armfa.controllers.training.measures import DeadOutputWarning
from armfa.controllers.training.progress import Report
from armfa.controllers.training.train import TrainResult, train
from armfa.controllers.training.update import TrainState, init_state, one_by_one, train_step
from armfa.controllers.trees import stack, take, tree_map, unstack

__all__ = [
    "CIRCUITS",
    "GRU",
    "MLP",
    "NONLINEARITIES",
    "RFLO",
    "RNN",
    "RTRL",
    "RULES",
    "SGD",
    "TIME_RULES",
    "Adam",
    "Backprop",
    "BackpropThroughTime",
    "Batch",
    "CheckpointError",
    "Circuit",
    "DeadOutputWarning",
    "Dense",
    "DirectFeedbackAlignment",
    "Divergence",
    "EProp",
    "Episode",
    "FeedbackAlignment",
    "FeedbackAlignmentThroughTime",
    "FeedbackDrivenPlasticity",
    "FeedbackErrorLearning",
    "Force",
    "Frozen",
    "GradientEstimator",
    "KolenPollackThroughTime",
    "LearningRule",
    "Loss",
    "NodePerturbation",
    "NodePerturbationThroughTime",
    "Nonlinearity",
    "Optimizer",
    "Params",
    "Policy",
    "Problem",
    "Report",
    "RewardModulatedHebbian",
    "RunStreams",
    "Shallow",
    "SoftmaxCrossEntropy",
    "Sparse",
    "SquaredError",
    "Streams",
    "Trace",
    "TrainResult",
    "TrainState",
    "compiled",
    "fastest",
    "in_place",
    "init_state",
    "keep_memory",
    "load_policy",
    "make_rule",
    "one_blas_thread",
    "one_by_one",
    "one_hot",
    "rollout",
    "rules_table",
    "stack",
    "take",
    "train",
    "train_step",
    "tree_map",
    "unstack",
]
