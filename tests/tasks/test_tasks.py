"""What the tasks promise, for every task and every published arm."""

import dataclasses

import numpy as np
import pytest

from armfa.plant import PRESETS, Simulator, hand_position, hand_velocity, make_arm
from armfa.tasks import TASKS, HandVelocity, Reach, random_posture

EVERY_TASK = [*(task() for task in TASKS.values()), HandVelocity(target="reach"), HandVelocity(target="disk")]
ARMS = [make_arm(name) for name in PRESETS]
SENSING = [*ARMS, make_arm("li_todorov", activation="first_order")]


def name_of(arm):
    return arm.name if arm.activation_dynamics is None else f"{arm.name}-first_order"


def drawn(task, arm, size, seed=0):
    """Starts and goals, and the simulator they are for."""
    simulator = Simulator(arm)
    trial = task.sample(simulator, np.random.default_rng(seed), size)
    return simulator, trial.start, trial.goals


@pytest.mark.parametrize("task", EVERY_TASK, ids=repr)
@pytest.mark.parametrize("arm", SENSING, ids=name_of)
def test_a_batch_of_samples_equals_its_single_samples_bit_for_bit(task, arm):
    simulator = Simulator(arm)
    uniform = np.random.default_rng(0).random((5, task.start_draws(arm) + task.goal_draws(arm)))
    trial = task.trial(simulator, uniform)
    seen = task.observe(arm, trial.start, trial.goals[..., 0, :])
    for i in range(5):
        one = task.trial(simulator, uniform[i])
        np.testing.assert_array_equal(one.start.joint_angle, trial.start.joint_angle[i])
        np.testing.assert_array_equal(one.goals, trial.goals[i])
        np.testing.assert_array_equal(task.observe(arm, one.start, one.goals[0]), seen[i])


@pytest.mark.parametrize("task", EVERY_TASK, ids=repr)
@pytest.mark.parametrize("arm", SENSING, ids=name_of)
def test_samples_lie_within_the_joint_range_and_all_bounds(task, arm):
    _, state, goals = drawn(task, arm, 200)
    assert goals.shape == (200, task.n_goals, 2)
    low, high = np.array(arm.joint_range).T
    assert (state.joint_angle >= low).all() and (state.joint_angle <= high).all()
    low, high = np.array([*task.sense_bounds(arm), *task.goal_bounds(arm)]).T
    seen = task.observe(arm, state, goals[..., 0, :])
    assert (seen >= low).all() and (seen <= high).all()
    assert seen.shape == (200, len(low))


@pytest.mark.parametrize("task", EVERY_TASK, ids=repr)
@pytest.mark.parametrize("arm", SENSING[:1] + SENSING[-1:], ids=name_of)
def test_float32_samples_stay_float32(task, arm):
    state, goals, condition, _ = task.sample(Simulator(arm), np.random.default_rng(0), 7, dtype=np.float32)
    goal, achieved = goals[..., 0, :], task.achieved(arm, state)
    error = task.error(achieved, goal)
    for array in (*state, goals, condition, achieved, error, task.cost(error), task.observe(arm, state, goal)):
        assert array.dtype == np.float32


