"""One arm in a Gymnasium environment: the contract, and what the numbers mean."""

import copy
import dataclasses
import functools
import inspect
import pickle
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

from armfa.arrays import where
from armfa.envs import ArmEnv, HandVelocityEnv, ReachEnv, open_door
from armfa.envs.arms import Arms
from armfa.plant import PRESETS, Simulator, hand_velocity, inside, make_arm, rest_state
from armfa.plant.muscles.linear import ForceGenerator
from armfa.tasks import HandVelocity, Reach
from armfa.world.program import packed

IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]
VARIANTS = [
    {},
    {"goal_observation": True},
    {"activation": "first_order"},
    {"action_range": "symmetric", "dt": 0.005, "integrator": "heun"},
    {"arm": "lillicrap_scott"},
    {"arm": "torque"},
]
every_id = pytest.mark.parametrize("name", IDS)
every_variant = pytest.mark.parametrize("settings", VARIANTS, ids=repr, indirect=True)


def play(env, n, seed=0):
    """Everything an environment returns in n steps of random actions, with resets where episodes end."""
    env.action_space.seed(seed)
    record = [env.reset(seed=seed)]
    for _ in range(n):
        record.append(env.step(env.action_space.sample()))
        if record[-1][2] or record[-1][3]:
            record.append(env.reset())
    return record


@every_id
@every_variant
def test_gymnasium_finds_nothing_to_complain_about(name, settings):
    check_env(gym.make(name, **settings).unwrapped)  # warnings are errors here


@every_id
@pytest.mark.parametrize("settings", [{"arm": name} for name in PRESETS], ids=repr, indirect=True)
def test_observations_stay_within_the_space_under_random_actions(name, settings):
    env = gym.make(name, **settings)
    for result in play(env, 150):
        assert result[0] in env.observation_space
        assert np.isfinite(result[0]).all()


@every_id
@every_variant
def test_the_same_seed_gives_the_same_episodes(name, settings):
    first, second = (play(gym.make(name, max_episode_steps=40, **settings), 90) for _ in range(2))
    assert data_equivalence(first, second, exact=True)


@every_id
def test_different_seeds_give_different_starts_goals_and_later_episodes(name):
    env = gym.make(name)
    starts = np.array([env.reset(seed=seed)[0] for seed in range(5)] + [env.reset()[0] for _ in range(5)])
    varied = starts[:, [0, 1, -2, -1]]
    assert all(len(set(column)) == 10 for column in varied.T)


@every_id
def test_a_seed_means_the_same_in_another_process(name):
    code = (
        "import gymnasium as gym, armfa, numpy as np\n"
        f"env = gym.make('{name}'); seen = [env.reset(seed=7)[0]]\n"
        "seen += [env.step(np.full(6, 0.3, np.float32))[0] for _ in range(40)]\n"
        "print(np.array(seen).tobytes().hex())"
    )
    runs = [
        subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    env = gym.make(name)
    seen = [env.reset(seed=7)[0]] + [env.step(np.full(6, 0.3, np.float32))[0] for _ in range(40)]
    assert [run.strip() for run in runs] == [np.array(seen).tobytes().hex()] * 2


@pytest.mark.usefixtures("plain")
@every_id
def test_every_call_returns_new_objects(name):
    env = gym.make(name, goal_observation=True)
    record = play(env, 30)
    arrays = [leaf for result in record for leaf in result[0].values()]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])
    assert len({id(result[-1]) for result in record}) == len(record)


@pytest.mark.usefixtures("plain")
@every_id
def test_the_state_and_the_goal_cannot_be_changed_from_outside(name):
    untouched, touched = gym.make(name, goal_observation=True), gym.make(name, goal_observation=True)
    for env in (untouched, touched):
        env.reset(seed=3)
    action = np.full(6, 0.4, np.float32)
    for _ in range(15):
        expected, got = untouched.step(action.copy()), touched.step(action)
        assert data_equivalence(expected, got, exact=True)
        for leaf in got[0].values():
            leaf[:] = 1.0
        got[-1].clear()
        action[:] = 0.0
        action[:] = 0.4


