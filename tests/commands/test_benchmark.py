"""`armfa benchmark`: what is done is not done twice, one's own rule enters, and one sentence for what cannot be."""

import csv
import io
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from armfa.cli import main
from armfa.commands.benchmark import Benchmark, Plan, benchmark, settled
from armfa.experiments.motor_rules.check import Compared
from armfa.experiments.motor_rules.protocol import Protocol
from armfa.runs.store import write_run
from armfa.runs.sweep import runs_of

RULE = '''"""A rule of one's own."""

from armfa.controllers import LearningRule


class Mine(LearningRule):
    """Random feedback, written anew."""

    looks_at = ("error", "own feedback weights")

    def init(self, params, rng):
        return rng.uniform(-0.5, 0.5, params[1].weight.shape[-2:]).astype(params[1].weight.dtype)

    def deltas(self, network, params, trace, loss, state, rng):
        output = network.weigh(1, loss.error(trace.output), trace)
        return [network.weigh(0, output @ state, trace), output], state


class Asking(Mine):
    """A rule that cannot be made as it is."""

    def __init__(self, gain):
        self.gain = gain
'''

TINY = replace(
    Protocol.small(), seeds=2, tries=2, tuning_updates=40, long_updates=40, updates=20, online_samples=(20, 30, 40),
    adaptation_trials=(8, 8, 2, 2), retention_trials=(8, 8), test_samples=200,
)  # fmt: skip


def quiet():
    return Console(file=io.StringIO(), width=200)


def said(console):
    """What was printed on a quiet console."""
    file: Any = console.file
    return file.getvalue()


def stamps(out):
    return {path: path.stat().st_mtime_ns for path in sorted(out.glob("runs/*/*.json"))}


@pytest.fixture(scope="module", autouse=True)
def _tiny():
    """`--quick` is quicker still."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Protocol, "small", classmethod(lambda cls: TINY))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished board of one id, with a rule of one's own."""
    place = tmp_path_factory.mktemp("benchmark")
    (place / "mine.py").write_text(RULE)
    own = (f"{place / 'mine.py'}:Mine",)
    benchmark(Benchmark(out=place / "one", rules="backprop", rule=own, ids="velocity/0", quick=True, processes=1),
              quiet())  # fmt: skip
    return place / "one"


def test_a_board_has_page_tables_and_runs_and_one_s_own_rule_is_on_it(folder):
    there = {path.name for path in folder.iterdir()}
    assert {"README.md", "board.csv", "raw.csv", "tuning.csv", "benchmark.json", "runs"} <= there
    with (folder / "board.csv").open(newline="") as file:
        rows = {row["rule"]: row for row in csv.DictReader(file)}
    anchors = {"backprop", "feedback-alignment", "shallow-own-start", "sign-flipped-feedback"}
    assert set(rows) == {"Mine", *anchors}
    assert rows["Mine"]["sees"] == "own fixed feedback"
    page = (folder / "README.md").read_text()
    assert "A quick board" in page and "0 of 1 ids count" in page


def test_the_cost_of_the_search_is_counted_in_samples(folder):
    with (folder / "board.csv").open(newline="") as file:
        assert {row["samples_tuned"] for row in csv.DictReader(file)} == {str(2 * 1 * 40 * 16)}


def test_resume_does_nothing_twice_and_more_ids_come_to_those_there_are(folder):
    before, page = stamps(folder), (folder / "README.md").read_text()
    benchmark(Benchmark(out=folder, resume=True, processes=1), quiet())
    assert stamps(folder) == before
    assert (folder / "README.md").read_text() == page
    (folder / "runs/learning/velocity-0_own_Mine.json").unlink()
    console = quiet()
    benchmark(Benchmark(out=folder, ids="curl/0", resume=True, processes=1), console)
    after = stamps(folder)
    changed = {path.parent.name + "/" + path.stem for path in after if after[path] != before.get(path)}
    rules = ("backprop", "feedback-alignment", "shallow-own-start", "sign-flipped-feedback", "Mine")
    assert changed == {"learning/velocity-0_own_Mine", *(f"moving/curl-0_{rule}" for rule in rules)}
    assert "0 of 2 ids count" in said(console)
    assert "adaptation index" in (folder / "README.md").read_text()


