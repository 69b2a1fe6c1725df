"""The demonstrations that put the plant into another library's training loop."""

import runpy
from pathlib import Path

DEMOS = Path(__file__).parent.parent.parent / "demos"


def test_gradients_through_the_plant_teach_a_torch_network_to_reach():
    main = runpy.run_path(str(DEMOS / "plant_in_torch.py"))["main"]
    assert main(updates=12) < 0.2


def test_gradients_through_the_plant_find_a_reach_in_jax():
    main = runpy.run_path(str(DEMOS / "plant_in_jax.py"))["main"]
    assert main(updates=40) < 60.0


def test_the_gradient_of_the_return_teaches_a_policy_through_the_functional_environment():
    main = runpy.run_path(str(DEMOS / "functional_jax.py"))["main"]
    first, last = main(updates=30, arms=16, steps=20)
    assert last > first + 0.02  # 0.065 when this was written
