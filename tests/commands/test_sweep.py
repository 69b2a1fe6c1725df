"""`armfa sweep`: what is asked for in a file is run once, and lands in one table."""

import csv
import io
import sys

import numpy as np
import pytest
from rich.console import Console

from armfa.cli import main
from armfa.commands.compare import Compare, units
from armfa.commands.compare import run as compared
from armfa.commands.sweep import SweepFile, sweep
from armfa.commands.sweeping.commands import SWEPT, Point
from armfa.commands.sweeping.file import read_plan
from armfa.runs.unit import NoCheckpoint

COMPARE = """
command = "compare"
[settings]
problem = "linear"
seeds = 2
updates = 20
[grid]
rules = ["backprop", "shallow"]
[[list]]
batch-size = 1
[[list]]
batch-size = 2
rates = [0.01]
"""


@pytest.fixture(autouse=True)
def without_parquet(monkeypatch):
    """The table is a CSV; `interop/` reads the Parquet file."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def swept(file, text, **flags):
    file.write_text(text)
    console = Console(file=io.StringIO(), width=300)
    path = sweep(SweepFile(file, out=file.parent / "out", processes=1, **flags), console)
    return rows_of(path) if path.is_file() else [], console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished sweep: its file, its rows and what was said."""
    file = tmp_path_factory.mktemp("sweep") / "rules.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)
        return file, *swept(file, COMPARE)


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("out/runs/**/*.json")}


def test_every_combination_of_grid_and_list_has_a_row_with_all_its_settings(done):
    rows = done[1]
    assert [(row["rule"], row["batch_size"], row["updates"]) for row in rows] == [
        ("backprop", "1", "20"), ("backprop", "2", "20"), ("shallow", "1", "20"), ("shallow", "2", "20"),
    ]  # fmt: skip
    assert {*SWEPT["compare"].settings, "point", "code", "core_seconds", "nse", "angle_end"} <= set(rows[0])


def test_its_numbers_are_those_of_the_command(done):
    settings = Compare(problem="linear", rules="backprop", seeds=2, updates=20, batch_size=1).settled
    nse = compared(settings, units(settings)[0], NoCheckpoint())["nse"][:, -1]
    assert float(done[1][0]["nse"]) == pytest.approx(np.exp(np.log(nse).mean()), rel=1e-5)


def test_started_again_only_what_is_missing_is_run(done):
    file, rows, _ = done
    before = stamps(file.parent)
    next(iter(before)).unlink()
    again, _ = swept(file, COMPARE)
    after = stamps(file.parent)
    assert sum(after[path] != before[path] for path in after) == 1 and len(after) == len(before)
    without = [{**row, "core_seconds": ""} for row in rows], [{**row, "core_seconds": ""} for row in again]
    assert without[0] == without[1]


def test_a_plan_says_what_is_missing_and_runs_nothing(done, tmp_path):
    _, said = swept(tmp_path / "rules.toml", COMPARE.replace("updates = 20", "updates = 10"), plan=True)
    assert "4 points, 4 units missing" in said and not (tmp_path / "out").exists()


def test_what_other_code_made_is_said_and_not_mixed_in(tmp_path):
    file = tmp_path / "rules.toml"
    swept(file, COMPARE)
    (own,) = (tmp_path / "out/runs").iterdir()
    own.rename(own.with_name("0.0.1+abc"))
    _, said = swept(file, COMPARE)
    assert "4 by armfa 0.0.1+abc" in said
    assert len(stamps(tmp_path)) == 8


