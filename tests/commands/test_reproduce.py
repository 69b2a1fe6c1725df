"""One command: it runs what is missing, repeats nothing, survives a kill, and says what failed."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from armfa.commands import reproduce as command
from armfa.commands.reproduce import Reproduce, reproduce
from armfa.experiments import registry as names
from armfa.experiments.registry import NAMES, chosen, experiment
from armfa.runs.display import say


def quiet():
    return Console(file=io.StringIO(), width=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished reproduction of two small experiments."""
    out = tmp_path_factory.mktemp("reproduction")
    reproduce(Reproduce(out=out, only="flow-field,linear", quick=True, seeds=3, processes=1), quiet())
    return out


def stamps(out):
    return {path: path.stat().st_mtime_ns for path in sorted(out.glob("runs/*/*")) if path.suffix in (".npz", ".json")}


def test_one_folder_holds_runs_tables_figures_and_one_page(folder):
    assert {path.parent.name for path in folder.glob("runs/*/*.npz")} == {"flow-field", "linear"}
    assert {path.name for path in folder.glob("tables/*")} == {"flow-field.csv", "linear.csv"}
    assert {path.name for path in folder.glob("figures/*")} == {"flow-field_flow.png", "linear_rules.png"}
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    for word in ("paper says", "we measured", "verdict", "not recovered", "chosen"):
        assert word in page


def test_each_run_says_what_made_it(folder):
    facts = json.loads((folder / "runs/linear/backprop.json").read_text())
    assert facts["arguments"] == {"kind": "backprop", "seeds": [0, 1, 2]}
    assert facts["settings"]["rate_backprop"] == 0.01
    assert facts["seconds"] > 0


def test_resume_repeats_nothing(folder):
    before = stamps(folder)
    console = quiet()
    reproduce(Reproduce(out=folder, only="flow-field,linear", quick=True, seeds=3, resume=True, processes=1), console)
    assert stamps(folder) == before
    assert " of " not in console.file.getvalue().split("holds")[0]


def test_resume_runs_only_what_is_missing(folder):
    before = stamps(folder)
    (folder / "runs/linear/backprop.json").unlink()
    reproduce(Reproduce(out=folder, only="flow-field,linear", quick=True, seeds=3, resume=True, processes=1), quiet())
    after = stamps(folder)
    assert {path.stem for path in after if after[path] != before[path]} == {"backprop"}


def test_a_repeated_run_gives_the_same_numbers(folder, tmp_path):
    reproduce(Reproduce(out=tmp_path, only="linear", quick=True, seeds=3, processes=1), quiet())
    for name in ("backprop", "node-perturbation"):
        first, second = (np.load(out / f"runs/linear/{name}.npz")["nse"] for out in (folder, tmp_path))
        np.testing.assert_array_equal(first, second)


def test_runs_are_not_overwritten_by_accident(folder):
    with pytest.raises(FileExistsError, match="--resume"):
        reproduce(Reproduce(out=folder, only="linear", quick=True, processes=1), quiet())


def test_figures_are_drawn_anew_without_running(folder, monkeypatch):
    before = stamps(folder)
    for path in folder.glob("figures/*"):
        path.unlink()
    monkeypatch.setattr(command, "run_missing", lambda *arguments, **flags: pytest.fail("something ran"))
    config = Reproduce(out=folder, only="flow-field,linear", quick=True, seeds=3, redraw=True)
    reproduce(config, quiet())
    assert len(list(folder.glob("figures/*.png"))) == 2
    assert stamps(folder) == before


