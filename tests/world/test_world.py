"""One step of a world: its derivatives against complex step, what acts on the arm, goals in a row, durations."""

import dataclasses

import numpy as np
import pytest
from worlds import ARMS, WORLDS, Curl, Mirrored, TwoReaches, moving, name_of

from armfa.plant import ArmState, Loads, Simulator, hand_velocity, inverse_kinematics, make_arm, rest_state
from armfa.tasks import HandVelocity, Reach
from armfa.world import World, rollout

every_world = pytest.mark.parametrize("world", WORLDS, ids=name_of)


def complex_moment(moment):
    """The moment in complex numbers."""
    state = ArmState(*(x + 0j for x in moment.arm))
    return moment._replace(arm=state)


def derivative(f, x):
    """d f/d x (..., size) of a scalar f (...,), by complex step."""
    columns = []
    for i in range(x.shape[-1]):
        moved = x.astype(complex)
        moved[..., i] += 1e-30j
        columns.append(f(moved).imag / 1e-30)
    return np.stack(columns, axis=-1)


@every_world
def test_the_gradient_of_the_cost_is_the_complex_step_derivative(world):
    moment, command = moving(world, (20,))
    cost, gradient = world.cost_gradient(moment, command)
    exact = derivative(lambda u: world.step(complex_moment(moment), u)[1].cost, command)
    np.testing.assert_allclose(cost, world.step(moment, command)[1].cost, rtol=1e-12)
    assert np.abs(exact).max() > 1e-4
    np.testing.assert_allclose(gradient, exact, rtol=1e-9, atol=1e-11 * np.abs(exact).max())


@every_world
def test_a_command_of_nan_is_seen_in_the_cost_of_its_trial_alone(world):
    moment, command = moving(world, (20,))
    command[3, 0] = np.nan
    cost = world.step(moment, command)[1].cost
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(cost)), [3])


@every_world
def test_the_way_back_through_a_step_is_the_complex_step_derivative(world):
    """Of a scalar made of all of the next state and of the cost: through loads and cursor too."""
    moment, command = moving(world, (10,))
    rng = np.random.default_rng(1)
    bar, cost_bar = ArmState(*(rng.normal(size=x.shape) for x in moment.arm)), rng.normal(size=10)

    def scalar(state, u):
        after, outcome = world.step(moment._replace(arm=state), u)
        return sum((x * b).sum(-1) for x, b in zip(after.arm, bar)) + cost_bar * outcome.cost

    after, outcome, back = world.step_vjp(moment, command)
    expected, expected_outcome = world.step(moment, command)
    np.testing.assert_array_equal(after.arm.joint_velocity, expected.arm.joint_velocity)
    np.testing.assert_array_equal(outcome.cost, expected_outcome.cost)
    by_state, by_command = back(bar, cost_bar)
    for place, found in enumerate(by_state):
        exact = derivative(
            lambda x, place=place: scalar(complex_moment(moment).arm._replace(**{ArmState._fields[place]: x}), command),
            moment.arm[place],
        )
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-11 * max(1.0, np.abs(exact).max()))
    exact = derivative(lambda u: scalar(complex_moment(moment).arm, u), command)
    np.testing.assert_allclose(by_command, exact, rtol=1e-9, atol=1e-11 * np.abs(exact).max())


@every_world
def test_one_arm_and_a_batch_of_arms_have_the_same_bits(world):
    moment, command = moving(world, (2, 3))
    together, told = world.step(moment, command)
    alone, told_alone = world.step(row(moment, (1, 2)), command[1, 2])
    for one, many in zip(leaves((alone, told_alone)), leaves((together, told)), strict=True):
        np.testing.assert_array_equal(one, many[1, 2])


@every_world
def test_a_rollout_is_the_steps_one_after_the_other(world):
    first, command = moving(world, (4,))
    run = rollout(world, lambda moment: command * (0.5 + 0.1 * moment.steps[:, None]), first, 5)
    moment = first
    for time in range(5):
        assert all((a[time] == b).all() for a, b in zip(leaves(run.moments), leaves(moment), strict=True))
        u = command * (0.5 + 0.1 * time)
        np.testing.assert_array_equal(run.commands[time], u)
        moment, outcome = world.step(moment, u)
        assert all((a[time] == b).all() for a, b in zip(leaves(run.outcomes), leaves(outcome), strict=True))
    np.testing.assert_array_equal(run.moments.steps[-1], 5.0)


@every_world
def test_what_is_observed_has_the_size_and_order_of_the_bounds(world):
    moment, _ = moving(world, (3,))
    seen = world.observe(moment)
    assert seen.shape == (3, len(world.sense_bounds) + len(world.goal_bounds))
    if world.task.senses(world.arm, moment.arm, world.seen(moment)):
        np.testing.assert_array_equal(seen[:, :2], moment.arm.joint_angle)
    np.testing.assert_array_equal(seen[:, -2:], world.task.goal(world.simulator, moment))


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_a_curl_field_pushes_at_right_angles_to_the_velocity_and_does_no_work(arm):
    world, free = (World(Simulator(arm), task) for task in (Curl(), Reach()))
    moment, command = moving(world, (50,))
    load = world.task.load(world.simulator, moment)
    velocity = hand_velocity(arm, *moment.arm[:2])
    np.testing.assert_allclose((load.hand_force * velocity).sum(-1), 0.0, atol=1e-14)
    np.testing.assert_allclose(np.hypot(*load.hand_force.T), 13.0 * np.hypot(*velocity.T), rtol=1e-14)
    after, _ = world.step(moment, command)
    expected = Simulator(arm).step(moment.arm, command, Loads(hand_force=load.hand_force))
    np.testing.assert_array_equal(after.arm.joint_velocity, expected.joint_velocity)
    silent = moment._replace(trial=moment.trial._replace(condition=np.zeros(50)))
    np.testing.assert_allclose(
        world.step(silent, command)[0].arm.joint_velocity, free.step(silent, command)[0].arm.joint_velocity, rtol=1e-12
    )


