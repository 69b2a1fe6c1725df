"""What the tasks promise, for every task and every published arm."""

import numpy as np
import pytest

from armfa.plant import PRESETS, hand_position, hand_velocity, make_arm, step
from armfa.tasks import HandVelocity, Reach, random_posture

TASKS = [task(observe_activation=seen) for task in (Reach, HandVelocity) for seen in (False, True)]
TASKS += [HandVelocity(target="disk"), HandVelocity(target="wander")]
ARMS = [make_arm(name) for name in PRESETS]


@pytest.mark.parametrize("task", TASKS, ids=repr)
@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_batch_of_samples_equals_its_single_samples_bit_for_bit(task, arm):
    rng = np.random.default_rng(0)
    uniform = rng.random((5, task.start_draws(arm)))
    uniform_goal = rng.random((5, task.goal_draws(arm)))
    state = task.start(arm, uniform)
    goal = task.goal(arm, state, uniform_goal, 0.01, "semi_implicit_euler")
    seen = task.observe(arm, state, goal)
    for i in range(5):
        one = task.start(arm, uniform[i])
        one_goal = task.goal(arm, one, uniform_goal[i], 0.01, "semi_implicit_euler")
        np.testing.assert_array_equal(one.joint_angle, state.joint_angle[i])
        np.testing.assert_array_equal(one_goal, goal[i])
        np.testing.assert_array_equal(task.observe(arm, one, one_goal), seen[i])


@pytest.mark.parametrize("task", TASKS, ids=repr)
@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_samples_lie_within_the_joint_range_and_all_bounds(task, arm):
    state, goal = task.sample(arm, np.random.default_rng(0), 200)
    low, high = np.array(arm.joint_range).T
    assert (state.joint_angle >= low).all() and (state.joint_angle <= high).all()
    low, high = np.array([*task.sense_bounds(arm), *task.goal_bounds(arm)]).T
    seen = task.observe(arm, state, goal)
    assert (seen >= low).all() and (seen <= high).all()
    assert seen.shape == (200, len(low))


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_float32_samples_stay_float32(task):
    arm = make_arm()
    state, goal = task.sample(arm, np.random.default_rng(0), 7, dtype=np.float32)
    achieved = task.achieved(arm, state)
    error = task.error(achieved, goal)
    for array in (*state, goal, achieved, error, task.reward(error), task.observe(arm, state, goal)):
        assert array.dtype == np.float32


def test_random_postures_fill_the_joint_range_evenly():
    arm = make_arm()
    corners = random_posture(arm, np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]))
    low, high = np.array(arm.joint_range).T
    np.testing.assert_allclose(corners, [low, high, (low + high) / 2])


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_reach_target_is_the_hand_of_some_allowed_posture(arm):
    task = Reach()
    uniform = np.random.default_rng(0).random((50, 2))
    goal = task.goal(arm, task.start(arm, uniform), uniform, 0.01, "semi_implicit_euler")
    np.testing.assert_array_equal(goal, hand_position(arm, random_posture(arm, uniform)))


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_desired_velocity_of_the_kind_reach_is_attained_by_the_excitation_it_was_made_from(arm):
    task = HandVelocity(target="reach")
    rng = np.random.default_rng(0)
    state = task.start(arm, rng.random((20, 4)))
    uniform = rng.random((20, arm.n_muscles))
    goal = task.goal(arm, state, uniform, 0.01, "semi_implicit_euler")
    low, high = arm.excitation_range
    after = step(arm, state, low + (high - low) * uniform, 0.01)
    np.testing.assert_array_equal(task.error(task.achieved(arm, after), goal), 0.0)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_command_margin_asks_for_velocities_of_commands_at_the_limits(arm):
    task = HandVelocity(command_margin=0.5)
    state = task.start(arm, np.full((3, 4), 0.5))
    drawn = np.array([0.1, 0.9, 0.375])[:, None] * np.ones(arm.n_muscles)  # 0.3 below the range, as far above, inside
    goal = task.goal(arm, state, drawn, 0.01, "semi_implicit_euler")
    low, high = arm.excitation_range
    command = low + (high - low) * np.array([0.0, 1.0, 0.25])[:, None] * np.ones(arm.n_muscles)
    np.testing.assert_allclose(task.achieved(arm, step(arm, state, command, 0.01)), goal, rtol=0, atol=1e-12)


@pytest.mark.parametrize("target", ["disk", "wander"])
def test_other_desired_velocities_stay_near_the_present_one(target):
    arm, task = make_arm(), HandVelocity(target=target, speed=0.3)
    state, goal = task.sample(arm, np.random.default_rng(0), 4000)
    change = goal - hand_velocity(arm, state.joint_angle, state.joint_velocity)
    length = np.hypot(*change.T)
    if target == "disk":
        assert 0.299 < length.max() <= 0.3
        assert (length < 0.3 / np.sqrt(2)).mean() == pytest.approx(0.5, abs=0.03)  # even over the area
        np.testing.assert_allclose(change.mean(axis=0), 0.0, atol=0.01)
    else:
        assert length.max() <= 0.3 * (1 + 1e-12)


def test_the_hand_velocity_observation_is_the_six_numbers_of_the_abstract():
    arm, task = make_arm(), HandVelocity()
    state, goal = task.sample(arm, np.random.default_rng(0), 3)
    expected = np.concatenate([state.joint_angle, state.joint_velocity, goal], axis=-1)
    np.testing.assert_array_equal(task.observe(arm, state, goal), expected)
    assert expected.shape == (3, 6)


def test_rewards_are_what_they_are_called():
    error = np.array([0.0, 0.005, 0.2])
    excitation = np.full((3, 6), 0.5)
    np.testing.assert_allclose(Reach().reward(error, excitation), -error)
    np.testing.assert_allclose(Reach(kind="sparse").reward(error), [0.0, 0.0, -1.0])
    np.testing.assert_allclose(Reach(effort=0.4).reward(error, excitation), -error - 0.1)
    np.testing.assert_allclose(HandVelocity().reward(error), -(error**2))
    np.testing.assert_allclose(HandVelocity(kind="absolute").reward(error), -error)


def test_an_arm_is_on_target_when_it_is_near_and_slow():
    arm, task = make_arm(), Reach()
    state = task.start(arm, np.full((3, 2), 0.5))
    moving = state._replace(joint_velocity=np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_array_equal(task.on_target(arm, moving, np.array([0.009, 0.011, 0.0])), [True, False, False])


@pytest.mark.parametrize(
    "settings",
    [{"target": "near"}, {"kind": "cubed"}, {"goal_steps": 0}, {"command_margin": -0.1}],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_that_mean_nothing_are_refused_by_name(settings):
    with pytest.raises(ValueError, match="expected"):
        HandVelocity(**settings)


def test_a_negative_effort_and_an_unknown_reward_are_refused():
    with pytest.raises(ValueError, match="effort"):
        Reach(effort=-1.0)
    with pytest.raises(ValueError, match="sparse"):
        Reach(kind="shaped")
