"""The numbers by which each task can be told: places, times, loads, speeds, forces."""

import dataclasses
import math

import numpy as np
import pytest

from armfa.controllers.trees import take
from armfa.plant import (
    PRESETS,
    ArmState,
    Loads,
    Simulator,
    hand_force,
    hand_position,
    hand_velocity,
    inverse_kinematics,
    jacobian,
    joint_acceleration,
    make_arm,
    muscle_torque,
    rest_state,
)
from armfa.plant.quantities import limit_torque
from armfa.tasks import (
    NEVER,
    TASKS,
    Ballistic,
    CenterOut,
    Ellipse,
    IsometricForce,
    PostureHold,
    VelocityTracking,
    ViaPoint,
    center_out_targets,
)
from armfa.world import Fields, World, rollout

ARMS = {name: make_arm(name) for name in PRESETS}
TIMES = [0.14, 0.28, 0.29]  # s: over 0.01 s these are no whole numbers in floating point


def begun(task, arm="li_todorov", trials=8, dt=0.01):
    """A world and the first moments of the task's frozen trials."""
    world = World(Simulator(make_arm(arm), dt), task)
    return world, world.begin(task.evaluation(world.simulator, trials))


def at(moment, step):
    return moment._replace(steps=0.0 * moment.steps + step)


def still(world, moment, steps):
    """The arm does not move, and wants nothing."""
    return rollout(world, lambda _: np.zeros((len(moment.steps), world.arm.n_muscles)), moment, steps)


# every task


@pytest.mark.parametrize("name", TASKS)
def test_frozen_trials_are_always_the_same_and_a_larger_set_begins_with_a_smaller_one(name):
    task, simulator = TASKS[name](), Simulator(make_arm())
    few, many = task.evaluation(simulator, 7), TASKS[name]().evaluation(simulator, 40)
    for one, other in zip((*few.start, *few[1:5]), (*many.start, *many[1:5])):
        np.testing.assert_array_equal(one, other[:7])
    if task.variants:
        np.testing.assert_array_equal(many.variant, np.arange(40) % task.variants)


def test_frozen_trials_are_those_of_the_first_release():
    simulator = Simulator(make_arm())
    assert CenterOut().evaluation(simulator, 2).onset.tolist() == pytest.approx(FROZEN["CenterOut"], abs=1e-12)
    assert TASKS["Reach"]().evaluation(simulator, 1).goals[0, 0].tolist() == pytest.approx(FROZEN["Reach"], abs=1e-12)


FROZEN = {"CenterOut": [0.4142752183187741, 0.43770532853678534], "Reach": [0.1475806521211409, 0.45771924825377364]}


# CenterOut


@pytest.mark.parametrize("n", [8, 16])
@pytest.mark.parametrize("arm", ARMS)
def test_targets_lie_evenly_around_the_centre(n, arm):
    world, moment = begun(CenterOut(targets=n, distance=0.06), arm, n)
    center = hand_position(world.arm, np.array(world.arm.center_posture))
    np.testing.assert_allclose(moment.trial.goals[:, 0], center_out_targets(center, 0.06, n), atol=1e-15)
    np.testing.assert_array_equal(moment.trial.variant, np.arange(n))


def test_targets_are_10_cm_away_for_the_human_arm_and_7_for_the_monkey():
    for arm, distance in (("li_todorov", 0.1008), ("lillicrap_scott", 0.0686)):
        world, moment = begun(CenterOut(), arm)
        away = moment.trial.goals[:, 0] - world.hand(moment)
        np.testing.assert_allclose(np.hypot(*away.T), distance, atol=1e-4)


