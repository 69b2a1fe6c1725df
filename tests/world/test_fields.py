"""Force fields, channels, pulses, the rotated hand and the target that jumps, against closed forms."""

import dataclasses

import numpy as np
import pytest
from worlds import moving

from armfa.plant import (
    Loads,
    Simulator,
    hand_position,
    hand_velocity,
    inverse_kinematics,
    make_arm,
    muscle_length,
)
from armfa.tasks import CenterOut, HandVelocity, Reach, ViaPoint
from armfa.world import SHADMEHR_MUSSA_IVALDI, Fields, World, rollout

ARM = make_arm("li_todorov")


def world_of(task=None, arm=ARM, dt=0.01, **fields):
    return World(Simulator(arm, dt), Reach() if task is None else task, fields=Fields(**fields))


def conditioned(moment, value):
    return moment._replace(trial=moment.trial._replace(condition=value + 0.0 * moment.trial.condition))


@pytest.mark.parametrize("space", ["hand", "joint"])
def test_a_curl_field_is_perpendicular_to_the_velocity_and_does_no_work(space):
    world = world_of(field="curl", field_strength=13.0, field_space=space)
    moment, _ = moving(world, (50,))
    velocity = hand_velocity(ARM, *moment.arm[:2]) if space == "hand" else moment.arm.joint_velocity
    load = world.load(moment)
    push = load.hand_force if space == "hand" else load.joint_torque
    np.testing.assert_allclose((push * velocity).sum(-1), 0.0, atol=1e-13)
    np.testing.assert_allclose(push, 13.0 * np.stack([velocity[:, 1], -velocity[:, 0]], -1), rtol=1e-14)
    np.testing.assert_allclose(world.load(conditioned(moment, -0.5)).hand_force if space == "hand" else
                               world.load(conditioned(moment, -0.5)).joint_torque, -0.5 * push, rtol=1e-14)  # fmt: skip


@pytest.mark.parametrize("space", ["hand", "joint"])
def test_any_field_is_its_matrices_times_velocity_and_way_from_the_start(space):
    stiffness = ((1.0, 2.0), (-3.0, 4.0))
    world = world_of(field_matrix=SHADMEHR_MUSSA_IVALDI, field_stiffness=stiffness, field_space=space)
    moment, _ = moving(world, (20,))
    start = moment.arm.joint_angle + 0.1
    moment = moment._replace(trial=moment.trial._replace(start=moment.arm._replace(joint_angle=start)))
    q, w = moment.arm[:2]
    velocity, way = (w, q - start) if space == "joint" else (
        hand_velocity(ARM, q, w), hand_position(ARM, q) - hand_position(ARM, start))  # fmt: skip
    expected = velocity @ np.array(SHADMEHR_MUSSA_IVALDI).T + way @ np.array(stiffness).T
    push = world.load(moment).joint_torque if space == "joint" else world.load(moment).hand_force
    np.testing.assert_allclose(push, expected, rtol=1e-12, atol=1e-13)


def test_a_viscous_field_takes_energy_out():
    world = world_of(field="viscous", field_strength=5.0)
    moment, _ = moving(world, (20,))
    velocity = hand_velocity(ARM, *moment.arm[:2])
    np.testing.assert_allclose(world.load(moment).hand_force, -5.0 * velocity, rtol=1e-14)


def test_condition_zero_is_no_field():
    field, free = world_of(field="curl", rotation=30.0, pulse_force=(5.0, 0.0)), world_of()
    moment, command = moving(field, (20,))
    (one, told), (other, told_free) = field.step(conditioned(moment, 0.0), command), free.step(moment, command)
    np.testing.assert_allclose(one.arm.joint_velocity, other.arm.joint_velocity, rtol=1e-12)
    np.testing.assert_allclose(told.achieved, told_free.achieved, rtol=1e-12)


def test_a_pulse_lasts_from_its_onset_for_its_duration():
    world = world_of(pulse_force=(3.0, -1.0), pulse_torque=(0.5, 0.25), pulse_onset=0.28, pulse_duration=0.14)
    moment, command = moving(world, (3,))
    later = moment._replace(trial=moment.trial._replace(onset=moment.trial.onset + 0.07))
    for step in range(60):
        load = world.load(moment._replace(steps=0.0 * moment.steps + step))
        np.testing.assert_array_equal(
            world.load(later._replace(steps=moment.steps + step + 7)).hand_force, load.hand_force
        )
        there = 28 <= step < 42
        np.testing.assert_array_equal(load.hand_force, np.tile([3.0, -1.0], (3, 1)) * there)
        np.testing.assert_array_equal(load.joint_torque, np.tile([0.5, 0.25], (3, 1)) * there)
    during = moment._replace(steps=moment.steps + 30.0)
    expected = Simulator(ARM).step(
        moment.arm, command, Loads(np.tile([3.0, -1.0], (3, 1)), np.tile([0.5, 0.25], (3, 1)))
    )
    np.testing.assert_array_equal(world.step(during, command)[0].arm.joint_velocity, expected.joint_velocity)


