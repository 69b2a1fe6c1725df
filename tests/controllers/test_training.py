"""The training loop: stacks, restarts, and what the loop refuses."""

import shutil
from collections import namedtuple

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    RULES,
    SGD,
    Adam,
    Backprop,
    Batch,
    CheckpointError,
    Divergence,
    FeedbackAlignment,
    Frozen,
    LearningRule,
    Sparse,
    SquaredError,
    in_place,
    train,
)  # fmt: skip
from armfa.controllers.checkpoint import read
from armfa.controllers.rules import KolenPollack, WeightPerturbation
from armfa.controllers.training.train import spacing
from armfa.controllers.trees import leaves


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


@pytest.mark.parametrize("killed_at", [21, 35, 56])
def test_a_run_that_is_killed_and_resumed_gives_the_same_curve_bit_for_bit(tmp_path, killed_at):
    def copy(report):
        if report.update == killed_at:
            shutil.copy(tmp_path / "run.npz", tmp_path / "left.npz")  # what a kill leaves now

    run(checkpoint=tmp_path / "run.npz", checkpoint_every=10, progress=copy)
    for _ in range(2):  # the second time the finished run is only read
        assert_same_curve(run(checkpoint=tmp_path / "left.npz"), run())


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_run_that_is_stopped_keeps_where_it_was_and_goes_on_bit_for_bit(tmp_path, error):
    def stop(report):
        if report.update == 35:
            raise error

    with pytest.raises(error):
        run(checkpoint=tmp_path / "run.npz", progress=stop)
    updates = []
    resumed = run(checkpoint=tmp_path / "run.npz", progress=lambda report: updates.append(report.update))
    assert updates[0] == 35  # the stop came before the point of the curve was taken
    assert_same_curve(resumed, run())
    assert all(np.array_equal(a, b) for a, b in zip(leaves(resumed.state), leaves(run().state)))


def test_without_a_number_of_updates_the_file_is_written_as_time_goes_by(tmp_path, monkeypatch):
    monkeypatch.setattr("armfa.controllers.training.train.SECONDS_BETWEEN_FILES", 0.0)
    there = []
    run(checkpoint=tmp_path / "run.npz", progress=lambda report: there.append(len(read(tmp_path / "run.npz")[0])))
    assert there[0] < there[2] == there[-1]  # the curve comes with the first block of examples


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


