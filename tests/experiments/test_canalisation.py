"""What stands in for RFLO and e-prop against the rules themselves, and feedback that is shared."""

import numpy as np
import pytest

from armfa.controllers import RNN
from armfa.controllers.problem import rollout
from armfa.controllers.rules.time import RFLO, BackpropThroughTime, EProp
from armfa.controllers.rules.time.traces import Broadcast as Matrix
from armfa.controllers.streams import streams
from armfa.controllers.trees import leaves, tree_map
from armfa.experiments.motor.canalisation import PUSH, Broadcast, PointProblem, Recorded
from armfa.problems import TaskProblem

PROBLEM = TaskProblem(duration=0.08)
RANDOM = streams([0, 1])


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """To compile would take longer than to run."""
    monkeypatch.setenv("ARMFA_COMPILED", "0")


@pytest.mark.parametrize("leak", ["rate", "current"])
@pytest.mark.parametrize("kind", ["own", "readout"])
def test_where_only_the_leak_goes_back_in_time_it_is_rflo_or_e_prop(kind, leak):
    circuit = RNN(PROBLEM.n_in, 7, PROBLEM.n_out, leak=leak)
    params, batch = circuit.init(RANDOM.weights, np.float64), PROBLEM.batch(RANDOM.data, 3)
    rule = Broadcast(B=kind, through_plant="cut")
    state = rule.init(params, RANDOM.rule)
    online = RFLO() if kind == "own" else EProp()
    matrix = Matrix(state.weights.out.weight) if kind == "own" else ()
    found = rule.gradients(circuit, params, batch, state, None)[0]
    expected = online.gradients(circuit, params, batch, matrix, None)[0]
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12 * np.abs(other).max())


def test_shared_feedback_is_one_matrix_and_own_feedback_one_for_each_network():
    params = RNN(4, 6, 2).init(streams([0, 1]).weights, np.float64)
    shared, own = (
        Broadcast(B=kind).init(params, streams([0, 1]).rule).weights.out.weight for kind in ("shared", "own")
    )
    np.testing.assert_array_equal(shared[0], shared[1])
    assert not np.isclose(own[0], own[1]).any()


def test_a_recorded_rule_is_the_rule():
    circuit = RNN(PROBLEM.n_in, 7, PROBLEM.n_out)
    params, batch = circuit.init(RANDOM.weights, np.float64), PROBLEM.batch(RANDOM.data, 3)
    rule = Broadcast(B="readout")
    recorded = Recorded(rule, every=1)
    found, state = recorded.gradients(circuit, params, batch, recorded.init(params, None), None)
    for one, other in zip(leaves(found), leaves(rule.gradients(circuit, params, batch, (), None)[0]), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (state.count == 1).all() and (state.sketch.energy == 0).all()


def test_a_point_mass_under_a_steady_command_goes_as_far_as_its_acceleration_says():
    episode = PointProblem(steps=20, test_size=8).test()
    x, command = episode.start(), np.full((8, 2), 0.5)
    for _ in range(20):
        x, _ = episode.step(x, command)
    np.testing.assert_allclose(x.place, 0.5 * PUSH * 0.01**2 * 20 * 21 / 2, rtol=1e-12)


def test_backprop_through_a_point_mass_is_the_complex_step_derivative():
    problem, rng = PointProblem(steps=6, test_size=3), np.random.default_rng(0)
    circuit = RNN(problem.n_in, 4, problem.n_out, readout="tanh", gain=1.5, out_scale=1.0)
    params = circuit.init(rng, np.float64)
    found = BackpropThroughTime().gradients(circuit, params, problem.test(), (), None)[0]
    way = tree_map(lambda leaf: rng.standard_normal(leaf.shape), params)
    moved = tree_map(lambda leaf, step: leaf + 1e-30j * step, params, way)
    exact = rollout(circuit, moved, problem.test()).mean().imag / 1e-30
    slope = sum((one * other).sum() for one, other in zip(leaves(found), leaves(way), strict=True))
    assert slope == pytest.approx(exact, rel=1e-10) and abs(exact) > 1e-3
