"""Gymnasium's wrappers that need PyTorch or moviepy."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.wrappers import NumpyToTorch, RecordVideo
from gymnasium.wrappers import vector as vector_wrappers

import armfa.envs  # noqa: F401

every_id = pytest.mark.parametrize("name", ["armfa/HandVelocity-v0", "armfa/Reach-v0"])


@every_id
def test_numpy_to_torch_gives_tensors_with_the_numbers_of_the_environment(name):
    env, wrapped = gym.make(name), NumpyToTorch(gym.make(name))
    observation, _ = env.reset(seed=0)
    seen, _ = wrapped.reset(seed=0)
    for _ in range(3):
        assert isinstance(seen, torch.Tensor)
        np.testing.assert_array_equal(seen.numpy(), observation)
        observation, reward, *_ = env.step(np.full(6, 0.3, np.float32))
        seen, seen_reward, *_ = wrapped.step(torch.full((6,), 0.3))
        assert float(seen_reward) == reward


@every_id
def test_numpy_to_torch_runs_around_the_native_vector_environment(name):
    env = vector_wrappers.NumpyToTorch(gym.make_vec(name, num_envs=3))
    env.reset(seed=0)
    observation, reward, terminated, truncated, _ = env.step(torch.full((3, 6), 0.3))
    assert observation.shape == (3, env.single_observation_space.shape[0])
    assert all(isinstance(x, torch.Tensor) and len(x) == 3 for x in (reward, terminated, truncated))


@every_id
def test_record_video_writes_a_film(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # moviepy's own
        env = RecordVideo(gym.make(name, render_mode="rgb_array", max_episode_steps=5), str(tmp_path))
        env.reset(seed=0)
        for _ in range(5):
            env.step(np.full(6, 0.3, np.float32))
        env.close()
    (film,) = tmp_path.glob("*.mp4")
    assert film.stat().st_size > 1000
