"""Activation under a held command: the exact solution of its equation, within its range at every time step."""

import dataclasses

import numpy as np
import pytest
from plant_arms import ARMS, name_of, random_state
from scipy.integrate import solve_ivp

from armfa.plant import Simulator
from armfa.plant.integrators import INTEGRATORS
from armfa.plant.muscles.activation import FirstOrderActivation, ThelenActivation

DYNAMIC = [arm for arm in ARMS if arm.activation_dynamics is not None]
TIMES = [(0.05, 0.066), (0.015, 0.05), (1e-4, 1e-3), (3.0, 10.0), (0.08, 0.02)]
KINDS = [kind(*times) for kind in (FirstOrderActivation, ThelenActivation) for times in TIMES]
CORNERS = np.stack(np.meshgrid(*2 * [[0.0, 1e-12, 1e-3, 0.2, 0.5, 0.8, 1.0 - 1e-12, 1.0]]), axis=-1).reshape(-1, 2).T
DURATIONS = np.geomspace(1e-6, 10.0, 15)


def drawn(n=200):
    a, u = np.random.default_rng(0).random((2, n))
    return np.concatenate([a, CORNERS[0]]), np.concatenate([u, CORNERS[1]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("dt", [1e-4, 0.01, 0.05, 1.0])
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("arm", DYNAMIC, ids=name_of)
def test_activation_stays_within_0_and_1_at_every_time_step(arm, integrator, dt, dtype):
    """For own time constants too, however long the step is beside them."""
    kind = type(arm.activation_dynamics)
    state, _ = random_state(arm, (40,), speed=0.0, dtype=dtype)
    rng = np.random.default_rng(1)
    for times in TIMES:
        own = dataclasses.replace(arm, activation_dynamics=kind(*times), published_with_euler=True)
        simulator, s = Simulator(own, dt, integrator), state
        for _ in range(3):
            command = np.where(
                rng.random(s.activation.shape) < 0.5, rng.random(s.activation.shape).round(), 0.3
            ).astype(dtype)
            with np.errstate(all="ignore"):  # the skeleton may fly away at such steps
                s = simulator.step(s, command)
            assert s.activation.min() >= 0.0
            assert s.activation.max() <= 1.0
            s = state._replace(activation=s.activation)


@pytest.mark.parametrize("dynamics", KINDS, ids=repr)
def test_activation_after_a_time_solves_its_rate(dynamics):
    a, u = drawn(60)
    for time in (0.3 * min(dynamics.rise_time, dynamics.fall_time), dynamics.fall_time, 3.0 * dynamics.fall_time):
        solved = solve_ivp(
            lambda t, x: dynamics.rate(x, u),
            (0.0, time),
            a,
            method="DOP853",
            rtol=1e-12,
            atol=1e-14,
            max_step=time / 20,
        )
        np.testing.assert_allclose(dynamics.after(a, u, time), solved.y[:, -1], rtol=0, atol=2e-10)


@pytest.mark.parametrize("dynamics", KINDS, ids=repr)
def test_activation_lies_between_where_it_was_and_the_command(dynamics):
    a, u = drawn()
    for time in DURATIONS:
        after = dynamics.after(a, u, time)
        np.testing.assert_allclose(after, np.clip(after, np.minimum(a, u), np.maximum(a, u)), rtol=0, atol=2.3e-16)
        assert (after >= 0.0).all()
        assert (after <= 1.0).all()


@pytest.mark.parametrize("dynamics", KINDS, ids=repr)
def test_two_times_one_after_the_other_are_their_sum(dynamics):
    a, u = drawn()
    for first in DURATIONS:
        for second in (0.3 * first, first, 5.0 * first):
            twice = dynamics.after(dynamics.after(a, u, first), u, second)
            np.testing.assert_allclose(twice, dynamics.after(a, u, first + second), rtol=0, atol=2e-15)


@pytest.mark.parametrize("dynamics", KINDS, ids=repr)
def test_no_time_changes_nothing_and_a_long_one_ends_at_the_command(dynamics):
    a, u = drawn()
    np.testing.assert_allclose(dynamics.after(a, u, 0.0), a, rtol=0, atol=2e-15)
    np.testing.assert_allclose(dynamics.after(a, u, 1e3 * dynamics.fall_time), u, rtol=0, atol=2e-16)


@pytest.mark.parametrize("dynamics", KINDS, ids=repr)
def test_a_finer_command_moves_activation_by_its_complex_step_derivative(dynamics):
    """Away from u = a, where the equation has a kink."""
    a, u = drawn()
    a, u = a[:200], u[:200]
    h = 1e-6
    for time in (0.2 * dynamics.fall_time, dynamics.fall_time):
        exact = dynamics.after(a, u + 1e-40j, time).imag / 1e-40
        measured = (dynamics.after(a, u + h, time) - dynamics.after(a, u - h, time)) / (2 * h)
        away = np.abs(u - a) > 1e-4
        np.testing.assert_allclose(exact[away], measured[away], rtol=1e-6, atol=1e-8)


CASES = [
    (arm, integrator)
    for arm in ARMS
    if arm.activation_dynamics is not None
    for integrator in INTEGRATORS
    if integrator != "euler" or arm.published_with_euler
]


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
@pytest.mark.parametrize("beyond", [0.2, 3.0])
def test_a_command_beyond_its_range_does_what_the_end_of_the_range_does(arm, integrator, beyond):
    state, _ = random_state(arm, (20,))
    sign = np.where(np.random.default_rng(1).random(state.activation.shape) < 0.5, -1.0, 1.0)
    low, high = arm.excitation_range
    simulator = Simulator(arm, 0.02, integrator)
    found = simulator.step(state, np.where(sign < 0, low - beyond, high + beyond))
    for one, other in zip(found, simulator.step(state, np.where(sign < 0, low, high)), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (found.activation >= low).all() and (found.activation <= high).all()


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_activation_stays_in_the_range_of_the_arm(integrator):
    """Which is [0.1, 0.6] here."""
    arm = dataclasses.replace(
        next(arm for arm, _ in CASES if arm.published_with_euler), name="mine", excitation_range=(0.1, 0.6)
    )
    state, _ = random_state(arm, (20,))
    simulator, rng = Simulator(arm, 0.02, integrator), np.random.default_rng(0)
    for _ in range(10):
        state = simulator.step(state, rng.uniform(-0.5, 1.5, state.activation.shape))
        assert (state.activation >= 0.1).all() and (state.activation <= 0.6).all()


def test_the_derivative_by_a_command_at_an_end_of_its_range_is_not_lost():
    arm = next(arm for arm, integrator in CASES if integrator != "euler")
    state, u = random_state(arm, (20,))
    for end in arm.excitation_range:
        _, by_u = Simulator(arm).linearize(state, np.full_like(u, end))
        assert (np.abs(np.diagonal(by_u[:, 4:], axis1=-2, axis2=-1)) > 0.01).all()