WRONG = [
    (dict(updates=0), "expected updates of at least 1, got 0"),
    (dict(updates=1.5), "expected updates as a whole number of at least 1, got 1.5"),
    (dict(batch_size=0), "expected batch_size of at least 1, got 0"),
    (dict(batch_size=None), "expected batch_size as a whole number"),
    (dict(evaluate_every=0), "expected evaluate_every of at least 1, got 0"),
    (dict(angle_samples=-1), "expected angle_samples of at least 1, got -1"),
    (dict(checkpoint_every=0), "expected checkpoint_every of at least 1, got 0"),
    (dict(seeds=[]), "expected seeds of at least 1, got 0"),
    (dict(seeds="two"), "expected seeds as a whole number"),
    (dict(seeds=[0, -3]), "expected each seed of at least 0, got -3"),
    (dict(rule="bakprop"), "expected a learning rule out of backprop, feedback-alignment"),
    (dict(rule=Backprop), r"got the class Backprop: write Backprop\("),
    (dict(rule=None), "expected a learning rule, such as"),
    (dict(dtype=int), "expected dtype float32 or float64, got int"),
    (dict(dtype="float16"), "expected dtype float32 or float64, got float16"),
    (dict(references={"angle": "x"}), "expected a learning rule out of"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_settings_that_cannot_be_are_refused_by_name(wrong, message):
    with pytest.raises((ValueError, TypeError), match=message):
        run(**wrong)


Mismatch = namedtuple("Mismatch", "target")


class Unlike(Teacher):
    """A problem whose loss says nothing."""

    def test(self):
        return Batch(np.zeros((4, 5), np.float32), Mismatch(np.zeros((4, 3))))


class Forgetful(LearningRule):
    """Returns its deltas and no state."""

    def deltas(self, network, params, trace, loss, state, rng):
        return [None, loss.error(trace.output)]


class Short(Forgetful):
    """One delta too few."""

    def deltas(self, network, params, trace, loss, state, rng):
        return [loss.error(trace.output)], state


PARTS = [
    ((Teacher, NETWORK, ALIGNMENT, SGD(0.1)), r"got the class Teacher: write Teacher\("),
    ((7, NETWORK, ALIGNMENT, SGD(0.1)), "expected problem such as HandVelocityProblem"),
    (([3], NETWORK, ALIGNMENT, SGD(0.1)), "expected problem such as HandVelocityProblem"),
    ((Teacher(), MLP, ALIGNMENT, SGD(0.1)), r"expected network such as .*, got the class MLP"),
    ((Teacher(), (5, 7, 3), ALIGNMENT, SGD(0.1)), r"expected network such as MLP\(\(6, 500, 6\)\), got \(5, 7, 3\)"),
    ((Teacher(), NETWORK, ALIGNMENT, SGD), "expected optimizer such as .*, got the class SGD"),
    ((Teacher(), NETWORK, ALIGNMENT, 0.1), "expected optimizer such as"),
    (
        (Teacher(), MLP((6, 7, 3)), ALIGNMENT, SGD(0.1)),
        "expected a network of 5 inputs, which the problem has, got one of 6",
    ),
    ((Teacher(), MLP((5, 7, 4)), ALIGNMENT, SGD(0.1)), "whose outputs suit the problem's loss, got 4 outputs"),
    ((Unlike(), NETWORK, ALIGNMENT, SGD(0.1)), "whose outputs suit the problem's loss"),
    ((Teacher(), NETWORK, Forgetful(), SGD(0.1)), r"expected Forgetful.deltas to return \(deltas, state\), got list"),
    ((Teacher(), NETWORK, Short(), SGD(0.1)), "expected deltas of shapes .* from Short, got"),
    ((Teacher(), NETWORK, ALIGNMENT, SGD((0.1, 0.1, 0.1))), "expected rates as one value or 2 values"),
]


@pytest.mark.parametrize(("parts", "message"), PARTS, ids=[message for _, message in PARTS])
def test_parts_that_do_not_fit_are_refused_before_the_run(parts, message):
    with pytest.raises((ValueError, TypeError), match=message):
        train(*parts, seeds=1, **SETTINGS)


@pytest.mark.parametrize("name", RULES)
def test_a_name_is_a_rule_everywhere(name):
    short = dict(updates=4, evaluate_every=4, batch_size=8)
    by_name, by_class = (run(rule=rule, **short) for rule in (name, RULES[name]()))
    assert_same_curve(by_name, by_class)
    assert Frozen(name).rule == Sparse(name).rule == RULES[name]()


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


def test_a_run_may_be_asked_for_more_updates_when_nothing_else_was_said(tmp_path):
    def longer(updates, **checkpoint):
        return run(updates=updates, evaluate_every=None, **checkpoint)

    longer(100, checkpoint=tmp_path / "run.npz")
    resumed, whole = longer(230, checkpoint=tmp_path / "run.npz"), longer(230)
    assert_same_curve(resumed, whole)
    assert all(np.array_equal(a, b) for a, b in zip(leaves(resumed.state), leaves(whole.state), strict=True))


@pytest.mark.parametrize("updates", [1, 49, 50, 99, 100, 1000, 12345])
def test_the_curve_has_fifty_to_a_hundred_points_unless_it_is_said_how_many(updates):
    assert min(50, updates) <= updates / spacing(updates) <= 100
    assert spacing(2 * updates) % spacing(updates) == 0  # so that the points of a longer run are among a shorter one's


class Poisoned(Teacher):
    """Its targets are no numbers from the first batch on, but for the test set."""

    def batch(self, rng, size):
        batch = super().batch(rng, size)
        return batch if size == 50 else Batch(batch.inputs, SquaredError(batch.loss.target * np.nan))


@pytest.mark.parametrize("optimizer", [SGD(1e6), Adam(1e30)], ids=repr)
def test_a_run_that_diverges_is_stopped_says_what_and_when_and_keeps_its_last_finite_state(tmp_path, optimizer):
    def diverging(**changes):
        return train(Teacher(), MLP((5, 7, 3), "relu"), Backprop(), optimizer, seeds=2, updates=3000, batch_size=1,
                     evaluate_every=1, checkpoint=tmp_path / "run.npz", **changes)  # fmt: skip

    with pytest.raises(Divergence, match=r"diverged at update \d+: params.* left the range of numbers. Lower") as told:
        diverging()
    update = int(str(told.value).split("update ")[1].split(":")[0])
    arrays, header = read(tmp_path / "run.npz")
    assert header["extra"]["place"]["update"] == update - 1
    assert all(np.isfinite(array).all() for array in arrays[:4])
    with pytest.raises(Divergence, match=f"at update {update}:"):
        diverging()


def test_data_that_hold_no_numbers_are_named_and_not_the_rates():
    with pytest.raises(Divergence, match=r"the problem's examples hold numbers that are not finite, in loss.target"):
        train(Poisoned(), NETWORK, ALIGNMENT, SGD(0.1), seeds=2, **SETTINGS)


def test_a_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    result = run(updates=7, checkpoint="~/run.npz")
    result.to_csv("~/curve.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"run.npz", "curve.csv"}


def test_a_result_says_what_it_is_in_a_line_and_hands_out_its_curves(tmp_path):
    result = run(updates=14)
    assert repr(result).startswith("TrainResult(FeedbackAlignment(") and "\n" not in repr(result)
    assert result.settings["batch_size"] == 64
    result.to_csv(tmp_path / "curve.csv")
    header, *rows = (tmp_path / "curve.csv").read_text().splitlines()
    assert header == "seed,updates,samples,loss,nse,angle_0"
    assert len(rows) == 3 * 3 and rows[-1].startswith(f"2,14,{14 * 64},")
    assert float(rows[-1].split(",")[4]) == result.curve["nse"][-1, 2]
    assert [axis.get_ylabel() for axis in result.plot().axes] == ["loss", "nse", "angle, degrees"]


@pytest.mark.parametrize("rule", [KolenPollack(), "weight-mirror", "node-perturbation", "fixed-sign-symmetry"], ids=str)
@pytest.mark.parametrize("network", [NETWORK, MLP((5, 40, 3), "tanh"), MLP((5, 3), "linear")], ids=str)
def test_learning_in_place_trains_a_stack_as_the_pure_update_does_and_goes_on_bit_for_bit(tmp_path, rule, network):
    def learned(updates, **changes):
        settings = dict(seeds=2, batch_size=4, evaluate_every=16, dtype=np.float64)
        return train(Teacher(), network, rule, SGD(0.05, weight_decay=1e-3), updates=updates, **settings | changes)

    pure, whole = learned(64), learned(64, back_end=in_place)
    loose = 1e-6 if rule == "node-perturbation" else 1e-11  # it divides a difference of losses by sigma^2
    for one, other in zip(leaves(whole.state), leaves(pure.state), strict=True):
        np.testing.assert_allclose(one, other, rtol=loose, atol=loose)
    learned(48, back_end=in_place, checkpoint=tmp_path / "run.npz")
    resumed = learned(64, back_end=in_place, checkpoint=tmp_path / "run.npz")
    for one, other in zip(leaves(resumed.state), leaves(whole.state), strict=True):
        np.testing.assert_array_equal(one, other)


def test_progress_is_silent_where_there_is_no_terminal(capfd):
    run(updates=7)
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_shown_on_a_terminal_where_it_takes_long_and_not_where_it_is_not_wanted(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes a terminal of a file, for rich
    monkeypatch.setattr("armfa.controllers.training.progress.SHOWN_AFTER", 0.0)
    run(updates=7)
    out, err = capfd.readouterr()
    assert "training" in err and "7 of 7 updates, loss" in err and not out
    run(updates=7, progress=False)
    assert capfd.readouterr() == ("", "")


def test_a_reference_that_keeps_something_is_refused():
    with pytest.raises(ValueError, match="expected references that keep nothing"):
        run(references={"angle": FeedbackAlignment()})


def test_a_wrapped_reference_is_compared_like_the_rule_in_it():
    plain, wrapped = run(updates=7), run(updates=7, references={"angle": Frozen(Backprop(), (0,))})
    np.testing.assert_array_equal(plain.curve["angle"], wrapped.curve["angle"])


class OfOneColumn(WeightPerturbation):
    """Gradients that broadcasting would take for those of all columns."""

    def gradients(self, *args):
        gradients, state = super().gradients(*args)
        return tuple(layer._replace(weight=layer.weight[..., :1]) for layer in gradients), state


class OfOneLayer(WeightPerturbation):
    """Gradients of the first layer alone."""

    def gradients(self, *args):
        gradients, state = super().gradients(*args)
        return gradients[:1], state


@pytest.mark.parametrize(
    ("rule", "words"),
    [(OfOneColumn(), r"gradients of shape \(1, 7, 5\) .* got \(1, 7, 1\)"), (OfOneLayer(), "2 parts, got 1")],
)
def test_gradients_that_are_not_in_the_form_of_the_weights_are_refused(rule, words):
    with pytest.raises(ValueError, match=words):
        run(rule=rule)
