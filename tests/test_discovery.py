"""What a user finds by asking Python."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import armfa

PARTS = ["controllers", "data", "envs", "experiments", "plant", "problems", "rendering", "tasks", "world"]


def test_every_part_is_there_after_importing_the_package_and_listed():
    code = f"import armfa; print([getattr(armfa, part).__name__ for part in {PARTS}], set({PARTS}) <= set(dir(armfa)))"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == f"{[f'armfa.{part}' for part in PARTS]} True".split()


def test_what_is_no_part_is_refused_with_the_parts():
    with pytest.raises(AttributeError, match=r"no attribute 'plants'; its parts are .*plant.*tasks"):
        armfa.plants  # noqa: B018


@pytest.mark.parametrize(
    ("part", "names"),
    {
        "plant": ["make_arm", "PRESETS", "rest_state", "Simulator", "inside"],
        "tasks": ["Task", "Reach", "HandVelocity"],
        "world": ["World", "rollout"],
        "problems": ["HandVelocityProblem", "digits", "regression"],
        "rendering": ["arm_scene", "draw_frame", "Window"],
        "envs": ["ReachEnv", "ArmVectorEnv", "open_door"],
        "controllers": ["train", "MLP", "FeedbackAlignment", "load_policy"],
        "data": ["mnist", "Digits", "Images"],
    }.items(),
)
def test_a_part_lists_what_its_user_needs(part, names):
    module = importlib.import_module(f"armfa.{part}")
    assert set(names) <= set(dir(module))
    assert all(hasattr(module, name) for name in [*names, *getattr(module, "__all__", [])])


def test_the_citation_names_the_version_and_licence_of_the_package():
    root = Path(__file__).parent.parent
    citation = dict(line.split(": ", 1) for line in (root / "CITATION.cff").read_text().splitlines() if ": " in line)
    assert citation["version"] == armfa.__version__
    assert citation["license"] == tomllib.loads((root / "pyproject.toml").read_text())["project"]["license"]
