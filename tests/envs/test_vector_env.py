"""The native vector environment against Gymnasium's own `SyncVectorEnv` around single arms."""

import copy
import functools
import itertools
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import armfa
from armfa.envs import ReachVectorEnv
from armfa.envs.door import FASTEST_START
from armfa.plant import PRESETS, make_arm
from armfa.tasks.task import joint_bounds

gym.register_envs(armfa)
IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]
MODES = list(AutoresetMode)
VARIANTS = [
    {},
    {"goal_observation": True},
    {"activation": "first_order", "action_range": "symmetric"},
    {"arm": "lillicrap_scott", "integrator": "heun", "reward": None},
    {"visual_delay": 0.03, "proprioceptive_delay": 0.01, "motor_noise": 0.1, "sensory_noise": {"joint_angle": 0.01}},
    {
        "schedule": {"phases": [[2, 0.0], [3, 1.0]], "catch_every": 2},
        "field": "curl",
        "rotation": 30.0,
        "hold_action": 2,
    },
]
every_id = pytest.mark.parametrize("name", IDS)
every_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)


def both(name, n, mode, limit, **settings):
    """The native environment and the reference."""
    if settings.pop("reward", "") is None:
        settings["reward"] = "sparse" if "Reach" in name else "absolute"
    native = gym.make_vec(name, n, max_episode_steps=limit, autoreset_mode=mode.value, **settings)
    single = [lambda: gym.make(name, max_episode_steps=limit, **settings)] * n
    return native, SyncVectorEnv(single, autoreset_mode=mode)


def assert_same(got, expected):
    """Equal in every number, but for rewards, which may differ by rounding."""
    if len(got) == 5:
        np.testing.assert_allclose(got[1], expected[1], rtol=0.0, atol=1e-12)
        assert got[1].dtype == expected[1].dtype == np.float64
        got, expected = (*got[:1], *got[2:]), (*expected[:1], *expected[2:])
    assert data_equivalence(got[:-1], expected[:-1], exact=True)
    assert_same_info(got[-1], expected[-1])


def assert_same_info(got, expected):
    assert set(got) == set(expected)
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same_info(got[name], value)
        elif value.dtype == object:
            for one, other in zip(got[name], value, strict=True):
                assert data_equivalence(one, other, exact=True)
        else:
            assert got[name].dtype == value.dtype
            np.testing.assert_array_equal(got[name], value, err_msg=name)


@every_id
@every_mode
@pytest.mark.parametrize("settings", VARIANTS, ids=repr, indirect=True)
def test_it_equals_a_sync_vector_env(name, mode, settings):
    n, limit = 5, 17
    native, reference = both(name, n, mode, limit, **settings)
    assert native.observation_space == reference.observation_space
    assert native.action_space == reference.action_space
    native.action_space.seed(0)
    assert_same(native.reset(seed=11), reference.reset(seed=11))
    for step in range(70):
        actions = native.action_space.sample()
        got = native.step(actions)
        assert_same(got, reference.step(actions))
        ended = got[2] | got[3]
        if mode == AutoresetMode.DISABLED and ended.any():
            options = {"reset_mask": ended}
            assert_same(native.reset(options=dict(options)), reference.reset(options=dict(options)))
        if step == 40:  # arms out of step with each other, some in mid-episode
            options = {"reset_mask": np.array([True, False, True, False, False])}
            again = [native, reference]
            assert_same(*(env.reset(seed=[5, None, None, 6, 7], options=dict(options)) for env in again))


@pytest.mark.usefixtures("plain")
@every_mode
def test_successful_reaches_end_as_in_a_sync_vector_env(mode):
    """Arms that start on their target succeed after 100 ms; the others go on: ends at different times."""
    settings = {"arm": "torque", "radius": 0.25, "max_speed": 5.0}
    native, reference = both("armfa/Reach-v0", 8, mode, 40, **settings)
    assert_same(native.reset(seed=3), reference.reset(seed=3))
    successes = 0
    for _ in range(90):
        actions = np.zeros((8, 2), np.float32)
        got = native.step(actions)
        assert_same(got, reference.step(actions))
        successes += got[2].sum()
        ended = got[2] | got[3]
        if mode == AutoresetMode.DISABLED and ended.any():
            assert_same(*(env.reset(options={"reset_mask": ended.copy()}) for env in (native, reference)))
    assert successes >= 5


@every_id
def test_reset_options_equal_those_of_a_sync_vector_env(name):
    native, reference = both(name, 3, AutoresetMode.NEXT_STEP, 12)
    options = {"joint_angle": [0.6, 1.2], "target": [0.05, 0.3]}
    assert_same(*(env.reset(seed=0, options=dict(options)) for env in (native, reference)))
    for _ in range(30):
        actions = np.full((3, 6), 0.4, np.float32)
        assert_same(native.step(actions), reference.step(actions))