def test_a_pulse_without_a_duration_is_a_step():
    world = world_of(pulse_torque=(1.0, 0.0), pulse_onset=0.1)
    moment, _ = moving(world, (1,))
    told = [world.load(moment._replace(steps=moment.steps + step)).joint_torque[0, 0] for step in (9, 10, 1e6)]
    assert told == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("degrees", [30.0, -45.0, 180.0])
def test_the_hand_is_seen_turned_about_its_start(degrees):
    world = world_of(rotation=degrees)
    moment, command = moving(world, (20,))
    moment, outcome = world.step(moment, command)
    start, hand = (hand_position(ARM, q) for q in (moment.trial.start.joint_angle, moment.arm.joint_angle))
    x, y = (hand - start).T
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    expected = start + np.stack([c * x - s * y, s * x + c * y], axis=-1)
    np.testing.assert_allclose(outcome.achieved, expected, atol=1e-15)
    np.testing.assert_array_equal(world.observe(moment)[:, 4:6], outcome.achieved)
    np.testing.assert_allclose(outcome.error, np.hypot(*(expected - world.goal(moment)).T), rtol=1e-12)
    np.testing.assert_allclose(world.seen(conditioned(moment, 0.0)), hand, atol=1e-15)


def test_a_velocity_is_seen_turned_about_zero():
    world = world_of(HandVelocity(), rotation=90.0)
    moment, _ = moving(world, (5,))
    x, y = hand_velocity(ARM, *moment.arm[:2]).T
    np.testing.assert_allclose(world.seen(moment), np.stack([-y, x], axis=-1), atol=1e-15)


def toward(world):
    """A policy that pulls the hand to its goal across a field: muscles as springs to the goal's posture."""

    def policy(moment):
        goal = inverse_kinematics(world.arm, moment.trial.goals[..., 0, :])
        longer = muscle_length(world.arm, moment.arm.joint_angle) - muscle_length(world.arm, goal)
        return np.clip(4.0 * longer + 0.05, 0.0, 1.0)

    return policy


def sideways(world, run):
    """How far the hand is from the line between start and goal (time, ...), m."""
    hand = hand_position(world.arm, run.moments.arm.joint_angle)
    start, way = hand[0], run.moments.trial.goals[0, ..., 0, :] - hand[0]
    off = hand - start
    return (way[..., 0] * off[..., 1] - way[..., 1] * off[..., 0]) / np.hypot(way[..., 0], way[..., 1])


@pytest.mark.parametrize(
    "arm", [ARM, make_arm("lillicrap_scott"), make_arm("katayama_kawato")], ids=lambda arm: arm.name
)
def test_a_channel_keeps_the_hand_within_millimetres_of_the_line(arm):
    led, free = (world_of(CenterOut(), arm, channel=channel) for channel in (True, False))
    moment = led.reset((np.arange(8)[:, None] + 0.5) / 8 * np.ones((8, led.draws)))
    runs = [rollout(world, toward(world), world.begin(moment.trial), 80) for world in (led, free)]
    off = [np.abs(sideways(world, run)).max() for world, run in zip((led, free), runs)]
    assert off[0] < 0.002
    assert off[1] > 5 * off[0]


def test_the_force_of_a_channel_is_what_holds_the_hand():
    """With the measured force as a load along the normal, a world without walls takes the same step."""
    led, free = world_of(channel=True), Simulator(ARM)
    moment, command = moving(led, (20,))
    after, outcome = led.step(moment, command)
    start = hand_position(ARM, moment.trial.start.joint_angle)
    way = moment.trial.goals[:, 0] - start
    normal = np.stack([-way[:, 1], way[:, 0]], -1) / np.hypot(*way.T)[:, None]
    expected = free.step(moment.arm, command, Loads(hand_force=outcome.channel_force[:, None] * normal))
    np.testing.assert_allclose(after.arm.joint_velocity, expected.joint_velocity, rtol=1e-12)
    velocity = (hand_velocity(ARM, moment.arm.joint_angle, after.arm.joint_velocity) * normal).sum(-1)
    place = 0.01 * velocity  # at the step's end; the hand starts on the line
    np.testing.assert_allclose(outcome.channel_force, -(6000.0 * place + 50.0 * velocity), rtol=1e-9)