@every_id
@pytest.mark.parametrize("copier", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"])
@pytest.mark.parametrize("mode", ["rgb_array", "human"])
def test_a_copy_made_in_mid_episode_after_a_render_goes_on_alike(name, copier, mode):
    env = gym.make(name, render_mode=mode)
    play(env, 12)
    env.render()
    twin = copier(env)
    action = np.full(6, 0.2, np.float32)
    for _ in range(15):
        assert data_equivalence(env.step(action), twin.step(action), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)
    env.close()
    twin.close()


@every_id
def test_actions_outside_the_space_act_like_its_bounds(name):
    env, bounded = gym.make(name), gym.make(name)
    for one in (env, bounded):
        one.reset(seed=1)
    wild = np.array([-3.0, 7.0, np.inf, -np.inf, 0.5, 1.0], np.float32)
    assert data_equivalence(env.step(wild), bounded.step(np.clip(wild, -1.0, 1.0)), exact=True)


@every_id
@pytest.mark.parametrize("action", [np.zeros(5), np.zeros((1, 6)), 0.5])
def test_an_action_of_the_wrong_shape_is_refused_with_the_right_one_named(name, action):
    env = gym.make(name).unwrapped
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"expected an action of shape \(6,\), got .*; give each of the 6 muscles"):
        env.step(action)


@every_id
@pytest.mark.parametrize(
    "settings",
    [{}, {"integrator": "euler"}, {"activation": "first_order"}, {"reward": "other"}],
    ids=repr,
    indirect=True,
)
def test_nan_in_an_action_is_refused_and_leaves_the_arm_alone(name, settings):
    """Explicit Euler moves the hand a step later than the others; a sparse reward does not see how far off it is."""
    if "reward" in settings:
        settings = {"reward": {"armfa/Reach-v0": "sparse", "armfa/HandVelocity-v0": "absolute"}[name]}
    env, twin = gym.make(name, **settings).unwrapped, gym.make(name, **settings).unwrapped
    for one in (env, twin):
        one.reset(seed=0)
    with pytest.raises(ValueError, match="NaN"):
        env.step(np.array([0.1, np.nan, 0.1, 0.1, 0.1, 0.1]))
    action = np.full(6, 0.5)
    assert data_equivalence(env.step(action), twin.step(action), exact=True)


@every_id
def test_symmetric_actions_are_excitations_on_another_scale(name):
    plain, symmetric = gym.make(name, action_range="excitation"), gym.make(name)
    for env in (plain, symmetric):
        env.reset(seed=0)
    action = np.array([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0])
    one, other = plain.step((action + 1.0) / 2.0), symmetric.step(action)
    np.testing.assert_allclose(one[0], other[0], rtol=1e-6)
    assert one[1] == pytest.approx(other[1], rel=1e-12)
    assert symmetric.action_space.low.tolist() == [-1.0] * 6


@pytest.mark.usefixtures("plain")
@every_id
@pytest.mark.parametrize("settings", [{}, {"goal_observation": True}, {"activation": "first_order"}], ids=repr)
def test_scaled_observations_are_those_in_si_units_to_the_last_bit(name, settings):
    scaled, si = gym.make(name, **settings), gym.make(name, observation="si", **settings)
    units = np.array(scaled.unwrapped.door.bounds)[:, 2]
    assert (np.array(si.unwrapped.door.bounds)[:, 2] == 1.0).all() and (units != 1.0).any()
    flat = [scaled, si]
    if "goal_observation" in settings:  # flattened by name: achieved, desired, observation
        flat = [gym.wrappers.FlattenObservation(env) for env in flat]
        units = np.concatenate([units[-4:], units[:-4]])
    for one, other in zip(*(play(env, 25) for env in flat), strict=True):
        np.testing.assert_array_equal(units * one[0], other[0])
        assert len(one) == 2 or one[1:4] == other[1:4]
    for bound in ("low", "high"):
        shown, meant = (getattr(env.observation_space, bound) for env in flat)
        np.testing.assert_array_equal(units * shown, meant)


def test_units_that_would_round_bits_off_are_refused():
    class Odd(Reach):
        goal_unit = 0.3

    with pytest.raises(ValueError, match="powers of two"):
        open_door(Odd())
    open_door(Odd(), observation="si")