def test_options_may_differ_from_arm_to_arm():
    env = gym.make_vec("armfa/Reach-v0", 3, observation="si")
    targets = np.array([[0.1, 0.3], [0.0, 0.4], [-0.1, 0.35]])
    observation, _ = env.reset(seed=0, options={"target": targets})
    np.testing.assert_allclose(observation[:, -2:], targets, rtol=1e-6)


@every_id
@every_mode
def test_every_call_returns_new_arrays(name, mode):
    env = gym.make_vec(name, 4, autoreset_mode=mode.value, max_episode_steps=6)
    kept = [env.reset(seed=0)]
    for k in range(1, 15):
        kept.append(env.step(np.full((4, 6), 0.5, np.float32)))
        if mode == AutoresetMode.DISABLED and k % 6 == 0:
            kept.append(env.reset(options={"reset_mask": np.ones(4, np.bool_)}))
    arrays = [x for result in kept for x in (*result[:-1], *result[-1].values()) if isinstance(x, np.ndarray)]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@every_id
def test_changing_what_was_returned_changes_nothing_inside(name):
    env, twin = (gym.make_vec(name, 4, max_episode_steps=7, autoreset_mode="SameStep") for _ in range(2))
    env.reset(seed=0)
    twin.reset(seed=0)
    actions = np.full((4, 6), 0.5, np.float32)
    for _ in range(20):
        got, expected = env.step(actions), twin.step(actions)
        assert data_equivalence(got[0], expected[0], exact=True)
        for x in (*got[:-1], *got[-1].values()):
            if isinstance(x, np.ndarray) and x.dtype != object:
                x[:] = 1


@every_id
def test_arms_and_seeds_differ(name):
    env = gym.make_vec(name, 6)
    seen = np.concatenate([env.reset(seed=0)[0], env.reset(seed=100)[0], env.reset()[0]])
    assert all(len(set(column)) == 18 for column in seen[:, [0, 1, -2, -1]].T)


@every_id
def test_a_list_of_seeds_names_one_for_each_arm(name):
    env = gym.make_vec(name, 3)
    by_number, by_list = env.reset(seed=4)[0], env.reset(seed=[4, 5, 6])[0]
    np.testing.assert_array_equal(by_number, by_list)
    with pytest.raises(ValueError, match="3 environments, got 2"):
        env.reset(seed=[1, 2])


@every_id
def test_a_copy_made_in_mid_episode_goes_on_alike(name):
    env = gym.make_vec(name, 3, render_mode="rgb_array", max_episode_steps=20)
    env.reset(seed=0)
    actions = np.full((3, 6), 0.3, np.float32)
    for _ in range(13):
        env.step(actions)
    env.render()
    twins = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    for _ in range(30):
        result = env.step(actions)
        for twin in twins:
            assert data_equivalence(result, twin.step(actions), exact=True)


def test_it_shows_a_frame_for_every_arm():
    env = gym.make_vec("armfa/Reach-v0", 3, render_mode="rgb_array")
    env.reset(seed=0)
    frames = env.render()
    assert [frame.shape for frame in frames] == [(640, 640, 3)] * 3
    assert not np.array_equal(frames[0], frames[1])


def test_a_vector_frame_is_the_single_arms_frame():
    native, reference = both("armfa/Reach-v0", 2, AutoresetMode.NEXT_STEP, 100, render_mode="rgb_array")
    actions = np.full((2, 6), 0.3, np.float32)
    for env in (native, reference):
        env.reset(seed=0)
        for _ in range(5):
            env.step(actions)
    for one, other in zip(native.render(), reference.render(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_rendering_without_a_mode_warns_and_shows_nothing():
    env = gym.make_vec("armfa/Reach-v0", 2)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="rgb_array"):
        assert env.render() is None


def test_wrong_use_is_refused_with_what_was_expected():
    env = gym.make_vec("armfa/Reach-v0", 3, autoreset_mode="Disabled", max_episode_steps=2)
    actions = np.zeros((3, 6), np.float32)
    with pytest.raises(gym.error.ResetNeeded):
        env.step(actions)
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"expected an action of shape \(3, 6\), got \(6,\)"):
        env.step(actions[0])
    with pytest.raises(ValueError, match="environment 1: expected numbers in the action, got NaN"):
        env.step(np.where(np.arange(3)[:, None] == 1, np.nan, actions))
    with pytest.raises(ValueError, match="reset_mask"):
        env.reset(options={"reset_mask": [True, False, True]})
    with pytest.raises(ValueError, match="at least one True"):
        env.reset(options={"reset_mask": np.zeros(3, np.bool_)})
    for _ in range(2):
        env.step(actions)
    with pytest.raises(gym.error.ResetNeeded, match="reset_mask"):
        env.step(actions)
    with pytest.raises(ValueError, match="num_envs=0"):
        gym.make_vec("armfa/Reach-v0", 0)
    with pytest.raises(ValueError, match="rgb_array"):
        gym.make_vec("armfa/Reach-v0", 2, render_mode="human")


