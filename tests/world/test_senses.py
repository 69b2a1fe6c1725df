"""Delays to the step, noise by its standard deviation, what is sensed, and the way back through all of it."""

import dataclasses

import numpy as np
import pytest
from test_world import complex_moment, derivative, leaves
from worlds import moving

from armfa.plant import ArmState, Simulator, hand_position, inside, make_arm
from armfa.tasks import CenterOut, HandVelocity, Reach
from armfa.world import SENSES, Bar, Fields, Line, Senses, World, rollout
from armfa.world.senses import EXACT, SPINDLE_VELOCITY, whole_steps

ARM = make_arm("li_todorov")
FIRST_ORDER = make_arm("lillicrap_scott", activation="first_order")
NOISY = Senses(motor_noise=0.1, constant_motor_noise=0.02, sensory_noise={"joint_angle": 0.01, "hand": 0.005})
LATE = Senses(proprioceptive_delay=0.02, visual_delay=0.09)
ALL = Senses(
    proprioceptive_delay=0.01,
    visual_delay=0.03,
    sense=tuple(SENSES),
    sensory_noise=dict.fromkeys(SENSES, 0.01),
    motor_noise=0.1,
    constant_motor_noise=0.01,
)
PUSHED = Fields(field="curl", field_strength=2.0, channel=True, channel_stiffness=300.0, channel_damping=3.0)
WORLDS = [
    World(Simulator(ARM), Reach(), senses=LATE),
    World(Simulator(ARM), Reach(effort=0.1), senses=NOISY, fields=Fields(field="curl", rotation=30.0)),
    World(Simulator(FIRST_ORDER), Reach(), senses=ALL, fields=PUSHED),
    World(Simulator(ARM), HandVelocity(), senses=dataclasses.replace(NOISY, hold_action=3, proprioceptive_delay=0.01)),
    World(Simulator(ARM), CenterOut(), senses=ALL, fields=Fields(target_jump=(0.02, 0.0), jump_distance=0.01)),
]
every_world = pytest.mark.parametrize("world", WORLDS, ids=range(len(WORLDS)))


def underway(world, size=8, steps=5, seed=0):
    """Moments in mid-episode with lines that have filled, and commands for them."""
    moment, command = moving(world, (size,), seed)
    noise = np.random.default_rng(seed).normal(size=(steps, size, world.normals))
    run = rollout(world, lambda _: command, moment, steps, noise)
    return last(run.moments), command


def last(tree):
    return type(tree)(*map(last, tree)) if isinstance(tree, tuple) else tree[-1]


def started(world, size):
    """Arms that start moving, with active muscles, and commands for them."""
    moment, command = moving(world, (size,))
    return world.begin(moment.trial._replace(start=moment.arm)), command


def run_of(world, steps, noise=None):
    moment, command = started(world, 4)
    return rollout(world, lambda m: command * (0.5 + 0.4 * np.sin(m.steps[:, None])), moment, steps, noise)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.14, 0.28, 0.29])
def test_what_is_told_is_what_was_true_so_many_steps_ago(delay):
    steps = round(100 * delay)
    world = World(Simulator(ARM), Reach(), senses=Senses(proprioceptive_delay=delay, visual_delay=2 * delay))
    run = run_of(world, 70)
    q, w, hand = run.moments.arm.joint_angle, run.moments.arm.joint_velocity, hand_position(ARM, run.moments.arm[0])
    assert world.delays == (steps, 2 * steps)
    for time in range(70):
        seen = world.observe(at(run.moments, time))
        before, long_before = max(time - steps, 0), max(time - 2 * steps, 0)
        np.testing.assert_array_equal(seen[:, :2], q[before])
        np.testing.assert_array_equal(seen[:, 2:4], w[before])
        np.testing.assert_array_equal(seen[:, 4:6], hand[long_before])


def at(tree, time):
    return type(tree)(*(at(x, time) for x in tree)) if isinstance(tree, tuple) else tree[time]


@pytest.mark.parametrize("dt", [0.01, 0.005, 0.002, 0.001])
def test_durations_that_division_gets_wrong_are_exact(dt):
    for hundredths in range(100):
        assert whole_steps("delay", hundredths / 100, dt) == hundredths * round(0.01 / dt)


def test_a_delay_that_is_no_whole_number_of_steps_is_refused():
    with pytest.raises(ValueError, match=r"visual_delay in whole steps of 0.01 s, such as 0.01 or 0.02, got 0.015"):
        World(Simulator(ARM), Reach(), senses=Senses(visual_delay=0.015))


