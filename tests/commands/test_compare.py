"""Rules side by side: statistics with known answers, censoring, the same curves as elsewhere, and one sentence each."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from armfa.cli import main
from armfa.commands.compare import Compare, compare, run, units
from armfa.commands.comparing import grounds
from armfa.commands.comparing.grounds import GROUNDS, ground_of
from armfa.commands.comparing.results import comparison_rows, paired
from armfa.commands.rules import Rules, show_rules
from armfa.controllers import RULES, Backprop, TrainState, stack, tree_map
from armfa.controllers.rules import WRAPPERS
from armfa.controllers.streams import streams
from armfa.experiments.alignment import linear
from armfa.experiments.arm import controller as arm
from armfa.experiments.rules import rule_of
from armfa.experiments.tuning import TuningCheckpoint, search
from armfa.reports.figures import colours
from armfa.runs.unit import NoCheckpoint, Run, Unit

RATIOS = np.array([1.1, 1.4, 0.9, 1.3, 1.2])
FIRST = np.array([1e-3, 2e-3, 5e-4, 1e-3, 3e-3])


def quiet(width=120):
    return Console(file=io.StringIO(), width=width)


def small(**changes):
    return Compare(**{"seeds": 3, "updates": 120, "processes": 1, **changes})


def run_of(nse, rule="backprop", **arrays):
    nse = np.asarray(nse, dtype=float)
    samples = np.arange(nse.shape[1]) * 100
    angle = np.full((*nse.shape, 1), 45.0)
    arguments = {"rule": rule, "seeds": list(range(len(nse)))}
    return Run(
        rule, arguments, {"samples": samples, "nse": nse, "angle": angle, "rates": np.array([0.1]), **arrays}, {}
    )


def test_the_statistics_are_the_paired_t_test_on_the_logarithm():
    found = paired(FIRST, FIRST * RATIOS)
    expected = stats.ttest_rel(np.log(FIRST * RATIOS), np.log(FIRST))
    interval = expected.confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert found.ratio == pytest.approx(stats.gmean(RATIOS))
    assert (found.low, found.high) == pytest.approx((np.exp(interval.low), np.exp(interval.high)))


def test_the_statistics_do_not_care_which_rule_is_named_first():
    there, back = paired(FIRST, FIRST * RATIOS), paired(FIRST * RATIOS, FIRST)
    assert there.p == pytest.approx(back.p)
    assert there.ratio == pytest.approx(1 / back.ratio)


def test_a_rule_does_not_differ_from_itself():
    assert paired(FIRST, FIRST) == (1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize("other", [np.array([np.nan, 1.0]), np.array([np.inf, 1.0])])
def test_where_networks_diverged_nothing_is_tested(other):
    assert paired(np.ones(2), other).p is None
    assert paired(np.ones(1), np.ones(1)).p is None


def test_censored_and_diverged_networks_are_counted():
    first = run_of([[1, 0.1, 0.001], [1, 0.1, 0.001]])
    other = run_of([[1, 0.1, 0.001], [1, 5.0, 50.0]], "shallow")
    rows = comparison_rows([first, other], 0.01)
    assert [row["reached"] for row in rows] == [2, 1]
    assert [row["diverged"] for row in rows] == [0, 1]
    assert rows[1]["samples_to_reach"] == np.inf
    assert rows[1]["nse"] == pytest.approx(0.001)
    assert np.isnan(rows[1]["p"])


def test_the_curve_on_the_arm_is_that_of_armfa_train():
    """Where both measure: before learning, and at the end."""
    train = arm.Settings(arms=("li_todorov",), rules=("feedback-alignment",), seeds=2, updates=40, points=2)
    there = arm.run(train, arm.units(train)[0], NoCheckpoint())
    settings = small(problem="hand-velocity", rules="feedback-alignment", seeds=2, updates=40).settled
    here = run(settings, units(settings)[0], NoCheckpoint())
    for place in (0, -1):
        assert here["samples"][place] == there["samples"][place]
        np.testing.assert_allclose(here["nse"][:, place], there["nse"][:, place], rtol=1e-6)
        np.testing.assert_allclose(here["angle"][:, place, 0], there["angle"][:, place], rtol=1e-4)


def test_the_curve_on_the_linear_function_is_that_of_the_experiment():
    """There the error is exact, here that of 1000 test examples."""
    there = linear.run(
        linear.Settings(seeds=2, examples=400), Unit("backprop", {"kind": "backprop", "seeds": [0, 1]}, 1.0),
        NoCheckpoint(),
    )  # fmt: skip
    settings = small(rules="backprop", seeds=2, updates=400).settled
    here = run(settings, units(settings)[0], NoCheckpoint())
    np.testing.assert_allclose(here["nse"][:, -1], there["nse"][:, -1], rtol=0.15)


def test_backprop_has_no_angle_to_itself_and_shallow_learning_has_none():
    settings = small(rules="backprop,shallow,weight-perturbation", updates=2).settled
    backprop, shallow, weights = (run(settings, unit, NoCheckpoint())["angle"] for unit in units(settings))
    np.testing.assert_allclose(backprop, 0.0, atol=1e-4)
    assert np.isnan(shallow).all()
    assert ((weights > 60) & (weights < 120)).all()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished comparison."""
    out = tmp_path_factory.mktemp("comparison") / "one"
    compare(small(rules="backprop,feedback_alignment,shallow", out=out), quiet())
    return out


