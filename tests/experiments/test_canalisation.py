"""What stands in for RFLO and e-prop against the rules themselves, and feedback that is shared."""

import numpy as np
import pytest

from armfa.controllers import RNN
from armfa.controllers.rules.time import RFLO, EProp
from armfa.controllers.rules.time.traces import Broadcast as Matrix
from armfa.controllers.streams import streams
from armfa.controllers.trees import leaves
from armfa.experiments.motor.canalisation import Broadcast, Recorded
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
