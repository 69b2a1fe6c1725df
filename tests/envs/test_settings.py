"""Senses, fields and schedules as keywords of environments: what they do is what the world does."""

import ast
import copy
import dataclasses
import inspect
import itertools
import json
import pickle
import textwrap
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import armfa
from armfa.envs.arms import NOISE_BLOCK
from armfa.envs.door import SHARED, names_of
from armfa.tasks import TASKS
from armfa.world import SENSES, Fields, Schedule, Senses

gym.register_envs(armfa)
NOISE = {"motor_noise": 0.1, "constant_motor_noise": 0.01, "sensory_noise": {"joint_velocity": 0.1, "hand": 0.005}}
DELAYS = {"visual_delay": 0.05, "proprioceptive_delay": 0.02}
FIELD = {"field": "curl", "field_strength": 13.0, "channel": True, "rotation": 20.0, "pulse_force": [0.0, 1.0]}
JUMP = {"target_jump": [0.05, 0.0], "jump_distance": 0.02}
FULL = {**NOISE, **DELAYS, **FIELD, **JUMP}
SHORT = {"phases": [[2, 0.0], [3, 1.0], [1, -1.0]], "channel_every": 3}
AS_IT_IS = {"observation": "si", "action_range": "excitation"}
FEW = {"arm": "torque"}  # compiled sooner than six muscles
plainly = pytest.mark.usefixtures("plain")


def leaves(tree):
    return [x for part in tree for x in leaves(part)] if isinstance(tree, tuple) else [tree]


