"""The derived adjoint against complex step (exact) and central differences (another method)."""

import dataclasses

import numpy as np
import pytest
from plant_arms import (
    ARMS,
    CASES,
    STATIC,
    hand_velocity_jacobian,
    hand_velocity_vjp,
    linearize,
    name_of,
    random_state,
    step,
    step_vjp,
)

from armfa.plant import ArmState, hand_velocity

DT = 0.01


def flat_step(arm, x, integrator, **loads):
    n = arm.n_muscles
    state = ArmState(x[..., :2], x[..., 2:4], x[..., 4 : 4 + n])
    return np.concatenate(step(arm, state, x[..., 4 + n :], DT, integrator=integrator, **loads), axis=-1)


def complex_step(f, x):
    columns = []
    for i in range(x.shape[-1]):
        moved = x.astype(complex)
        moved[..., i] += 1e-40j
        columns.append(f(moved).imag / 1e-40)
    return np.stack(columns, axis=-1)


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_linearize_is_the_complex_step_derivative(arm, integrator):
    state, u = random_state(arm, (40,))
    loads = dict(zip(("hand_force", "joint_torque"), np.random.default_rng(3).normal(size=(2, 40, 2))))
    a, b = linearize(arm, state, u, DT, integrator=integrator, **loads)
    exact = complex_step(lambda x: flat_step(arm, x, integrator, **loads), np.concatenate([*state, u], axis=-1))
    n = 4 + arm.n_muscles
    for sample in range(40):
        assert relative(np.concatenate([a, b], axis=-1)[sample], exact[sample]) < 1e-10
    for block in (slice(0, 2), slice(2, 4), slice(4, n)):  # no block hides behind a larger one
        if np.abs(exact[:, :4, block]).max() > 0:
            assert relative(a[:, :4, block], exact[:, :4, block]) < 1e-10
    if np.abs(exact[:, :4, n:]).max() > 0:
        assert relative(b[:, :4], exact[:, :4, n:]) < 1e-10


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_linearize_agrees_with_central_differences(arm, integrator):
    state, u = random_state(arm, (30,))
    x = np.concatenate([*state, u], axis=-1)
    h, n = 1e-6, 4 + arm.n_muscles
    columns = [
        (flat_step(arm, x + h * e, integrator) - flat_step(arm, x - h * e, integrator)) / (2 * h)
        for e in np.eye(n + arm.n_muscles)
    ]
    measured = np.stack(columns, axis=-1)
    exact = np.concatenate(linearize(arm, state, u, DT, integrator=integrator), axis=-1)
    off_kinks = [i for i in range(30) if relative(exact[i], measured[i]) < 1e-6]
    assert len(off_kinks) >= 28  # a difference of 1e-6 hardly ever straddles a kink


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_step_vjp_is_the_transposed_linearization_with_loads(arm, integrator):
    state, u = random_state(arm, (2, 3))
    rng = np.random.default_rng(5)
    force, torque = rng.normal(size=(2, 2, 3, 2))
    bar = ArmState(*(rng.normal(size=x.shape) for x in state))
    flat_bar = np.concatenate(bar, axis=-1)
    _, pullback = step_vjp(arm, state, u, DT, integrator=integrator, hand_force=force, joint_torque=torque)
    state_bar, u_bar, (force_bar, torque_bar) = pullback(bar)
    a, b = linearize(arm, state, u, DT, integrator=integrator, hand_force=force, joint_torque=torque)
    assert relative(np.concatenate(state_bar, axis=-1), np.einsum("...i,...ij->...j", flat_bar, a)) < 1e-12
    assert relative(u_bar, np.einsum("...i,...ij->...j", flat_bar, b)) < 1e-12
    x = np.concatenate([*state, u], axis=-1)
    for load_bar, f in (
        (force_bar, lambda f: flat_step(arm, x + 0j, integrator, hand_force=f, joint_torque=torque + 0j)),
        (torque_bar, lambda t: flat_step(arm, x + 0j, integrator, hand_force=force + 0j, joint_torque=t)),
    ):
        load = force if load_bar is force_bar else torque
        assert relative(load_bar, np.einsum("...i,...ij->...j", flat_bar, complex_step(f, load))) < 1e-10


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_hand_velocity_jacobian_is_the_complex_step_derivative(arm, integrator):
    if integrator == "euler" and arm.activation_dynamics is not None:
        return  # refused: test_step
    state, u = random_state(arm, (20,))

    def velocity(u):
        after = step(arm, ArmState(*(x + 0j for x in state)), u, DT, integrator=integrator)
        return hand_velocity(arm, after.joint_angle, after.joint_velocity)

    exact = complex_step(velocity, u)
    assert relative(hand_velocity_jacobian(arm, state, u, DT, integrator=integrator), exact) < 1e-10
    error = np.random.default_rng(0).normal(size=(20, 2))
    v, pullback = hand_velocity_vjp(arm, state, u, DT, integrator=integrator)
    assert (v == velocity(u).real).all() or relative(v, velocity(u).real) < 1e-14
    assert relative(pullback(error), np.einsum("bi,bij->bj", error, exact)) < 1e-10


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_a_single_arm_has_the_derivatives_of_a_batch(arm):
    state, u = random_state(arm, (3,))
    a, b = linearize(arm, state, u, DT)
    jacobian = hand_velocity_jacobian(arm, state, u, DT)
    for i in range(3):
        one = ArmState(*(x[i] for x in state))
        a_one, b_one = linearize(arm, one, u[i], DT)
        assert relative(a_one, a[i]) < 1e-13
        assert relative(b_one, b[i]) < 1e-13
        assert relative(hand_velocity_jacobian(arm, one, u[i], DT), jacobian[i]) < 1e-13
        _, pullback = step_vjp(arm, one, u[i], DT)
        bar, _, _ = pullback(one)
        assert relative(bar.joint_angle, np.concatenate(one) @ a_one[:, :2]) < 1e-12


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_at_rest_on_the_kink_every_muscle_has_one_of_its_two_slopes(arm):
    state, u = random_state(arm, (10,), speed=0.0)
    for muscle in range(arm.n_muscles):
        force = tuple(f if i == muscle else 0.0 for i, f in enumerate(arm.max_force))
        one = dataclasses.replace(arm, max_force=force)
        for joint in np.eye(2):
            at, ahead, behind = (
                linearize(one, state._replace(joint_velocity=w * joint + 0 * u[:, :2]), u, DT)[0][:, 2:4, 2:4]
                for w in (0.0, 1e-10, -1e-10)
            )
            nearest = np.minimum(np.abs(at - ahead), np.abs(at - behind)).max()
            assert nearest < 1e-7
    if arm.name == "lillicrap_scott":  # a test of the test: there is a kink to see
        assert np.abs(ahead - behind).max() > 1e-3


def test_gradients_are_alive_and_finite_at_the_stops_and_at_the_ends_of_excitation():
    for arm in ARMS:
        low, high = np.array([arm.limits.lower, arm.limits.upper])
        for angle in (low, high, low - 0.2, high + 0.2):
            for end in arm.excitation_range:
                state = ArmState(angle, np.zeros(2), np.full(arm.n_muscles, end))
                a, b = linearize(arm, state, state.activation, DT)
                assert np.isfinite(a).all()
                assert np.isfinite(b).all()
                assert np.abs(a[2:4, 0:2]).max() > 0.1  # the stop's stiffness is felt
        middle = np.full(arm.n_muscles, 0.5)
        jacobian = hand_velocity_jacobian(arm, ArmState(high, np.zeros(2), middle), middle, DT)
        assert np.abs(jacobian).max() > 1e-4
