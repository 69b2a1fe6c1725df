"""The training loop: stacks, restarts, and what the loop refuses."""

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Backprop, Batch, CheckpointError, FeedbackAlignment, SquaredError, train


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