def test_a_channel_at_rest_is_a_spring_of_its_stiffness():
    """A hand that a steady force presses against the wall is off by force / stiffness."""
    arm = make_arm("torque")
    world = world_of(arm=arm, channel=True, channel_stiffness=2000.0, pulse_force=(0.0, 5.0))
    moment = world.reset(np.full((1, world.draws), 0.5))
    goal = hand_position(arm, moment.arm.joint_angle) - np.array([0.1, 0.0])
    moment = moment._replace(trial=moment.trial._replace(goals=goal[:, None]))
    run = rollout(world, lambda m: -0.5 * m.arm.joint_velocity, moment, 400)
    hand, end = (hand_position(arm, q) for q in (run.moments.arm.joint_angle[0], run.moments.arm.joint_angle[-1]))
    np.testing.assert_allclose(run.outcomes.channel_force[-1], 5.0, atol=0.05)  # the line runs to the left
    np.testing.assert_allclose(end[0, 1] - hand[0, 1], 5.0 / 2000.0, rtol=0.02)


def test_walls_stand_in_channel_trials_only():
    world, free = world_of(channel=True), world_of()
    moment, command = moving(world, (20,))
    without = moment._replace(trial=moment.trial._replace(channel=0.0 * moment.trial.channel))
    after, outcome = world.step(without, command)
    np.testing.assert_array_equal(outcome.channel_force, 0.0)
    np.testing.assert_array_equal(after.arm.joint_velocity, free.step(without, command)[0].arm.joint_velocity)


def test_the_channel_of_a_second_goal_begins_at_the_first():
    world = world_of(ViaPoint(), channel=True)
    moment, _ = moving(world, (4,))
    first, second = (world.line(moment._replace(stage=moment.stage + stage)) for stage in (0.0, 1.0))
    start, goals = hand_position(ARM, moment.trial.start.joint_angle), moment.trial.goals
    for (point, normal), beginning, end in ((first, start, goals[:, 0]), (second, goals[:, 0], goals[:, 1])):
        np.testing.assert_array_equal(point, beginning)
        way = end - beginning
        np.testing.assert_allclose((normal * way).sum(-1), 0.0, atol=1e-15)
        np.testing.assert_allclose(way[:, 0] * normal[:, 1] - way[:, 1] * normal[:, 0], np.hypot(*way.T), rtol=1e-14)


def test_a_target_that_jumps_at_a_distance_stays_there():
    world = world_of(target_jump=(0.0, 0.05), jump_distance=0.03)
    moment, command = moving(world, (6,))
    run = rollout(world, lambda m: command, moment, 80)
    hand = hand_position(ARM, run.moments.arm.joint_angle)
    far = np.hypot(*np.moveaxis(hand - hand_position(ARM, moment.trial.start.joint_angle), -1, 0)) >= 0.03
    jumped = np.logical_or.accumulate(far[1:], axis=0)
    goals = world.goal(run.moments)[1:] - run.moments.trial.goals[1:, :, 0]
    np.testing.assert_allclose(goals[..., 1], np.where(jumped, 0.05, 0.0), atol=1e-15)
    assert 0 < jumped.mean() < 1
    back = moment._replace(line=moment.line._replace(jumped=run.moments.line.jumped[-1]))
    after, _ = world.step(back._replace(arm=moment.trial.start), command)
    np.testing.assert_array_equal(after.line.jumped, jumped[-1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"field": "curly"}, "field None or 'curl' or 'viscous', got 'curly'"),
        ({"field": "curl", "field_matrix": ((1, 0), (0, 1))}, "got both"),
        ({"field_matrix": (1.0, 2.0)}, "Fields.field_matrix"),
        ({"target_jump": (0.1, 0.0)}, "either jump_time or jump_distance"),
        ({"jump_time": 0.1}, "either jump_time or jump_distance"),
        ({"channel_stiffness": -1.0}, "above 0, N/m, got -1.0"),
        ({"channel": 1.5}, "channel True or False"),
        ({"rotation": float("nan")}, "a finite number, degrees"),
    ],
)
def test_fields_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Fields(**settings)


@pytest.mark.parametrize("settings", [{"channel": True}, {"target_jump": (0.1, 0.0), "jump_time": 0.1}])
def test_a_velocity_has_no_channel_and_no_place_to_jump_from(settings):
    with pytest.raises(ValueError, match="the goal of HandVelocity is no place"):
        world_of(HandVelocity(), **settings)


def test_worlds_that_differ_in_numbers_only_share_their_programs():
    one, other = (world_of(field="curl", field_strength=b, rotation=r) for b, r in ((1.0, 10.0), (2.0, 20.0)))
    moment, command = moving(one, (2,))
    one.cost_gradient(moment, command), other.cost_gradient(moment, command)
    programs = [next(iter(world._bound.values())).program for world in (one, other)]
    assert programs[0] is programs[1]
    assert dataclasses.replace(one) == one
