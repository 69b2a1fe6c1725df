"""Episodes of an arm in a task: their cost, and its derivatives, against the world itself."""

import numpy as np
import pytest

from armfa.arrays import namespace
from armfa.controllers import (
    GRU,
    MLP,
    RNN,
    BackpropThroughTime,
    FeedbackAlignmentThroughTime,
    FeedbackErrorLearning,
    load_policy,
    rollout,
)
from armfa.controllers.rules.time.bptt import FeedbackThroughTime
from armfa.controllers.trees import leaves, named_leaves, tree_map
from armfa.envs import ArmEnv, Door
from armfa.plant import hand_position, hand_velocity, make_arm
from armfa.problems import TaskProblem
from armfa.tasks import CenterOut, Ellipse, HandVelocity, Reach, minimum_jerk
from armfa.world import Fields, Senses
from armfa.world import rollout as world_rollout
from armfa.world.program import packed

ARM = make_arm("li_todorov", activation="first_order")
PROBLEMS = [
    TaskProblem(ARM, duration=0.06, effort=0.3, smoothness=0.2),
    TaskProblem("lillicrap_scott", HandVelocity(target="reach"), duration=0.05, dt=0.005, effort=0.1),
    TaskProblem(  # late, noisy, in a field, with cues
        ARM,
        CenterOut(cue_time=0.02, shortest_delay=0.01, longest_delay=0.03),
        duration=0.08,
        conditions=(1.0, -1.0),
        fields=Fields(field="curl"),
        senses=Senses(visual_delay=0.03, motor_noise=0.2, sensory_noise={"hand": 0.01, "activation": 0.1}),
    ),
    TaskProblem(  # commands held for three steps, delays that are no multiple of it, senses by name, a turned hand
        ARM,
        duration=0.15,
        fields=Fields(rotation=30.0, pulse_force=(3.0, 1.0), pulse_onset=0.03),
        senses=Senses(
            sense=("joint_angle", "spindle", "hand"),
            visual_delay=0.07,
            proprioceptive_delay=0.03,
            hold_action=3,
            constant_motor_noise=0.05,
        ),
    ),
    TaskProblem(  # along the movement with the least jerk, a turned hand
        ARM,
        CenterOut(cue_time=0.0, shortest_delay=0.01, longest_delay=0.02),
        duration=0.1,
        movement_time=0.06,
        velocity=3.0,
        fields=Fields(rotation=30.0),
    ),
]
every_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=["reach", "velocity", "late", "held", "least jerk"])


def some(problem, size=3):
    return problem.batch(np.random.default_rng(4), size)


def drawn(problem, size=3):
    """First moments and noise (steps, size, normals) of `some`."""
    rng, world = np.random.default_rng(4), problem.world
    trial = world.task.trial(world.simulator, rng.uniform(0.0, 1.0, (size, world.draws)))
    if len(problem.conditions) > 1:
        trial = trial._replace(condition=np.array([1.0, -1.0])[(2 * rng.uniform(0.0, 1.0, size)).astype(int)])
    noise = np.moveaxis(rng.standard_normal((size, problem.steps + 1, world.normals)), 1, 0)
    return (world.begin(trial, noise[0]), noise[1:]) if world.normals else (world.begin(trial), None)


def circuit_of(problem, kind=RNN, n=4):
    cell = kind(problem.n_in, n, problem.n_out, out_scale=0.5)
    return cell, cell.init(np.random.default_rng(1), np.float64)


@every_problem
def test_the_cost_is_what_the_world_does_weighted_as_written(problem):
    cell, params = circuit_of(problem)
    policy = problem.policy(cell, params)._replace(params=params)
    (moment, noise), state = drawn(problem), []

    def command(moment):
        memory, u = policy.step(state[-1] if state else None, problem.world.observe(moment))
        state.append(memory)
        return u

    run, world = world_rollout(problem.world, command, moment, problem.steps, noise), problem.world
    after = run.moments.arm
    last = tree_map(lambda leaf: leaf[:-1], run.moments)
    if world.senses.hold_action == 1:
        miss = run.outcomes.achieved - world.goal(last)
    else:  # of a goal that stays
        miss = run.outcomes.achieved - moment.trial.goals[..., 0, :]
    off, velocity = miss, hand_velocity(world.arm, after.joint_angle[1:], after.joint_velocity[1:])
    if problem.movement_time is not None:
        time = problem.dt * np.arange(1, problem.steps + 1)[:, None] - moment.trial.onset
        start = hand_position(world.arm, moment.arm.joint_angle)
        place, speed = minimum_jerk(start, world.goal(last), problem.movement_time, np.maximum(time, 0.0))
        turn = np.deg2rad(world.fields.rotation)
        seen = velocity @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        off, velocity = run.outcomes.achieved - place, seen - speed
    before = np.concatenate([moment.arm.activation[None], run.commands[:-1]])
    cost = problem.position * (off**2).sum(-1) + problem.velocity * (velocity**2).sum(-1)
    cost += problem.effort * (run.commands**2).mean(-1) + problem.smoothness * ((run.commands - before) ** 2).mean(-1)
    np.testing.assert_allclose(rollout(cell, params, some(problem)), cost, rtol=1e-5)  # a policy scales in float32
    distances = problem.distances(cell, params, some(problem))
    np.testing.assert_allclose(distances, np.hypot(miss[..., 0], miss[..., 1]), rtol=1e-5)


