"""The closed-form best command against SciPy's bounded least squares and against commands known to be reachable."""

import dataclasses

import numpy as np
import pytest
from plant_arms import (
    ARMS,
    STATIC,
    best_excitation,
    hand_velocity_jacobian,
    minimum_norm_excitation,
    name_of,
    random_state,
    step,
)
from scipy.optimize import lsq_linear, minimize

from armfa import plant
from armfa.plant import ArmState, Simulator, hand_velocity, make_arm
from armfa.plant.muscles.linear import ForceGenerator
from armfa.plant.zonogon import nearest_in_zonogon

DT = 0.01


def velocity_after(arm, state, u, **options):
    after = step(arm, state, u, DT, **options)
    return hand_velocity(arm, after.joint_angle, after.joint_velocity)


def inside_the_limits(arm, batch, seed=0):
    state, u = random_state(arm, (batch,), seed)
    low, high = np.array(arm.stops).T
    angle = np.random.default_rng(seed).uniform(low + 0.26, high - 0.26, (batch, 2))
    return state._replace(joint_angle=angle, joint_velocity=state.joint_velocity / 2), u


@pytest.mark.parametrize("kind", ["general", "parallel", "idle", "all parallel"])
def test_nearest_point_of_a_zonogon_is_bounded_least_squares(kind):
    rng = np.random.default_rng(0)
    c, target = rng.normal(size=(2, 6, 60)), 3 * rng.normal(size=(2, 60))
    if kind == "parallel":
        c[:, 1], c[:, 3] = -0.7 * c[:, 0], 2.0 * c[:, 2]
    if kind == "idle":
        c[:, 4] = 0.0
    if kind == "all parallel":
        c = c[:, :1] * np.linspace(-1, 1, 6)[None, :, None]
    target[:, :20] *= 0.1  # some inside
    x = nearest_in_zonogon(c, target)
    assert x.min() >= 0
    assert x.max() <= 1
    miss = np.sqrt(np.square((c * x).sum(1) - target).sum(0))
    for i in range(60):
        best = lsq_linear(c[:, :, i], target[:, i], (0, 1), method="bvls", tol=1e-15)
        assert miss[i] == pytest.approx(np.sqrt(2 * best.cost), abs=1e-12)


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_a_velocity_some_command_reaches_is_reached(arm):
    state, u = inside_the_limits(arm, 300)
    goal = velocity_after(arm, state, u)
    found = best_excitation(arm, state, goal, DT)
    low, high = arm.excitation_range
    assert found.min() >= low
    assert found.max() <= high
    assert np.abs(velocity_after(arm, state, found) - goal).max() < 1e-9


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_no_command_comes_nearer_than_the_best_one(arm):
    state, _ = inside_the_limits(arm, 100)
    rng = np.random.default_rng(1)
    goal = hand_velocity(arm, *state[:2]) + rng.normal(size=(100, 2))
    found = best_excitation(arm, state, goal, DT)
    low, high = arm.excitation_range
    best = np.square(velocity_after(arm, state, found) - goal).sum(-1)
    for _ in range(30):
        other = rng.uniform(low, high, found.shape)
        corner = np.where(rng.random(found.shape) < 0.5, low, high)
        near = np.clip(found + 0.01 * rng.normal(size=found.shape), low, high)
        for u in (other, corner, near):
            assert (np.square(velocity_after(arm, state, u) - goal).sum(-1) >= best - 1e-12).all()


@pytest.mark.parametrize(("name", "dt"), [("li_todorov", 0.01), ("motornet_arm26", 0.03), ("lillicrap_scott", 0.01)])
def test_with_an_elbow_that_is_almost_straight_no_search_comes_nearer(name, dt):
    """SciPy's bounded search, from several starts; there the hand's velocity bends most, beside what it moves."""
    simulator, n = Simulator(make_arm(name), dt), 6
    rng = np.random.default_rng(4)
    angle = np.stack((rng.uniform(0.0, 1.5, n), np.radians(rng.uniform(0.5, 9.0, n))), axis=-1)
    state = ArmState(angle, 1.5 * rng.normal(size=(n, 2)), np.zeros((n, simulator.arm.n_muscles)))
    goal = hand_velocity(simulator.arm, *state[:2]) + rng.normal(size=(n, 2))
    bounds = [simulator.arm.excitation_range] * simulator.arm.n_muscles

    def cost(u, i):
        velocity, back = simulator.hand_velocity_vjp(ArmState(*(x[i] for x in state)), u)
        return np.square(velocity - goal[i]).sum(), back(2.0 * (velocity - goal[i]))

    found = plant.best_excitation(simulator, state, goal)
    for i in range(n):
        near = np.clip(found[i] + 0.03 * rng.normal(size=found[i].shape), *bounds[0])
        for start in (near, *rng.uniform(*bounds[0], (2, len(bounds)))):
            other = minimize(cost, start, (i,), jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10})
            assert cost(found[i], i)[0] <= other.fun + 1e-11


