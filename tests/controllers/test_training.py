"""The training loop: stacks, restarts, and what the loop refuses."""

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    Batch,
    CheckpointError,
    FeedbackAlignment,
    Frozen,
    LearningRule,
    SquaredError,
    train,
)  # fmt: skip
from armfa.controllers.checkpoint import leaves
from armfa.controllers.rules import KolenPollack, WeightPerturbation


class Teacher:
    """A linear teacher, 5 inputs, 3 outputs."""

    weight = np.random.default_rng(5).uniform(-1, 1, (3, 5)).astype(np.float32)

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 5), np.float32)
        return Batch(inputs, SquaredError(inputs @ self.weight.T))

    def test(self):
        return self.batch(np.random.default_rng(1), 50)


NETWORK = MLP((5, 7, 3), ("tanh", "linear"), weight_scale=0.1)
ALIGNMENT = FeedbackAlignment()
SETTINGS = dict(updates=60, batch_size=64, evaluate_every=7)


def run(seeds=3, rule=ALIGNMENT, **changes):
    return train(Teacher(), NETWORK, rule, SGD(0.05, "linear", 100), seeds=seeds, **(SETTINGS | changes))


def assert_same_curve(a, b):
    assert a.curve.keys() == b.curve.keys()
    for name in a.curve:
        np.testing.assert_array_equal(a.curve[name], b.curve[name])


def test_the_error_falls():
    curve = run(updates=400, rule=Backprop()).curve["nse"]
    assert (curve[-1] < 0.5 * curve[0]).all()


def test_a_stack_of_seeds_equals_separate_runs():
    stacked = run(seeds=[3, 8])
    for number, seed in enumerate([3, 8]):
        alone = run(seeds=[seed])
        for name in ("loss", "nse", "angle"):
            np.testing.assert_array_equal(stacked.curve[name][:, number], alone.curve[name][:, 0])


def test_every_rule_sees_the_same_first_weights_and_the_same_batches():
    first, second = run(rule=Backprop()), run(rule=FeedbackAlignment())
    np.testing.assert_array_equal(first.curve["nse"][0], second.curve["nse"][0])


class Killed(Exception):
    pass


@pytest.mark.parametrize("killed_at", [0, 21, 35, 56])
def test_a_run_that_is_killed_and_resumed_gives_the_same_curve_bit_for_bit(tmp_path, killed_at):
    def kill(report):
        if report.update == killed_at:
            raise Killed

    settings = dict(checkpoint=tmp_path / "run.npz", checkpoint_every=10)
    with pytest.raises(Killed):
        run(**settings, progress=kill)
    assert_same_curve(run(**settings), run())
    assert_same_curve(run(**settings), run())  # a finished run is only read


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    run(checkpoint=tmp_path / "run.npz")
    with pytest.raises(CheckpointError, match="made with rule = FeedbackAlignment"):
        run(checkpoint=tmp_path / "run.npz", rule=Backprop())


@pytest.mark.parametrize("length", [0, 10, 1000, -1])
def test_a_damaged_checkpoint_is_refused(tmp_path, length):
    file = tmp_path / "run.npz"
    run(checkpoint=file)
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="not a complete armfa file"):
        run(checkpoint=file)


def test_a_checkpoint_with_one_changed_byte_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    run(checkpoint=file)
    content = bytearray(file.read_bytes())
    content[content.index(b"NUMPY", 2000) + 200] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError):
        run(checkpoint=file)


@pytest.mark.parametrize("wrong", [dict(updates=0), dict(batch_size=0), dict(seeds=[])])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="of at least 1, got 0"):
        run(**wrong)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_keeps_the_precision_it_is_asked_for(dtype):
    result = run(dtype=dtype)
    assert {layer.weight.dtype for layer in result.state.params} == {np.dtype(dtype)}


def test_measuring_does_not_change_the_run():
    often, rarely = run(evaluate_every=5), run(evaluate_every=30)
    np.testing.assert_array_equal(often.curve["nse"][-1], rarely.curve["nse"][-1])