def test_a_target_that_jumps_is_seen_late():
    jump = Fields(target_jump=(0.03, -0.02), jump_time=0.1)
    world = World(Simulator(ARM), Reach(), senses=Senses(visual_delay=0.05), fields=jump)
    run = run_of(world, 30)
    goal, jumped = run.moments.trial.goals[0, :, 0], np.array([0.03, -0.02])
    for time in range(30):
        moment = at(run.moments, time)
        np.testing.assert_array_equal(world.goal(moment), goal + (jumped if time >= 10 else 0.0))
        seen = world.observe(moment)[:, -2:]
        np.testing.assert_array_equal(seen, goal + (jumped if time >= 15 else 0.0))


def test_cues_are_seen_late():
    plain, late = (World(Simulator(ARM), CenterOut(), senses=Senses(visual_delay=delay)) for delay in (0.0, 0.04))
    run = run_of(late, 60)
    sensed = len(late.task.sense_bounds(ARM))
    cues = [plain.observe(at(run.moments, time))[:, sensed:-2] for time in range(60)]
    assert np.ptp(cues, axis=0).max() > 0.0
    for time in range(60):
        np.testing.assert_array_equal(late.observe(at(run.moments, time))[:, sensed:-2], cues[max(time - 4, 0)])


def test_a_desired_velocity_is_known_at_once():
    world = World(Simulator(ARM), HandVelocity(), senses=Senses(visual_delay=0.05))
    moment = run_of(world, 3).moments
    np.testing.assert_array_equal(world.observe(moment)[..., -2:], moment.trial.goals[..., 0, :])


def test_sensory_noise_has_the_stated_standard_deviation_and_no_memory():
    senses = Senses(sensory_noise={"joint_angle": 0.02, "joint_velocity": 0.3, "hand": 0.005}, visual_delay=0.02)
    world = World(Simulator(ARM), Reach(), senses=senses)
    rng = np.random.default_rng(0)
    moment = world.reset(rng.random((4000, world.draws)))
    silent = World(Simulator(ARM), Reach(), senses=Senses(visual_delay=0.02))
    noise = rng.normal(size=(6, 4000, world.normals))
    runs = [rollout(w, lambda m: np.full((4000, 6), 0.1), w.begin(moment.trial), 6, noise) for w in (world, silent)]
    seen, true = (np.stack([w.observe(at(run.moments, t)) for t in range(7)]) for w, run in zip((world, silent), runs))
    off = seen - true
    np.testing.assert_array_equal(off[0], 0.0)  # the start is known
    sd = off[3:].std(axis=(0, 1))
    np.testing.assert_allclose(sd[:6], [0.02, 0.02, 0.3, 0.3, 0.005, 0.005], rtol=0.03)
    np.testing.assert_allclose(off[3:].mean((0, 1)) / np.where(sd > 0.0, sd, 1.0), 0.0, atol=0.03)
    assert abs(np.corrcoef(off[4, :, 0], off[5, :, 0])[0, 1]) < 0.06
    np.testing.assert_array_equal(sd[6:], 0.0)  # the goal is seen exactly


@pytest.mark.parametrize("level", [0.2, 0.5])
def test_motor_noise_grows_with_the_command(level):
    senses = Senses(motor_noise=0.1, constant_motor_noise=0.03)
    world = World(Simulator(ARM), Reach(), senses=senses)  # static muscles: the activation is the command carried out
    rng = np.random.default_rng(1)
    moment = world.reset(rng.random((20000, world.draws)))
    after, _ = world.step(moment, np.full((20000, 6), level), rng.normal(size=(20000, world.normals)))
    np.testing.assert_allclose(after.arm.activation.std(0), np.hypot(0.1 * level, 0.03), rtol=0.03)
    np.testing.assert_allclose(after.arm.activation.mean(0), level, atol=0.002)


def test_noisy_commands_stay_in_the_range_of_the_muscles():
    world = World(Simulator(ARM), Reach(), senses=Senses(constant_motor_noise=1.0))
    moment, _ = moving(world, (500,))
    noise = np.random.default_rng(0).normal(size=(500, world.normals))
    activation = world.step(moment, np.full((500, 6), 0.5), noise)[0].arm.activation
    assert activation.min() == 0.0
    assert activation.max() == 1.0


