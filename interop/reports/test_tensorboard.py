"""TensorBoard's logs, read by TensorBoard, beside the CSV of the same run."""

import csv

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from armfa.cli import main
from armfa.commands import adapt
from armfa.controllers.training import train
from armfa.reports.curves import Curves
from armfa.runs import store

TINY = {
    "train": ["--updates", "300", "--hidden", "8", "--seeds", "1", "--rules", "backprop", "--processes", "1"],
    "compare": ["--updates", "300", "--seeds", "2", "--rules", "backprop,shallow", "--processes", "1"],
    "learn": ["CenterOut", "--updates", "5", "--batch-size", "2", "--units", "4", "--no-oracle"],
    "adapt": ["--field", "curl", "--baseline", "1", "--trials", "2", "--washout", "1", "--batch-size", "2",
              "--channel-every", "0"],
}  # fmt: skip
SMALL_FILM = ["--frame-size", "64", "--frames-per-second", "1"]
FILMED = ("train", "learn")


def command(name, place):
    """A tiny run of a command; that of `adapt` is given the controller of `learn`."""
    return [name, *([str(place / "learn")] if name == "adapt" else []), *TINY[name]]


def film(name):
    return SMALL_FILM if name in FILMED else []


@pytest.fixture(scope="module", autouse=True)
def uncompiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The folder of a tiny run of each command that trains."""
    place = tmp_path_factory.mktemp("runs")
    for name in TINY:
        flags = [*film(name), "--quiet", "--tensorboard", "--out", str(place / name)]
        assert main([*command(name, place), *flags]) == 0
    return place


def rows_of(folder):
    with (folder / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def opened(folder):
    """A reader of the logs of each network, as an open TensorBoard has them."""
    return {place.name: EventAccumulator(str(place)) for place in (folder / "tensorboard").iterdir()}


def assert_logs_are(rows, readers):
    """Every point of these rows is in the logs once, and no other."""
    assert {*readers} == {f"{row['rule']}-{row['seed']}" for row in rows}
    for run, reader in readers.items():
        reader.Reload()
        mine = [row for row in rows if f"{row['rule']}-{row['seed']}" == run]
        for tag in list(rows[0])[4:]:
            expected = [(int(row["samples"]), float(row[tag])) for row in mine if row[tag] != "nan"]
            told = [(x.step, x.value) for x in reader.Scalars(tag)] if expected else []
            assert told == [(step, pytest.approx(value, rel=1e-5)) for step, value in expected]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own
@pytest.mark.parametrize("name", TINY)
def test_the_logs_of_each_command_have_the_numbers_of_its_csv(folders, name):
    rows = rows_of(folders / name)
    assert list(rows[0])[:4] == ["rule", "seed", "updates", "samples"]
    assert_logs_are(rows, opened(folders / name))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", TINY)
def test_curves_grow_with_each_state_and_a_killed_run_goes_on_with_each_point_once(
    folders, name, monkeypatch, tmp_path
):
    for module in (train, adapt, store):
        monkeypatch.setattr(module, "SECONDS_BETWEEN_FILES", 0.0)
    grow, whole = Curves.grow, rows_of(folders / name)

    def killed(self, rows):
        grow(self, rows)
        if len(self.rows) > 0 and len(rows_of(tmp_path / "cut")) < len(whole):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Curves, "grow", killed)
        out = ["--out", str(tmp_path / "cut")]
        assert main([*command(name, folders), *film(name), "--quiet", "--tensorboard", *out]) == 130
    half = rows_of(tmp_path / "cut")
    assert 0 < len(half) < len(whole) and all(row in whole for row in half)
    assert_logs_are(half, opened(tmp_path / "cut"))
    assert main([name, "--resume", str(tmp_path / "cut"), *film(name), "--quiet", "--tensorboard"]) == 0
    assert rows_of(tmp_path / "cut") == whole
    assert_logs_are(whole, opened(tmp_path / "cut"))
