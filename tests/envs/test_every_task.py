"""Every task as an environment: the contract, one arm and many, and its page."""

import dataclasses
import inspect
import re

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import armfa
from armfa.envs import environments
from armfa.envs.registration import LIMITS
from armfa.tasks import TASKS

gym.register_envs(armfa)
every_task = pytest.mark.parametrize("name", TASKS)
SECTIONS = ("Action space", "Observation space", "Reward", "Start", "Episode end", "Info", "Arguments")


def test_every_task_is_registered_with_its_own_time_limit():
    assert {name: round(task.episode_time / 0.01) for name, task in TASKS.items()} == LIMITS
    for name, limit in LIMITS.items():
        spec = gym.spec(f"armfa/{name}-v0")
        assert spec.max_episode_steps == limit == getattr(environments, f"{name}VectorEnv").default_limit


@pytest.mark.usefixtures("plain")
@every_task
@pytest.mark.parametrize("settings", [{}, {"activation": "first_order", "arm": "lillicrap_scott"}], ids=repr)
def test_gymnasium_finds_nothing_to_complain_about(name, settings):
    check_env(gym.make(f"armfa/{name}-v0", **settings).unwrapped)  # warnings are errors here


@every_task
def test_many_arms_equal_single_ones_to_the_last_bit(name):
    """Compiled; with episodes that end at different times, and random actions under which all stays finite."""
    native = gym.make_vec(f"armfa/{name}-v0", 3, max_episode_steps=33, autoreset_mode="SameStep")
    single = [lambda: gym.make(f"armfa/{name}-v0", max_episode_steps=33)] * 3
    reference = SyncVectorEnv(single, autoreset_mode=AutoresetMode.SAME_STEP)
    native.action_space.seed(0)
    found, expected = native.reset(seed=3), reference.reset(seed=3)
    assert data_equivalence(found, expected, exact=True)
    for _ in range(70):
        actions = native.action_space.sample()
        found, expected = native.step(actions), reference.step(actions)
        assert data_equivalence(found[:4], expected[:4], exact=True)
        assert set(found[4]) == set(expected[4])
        for key, value in expected[4].items():
            if key not in ("final_obs", "final_info"):
                np.testing.assert_array_equal(found[4][key], value)
                assert found[4][key].dtype == value.dtype
        assert found[0] in native.observation_space and np.isfinite(found[0]).all()


@every_task
def test_compiled_steps_are_those_of_the_source(name, monkeypatch):
    compiled = gym.make(f"armfa/{name}-v0", observation="si")
    seen = [compiled.reset(seed=1)[0]]
    actions = np.random.default_rng(0).uniform(-1.0, 0.0, (40, 6)).astype(np.float32)
    seen += [compiled.step(action)[0] for action in actions]
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    plain = gym.make(f"armfa/{name}-v0", observation="si")
    expected = [plain.reset(seed=1)[0]] + [plain.step(action)[0] for action in actions]
    np.testing.assert_allclose(seen, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("plain")
@every_task
def test_the_page_of_a_task_says_what_its_environment_does(name):
    task, env = TASKS[name], gym.make(f"armfa/{name}-v0")
    page = inspect.getdoc(type(env.unwrapped))
    assert all(f"## {section}" in page for section in SECTIONS)
    (size,) = env.observation_space.shape
    assert f"Box float32 ({size},)" in page
    assert f"{env.spec.max_episode_steps} steps" in page
    arguments = page.partition("## Arguments")[2]
    assert {field.name for field in dataclasses.fields(task)} <= set(re.findall(r"`(\w+)`", arguments))
    info = page.partition("## Info")[2].partition("##")[0]
    assert set(env.reset(seed=0)[1]) == set(re.findall(r'"(\w+)"', info))


@pytest.mark.usefixtures("plain")
@every_task
def test_every_task_can_be_seen(name):
    env = gym.make(f"armfa/{name}-v0", render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    for _ in range(10):
        env.step(env.action_space.high)
    assert before.shape == env.render().shape == (640, 640, 3)
    assert (before != env.render()).any()


@pytest.mark.usefixtures("plain")
def test_goals_that_change_cannot_be_relabelled():
    for name, task in TASKS.items():
        if task.fixed_goal:
            check_env(gym.make(f"armfa/{name}-v0", goal_observation=True).unwrapped)
        else:
            with pytest.raises(ValueError, match="no goal_observation"):
                gym.make(f"armfa/{name}-v0", goal_observation=True)


@pytest.mark.usefixtures("plain")
def test_a_task_with_several_goals_refuses_one_target():
    with pytest.raises(ValueError, match="ViaPoint has several goals"):
        gym.make("armfa/ViaPoint-v0").reset(options={"target": [0.1, 0.4]})