def test_a_shown_hand_is_compared_with_the_goal_in_place_of_the_real_one():
    world = World(Simulator(make_arm()), Mirrored())
    moment, command = moving(world, (5,))
    after, outcome = world.step(moment, command)
    velocity = hand_velocity(world.arm, *after.arm[:2])
    np.testing.assert_array_equal(outcome.achieved, velocity * [-1.0, 1.0])
    np.testing.assert_allclose(
        outcome.error, np.hypot(*(outcome.achieved - world.task.goal(world.simulator, moment)).T), rtol=1e-14
    )


def at_goal(world, number):
    """The arm at rest with its hand on a goal of its trial."""
    moment = world.reset(np.random.default_rng(3).random((1, world.draws)))
    return moment, rest_state(world.arm, inverse_kinematics(world.arm, moment.trial.goals[:, number]))


def test_goals_are_reached_in_their_order_and_the_last_one_ends_the_trial():
    arm = make_arm("torque")  # motors off: it stays where it is put
    world = World(Simulator(arm), TwoReaches(hold_time=0.03))
    moment, on_second = at_goal(world, 1)
    _, on_first = at_goal(world, 0)
    still = np.zeros((1, 2))
    told = []
    for state in [on_second] * 5 + [on_first] * 3 + [on_second] * 3:
        pursued = world.task.goal(world.simulator, moment)
        moment, outcome = world.step(moment._replace(arm=state), still)
        told.append((float(moment.stage[0]), float(moment.held[0]), bool(outcome.success[0])))
        np.testing.assert_allclose(outcome.error, np.hypot(*(outcome.achieved - pursued).T), rtol=1e-12)
    second_too_early = [(0.0, 0.0, False)] * 5
    first = [(0.0, 1.0, False), (0.0, 2.0, False), (1.0, 0.0, False)]
    second = [(1.0, 1.0, False), (1.0, 2.0, False), (1.0, 3.0, True)]
    assert told == second_too_early + first + second


def test_a_break_on_the_target_starts_the_hold_again():
    world = World(Simulator(make_arm("torque")), Reach(hold_time=0.03))
    moment, on = at_goal(world, 0)
    off = on._replace(joint_angle=on.joint_angle + 0.3)
    held = []
    for state in [on, on, off, on, on, on]:
        moment, outcome = world.step(moment._replace(arm=state), np.zeros((1, 2)))
        held.append((float(moment.held[0]), bool(outcome.success[0])))
    assert held == [(1, False), (2, False), (0, False), (1, False), (2, False), (3, True)]


@pytest.mark.parametrize("hold_time", [0.1, 0.07, 0.3])
def test_no_hold_is_shorter_than_asked_at_any_time_step(hold_time):
    for dt in [*np.arange(1, 51) / 1000.0, 1 / 30, 1 / 60, 0.0125]:
        world = World(Simulator(make_arm("torque"), dt), Reach(hold_time=hold_time))
        assert hold_time - 1e-9 <= world.hold_steps * dt < max(hold_time, dt) + dt
        assert world.hold_steps == int(world.hold_steps)


def test_a_task_without_an_end_never_succeeds():
    world = World(Simulator(make_arm()), HandVelocity())
    moment, command = moving(world, (3,))
    assert world.hold_steps is None
    assert not world.step(moment, command)[1].success.any()


def test_effort_costs_the_mean_square_of_the_command():
    moment, command = moving(WORLDS[0], (6,))
    task = dataclasses.replace(WORLDS[0].task, effort=0.4)
    plain, dear = (world.step(moment, command)[1].cost for world in (WORLDS[0], World(WORLDS[0].simulator, task)))
    np.testing.assert_allclose(dear - plain, 0.4 * np.square(command).mean(-1), rtol=1e-12)


def test_a_world_without_a_gradient_refuses_to_give_one():
    arm = make_arm("kalidindi2021", activation="first_order")
    world = World(Simulator(arm, 0.01, "euler"), HandVelocity())
    moment, command = moving(world, (2,))
    with pytest.raises(ValueError, match="zero one-step gradient"):
        world.cost_gradient(moment, command)


def test_worlds_are_equal_and_hashable_where_their_settings_are():
    one, other = (World(Simulator(make_arm(), 0.01), Reach(radius=radius)) for radius in (0.01, 0.02))
    assert one == World(Simulator(make_arm(), 0.01), Reach())
    assert one != other
    assert len({one, other, World(Simulator(make_arm(), 0.01), Reach())}) == 2


def test_a_goal_world_compares_what_float32_shows():
    world, goals = (World(Simulator(make_arm()), Reach(), single) for single in (False, True))
    moment, command = moving(world, (100,))
    exact, shown = world.step(moment, command)[1], goals.step(moment, command)[1]
    expected = [np.float64(np.float32(x)) for x in (exact.achieved, world.task.goal(world.simulator, moment))]
    np.testing.assert_array_equal(shown.error, world.task.error(*expected))
    assert 0 < np.abs(shown.error - exact.error).max() < 1e-7


def leaves(tree):
    """The arrays of a tree of NamedTuples."""
    return [x for part in tree for x in leaves(part)] if isinstance(tree, tuple) else [tree]


def row(tree, place):
    return type(tree)(*(row(x, place) for x in tree)) if isinstance(tree, tuple) else tree[place]