@every_id
def test_time_limit_truncates_and_does_not_terminate(name):
    env = gym.make(name)
    env.reset(seed=0)
    limit = env.spec.max_episode_steps
    ends = [env.step(np.zeros(6, np.float32))[2:4] for _ in range(limit)]
    assert ends == [(False, False)] * (limit - 1) + [(False, True)]


def test_reset_options_place_arm_and_target():
    env = gym.make("armfa/Reach-v0", observation="si")
    options = {"joint_angle": [0.5, 1.5], "joint_velocity": [0.2, -0.1], "target": [0.1, 0.4]}
    observation, info = env.reset(seed=0, options=options)
    np.testing.assert_allclose(observation[:4], [0.5, 1.5, 0.2, -0.1], rtol=1e-6)
    np.testing.assert_allclose(observation[-2:], [0.1, 0.4], rtol=1e-6)
    hand = observation[4:6].astype(float)
    assert info["distance"] == pytest.approx(np.hypot(*(hand - [0.1, 0.4])), abs=1e-6)


def test_a_desired_velocity_given_at_reset_stays_for_the_episode():
    env = gym.make("armfa/HandVelocity-v0", hold=5)
    env.reset(seed=0, options={"target": [0.1, -0.2]})
    for _ in range(20):
        observation = env.step(np.full(6, 0.5, np.float32))[0]
        np.testing.assert_allclose(observation[4:], [0.1, -0.2], rtol=1e-6)
    assert not np.allclose(env.reset()[0][4:], [0.1, -0.2])


def test_resetting_a_random_number_generator_is_not_disturbed_by_options():
    env = gym.make("armfa/Reach-v0")
    env.reset(seed=0)
    free = env.reset()[0]
    env.reset(seed=0, options={"target": [0.1, 0.4]})
    np.testing.assert_array_equal(env.reset()[0], free)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"targte": [0, 0]}, "joint_angle, joint_velocity, hand, target, condition, channel, got 'targte'"),
        ({"target": [0, 0, 0]}, r"'target' of shape \(2,\), got \(3,\)"),
        ({"joint_angle": [0, np.nan]}, "finite"),
    ],
)
def test_reset_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        gym.make("armfa/Reach-v0").reset(seed=0, options=options)


def test_the_desired_velocity_changes_every_hold_steps_and_the_reward_is_for_the_one_seen_before():
    env = gym.make("armfa/HandVelocity-v0", hold=4)
    observation, _ = env.reset(seed=0)
    inner = env.unwrapped
    for k in range(1, 21):
        desired = observation[4:].astype(float)
        observation, reward, _, _, info = env.step(np.full(6, 0.3, np.float32))
        velocity = hand_velocity(inner.world.arm, inner.moment.arm.joint_angle, inner.moment.arm.joint_velocity)
        assert reward == pytest.approx(-((velocity - desired) ** 2).sum(), rel=1e-5)
        assert info["velocity_error"] ** 2 == pytest.approx(-reward)
        assert (observation[4:] == desired).all() == (k % 4 != 0)


@pytest.mark.usefixtures("plain")
@every_id
@pytest.mark.parametrize("settings", [{}, {"activation": "first_order"}, {"goal_observation": True}], ids=repr)
def test_episodes_begun_on_symbols_are_those_begun_on_arrays(name, settings):
    door = gym.make(name, **settings).unwrapped.door
    assert door.run_begin is not None
    uniform, arms, world = np.random.default_rng(0).random((7, door.world.draws)), Arms(door, 7), door.world
    seen, error = arms.begin(slice(None), uniform, {}, 0, None)
    moment = door.begin(uniform, {})
    for name, array in packed(moment).items():
        np.testing.assert_allclose(getattr(arms, name), array, rtol=0, atol=1e-14)
    np.testing.assert_allclose(error, world.error(world.seen(moment), world.goal(moment)), rtol=0, atol=1e-14)
    np.testing.assert_allclose(seen, np.concatenate(door.seen(moment), axis=-1), rtol=0, atol=1e-6)