@every_world
def test_deterministic_and_no_noise_are_the_same_and_switch_all_of_it_off(world):
    quiet = dataclasses.replace(world, senses=dataclasses.replace(world.senses, deterministic=True))
    bare = dataclasses.replace(world.senses, motor_noise=0.0, constant_motor_noise=0.0, sensory_noise={})
    bare = dataclasses.replace(world, senses=bare)
    assert quiet.normals == bare.normals == 0
    runs = [run_of(w, 6) for w in (world, quiet, bare)]
    loud = run_of(world, 6, np.random.default_rng(0).normal(size=(6, 4, world.normals)))
    told = [
        [w.observe(at(run.moments, t)) for t in range(7)] for w, run in zip((world, quiet, bare, world), [*runs, loud])
    ]
    np.testing.assert_array_equal(told[0], told[1])
    np.testing.assert_array_equal(told[0], told[2])
    assert world.normals == 0 or not np.array_equal(told[0], told[3])


@pytest.mark.parametrize("arm", [ARM, FIRST_ORDER, make_arm("katayama_kawato")], ids=lambda arm: arm.name)
def test_the_senses_of_the_body_tell_what_is_inside(arm):
    names = tuple(name for name in SENSES if not SENSES[name].visual)
    world = World(Simulator(arm), Reach(), senses=Senses(sense=names), fields=Fields(pulse_force=(1.0, -2.0)))
    moment, command = moving(world, (5,))
    moment, _ = world.step(moment, command)
    within, place = inside(arm, moment.arm), 0
    stretch, rate = within.muscle_length - 1.0, within.muscle_velocity
    expected = {
        "joint_angle": moment.arm.joint_angle,
        "joint_velocity": moment.arm.joint_velocity,
        "activation": moment.arm.activation,
        "muscle_length": within.muscle_length,
        "muscle_velocity": rate,
        "spindle": stretch + SPINDLE_VELOCITY * rate / (rate**2 + 0.01) ** 0.25,
        "tendon_organ": within.tension / np.array(arm.max_force),
        "hand_force": np.broadcast_to([1.0, -2.0], (5, 2)),
        "joint_torque": within.joint_torque,
    }
    seen = world.observe(moment)
    for name in names:
        size = expected[name].shape[-1]
        np.testing.assert_allclose(seen[:, place : place + size], expected[name], rtol=1e-12, err_msg=name)
        place += size
    assert seen.shape[-1] == place + 2 == len(world.sense_bounds) + 2


def test_a_held_action_is_so_many_steps_of_the_simulator():
    held = World(Simulator(ARM), Reach(), senses=Senses(hold_action=5, visual_delay=0.07))
    short = World(Simulator(ARM), Reach(), senses=Senses(visual_delay=0.07))
    moment, command = moving(held, (6,))
    together, outcome = held.step(moment, command)
    for _ in range(5):
        moment, last_outcome = short.step(moment, command)
    for one, many in zip(leaves((together, outcome)), leaves((moment, last_outcome)), strict=True):
        np.testing.assert_array_equal(one, many)
    assert held.step_time == pytest.approx(0.05)
    assert held.hold_steps == short.hold_steps


def test_success_in_the_middle_of_a_held_action_counts():
    arm = make_arm("torque")
    world = World(Simulator(arm), Reach(hold_time=0.02), senses=Senses(hold_action=10))
    moment = world.reset(np.random.default_rng(0).random((1, world.draws)))
    goal = hand_position(arm, moment.arm.joint_angle)  # which the hand leaves
    moment = moment._replace(trial=moment.trial._replace(goals=goal[:, None, :]))
    _, outcome = world.step(moment, np.full((1, 2), 0.1))
    assert bool(outcome.success[0])
    assert outcome.error[0] > world.task.radius


@every_world
def test_the_way_back_through_loads_lines_and_noise_is_the_complex_step_derivative(world):
    moment, command = underway(world)
    rng = np.random.default_rng(2)
    noise, cost_bar = rng.normal(size=(8, world.normals)), rng.normal(size=8)
    after, _, back = world.step_vjp(moment, command, noise)
    arm_bar = ArmState(*(rng.normal(size=x.shape) for x in after.arm))
    line_bar = Line(*(x if isinstance(x, tuple) else rng.normal(size=x.shape) for x in after.line[:2]))

    def scalar(state, line, u):
        following, outcome = world.step(moment._replace(arm=state, line=line), u, noise)
        total = sum((x * b).sum(-1) for x, b in zip(following.arm, arm_bar)) + cost_bar * outcome.cost
        lines = zip(following.line[:2], line_bar[:2])
        return total + sum((x * b).sum((-1, -2)) for x, b in lines if not isinstance(x, tuple))

    start = complex_moment(moment)
    start = start._replace(line=start.line._replace(**{x: getattr(start.line, x) + 0j for x in lines_of(world)}))
    by, by_command = back(Bar(arm_bar, line_bar), cost_bar)
    for name, found in zip(ArmState._fields, by.arm):
        exact = derivative(
            lambda x, n=name: scalar(start.arm._replace(**{n: x}), start.line, command), getattr(moment.arm, name)
        )
        close(found, exact)
    close(by_command, derivative(lambda u: scalar(start.arm, start.line, u), command))
    for name in lines_of(world):
        line = getattr(moment.line, name)
        flat = line.reshape(8, -1)

        def of_line(x, n=name, shape=line.shape):
            return scalar(start.arm, start.line._replace(**{n: x.reshape(shape)}), command)

        close(getattr(by.line, name).reshape(8, -1), derivative(of_line, flat))