def test_an_environment_is_its_world_number_for_number_with_noise_delays_and_fields():
    env = gym.make("armfa/Reach-v0", max_episode_steps=100, **FEW, **FULL, **AS_IT_IS).unwrapped
    world, rng = env.world, seeding.np_random(3)[0]
    seen, _ = env.reset(seed=3)
    uniform, stream = rng.random((1, world.draws)), rng.spawn(1)[0]
    noise = np.concatenate([stream.standard_normal((NOISE_BLOCK, world.normals)) for _ in range(2)])
    moment, actions = world.reset(uniform, noise[:1]), np.random.default_rng(0).uniform(-0.3, 0.3, (80, 2))
    low, high, _ = np.array(env.door.bounds).T
    for time in range(80):
        np.testing.assert_allclose(seen, np.clip(world.observe(moment)[0], low, high), rtol=1e-6, atol=1e-7)
        seen, reward, _, _, info = env.step(actions[time])
        moment, outcome = world.step(moment, actions[time][None], noise[time + 1 : time + 2])
        np.testing.assert_allclose(reward, -outcome.cost[0], rtol=1e-9)
        np.testing.assert_allclose(info["channel_force"], outcome.channel_force[0], rtol=1e-7, atol=1e-9)
        for one, other in zip(leaves(env.moment), leaves(moment), strict=True):
            np.testing.assert_allclose(one, other[0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    "settings", [{**FEW, **FULL, "schedule": SHORT}, {**FEW, **FULL, "hold_action": 3}], ids=["schedule", "held"]
)
def test_one_arm_and_many_have_the_same_bits(mode, settings):
    n, limit = 4, 7
    native = gym.make_vec("armfa/Reach-v0", n, max_episode_steps=limit, autoreset_mode=mode.value, **settings)
    single = [lambda: gym.make("armfa/Reach-v0", max_episode_steps=limit, **settings)] * n
    reference = SyncVectorEnv(single, autoreset_mode=mode)
    native.action_space.seed(0)
    assert same(native.reset(seed=5), reference.reset(seed=5))
    for _ in range(75):  # more than a block of noise
        actions = native.action_space.sample()
        got, expected = native.step(actions), reference.step(actions)
        np.testing.assert_allclose(got[1], expected[1], rtol=0.0, atol=1e-12)
        assert same((got[0], *got[2:]), (expected[0], *expected[2:]))
        ended = got[2] | got[3]
        if mode == AutoresetMode.DISABLED and ended.any():
            options = {"reset_mask": ended}
            assert same(native.reset(options=options), reference.reset(options=options))


def same(got, expected):
    """Equal to the last bit, but for infos of a last step, which lie in dictionaries."""
    *got, infos = got
    *expected, expected_infos = expected
    assert set(infos) == set(expected_infos)
    for name in set(infos) - {"final_obs", "final_info"}:
        np.testing.assert_array_equal(infos[name], expected_infos[name], err_msg=name)
    return data_equivalence(tuple(got), tuple(expected), exact=True)


@plainly
def test_deterministic_switches_all_noise_off_and_starts_are_those_of_the_noisy_one():
    envs = [gym.make("armfa/Reach-v0", **settings) for settings in (
        {**FULL, "deterministic": True}, {**DELAYS, **FIELD, **JUMP}, FULL)]  # fmt: skip
    seen = [env.reset(seed=7)[0] for env in envs]
    starts = [env.unwrapped.moment.trial.start.joint_angle for env in envs]
    np.testing.assert_array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(starts[0], starts[2])
    action = np.zeros(6, np.float32)
    for _ in range(20):
        quiet, silent, loud = (env.step(action)[0] for env in envs)
        np.testing.assert_array_equal(quiet, silent)
    assert not np.array_equal(quiet, loud)


@plainly
def test_equal_seeds_give_equal_noise_and_other_seeds_other_noise():
    def rollout(seed):
        env = gym.make("armfa/Reach-v0", **FULL)
        env.reset(seed=seed)
        return np.array([env.step(np.zeros(6, np.float32))[0] for _ in range(70)])

    np.testing.assert_array_equal(rollout(1), rollout(1))
    assert not np.array_equal(rollout(1)[:, :4], rollout(2)[:, :4])


@plainly
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"])
def test_a_copy_in_mid_episode_goes_on_with_the_same_noise_and_lines(copied):
    env = gym.make("armfa/Reach-v0", **FULL)
    env.reset(seed=0)
    for _ in range(10):
        env.step(np.zeros(6, np.float32))
    other = copied(env)
    for _ in range(70):
        np.testing.assert_array_equal(env.step(np.zeros(6, np.float32))[0], other.step(np.zeros(6, np.float32))[0])


@plainly
def test_a_schedule_gives_each_reset_its_condition_and_a_seed_begins_it_again():
    schedule = Schedule(**SHORT)
    env = gym.make("armfa/Reach-v0", field="curl", schedule=schedule)
    expected = [*schedule.conditions, -1.0, -1.0]
    for _ in range(2):
        infos = [env.reset(seed=0 if trial == 0 else None)[1] for trial in range(8)]
        assert [info["condition"] for info in infos] == expected
        assert [info["channel"] for info in infos] == [*schedule.channels, 0.0, 0.0]
    assert env.unwrapped.world.fields.channel


@plainly
def test_each_of_many_arms_has_its_own_trial_number():
    envs = gym.make_vec("armfa/Reach-v0", 3, field="curl", schedule={"phases": [[1, 0.0], [1, 1.0], [1, 2.0]]},
                        autoreset_mode="Disabled")  # fmt: skip
    np.testing.assert_array_equal(envs.reset(seed=0)[1]["condition"], [0.0, 0.0, 0.0])
    some = envs.reset(options={"reset_mask": np.array([True, False, True])})[1]
    np.testing.assert_array_equal(some["condition"], [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(envs.reset()[1]["condition"], [2.0, 1.0, 2.0])
    np.testing.assert_array_equal(envs.reset(seed=[None, 4, None])[1]["condition"], [2.0, 0.0, 2.0])


@plainly
def test_a_reset_may_ask_for_a_condition_and_a_channel():
    env = gym.make("armfa/Reach-v0", field="curl", channel=True)
    info = env.reset(seed=0, options={"condition": -0.5, "channel": False})[1]
    assert (info["condition"], info["channel"]) == (-0.5, 0.0)
    envs = gym.make_vec("armfa/Reach-v0", 2, field="curl")
    infos = envs.reset(seed=0, options={"condition": [0.5, 2.0]})[1]
    np.testing.assert_array_equal(infos["condition"], [0.5, 2.0])
    with pytest.raises(ValueError, match=r"'condition' of shape \(\), got \(2,\)"):
        env.reset(options={"condition": [1.0, 2.0]})


@plainly
def test_a_held_action_is_so_many_steps_and_time_runs_as_fast():
    held, short = (gym.make("armfa/Reach-v0", hold_action=k, **DELAYS, **FIELD).unwrapped for k in (4, 1))
    held.reset(seed=0), short.reset(seed=0)
    for action in np.random.default_rng(0).uniform(-1.0, 1.0, (10, 6)):
        seen, reward, *_ = held.step(action)
        for _ in range(4):
            last, last_reward, *_ = short.step(action)
        np.testing.assert_array_equal(seen, last)
        assert reward == last_reward
    assert held.metadata["render_fps"] == 25
    assert held.moment.steps == 40.0


@pytest.mark.parametrize("name", SENSES)
@plainly
def test_each_sense_alone_is_a_valid_environment(name):
    env = gym.make("armfa/Reach-v0", sense=[name], **DELAYS, sensory_noise={name: 0.01})
    check_env(env.unwrapped, skip_render_check=True)
    assert env.observation_space.shape == ((6 if SENSES[name].per_muscle else 2) + 2,)


@plainly
def test_settings_travel_in_a_spec_as_json():
    spec = gym.make("armfa/Reach-v0", **FULL, schedule=SHORT).spec
    again = gym.make(EnvSpec.from_json(spec.to_json()))
    assert json.loads(spec.to_json())["kwargs"]["visual_delay"] == 0.05
    assert again.unwrapped.door == gym.make(spec).unwrapped.door


def test_an_unknown_setting_is_refused_and_the_known_ones_are_named():
    with pytest.raises(TypeError, match=r"visual_delay.*'visual_dealy'"):
        gym.make("armfa/Reach-v0", visual_dealy=0.1)


def test_no_setting_has_two_meanings():
    shared = [*SHARED, *names_of(Senses), *names_of(Fields)]
    assert len(set(shared)) == len(shared)
    for task in TASKS.values():
        assert not set(names_of(task)) & set(shared)


@pytest.mark.parametrize("kind", [Senses, Fields], ids=lambda kind: kind.__name__)
def test_the_table_of_the_documentation_is_that_of_the_fields(kind):
    text = (Path(__file__).parents[2] / "docs" / "environments.md").read_text(encoding="utf-8")
    for row in rows_of(kind):
        assert row in text


def rows_of(kind):
    """A line of the table for each field: name, default, and the words that stand below it."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body
    pairs = itertools.pairwise(body)
    words = {field.target.id: note.value.value for field, note in pairs if isinstance(field, ast.AnnAssign)}
    return [f"| `{field.name}` | `{json.dumps(field.default) if isinstance(field.default, str) else field.default}` "
            f"| {words[field.name].removesuffix('.')} |" for field in dataclasses.fields(kind)]  # fmt: skip
