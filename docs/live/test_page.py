"""The live page end to end in a headless Chromium: `pytest -n 0 docs/live/test_page.py`.

Needs node, puppeteer-core (`npm install puppeteer-core` in the working folder) and /usr/bin/chromium, or the one that
CHROMIUM names. Not part of the other tests, since few machines have a Chromium; `test_live.py` asks the same Python
under Node. LIVE_PICTURES names a folder for screenshots.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LIVE = Path(__file__).parent


def loaded(name):
    """A file of the page as a module."""
    spec = importlib.util.spec_from_file_location(name, LIVE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What check_page.mjs saw."""
    out = tmp_path_factory.mktemp("live")
    loaded("build").build(out, LIVE.parent / "_build" / "parts")
    pictures = [folder] if (folder := os.environ.get("LIVE_PICTURES")) else []
    command = ["node", str(LIVE / "check_page.mjs"), str(out), *pictures]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: value for line in done.stdout.splitlines() for name, value in json.loads(line).items()}


@pytest.mark.parametrize(("place", "rule"), [("trained", "feedback-alignment"), ("flipped", "flipped-signs")])
def test_errors_fall_in_the_page_as_they_do_in_numpy(place, rule, seen):
    expected = loaded("lesson").trained(200, seed=1, rule=rule)
    np.testing.assert_allclose([seen[place][name] for name in expected], list(expected.values()), rtol=1e-2)


def test_the_hand_comes_to_the_mouse_within_half_a_minute(seen):
    assert seen["distance from the mouse, m"] < 0.02


def test_the_hand_comes_to_a_tap_on_a_phone(seen):
    assert seen["distance from the tap, m"] < 0.05


def test_buttons_keys_and_synapses_answer(seen):
    assert seen["synapse turned"] and seen["arrow key, m"] == pytest.approx(0.02)
    assert seen["curves"] == ["feedback-alignment", "shallow"]


def test_nothing_is_fetched_from_elsewhere_and_nothing_fails(seen):
    assert seen["hosts"] == ["127.0.0.1"] and seen["faults"] == []


def test_the_page_is_as_wide_as_a_phone(seen):
    assert seen["wider than the phone by"] == 0
