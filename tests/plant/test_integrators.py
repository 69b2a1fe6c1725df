"""Order of accuracy on a trajectory away from the kinks, and the soft limits in motion."""

import functools

import numpy as np
import pytest
from plant_arms import STATIC, name_of, random_state, rollout, step
from scipy.integrate import solve_ivp

from armfa.plant import ArmState, accuracy, make_arm, rest_state, state_rate
from armfa.plant.accuracy import integrator_errors
from armfa.plant.quantities import limit_torque

ORDERS = {"euler": 1, "semi_implicit_euler": 1, "heun": 2, "rk4": 4}


def pushed(arm):
    """A moving arm, and one steady push: each muscle keeps shortening or keeps lengthening, so no kink is crossed."""
    start = ArmState(np.array([0.6, 1.4]), np.array([1.5, 3.0]), np.zeros(arm.n_muscles))
    return start, np.array([0.5, 0.1, 0.5, 0.1, 0.5, 0.1])[: arm.n_muscles] * 0.5


@functools.cache
def truth(name):
    """Joint angles after 80 ms, by SciPy."""
    arm = make_arm(name)
    start, u = pushed(arm)

    def rate(_, x):
        return np.concatenate(state_rate(arm, ArmState(x[:2], x[2:], u), u)[:2])

    start = np.concatenate(start[:2])
    return solve_ivp(rate, (0.0, 0.08), start, method="DOP853", rtol=1e-12, atol=1e-13).y[:2, -1]


@pytest.mark.parametrize("name", ["li_todorov", "li_todorov_smooth", "katayama_kawato", "torque", "kalidindi2021"])
@pytest.mark.parametrize("integrator", ORDERS)
def test_error_falls_with_the_integrators_true_order(integrator, name):
    arm = make_arm(name)
    start, u = pushed(arm)

    def end(dt, method):
        commands = np.broadcast_to(u, (round(0.08 / dt), arm.n_muscles))
        return rollout(arm, start, commands, dt, integrator=method).joint_angle[-1]

    steps = (0.01, 0.005) if integrator == "rk4" else (0.0025, 0.00125)
    coarse, fine = (np.abs(end(dt, integrator) - truth(name)).max() for dt in steps)
    order = np.log2(coarse / fine)
    assert order >= ORDERS[integrator] - 0.3
    assert order <= ORDERS[integrator] + 1.0


def test_the_activation_dynamics_keep_the_order_of_rk4():
    arm = make_arm("li_todorov_smooth", activation="first_order")
    start = rest_state(arm)

    def end(dt):
        commands = np.broadcast_to(np.linspace(0.2, 0.9, 6), (round(0.16 / dt), 6))
        return rollout(arm, start, commands, dt, integrator="rk4").joint_angle[-1]

    truth = end(0.16 / 256)
    coarse, fine = (np.abs(end(dt) - truth).max() for dt in (0.02, 0.01))
    assert np.log2(coarse / fine) >= 3.7


def test_accuracy_under_random_commands_is_that_of_the_documentation(monkeypatch):
    """Hand error in mm after half a second at 10 ms: order Euler, Heun, RK4 as in docs/plant.md."""
    monkeypatch.setattr(accuracy, "FINEST", 0.001)  # exact enough here, in a quarter of the time
    errors = {method: integrator_errors("li_todorov", method, 0.01, trials=4)[0] for method in ORDERS}
    assert errors["rk4"] < 0.05 < errors["heun"] < 3 < errors["euler"] < 30
    assert errors["rk4"] < 0.1 * errors["heun"]


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_soft_limits_hold_the_arm_under_full_random_excitation(arm):
    rng = np.random.default_rng(0)
    low, high = np.array(arm.limits.lower), np.array(arm.limits.upper)
    state = rest_state(arm, np.tile(np.array(arm.center_posture), (20, 1)))
    bottom, top = arm.excitation_range
    furthest = 0.0
    dt = 0.0025 if arm.name in ("lillicrap_scott", "motornet_arm26") else 0.005  # light arm, strong muscles
    for i in range(400):
        if i % 40 == 0:
            u = np.where(rng.random((20, arm.n_muscles)) < 0.5, bottom, top)
        state = step(arm, state, u, dt, integrator="rk4")
        furthest = max(furthest, np.maximum(low - state.joint_angle, state.joint_angle - high).max())
    assert np.isfinite(state.joint_velocity).all()
    assert furthest < 1.0  # rad: a spring, not a wall; without it the arm winds up


def test_the_limit_pushes_back_with_its_spring():
    arm = make_arm("torque")
    for side, angle in ((1, np.array(arm.limits.upper)), (-1, np.array(arm.limits.lower))):
        state = ArmState(angle + 0.5 * side, np.zeros(2), np.zeros(2))

        torque = limit_torque(arm, state.joint_angle, state.joint_velocity)
        assert np.allclose(torque, -side * arm.limits.stiffness * 0.5, rtol=1e-3)  # ten widths in: a plain spring
        moving = limit_torque(arm, state.joint_angle, np.ones(2))
        assert np.allclose(moving - torque, -arm.limits.damping, rtol=1e-3)


def test_limits_are_not_felt_in_the_middle():

    for arm in STATIC:
        middle = np.mean([arm.limits.lower, arm.limits.upper], axis=0)
        assert np.abs(limit_torque(arm, middle, np.ones(2))).max() < 1e-6


def test_random_state_reaches_past_the_limits():
    """A test of the tests: the derivative checks do visit the stops."""
    arm = make_arm()
    angle = random_state(arm, (500,))[0].joint_angle
    assert (angle > arm.limits.upper).any()
    assert (angle < arm.limits.lower).any()