def test_a_unit_that_fails_is_named_and_the_others_are_in_the_table(tmp_path, capsys, monkeypatch):
    def fails(settings, unit, checkpoint):
        if unit.arguments["rule"] == "shallow":
            raise ValueError("no luck")
        return compared(settings, unit, checkpoint)

    monkeypatch.setattr("armfa.commands.compare.run", fails)
    (tmp_path / "rules.toml").write_text(COMPARE)
    assert main(["sweep", str(tmp_path / "rules.toml"), "--out", str(tmp_path / "out"), "--processes", "1"]) == 2
    assert "2 units failed" in " ".join(capsys.readouterr().out.split())
    assert len(rows_of(tmp_path / "out/results.csv")) == 2


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("compare", "watch"), "expected command out of train, learn, adapt, compare, got 'watch'"),
        (("updates", "update"), "update is not known in [settings]: did you mean updates?"),
        (("updates = 20", 'out = "x"'), "out is not known in [settings]"),
        (("grid", "gird"), "gird is not known: did you mean grid?"),
        (("updates = 20", "updates = true"), "expected updates of another kind, got True"),
        (("updates = 20", "updates = 0"), "expected --updates of at least 1"),
        (('["backprop", "shallow"]', '"backprop"'), "expected a list of values for rules in [grid], got 'backprop'"),
        (('"shallow"', '"backprop"'), "expected every point once"),
        (('"shallow"', '"shalow"'), "rules = shalow, batch_size = 1: expected rules out of"),
        (("seeds = 2", "batch_size = 4"), "expected each setting in one place, got batch_size in two of"),
        (("[grid]", "[grid"), "Expected ']'"),
        (("[grid]", "[tune]\n[grid]"), "tune = true in [settings]"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path, change, sentence):
    with pytest.raises(ValueError) as error:
        swept(tmp_path / "rules.toml", COMPARE.replace(*change))
    assert sentence in str(error.value) and not (tmp_path / "out").exists()


TUNE = """
command = "learn"
[tune]
minimize = "loss"
[tune.settings]
first_seed = 9
[tune.space]
rate = {low = 1e-4, high = 1e-1, log = true}
"""


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("first_seed", "seeds"), "expected first_seed in [tune.settings]"),
        (('minimize = "loss"', ""), "expected minimize in [tune]"),
        (('minimize = "loss"', 'minimize = "loss"\ntrials = 0'), "expected trials in [tune] as a whole number"),
        (("low = 1e-4", "low = 0.0"), "expected rate in [tune.space] as a list of values or {low = 0.1"),
        (("high = 1e-1", "top = 1e-1"), "expected rate in [tune.space] as a list of values or {low = 0.1"),
    ],
)
def test_what_is_wrong_with_a_search_is_named(tmp_path, change, sentence):
    (tmp_path / "a.toml").write_text(TUNE.replace(*change))
    with pytest.raises(ValueError) as error:
        read_plan(tmp_path / "a.toml")
    assert sentence in str(error.value)


def test_the_example_in_the_documentation_of_the_format_is_a_plan(tmp_path):
    from armfa.commands.sweeping import file

    example = str(file.__doc__).partition("\n\n")[2]
    (tmp_path / "a.toml").write_text(example)
    plan = read_plan(tmp_path / "a.toml")
    assert len(plan.points) == 8 and plan.tune is not None and plan.tune.space["controller"] == ["rnn", "gru"]


SMALL = {
    "train": {"updates": 4, "seeds": 2, "hidden": [5], "rules": "backprop"},
    "learn": {"updates": 2, "units": 4, "batch_size": 2, "duration": 0.1, "seeds": 2},
    "adapt": {"run": "li_todorov/center-out", "field": "curl", "baseline": 1, "trials": 2, "washout": 1,
              "batch_size": 2, "channel_every": 0},
    "compare": {"problem": "linear", "rules": "backprop,shallow", "updates": 4, "seeds": 2},
}  # fmt: skip


@pytest.fixture
def uncompiled(monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")


def test_every_command_of_a_sweep_is_run_and_tabled_as_its_own_units(tmp_path, uncompiled):
    for command in SWEPT:
        (tmp_path / f"{command}.toml").write_text(f'command = "{command}"\n[settings]\n' + "".join(
            f"{name} = {value!r}\n" for name, value in SMALL[command].items()))  # fmt: skip
        path = sweep(SweepFile(tmp_path / f"{command}.toml", out=tmp_path / command, processes=1),
                     Console(file=io.StringIO()))  # fmt: skip
        rows = rows_of(path)
        assert {*SWEPT[command].settings} <= set(rows[0])
        assert len(rows) == (2 if command in ("learn", "compare") else 1)


def test_points_that_mean_the_same_share_their_units():
    one, other = ({"problem": "linear", "updates": 20, **more} for more in ({}, {"tune": False}))
    assert Point.of("compare", one).sweep.name == Point.of("compare", other).sweep.name