def test_the_environment_moves_the_arm_exactly_as_the_plant_does():
    env = ReachEnv(dt=0.02, action_range="excitation")
    env.reset(seed=0)
    before, action = copy.deepcopy(env.moment.arm), np.linspace(0.0, 1.0, 6)
    env.step(action)
    after = Simulator(env.world.arm, 0.02).step(before, action)
    np.testing.assert_array_equal(env.moment.arm.joint_angle, after.joint_angle)
    np.testing.assert_array_equal(env.moment.arm.joint_velocity, after.joint_velocity)


@pytest.mark.usefixtures("plain")
def test_holding_still_on_the_target_for_100_ms_succeeds():
    env = gym.make("armfa/Reach-v0", arm="torque", observation="si")
    hand = env.reset(seed=0)[0][4:6]
    env.reset(options={"joint_angle": env.unwrapped.moment.arm.joint_angle, "target": hand})
    results = [env.step(np.zeros(2, np.float32)) for _ in range(10)]
    assert [result[2] for result in results] == [False] * 9 + [True]
    assert [result[4]["is_success"] for result in results] == [False] * 9 + [True]


@pytest.mark.usefixtures("plain")
def test_a_hand_that_flies_through_the_target_does_not_succeed():
    env = gym.make("armfa/Reach-v0", arm="torque")
    env.reset(seed=0, options={"joint_angle": [0.8, 1.5], "joint_velocity": [0.5, 0.0], "target": [0.0, 0.0]})
    arm = env.unwrapped.world.arm
    target = env.unwrapped.world.task.achieved(arm, env.unwrapped.moment.arm)
    env.reset(options={"joint_angle": [0.8, 1.5], "joint_velocity": [0.5, 0.0], "target": target})
    assert not any(env.step(np.zeros(2, np.float32))[2] for _ in range(12))


@every_id
@pytest.mark.parametrize(
    "settings", [{}, {"arm": "lillicrap_scott"}, {"activation": "first_order"}], ids=repr, indirect=True
)
def test_a_goal_environments_reward_is_compute_reward_of_what_it_shows(name, settings):
    env = gym.make(name, goal_observation=True, **settings).unwrapped
    record = [result for result in play(env, 60) if len(result) == 5]
    achieved = np.array([result[0]["achieved_goal"] for result in record])
    desired = np.array([result[0]["desired_goal"] for result in record])
    rewards = [result[1] for result in record]
    assert env.compute_reward(achieved, desired, [{}] * len(record)).tolist() == rewards
    assert [env.compute_reward(a, d, {}) for a, d in zip(achieved, desired, strict=True)] == rewards


@every_id
def test_only_goal_environments_have_compute_reward(name):
    assert not hasattr(gym.make(name).unwrapped, "compute_reward")


def test_a_goal_reward_with_effort_is_refused():
    with pytest.raises(ValueError, match="effort"):
        ReachEnv(goal_observation=True, effort=0.1)


def test_effort_costs_reward():
    rewards = []
    for effort in (0.0, 0.3):
        env = ReachEnv(effort=effort, action_range="excitation")
        env.reset(seed=0)
        rewards.append(env.step(np.full(6, 0.5))[1])
    assert rewards[0] - rewards[1] == pytest.approx(0.3 * 0.25)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"arm": "octopus"}, "octopus"),
        ({"dt": 0.0}, "dt"),
        ({"action_range": "wide"}, "symmetric"),
        ({"observation": "raw"}, "scaled"),
        ({"integrator": "leapfrog"}, "leapfrog"),
        ({"integrator": "euler", "activation": "first_order"}, "zero"),
        ({"render_mode": "ansi"}, "rgb_array"),
        ({"reward": "shaped"}, "sparse"),
        ({"effort": np.nan}, "effort"),
        ({"radius": -0.01}, "radius"),
        ({"goal_observation": "yes"}, "goal_observation"),
    ],
)
def test_constructors_say_what_they_expect(wrong, words):
    with pytest.raises(ValueError, match=words):
        ReachEnv(**wrong)


def test_the_joint_speed_is_clipped_in_the_observation_only():
    arm = dataclasses.replace(make_arm(), max_force=(60_000.0,) * 6)
    env = ReachEnv(arm=arm, action_range="excitation", observation="si")
    env.reset(seed=0)
    for _ in range(2):
        observation = env.step(np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]))[0]
    assert observation[2] == env.observation_space.high[2] == 40.0
    assert env.moment.arm.joint_velocity[0] > 50.0