@pytest.mark.parametrize("problem", [PROBLEMS[2], PROBLEMS[3]], ids=["late", "held"])
def test_an_episode_is_the_environments_number_for_number(problem):
    env = ArmEnv(Door(problem.world, "excitation", "si"))
    env.reset(seed=3)
    stream = np.random.default_rng(np.random.SeedSequence(3)).spawn(1)[0]  # as the environment's own
    noise = stream.standard_normal((1, problem.steps + 1, problem.world.normals))
    cell, params = circuit_of(problem)
    moment = tree_map(lambda leaf: np.asarray(leaf)[None], env.moment)
    episode = problem.episode(moment, noise[:, 1:])
    x, memory, low = episode.start(), cell.rest(params, 1), problem.traced.middle - problem.traced.half
    for _ in range(problem.steps):
        memory, trace = cell.step(params, memory, episode.observe(x))
        x, _ = episode.step(x, trace.output)
        env.step(low + problem.traced.half * (trace.output[0] + 1))
        now = tree_map(lambda leaf: np.asarray(leaf)[None], env.moment)
        np.testing.assert_allclose(x.moment, packed(now)["moment"], rtol=1e-11, atol=1e-13)
        offset, factor = np.array(problem.traced.scaling).T
        np.testing.assert_allclose(x.inputs, (problem.world.observe(now) - offset) * factor, rtol=1e-11, atol=1e-11)


