"""The closed forms of the preprint against the discrete rule."""

from dataclasses import replace

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, FeedbackAlignment, SquaredError, train_step
from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.problem import Batch
from armfa.controllers.rules.feedback import Feedback
from armfa.controllers.training.update import TrainState
from armfa.experiments.alignment import flow_field, linear, quadratic, theory
from armfa.runs.unit import NoCheckpoint


@pytest.fixture(scope="module")
def paths():
    settings = replace(flow_field.Settings(), starts=120, time=30.0)
    return settings, [flow_field.run(settings, unit, NoCheckpoint()) for unit in flow_field.units(settings)]


def test_the_conserved_quantity_drifts_by_the_first_order_of_the_learning_rate(paths):
    settings, runs = paths
    drifts = np.array([run["drift"].mean() for run in runs])
    slope = np.polyfit(np.log(settings.learning_rates), np.log(drifts), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.05)


def test_the_closed_form_tells_where_a_start_will_end(paths):
    _, runs = paths
    start, end = runs[-1]["start"], runs[-1]["end"]
    wrong = flow_field.goes_wrong(*start)
    assert 0 < wrong.sum() < wrong.size / 2
    assert np.mean((end[0] < 0) == wrong) > 0.99


def test_the_way_from_zero_ends_at_the_good_solution(paths):
    _, runs = paths
    w0, w = runs[0]["end"][:, 0]
    assert w0 > 0 and w * w0 == pytest.approx(1.0)
    assert w0**2 == pytest.approx(2 * w, rel=0.02)  # the parabola of C = 0


def test_the_flow_is_the_rule_of_the_package():
    network = MLP((1, 1, 1), "linear")
    w0, w = 0.7, -0.4
    params = tuple(Dense(np.array([[value]]), np.zeros(1)) for value in (w0, w))
    batch = Batch(np.ones((1, 1)), SquaredError(np.ones((1, 1))))
    state = TrainState(params, Feedback((np.ones((1, 1)),)), SGD(1.0).init(params))
    after = train_step(network, FeedbackAlignment(), SGD(1.0), state, batch).params
    _, d_w0, d_w = flow_field.residual_and_step(w0, w, flow_field.Settings())
    assert after[0].weight[0, 0] - w0 == pytest.approx(d_w0)
    assert after[1].weight[0, 0] - w == pytest.approx(d_w)


def test_theorem_2s_rank_one_form_holds_at_every_step_for_one_pair_and_breaks_for_two():
    found = theory.theorem_2(theory.Settings(seeds=3), np.random.default_rng(0))
    assert found["rank_one_distance_1"].max() < 1e-12
    assert found["rank_one_distance_2"].max() > 1e-2
    assert found["angle_1"].max() < 1e-5
    assert found["angle_2"].max() > 1.0


def test_dependent_feedback_columns_break_theorem_1():
    settings = theory.Settings(seeds=3, steps=2000)
    found = theory.theorem_1(settings, np.random.default_rng(0))
    assert found["error_independent"][:, -1].max() < 1e-3
    assert found["error_dependent"][:, -1].min() > 1e-2
    assert np.all(np.diff(found["lyapunov_independent"]) <= 0)


def test_the_batch_flow_of_the_theorems_is_the_rule_of_the_package():
    rng = np.random.default_rng(1)
    n_in, n_hidden, n_out = 4, 3, 2
    target, feedback, a, w = (x[0] for x in theory.draw(rng, 1, (n_in, n_hidden, n_out), 0.5))
    inputs = np.sqrt(n_in) * np.eye(n_in)  # mean of x x^T is the identity
    params = (Dense(a, np.zeros(n_hidden)), Dense(w, np.zeros(n_out)))
    state = TrainState(params, Feedback((feedback,)), SGD(0.1).init(params))
    batch = Batch(inputs, SquaredError(inputs @ target.T))
    after = train_step(MLP((n_in, n_hidden, n_out), "linear"), FeedbackAlignment(), SGD(0.1), state, batch).params
    end = theory.flow(target[None], feedback[None], a[None], w[None], 0.1, 1)
    np.testing.assert_allclose(after[0].weight, end.a[0])
    np.testing.assert_allclose(after[1].weight, end.w[0])


def test_starts_from_which_b_moves_w0_the_wrong_way_keep_c_at_zero_and_raise_the_loss():
    found = theory.wrong_way(theory.Settings(seeds=3, steps=2000), np.random.default_rng(0))
    assert found["constant"].max() < 1e-12 and found["angle"][:, 0].min() > 90
    assert found["error"][:, -1].max() < 0.02 and found["angle"][:, -1].max() < 90


def test_all_of_a_change_that_is_linear_in_b_is_found_and_by_chance_little_of_it():
    rng = np.random.default_rng(2)
    b = rng.uniform(-1, 1, (2, 400, 4))
    found = quadratic.share_of_b(b @ rng.standard_normal((2, 4, 7)), b)
    np.testing.assert_allclose(found["share_of_b"], 1.0)
    assert found["share_of_other_b"].max() < 0.05


def test_w0_after_one_example_points_along_b_t_x_and_not_along_another_b():
    settings = linear.Settings(seeds=3, examples=10)
    unit = next(unit for unit in linear.units(settings) if unit.name == "feedback-alignment")
    found = linear.run(settings, unit, NoCheckpoint())
    assert np.isnan(found["w0_to_b"][:, 0]).all()  # nothing has changed yet
    assert found["w0_to_b"][:, -1].max() < 75 < 80 < found["w0_to_other"][:, -1].min()


def test_a_scale_of_b_at_which_the_weights_diverge_ends_at_an_infinite_error():
    settings = linear.Settings(seeds=2, scales_examples=300, feedback_scales=(5.0,))
    unit = next(unit for unit in linear.units(settings) if unit.arguments["kind"] == "scale")
    assert np.isinf(linear.run(settings, unit, NoCheckpoint())["nse"][:, -1]).all()
