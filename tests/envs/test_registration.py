"""How Gymnasium finds the environments, and that a user who only imports armfa pays little for it."""

import dataclasses
import json
import subprocess
import sys

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

import armfa
from armfa.envs import register_environments
from armfa.plant import make_arm
from armfa.plant.description import described

IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]


@pytest.mark.parametrize("name", IDS)
def test_the_module_prefix_imports_the_package(name):
    code = f"import gymnasium as gym; print(gym.make('armfa:{name}').spec.id)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == name


def test_registering_again_is_silent():
    before = dict(gym.registry)
    register_environments()
    gym.register_envs(armfa)
    assert gym.registry == before


@pytest.mark.parametrize("name", IDS)
def test_a_spec_survives_json_and_pickle_and_makes_the_same_environment(name):
    spec = gym.make(name, arm="lillicrap_scott", dt=0.005, action_range="symmetric").spec
    text = spec.to_json()
    assert json.loads(text)["kwargs"]["dt"] == 0.005
    again = gym.make(EnvSpec.from_json(text))
    assert again.unwrapped.world == gym.make(spec).unwrapped.world
    assert again.unwrapped.world.arm.name == "lillicrap_scott"


def test_an_arm_of_ones_own_travels_in_a_spec_as_its_description():
    arm = dataclasses.replace(make_arm("lillicrap_scott", activation="first_order"), name="mine", max_force=(90.0,) * 6)
    spec = gym.make("armfa/Reach-v0", arm=described(arm)).spec
    assert gym.make(EnvSpec.from_json(spec.to_json())).unwrapped.world.arm == arm


def test_import_armfa_loads_neither_plant_nor_drawing_and_the_environments_no_compiler():
    code = (
        "import sys, armfa; heavy = ('armfa.plant', 'pygame', 'scipy', 'matplotlib', 'numba')\n"
        "print([m for m in heavy if m in sys.modules])\n"
        "import armfa.envs.environments\n"
        "print([m for m in heavy[1:] if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["[]", "[]"]


def test_a_typo_gets_a_hint():
    with pytest.raises(gym.error.NameNotFound, match="Reach"):
        gym.make("armfa/Reech-v0")


def test_every_name_the_package_offers_is_there():
    for name in armfa.envs.__all__:
        assert getattr(armfa.envs, name).__doc__
    with pytest.raises(AttributeError, match="octopus"):
        _ = armfa.envs.octopus