@pytest.mark.parametrize("go", TIMES)
@pytest.mark.parametrize("dt", [0.01, 0.02, 0.005])
def test_the_go_comes_with_the_first_step_at_or_after_its_time(go, dt):
    world, moment = begun(CenterOut(cue_time=0.0, shortest_delay=go, longest_delay=go), dt=dt)
    step = math.ceil(go / dt - 1e-9)
    target, center = moment.trial.goals[:, 0], world.hand(moment)
    for now, flag, goal in ((step - 1, 0.0, center), (step, 1.0, target)):
        seen = world.observe(at(moment, now))
        np.testing.assert_array_equal(seen[:, -3], flag)
        np.testing.assert_array_equal(seen[:, -2:], goal)
        np.testing.assert_array_equal(seen[:, -5:-3], target)  # shown all the time


@pytest.mark.parametrize("cue", TIMES)
def test_the_target_is_shown_with_the_first_step_at_or_after_the_cue(cue):
    world, moment = begun(CenterOut(cue_time=cue))
    step = round(cue / 0.01)
    np.testing.assert_array_equal(world.observe(at(moment, step - 1))[:, -5:-3], world.hand(moment))
    np.testing.assert_array_equal(world.observe(at(moment, step))[:, -5:-3], moment.trial.goals[:, 0])


@pytest.mark.parametrize("hold", TIMES)
def test_a_hold_is_exact_to_the_step_and_begins_after_the_go(hold):
    task = CenterOut(cue_time=0.0, shortest_delay=0.1, longest_delay=0.1, hold_time=hold)
    world, moment = begun(task, "torque")
    on_target = rest_state(world.arm, inverse_kinematics(world.arm, moment.trial.goals[:, 0]))
    run = still(world, moment._replace(arm=on_target), 60)
    first = run.outcomes.success.argmax(0)  # the outcome of step k is that of the moment k + 1
    np.testing.assert_array_equal(first + 1, 10 + round(hold / 0.01))


def test_who_must_wait_and_leaves_the_centre_before_the_go_does_not_succeed():
    task = CenterOut(cue_time=0.0, shortest_delay=0.1, longest_delay=0.1, must_wait=True)
    world, moment = begun(task, "torque")
    on_target = rest_state(world.arm, inverse_kinematics(world.arm, moment.trial.goals[:, 0]))
    early = still(world, moment._replace(arm=on_target), 60)
    assert not early.outcomes.success.any() and (early.moments.record[-1, :, 4] == 1.0).all()
    waited = take(still(world, moment, 10).moments, -1)
    after = still(world, waited._replace(arm=on_target), 20)
    assert after.outcomes.success.any(0).all() and (after.moments.record[-1, :, 4] == 0.0).all()


def test_a_target_that_jumps_before_the_go_makes_no_start_too_early():
    task = CenterOut(cue_time=0.0, shortest_delay=0.1, longest_delay=0.1)
    world, moment = begun(task, "torque")
    world = dataclasses.replace(world, fields=Fields(target_jump=(0.1, 0.0), jump_distance=0.005))
    moment = world.begin(moment.trial)
    near = rest_state(world.arm, inverse_kinematics(world.arm, world.start(moment) + np.array([0.01, 0.0])))
    run = still(world, moment._replace(arm=near), 12)
    assert (run.outcomes.error[5] > 0.08).all()  # from the goal that has jumped; the hand is 1 cm off the centre
    assert (run.moments.record[-1, :, 4] == 0.0).all()


def test_delays_are_drawn_evenly_and_catch_trials_have_no_go():
    task, simulator = CenterOut(catch=0.25, cue_time=0.1, shortest_delay=0.2, longest_delay=0.6), Simulator(make_arm())
    onset = task.sample(simulator, np.random.default_rng(0), 4000).onset
    assert (onset == NEVER).mean() == pytest.approx(0.25, abs=0.02)
    go = onset[onset < NEVER]
    assert 0.3 <= go.min() < 0.301 and 0.699 < go.max() <= 0.7
    assert go.mean() == pytest.approx(0.5, abs=0.01)


