"""A run of `armfa train` that is asked for more updates than it was begun with."""

from dataclasses import replace

import numpy as np
import pytest

from armfa.commands import longer
from armfa.commands.longer import LongerSettings, sweep
from armfa.controllers import SGD
from armfa.controllers.training.update import one_by_one
from armfa.experiments.arm import controller
from armfa.experiments.arm.controller import Settings
from armfa.runs.job import Job, work
from armfa.runs.store import Continued, FileCheckpoint, read_run

SMALL = Settings(arms=("li_todorov",), rules=("feedback-alignment",), seeds=1, updates=40, hidden=(8,), points=5)
LONG = LongerSettings(**{name: getattr(SMALL, name) for name in ("arms", "rules", "seeds", "hidden", "points")},
                      updates=100, extended=(40,))  # fmt: skip


@pytest.fixture(autouse=True)
def no_reaches(monkeypatch):
    """What takes seconds and is not asked about: the movements of the trained arm."""
    monkeypatch.setattr(controller, "closed_loop", lambda *given: {})
    monkeypatch.setattr(controller, "references", lambda *given: {})


def job(settings, folder):
    made = sweep(settings)
    return Job(made.name, settings, made.units[0], made.run, folder, made.keeps, made.earlier)


def arrays(settings, folder):
    """The arrays of the run, without what it keeps to go on from."""
    found = read_run(folder, "arm", settings, sweep(settings).units[0])
    assert found is not None
    return {name: array for name, array in found.arrays.items() if not name.startswith("kept_")}


def done(settings, folder):
    work(job(settings, folder))
    return arrays(settings, folder)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.fixture(scope="module")
def both_stages(tmp_path_factory):
    """The longer run, made without a shorter one on disk: each stage from its start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(controller, "closed_loop", lambda *given: {})
        patch.setattr(controller, "references", lambda *given: {})
        return done(LONG, tmp_path_factory.mktemp("both"))


def test_a_finished_run_goes_on_to_what_both_stages_make(tmp_path, both_stages):
    done(SMALL, tmp_path)
    assert_same(done(LONG, tmp_path), both_stages)


def test_a_finished_run_is_not_run_again(tmp_path, monkeypatch):
    done(SMALL, tmp_path)
    stages = []
    monkeypatch.setattr(longer.controller, "run", lambda stage, *more: stages.append(stage.updates) or {})
    work(job(LONG, tmp_path))
    assert stages == [100]


@pytest.mark.parametrize("begun, stops_at", [(SMALL, 20), (LONG, 20), (LONG, 70)], ids=["short", "first", "second"])
def test_a_run_that_was_killed_in_any_stage_goes_on_to_the_same_bits(tmp_path, both_stages, begun, stops_at):
    class Killed(Exception):
        pass

    class Checkpoint(FileCheckpoint):
        def progress(self, fraction):
            super().progress(fraction)
            if fraction >= stops_at / begun.updates:
                raise Killed

    made = job(begun, tmp_path)
    with pytest.raises(Killed):
        made.run(begun, made.unit, Checkpoint(tmp_path, "arm", begun, made.unit, every=0.0, earlier=made.earlier))
    news = []
    work(job(LONG, tmp_path), news.append)
    assert isinstance(news[0], Continued)
    assert_same(arrays(LONG, tmp_path), both_stages)


def test_the_first_points_of_the_curve_are_those_of_the_shorter_run(tmp_path, both_stages):
    short = done(SMALL, tmp_path)
    points = len(short["samples"])
    assert both_stages["samples"][-1] == 100 * SMALL.batch_size
    for name in ("samples", "nse", "angle"):
        np.testing.assert_array_equal(both_stages[name][..., :points], short[name])
        assert both_stages[name].shape[-1] > points


def test_the_rates_from_there_on_are_those_of_the_longer_schedule(tmp_path, monkeypatch):
    shares, update = [], SGD.update

    def seen(self, gradients, state, params):
        shares.append((self.updates, float(self.share(state))))
        return update(self, gradients, state, params)

    monkeypatch.setattr(SGD, "update", seen)
    learn = controller.learn
    monkeypatch.setattr(controller, "learn", lambda *given, **named: learn(*given, back_end=one_by_one, **named))
    done(LONG, tmp_path)
    assert shares == [(40, 1 - k / 40) for k in range(40)] + [(100, 1 - k / 100) for k in range(40, 100)]


def test_with_constant_rates_a_longer_run_is_the_run_of_that_length(tmp_path, monkeypatch):
    made = controller.made

    def constant(*given):
        learner, network, sgd = made(*given)
        return learner, network, replace(sgd, schedule="constant", updates=None)

    monkeypatch.setattr(controller, "made", constant)
    done(SMALL, tmp_path / "a")
    extended, whole = done(LONG, tmp_path / "a"), done(replace(SMALL, updates=100), tmp_path / "b")
    for name in (name for name in whole if name.startswith(("weight", "bias"))):
        np.testing.assert_array_equal(extended[name], whole[name])
    np.testing.assert_array_equal(extended["nse"][:, -1], whole["nse"][:, -1])


def test_a_run_may_go_on_twice(tmp_path, both_stages):
    twice = replace(LONG, updates=150, extended=(40, 100))
    done(LONG, tmp_path)
    found = done(twice, tmp_path)
    points = len(both_stages["samples"])
    np.testing.assert_array_equal(found["nse"][:, :points], both_stages["nse"])
    assert found["samples"][-1] == 150 * SMALL.batch_size