def test_a_longer_run_begins_as_the_shorter_one():
    np.testing.assert_array_equal(run(updates=35).curve["nse"][-1], run(updates=70).curve["nse"][5])


def test_a_run_can_begin_from_anothers_state():
    first = run(updates=20)
    np.testing.assert_array_equal(run(start=first.state).curve["nse"][0], first.curve["nse"][-1])


def test_each_seed_may_have_its_own_problem():
    class Other(Teacher):
        weight = -Teacher.weight

    mixed = train([Teacher(), Other()], NETWORK, ALIGNMENT, SGD(0.05), seeds=2, **SETTINGS)
    alone = train(Other(), NETWORK, ALIGNMENT, SGD(0.05), seeds=[1], **SETTINGS)
    np.testing.assert_array_equal(mixed.curve["nse"][:, 1], alone.curve["nse"][:, 0])


def test_progress_is_reported_at_every_point_of_the_curve():
    reports = []
    result = run(progress=reports.append)
    assert [report.update for report in reports] == list(result.curve["updates"])
    assert reports[-1].latest["nse"] == pytest.approx(result.curve["nse"][-1].mean())


@pytest.mark.parametrize("rule", [Backprop(), KolenPollack(rate=0.01), WeightPerturbation()], ids=repr)
def test_a_run_of_single_examples_through_a_layer_that_widens_goes_on_bit_for_bit(tmp_path, rule):
    network, settings = MLP((5, 40, 3), "tanh"), dict(seeds=2, batch_size=1, evaluate_every=4)
    whole = train(Teacher(), network, rule, SGD(0.05), updates=12, **settings)
    train(Teacher(), network, rule, SGD(0.05), updates=8, checkpoint=tmp_path / "run.npz", **settings)
    resumed = train(Teacher(), network, rule, SGD(0.05), updates=12, checkpoint=tmp_path / "run.npz", **settings)
    for one, other in zip(leaves(whole.state), leaves(resumed.state), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_run_that_is_extended_has_the_points_of_the_longer_one(tmp_path):
    run(updates=10, checkpoint=tmp_path / "run.npz")
    assert_same_curve(run(updates=21, checkpoint=tmp_path / "run.npz"), run(updates=21))


def test_a_run_that_holds_more_updates_than_are_asked_for_is_refused(tmp_path):
    run(updates=14, checkpoint=tmp_path / "run.npz")
    with pytest.raises(CheckpointError, match="holds 14 updates, more than the 7 asked for"):
        run(updates=7, checkpoint=tmp_path / "run.npz")


class ErrorSum(LearningRule):
    """A user's rule that is no dataclass: every hidden unit gets the sum of the errors."""

    def deltas(self, network, params, trace, loss, state, rng):
        top = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        return [network.weigh(0, top.sum(-1)[..., None] + 0 * trace.inputs[1], trace), top], state


def test_a_rule_without_settings_of_its_own_can_be_resumed(tmp_path):
    run(rule=ErrorSum(), updates=14, checkpoint=tmp_path / "run.npz")
    resumed = run(rule=ErrorSum(), updates=21, checkpoint=tmp_path / "run.npz")
    assert_same_curve(resumed, run(rule=ErrorSum(), updates=21))


def test_a_start_of_another_number_of_networks_is_refused():
    with pytest.raises(ValueError, match="expected start as a stack of 2 networks"):
        run(seeds=2, start=run(seeds=3).state)


def test_a_reference_that_keeps_something_is_refused():
    with pytest.raises(ValueError, match="expected references that keep nothing"):
        run(references={"angle": FeedbackAlignment()})


def test_a_wrapped_reference_is_compared_like_the_rule_in_it():
    plain, wrapped = run(updates=7), run(updates=7, references={"angle": Frozen(Backprop(), (0,))})
    np.testing.assert_array_equal(plain.curve["angle"], wrapped.curve["angle"])