def test_a_catch_trial_succeeds_in_the_centre_and_not_on_the_target():
    world, moment = begun(CenterOut(catch=1.0, longest_delay=0.2, hold_time=0.1), "torque")
    run = still(world, moment, 80)
    assert run.outcomes.success.any(0).all()
    np.testing.assert_array_equal(run.outcomes.success.argmax(0) + 1, 60 + 10)  # 0.1 + 0.2 + 0.3 s, then the hold
    on_target = rest_state(world.arm, inverse_kinematics(world.arm, moment.trial.goals[:, 0]))
    assert not still(world, moment._replace(arm=on_target), 80).outcomes.success.any()


def test_measures_of_a_reach_are_those_of_its_path():
    world, moment = begun(CenterOut(cue_time=0.0, shortest_delay=0.05, longest_delay=0.2, radius=0.09))
    run = rollout(world, lambda m: np.where(m.steps[:, None] < 12, 0.0, 0.05) * np.ones((8, 6)), moment, 40)
    time = 0.01 * run.moments.steps[1:]
    speed = np.hypot(*np.moveaxis(hand_velocity(world.arm, *run.moments.arm[:2]), -1, 0))[1:]
    gone = time > moment.trial.onset
    reaction, movement, peak, path, _ = run.moments.record[-1].T
    np.testing.assert_allclose(peak, np.where(gone, speed, 0.0).max(0), rtol=1e-14)
    np.testing.assert_allclose(path, 0.01 * np.where(gone, speed, 0.0).sum(0), rtol=1e-12)
    moves = (gone & (speed > 0.05)).argmax(0)
    np.testing.assert_allclose(reaction, time[moves, range(8)] - moment.trial.onset, atol=1e-12)
    there = (run.outcomes.error <= 0.09) & (time >= time[moves, range(8)])
    expected = np.where(there.any(0), time[there.argmax(0), range(8)] - time[moves, range(8)], 0.0)
    np.testing.assert_allclose(movement, expected, atol=1e-12)
    assert there.any()


# ViaPoint


def test_a_via_point_is_passed_at_any_speed_and_only_then_counts_the_target():
    world, moment = begun(ViaPoint(hold_time=0.03), "torque", 1)
    places = [inverse_kinematics(world.arm, moment.trial.goals[:, i]) for i in (0, 1)]
    via = ArmState(places[0], np.full((1, 2), 3.0), np.zeros((1, 2)))
    target = rest_state(world.arm, places[1])
    told = []
    for state in [target] * 4 + [via] + [target] * 3:
        start = state._replace(joint_angle=state.joint_angle - 0.01 * state.joint_velocity)
        moment, outcome = world.step(moment._replace(arm=start), np.zeros((1, 2)))
        told.append((float(moment.stage[0]), float(moment.held[0]), bool(outcome.success[0])))
    assert told == [(0, 0, False)] * 4 + [(1, 0, False), (1, 1, False), (1, 2, False), (1, 3, True)]
    assert moment.record[0, 0] == pytest.approx(0.05)


@pytest.mark.parametrize("reward", ["precise", "distance", "sparse"])
def test_passing_the_via_point_never_costs_more_than_waiting_beside_it(reward):
    world, moment = begun(ViaPoint(reward=reward), "torque", 20)
    via = rest_state(world.arm, inverse_kinematics(world.arm, moment.trial.goals[:, 0]))
    before = world.step(moment._replace(arm=via), np.zeros((20, 2)))[1].cost
    after = world.step(moment._replace(arm=via, stage=moment.stage + 1.0), np.zeros((20, 2)))[1].cost
    assert (after <= before + 1e-9).all()


# PostureHold


@pytest.mark.parametrize("onset", TIMES)
def test_a_load_sets_in_with_its_step_and_a_pulse_ends(onset):
    step = round(onset / 0.01)
    for task, last in ((PostureHold(), 10**6), (PostureHold(load_time=0.1), step + 9)):
        world, moment = begun(dataclasses.replace(task, earliest=onset, latest=onset), trials=9)
        for now in (0, step - 1, step, step + 9, step + 10):
            torque = world.task.load(world.simulator, at(moment, now)).joint_torque
            size = np.where(np.arange(9) < 8, 2.1 if step <= now <= last else 0.0, 0.0)
            np.testing.assert_allclose(np.hypot(*torque.T), size, atol=0.03)


