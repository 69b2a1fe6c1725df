"""`armfa watch --table`: what a controller does, in numbers."""

import csv

import numpy as np
import pytest

from armfa.cli import main


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """To compile a kernel for each arm would take longer than to run the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def test_a_follower_is_one_trial_whose_muscles_do_what_they_are_told_a_step_later(tmp_path):
    assert main(["watch", "--table", str(tmp_path / "a.csv"), "--seconds", "0.1"]) == 0
    columns = read(tmp_path / "a.csv")
    np.testing.assert_allclose(columns["time_s"], 0.01 * np.arange(11))
    for muscle in ("elbow_flexors", "biarticular_extensors"):
        found = columns[f"activation_{muscle}"][1:], columns[f"excitation_{muscle}"][:-1]
        np.testing.assert_allclose(*found, rtol=1e-7)
    assert (columns["trial"] == 0).all() and columns["force_elbow_flexors_N"][1:].min() > 0.0


def test_a_controller_of_a_task_does_trial_after_trial(tmp_path):
    file = tmp_path / "a.csv"
    assert main(["watch", "li_todorov/center-out", "--table", str(file), "--seconds", "2.1"]) == 0
    columns = read(file)
    assert [int((columns["trial"] == k).sum()) for k in range(3)] == [201, 11, 0]
    assert columns["time_s"][201] == 0.0


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--table", "a.txt"], "expected --table as a file that ends in .csv, got a.txt"),
        (["--table", "a.csv", "--out", "a.gif"], "expected --table, or --out or --html, got both"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(flags, sentence, capsys):
    assert main(["watch", *flags]) == 2
    assert sentence in " ".join(capsys.readouterr().out.split())