@pytest.mark.parametrize("name", ["lillicrap_scott", "kalidindi2021", "torque"])
def test_under_explicit_euler_it_is_exactly_bounded_least_squares(name):
    """There the hand's velocity after the step is affine in the excitation."""
    arm = make_arm(name)
    state, u = inside_the_limits(arm, 40)
    goal = hand_velocity(arm, *state[:2]) + np.random.default_rng(2).normal(size=(40, 2))
    jacobian = hand_velocity_jacobian(arm, state, u, DT, integrator="euler")
    offset = velocity_after(arm, state, 0 * u, integrator="euler")
    assert np.allclose(velocity_after(arm, state, u, integrator="euler"), offset + np.einsum("bij,bj->bi", jacobian, u))
    found = best_excitation(arm, state, goal, DT, integrator="euler")
    miss = np.square(velocity_after(arm, state, found, integrator="euler") - goal).sum(-1)
    for i in range(40):
        best = lsq_linear(jacobian[i], goal[i] - offset[i], arm.excitation_range, method="bvls", tol=1e-15)
        assert miss[i] == pytest.approx(2 * best.cost, abs=1e-11)


def test_the_optimum_knows_loads_and_first_order_activation():
    arm = make_arm("li_todorov", activation="first_order")
    state, u = inside_the_limits(arm, 20)
    loads = dict(zip(("hand_force", "joint_torque"), np.random.default_rng(3).normal(size=(2, 20, 2))))
    goal = velocity_after(arm, state, u, **loads)
    found = best_excitation(arm, state, goal, DT, **loads)
    assert np.abs(velocity_after(arm, state, found, **loads) - goal).max() < 1e-9


@pytest.mark.parametrize("integrator", ["semi_implicit_euler", "euler"])
def test_the_minimum_norm_command_is_the_pseudoinverse(integrator):
    arm = dataclasses.replace(make_arm("li_todorov"), curves=ForceGenerator())
    state, u = inside_the_limits(arm, 30)
    goal = velocity_after(arm, state, u, integrator=integrator)
    found = minimum_norm_excitation(arm, state, goal, DT, integrator=integrator)
    assert np.abs(velocity_after(arm, state, found, integrator=integrator) - goal).max() < 1e-10
    assert (np.square(found).sum(-1) <= np.square(u).sum(-1) + 1e-9).all()
    jacobian = hand_velocity_jacobian(arm, state, found, DT, integrator=integrator)
    row_space = np.linalg.pinv(jacobian) @ jacobian
    assert np.allclose(np.einsum("bij,bj->bi", row_space, found), found, atol=1e-9)  # nothing that moves nothing


def test_shapes_and_dtypes_are_the_callers():
    arm = make_arm()
    state, u = inside_the_limits(arm, 6)
    goal = velocity_after(arm, state, u)
    single = ArmState(*(x[0] for x in state))
    assert np.allclose(best_excitation(arm, single, goal[0], DT), best_excitation(arm, state, goal, DT)[0], atol=1e-9)
    folded = ArmState(*(x.reshape(2, 3, -1).astype(np.float32) for x in state))
    found = best_excitation(arm, folded, goal.reshape(2, 3, 2), DT)
    assert found.shape == (2, 3, 6)
    assert found.dtype == np.float32


def test_what_has_no_closed_form_is_refused():
    state, _ = inside_the_limits(STATIC[0], 3)
    with pytest.raises(ValueError, match="no longer affine"):
        best_excitation(make_arm(), state, np.zeros(2), DT, integrator="rk4")
    with pytest.raises(ValueError, match="use best_excitation"):
        minimum_norm_excitation(make_arm(), state, np.zeros(2), DT)
    with pytest.raises(ValueError, match="zero one-step gradient"):
        best_excitation(make_arm("kalidindi2021", activation="first_order"), state, np.zeros(2), DT, integrator="euler")