def test_redraw_runs_nothing(folder):
    before = stamps(folder)
    (folder / "board.csv").unlink()
    benchmark(Benchmark(out=folder, redraw=True), quiet())
    assert (folder / "board.csv").exists() and stamps(folder) == before


def test_a_board_is_run_again_and_agrees_bit_for_bit_and_nothing_is_written(folder):
    before, console = stamps(folder), quiet()
    benchmark(Benchmark(check=folder, ids="velocity/0", processes=1), console)
    assert stamps(folder) == before
    told = said(console)
    assert told.count("bit for bit") == 10 and "10 results agree" in told


def test_a_board_whose_runs_are_not_what_they_would_be_again_is_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "board")
    plan = Plan.of(settled(Benchmark(out=tmp_path / "board", resume=True)))
    sweep = plan.learning()[0]
    place = next(number for number, unit in enumerate(sweep.units) if unit.name == "velocity-0_own_Mine")
    run = runs_of(sweep, plan.folder)[place]
    better = {**run.arrays, "nse": 0.9 * run.arrays["nse"]}
    write_run(plan.folder, "learning", sweep.settings, sweep.units[place], better, 1.0)
    console = quiet()
    with pytest.raises(RuntimeError, match=r"is not what its runs say: Mine on velocity/0$"):
        benchmark(Benchmark(check=tmp_path / "board", ids="velocity/0", processes=1), console)
    assert "DIFFERS  velocity/0, Mine, own rates: 1.111 times the submitted mean" in said(console)


@pytest.mark.parametrize(
    ("again", "agrees"),
    [([1.0, 2.0, 4.0], True), ([1.04, 2.08, 4.16], True), ([1.06, 2.12, 4.24], False), ([1.0, 2.0, np.nan], False)],
)
def test_results_agree_within_five_percent_and_with_as_many_networks(again, agrees):
    assert Compared("velocity/0", "Mine", "own", np.array([1.0, 2.0, 4.0]), np.array(again)).agrees == agrees


def test_the_end_is_foretold_by_tag_before_it_starts(tmp_path, monkeypatch):
    def stop(*about):
        raise KeyboardInterrupt

    monkeypatch.setattr("armfa.commands.benchmark.run_missing", stop)
    console = quiet()
    with pytest.raises(KeyboardInterrupt):
        benchmark(Benchmark(out=tmp_path, rules="backprop", ids="basic,depth/0", quick=True), console)
    told = said(console)
    assert "motor rules, v1: about" in told and "basic" in told and "depth" in told
    assert f"armfa benchmark --resume --out {tmp_path}" in told


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--ids", "speed"], "expected --ids out of the tags basic, data, body"),
        (["--rules", "hebb"], "expected rules out of backprop"),
        (["--rules", "backprop,backprop"], "expected every rule once"),
        (["--rule", "backprop"], "expected --rule as file.py:Rule"),
        (["--rule", "nowhere.py:Mine"], "there is no nowhere.py"),
        (["--rules", "direct-random-target"], "direct-random-target cannot learn velocity/0"),
        (["--resume"], "holds no benchmark"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, monkeypatch, capsys, flags, words):
    monkeypatch.chdir(tmp_path)
    assert main(["benchmark", "--quick", "--out", "new", *flags]) == 2
    assert words in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "new").exists()


def test_a_rule_with_a_setting_that_has_no_default_is_one_sentence(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(RULE)
    flags = ["--rule", f"{tmp_path / 'mine.py'}:Asking", "--rules", "backprop", "--ids", "velocity/0"]
    assert main(["benchmark", "--quick", "--out", str(tmp_path / "new"), *flags]) == 2
    assert "Asking cannot be made without settings" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("seeds", "words"), [(0, "of at least 1"), (101, "of at most 100")])
def test_seeds_are_at_least_one_and_below_those_of_the_search(seeds, words):
    with pytest.raises(ValueError, match=f"expected --seeds {words}"):
        Benchmark(seeds=seeds)


def test_a_folder_is_not_overwritten_and_keeps_its_size(folder):
    with pytest.raises(FileExistsError, match="--resume"):
        benchmark(Benchmark(out=folder, quick=True), quiet())
    with pytest.raises(ValueError, match="leave --seeds out"):
        benchmark(Benchmark(out=folder, resume=True, seeds=5), quiet())
