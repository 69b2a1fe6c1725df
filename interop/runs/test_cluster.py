"""The same units on workers of a Dask cluster: equal to what local processes make, whatever becomes of the workers."""

import io
import sys

import numpy as np
import pytest
from distributed import LocalCluster
from rich.console import Console

from armfa.commands import longer
from armfa.commands.compare import Compare, compare
from armfa.commands.sweep import SweepFile, sweep
from armfa.experiments.arm.controller import Settings as ArmSettings
from armfa.runs import Unit
from armfa.runs.job import Job
from armfa.runs.schedulers import cluster as schedulers
from armfa.runs.schedulers.cluster import Cluster
from armfa.runs.schedulers.processes import Processes
from armfa.runs.store import Continued, FileCheckpoint, read_run
from armfa.runs.sweep import run_missing, runs_of

TOY = """
import os, signal
from dataclasses import dataclass
import numpy as np

@dataclass(frozen=True)
class Settings:
    seeds: int = 1

def count(settings, unit, checkpoint):
    checkpoint.every = 0.0
    begun = int((checkpoint.load() or {"count": 0})["count"])
    for number in range(begun, 5):
        checkpoint.progress(number / 5)
        checkpoint.save(lambda: {"count": np.array(number)})
        if number == unit.arguments["dies_at"] and begun < number:
            os.kill(os.getpid(), signal.SIGKILL)
    return {"begun": np.array(begun)}

def fail(settings, unit, checkpoint):
    raise ValueError("no luck")

def meet(settings, unit, checkpoint):
    from distributed import Event
    mine, other = Event(unit.name), Event("second" if unit.name == "first" else "first")
    mine.set()
    other.wait()
    return {}

def endless(settings, unit, checkpoint):
    while True:
        checkpoint.progress(0.5)

def twice(given, settings, unit, checkpoint):
    return {"twice": 2 * given["once"]}

def give(unit):
    if unit.name == "nothing":
        raise FileNotFoundError("there is nothing to give")
    return {"once": np.arange(3)}
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A module that the workers find as this process does."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "cluster_units.py").write_text(TOY)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("ARMFA_COMPILED", "0")  # to compile kernels for a few updates would take longer
        import cluster_units  # pyright: ignore

        yield cluster_units
    del sys.modules["cluster_units"]


@pytest.fixture(scope="module")
def cluster(toy):
    """A scheduler and one worker process; others may come."""
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


@pytest.fixture(scope="module")
def address(cluster):
    return cluster.scheduler_address


def job(toy, folder, run, name="one", dies_at=9, **more):
    return Job("toy", toy.Settings(), Unit(name, {"dies_at": dies_at}, 1.0), run, folder, **more)


def errors(address, jobs):
    return {each.job.unit.name: each.error for each in Cluster(address).run(jobs, lambda job, news: None)}


def quiet():
    return Console(file=io.StringIO())


def test_a_dead_worker_is_replaced_and_its_unit_goes_on_from_its_last_state(tmp_path, toy, address):
    jobs = [job(toy, tmp_path, toy.count, "dies", dies_at=3), job(toy, tmp_path, toy.count, "lives")]
    news = []
    outcomes = list(Cluster(address).run(jobs, lambda job, share: news.append(share)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    runs = [read_run(tmp_path, "toy", toy.Settings(), job.unit) for job in jobs]
    assert [int(run.arrays["begun"]) for run in runs if run is not None] == [3, 0]
    assert any("worker died" in words for words in news if isinstance(words, str))
    assert [share for share in news if isinstance(share, Continued)] == [pytest.approx(0.6)]
    assert not list(tmp_path.glob("toy/.*"))


def test_a_unit_that_a_local_process_left_goes_on_on_a_cluster(tmp_path, toy, address):
    each = job(toy, tmp_path, toy.count, dies_at=2)
    state = FileCheckpoint(tmp_path, "toy", toy.Settings(), each.unit, every=0.0)
    state.progress(0.8)
    state.save(lambda: {"count": np.array(4)})
    assert errors(address, [each]) == {"one": None}
    run = read_run(tmp_path, "toy", toy.Settings(), each.unit)
    assert run is not None and int(run.arrays["begun"]) == 4


def test_a_worker_that_joins_late_takes_its_share(tmp_path, toy, cluster, address):
    """Each unit waits for the other, so that both have to run at once; the second worker comes when one has begun."""
    jobs = [job(toy, tmp_path, toy.meet, name) for name in ("first", "second")]
    outcomes = []
    for outcome in Cluster(address).run(jobs, lambda job, news: cluster.scale(2)):
        outcomes.append(outcome.error)
    cluster.scale(1)
    assert outcomes == [None, None]


def test_units_that_nobody_wants_any_more_end(tmp_path, toy, address):
    """The one worker is free again for others."""

    def stop(job, news):
        if news:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Cluster(address).run([job(toy, tmp_path, toy.endless)], stop))
    assert errors(address, [job(toy, tmp_path, toy.count)]) == {"one": None}


def test_a_unit_that_raises_is_named_with_its_reason(tmp_path, toy, address):
    jobs = [job(toy, tmp_path, toy.fail), job(toy, tmp_path, toy.count, "two")]
    assert errors(address, jobs) == {"one": "ValueError: no luck", "two": None}


def test_what_a_unit_is_given_is_sent_to_it(tmp_path, toy, address):
    jobs = [job(toy, tmp_path, toy.twice, name, given=toy.give) for name in ("something", "nothing")]
    told = errors(address, jobs)
    assert told == {"something": None, "nothing": "FileNotFoundError: there is nothing to give"}
    run = read_run(tmp_path, "toy", toy.Settings(), jobs[0].unit)
    assert run is not None and list(run.arrays["twice"]) == [0, 2, 4]


def test_where_no_scheduler_answers_it_is_said(monkeypatch):
    monkeypatch.setattr(schedulers, "ANSWER", 0.1)
    with pytest.raises(ConnectionError, match=r"expected a Dask scheduler at --scheduler tcp://127.0.0.1:1"):
        Cluster("tcp://127.0.0.1:1").client()


def test_workers_with_other_code_are_refused(monkeypatch, address):
    monkeypatch.setattr(schedulers, "code_version", lambda: "0.0.1+abc")
    with pytest.raises(RuntimeError, match=r"expected armfa 0.0.1\+abc on every worker"):
        Cluster(address).client()


def test_a_comparison_on_a_cluster_is_that_of_local_processes(tmp_path, address):
    config = {"problem": "linear", "rules": "backprop,feedback-alignment", "seeds": 2, "updates": 30}
    here = compare(Compare(**config, processes=1, out=tmp_path / "here"), quiet())
    there = compare(Compare(**config, scheduler=address, out=tmp_path / "there"), quiet())
    for file in ("curves.csv", "comparison.csv", "runs/comparing/backprop.npz", "settings.json"):
        assert (here / file).read_bytes() == (there / file).read_bytes()


def test_a_run_that_is_asked_for_more_goes_on_on_a_cluster_as_here(tmp_path, address):
    small = {"arms": ("li_todorov",), "rules": ("backprop",), "seeds": 1, "hidden": (5,), "points": 4}
    begun = ArmSettings(**small, updates=20)
    more = longer.LongerSettings(**small, updates=40, extended=(20,))
    ends = []
    for folder, scheduler in ((tmp_path / "here", Processes(1)), (tmp_path / "there", Cluster(address))):
        for settings in (begun, more):
            assert run_missing([longer.sweep(settings)], folder, scheduler, quiet()) == []
        ends.append(runs_of(longer.sweep(more), folder)[0].arrays)
    assert ends[0].keys() == ends[1].keys()
    for name, array in ends[0].items():
        np.testing.assert_array_equal(array, ends[1][name], strict=True)


SWEEP = """
command = "learn"
[settings]
updates = 3
units = 4
batch_size = 2
duration = 0.05
[grid]
rule = ["rflo", "backprop-through-time"]
first_seed = [0, 1]
[tune]
minimize = "loss"
trials = 3
together = 2
[tune.settings]
first_seed = 10
[tune.space]
rate = {low = 1e-3, high = 1e-1, log = true}
units = {low = 3, high = 5}
"""


def test_a_sweep_on_a_cluster_is_that_of_local_processes(tmp_path, address):
    from pyarrow import parquet

    (tmp_path / "rules.toml").write_text(SWEEP)
    tables = []
    for name, where in (("here", {"processes": 1}), ("there", {"scheduler": address})):
        path = sweep(SweepFile(tmp_path / "rules.toml", out=tmp_path / name, **where), quiet())
        tables.append(parquet.read_table(path).drop_columns(["core_seconds"]))
    assert tables[0].num_rows == 4 and tables[0].equals(tables[1])
    runs = [{path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}
            for folder in (tmp_path / "here", tmp_path / "there")]  # fmt: skip
    assert runs[0] == runs[1]
