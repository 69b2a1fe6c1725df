"""The live page's Python, in Pyodide under Node: it learns what NumPy learns outside of the browser."""

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

LIVE = Path(__file__).parent
sys.path.insert(0, str(LIVE))  # what is not in the package
UPDATES = 60
SAID = [
    {"do": "train", "updates": UPDATES, "seed": 1},
    {"do": "train", "updates": UPDATES, "seed": 1, "rule": "flipped-signs"},
    {"do": "start", "hidden": 40},
    {"do": "target", "place": [0.1, 0.35]},
    {"do": "slice", "now": 0.0, "share": 0.0},
    {"do": "change", "field": 13.0, "noise": 0.1, "delay": 0.05, "scale": 0.25},
    {"do": "flip", "unit": 3, "output": 2},
    {"do": "slice", "now": 0.5, "share": 0.0},
]
"""What the page could say."""


@pytest.fixture(scope="module")
def lesson():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield import_module("lesson")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What lesson.py answers in Pyodide."""
    out = tmp_path_factory.mktemp("live")
    import_module("build").build(out, Path(os.environ.get("ARMFA_LIVE_PARTS", LIVE.parent / "_build" / "parts")))
    command = [shutil.which("node"), str(LIVE / "check.mjs"), str(out), *map(json.dumps, SAID)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("place", "rule"), [(0, "feedback-alignment"), (1, "flipped-signs")])
def test_errors_fall_in_the_browser_as_they_do_in_numpy(place, rule, answers, lesson):
    expected, found = lesson.trained(UPDATES, seed=1, rule=rule), answers[place]["trained"]
    np.testing.assert_allclose([found[name] for name in expected], list(expected.values()), rtol=1e-3)


def test_feedback_alignment_learns_and_flipped_signs_do_not(answers):
    fall = [answers[place]["trained"]["before"] / answers[place]["trained"]["after"] for place in (0, 1)]
    assert fall[0] > 1.5 > 1.2 > fall[1]


def test_the_arm_is_drawn_while_it_learns(answers):
    first, last = answers[4], answers[7]
    assert len(first["scene"]) > 40
    assert last["updates"] > first["updates"] > 0


def test_a_clicked_synapse_is_turned(answers):
    before, after = np.array(answers[4]["feedback"]), np.array(answers[7]["feedback"])
    turned = np.argwhere(np.sign(before) * np.sign(after) < 0)
    assert turned.tolist() == [[3, 2]]