def test_an_arm_that_is_being_reset_may_get_any_action():
    env = gym.make_vec("armfa/Reach-v0", 2, max_episode_steps=1)
    env.reset(seed=0)
    actions = np.zeros((2, 6), np.float32)
    assert env.step(actions)[3].all()
    observation, reward, _, truncated, _ = env.step(np.full_like(actions, np.nan))
    assert np.isfinite(observation).all() and not reward.any() and not truncated.any()


def test_long_runs_in_step_with_a_sync_vector_env_past_a_block_of_random_numbers():
    """HandVelocity draws goals ahead in blocks of 32; with hold 1 and no time limit a block ends every 32 steps."""
    native, reference = both("armfa/HandVelocity-v0", 2, AutoresetMode.NEXT_STEP, 75, hold=1, target="disk")
    assert_same(native.reset(seed=0), reference.reset(seed=0))
    native.action_space.seed(1)
    for _ in range(160):
        actions = native.action_space.sample()
        assert_same(native.step(actions), reference.step(actions))


def test_close_can_be_called_twice():
    env = gym.make_vec("armfa/Reach-v0", 2, render_mode="rgb_array")
    env.reset(seed=0)
    env.close()
    env.close()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ([0.1, 0.3, 0.1], r"reset option 'target' of shape \(2,\) or \(2, 2\), got \(3,\)"),
        ([[0.1, 0.3]] * 5, r"reset option 'target' of shape \(2,\) or \(2, 2\), got \(5, 2\)"),
        ([np.nan, 0.3], "finite numbers in reset option 'target'"),
        ([9.0, 0.3], "within reach, 0.63 m from the shoulder"),
    ],
)
def test_reset_options_that_fit_no_arm_are_refused_and_nothing_has_begun(target, words):
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    with pytest.raises(ValueError, match=words):
        envs.reset(options={"target": target})
    with pytest.raises(gym.error.ResetNeeded):
        envs.step(envs.action_space.sample())


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("arm", PRESETS)
def test_from_every_start_that_may_be_asked_for_the_arm_stays_finite(arm):
    """From the corners of posture and speed, under silent, full and random excitation."""
    bounds = [*joint_bounds(make_arm(arm))[:2], *[(-FASTEST_START, FASTEST_START)] * 2]
    corners = np.repeat(list(itertools.product(*bounds)), 3, axis=0)
    envs = gym.make_vec("armfa/Reach-v0", num_envs=len(corners), arm=arm, max_episode_steps=-1)
    envs.reset(seed=0, options={"joint_angle": corners[:, :2], "joint_velocity": corners[:, 2:]})
    envs.action_space.seed(0)
    low, high = envs.single_action_space.low, envs.single_action_space.high
    for _ in range(60):
        actions = envs.action_space.sample()
        actions[0::3], actions[1::3] = low, high
        envs.step(actions)
    assert all(np.isfinite(x).all() for x in envs.unwrapped.moment.arm)


def test_reset_options_may_be_lists_one_an_arm():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2, observation="si")
    observations, _ = envs.reset(options={"target": [[0.1, 0.3], [0.2, 0.3]]})
    np.testing.assert_allclose(observations[:, -2:], [[0.1, 0.3], [0.2, 0.3]], rtol=1e-6)


def test_seeds_and_generators_are_told_as_by_a_sync_vector_env():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    same = gym.make_vec("armfa/Reach-v0", num_envs=2, vectorization_mode="sync")
    for one in (envs, same):
        one.reset(seed=5)
    assert envs.np_random_seed == same.np_random_seed == (5, 6)
    states = [[each.bit_generator.state for each in one.np_random] for one in (envs, same)]
    assert states[0] == states[1]


def test_the_time_limit_is_the_registered_one_another_or_none():
    make = functools.partial(gym.make_vec, "armfa/Reach-v0", num_envs=2)
    limits = {None: 200, 7: 7, -1: None}
    for asked, expected in limits.items():
        assert ReachVectorEnv(2, max_episode_steps=asked).max_episode_steps == expected
    assert make().unwrapped.max_episode_steps == 200
    assert make(max_episode_steps=7).unwrapped.max_episode_steps == 7
    assert make(max_episode_steps=-1).unwrapped.max_episode_steps is None
    with pytest.raises(ValueError, match="max_episode_steps of at least 1, None or -1"):
        make(max_episode_steps=0)


def test_an_episode_without_a_limit_goes_on():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2, max_episode_steps=-1)
    envs.reset(seed=0)
    assert not any(envs.step(np.zeros((2, 6), np.float32))[3].any() for _ in range(250))