def test_options_place_the_arm_by_its_hand():
    env = ReachEnv(observation="si")
    observation, _ = env.reset(seed=0, options={"hand": [0.1, 0.4]})
    np.testing.assert_allclose(observation[4:6], [0.1, 0.4], rtol=1e-6)
    with pytest.raises(ValueError, match="'hand' or 'joint_angle', got both"):
        env.reset(options={"hand": [0.1, 0.4], "joint_angle": [0.5, 1.5]})
    with pytest.raises(ValueError, match="reach"):
        env.reset(options={"hand": [0.6, 0.6]})


@pytest.mark.parametrize("number", [None, 3])
def test_info_holds_what_goes_on_inside_when_it_is_asked_for(number):
    make = gym.make if number is None else functools.partial(gym.make_vec, num_envs=number)
    env, plain = make("armfa/Reach-v0", inside=True), make("armfa/Reach-v0")
    for one in (env, plain):
        one.reset(seed=0)
        one.action_space.seed(0)
        info = one.step(one.action_space.sample())[-1]
        expected = inside(one.unwrapped.world.arm, one.unwrapped.moment.arm)._asdict()
        if one is plain:
            assert not set(expected) & set(info)
        else:
            for name, value in expected.items():
                np.testing.assert_array_equal(info[name], value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"joint_angle": [-60.0, 60.0]}, "joint_angle"),
        ({"target": [1e6, 0.0]}, "target"),
        ({"joint_velocity": [100.0, 0.0]}, "rad/s"),
        ({"target": [0, -30]}, "m/s"),
    ],
    ids=["angle", "velocity", "speed", "unit"],
)
def test_starts_and_goals_that_cannot_be_observed_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        HandVelocityEnv().reset(seed=0, options=options)


@pytest.mark.parametrize("number", [None, 8])
def test_an_arm_that_becomes_unstable_at_a_large_step_says_so(number):
    make = gym.make if number is None else functools.partial(gym.make_vec, num_envs=number)
    env = make("armfa/Reach-v0", dt=0.05, max_episode_steps=1000)
    env.reset(seed=0)
    env.action_space.seed(0)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="smaller dt"):
        for _ in range(1000):
            env.step(env.action_space.sample())


@dataclasses.dataclass(frozen=True)
class Cliff(ForceGenerator):
    """Muscles without curves that pull without bounds where they are longer than some length."""

    end: float = 2.0

    def tension(self, l, v, a):
        return a + where(l > self.end, 1e308, 0.0) * 1e10


@pytest.mark.parametrize("number", [None, 2])
def test_a_state_that_is_not_finite_does_not_go_out_even_where_the_hand_is_finite(number):
    """Heun's last stage moves the velocity alone: the place where the hand is seen is finite for one more step."""
    arm = dataclasses.replace(make_arm(), name="cliff", curves=Cliff(2.0))
    arm = dataclasses.replace(arm, curves=Cliff(float(inside(arm, rest_state(arm)).muscle_length.max()) + 1e-4))
    make = gym.make if number is None else functools.partial(gym.make_vec, num_envs=number)
    env = make("armfa/Reach-v0", arm=arm, integrator="heun")
    env.reset(seed=0, options={"joint_angle": arm.center_posture, "joint_velocity": [-1.0, -1.0]})
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="no longer finite"):
        env.step(np.zeros(env.action_space.shape, np.float32))


def test_a_picture_before_the_first_reset_is_refused_by_gymnasiums_name():
    with pytest.raises(gym.error.ResetNeeded, match="render"):
        ReachEnv(render_mode="rgb_array").render()


def test_an_environment_takes_an_arm_and_a_task_of_ones_own():
    arm = dataclasses.replace(make_arm(), name="mine", max_force=[300.0] * 6)
    door = open_door(Reach(radius=0.05), arm=arm)
    check_env(ArmEnv(door), skip_render_check=True)
    with pytest.raises(TypeError, match=r"expected a Door, as open_door\(\.\.\.\) makes them.*got Reach"):
        ArmEnv(Reach())
    with pytest.raises(TypeError, match="no settings beside it"):
        ArmEnv(door, dt=0.02)


