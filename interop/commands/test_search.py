"""The search of settings in `armfa sweep --tune`, by Optuna."""

import io

import pytest
from pyarrow import parquet
from rich.console import Console

from armfa.commands.sweep import SweepFile, sweep

TUNE = """
command = "learn"
[settings]
updates = 2
units = 4
batch_size = 2
duration = 0.05
[grid]
rule = ["rflo", "backprop-through-time"]
[tune]
minimize = "loss"
trials = 3
together = 2
[tune.settings]
first_seed = 10
[tune.space]
rate = {low = 1e-3, high = 1e-1, log = true}
controller = ["rnn"]
"""


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def tuned(folder, text=TUNE):
    (folder / "a.toml").write_text(text)
    console = Console(file=io.StringIO(), width=300)
    path = sweep(SweepFile(folder / "a.toml", tune=True, out=folder / "out", processes=1), console)
    return parquet.read_table(path).to_pylist(), console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    return folder, *tuned(folder)


def test_the_budget_stands_beside_each_result(done):
    _, rows, said = done
    assert [row["tuned_trials"] for row in rows] == [3, 3]
    assert all(row["tuned_core_seconds"] > 0 for row in rows)
    assert "tuned core seconds" in said


def test_what_is_reported_was_found_on_other_seeds(done):
    _, rows, _ = done
    assert [row["first_seed"] for row in rows] == [0, 0]
    assert all(1e-3 < row["rate"] < 1e-1 for row in rows)
    with pytest.raises(ValueError, match=r"expected other seeds in .tune.settings. than those that are reported"):
        tuned(done[0], TUNE.replace("first_seed = 10", "first_seed = 0"))


def test_a_search_that_is_started_again_asks_for_the_same_and_runs_nothing(done):
    folder, rows, _ = done
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.npz")}
    assert len(before) == 2 * (3 + 1)
    assert tuned(folder)[0] == rows
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.npz")} == before


def test_a_column_that_is_not_there_is_named(done, tmp_path):
    with pytest.raises(ValueError, match=r"expected minimize in .tune. out of .*loss.*, got 'lost'"):
        tuned(done[0], TUNE.replace('"loss"', '"lost"'))