def test_loads_have_the_size_of_studies_and_all_directions_once():
    for arm, kind, size in (
        ("li_todorov", "joint_torque", 2.08),  # N m
        ("lillicrap_scott", "joint_torque", 0.238),  # N m
        ("li_todorov", "hand_force", 6.59),  # N
    ):
        world, moment = begun(PostureHold(load_kind=kind), arm, 9)
        load = getattr(world.task.load(world.simulator, at(moment, 50)), kind)
        angle = np.arange(8) * math.pi / 4
        np.testing.assert_allclose(load[:8], size * np.stack([np.cos(angle), np.sin(angle)], -1), atol=0.01 * size)
        np.testing.assert_array_equal(load[8], 0.0)


def test_a_loaded_arm_moves_as_the_plant_with_that_load():
    world, moment = begun(PostureHold(earliest=0.0, latest=0.0), trials=9)
    command = np.full((9, 6), 0.2)
    after, _ = world.step(moment, command)
    load = Loads(joint_torque=world.task.load(world.simulator, moment).joint_torque)
    expected = Simulator(make_arm()).step(moment.arm, command, load)
    np.testing.assert_array_equal(after.arm.joint_velocity, expected.joint_velocity)


def test_a_hold_after_a_load_does_not_count_before_the_recovery_time():
    world, moment = begun(PostureHold(earliest=0.2, latest=0.2, strength=1e-9), "torque", 9)
    run = still(world, moment, 120)
    np.testing.assert_array_equal(run.outcomes.success.argmax(0) + 1, 70 + 30)


# Ellipse


def places(task, arm="li_todorov", steps=100):
    """Where the target is (steps, trials, 2), m, at the times 1, 2, ... steps."""
    world, moment = begun(task, arm)
    return world, moment, np.stack([task.goal(world.simulator, at(moment, now)) for now in range(steps)])


def test_the_target_keeps_its_ellipse_and_its_speed():
    task = Ellipse(width=0.12, height=0.06, frequency=0.8)
    world, moment, path = places(task, steps=125)
    center = hand_position(world.arm, np.array(world.arm.center_posture))
    x, y = np.moveaxis((path - center) / [0.06, 0.03], -1, 0)
    np.testing.assert_allclose(x * x + y * y, 1.0, rtol=1e-12)
    np.testing.assert_allclose(path[-1], world.hand(moment), atol=1e-14)  # 125 steps of 10 ms: once around
    phase = math.tau * (0.8 * 0.01 * np.arange(1.5, 125)[:, None] + np.arange(8) / 8)
    speed = math.tau * 0.8 * np.hypot(0.06 * np.sin(phase), 0.03 * np.cos(phase))
    np.testing.assert_allclose(np.hypot(*np.moveaxis(np.diff(path, axis=0), -1, 0)) / 0.01, speed, rtol=2e-4)


def test_the_target_keeps_the_two_thirds_power_law():
    world, _ = begun(Ellipse())
    phase = np.linspace(0.0, math.tau, 4001)
    path = Ellipse().path(world.arm, phase)
    velocity = np.gradient(path, phase, axis=0)[2:-2]
    bend = np.gradient(np.gradient(path, phase, axis=0), phase, axis=0)[2:-2]
    speed = np.hypot(*velocity.T)
    curvature = np.abs(velocity[:, 0] * bend[:, 1] - velocity[:, 1] * bend[:, 0]) / speed**3
    exponent = np.polyfit(np.log(curvature), np.log(speed), 1)[0]
    assert exponent == pytest.approx(-1 / 3, abs=1e-4)


