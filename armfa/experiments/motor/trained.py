"""Stacks of controllers that several experiments begin with: of single steps, and of whole movements."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.controllers import MLP, RNN, SGD, Adam, BackpropThroughTime, TrainState
from armfa.controllers.streams import streams
from armfa.controllers.training.train import in_precision
from armfa.controllers.training.update import init_state
from armfa.experiments.arm.controller import LEARNERS, Settings, network_for, problem_for
from armfa.experiments.learning import learn, points
from armfa.problems import HandVelocityProblem, TaskProblem
from armfa.runs.unit import Checkpoint

LEARNER = LEARNERS["feedback-alignment"]
"""Of single steps."""


def step_network(hidden: int) -> tuple[HandVelocityProblem, MLP]:
    """The hand's velocity one step ahead, and a network with so many hidden units for it."""
    problem = problem_for("li_todorov")
    return problem, network_for(Settings(hidden=(hidden,)), LEARNER, problem)


def step_by_step(
    problem: HandVelocityProblem, network: MLP, updates: int, seeds: Sequence[int], checkpoint: Checkpoint, **more: Any
) -> tuple[dict[str, np.ndarray], TrainState]:
    """Feedback alignment on single steps, as in the experiment "arm": curves, and the stack.

    more : of `learn`, where something is measured.
    """
    more = {"at": points(updates, 2), "measure": lambda state: {}} | more
    return learn(
        problem, network, LEARNER.rule, SGD(LEARNER.rates, schedule="linear", updates=updates), streams(seeds),
        updates=updates, batch_size=16, checkpoint=checkpoint, **more,
    )  # fmt: skip


def over_time(problem: TaskProblem, settings: Any, seeds: Sequence[int], checkpoint: Checkpoint) -> tuple[RNN, Any]:
    """Recurrent networks by backprop through time, in float64, and their weights.

    settings : with `units`, `updates`, `batch_size` and `rate`, Adam's, which falls to 0.
    """
    network = RNN(problem.n_in, settings.units, problem.n_out, readout="tanh", dt=problem.world.step_time)
    rule, optimizer = BackpropThroughTime(), Adam(settings.rate, schedule="linear", updates=settings.updates)
    random = streams(seeds)
    start = in_precision(init_state(network, rule, optimizer, random.weights, random.rule), np.float64)
    _, state = learn(
        problem, network, rule, optimizer, random, start=start, updates=settings.updates,
        batch_size=settings.batch_size, block=8, at=points(settings.updates, 2), measure=lambda state: {},
        checkpoint=checkpoint,
    )  # fmt: skip
    return network, state.params