def test_a_comparison_leaves_settings_curves_table_and_figure(folder):
    assert {path.name for path in folder.iterdir()} == {
        "settings.json", "curves.csv", "comparison.csv", "comparison.png", "runs",
    }  # fmt: skip
    with (folder / "comparison.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["rule"] for row in rows] == ["backprop", "feedback-alignment", "shallow"]
    assert json.loads((folder / "settings.json").read_text())["updates"] == 120
    assert (folder / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_resume_runs_only_what_is_missing_and_gives_the_same_curves(folder):
    before = (folder / "curves.csv").read_text()
    kept = (folder / "runs/comparing/backprop.json").stat().st_mtime_ns
    (folder / "runs/comparing/shallow.json").unlink()
    console = quiet()
    compare(Compare(resume=folder, processes=1), console)
    assert "1 of 1  comparing: shallow" in console.file.getvalue()
    assert (folder / "runs/comparing/backprop.json").stat().st_mtime_ns == kept
    assert (folder / "curves.csv").read_text() == before


def test_a_comparison_is_not_overwritten_by_accident(folder):
    with pytest.raises(FileExistsError, match="--resume"):
        compare(small(out=folder), quiet())


def test_the_output_says_how_rates_were_chosen_and_how_rules_were_tested(tmp_path):
    said = {}
    for name, changes in {"equal": {}, "tuned": {"tune": True, "tune_seeds": 2}}.items():
        console = quiet()
        compare(small(rules="backprop,shallow", updates=20, out=tmp_path / name, **changes), console)
        said[name] = " ".join(console.file.getvalue().split())
    assert "the same for every rule, not tuned: 0.01 0.01" in said["equal"]
    assert "each rule's own, searched on 2 other networks" in said["tuned"]
    for text in said.values():
        assert "paired t-test on log NSE" in text and "censored" in text


def test_the_search_finds_the_lowest_point_of_a_bowl_and_flees_from_where_all_diverges():
    target = (-5, 2)

    def bowl(powers):
        return sum((p - t) ** 2 for p, t in zip(powers, target)) if powers[0] < -1 else np.inf

    assert search(bowl, [(1, 1), (0, 1), (1, 0)]) == target


def test_a_search_that_was_killed_tries_nothing_twice():
    class Memory(NoCheckpoint):
        kept = None

        def load(self):
            return self.kept

        def save(self, arrays):
            self.kept = dict(arrays())

    memory, settings = Memory(), small(rules="backprop", updates=10, tune=True, tune_seeds=1).settled
    whole = run(settings, units(settings)[0], memory)
    memory.kept = {"scores": memory.kept["scores"]}
    assert TuningCheckpoint(memory, 1, 3).load() is None
    again = run(settings, units(settings)[0], memory)
    for name, array in whole.items():
        np.testing.assert_array_equal(again[name], array)


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_compared(name):
    settings = small(problem="linear", rules=name, seeds=2, updates=3).settled
    arrays = run(settings, units(settings)[0], NoCheckpoint())
    assert arrays["nse"].shape == (2, 4) and np.isfinite(arrays["nse"][:, 0]).all()
    assert type(rule_of(name, (0.1, 0.2))) is RULES[name]


def test_every_problem_can_be_learned():
    for name, ground in GROUNDS.items():
        if name in ("linear", "mnist"):
            continue
        settings = small(problem=name, rules="backprop", seeds=1, updates=max(200, ground.updates // 40)).settled
        curve = run(settings, units(settings)[0], NoCheckpoint())["nse"][0]
        assert curve[-1] < 0.999 * curve[0], name


def test_rules_have_colours_of_their_own():
    ink = colours(list(RULES))
    assert len(set(ink.values())) == len(RULES)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rules", "backprop,octopus"], "feedback-alignment"),
        (["--rules", "octopus"], "got 'octopus'"),
        (["--problem", "octopus"], "linear, deep, hand-velocity, digits, mnist"),
        (["--rules", "backprop,backprop"], "twice"),
        (["--seeds", "0"], "--seeds of at least 1"),
        (["--rates", "1", "2", "3"], "--rates"),
        (["--problem", "hand-velocity", "--rules", "direct-random-target"], "direct-random-target cannot learn"),
        (["--resume", "nowhere"], "holds no comparison"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", *arguments]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("armfa: ") and sentence in said and "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_missing_mnist_files_are_said_to_be_missing(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("ARMFA_DATA", str(tmp_path))
    monkeypatch.setattr("armfa.data._cache", lambda: tmp_path)
    assert main(["compare", "--problem", "mnist"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "train-images-idx3-ubyte" in said and "--problem digits" in said


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_of_rules_names_every_rule_in_full(width):
    console = quiet(width)
    show_rules(Rules(), console)
    lines = console.file.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    assert "…" not in console.file.getvalue()
    first = [line.split()[0] for line in lines if line.strip()]
    assert set(RULES) | set(WRAPPERS) <= set(first)
    assert Backprop.source.split()[0].rstrip(",") in console.file.getvalue()


def test_over_time_the_error_of_silent_muscles_is_one(monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")  # compiling would take longer
    ground = ground_of("CenterOut")
    params = tree_map(lambda leaf: 0 * leaf, stack([ground.network.init(np.random.default_rng(0))]))
    silent = params._replace(out=params.out._replace(bias=params.out.bias - 100.0))
    problem = replace(ground.problem(streams([0]), False), test_size=3)
    told = ground.measure(Backprop(), problem, 1, False)(TrainState(silent, (), ()))
    assert told["nse"] == pytest.approx(1.0)


def test_rules_through_time_are_compared_on_a_task_from_the_same_start(tmp_path, monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    monkeypatch.setattr(grounds, "LONGEST", 0.1)
    ground_of.cache_clear()
    rules = ("backprop-through-time", "rflo", "feedback-alignment-through-time", "kolen-pollack-through-time")
    flags = dict(rules=",".join(rules), updates=3, batch_size=2, processes=1)
    compare(Compare(problem="Reach", seeds=2, out=tmp_path / "a", **flags), quiet())
    with open(tmp_path / "a" / "curves.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    ground_of.cache_clear()
    at = {(row["rule"], row["seed"], int(row["samples"])): row["nse"] for row in rows}
    first, last = ({at[rule, "0", samples] for rule in rules} for samples in (0, 6))
    assert len(first) == 1 and len(last) == 4