def test_a_figure_eight_crosses_its_centre_twice_a_round():
    world, _, path = places(Ellipse(figure="eight"), steps=400)
    center = hand_position(world.arm, np.array(world.arm.center_posture))
    x, y = np.moveaxis((path[:, 0] - center) / [0.0504, 0.0252], -1, 0)
    np.testing.assert_allclose(y, 2.0 * x * np.sin(math.tau * 0.01 * np.arange(1, 401)), atol=1e-12)
    assert (np.hypot(x, y) < 1e-6).sum() == 8  # four rounds


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("figure", ["ellipse", "eight"])
def test_the_hand_starts_on_the_target_and_the_path_is_within_the_joint_range(arm, figure):
    task = Ellipse(figure=figure)
    world, moment, path = places(task, arm)
    step = np.hypot(*(path[0] - world.hand(moment)).T)
    assert (step <= 0.01 * 0.5 * math.tau * 0.24 * world.arm.reach).all()
    low, high = np.array(world.arm.joint_range).T
    angles = inverse_kinematics(world.arm, path)
    assert (angles > low).all() and (angles < high).all()


def test_success_on_an_ellipse_is_a_root_mean_square_below_the_radius():
    world, moment = begun(Ellipse(duration=0.2), "torque")
    run = still(world, moment, 30)
    rms = np.sqrt((run.outcomes.error**2).cumsum(0) / np.arange(1, 31)[:, None])
    np.testing.assert_allclose(run.moments.record[1:, :, 0], rms, rtol=1e-12)
    over = np.arange(1, 31)[:, None] >= 20
    for radius in (1e-3, 0.02, 1.0):
        world = World(world.simulator, Ellipse(duration=0.2, radius=radius))
        np.testing.assert_array_equal(still(world, moment, 30).outcomes.success, over & (rms < radius))


# VelocityTracking


def test_desired_velocities_of_least_jerk_lead_to_their_places_one_after_the_other():
    task = VelocityTracking(move_time=0.5)
    world, moment = begun(task, dt=0.001)
    velocity = np.stack([task.goal(world.simulator, at(moment, now)) for now in range(1500)])
    way = np.concatenate([world.hand(moment)[None], world.hand(moment) + 0.001 * velocity.cumsum(0)])
    for k in range(3):
        np.testing.assert_allclose(way[500 * (k + 1)], moment.trial.goals[:, k], atol=1e-5)
        speed = np.hypot(*np.moveaxis(velocity[500 * k : 500 * (k + 1)], -1, 0))
        np.testing.assert_allclose(speed.max(0) / speed.mean(0), 15 / 8, rtol=1e-3)


def test_desired_velocities_of_sinusoids_are_their_sum():
    task = VelocityTracking(profile="sines")
    world, moment = begun(task, dt=0.001)
    t = 0.001 * np.arange(1, 3001)[:, None, None]
    velocity = np.stack([task.goal(world.simulator, at(moment, now)) for now in range(3000)])
    terms = [moment.trial.goals[:, k] * math.tau * f * np.sin(math.tau * f * t) for k, f in enumerate((0.5, 1.0, 1.9))]
    np.testing.assert_allclose(velocity, sum(terms), atol=1e-13)
    strongest = np.hypot(*np.moveaxis(moment.trial.goals, -1, 0)).max()
    assert 0.01 < strongest <= 0.03 * world.arm.reach


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_tracking_succeeds_with_an_error_below_15_percent_of_what_is_desired(share):
    world, moment = begun(VelocityTracking(move_time=0.1), "torque", 4)
    success = []
    for _ in range(31):
        desired = (1.0 + share) * world.task.goal(world.simulator, moment)
        turn = np.linalg.solve(jacobian(world.arm, moment.arm.joint_angle), desired[..., None])[..., 0]
        after, _ = world.step(moment, np.zeros((4, 2)))
        placed = world.step(moment._replace(arm=after.arm), np.zeros((4, 2)))  # only the clock is wanted of it
        now = moment._replace(arm=moment.arm._replace(joint_velocity=turn), steps=moment.steps + 1.0)
        error = world.task.error(world.seen(now), world.task.goal(world.simulator, moment))
        record = np.stack(world.task.record(world.simulator, moment, now, error), axis=-1)
        assert placed[0].record.shape == record.shape
        moment = now._replace(record=record)
        success.append(world.task.passed(world.simulator, moment))
    np.testing.assert_allclose(moment.record[:, 0], share * moment.record[:, 1], rtol=1e-9)
    np.testing.assert_array_equal(success, np.arange(1, 32)[:, None] >= (30 if share < 0.15 else 99) * np.ones((1, 4)))


