"""Commands that are given the file of an arm."""

import dataclasses
import json

import pytest
from rich.console import Console

from armfa.commands import learn, train
from armfa.commands.flags import at_home
from armfa.commands.learn import Learn
from armfa.commands.train import Train
from armfa.experiments.arm.controller import EXPERIMENT, problem_for
from armfa.plant import make_arm
from armfa.runs.store import fingerprint


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(dataclasses.replace(make_arm("torque"), name="my arm").to_toml(), encoding="utf-8")
    return path


def arm_of(config):
    settings = config.settings
    (unit,) = EXPERIMENT.units(settings)
    assert unit.name == "my_arm_backprop"
    return problem_for(settings.names[unit.arguments["arm"]], settings.activation).arm


def test_a_training_goes_on_with_the_arm_it_was_begun_with_whatever_becomes_of_the_file(file, tmp_path):
    expected, console = make_arm(file), Console(quiet=True)
    begun, folder = train.place_of(at_home(Train(arm=str(file), rules="backprop", out=tmp_path / "run")), console)
    file.unlink()
    again, _ = train.place_of(at_home(Train(resume=folder)), console)
    assert arm_of(begun) == arm_of(again) == expected
    first, second = (fingerprint("arm", each.settings, EXPERIMENT.units(each.settings)[0]) for each in (begun, again))
    assert first == second


def test_another_arm_is_another_run(file, tmp_path):
    begun = at_home(Train(arm=str(file), rules="backprop"))
    file.write_text(file.read_text().replace("mass = [1.4", "mass = [1.5"), encoding="utf-8")
    other = at_home(Train(arm=str(file), rules="backprop"))
    first, second = (fingerprint("arm", each.settings, EXPERIMENT.units(each.settings)[0]) for each in (begun, other))
    assert first != second


def test_a_run_that_is_asked_for_another_arm_says_with_which_it_was_begun(file, tmp_path):
    console = Console(quiet=True)
    _, folder = train.place_of(at_home(Train(arm=str(file), rules="backprop", out=tmp_path / "run")), console)
    train.place_of(at_home(Train(arm=str(file), resume=folder)), console)
    with pytest.raises(ValueError, match=r'begun with --arm \(name = "my arm", \.\.\.\) and goes on with its own'):
        train.place_of(at_home(Train(arm="lillicrap_scott", resume=folder)), console)


def test_learn_keeps_the_arm_in_its_settings(file, tmp_path):
    config, folder = learn.place_of(
        at_home(Learn(arm=str(file), activation="static", out=tmp_path / "run")), Console(quiet=True)
    )
    assert config.problem.world.arm == make_arm(file)
    assert make_arm(json.loads((folder / "settings.json").read_text())["arm"]) == make_arm(file)


def test_dynamics_that_a_file_does_not_have_are_refused_by_name(file):
    with pytest.raises(ValueError, match="arm 'my arm' has no activation dynamics"):
        Learn(arm=str(file))
    with pytest.raises(ValueError, match="my arm"):
        Train(arm=str(file), activation="first_order")
