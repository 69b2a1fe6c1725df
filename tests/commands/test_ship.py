"""Trained controllers that come with the package."""

import subprocess
import sys

import numpy as np
import pytest

import armfa
from armfa.commands.following import Follower
from armfa.commands.ship import NAMES, RECURRENT, error_on_test_set, scores
from armfa.controllers.shipped import FOLDER, load_controller, score_card, shipped
from armfa.experiments.arm.reaching import REACH_TIME, center_out_distance
from armfa.tasks import center_out_targets

ROUNDED = 0.03
"""How far a score may be from that on its card, which has three digits, on another machine."""


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """To compile a kernel for each arm would take longer than to run the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def test_every_controller_that_is_made_is_shipped():
    assert shipped() == sorted(NAMES)


def test_they_take_less_than_400_kilobytes():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*.*")) < 400_000


@pytest.mark.parametrize("name", NAMES)
def test_a_card_tells_how_its_controller_was_made(name):
    card = score_card(name)
    assert card["name"] == name and card["command"].endswith(name) and card["training"]["updates"] > 1000
    assert {"armfa", "numpy"} <= card["versions"].keys() and card["seed"] == load_controller(name).about["seed"]


@pytest.mark.parametrize("name", [name for name in NAMES if name != RECURRENT])
def test_the_error_on_the_test_set_is_that_on_the_card(name):
    np.testing.assert_allclose(
        error_on_test_set(load_controller(name)), score_card(name)["scores"]["test_nse"], ROUNDED
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != RECURRENT])
def test_a_shipped_controller_moves_its_arm_as_near_to_a_target_as_its_card_says(name):
    follower = Follower(load_controller(name))
    assert follower.arm.name == name.split("/")[0]
    target = center_out_targets(follower.center, center_out_distance(follower.arm))[1]
    for _ in range(follower.steps_in(REACH_TIME)):
        follower.step(target)
    off = 1000.0 * np.hypot(*(follower.trail[-1] - target))
    assert off < (1.0 + ROUNDED) * score_card(name)["scores"]["center_out_worst_mm"]


@pytest.mark.parametrize("name", ["kalidindi2021/feedback-alignment", RECURRENT])
def test_all_scores_are_those_on_the_card(name):
    found, told = scores(load_controller(name)), score_card(name)["scores"]
    assert found.keys() == told.keys()
    np.testing.assert_allclose([*found.values()], [*told.values()], rtol=ROUNDED)


def test_a_shipped_controller_is_in_single_precision_and_says_what_it_moves():
    policy = armfa.load_controller("lillicrap_scott/backprop")
    assert policy.params[0].weight.dtype == np.float32
    assert policy.about["arm"]["name"] == "lillicrap_scott" and policy.about["dt"] == 0.002


@pytest.mark.parametrize("name", ["", "li_todorov", "li_todorov/backprop.npz", "../trained/li_todorov/backprop"])
def test_another_name_is_refused_with_those_that_there_are(name):
    with pytest.raises(ValueError, match="li_todorov/backprop, li_todorov/center-out, li_todorov/feedback-alignment"):
        armfa.load_controller(name)


def test_to_import_the_package_loads_no_controller():
    code = (
        "import sys, armfa; print([name for name in sys.modules if name.startswith('armfa.')], armfa.load_controller)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "armfa.envs.registration" in told and "armfa.controllers" not in told
