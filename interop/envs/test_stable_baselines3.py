"""Stable-Baselines3 takes the environments as they are, and the native vector form through the adapter."""

import runpy
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO, SAC, HerReplayBuffer
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecNormalize

import armfa
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv

gym.register_envs(armfa)
IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]
DEMOS = Path(__file__).parent.parent.parent / "demos"
every_id = pytest.mark.parametrize("name", IDS)


def vector(name, n=3, **settings):
    return StableBaselinesVecEnv(gym.make_vec(name, n, autoreset_mode="SameStep", **settings))


@every_id
@pytest.mark.parametrize("goals", [False, True])
def test_its_own_checker_finds_nothing(name, goals):
    check_env(gym.make(name, goal_observation=goals).unwrapped)


@every_id
def test_physical_excitations_pass_with_the_one_warning_about_their_range(name):
    with pytest.warns(UserWarning, match="normalized Box") as caught:
        check_env(gym.make(name, action_range="excitation").unwrapped)
    assert len(caught) == 1


@every_id
def test_ppo_trains_on_the_name_alone(name):
    model = PPO("MlpPolicy", f"armfa:{name}", n_steps=32, batch_size=32, n_epochs=1, device="cpu")
    assert model.learn(64).num_timesteps == 64


@every_id
def test_hindsight_replay_trains_on_the_goal_form(name):
    env = gym.make(name, goal_observation=True, max_episode_steps=20)
    settings = {"learning_starts": 45, "batch_size": 16, "policy_kwargs": {"net_arch": [16]}, "device": "cpu"}
    model = SAC("MultiInputPolicy", env, replay_buffer_class=HerReplayBuffer, **settings)
    assert model.learn(50).num_timesteps == 50


def both(name, n=3, **settings):
    """The adapter and Stable-Baselines3's own vector of the same environments, seeded."""
    envs = vector(name, n, **settings), DummyVecEnv([lambda: gym.make(name, **settings)] * n)
    for env in envs:
        env.seed(7)
    return envs


def assert_same(one, other):
    """Dictionaries, lists and arrays of the same names and numbers."""
    if isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in other:
            assert_same(one[key], other[key])
    elif isinstance(other, list | tuple):
        for each in zip(one, other, strict=True):
            assert_same(*each)
    else:
        np.testing.assert_array_equal(one, other)


def without_clock(info):
    """An info without the wall-clock time and the rounded return that a monitor adds."""
    return {**info, "episode": info["episode"]["l"]} if "episode" in info else info


@every_id
@pytest.mark.parametrize("goals", [False, True])
@pytest.mark.parametrize("wrapper", [lambda env: env, VecMonitor], ids=["bare", "monitored"])
def test_the_adapter_gives_what_a_dummy_vec_env_gives(name, goals, wrapper):
    envs = both(name, max_episode_steps=9, goal_observation=goals)
    native, reference = (wrapper(env) for env in envs)
    assert_same(native.reset(), reference.reset())
    assert_same(native.reset_infos, reference.reset_infos)
    native.action_space.seed(0)
    for _ in range(30):
        actions = np.array([native.action_space.sample() for _ in range(3)])
        observations, rewards, dones, infos = native.step(actions)
        expected = reference.step(actions)
        assert_same((observations, dones), (expected[0], expected[2]))
        np.testing.assert_allclose(rewards, expected[1], rtol=1e-6)
        assert rewards.dtype == np.float32
        for one, other in zip(infos, expected[3], strict=True):
            assert "TimeLimit.truncated" in one
            assert_same(without_clock(one), without_clock(other))
        assert_same(envs[0].reset_infos, envs[1].reset_infos)


