"""The live page end to end in a headless Chromium: `pytest -n 0 docs/live/test_page.py`.

Needs node, puppeteer-core (`npm install puppeteer-core` in the working folder) and /usr/bin/chromium, or the one that
CHROMIUM names. Not part of the other tests, since few machines have a Chromium; `test_live.py` asks the same Python
under Node. LIVE_PICTURES names a folder for screenshots.
"""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

LIVE = Path(__file__).parent
sys.path.insert(0, str(LIVE))  # what is not in the package


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What check_page.mjs saw."""
    out = tmp_path_factory.mktemp("live")
    import_module("build").build(out, LIVE.parent / "_build" / "parts")
    pictures = [folder] if (folder := os.environ.get("LIVE_PICTURES")) else []
    command = ["node", str(LIVE / "check_page.mjs"), str(out), *pictures]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: value for line in done.stdout.splitlines() for name, value in json.loads(line).items()}


@pytest.mark.parametrize(("place", "rule"), [("trained", "feedback-alignment"), ("flipped", "flipped-signs")])
def test_errors_fall_in_the_page_as_they_do_in_numpy(place, rule, seen):
    expected = import_module("lesson").trained(200, seed=1, rule=rule)
    np.testing.assert_allclose([seen[place][name] for name in expected], list(expected.values()), rtol=1e-2)


def test_the_hand_comes_to_the_mouse_and_to_a_tap(seen):
    assert seen["at the mouse, s"] > 0 and seen["at the tap, s"] > 0


def test_buttons_keys_and_synapses_answer(seen):
    assert seen["synapse turned"] and seen["arrow key, m"] == pytest.approx(0.02)
    assert seen["curves"] == ["feedback-alignment", "shallow"]


def test_nothing_is_fetched_from_elsewhere_and_nothing_fails(seen):
    assert seen["hosts"] == ["127.0.0.1"] and seen["faults"] == []


def test_the_page_is_as_wide_as_a_phone(seen):
    assert seen["wider than the phone by"] == 0
