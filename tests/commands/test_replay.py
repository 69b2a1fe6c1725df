"""`armfa watch --html` writes one page that holds all it shows."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from armfa.cli import main
from armfa.commands.replaying import preferred_directions
from armfa.commands.watch import Watch
from armfa.controllers.shipped import load_controller


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


@pytest.fixture(scope="module", params=["li_todorov/feedback-alignment", "li_todorov/center-out"])
def page(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "watch.html"
    assert main(["watch", request.param, "--html", "--seconds", "0.4", "--out", str(path)]) == 0
    return request.param, path.read_text("utf-8")


def recording(text):
    return json.loads(re.search(r'<script type="application/json" id="recording">(.*?)</script>', text, re.S)[1])


def test_the_page_holds_as_many_frames_as_were_asked_for(page):
    found = recording(page[1])
    counts = [len(found["frames"]), len(found["hand"]), *(len(muscle["percent"]) for muscle in found["muscles"])]
    assert counts == [10] * 8


def test_the_page_asks_for_nothing_from_elsewhere(page):
    assert not re.search(r"https?://|@import|<link rel=.stylesheet|<script src", page[1])
    assert "{{" not in page[1]


def test_the_scene_lies_in_its_view(page):
    found = recording(page[1])
    x, y, width = (value / found["backdrop"]["unit"] for value in found["backdrop"]["view"])
    disks = [shape for frame in found["frames"] for shape in frame if shape[0] == "c"]
    assert len(disks) >= 10 and all(abs(d[4] - x) < width / 2 and abs(d[5] - y) < width / 2 for d in disks)


def test_hidden_units_are_all_there_in_the_order_of_their_directions(page):
    name, text = page
    hidden = recording(text)["hidden"]
    policy = load_controller(name)
    units = policy.network.sizes[1] if hasattr(policy.network, "sizes") else policy.network.n
    assert len(hidden["angle"]) == units and hidden["angle"] == sorted(hidden["angle"])
    shades = np.frombuffer(base64.b64decode(hidden["rates"]), np.uint8).reshape(units, 10)
    assert (shades.max(1) - shades.min(1)).max() == 255


def test_preferred_directions_are_found_behind_an_effect_of_place():
    rng, angles = np.random.default_rng(0), np.array([-2.0, -0.5, 1.0, 3.0])
    hand = np.cumsum(rng.standard_normal((200, 2)), axis=0)
    velocity = np.gradient(hand, axis=0)
    tuned = velocity @ np.array([np.cos(angles), np.sin(angles)]) + hand @ rng.standard_normal((2, 4)) + 5.0
    np.testing.assert_allclose(preferred_directions(tuned, hand), angles, atol=1e-9)


def test_another_kind_of_file_beside_html_is_refused():
    with pytest.raises(ValueError, match="expected --out as a file that ends in"):
        Watch(html=True, out=Path("film.gif"))