def test_random_postures_fill_the_joint_range_evenly():
    arm = make_arm()
    corners = random_posture(arm, np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]))
    low, high = np.array(arm.joint_range).T
    np.testing.assert_allclose(corners, [low, high, (low + high) / 2])


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_a_reach_target_is_the_hand_of_some_allowed_posture(arm):
    task, uniform = Reach(), np.random.default_rng(0).random((50, 2))
    goals = task.goals(Simulator(arm), task.start(arm, uniform), uniform)
    np.testing.assert_array_equal(goals[:, 0], hand_position(arm, random_posture(arm, uniform)))


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_a_desired_velocity_of_the_kind_reach_is_attained_by_the_excitation_it_was_made_from(arm):
    task, simulator = HandVelocity(target="reach"), Simulator(arm)
    rng = np.random.default_rng(0)
    state = task.start(arm, rng.random((20, 4)))
    uniform = rng.random((20, arm.n_muscles))
    goals = task.goals(simulator, state, uniform)
    low, high = arm.excitation_range
    after = simulator.step(state, low + (high - low) * uniform)
    np.testing.assert_array_equal(task.error(task.achieved(arm, after), goals[:, 0]), 0.0)


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_a_command_margin_asks_for_velocities_of_commands_at_the_limits(arm):
    task, simulator = HandVelocity(target="reach", command_margin=0.5), Simulator(arm)
    state = task.start(arm, np.full((3, 4), 0.5))
    uniform = np.array([0.1, 0.9, 0.375])[:, None] * np.ones(arm.n_muscles)  # 0.3 below the range, as far above, inside
    goals = task.goals(simulator, state, uniform)
    low, high = arm.excitation_range
    command = low + (high - low) * np.array([0.0, 1.0, 0.25])[:, None] * np.ones(arm.n_muscles)
    achieved = task.achieved(arm, simulator.step(state, command))
    np.testing.assert_allclose(achieved, goals[:, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("target", ["disk", "wander"])
def test_other_desired_velocities_stay_near_the_present_one(target):
    arm, task = make_arm(), HandVelocity(target=target, speed=0.3)
    _, state, goals = drawn(task, arm, 4000)
    change = goals[:, 0] - hand_velocity(arm, state.joint_angle, state.joint_velocity)
    length = np.hypot(*change.T)
    if target == "disk":
        assert 0.299 < length.max() <= 0.3
        assert (length < 0.3 / np.sqrt(2)).mean() == pytest.approx(0.5, abs=0.03)  # even over the area
        np.testing.assert_allclose(change.mean(axis=0), 0.0, atol=0.01)
    else:
        assert length.max() <= 0.3 * (1 + 1e-12)


def test_the_hand_velocity_observation_is_the_six_numbers_of_the_abstract():
    arm, task = make_arm(), HandVelocity()
    _, state, goals = drawn(task, arm, 3)
    expected = np.concatenate([state.joint_angle, state.joint_velocity, goals[:, 0]], axis=-1)
    np.testing.assert_array_equal(task.observe(arm, state, goals[:, 0]), expected)
    assert expected.shape == (3, 6)


@pytest.mark.parametrize("task", TASKS.values())
def test_activation_is_observed_before_the_goal_where_muscles_have_a_state(task):
    arm = make_arm(activation="first_order")
    _, state, goals = drawn(task(), arm, 3)
    state = state._replace(activation=np.random.default_rng(1).random((3, 6)))
    np.testing.assert_array_equal(task().observe(arm, state, goals[:, 0])[:, -8:-2], state.activation)


def test_costs_are_what_rewards_are_called():
    error = np.array([0.0, 0.005, 0.2])
    np.testing.assert_allclose(Reach().cost(np.array([0.0, 0.05, 0.2])), [0.0, 0.5, 0.8], rtol=1e-15)
    np.testing.assert_array_equal(Reach(reward="distance").cost(error), error)
    np.testing.assert_array_equal(Reach(reward="sparse").cost(error), [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(HandVelocity().cost(error), error**2)
    np.testing.assert_array_equal(HandVelocity(reward="absolute").cost(error), error)


def test_an_arm_is_on_target_when_it_is_near_and_slow():
    arm, task = make_arm(), Reach()
    state = task.start(arm, np.full((3, 2), 0.5))
    moving = state._replace(joint_velocity=np.array([[0.1, 0.0], [0.1, 0.0], [1.0, 0.0]]))
    np.testing.assert_array_equal(task.on_target(arm, moving, np.array([0.009, 0.011, 0.0])), [True, False, False])


NONSENSE = {
    HandVelocity: {"target": "near", "reward": "cubed", "hold": 0, "speed": 0.0, "max_joint_speed": -1.0,
                   "command_margin": -0.1, "effort": -0.1},
    Reach: {"reward": "shaped", "effort": np.nan, "radius": 0.0, "max_speed": "5", "hold_time": np.inf},
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, settings in NONSENSE.items() for name in settings], ids=str
)
def test_a_setting_that_means_nothing_is_refused_by_its_name(task, name):
    with pytest.raises(ValueError, match=rf"expected .*\b{name}\b"):
        task(**{name: NONSENSE[task][name]})


@pytest.mark.parametrize("task", TASKS.values())
def test_every_setting_of_a_task_is_checked_by_the_test_above(task):
    assert {field.name for field in dataclasses.fields(task)} == set(NONSENSE[task])
