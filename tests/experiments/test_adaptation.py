"""Trial by trial: measures of stacks, the two-rate model, and units of several stages."""

import numpy as np
import pytest

from armfa.controllers import RNN, Adam, BackpropThroughTime
from armfa.controllers.streams import streams
from armfa.controllers.trees import take
from armfa.experiments.learning import Stages
from armfa.experiments.motor import adaptation, movements, savings, trials
from armfa.experiments.motor.trials import Course, practised
from armfa.experiments.motor.two_rate import SMITH, TwoRates, adapted, fitted
from armfa.problems import TaskProblem
from armfa.runs.unit import NoCheckpoint
from armfa.tasks import CenterOut
from armfa.world import Fields, Schedule, Senses


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def course(seeds=(0, 1), **more):
    task = CenterOut(cue_time=0.0, shortest_delay=0.02, longest_delay=0.02)
    problem = TaskProblem(task=task, duration=0.1, fields=Fields(field="curl", channel=True, rotation=20.0), **more)
    schedules = tuple(Schedule(((2, 0.0), (4, 1.0)), channel_every=2, seed=seed) for seed in seeds)
    return Course(problem, schedules, 4)


def test_a_stack_of_adapting_networks_is_each_of_them_alone():
    both = course()
    network = RNN(both.problem.n_in, 5, 6)
    params = network.init(streams([7, 8]).weights)
    found, end = practised(both, network, BackpropThroughTime(), Adam(1e-3), params, streams([0, 1]), NoCheckpoint())
    for k, seed in enumerate((0, 1)):
        own = tuple(take(params, slice(k, k + 1)))
        one, last = practised(
            course((seed,)), network, BackpropThroughTime(), Adam(1e-3), type(params)(*own), streams([seed]),
            NoCheckpoint(),
        )  # fmt: skip
        for name, values in one.items():
            np.testing.assert_allclose(values[0], found[name][k], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(last.params.cell.weight[0], end.params.cell.weight[k], rtol=1e-4, atol=1e-6)


def test_movements_of_a_stack_are_those_of_a_policy_in_the_world():
    each = course((0,), senses=Senses(visual_delay=0.02, motor_noise=0.2))
    problem = each.problem
    network = RNN(problem.n_in, 5, 6)
    params = network.init(streams([3]).weights)
    draws = tuple(x.astype(np.float32).astype(float) for x in each.draw(streams([0]).data, 4))
    episode = each.episode(draws, number=int(np.flatnonzero(each.schedules[0].channels)[0]))
    found = trials.performed(problem, network, params, episode)
    trial = take(found.trial, 0)
    policy = problem.policy(network, take(params, 0))
    wanted = movements.performed(problem, policy, trial, np.moveaxis(draws[1][0], 1, 0))
    np.testing.assert_allclose(found.hand[:, 0], wanted.hand, atol=1e-5)
    np.testing.assert_allclose(found.run.outcomes.error[:, 0], wanted.run.outcomes.error, atol=1e-5)
    np.testing.assert_allclose(found.run.outcomes.channel_force[:, 0], wanted.run.outcomes.channel_force, atol=2e-2)


def test_eight_movements_go_to_the_eight_targets():
    each = course((0,))
    (uniform,) = each.draw(streams([0]).data, 8)
    variants = each.problem.task.trial(each.problem.world.simulator, uniform[0]).variant
    assert sorted(variants) == list(range(8))


def test_the_two_rate_model_is_its_recursion():
    acts, share, fast, slow, found = np.repeat([0.0, 1.0, 0.0, -1.0], 30), 0.8, 0.0, 0.0, []
    for p in acts:
        error = share * (p - fast - slow)
        found.append(fast + slow)
        fast, slow = 0.59 * fast + 0.21 * error, 0.992 * slow + 0.02 * error
    np.testing.assert_allclose(adapted(SMITH, acts, share), found, atol=1e-12)


def test_people_make_up_for_three_quarters_of_a_constant_load():
    load = sum(
        b / (1 - a) for a, b in ((SMITH.fast_retention, SMITH.fast_rate), (SMITH.slow_retention, SMITH.slow_rate))
    )
    assert adapted(SMITH, np.ones(2000))[-1] == pytest.approx(load / (1 + load)) == pytest.approx(0.75, abs=0.005)


def test_rates_that_made_a_curve_are_found_again_where_trials_are_missing():
    acts, rates = np.repeat([0.0, 1.0, 0.0], [20, 300, 100]), TwoRates(0.7, 0.15, 0.99, 0.03)
    seen = np.tile(adapted(rates, acts, 0.875), (3, 1))
    seen[np.random.default_rng(0).random(seen.shape) < 0.7] = np.nan
    found, explained = fitted(seen, acts, 0.875)
    np.testing.assert_allclose(found, rates, rtol=1e-3)
    assert explained == pytest.approx(1.0)


def test_a_two_rate_model_shows_no_savings_after_wash_out():
    assert savings.model_ratio(savings.Settings(), SMITH) == pytest.approx(1.0, abs=1e-3)
    low, high = savings.NONE
    assert not low < savings.model_ratio(savings.Settings(washout=10), SMITH) < high


def test_trials_to_half_of_an_exponential_are_its_half_life():
    away = 3.0 * np.exp(-np.arange(200) / 40.0)
    found = savings.trials_to_half(away[None], 0, 200, np.array([1.5]))
    assert found[0] == pytest.approx(1.0 + 40.0 * np.log(2.0), abs=0.2)  # the first trial is number 1


def test_what_was_done_before_a_kill_is_not_done_again():
    class Kept(NoCheckpoint):
        saved = None

        def load(self):
            return self.saved

        def save(self, arrays):
            self.saved = dict(arrays())

    door, calls = Kept(), []

    def first(checkpoint):
        calls.append("first")
        return {"x": np.arange(3)}

    def second(checkpoint):
        if checkpoint.load() is None:
            checkpoint.save(lambda: {"half": np.ones(2)})
            raise KeyboardInterrupt
        calls.append("second")
        return {"y": checkpoint.load()["half"]}

    for attempt in range(2):
        stages = Stages(door)
        assert stages.run("one", 0.5, first)["x"].tolist() == [0, 1, 2]
        try:
            assert stages.run("two", 0.5, second)["y"].tolist() == [1.0, 1.0]
        except KeyboardInterrupt:
            assert attempt == 0
    assert calls == ["first", "second"]


def test_late_adaptation_has_slow_muscles_and_senses_as_late_as_peoples():
    usual, late = (adaptation.problem_for(Fields(), late).world for late in (False, True))
    assert usual.senses == Senses() and usual.arm.activation_dynamics is None
    assert late.delays == (2, 9) and late.arm.activation_dynamics is not None and late.noise
