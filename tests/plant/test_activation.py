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
