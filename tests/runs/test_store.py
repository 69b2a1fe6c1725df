"""Runs on disk are whole or not there."""

import json
import os
from dataclasses import dataclass, replace

import numpy as np
import pytest

from armfa.runs import store
from armfa.runs.unit import Unit


@dataclass(frozen=True)
class Settings:
    seeds: int = 2
    rate: float = 0.1


UNIT = Unit("one", {"rule": "backprop", "seeds": [0, 1]}, 1.0)
ARRAYS = {"curve": np.arange(6.0).reshape(2, 3), "words": np.array("text")}


def write(folder):
    store.write_run(folder, "toy", Settings(), UNIT, ARRAYS, 1.5)


def test_a_run_reads_back_as_it_was_written(tmp_path):
    write(tmp_path)
    run = store.read_run(tmp_path, "toy", Settings(), UNIT)
    assert run is not None
    np.testing.assert_array_equal(run.arrays["curve"], ARRAYS["curve"])
    assert run.facts["settings"] == {"seeds": 2, "rate": 0.1}
    assert run.facts["seconds"] == 1.5
    assert {"armfa", "numpy", "scipy", "python"} <= set(run.facts["versions"])


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_kill_while_writing_leaves_nothing_that_is_taken_for_a_run(tmp_path, monkeypatch, fails_at):
    calls = []

    def replace_until_killed(*names):
        calls.append(names)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        os.rename(*names)

    monkeypatch.setattr("armfa.files.os.replace", replace_until_killed)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path)
    assert not list(tmp_path.glob("toy/*.json"))
    assert store.read_run(tmp_path, "toy", Settings(), UNIT) is None


def test_changed_settings_or_arguments_are_another_run(tmp_path):
    write(tmp_path)
    assert store.read_run(tmp_path, "toy", replace(Settings(), rate=0.2), UNIT) is None
    assert store.read_run(tmp_path, "toy", Settings(), UNIT._replace(arguments={"rule": "shallow"})) is None


def test_the_number_of_seeds_alone_repeats_no_unit(tmp_path):
    write(tmp_path)
    assert store.read_run(tmp_path, "toy", replace(Settings(), seeds=20), UNIT) is not None


def test_arrays_that_would_need_pickle_are_refused(tmp_path):
    with pytest.raises(TypeError, match="Python objects"):
        store.write_arrays(tmp_path / "bad.npz", {"objects": np.array([{}, None])})


def test_a_damaged_description_is_no_run(tmp_path):
    write(tmp_path)
    (tmp_path / "toy" / "one.json").write_text(json.dumps({"unit": "one"}))
    assert store.read_run(tmp_path, "toy", Settings(), UNIT) is None


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path):
    first = store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, every=0.0)
    first.save(lambda: {"done": np.array(7)})
    assert first.load() == {"done": np.array(7)}
    assert store.FileCheckpoint(tmp_path, "toy", Settings(rate=0.5), UNIT).load() is None
    first.remove()
    assert first.load() is None


def test_a_checkpoint_is_not_written_more_often_than_asked(tmp_path):
    checkpoint = store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, every=3600.0)
    checkpoint.save(lambda: {"done": np.array(7)})
    assert checkpoint.load() is None


def test_a_damaged_half_way_state_is_begun_anew(tmp_path):
    checkpoint = store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, every=0.0)
    checkpoint.save(lambda: {"weight": np.ones(3)})
    assert checkpoint.load() is not None
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:40])
    assert checkpoint.load() is None
