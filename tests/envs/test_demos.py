"""The demonstrations run, at small size."""

import runpy
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
from matplotlib import image

DEMOS = Path(__file__).parent.parent.parent / "demos"


def run(monkeypatch, name, *arguments):
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    return runpy.run_path(str(DEMOS / name), run_name="__main__")


def test_step_and_render_writes_a_picture(monkeypatch, tmp_path):
    file = tmp_path / "arm.png"
    run(monkeypatch, "step_and_render.py", "--steps", "30", "--save", str(file), "--env", "armfa/HandVelocity-v0")
    assert image.imread(file).shape == (640, 640, 4)


def test_a_task_of_ones_own_has_a_flying_target_in_both_forms(monkeypatch, capsys):
    try:
        run(monkeypatch, "own_task.py", "--small")
        assert "targets: 64, flying at 0.40 m/s" in capsys.readouterr().out
        many = gym.make_vec("demo/Catch-v0", num_envs=3)
        single = gym.make("demo/Catch-v0")
        together, _ = many.reset(seed=5)
        np.testing.assert_array_equal(together, [single.reset(seed=5 + i)[0] for i in range(3)])
    finally:
        gym.registry.pop("demo/Catch-v0", None)
