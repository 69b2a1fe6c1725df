"""What the tasks promise, for every task and every published arm."""

import dataclasses

import numpy as np
import pytest

from armfa.plant import PRESETS, Simulator, hand_position, hand_velocity, make_arm
from armfa.tasks import (
    TASKS,
    Ballistic,
    CenterOut,
    Ellipse,
    HandVelocity,
    IsometricForce,
    PostureHold,
    Reach,
    Trial,
    VelocityTracking,
    ViaPoint,
    random_posture,
)
from armfa.world import World

EVERY_TASK = [
    *(task() for task in TASKS.values()),
    HandVelocity(target="reach"),
    HandVelocity(target="disk"),
    VelocityTracking(profile="sines"),
    PostureHold(load_kind="hand_force", load_time=0.1),
    Ellipse(figure="eight"),
]
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
    world, trial = World(simulator, task), task.trial(simulator, uniform)
    seen = world.observe(world.begin(trial))
    for i in range(5):
        one = task.trial(simulator, uniform[i])
        for alone, together in zip((one.start.joint_angle, *one[1:5]), (trial.start.joint_angle, *trial[1:5])):
            np.testing.assert_array_equal(alone, together[i])
        np.testing.assert_array_equal(world.observe(world.begin(one)), seen[i])


@pytest.mark.parametrize("task", EVERY_TASK, ids=repr)
@pytest.mark.parametrize("arm", SENSING, ids=name_of)
def test_samples_lie_within_the_joint_range_and_all_bounds(task, arm):
    simulator, state, goals = drawn(task, arm, 200)
    assert goals.shape == (200, task.n_goals, 2)
    low, high = np.array(arm.joint_range).T
    assert (state.joint_angle >= low).all() and (state.joint_angle <= high).all()
    world = World(simulator, task)
    low, high = np.array([*world.sense_bounds, *world.goal_bounds]).T
    seen = world.observe(world.begin(task.sample(simulator, np.random.default_rng(0), 200)))
    assert (seen >= low).all() and (seen <= high).all()
    assert seen.shape == (200, len(low))


@pytest.mark.parametrize("task", EVERY_TASK, ids=repr)
@pytest.mark.parametrize("arm", SENSING[:1] + SENSING[-1:], ids=name_of)
def test_float32_samples_stay_float32(task, arm):
    world = World(Simulator(arm), task)
    trial = task.sample(world.simulator, np.random.default_rng(0), 7, dtype=np.float32)
    moment = world.begin(trial)
    after, outcome = world.step(moment, np.full((7, arm.n_muscles), 0.3, np.float32))
    seen = *trial.start, *trial[1:5], world.observe(moment), *after.arm, *after[2:6], world.observe(after)
    for array in (*seen, outcome.achieved, outcome.error, outcome.cost):
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


@pytest.mark.parametrize("task", [HandVelocity, Reach])
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
    moment = World(Simulator(arm), task).begin(Trial.of(moving, np.zeros((3, 1, 2))))
    found = task.on_target(Simulator(arm), moment, np.array([0.009, 0.011, 0.0]))
    np.testing.assert_array_equal(found, [True, False, False])


HAND = {"reward": "shaped", "effort": np.nan, "radius": 0.0}
HOLDING = HAND | {"max_speed": "5", "hold_time": np.inf}
VELOCITY = {"reward": "cubed", "effort": -0.1}
NONSENSE = {
    HandVelocity: VELOCITY | {"target": "near", "hold": 0, "speed": 0.0, "max_joint_speed": -1.0,
                              "command_margin": -0.1},
    Reach: HOLDING,
    CenterOut: HOLDING | {"targets": 8.0, "distance": 0.0, "cue_time": -1.0, "shortest_delay": np.nan,
                          "longest_delay": 0.05, "catch": 1.5, "center_radius": 0.0,
                          "must_wait": "yes"},
    ViaPoint: HOLDING,
    PostureHold: HOLDING | {"load_kind": "wind", "load_time": 0.0, "directions": 0, "strength": -1.0, "earliest": -0.1,
                            "latest": 0.1, "recovery_time": -1.0},
    Ellipse: HAND | {"figure": "square", "width": 0.0, "height": -0.1, "frequency": 0.0, "duration": np.inf},
    Ballistic: HAND | {"targets": True, "distance": "far", "go_time": -0.1, "move_time": 0.0},
    VelocityTracking: VELOCITY | {"profile": "noise", "move_time": 0.0},
    IsometricForce: {"reward": "sparse", "effort": -1.0, "directions": 0, "weakest": 0.0, "strongest": 0.5,
                     "tolerance": 0.0, "hold_time": 0.0},
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
