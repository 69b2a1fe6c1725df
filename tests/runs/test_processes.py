"""Processes that die are replaced, and their units go on."""

import os
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from armfa.runs import Unit
from armfa.runs.job import Job
from armfa.runs.schedulers.processes import DEATHS, Processes
from armfa.runs.store import Continued, read_run

TOY = """
import os, signal
import numpy as np

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
"""


@dataclass(frozen=True)
class Settings:
    seeds: int = 1


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A module that the workers find as this process does."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "toy_units.py").write_text(TOY)
    import toy_units

    yield toy_units
    del sys.modules["toy_units"]


def job(folder, run, name="one", dies_at=9, always=False):
    return Job("toy", Settings(), Unit(name, {"dies_at": dies_at, "always": always}, 1.0), run, folder)


def test_a_dead_process_is_replaced_and_its_unit_goes_on_from_its_last_state(tmp_path, toy):
    jobs = [job(tmp_path, toy.count, "dies", dies_at=3), job(tmp_path, toy.count, "lives")]
    news = []
    outcomes = list(Processes(2).run(jobs, lambda job, share: news.append(share)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    runs = [read_run(tmp_path, "toy", Settings(), job.unit) for job in jobs]
    assert [int(run.arrays["begun"]) for run in runs] == [3, 0]
    assert any("SIGKILL" in words for words in news if isinstance(words, str))
    assert [share for share in news if isinstance(share, Continued)] == [pytest.approx(0.6)]
    assert not list(tmp_path.glob("toy/.*"))


def test_a_unit_that_kills_every_process_fails_and_the_others_do_not(tmp_path, toy):
    jobs = [job(tmp_path, toy.count, "kills", dies_at=0, always=True), job(tmp_path, toy.count, "lives")]
    errors = {outcome.job.unit.name: outcome.error for outcome in Processes(2).run(jobs, lambda job, share: None)}
    assert f"died {DEATHS} times" in errors["kills"] and errors["lives"] is None


def test_what_cannot_be_imported_by_a_worker_is_said(tmp_path, toy):
    jobs = [job(tmp_path, toy.fail), job(tmp_path, toy.count, "two")]
    (tmp_path / "toy_units.py").write_text("raise ImportError('not here')")
    errors = [outcome.error for outcome in Processes(2).run(jobs, lambda job, share: None)]
    assert errors == ["ImportError: not here"] * 2


@pytest.mark.parametrize("processes", [1, 2])
def test_a_unit_that_raises_is_named_with_its_reason(tmp_path, toy, processes):
    jobs = [job(tmp_path, toy.fail), job(tmp_path, toy.count, "two")]
    errors = {each.job.unit.name: each.error for each in Processes(processes).run(jobs, lambda job, share: None)}
    assert errors == {"one": "ValueError: no luck", "two": None}


def test_processes_leave_the_limits_of_threads_as_they_were(tmp_path, toy):
    before = dict(os.environ)
    list(Processes(2).run([job(tmp_path, toy.count)] * 2, lambda job, share: None))
    assert dict(os.environ) == before


def test_a_state_that_cannot_be_continued_is_begun_anew(tmp_path):
    from armfa.runs.job import attempt
    from armfa.runs.store import FileCheckpoint

    def run(settings, unit, checkpoint):
        kept = checkpoint.load()
        return {"weight": np.zeros(2) if kept is None else kept["weight"]}

    unit = Unit("one", {}, 1.0)
    FileCheckpoint(tmp_path, "toy", Settings(), unit, every=0.0).save(lambda: {"other": np.ones(2)})
    said = []
    assert attempt(Job("toy", Settings(), unit, run, tmp_path), said.append).error is None
    assert read_run(tmp_path, "toy", Settings(), unit).arrays["weight"].sum() == 0
    assert any("begun anew" in words for words in said if isinstance(words, str))