@every_problem
@pytest.mark.parametrize("kind", [RNN, GRU])
def test_backprop_through_time_through_the_arm_is_the_complex_step(problem, kind):
    cell, params = circuit_of(problem, kind, 3)
    episode = some(problem, 2)
    found, _ = BackpropThroughTime().gradients(cell, params, episode, (), None)
    exact = tree_map(np.zeros_like, params)
    wide = tree_map(lambda leaf: leaf.astype(complex), episode)
    for name, leaf in named_leaves(params):
        for index in list(np.ndindex(leaf.shape))[:: max(1, leaf.size // 3)]:
            nudged = tree_map(lambda array: array.astype(complex), params)
            dict(named_leaves(nudged))[name][index] += 1e-30j
            one = rollout(cell, nudged, wide).mean().imag / 1e-30
            np.testing.assert_allclose(dict(named_leaves(found))[name][index], one, rtol=1e-9, err_msg=f"{name}{index}")
    assert all(leaf.shape == other.shape for leaf, other in zip(leaves(found), leaves(exact)))


@every_problem
def test_the_error_is_the_derivative_of_one_step_by_its_command(problem):
    episode = some(problem)
    x, command = episode.start(), np.random.default_rng(5).uniform(-0.8, 0.8, (3, problem.n_out))
    x, _ = episode.step(x, command)
    error, (_, by_command) = episode.error(x, -command), episode.step_vjp(x, -command)[2](None)
    np.testing.assert_allclose(by_command, error, rtol=1e-12, atol=1e-15)
    for muscle in range(problem.n_out):
        nudge = 1e-6 * np.eye(problem.n_out)[muscle]
        up, down = (episode.step(x, -command + sign * nudge)[1] for sign in (1, -1))
        np.testing.assert_allclose(error[:, muscle], (up - down) / 2e-6, rtol=1e-5, atol=1e-7)


@every_problem
def test_through_a_random_plant_a_command_is_told_the_error_of_the_task(problem):
    cell, params = circuit_of(problem)
    episode, rule = some(problem), FeedbackAlignmentThroughTime(through_plant="random")
    plant = rule.init(params, np.random.default_rng(2)).plant
    assert plant.shape == (problem.n_out, 4)
    found, _ = rule.gradients(cell, params, episode, FeedbackThroughTime(params, plant), None)
    x, memory, total = episode.start(), cell.rest(params, 3), 0.0
    for _ in range(episode.steps):
        memory, trace = cell.step(params, memory, episode.observe(x))
        told = episode.task_error(x, trace.output) @ plant.T
        total = total + (told * (1 - trace.output**2)).mean(0) / episode.steps
        x, _ = episode.step(x, trace.output)
    np.testing.assert_allclose(found.out.bias, total, rtol=1e-12)


def test_the_teacher_brings_the_hand_nearer():
    problem = TaskProblem(ARM, Reach(), duration=1.0)
    episode = problem.batch(np.random.default_rng(6), 32)
    x, silent = episode.start(), np.full((32, 6), -0.6)
    first = np.hypot(*episode.task_error(x, silent)[:, :2].T)
    for _ in range(problem.steps):
        x, _ = episode.step(x, episode.wanted(x, silent))
    assert np.hypot(*episode.task_error(x, silent)[:, :2].T).mean() < 0.6 * first.mean()


def test_feedback_error_learning_leaves_less_to_the_teacher():
    problem = TaskProblem(ARM, duration=0.1, test_size=32)
    network = MLP((problem.n_in, 20, 6))
    params, rule = network.init(np.random.default_rng(1)), FeedbackErrorLearning()
    rng = np.random.default_rng(2)

    def helped(params):
        episode = problem.test()
        x, total = episode.start(), 0.0
        for _ in range(episode.steps):
            command = network.forward(params, episode.observe(x)).output
            x, total = episode.step(x, episode.wanted(x, command))[0], total + abs(episode.wanted(x, command) - command)
        return total.mean()

    before = helped(params)
    for _ in range(30):
        gradients, _ = rule.gradients(network, params, problem.batch(rng, 16), (), None)
        params = tree_map(lambda w, g: w - 0.5 * g, params, gradients)
    assert helped(params) < 0.9 * before


@every_problem
def test_a_controller_becomes_a_policy_of_what_the_world_shows(problem, tmp_path):
    cell, params = circuit_of(problem)
    params = tree_map(lambda leaf: leaf.astype(np.float32), params)
    problem.policy(cell, params, rule="none").save(tmp_path / "policy.npz")
    policy, episode = load_policy(tmp_path / "policy.npz"), some(problem)
    moment, _ = drawn(problem)
    command, _ = policy.predict(problem.world.observe(moment))
    _, trace = cell.step(params, cell.rest(params, 3), episode.inputs.astype(np.float32))
    low, high = problem.world.arm.excitation_range
    np.testing.assert_allclose(command, low + (high - low) * (trace.output + 1) / 2, rtol=1e-5, atol=1e-6)
    assert policy.about is not None and policy.about["rule"] == "none"


@pytest.mark.parametrize("size", [None, 2])
def test_a_stack_of_episodes_is_the_episodes(size):
    from armfa.controllers.trees import stack, take

    problem = PROBLEMS[0]
    episodes = [problem.batch(np.random.default_rng(seed), 3) for seed in range(2)]
    both, command = stack(episodes), np.random.default_rng(1).uniform(-1, 1, (2, 3, 6))
    cost = both.step(both.start(), command)[1]
    for number, episode in enumerate(episodes):
        few = take(episode, slice(size))
        alone = few.step(few.start(), command[number][:size])[1]
        np.testing.assert_allclose(alone, cost[number][:size], rtol=1e-13)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"effort": -1.0}, "expected a finite effort of at least 0, got -1"),
        ({"duration": 0.0}, "expected a finite duration above 0, got 0"),
        (
            {"movement_time": 0.5, "task": Ellipse()},
            "expected movement_time of None: Ellipse has no one place to go to",
        ),
        ({"movement_time": 1.1}, "expected movement_time of at most the 1 s of a trial, got 1.1"),
        ({"test_size": 0}, "expected test_size as a whole number of at least 1, got 0"),
        ({"conditions": ()}, r"expected conditions as one or more numbers, such as \(1.0,\), got \(\)"),
        ({"senses": Senses(visual_delay=0.015)}, "expected visual_delay in whole steps of 0.01 s"),
    ],
)
def test_problems_that_cannot_be_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        TaskProblem(ARM, **settings)


def test_the_weights_of_the_cost_are_printed():
    assert "position=100.0, velocity=0.2, effort=0.01, smoothness=0.01" in repr(TaskProblem(ARM))
    assert namespace(some(PROBLEMS[0]).inputs) is np


@pytest.mark.parametrize("conditions", [1.0, "a", (), (1.0, None), (float("nan"),)])
def test_conditions_that_are_no_numbers_are_refused(conditions):
    with pytest.raises(ValueError, match="expected conditions as one or more numbers"):
        TaskProblem(ARM, conditions=conditions)