@dataclasses.dataclass(frozen=True)
class OneVelocity(HandVelocity):
    """The same desired velocity at all times, from an array and not from symbols."""

    def goals(self, simulator, state, uniform):
        return np.full((*uniform.shape[:-1], 1, 2), 0.25)


def test_goals_of_ones_own_may_be_constant():
    env = ArmEnv(open_door(OneVelocity(hold=2)))
    env.reset(seed=0)
    assert env.door.run_goals == env.door._goals_of_arrays
    for _ in range(5):
        np.testing.assert_array_equal(env.step(np.zeros(6))[0][-2:], [0.25, 0.25])


def test_the_settings_of_an_environment_are_those_of_its_task_and_of_the_door():
    for env in (ReachEnv, HandVelocityEnv):
        settings = {field.name: field.default for field in dataclasses.fields(env.task)}
        env(**settings)
        shared = inspect.signature(open_door).parameters
        with pytest.raises(TypeError, match="got 'radios'") as told:
            env(radios=0.1)
        assert all(name in str(told.value) for name in [*settings, *(set(shared) - {"task"})])


def test_close_can_be_called_twice_and_after_every_mode():
    for mode in (None, "rgb_array", "human"):
        env = HandVelocityEnv(render_mode=mode)
        env.reset(seed=0)
        env.close()
        env.close()


def test_an_arm_of_ones_own_shows_its_muscles_if_they_have_a_state():
    static, dynamic = make_arm(), make_arm(activation="first_order")
    assert ReachEnv(arm=static).observation_space.shape == (8,)
    assert ReachEnv(arm=dynamic).observation_space.shape == (14,)
    assert HandVelocityEnv(arm=dynamic).observation_space.shape == (12,)
    with pytest.raises(ValueError, match="beside a preset's name only"):
        ReachEnv(arm=static, activation="first_order")


def test_a_step_before_the_first_reset_says_so():
    with pytest.raises(gym.error.ResetNeeded):
        ReachEnv().step(np.zeros(6))


def test_a_target_out_of_reach_is_refused():
    with pytest.raises(ValueError, match=r"within reach, 0.63 m from the shoulder"):
        ReachEnv().reset(options={"target": [9.0, 9.0]})


def test_what_an_environment_has_told_is_not_changed_by_later_steps():
    env = ReachEnv(activation="first_order", inside=True, action_range="excitation")
    env.reset(seed=0)
    told, moments = [], []
    for _ in range(6):
        told.append(env.step(np.ones(6))[4]["activation"])
        moments.append(env.moment.arm.activation)
    assert (np.diff(told, axis=0) > 0).all()
    np.testing.assert_array_equal(told, moments)


@every_id
def test_info_holds_numpys_numbers(name):
    """Readers of infos, such as TorchRL's, ask for their dtype."""
    env = gym.make(name, inside=True)
    infos = [env.reset(seed=0)[1], env.step(env.action_space.sample())[4]]
    assert all(value.dtype.kind in "fb" for info in infos for value in info.values())
    assert infos[0].keys() == infos[1].keys()


@pytest.mark.parametrize("number", [None, 2])
@pytest.mark.parametrize(
    "action",
    [np.zeros(6, complex), np.zeros(6, "datetime64[s]"), np.zeros(6, object), ["a"] * 6],
    ids=lambda x: str(np.asarray(x).dtype),
)
def test_actions_that_are_no_real_numbers_are_refused(number, action):
    env = gym.make("armfa/Reach-v0").unwrapped if number is None else gym.make_vec("armfa/Reach-v0", number)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="expected real numbers in the action"):
        env.step(
            action if number is None else [action] * number if isinstance(action, list) else np.array([action] * number)
        )


@pytest.mark.parametrize("action", [[0] * 6, np.zeros(6, int), np.zeros(6, np.float16), [False] * 6], ids=repr)
def test_real_numbers_of_every_kind_are_actions(action):
    env = ReachEnv()
    env.reset(seed=0)
    first = env.step(np.zeros(6))[0]
    env.reset(seed=0)
    np.testing.assert_array_equal(env.step(action)[0], first)
