"""Gymnasium's wrappers around our environments, single and native vector."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.wrappers import vector

import armfa

gym.register_envs(armfa)
IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]
ONES = np.ones(6, np.float32)  # RescaleAction makes float64 boxes of plain numbers, and warns about them


def rows_of_ones(env):
    ones = np.ones_like(env.observation_space.low)
    return -ones, ones


SINGLE = {
    "RescaleAction": lambda env: wrappers.RescaleAction(env, -ONES, ONES),
    "ClipAction": wrappers.ClipAction,
    "StickyAction": lambda env: wrappers.StickyAction(env, 0.3),
    "NormalizeObservation": wrappers.NormalizeObservation,
    "NormalizeReward": wrappers.NormalizeReward,
    "FrameStackObservation": lambda env: wrappers.FrameStackObservation(env, 3),
    "DelayObservation": lambda env: wrappers.DelayObservation(env, 2),
    "DtypeObservation": lambda env: wrappers.DtypeObservation(env, np.float32),
    "FlattenObservation": wrappers.FlattenObservation,
    "RescaleObservation": lambda env: wrappers.RescaleObservation(env, *rows_of_ones(env)),
    "RecordEpisodeStatistics": wrappers.RecordEpisodeStatistics,
    "Autoreset": wrappers.Autoreset,
    "TimeAwareObservation": wrappers.TimeAwareObservation,
}
if hasattr(wrappers, "RepeatAction"):  # since Gymnasium 1.2
    SINGLE["RepeatAction"] = lambda env: wrappers.RepeatAction(env, 2)
PICTURES = {
    "AddRenderObservation": wrappers.AddRenderObservation,
    "RenderCollection": wrappers.RenderCollection,
    "HumanRendering": wrappers.HumanRendering,
}
VECTOR = {
    "RecordEpisodeStatistics": vector.RecordEpisodeStatistics,
    "NormalizeObservation": vector.NormalizeObservation,
    "NormalizeReward": vector.NormalizeReward,
    "ClipReward": lambda env: vector.ClipReward(env, -1.0, 1.0),
    "DictInfoToList": vector.DictInfoToList,
    "RescaleAction": lambda env: vector.RescaleAction(env, -ONES, ONES),
    "ClipAction": vector.ClipAction,
    "FlattenObservation": vector.FlattenObservation,
}
every_id = pytest.mark.parametrize("name", IDS)


def run(env, n):
    """Random steps through an environment; every observation is in its space, or at least of its shape.

    (Up to Gymnasium 1.2 the vector form of NormalizeObservation itself returns float64 for a float32 space.)
    """
    env.action_space.seed(0)
    seen = [env.reset(seed=0)[0]]
    for _ in range(n):
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        seen.append(observation)
        if np.any(terminated | truncated) and isinstance(env, gym.Env):
            seen.append(env.reset()[0])
    space = env.observation_space
    assert all(x in space if isinstance(env, gym.Env) else x.shape == space.shape for x in seen)
    env.close()


@every_id
@pytest.mark.parametrize("wrapper", SINGLE)
def test_a_wrapper_runs_around_one_arm(name, wrapper):
    run(SINGLE[wrapper](gym.make(name, max_episode_steps=8)), 20)


@every_id
@pytest.mark.parametrize("wrapper", ["FilterObservation", "FlattenObservation"])
def test_a_wrapper_for_dict_observations_runs_around_a_goal_environment(name, wrapper):
    env = gym.make(name, goal_observation=True)
    inside = {"FilterObservation": lambda e: wrappers.FilterObservation(e, ["observation", "desired_goal"])}
    run(inside.get(wrapper, wrappers.FlattenObservation)(env), 5)


@every_id
@pytest.mark.parametrize("wrapper", PICTURES)
def test_a_wrapper_that_shows_runs_around_one_arm(name, wrapper):
    run(PICTURES[wrapper](gym.make(name, render_mode="rgb_array")), 3)


@every_id
def test_rgb_array_list_comes_with_make(name):
    env = gym.make(name, render_mode="rgb_array_list")
    env.reset(seed=0)
    for _ in range(3):
        env.step(np.full(6, 0.5, np.float32))
    assert [frame.shape for frame in env.render()] == [(640, 640, 3)] * 4


@every_id
@pytest.mark.parametrize("wrapper", VECTOR)
def test_a_vector_wrapper_runs_around_the_native_environment(name, wrapper):
    run(VECTOR[wrapper](gym.make_vec(name, num_envs=3, max_episode_steps=8)), 20)


@every_id
def test_episode_statistics_of_native_and_sync_environments_agree(name):
    records = []
    for mode in ("vector_entry_point", "sync"):
        env = vector.RecordEpisodeStatistics(gym.make_vec(name, 4, vectorization_mode=mode, max_episode_steps=15))
        env.action_space.seed(0)
        env.reset(seed=0)
        found = []
        for _ in range(40):
            infos = env.step(env.action_space.sample())[-1]
            if "episode" in infos:
                found.append(np.concatenate([infos["episode"]["r"], infos["episode"]["l"]]))
        records.append(np.array(found))
    assert len(records[0]) >= 2
    np.testing.assert_allclose(records[0], records[1], rtol=1e-12)