@every_world
def test_the_way_back_from_the_observation_is_the_complex_step_derivative(world):
    moment, _ = underway(world)
    bar = np.random.default_rng(3).normal(size=world.observe(moment).shape)
    by, start = world.observe_vjp(moment, bar), complex_moment(moment)
    for name, found in zip(ArmState._fields, by.arm):

        def of_state(x, n=name):
            return (world.observe(start._replace(arm=start.arm._replace(**{n: x}))) * bar).sum(-1)

        close(found, derivative(of_state, getattr(moment.arm, name)))
    for name in lines_of(world):
        line = getattr(moment.line, name)

        def of_line(x, n=name, shape=line.shape):
            return (world.observe(start._replace(line=start.line._replace(**{n: x.reshape(shape)}))) * bar).sum(-1)

        close(getattr(by.line, name).reshape(8, -1), derivative(of_line, line.reshape(8, -1)))


@every_world
def test_the_gradient_of_the_cost_knows_the_noise(world):
    moment, command = underway(world)
    noise = np.random.default_rng(4).normal(size=(8, world.normals))
    cost, gradient = world.cost_gradient(moment, command, noise)
    np.testing.assert_array_equal(cost, world.step(moment, command, noise)[1].cost)
    start = complex_moment(moment)
    close(gradient, derivative(lambda u: world.step(start, u, noise)[1].cost, command))


def lines_of(world):
    return [name for name, signals, _ in world.lines if signals]


def close(found, exact):
    """Equal to 1e-10 of the largest."""
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-10 * max(1e-3, np.abs(exact).max()))


@every_world
def test_one_arm_and_a_batch_have_the_same_bits_with_noise(world):
    moment, command = underway(world)
    noise = np.random.default_rng(5).normal(size=(8, world.normals))
    many, alone = world.step(moment, command, noise), world.step(at(moment, 3), command[3], noise[3])
    for one, all_of_them in zip(leaves(alone), leaves(many), strict=True):
        np.testing.assert_array_equal(one, all_of_them[3])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sense": ("joint_angel",)}, "sense among joint_angle, .*got 'joint_angel'"),
        ({"sense": ("hand", "hand")}, "each sense once"),
        ({"sensory_noise": {"spindles": 0.1}}, "sensory_noise among"),
        ({"sensory_noise": {"hand": -0.1}}, r"sensory_noise\['hand'\] of at least 0"),
        ({"sensory_noise": 0.1}, "as a dict"),
        ({"motor_noise": -1.0}, "Senses.motor_noise: expected of at least 0, got -1.0"),
        ({"proprioceptive_delay": -0.01}, "of at least 0, s"),
        ({"hold_action": 0}, "whole number of at least 1"),
        ({"deterministic": "yes"}, "deterministic True or False"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Senses(**settings)


def test_noise_of_what_is_not_sensed_is_refused():
    with pytest.raises(ValueError, match="of what is sensed, joint_angle, joint_velocity, hand; got spindle"):
        World(Simulator(ARM), Reach(), senses=Senses(sensory_noise={"spindle": 0.1}))


def test_noise_of_the_wrong_shape_is_refused():
    world = WORLDS[1]
    moment, command = moving(world, (2,))
    with pytest.raises(ValueError, match=rf"noise of shape \(..., {world.normals}\), got \(2, 3\)"):
        world.step(moment, command, np.zeros((2, 3)))


def test_the_sense_of_the_miss_tells_late_how_far_the_seen_hand_was_from_the_goal():
    senses = Senses(sense=("hand", "miss"), visual_delay=0.03)
    world = World(
        Simulator(ARM), CenterOut(cue_time=0.0, shortest_delay=0.02), senses=senses, fields=Fields(rotation=30.0)
    )
    run = run_of(world, 8)
    at_once = dataclasses.replace(world, senses=EXACT)
    for step in range(3, 9):
        then = at(run.moments, step - 3)
        told = world.observe(at(run.moments, step))[:, 2:4]
        np.testing.assert_array_equal(told, at_once.goal(then) - at_once.seen(then))
