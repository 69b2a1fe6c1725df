"""What Gymnasium asks of its own environments in tests/envs and tests/vector, asked of every id of this package."""

import copy
import itertools
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker, TimeLimit
from gymnasium.wrappers import vector as vector_wrappers

import armfa

gym.register_envs(armfa)
IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]  # one per kind of goal
FORMS = ["sync", "vector_entry_point"]
SETTINGS = [{}, {"observation": "si", "action_range": "excitation"}, {"goal_observation": True}]
every_id = pytest.mark.parametrize("name", IDS)
every_setting = pytest.mark.parametrize("settings", SETTINGS, ids=repr)


def rollout(env, n=60, seed=1, reset=True):
    """All that comes back from n steps of random actions; single environments are reset where they end."""
    env.action_space.seed(seed)
    record = [env.reset(seed=seed)] if reset else []
    for _ in range(n):
        record.append(env.step(env.action_space.sample()))
        if record[-1][2] is True or record[-1][3] is True:
            record.append(env.reset())
    return record


def test_every_task_is_registered_for_one_arm_and_for_many():
    names = [name for name in gym.registry if name.startswith("armfa/")]
    assert set(IDS) < set(names)
    for name in names:
        spec = gym.spec(name)
        assert spec.entry_point and spec.vector_entry_point and not spec.nondeterministic
        assert spec.max_episode_steps > 0


@every_id
@every_setting
def test_the_environment_checker_has_no_word_to_say(name, settings):
    check_env(gym.make(name, disable_env_checker=True, **settings).unwrapped)  # warnings are errors here


@every_id
@every_setting
def test_the_passive_checker_watches_a_whole_episode_in_silence(name, settings):
    env = gym.make(name, **settings)
    layers = [type(layer) for layer in (env, env.env, env.env.env)]
    assert layers == [TimeLimit, OrderEnforcing, PassiveEnvChecker]
    rollout(env, 210)


@every_id
def test_the_spec_of_an_environment_makes_its_equal(name):
    env = gym.make(name, dt=0.02, max_episode_steps=7)
    assert isinstance(env.spec, EnvSpec) and env.unwrapped.spec.id == name
    for spec in (env.spec, EnvSpec.from_json(env.spec.to_json()), pickle.loads(pickle.dumps(env.spec))):
        assert data_equivalence(rollout(gym.make(spec), 20), rollout(gym.make(env.spec), 20), exact=True)


@every_id
@every_setting
def test_two_environments_of_one_seed_are_equal_in_every_number_and_type(name, settings):
    first, second = gym.make(name, **settings), gym.make(name, **settings)
    assert first.observation_space == second.observation_space and first.action_space == second.action_space
    for one, other in zip(rollout(first), rollout(second), strict=True):
        assert data_equivalence(one, other, exact=True)
        assert one[0] in first.observation_space
        assert len(one) == 2 or [type(x) for x in one[1:]] == [float, bool, bool, dict]


@every_id
def test_seeding(name):
    env = gym.make(name)
    _, again, new = env.reset(seed=123)[0], env.reset(seed=123)[0], env.reset()[0]
    assert env.unwrapped.np_random_seed == 123
    assert not np.array_equal(again, new)
    generator = copy.deepcopy(env.unwrapped.np_random)
    following = env.reset()[0]
    env.unwrapped.np_random = generator
    np.testing.assert_array_equal(env.reset()[0], following)
    for wrong in (-1, "seed", 1.5):
        with pytest.raises(gym.error.Error):
            env.reset(seed=wrong)


@every_id
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["copy", "pickle"])
@every_setting
def test_copies_go_on_alike(name, copied, settings):
    for env in (gym.make(name, **settings), gym.make_vec(name, 3, **settings)):
        rollout(env, 15)
        twin = copied(env)
        one, other = (rollout(each, 30, seed=2, reset=False) for each in (env, twin))
        assert data_equivalence(one, other, exact=True)


