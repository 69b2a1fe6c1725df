"""The same units on workers of a Dask cluster: equal to what local processes make, whatever becomes of the workers."""

import sys

import pytest

from armfa.runs import Unit
from armfa.runs.job import Job
from armfa.runs.schedulers.cluster import Cluster
from armfa.runs.store import Continued, read_run

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
        if number == unit.arguments["dies_at"] and (begun < number or unit.arguments["always"]):
            os.kill(os.getpid(), signal.SIGKILL)
    return {"begun": np.array(begun)}

def fail(settings, unit, checkpoint):
    raise ValueError("no luck")

def wait(settings, unit, checkpoint):
    from distributed import Event
    event = Event("the other one has begun")
    event.set() if unit.arguments["sets"] else event.wait()
    return {"waited": np.array(not unit.arguments["sets"])}

def twice(given, settings, unit, checkpoint):
    return {"twice": 2 * given["once"]}

def give(unit):
    return {"once": np.arange(unit.arguments["count"])}
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A module that the workers find as this process does."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "cluster_units.py").write_text(TOY)
    sys.path.insert(0, str(folder))
    import cluster_units

    yield cluster_units
    sys.path.remove(str(folder))
    del sys.modules["cluster_units"]


@pytest.fixture(scope="module")
def cluster(toy):
    """A scheduler and one worker process; others may come."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


def job(toy, folder, run, name="one", dies_at=9, always=False, **more):
    return Job("toy", toy.Settings(), Unit(name, {"dies_at": dies_at, "always": always}, 1.0), run, folder, **more)


def test_a_dead_worker_is_replaced_and_its_unit_goes_on_from_its_last_state(tmp_path, toy, cluster):
    jobs = [job(toy, tmp_path, toy.count, "dies", dies_at=3), job(toy, tmp_path, toy.count, "lives")]
    news = []
    outcomes = list(Cluster(cluster.scheduler_address).run(jobs, lambda job, share: news.append(share)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    runs = [read_run(tmp_path, "toy", toy.Settings(), job.unit) for job in jobs]
    assert [int(run.arrays["begun"]) for run in runs] == [3, 0]
    assert any("worker died" in words for words in news if isinstance(words, str))
    assert [share for share in news if isinstance(share, Continued)] == [pytest.approx(0.6)]
    assert not list(tmp_path.glob("toy/.*"))