def test_seeds_may_be_asked_for_before_the_first_reset_and_generators_set():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    assert len(set(envs.np_random_seed)) == 2
    envs.np_random = [np.random.default_rng(3), np.random.default_rng(4)]
    first, _ = envs.reset()
    envs.np_random = [np.random.default_rng(3), np.random.default_rng(4)]
    np.testing.assert_array_equal(envs.reset()[0], first)


def test_info_holds_numbers_per_arm_and_nothing_else():
    """TorchRL's `auto_register_info_dict` takes NumPy numbers only."""
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2, inside=True)
    infos = envs.reset(seed=0)[1]
    assert all(isinstance(value, np.ndarray) and value.dtype != object for value in infos.values())
    assert all(len(value) == 2 for value in infos.values())


# what each arm has


def side_by_side(**settings):
    """The native vector environment and Gymnasium's own, reset alike."""
    native = gym.make_vec("armfa/Reach-v0", num_envs=3, **settings)
    sync = gym.make_vec("armfa/Reach-v0", num_envs=3, vectorization_mode="sync", **settings)
    for envs in (native, sync):
        envs.reset(seed=5)
        envs.step(np.zeros((3, 6), np.float32))
    return native, sync


@pytest.mark.parametrize(
    "name",
    ["render_mode", "inside", "render_size", "observation_space", "action_space", "door", "world", "moment",
     "np_random_seed"],
)  # fmt: skip
def test_attributes_are_given_as_a_sync_vector_env_gives_them(name):
    native, sync = side_by_side()
    found, expected = native.get_attr(name), sync.get_attr(name)
    assert isinstance(found, tuple) and len(found) == 3
    assert all(data_equivalence(one, other, exact=True) for one, other in zip(found, expected, strict=True))


def test_generators_are_those_of_each_arm():
    native, sync = side_by_side()
    assert [each.random() for each in native.get_attr("np_random")] == [each.random() for each in sync.np_random]


def test_methods_are_called_as_a_sync_vector_env_calls_them():
    native, sync = side_by_side(goal_observation=True)
    goals = np.zeros((4, 2)), np.ones((4, 2))
    for one, other in zip(*(envs.call("compute_reward", *goals, {}) for envs in (native, sync)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_arm_is_rendered_by_call():
    native, sync = side_by_side(render_mode="rgb_array", render_size=64)
    for one, other in zip(*(envs.call("render") for envs in (native, sync)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["reset", "step", "close"])
def test_what_all_arms_do_is_not_asked_of_each(name):
    with pytest.raises(ValueError, match=f"call {name} itself, for all arms"):
        gym.make_vec("armfa/Reach-v0", num_envs=2).call(name)


def test_an_attribute_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="gravity"):
        gym.make_vec("armfa/Reach-v0", num_envs=2).get_attr("gravity")


@pytest.mark.parametrize("value", [True, [True, True], (True, True)], ids=repr)
def test_an_attribute_is_set_for_all_arms(value):
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    envs.set_attr("inside", value)
    assert envs.get_attr("inside") == (True, True)
    assert "tension" in envs.reset(seed=0)[1]


def test_attributes_that_arms_share_cannot_differ():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    with pytest.raises(ValueError, match="expected one 'inside' for all 2 arms"):
        envs.set_attr("inside", [True, False])


@pytest.mark.parametrize("name", ["inside", "np_random"])
def test_attributes_are_set_for_one_arm_or_for_all(name):
    with pytest.raises(ValueError, match=f"expected {name} of each of 2 environments, got 3"):
        gym.make_vec("armfa/Reach-v0", num_envs=2).set_attr(name, [np.random.default_rng(0)] * 3)


def test_generators_that_are_set_are_those_of_single_environments_that_are_given_them():
    native, sync = side_by_side()
    for envs in (native, sync):
        envs.set_attr("np_random", [np.random.default_rng(k) for k in range(3)])
    assert native.np_random_seed == sync.np_random_seed == (-1, -1, -1)
    np.testing.assert_array_equal(native.reset()[0], sync.reset()[0])


def test_seeds_may_be_asked_for_before_the_first_reset():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=2)
    seeds = list(envs.np_random_seed)
    first, _ = envs.reset()
    np.testing.assert_array_equal(gym.make_vec("armfa/Reach-v0", num_envs=2).reset(seed=seeds)[0], first)


def test_the_first_arm_that_becomes_unstable_is_named():
    envs = gym.make_vec("armfa/Reach-v0", num_envs=3, arm=make_arm("lillicrap_scott"), dt=0.05)
    envs.reset(seed=0)
    arms = envs._known()
    arms.moment[1, 2:4] = 1e200  # rad/s
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="environment 1: the state of"):
        envs.step(np.zeros((3, 6), np.float32))