@every_id
@pytest.mark.parametrize("mode", [None, *gym.make(IDS[0]).metadata["render_modes"]])
def test_every_render_mode_that_is_declared_renders(name, mode, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = gym.make(name, render_mode=mode)
    env.reset(seed=0)
    if mode is not None:
        frame = env.render()
        assert (frame is None) == (mode == "human")
        assert frame is None or (frame.dtype == np.uint8 and frame.ndim == 3)
    assert env.unwrapped.render_mode == mode
    env.close()
    assert env.metadata["render_fps"] == 100


@every_id
@every_setting
@pytest.mark.parametrize("autoreset", AutoresetMode)
def test_every_form_of_a_vector_environment_gives_the_same_numbers(name, settings, autoreset):
    made = {}
    for form in FORMS:
        given = {"autoreset_mode": autoreset} if form == "vector_entry_point" else None
        kwargs = dict(settings) if given is None else {**settings, **given}
        vector_kwargs = {"autoreset_mode": autoreset} if given is None else None
        made[form] = gym.make_vec(
            name, 3, vectorization_mode=form, vector_kwargs=vector_kwargs, max_episode_steps=9, **kwargs
        )
    spaces = [(env.observation_space, env.action_space, env.single_observation_space) for env in made.values()]
    assert spaces[0] == spaces[1]
    results = [env.reset(seed=[3, 5, 8]) for env in made.values()]
    same(results)
    made["sync"].action_space.seed(0)
    for _ in range(25):
        actions = made["sync"].action_space.sample()
        results = [env.step(actions) for env in made.values()]
        same(results)
        ended = results[0][2] | results[0][3]
        if autoreset == AutoresetMode.DISABLED and ended.any():
            same([env.reset(options={"reset_mask": ended.copy()}) for env in made.values()])
    for env in made.values():
        env.close()


@every_id
def test_environments_in_processes_of_their_own_give_the_same_numbers(name):
    settings = {"num_envs": 2, "max_episode_steps": 9}
    apart = {"vectorization_mode": "async", "vector_kwargs": {"context": "forkserver"}}  # JAX's threads take no fork
    envs = gym.make_vec(name, **apart, **settings), gym.make_vec(name, **settings)
    same([env.reset(seed=4) for env in envs])
    for _ in range(20):
        actions = envs[1].action_space.sample()
        same([env.step(actions) for env in envs])
    for env in envs:
        env.close()


def same(results):
    """Equal trees: observations, rewards, flags and infos."""
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            leaves(one, two)


def leaves(one, other):
    """Equal keys, equal arrays; rewards may differ in their last bits."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            leaves(one[key], other[key])
    elif isinstance(one, np.ndarray) and one.dtype == object:
        for pair in zip(one, other, strict=True):
            leaves(*pair)
    elif one is None:
        assert other is None
    else:
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(one, other)


@every_id
def test_make_vec_takes_what_make_takes(name):
    env = gym.make_vec(gym.spec(name), num_envs=2, dt=0.02, max_episode_steps=5)
    assert env.spec.id == name and env.num_envs == 2 and env.world.simulator.dt == 0.02
    env.reset(seed=0)
    flags = [env.step(env.action_space.sample())[3] for _ in range(5)]
    assert [flag.all() for flag in flags] == [False] * 4 + [True]
    with pytest.raises(TypeError, match="octopus"):
        gym.make_vec(name, 2, octopus=3)
    with pytest.raises(TypeError, match="octopus"):
        gym.make(name, octopus=3)


@every_id
def test_vector_wrappers_count_the_same_episodes_around_every_form(name):
    counted = []
    for form in ("sync", "vector_entry_point"):
        env = gym.make_vec(name, 3, vectorization_mode=form, max_episode_steps=8)
        env = vector_wrappers.RecordEpisodeStatistics(env)
        infos = [result[-1] for result in rollout(env, 30)]
        ended = [info["episode"] for info in infos if "episode" in info]
        assert len(ended) >= 3
        counted.append([(each["r"], each["l"]) for each in ended])
    for (one, length), (other, same_length) in zip(*counted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
        np.testing.assert_array_equal(length, same_length)


@every_id
def test_dictionaries_of_infos_have_a_mask_for_every_entry(name):
    env = gym.make_vec(name, 4)
    for result in rollout(env, 5):
        infos = result[-1]
        names = {key for key in infos if not key.startswith("_")}
        assert names and {f"_{key}" for key in names} == set(infos) - names
        assert all(infos[f"_{key}"].dtype == np.bool_ and len(infos[key]) == 4 for key in names)
        listed = vector_wrappers.DictInfoToList(env)._convert_info_to_list(infos)
        assert [set(each) for each in listed] == [names] * 4


@every_id
def test_no_two_calls_share_memory_in_any_form(name):
    for env in (gym.make(name), gym.make_vec(name, 3)):
        seen = [result[0] for result in rollout(env, 12)]
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(seen, 2))