def test_missing_runs_are_said_to_be_missing(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    lost = list((tmp_path / "copy").glob("runs/linear/*.json"))
    for path in lost:
        path.unlink()
    reproduce(Reproduce(out=tmp_path / "copy", redraw=True), quiet())
    assert f"{len(lost)} runs are missing" in (tmp_path / "copy" / "report.html").read_text()


@pytest.mark.parametrize("again", [{"resume": True}, {"redraw": True}], ids=repr)
def test_a_folder_is_continued_and_redrawn_with_the_settings_it_was_begun_with(folder, again):
    before, told = stamps(folder), json.loads((folder / "reproduce.json").read_text())
    report = (folder / "report.html").stat().st_size
    reproduce(Reproduce(out=folder, **again), quiet())
    assert stamps(folder) == before
    assert (folder / "report.html").stat().st_size == pytest.approx(report, rel=0.01)
    now = json.loads((folder / "reproduce.json").read_text())
    assert [now[key] for key in ("only", "quick", "seeds")] == [told[key] for key in ("only", "quick", "seeds")]


def test_flags_that_ask_a_folder_for_other_settings_are_refused(folder):
    with pytest.raises(ValueError, match="was begun with --seeds 3 and goes on"):
        reproduce(Reproduce(out=folder, seeds=5, resume=True), quiet())


@pytest.mark.parametrize("again", [{"resume": True}, {"redraw": True}], ids=repr)
def test_where_nothing_was_begun_nothing_is_continued(tmp_path, again):
    with pytest.raises(FileNotFoundError, match="holds no reproduction"):
        reproduce(Reproduce(out=tmp_path / "none", **again), quiet())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("name", "content"), [("backprop.npz", b""), ("backprop.npz", b"PK"), ("backprop.json", b"[1]")]
)
def test_a_damaged_run_is_made_again(folder, tmp_path, name, content):
    shutil.copytree(folder, tmp_path / "copy")
    whole = np.load(folder / "runs/linear/backprop.npz")["nse"]
    (tmp_path / "copy/runs/linear" / name).write_bytes(content)
    reproduce(Reproduce(out=tmp_path / "copy", resume=True, processes=1), quiet())
    np.testing.assert_array_equal(np.load(tmp_path / "copy/runs/linear/backprop.npz")["nse"], whole)


def test_a_number_of_networks_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="expected --seeds of at least 1, got 0"):
        Reproduce(seeds=0)


def test_a_unit_that_fails_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
    source = experiment("linear")
    run = source.run

    def fail_once(settings, unit, checkpoint):
        if unit.name == "backprop":
            raise ValueError("no luck")
        return run(settings, unit, checkpoint)

    monkeypatch.setattr(command, "experiment", lambda name: _with(source, run=fail_once))
    console = quiet()
    with pytest.raises(RuntimeError, match="linear/backprop"):
        reproduce(Reproduce(out=tmp_path, only="linear", quick=True, seeds=2, processes=1), console)
    assert "no luck" in console.file.getvalue()
    assert len(list(tmp_path.glob("runs/linear/*.json"))) == len(source.units(source.settings.quick())) - 1


def test_data_that_cannot_be_had_is_said_once_and_the_other_experiments_run(tmp_path, monkeypatch):
    asked = []

    def absent(url, *arguments, **settings):
        asked.append(url)
        raise ConnectionError

    monkeypatch.delenv("ARMFA_DATA", raising=False)
    monkeypatch.setattr("armfa.data._cache", lambda: tmp_path / "cache")
    monkeypatch.setattr("pooch.retrieve", absent)
    console, out = quiet(), tmp_path / "out"
    with pytest.raises(RuntimeError, match="left out for want of data: mnist, derivative"):
        reproduce(Reproduce(out=out, only="flow-field,mnist,derivative", quick=True, processes=1), console)
    assert len(asked) == len(set(asked))  # each address once, not once an experiment or a unit
    said = console.file.getvalue()
    assert said.count("train-images-idx3-ubyte") == 1 and "failed" not in said
    assert {path.parent.name for path in out.glob("runs/*/*.json")} == {"flow-field"}
    page = (out / "report.html").read_text()
    assert page.count("runs are missing") == 2
    assert (out / "claims.csv").read_text().startswith("experiment,paper says,")


def test_finished_runs_ask_for_no_data(folder, monkeypatch):
    def fetched(name):
        pytest.fail(f"asked for {name}")

    source = _with(experiment("linear"), needs=lambda settings: ("mnist",))
    monkeypatch.setattr(command, "experiment", lambda name: source if name == "linear" else experiment(name))
    monkeypatch.setattr(command, "require", fetched)
    reproduce(Reproduce(out=folder, only="linear", quick=True, seeds=3, resume=True, processes=1), quiet())


def _with(source, **changes):
    from dataclasses import replace

    return replace(source, **changes)


