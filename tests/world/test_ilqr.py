"""Iterative LQR against SciPy's Riccati solver, complex steps, and what a better command may not do."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from armfa.plant import ArmState, Simulator, make_arm
from armfa.tasks import TASKS, CenterOut, HandVelocity, PostureHold, Reach, VelocityTracking
from armfa.world import World, ilqr, reference_scores, rollout
from armfa.world.ilqr import NEAREST, backward, bounded, cost_slopes, linearized
from armfa.world.reference import each_score, first_guess
from armfa.world.world import Outcome

RNG = np.random.default_rng(0)


def planned(task, arm="li_todorov", steps=30, trials=4, dt=0.02, **settings):
    """A world, where its movements start, and a plan."""
    world = World(Simulator(make_arm(arm), dt), task)
    moment = world.begin(task.evaluation(world.simulator, trials))
    guess = rollout(world, first_guess(world), moment, steps).commands
    return world, moment, ilqr(world, moment, guess, **settings)


def test_the_gains_of_a_long_horizon_are_those_of_the_riccati_equation():
    m, n, steps = 4, 2, 400
    a, b = RNG.normal(size=(m, m)), RNG.normal(size=(m, n))
    a *= 1.05 / np.abs(np.linalg.eigvals(a)).max()  # unstable without control
    q, r = np.eye(m) + 0.1, np.eye(n) + 0.2
    v = scipy.linalg.solve_discrete_are(a, b, q, r)
    exact = np.linalg.solve(r + b.T @ v @ b, b.T @ v @ a)
    every = [np.broadcast_to(x, (steps, 1, *x.shape)) for x in (a, b, np.zeros(m), q, np.zeros(n))]
    limits = np.full((steps, 1, n), -np.inf), np.full((steps, 1, n), np.inf)
    found = backward(*every, r, limits, np.zeros(1))
    np.testing.assert_allclose(found.gains[0, 0], -exact, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(found.change, 0.0)


def test_a_bounded_command_is_the_least_squares_solution_within_bounds():
    for _ in range(20):
        root, g = RNG.normal(size=(6, 6)) + 2.0 * np.eye(6), 3.0 * RNG.normal(size=6)
        exact = scipy.optimize.lsq_linear(root.T, -np.linalg.solve(root, g), (-0.5, 0.4), tol=1e-14).x
        found, free = bounded((root @ root.T)[None], g[None], np.full((1, 6), -0.5), np.full((1, 6), 0.4))
        np.testing.assert_allclose(found[0], exact, atol=1e-7)
        np.testing.assert_array_equal(free[0], (found[0] > -0.5) & (found[0] < 0.4))


@pytest.mark.parametrize("arm", ["li_todorov", "lillicrap_scott"])
def test_a_world_without_loads_is_as_linear_as_its_simulator(arm):
    world = World(Simulator(make_arm(arm, activation="first_order")), Reach())
    moment = world.reset(RNG.random((3, world.draws)))
    command = RNG.uniform(0.1, 0.9, (3, 6))
    for found, expected in zip(linearized(world, moment, command), world.simulator.linearize(moment.arm, command)):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", TASKS)
def test_slopes_are_the_derivatives_of_each_cost_by_the_state_after_the_step(name):
    world = World(Simulator(make_arm()), TASKS[name]())
    run = rollout(world, lambda moment: np.full((3, 6), 0.3), world.reset(RNG.random((3, world.draws))), 12)
    slope, bend = cost_slopes(world, run.moments)
    state = np.concatenate(run.moments.arm, axis=-1)
    for i in range(state.shape[-1]):
        moved = state + 1e-30j * np.eye(state.shape[-1])[i]
        arm = ArmState(moved[..., :2], moved[..., 2:4], moved[..., 4:])
        achieved = world.seen(run.moments._replace(arm=arm))[1:]
        goal = world.task.goal(world.simulator, run.moments)[:-1]
        cost = world.task.cost(world.error(achieved, goal))
        far = world.error(achieved, goal).real > NEAREST
        assert far.any()
        np.testing.assert_allclose(slope[far, i], cost[far].imag / 1e-30, rtol=1e-9, atol=1e-10)
    assert (np.linalg.eigvalsh(bend) > -1e-9).all()


TASKS_HERE = [CenterOut(shortest_delay=0.0, longest_delay=0.0, cue_time=0.0), HandVelocity(), PostureHold(latest=0.2)]


@pytest.mark.parametrize("task", TASKS_HERE, ids=lambda task: type(task).__name__)
def test_costs_never_rise_and_commands_stay_within_their_limits(task):
    world, moment, plan = planned(task, rounds=6)
    assert (np.diff(plan.costs, axis=0) <= 0.0).all()
    assert (plan.costs[-1] < plan.costs[0]).all()
    low, high = world.arm.excitation_range
    assert plan.commands.min() >= low and plan.commands.max() <= high
    again = played(world, plan.commands, moment)
    np.testing.assert_allclose(again.outcomes.cost, plan.outcomes.cost, rtol=0, atol=1e-12)
    cost = again.outcomes.cost.sum(0) + 1e-3 * np.square(plan.commands).mean(-1).sum(0)
    np.testing.assert_allclose(cost, plan.costs[-1], rtol=1e-12)


def test_no_small_change_of_a_finished_plan_makes_it_better():
    """The derivative of the cost by each command is 0, or pushes against a limit."""
    world, moment, plan = planned(
        HandVelocity(), "li_todorov_smooth", steps=4, trials=2, dt=0.01, rounds=100, tolerance=0.0, effort=1e-2
    )
    low, high = world.arm.excitation_range
    for time in range(4):
        for muscle in range(6):
            commands = plan.commands + 0j
            commands[time, :, muscle] += 1e-30j
            run = played(world, commands, moment._replace(arm=ArmState(*(x + 0j for x in moment.arm))))
            slope = (run.outcomes.cost.sum(0) + 1e-2 * (commands * commands).mean(-1).sum(0)).imag / 1e-30
            at = plan.commands[time, :, muscle]
            assert ((np.abs(slope) < 1e-6) | ((at <= low) & (slope > 0)) | ((at >= high) & (slope < 0))).all()


def test_gains_bring_a_pushed_arm_back_to_its_plan():
    world, moment, plan = planned(VelocityTracking(), dt=0.01, rounds=3, effort=1e-2)
    pushed = moment._replace(arm=moment.arm._replace(joint_velocity=moment.arm.joint_velocity + 0.1))

    def led(m):
        t = int(m.steps[0])
        away = np.concatenate([x - y[t] for x, y in zip(m.arm, plan.moments.arm)], axis=-1)
        return np.clip(plan.commands[t] + (plan.gains[t] @ away[..., None])[..., 0], *world.arm.excitation_range)

    costs = [
        run.outcomes.cost.sum(0) for run in (rollout(world, led, pushed, 30), played(world, plan.commands, pushed))
    ]
    assert (costs[0] < 0.5 * costs[1]).all()


@pytest.mark.parametrize("wrong", [{"effort": 0.0}, {"rounds": 0}, {"commands": np.zeros((5, 6))}], ids=str)
def test_settings_that_mean_nothing_are_refused(wrong):
    world = World(Simulator(make_arm()), Reach())
    moment = world.reset(np.full((1, world.draws), 0.5))
    with pytest.raises(ValueError, match="expected commands"):
        ilqr(world, moment, **({"commands": np.zeros((5, 1, 6))} | wrong))


@pytest.mark.parametrize("name", TASKS)
def test_an_oracle_beats_silence(name, monkeypatch):
    monkeypatch.setattr(TASKS[name], "episode_time", 0.6)  # s: enough to see who is better
    silence, oracle = reference_scores(TASKS[name](), dt=0.02, trials=2, rounds=1)
    assert oracle.reward > 0.8 * silence.reward > silence.reward
    assert oracle.success >= silence.success


def test_a_score_ends_with_success():
    success = np.array([[False, False], [True, False], [False, True], [True, False]])
    ones = np.ones(success.shape)
    found = each_score(Outcome(None, np.arange(8.0).reshape(4, 2), ones, success))
    np.testing.assert_array_equal(found.reward, [-2.0, -3.0])
    np.testing.assert_array_equal(found.success, [1.0, 1.0])
    np.testing.assert_array_equal(found.error, [2.0, 5.0])


def played(world, commands, moment):
    turn = iter(commands)
    return rollout(world, lambda _: next(turn), moment, len(commands))


def test_goals_for_each_step_that_stay_where_they_are_change_nothing():
    world, moment, plan = planned(Reach(), steps=10, trials=2, rounds=2)
    guess = rollout(world, first_guess(world), moment, 10).commands
    goals = np.broadcast_to(moment.trial.goals[:, 0], (10, 2, 2))
    again = ilqr(world, moment, guess, goals=goals, rounds=2)
    np.testing.assert_array_equal(again.commands, plan.commands)
    np.testing.assert_array_equal(again.costs, plan.costs)