# Ballistic


def test_a_ballistic_movement_is_made_without_seeing_the_arm():
    world, moment = begun(Ballistic())
    run = rollout(world, lambda m: np.full((8, 6), 0.1) * m.steps[:, None] / 30, moment, 30)
    silent = still(world, moment, 30)
    np.testing.assert_array_equal(world.observe(run.moments), world.observe(silent.moments))
    np.testing.assert_allclose(world.observe(run.moments)[20, :, :2], [[1.0, 0.1]] * 8)


@pytest.mark.parametrize(("share", "success"), [(0.09, True), (0.11, False)])
def test_a_ballistic_movement_is_judged_at_its_end(share, success):
    world, moment = begun(Ballistic(go_time=0.14, move_time=0.29), "torque")
    target, center = moment.trial.goals[:, 0], world.hand(moment)
    near = rest_state(world.arm, inverse_kinematics(world.arm, target + share * (center - target)))
    told = still(world, moment._replace(arm=near), 50).outcomes.success
    np.testing.assert_array_equal(told, (np.arange(1, 51)[:, None] >= 43) & np.full((1, 8), success))


# IsometricForce


@pytest.mark.parametrize("arm", ARMS)
def test_the_force_of_a_held_hand_is_the_torque_through_the_transposed_jacobian(arm):
    world, moment = begun(IsometricForce(), arm)
    command = np.random.default_rng(0).uniform(0.0, 1.0, (8, world.arm.n_muscles))
    after, outcome = world.step(moment, command)
    torque = muscle_torque(world.arm, after.arm) + limit_torque(world.arm, *after.arm[:2])
    j = jacobian(world.arm, after.arm.joint_angle)
    expected = np.linalg.solve(np.swapaxes(j, -1, -2), torque[..., None])[..., 0]
    np.testing.assert_allclose(outcome.achieved, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(after.arm.joint_angle, moment.arm.joint_angle)
    np.testing.assert_array_equal(after.arm.joint_velocity, 0.0)


def test_a_hand_that_is_pushed_back_with_its_own_force_stays_where_it_is():
    arm = make_arm("motornet_arm26")
    state = ArmState(np.array([[0.9, 1.4]]), np.zeros((1, 2)), np.full((1, 6), 0.3))
    balance = joint_acceleration(arm, state, Loads(hand_force=-hand_force(arm, state)))
    np.testing.assert_allclose(balance, 0.0, atol=1e-10)


def test_desired_forces_have_all_directions_and_strengths_between_their_bounds():
    world, _ = begun(IsometricForce(directions=16, weakest=2.0, strongest=3.0))
    force = world.task.evaluation(world.simulator, 320).goals[:, 0]
    size = np.hypot(*force.T)
    assert 2.0 <= size.min() < 2.02 and 2.98 < size.max() <= 3.0
    angle = np.arctan2(force[:, 1], force[:, 0]) % math.tau
    np.testing.assert_allclose(angle, (math.tau / 16 * (np.arange(320) % 16)) % math.tau, atol=1e-9)


def test_a_force_counts_within_a_tenth_of_what_is_desired():
    world, moment = begun(IsometricForce())
    size = np.hypot(*moment.trial.goals[:, 0].T)
    for share, there in ((0.099, True), (0.101, False)):
        np.testing.assert_array_equal(world.task.on_target(world.simulator, moment, share * size), there)
