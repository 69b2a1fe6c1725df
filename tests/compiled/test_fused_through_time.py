"""Compiled episodes give the gradients of the plain rule."""

import numpy as np
import pytest

from armfa.controllers import GRU, MLP, RFLO, RNN, BackpropThroughTime, EProp, FeedbackAlignmentThroughTime, Streams
from armfa.controllers.rules.time import bptt, fused, traces
from armfa.controllers.trees import leaves, stack, tree_map
from armfa.plant import make_arm
from armfa.problems import TaskProblem
from armfa.world import Fields, Senses

PROBLEM = TaskProblem(make_arm("li_todorov", activation="first_order"), duration=0.12)
CIRCUITS = [
    RNN(PROBLEM.n_in, 9, 6),
    RNN(PROBLEM.n_in, 9, 6, leak="rate", nonlinearity="logistic"),
    RNN(PROBLEM.n_in, 9, 6, nonlinearity="relu", readout="linear", tau=0.01),
    MLP((PROBLEM.n_in, 9, 6), ("tanh", "logistic")),
]


LATE = TaskProblem(
    PROBLEM.arm, duration=0.12, fields=Fields(field="curl"), conditions=(1.0, -1.0),
    senses=Senses(visual_delay=0.03, proprioceptive_delay=0.02, motor_noise=0.1, sensory_noise={"hand": 0.01}),
)  # fmt: skip
HELD = TaskProblem(
    PROBLEM.arm, duration=0.12, movement_time=0.06, fields=Fields(rotation=30.0, channel=True),
    senses=Senses(visual_delay=0.05, hold_action=2, constant_motor_noise=0.05, sense=("spindle", "hand")),
)  # fmt: skip


def episode_of(seed, dtype, problem=PROBLEM):
    episode = problem.batch(np.random.default_rng(seed), 5)
    return tree_map(lambda leaf: leaf.astype(dtype), episode)


@pytest.mark.parametrize("circuit", CIRCUITS, ids=repr)
@pytest.mark.parametrize(("dtype", "near"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("kind", [BackpropThroughTime, FeedbackAlignmentThroughTime])
def test_a_compiled_episode_has_the_plain_gradients(circuit, dtype, near, kind, monkeypatch):
    rngs = Streams([np.random.default_rng(1), np.random.default_rng(2)])
    params = tree_map(lambda leaf: leaf + dtype(0.05), circuit.init(rngs, dtype))
    rule = kind(activity=0.2 if isinstance(circuit, RNN) else 0.0)
    episode, state = stack([episode_of(0, dtype), episode_of(1, dtype)]), rule.init(params, rngs)
    found, _ = rule.gradients(circuit, params, episode, state, None)
    assert fused.fused_gradients(circuit, params, episode, None, 0.0) is not None
    monkeypatch.setattr(bptt, "fused_gradients", lambda *arguments: None)
    expected, _ = rule.gradients(circuit, params, episode, state, None)
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        assert one.shape == other.shape and one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=near, atol=near * np.abs(other).max())


@pytest.mark.parametrize("problem", [PROBLEM, LATE], ids=["exact", "late"])
@pytest.mark.parametrize("circuit", CIRCUITS[:2], ids=repr)
@pytest.mark.parametrize(
    "rule", [RFLO(), EProp(), BackpropThroughTime(through_plant="cut")], ids=["rflo", "e-prop", "cut"]
)
def test_a_compiled_episode_has_the_gradients_of_each_steps_own_cost(rule, circuit, problem, monkeypatch):
    rngs = Streams([np.random.default_rng(1), np.random.default_rng(2)])
    params = circuit.init(rngs, np.float64)
    episode, state = stack([episode_of(seed, np.float64, problem) for seed in (0, 1)]), rule.init(params, rngs)
    found, _ = rule.gradients(circuit, params, episode, state, None)
    for module in (bptt, traces):
        monkeypatch.setattr(module, "fused_gradients", lambda *arguments, **more: None)
    expected, _ = rule.gradients(circuit, params, episode, state, None)
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(other).max())


def test_an_episode_of_one_precision_and_feedback_of_another_is_left_to_the_plain_rule():
    circuit = RNN(PROBLEM.n_in, 9, 6)
    params, episode = circuit.init(np.random.default_rng(1), np.float64), episode_of(2, np.float64)
    feedback = tree_map(lambda leaf: leaf.astype(np.float32), params)
    assert fused.fused_gradients(circuit, params, episode, feedback, 0.0) is None


@pytest.mark.parametrize("problem", [LATE, HELD], ids=["late", "held"])
def test_a_compiled_episode_has_delays_noise_fields_and_held_commands(problem, monkeypatch):
    circuit, rule = RNN(problem.n_in, 9, 6), BackpropThroughTime()
    params, episode = circuit.init(np.random.default_rng(1), np.float64), episode_of(2, np.float64, problem)
    found, _ = rule.gradients(circuit, params, episode, (), None)
    assert fused.fused_gradients(circuit, params, episode, None, 0.0) is not None
    monkeypatch.setattr(bptt, "fused_gradients", lambda *arguments: None)
    expected, _ = rule.gradients(circuit, params, episode, (), None)
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * np.abs(other).max())


@pytest.mark.parametrize(
    "circuit", [GRU(PROBLEM.n_in, 4, 6), MLP((PROBLEM.n_in, 4, 6, 6)), MLP((PROBLEM.n_in, 6))], ids=repr
)
def test_other_circuits_go_the_plain_way(circuit):
    params = circuit.init(np.random.default_rng(1))
    assert fused.fused_gradients(circuit, params, episode_of(0, np.float32), None, 0.0) is None


def test_mixed_precision_goes_the_plain_way():
    params = CIRCUITS[0].init(np.random.default_rng(1))
    assert fused.fused_gradients(CIRCUITS[0], params, episode_of(0, np.float64), None, 0.0) is None