OPTIONS = {
    "for all": {"target": [0.1, 0.3]},
    "one per arm": [{"target": [0.1, 0.1 * i], "joint_angle": [0.5, 1.0 + 0.1 * i]} for i in range(3)],
    "of several kinds": [{"target": [0.1, 0.3]}, {}, {"joint_angle": [0.5, 1.0], "target": [0.2, 0.2]}],
    "none": None,
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_reset_options_reach_the_arms_and_are_used_once(options):
    native, reference = both("armfa/Reach-v0")
    for env in (native, reference):
        env.set_options(options)
    for _ in range(2):
        assert_same(native.reset(), reference.reset())
        assert_same(native.reset_infos, reference.reset_infos)


def test_reset_options_for_another_number_of_arms_are_refused():
    env = vector("armfa/Reach-v0", 3)
    env.set_options([{}])
    with pytest.raises(ValueError, match="for each of 3 arms, got 1"):
        env.reset()


@every_id
@pytest.mark.parametrize("goals", [False, True])
def test_ppo_trains_on_the_native_vector_environment(name, goals):
    env = VecNormalize(VecMonitor(vector(name, 4, goal_observation=goals, max_episode_steps=10)))
    policy = "MultiInputPolicy" if goals else "MlpPolicy"
    model = PPO(policy, env, n_steps=16, batch_size=32, n_epochs=1, device="cpu")
    assert model.learn(128).num_timesteps == 128
    assert len(model.ep_info_buffer) >= 4


def test_the_adapter_refuses_the_other_autoreset_modes():
    with pytest.raises(ValueError, match="SameStep"):
        StableBaselinesVecEnv(gym.make_vec("armfa/Reach-v0", 2))


def test_the_adapter_answers_for_every_arm_as_a_dummy_vec_env_does():
    native, reference = both("armfa/Reach-v0", render_mode="rgb_array", goal_observation=True)
    for env in (native, reference):
        env.reset()
    for name in ("render_mode", "observation_space", "action_space", "np_random_seed"):
        assert native.get_attr(name) == reference.get_attr(name)
        assert native.get_attr(name, [0, 2]) == reference.get_attr(name, [0, 2])
        assert native.get_attr(name, 1) == reference.get_attr(name, 1)
    assert native.render_mode == reference.render_mode
    assert native.metadata["render_fps"] == reference.metadata["render_fps"]
    assert native.has_attr("compute_reward") and not native.has_attr("no_such_thing")
    for one, other in zip(native.get_attr("np_random"), reference.get_attr("np_random"), strict=True):
        assert one.random() == other.random()
    goals = np.zeros((2, 2), np.float32)
    for indices in ([0], None):
        answers = [
            env.env_method("compute_reward", goals, goals + 0.3, [{}, {}], indices=indices)
            for env in (native, reference)
        ]
        assert_same(*answers)
    assert_same(native.env_method("render", indices=[2]), native.get_images()[2:])
    assert [image.shape for image in native.get_images()] == [(640, 640, 3)] * 3
    assert native.render().shape == reference.render().shape
    assert native.env_is_wrapped(VecMonitor) == [False] * 3
    native.set_attr("note", 5)
    assert native.get_attr("note") == [5] * 3
    with pytest.raises(ValueError, match="all 3 arms"):
        native.set_attr("note", 5, indices=[0])
    for name in ("reset", "step", "close"):
        with pytest.raises(ValueError, match=f"call {name} itself, for all arms"):
            native.env_method(name)
    for env in (native, reference):
        env.close()


@pytest.mark.parametrize("demo", ["ppo.py", "ppo_vector.py", "her.py"])
@every_id
def test_the_demonstrations_run(monkeypatch, capsys, demo, name):
    monkeypatch.setattr(sys, "argv", [demo, "--small", "--env", name])
    runpy.run_path(str(DEMOS / demo), run_name="__main__")
    assert capsys.readouterr().out


def test_learning_curves_keep_what_other_runs_wrote(monkeypatch, capsys, tmp_path):
    for algorithm in ("ppo", "sac", "her", "ppo"):
        arguments = ["--small", "--algorithm", algorithm, "--out", str(tmp_path / "curve")]
        monkeypatch.setattr(sys, "argv", ["learning_curves.py", *arguments])
        runpy.run_path(str(DEMOS / "learning_curves.py"), run_name="__main__")
    table = (tmp_path / "curve.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in table] == ["algorithm", "her", "ppo", "sac"]
    assert (tmp_path / "curve.png").exists() and capsys.readouterr().out


def test_center_out_by_three_controllers_is_a_table_and_a_film(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["center_out_compared.py", "--small", "--out", str(tmp_path)])
    runpy.run_path(str(DEMOS / "center_out_compared.py"), run_name="__main__")
    rows = (tmp_path / "center_out_compared.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["controller", "PPO", "FA", "oracle"]
    assert (tmp_path / "center_out_compared.gif").stat().st_size > 1000 and capsys.readouterr().out
