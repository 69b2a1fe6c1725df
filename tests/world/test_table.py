"""A rollout as a table, beside what the rollout itself says."""

import numpy as np
import pytest

from armfa.plant import Simulator, inside, make_arm
from armfa.tasks import HandVelocity, IsometricForce, Reach
from armfa.world import World, rollout, table

STEPS, TRIALS = 6, 3
ARM = make_arm("lillicrap_scott", activation="first_order")


def made(task, arm=ARM):
    world = World(Simulator(arm, 0.002), task)
    moment = world.reset(np.random.default_rng(0).random((TRIALS, world.draws)))
    commands = np.random.default_rng(1).random((STEPS, TRIALS, arm.n_muscles))
    run = rollout(world, lambda moment: commands[int(moment.steps[0])], moment, STEPS)
    return world, run, table(world, run)


@pytest.fixture(scope="module")
def reach():
    return made(Reach())


def block(columns, names):
    """Columns side by side as (steps + 1, trials, names)."""
    return np.moveaxis([columns[name].reshape(TRIALS, STEPS + 1) for name in names], -1, 0).swapaxes(1, 2)


def of_muscles(form):
    return [form.format(name.replace(" ", "_")) for name in ARM.muscle_names]


def test_there_is_a_row_for_each_moment_of_each_trial(reach):
    columns = reach[2]
    assert {len(x) for x in columns.values()} == {TRIALS * (STEPS + 1)}
    assert columns["trial"].tolist() == [0] * 7 + [1] * 7 + [2] * 7
    np.testing.assert_allclose(columns["time_s"], np.tile(0.002 * np.arange(7), 3))


def test_the_state_and_what_muscles_do_are_those_of_the_moments(reach):
    world, run, columns = reach
    state, found = run.moments.arm, inside(ARM, run.moments.arm)
    for names, values in (
        (("shoulder_angle_rad", "elbow_angle_rad"), state.joint_angle),
        (("shoulder_velocity_rad_per_s", "elbow_velocity_rad_per_s"), state.joint_velocity),
        (("hand_x_m", "hand_y_m"), world.hand(run.moments)),
        (("goal_x_m", "goal_y_m"), world.goal(run.moments)),
        (("shoulder_torque_Nm", "elbow_torque_Nm"), found.joint_torque),
        (of_muscles("activation_{}"), state.activation),
        (of_muscles("length_{}_L0"), found.muscle_length),
        (of_muscles("velocity_{}_L0_per_s"), found.muscle_velocity),
        (of_muscles("force_{}_N"), found.tension),
        (of_muscles("moment_arm_elbow_{}_m"), found.moment_arm[..., 1, :]),
    ):
        np.testing.assert_array_equal(block(columns, names), values)


def test_torques_are_the_sum_of_forces_times_moment_arms(reach):
    columns = reach[2]
    force, arms = (block(columns, of_muscles(form)) for form in ("force_{}_N", "moment_arm_shoulder_{}_m"))
    np.testing.assert_allclose((force * arms).sum(-1), block(columns, ["shoulder_torque_Nm"])[..., 0], rtol=1e-12)


def test_commands_and_what_the_step_gave_stand_beside_the_moment_in_which_it_begins(reach):
    _, run, columns = reach
    commands, outcomes = block(columns, of_muscles("excitation_{}")), block(columns, ["error_m", "cost", "success"])
    np.testing.assert_array_equal(commands[:-1], run.commands)
    np.testing.assert_array_equal(outcomes[:-1], np.stack(run.outcomes[1:4], axis=-1))
    assert np.isnan(commands[-1]).all() and np.isnan(outcomes[-1]).all()


@pytest.mark.parametrize(("task", "unit"), [(HandVelocity(), "m_per_s"), (IsometricForce(), "N")])
def test_goals_of_other_kinds_have_their_units(task, unit):
    columns = made(task)[2]
    assert {f"goal_x_{unit}", f"error_{unit}"} < set(columns)


def test_a_rollout_without_batch_axes_is_one_trial():
    world = World(Simulator(ARM, 0.002), Reach())
    moment = world.reset(np.random.default_rng(0).random(world.draws))
    columns = table(world, rollout(world, lambda moment: 0.1 * np.ones(6), moment, 2))
    assert columns["trial"].tolist() == [0, 0, 0]
