"""The body, the learner and the pictures work where there is nothing but NumPy, as in a browser."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import armfa

TEXT = """
import json, sys
sys.modules["multiprocessing"] = None  # a browser has no processes
import armfa
import numpy as np
from armfa.controllers import MLP, SGD, train
from armfa.controllers.machine import one_blas_thread
from armfa.plant.presets import PRESETS
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.rendering import arm_scene
from armfa.rendering.frames import scene_frame

problem = HandVelocityProblem(test_size=200)
network, optimizer = MLP((6, 40, 6), weight_scale=(0.05, 0.05)), SGD((6.0, 0.05))
result = train(problem, network, "feedback-alignment", optimizer, seeds=1, updates=80, batch_size=32, evaluate_every=40)
policy = armfa.load_controller("li_todorov/feedback-alignment")
arm = problem.arm
state = problem.test().loss.state
shapes = scene_frame(arm_scene(arm, type(state)(*(leaf[0] for leaf in state)), target=np.zeros(2)))
with one_blas_thread():
    pass
others = {"gymnasium", "pygame", "numba", "scipy", "matplotlib", "rich", "tyro", "pooch", "threadpoolctl"}
print(json.dumps({
    "nse": result.curve["nse"][:, 0].tolist(), "arms": len(PRESETS), "command": policy(np.zeros(6)).tolist(),
    "shapes": len(shapes), "found": sorted(others & set(sys.modules)),
}))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What a Python prints whose path has armfa, NumPy and the standard library."""
    place = tmp_path_factory.mktemp("site")
    packages = Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs"):
        if (packages / name).exists():
            (place / name).symlink_to(packages / name)
    (place / "armfa").symlink_to(Path(armfa.__file__).parent)
    run = [sys.executable, "-S", "-B", "-W", "error", "-c", TEXT]
    done = subprocess.run(run, env={"PYTHONPATH": str(place)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_else_is_imported(alone):
    assert alone["found"] == []


def test_the_network_learns(alone):
    assert alone["nse"][-1] < 0.8 * alone["nse"][0]


def test_learning_is_that_of_the_whole_package(alone, monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")  # a kernel would take longer to compile than to do without
    from armfa.controllers import MLP, SGD, one_by_one, train
    from armfa.problems.hand_velocity import HandVelocityProblem

    network, optimizer = MLP((6, 40, 6), weight_scale=(0.05, 0.05)), SGD((6.0, 0.05))
    result = train(
        HandVelocityProblem(test_size=200), network, "feedback-alignment", optimizer, seeds=1, updates=80,
        batch_size=32, evaluate_every=40, back_end=one_by_one,
    )  # fmt: skip
    np.testing.assert_allclose(alone["nse"], result.curve["nse"][:, 0], rtol=1e-4)


def test_a_controller_that_comes_with_the_package_answers(alone):
    policy = armfa.load_controller("li_todorov/feedback-alignment")
    np.testing.assert_allclose(alone["command"], policy(np.zeros(6)), rtol=1e-5)


def test_the_arm_is_drawn(alone):
    assert alone["shapes"] > 40
