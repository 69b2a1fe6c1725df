"""The benchmark of rules: scores against closed cases, ids that never change, trials that tell what happened."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from armfa.controllers import RULES, SGD, Backprop
from armfa.controllers.streams import streams
from armfa.experiments.motor_rules.entries import ANCHORS, CLASSES, FLIPPED, FROZEN, entries, information_class
from armfa.experiments.motor_rules.ids import IDS, LEARNED, chosen_ids
from armfa.experiments.motor_rules.learning import learned, microseconds, problem_of
from armfa.experiments.motor_rules.protocol import Protocol
from armfa.experiments.motor_rules.scores import (
    WORST,
    front,
    improvement,
    improvement_with_interval,
    interquartile_mean,
    scores,
    tells_apart,
    with_interval,
)
from armfa.experiments.motor_rules.trials import EARLY, STEPS, Perturbation, adapted, batch_of, reached, targets_of
from armfa.plant import hand_velocity
from armfa.runs.unit import NoCheckpoint
from armfa.world import Schedule

FROZEN_ERROR, BACKPROP_ERROR = np.array([0.09, 0.1, 0.11]), np.array([0.009, 0.01, 0.011])
RNG = np.random.default_rng(0)


def test_the_anchors_score_0_and_1_on_average_and_their_geometric_middle_a_half():
    assert scores(FROZEN_ERROR, FROZEN_ERROR, BACKPROP_ERROR).mean() == pytest.approx(0.0, abs=1e-12)
    assert scores(BACKPROP_ERROR, FROZEN_ERROR, BACKPROP_ERROR).mean() == pytest.approx(1.0)
    middle = np.sqrt(FROZEN_ERROR * BACKPROP_ERROR)
    assert scores(middle, FROZEN_ERROR, BACKPROP_ERROR).mean() == pytest.approx(0.5)


def test_a_network_that_diverged_has_the_worst_score_and_none_is_below_it():
    found = scores(np.array([np.nan, 1e9, np.inf]), FROZEN_ERROR, BACKPROP_ERROR)
    np.testing.assert_array_equal(found, WORST)


def test_the_interquartile_mean_is_that_of_the_middle_half():
    assert interquartile_mean(np.array([[-100.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 100.0]])) == pytest.approx(4.5)


def test_the_probability_of_improvement_is_that_of_mann_and_whitney():
    first, other = RNG.normal(size=(6, 3)), RNG.normal(size=(5, 3))
    expected = [stats.mannwhitneyu(x, y).statistic / 30 for x, y in zip(first.T, other.T)]
    assert improvement(first, other) == pytest.approx(np.mean(expected))
    assert improvement(first, first) == pytest.approx(0.5)
    assert improvement(first + 100, other) == 1.0


def test_intervals_hold_the_value_and_shrink_with_the_number_of_seeds():
    few, many = (RNG.normal(0.5, 0.2, size=(n, 4)) for n in (4, 100))
    for found in (few, many):
        interval = with_interval(found)
        assert interval.low < interval.value < interval.high
    assert np.ptp(with_interval(many)[1:]) < 0.5 * np.ptp(with_interval(few)[1:])
    assert with_interval(np.full((3, 2), 0.25)) == (0.25, 0.25, 0.25)
    assert improvement_with_interval(many, many + 10.0) == (0.0, 0.0, 0.0)


def test_the_interval_of_many_seeds_is_as_wide_as_that_of_a_trimmed_mean():
    """Of a normal distribution the mean of the middle half has a standard error of 1.09 sd / sqrt(n)."""
    interval = with_interval(RNG.normal(size=(400, 1)))
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 1.09 / 20, rel=0.15)


def test_an_id_counts_only_where_backprop_is_clearly_ahead():
    assert tells_apart(FROZEN_ERROR, BACKPROP_ERROR)
    assert not tells_apart(FROZEN_ERROR, FROZEN_ERROR * [0.9, 0.95, 0.92])
    assert not tells_apart(FROZEN_ERROR, FROZEN_ERROR * [0.01, 1.0, 2.0])
    assert not tells_apart(FROZEN_ERROR, BACKPROP_ERROR * [1.0, 1.0, np.nan])
    assert not tells_apart(FROZEN_ERROR[:1], BACKPROP_ERROR[:1])


def test_the_front_holds_what_none_beats_that_sees_as_little():
    found = front(np.array([1, 1, 2, 3, 3]), np.array([0.1, 0.3, 0.2, 0.9, np.nan]))
    assert found.tolist() == [False, True, False, True, False]


def test_the_ids_are_those_of_the_first_version():
    counts = {"velocity": 1, "velocity-online": 3, "body": 5, "depth": 4, "width": 5, "noise": 4, "babbled": 1,
              "reach": 1, "curl": 2, "rotation": 2, "aba": 1}  # fmt: skip
    assert list(IDS) == [f"{name}/{number}" for name, count in counts.items() for number in range(count)]
    assert chosen_ids(["adapt", "velocity/0"]) == ["velocity/0", "curl/0", "curl/1", "rotation/0", "rotation/1"]
    assert chosen_ids([]) == list(IDS)


def test_networks_of_every_depth_have_as_many_parameters():
    networks = [each.network(6, 6) for each in LEARNED.values() if each.tag == "depth"]
    counts = np.array([sum(a * b + b for a, b in zip(n.sizes, n.sizes[1:])) for n in networks])
    assert [network.n_layers for network in networks] == [2, 3, 4, 5]
    np.testing.assert_allclose(counts, counts.mean(), rtol=0.05)


def test_what_hidden_layers_may_see_is_read_off_the_rules():
    expected = {
        FROZEN: 1, "node-perturbation": 2, "evolution-strategies": 2, "feedback-alignment": 3,
        "direct-feedback-alignment": 3, "direct-random-target": 3, "kolen-pollack": 4, "weight-mirror": 5,
        "batch-sign-symmetry": 6, "backprop": 7, FLIPPED: 7,
    }  # fmt: skip
    assert {name: CLASSES.index(information_class(name)) for name in expected} == expected
    assert all(information_class(name) != CLASSES[0] and microseconds(name) != 300 for name in RULES)


def test_the_anchors_enter_whatever_is_asked_for():
    assert entries(["shallow"]) == [*ANCHORS, "shallow"]
    assert set(entries([])) == {*ANCHORS, *RULES}


PROBLEM = problem_of(replace(Protocol.small(), test_samples=500), "velocity/0")


def trained(name, rates, updates=1000):
    """NSE of two networks after a short training, and their state."""
    at = np.array([0, updates])
    curves, state = learned(PROBLEM, LEARNED["velocity/0"], name, rates, [0, 1], updates, at, NoCheckpoint())
    return curves["nse"][:, -1], state


@pytest.fixture(scope="module")
def backprop():
    """NSE and state of two networks that learned by backprop."""
    return trained("backprop", (96.0, 0.03))


def test_feedback_with_its_sign_flipped_fails(backprop):
    frozen, flipped = (trained(name, (24.0, 0.014))[0] for name in (FROZEN, FLIPPED))
    assert backprop[0].max() < frozen.min()
    assert scores(flipped, frozen, backprop[0]).max() <= 0.0


@pytest.fixture(scope="module")
def networks(backprop):
    """The problem, and two networks that can reach."""
    return PROBLEM, LEARNED["velocity/0"].network(6, 6), backprop[1]


@pytest.mark.parametrize("perturbation", [Perturbation(curl=13.0), Perturbation(rotation=30.0)])
def test_the_samples_of_a_path_are_what_happened_on_it(networks, perturbation):
    """The velocity that the loss holds the command responsible for is that with which the next moment began."""
    problem, network, state = networks
    fields = perturbation.fields(1.0)
    path = reached(problem, network, state.params, fields, 2, fields)
    batch = batch_of(problem, fields, path)
    loss: Any = batch.loss
    error = loss.task_error(network.forward(state.params, batch.inputs).output)
    after = hand_velocity(problem.world.arm, path.state.joint_angle, path.state.joint_velocity)[:, 1:]
    if perturbation.rotation:
        c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
        after = after @ np.array([[c, -s], [s, c]]).T
    np.testing.assert_allclose(error[:, :-1] * problem.scale, after - path.desired[:, :-1], atol=2e-5)
    assert path.state.joint_angle.shape == (2, STEPS, 2) and EARLY < STEPS


def test_channel_trials_measure_force_and_teach_nothing(networks):
    problem, network, state = networks
    schedule, optimizer = Schedule(((2, 1.0),), channel_every=2), SGD((2.4, 0.0014))
    random = streams([0, 1]).rule
    state = state._replace(optimizer=optimizer.init(state.params))
    told, _ = adapted(problem, network, Backprop(), optimizer, state, random, Perturbation(curl=13.0), schedule)
    channel = schedule.channels
    assert np.isfinite(told.index[:, channel]).all() and np.isnan(told.index[:, ~channel]).all()
    assert np.isfinite(told.deviation[:, ~channel]).all() and np.isnan(told.deviation[:, channel]).all()


def test_opposite_fields_push_to_opposite_sides_and_none_leaves_the_baseline(networks):
    problem, network, state = networks

    def away(condition):
        fields = Perturbation(curl=13.0).fields(condition)
        return reached(problem, network, state.params, fields, 2, fields).deviation

    left, right, middle = away(1.0), away(-1.0), away(0.0)
    assert np.all((left - middle) * (right - middle) < 0.0)


def test_every_row_of_eight_trials_goes_to_each_target_once():
    assert all(sorted(row) == list(range(8)) for row in targets_of(40).reshape(5, 8))
