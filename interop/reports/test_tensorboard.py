"""TensorBoard's logs, read by TensorBoard, beside the CSV of the same run."""

import csv

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from armfa.cli import main

TINY = {
    "train": ["--updates", "30", "--hidden", "8", "--seeds", "2", "--rules", "backprop", "--processes", "1"],
    "compare": ["--updates", "30", "--seeds", "2", "--rules", "backprop,shallow", "--processes", "1"],
    "learn": ["CenterOut", "--updates", "2", "--batch-size", "2", "--units", "4", "--no-oracle"],
}
SMALL_FILM = ["--frame-size", "64", "--frames-per-second", "1"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of a tiny run of each command that trains."""
    place = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        for name, flags in TINY.items():
            film = [] if name == "compare" else SMALL_FILM
            assert main([name, *flags, *film, "--quiet", "--tensorboard", "--out", str(place / name)]) == 0
        trials = ["--baseline", "1", "--trials", "2", "--washout", "1", "--batch-size", "2", "--channel-every", "0"]
        flags = ["--field", "curl", *trials, "--quiet", "--tensorboard", "--out", str(place / "adapt")]
        assert main(["adapt", str(place / "learn"), *flags]) == 0
    return place


def rows_of(folder):
    with (folder / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own
@pytest.mark.parametrize("name", [*TINY, "adapt"])
def test_the_logs_of_each_command_have_the_numbers_of_its_csv(folders, name):
    rows = rows_of(folders / name)
    assert list(rows[0])[:4] == ["rule", "seed", "updates", "samples"]
    for run in {f"{row['rule']}-{row['seed']}" for row in rows}:
        found = EventAccumulator(str(folders / name / "tensorboard" / run)).Reload()
        mine = [row for row in rows if f"{row['rule']}-{row['seed']}" == run]
        for tag in list(rows[0])[4:]:
            expected = [(int(row["samples"]), float(row[tag])) for row in mine if row[tag] != "nan"]
            told = [(x.step, x.value) for x in found.Scalars(tag)] if expected else []
            assert told == [(step, pytest.approx(value, rel=1e-5)) for step, value in expected]


def test_logs_that_are_written_again_are_there_once(folders, monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    logs = folders / "compare" / "tensorboard"
    before = sorted(file.parent.name for file in logs.glob("*/*"))
    assert main(["compare", "--resume", str(folders / "compare"), "--tensorboard", "--quiet"]) == 0
    assert (
        sorted(file.parent.name for file in logs.glob("*/*"))
        == before
        == ["backprop-0", "backprop-1", "shallow-0", "shallow-1"]
    )
