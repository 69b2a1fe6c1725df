"""The learner: networks, losses, learning rules, optimizers, training. It knows no arm."""

from armfa.controllers.checkpoint import CheckpointError
from armfa.controllers.evaluation import DeadOutputWarning
from armfa.controllers.losses import Loss, SoftmaxCrossEntropy, SquaredError, one_hot
from armfa.controllers.machine import keep_memory, one_blas_thread
from armfa.controllers.network import MLP, NONLINEARITIES, Dense, Nonlinearity, Params, Trace
from armfa.controllers.optimizers import SGD, Adam, Optimizer
from armfa.controllers.policy import Policy, load_policy
from armfa.controllers.rules import (
    RULES,
    Backprop,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    Frozen,
    GradientEstimator,
    LearningRule,
    NodePerturbation,
    Shallow,
    make_rule,
    rules_table,
)
from armfa.controllers.step import Batch, Problem, TrainState, init_state, train_step
from armfa.controllers.training import Report, TrainResult, train
from armfa.controllers.trees import Streams, stack, take, tree_map, unstack

__all__ = [
    "MLP",
    "NONLINEARITIES",
    "RULES",
    "SGD",
    "Adam",
    "Backprop",
    "Batch",
    "CheckpointError",
    "DeadOutputWarning",
    "Dense",
    "DirectFeedbackAlignment",
    "FeedbackAlignment",
    "Frozen",
    "GradientEstimator",
    "LearningRule",
    "Loss",
    "NodePerturbation",
    "Nonlinearity",
    "Optimizer",
    "Params",
    "Policy",
    "Problem",
    "Report",
    "Shallow",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "Streams",
    "Trace",
    "TrainResult",
    "TrainState",
    "init_state",
    "keep_memory",
    "load_policy",
    "make_rule",
    "one_blas_thread",
    "one_hot",
    "rules_table",
    "stack",
    "take",
    "train",
    "train_step",
    "tree_map",
    "unstack",
]
