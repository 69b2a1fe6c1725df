"""Runs on disk are whole or not there."""

import io
import json
import os
import tracemalloc
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


def damages(content, rng):
    """The kinds of damage that files come to, by name."""
    bits = np.frombuffer(content, np.uint8)
    for number in range(40):
        place = int(rng.integers(len(content)))
        yield f"cut at {place}", content[:place]
        yield f"zeros from {place}", content[:place] + bytes(len(content) - place)
        yield f"without byte {place}", content[:place] + content[place + 1 :]
        flipped = bits.copy()
        flipped[place] ^= 1 << number % 8
        yield f"flip at {place}", flipped.tobytes()
    yield "empty", b""
    yield "words", b"hello"
    yield "nested", b"[" * 100_000
    yield "another run's arrays", _npz(curve=np.zeros((2, 3)), words=np.array("text"))
    yield "other keys", _npz(octopus=np.zeros(2))


def _npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def is_whole(run):
    np.testing.assert_array_equal(run.arrays["curve"], ARRAYS["curve"])
    return sorted(run.arrays) == sorted(ARRAYS) and run.facts["seconds"] == 1.5 and run.arguments == UNIT.arguments


@pytest.mark.parametrize("name", ["one.npz", "one.json"])
def test_a_damaged_run_is_as_good_as_none_and_is_told_of(tmp_path, name):
    write(tmp_path)
    path = tmp_path / "toy" / name
    content = path.read_bytes()
    for how, damaged in damages(content, np.random.default_rng(0)):
        path.write_bytes(damaged)
        told = []
        run = store.read_run(tmp_path, "toy", Settings(), UNIT, told.append)
        if run is None:
            assert len(told) == 1 or name == "one.json", how  # other settings are no damage
        else:
            assert is_whole(run), how
    path.write_bytes(content)
    assert is_whole(store.read_run(tmp_path, "toy", Settings(), UNIT))


def test_a_folder_in_the_place_of_a_run_is_no_run(tmp_path):
    (tmp_path / "toy" / "one.json").mkdir(parents=True)
    assert store.read_run(tmp_path, "toy", Settings(), UNIT) is None


IMPOSSIBLE = (
    {"arguments": {"rule": "shallow"}}, {"seconds": None}, {"seconds": -1}, {"seconds": "x"}, {"versions": 3},
    {"versions": {"numpy": 2}}, {"unit": "two"},
)  # fmt: skip


@pytest.mark.parametrize("changes", IMPOSSIBLE, ids=repr)
def test_facts_that_cannot_be_are_no_run(tmp_path, changes):
    write(tmp_path)
    path = tmp_path / "toy" / "one.json"
    facts = {key: value for key, value in json.loads(path.read_text()).items() if key != "digest"}
    path.write_text(json.dumps(facts))
    assert is_whole(store.read_run(tmp_path, "toy", Settings(), UNIT))  # runs of the first release have no digest
    path.write_text(json.dumps(facts | changes))
    told = []
    assert store.read_run(tmp_path, "toy", Settings(), UNIT, told.append) is None and len(told) == 1


def test_a_small_file_takes_no_gigabytes(tmp_path):
    """32 MB of zeros deflate to 32 kB: nothing is unpacked before it is known to be what was written."""
    write(tmp_path)
    (tmp_path / "toy" / "one.npz").write_bytes(_npz(curve=np.zeros(4_000_000)))
    tracemalloc.start()
    assert store.read_run(tmp_path, "toy", Settings(), UNIT) is None
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()


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


def test_a_damaged_half_way_state_is_begun_anew_and_told_of(tmp_path):
    told = []
    checkpoint = store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, told.append, every=0.0)
    checkpoint.save(lambda: {"weight": np.ones(3)})
    content = checkpoint.path.read_bytes()
    for how, damaged in damages(content, np.random.default_rng(1)):
        checkpoint.path.write_bytes(damaged)
        told.clear()
        assert checkpoint.load() is None or damaged == content, how
        assert damaged == content or "damaged" in told[0], how
    checkpoint.path.write_bytes(content)
    assert checkpoint.load()["weight"].sum() == 3


def test_a_unit_tells_where_it_goes_on(tmp_path):
    first = store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, every=0.0)
    first.progress(0.25)
    first.save(lambda: {"done": np.array(7)})
    told = []
    store.FileCheckpoint(tmp_path, "toy", Settings(), UNIT, told.append).load()
    assert told == [0.25] and isinstance(told[0], store.Continued)
