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
    check_env(gym.make(name, action_range="symmetric", goal_observation=goals).unwrapped)


@every_id
def test_physical_excitations_pass_with_the_one_warning_about_their_range(name):
    with pytest.warns(UserWarning, match="normalized Box") as caught:
        check_env(gym.make(name).unwrapped)
    assert len(caught) == 1


@every_id
def test_ppo_trains_on_the_name_alone(name):
    model = PPO("MlpPolicy", f"armfa:{name}", n_steps=32, batch_size=32, n_epochs=1, device="cpu")
    assert model.learn(64).num_timesteps == 64


@every_id
def test_hindsight_replay_trains_on_the_goal_form(name):
    env = gym.make(name, goal_observation=True, action_range="symmetric", max_episode_steps=20)
    settings = {"learning_starts": 45, "batch_size": 16, "policy_kwargs": {"net_arch": [16]}, "device": "cpu"}
    model = SAC("MultiInputPolicy", env, replay_buffer_class=HerReplayBuffer, **settings)
    assert model.learn(50).num_timesteps == 50


@every_id
def test_the_adapter_gives_what_a_dummy_vec_env_gives(name):
    settings = {"action_range": "symmetric", "max_episode_steps": 9}
    native, reference = vector(name, **settings), DummyVecEnv([lambda: gym.make(name, **settings)] * 3)
    for env in (native, reference):
        env.seed(7)
    np.testing.assert_array_equal(native.reset(), reference.reset())
    native.action_space.seed(0)
    for _ in range(30):
        actions = np.array([native.action_space.sample() for _ in range(3)])
        got, expected = native.step(actions), reference.step(actions)
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-6)
        np.testing.assert_array_equal(got[2], expected[2])
        for one, other in zip(got[3], expected[3], strict=True):
            assert one.keys() - {"TimeLimit.truncated"} == other.keys() - {"TimeLimit.truncated"}
            assert one.get("TimeLimit.truncated", False) == other.get("TimeLimit.truncated", False)
            for key in one.keys() - {"TimeLimit.truncated"}:
                np.testing.assert_array_equal(one[key], other[key])


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


def test_the_adapter_answers_for_every_arm():
    env = vector("armfa/Reach-v0", 3, render_mode="rgb_array", goal_observation=True)
    env.reset()
    assert env.get_attr("num_envs") == [3, 3, 3]
    assert env.get_attr("render_mode", [0, 2]) == ["rgb_array"] * 2
    assert [image.shape for image in env.get_images()] == [(640, 640, 3)] * 3
    assert env.env_is_wrapped(gym.Wrapper) == [False] * 3
    goals = np.zeros((2, 2), np.float32)
    assert env.env_method("compute_reward", goals, goals + 0.3, [{}, {}], indices=[0])[0].shape == (2,)
    env.set_attr("note", 5)
    assert env.get_attr("note") == [5] * 3
    with pytest.raises(ValueError, match="all 3 arms"):
        env.set_attr("note", 5, indices=[0])
    env.close()


@pytest.mark.parametrize("demo", ["ppo.py", "ppo_vector.py"])
@every_id
def test_the_demonstrations_run(monkeypatch, capsys, demo, name):
    monkeypatch.setattr(sys, "argv", [demo, "--small", "--env", name])
    runpy.run_path(str(DEMOS / demo), run_name="__main__")
    assert capsys.readouterr().out