def _group_is_empty(group, until):
    """Whether every process of a group has ended before the time is over."""
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    os.killpg(group, signal.SIGKILL)
    return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_kill_leaves_whole_runs_and_resume_finishes_the_rest(tmp_path, how):
    """The parent is killed as soon as the first runs are on disk; its two workers then end by themselves."""
    code = (
        "from pathlib import Path\nfrom armfa.commands.reproduce import Reproduce, reproduce\n"
        "if __name__ == '__main__':\n"
        f"    reproduce(Reproduce(out=Path({str(tmp_path)!r}), only='init-scale,linear', quick=True, seeds=2))\n"
    )
    script = tmp_path / "job.py"
    script.write_text(code)
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    job = subprocess.Popen(
        [sys.executable, str(script)], env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(tmp_path.glob("runs/*/*.json")) and job.poll() is None:
        time.sleep(0.05)
    job.send_signal(how)
    job.wait()
    assert _group_is_empty(job.pid, until=time.monotonic() + 30)
    before = {path: stamp for path, stamp in stamps(tmp_path).items() if path.suffix == ".json"}
    assert before
    for path in before:
        np.load(path.with_suffix(".npz")).close()
    config = Reproduce(out=tmp_path, only="init-scale,linear", quick=True, seeds=2, resume=True, processes=1)
    reproduce(config, quiet())
    after = stamps(tmp_path)
    assert {path: after[path] for path in before} == before
    units = [source.units(source.settings.quick()) for source in map(experiment, ("init-scale", "linear"))]
    assert len([path for path in after if path.suffix == ".json"]) == sum(map(len, units))
    assert not list(tmp_path.glob("runs/*/.*.state"))


def test_names_are_checked_before_anything_runs_or_a_folder_is_looked_at(folder):
    with pytest.raises(ValueError, match="lniear"):
        reproduce(Reproduce(out=folder, only="lniear"), quiet())
    assert chosen("deep, linear") == ["linear", "deep"]
    assert list(chosen("")) == list(NAMES)


def test_every_name_finds_its_experiment():
    for name in NAMES:
        assert experiment(name).name == name
    with pytest.raises(ValueError, match="expected one of"):
        names.experiment("nothing")


def test_a_terminal_moves_in_the_further_lines_of_a_long_sentence_and_a_file_has_one():
    sentence = "     holds  " + "a claim of many words " * 3
    for terminal, lines in ((True, 3), (False, 1)):
        console = Console(file=io.StringIO(), width=40, force_terminal=terminal)
        say(console, sentence, indent=12)
        first, *further = console.file.getvalue().splitlines()
        assert len(further) == lines - 1 and first.startswith("     holds  a claim")
        assert all(line.startswith(" " * 12) and line[12] != " " and len(line) <= 40 for line in further)


def test_the_display_tells_when_it_will_end(tmp_path):
    console = quiet()
    reproduce(Reproduce(out=tmp_path, only="flow-field", quick=True, processes=1), console)
    assert re.search(r"3 of 4 .*ends \d\d:\d\d:\d\d", console.file.getvalue())


def test_a_small_reproduction_says_so_in_its_first_line_and_on_the_terminal(folder):
    console = quiet()
    page = reproduce(Reproduce(out=folder, redraw=True), console).read_text()
    words = "shorter training, smaller networks or other images than at the full scale in flow-field;"
    assert words in page.partition("<h1>")[0] and words in console.file.getvalue()
    whole = {name: experiment(name).settings() for name in NAMES}
    assert command.scale_of(whole) == ""
    paper = {name: experiment(name).settings.paper() for name in NAMES}
    assert command.scale_of(paper) == ""


def test_the_report_tells_with_which_versions_its_runs_were_made(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "runs" / "linear" / "backprop.json"
    facts = json.loads(path.read_text())
    facts["versions"]["numpy"] = "0.0.1"
    facts.pop("digest")
    path.write_text(json.dumps(facts))
    page = reproduce(Reproduce(out=tmp_path / "copy", redraw=True), quiet()).read_text()
    assert f"numpy {np.__version__}, 0.0.1" in page or f"numpy 0.0.1, {np.__version__}" in page


def test_every_claim_of_the_report_has_value_threshold_number_and_verdict_in_the_table(folder):
    reproduce(Reproduce(out=folder, redraw=True), quiet())
    with (folder / "claims.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"mean", "sd", "n", "threshold", "verdict", "P"} <= set(rows[0])
    assert all(row["threshold"] or row["verdict"] == "reported" for row in rows)


def test_a_damaged_run_is_told_of(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy/runs/linear/backprop.npz").write_bytes(b"PK")
    console = quiet()
    reproduce(Reproduce(out=tmp_path / "copy", resume=True, processes=1), console)
    assert "backprop: damaged" in console.file.getvalue()
