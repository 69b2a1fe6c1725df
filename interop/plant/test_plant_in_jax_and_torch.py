"""The same plant source on JAX (jit, vmap, grad) and torch (autograd), against NumPy and the derived adjoint."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from plant_arms import (
    ARMS,
    CASES,
    best_excitation,
    hand_velocity_jacobian,
    hand_velocity_vjp,
    linearize,
    name_of,
    random_state,
    rollout,
    step,
    step_vjp,
)

from armfa.benchmarks import million
from armfa.benchmarks.gradients import SPOTS, slopes
from armfa.plant import (
    ArmState,
    hand_position,
    hand_velocity,
    inverse_kinematics,
    jacobian,
    make_arm,
    muscle_force,
    rest_state,
)

DT = 0.01


def relative(a, b):
    return np.abs(np.asarray(a) - np.asarray(b)).max() / max(np.abs(np.asarray(b)).max(), 1e-300)


def flat(state, u):
    return np.concatenate([*state, u], axis=-1)


def stepped(arm, x, integrator, concat):
    n = arm.n_muscles
    after = step(arm, ArmState(x[..., :2], x[..., 2:4], x[..., 4 : 4 + n]), x[..., 4 + n :], DT, integrator=integrator)
    return concat(tuple(after))


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_jax_autodiff_gives_the_derived_derivatives(arm, integrator):
    state, u = random_state(arm, (12,))
    exact = np.concatenate(linearize(arm, state, u, DT, integrator=integrator), axis=-1)

    def f(x):
        return stepped(arm, x, integrator, lambda parts: jnp.concatenate(parts, axis=-1))

    rows = jax.vmap(jax.jacrev(f))  # not compiled: that would take longer than everything else here
    compiled = arm.name in ("li_todorov", "lillicrap_scott") and integrator == "semi_implicit_euler"
    found = (jax.jit(rows) if compiled else rows)(jnp.asarray(flat(state, u)))
    assert found.dtype == jnp.float64
    for i in range(12):
        assert relative(found[i], exact[i]) < 1e-9


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_torch_autograd_gives_the_derived_derivatives(arm, integrator):
    state, u = random_state(arm, (6,))
    exact = np.concatenate(linearize(arm, state, u, DT, integrator=integrator), axis=-1)
    x = torch.tensor(flat(state, u), requires_grad=True)
    after = stepped(arm, x, integrator, lambda parts: torch.cat(parts, dim=-1))
    for i in range(after.shape[-1]):
        (row,) = torch.autograd.grad(after[:, i].sum(), x, retain_graph=True)
        assert np.abs(row.numpy() - exact[:, i]).max() < 1e-9 * np.abs(exact).max()


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_at_rest_and_at_the_ends_autodiff_is_finite_and_on_the_same_side_of_the_kinks(arm):
    state, _ = random_state(arm, (6,), speed=0.0)
    for end in arm.excitation_range:
        u = np.full((6, arm.n_muscles), end)
        state = state._replace(activation=u)
        exact = np.concatenate(linearize(arm, state, u, DT), axis=-1)

        def f(x):
            return stepped(arm, x, "semi_implicit_euler", lambda parts: jnp.concatenate(parts, axis=-1))

        found = jax.vmap(jax.jacrev(f))(jnp.asarray(flat(state, u)))
        assert relative(found, exact) < 1e-9
        x = torch.tensor(flat(state, u), requires_grad=True)
        after = stepped(arm, x, "semi_implicit_euler", lambda parts: torch.cat(parts, dim=-1))
        (row,) = torch.autograd.grad(after[:, 2:4].sum(), x)
        assert relative(row.numpy(), exact[:, 2:4].sum(1)) < 1e-9


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_three_libraries_move_the_arm_alike(arm, integrator):
    state, u = random_state(arm, (2, 3))
    push = np.random.default_rng(0).normal(size=(2, 3, 2))
    expected = step(arm, state, u, DT, integrator=integrator, hand_force=push, joint_torque=-push)
    for make in (jnp.asarray, torch.tensor):
        s = ArmState(*(make(x) for x in state))
        after = step(arm, s, make(u), DT, integrator=integrator, hand_force=make(push), joint_torque=make(-push))
        for a, b in zip(after, expected):
            assert relative(a, b) < 1e-12


@pytest.mark.parametrize(
    "make", [lambda x: jnp.asarray(x, jnp.float32), lambda x: torch.tensor(x, dtype=torch.float32)]
)
@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_float32_stays_float32(arm, make):
    state, u = random_state(arm, (3,))
    s, v = ArmState(*(make(x) for x in state)), make(u)
    following, pullback = step_vjp(arm, s, v, DT)
    bars, u_bar, _ = pullback(following)
    a, b = linearize(arm, s, v, DT)
    q = s.joint_angle
    others = (hand_position(arm, q), hand_velocity(arm, q, q), jacobian(arm, q), hand_velocity_jacobian(arm, s, v, DT))
    for x in (*following, *bars, u_bar, a, b, *others):
        assert "float32" in str(x.dtype)


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_the_adjoint_itself_runs_in_every_library(arm):
    state, u = random_state(arm, (4,))
    a, b = linearize(arm, state, u, DT)
    error = np.random.default_rng(1).normal(size=(4, 2))
    _, pullback = hand_velocity_vjp(arm, state, u, DT)
    for make in (jnp.asarray, torch.tensor):
        s, v = ArmState(*(make(x) for x in state)), make(u)
        for found, expected in zip(linearize(arm, s, v, DT), (a, b)):
            assert relative(found, expected) < 1e-11
        assert relative(hand_velocity_vjp(arm, s, v, DT)[1](make(error)), pullback(error)) < 1e-11


def test_kinematics_agree_between_libraries():
    arm = make_arm()
    angle = np.random.default_rng(0).uniform(0.2, 2.0, (2, 3, 2))
    hand = hand_position(arm, angle)
    for make in (jnp.asarray, torch.tensor):
        assert relative(hand_position(arm, make(angle)), hand) < 1e-13
        assert relative(inverse_kinematics(arm, make(hand)), angle) < 1e-9
        assert relative(jacobian(arm, make(angle)), jacobian(arm, angle)) < 1e-13
        with pytest.raises(ValueError, match="shoulder"):
            inverse_kinematics(arm, make(hand + 1.0))
    assert jax.jit(lambda x: inverse_kinematics(arm, x))(jnp.asarray(hand)).shape == angle.shape


def test_a_jitted_step_leaves_nothing_of_its_trace_behind():
    """Constants cached under a trace would be dead tracers in the next call."""
    arm = make_arm("li_todorov", activation="first_order")
    state, u = random_state(arm, (3,))
    s, v = ArmState(*(jnp.asarray(x) for x in state)), jnp.asarray(u)
    compiled = jax.jit(lambda s, v: step(arm, s, v, DT))(s, v)
    again = jax.jit(lambda s, v: step(arm, s, v, 0.5 * DT))(s, v)
    plain = step(arm, s, v, DT)
    assert relative(compiled.joint_velocity, plain.joint_velocity) < 1e-12
    assert np.isfinite(np.asarray(again.joint_velocity)).all()


def test_the_arm_is_a_static_argument_and_gradients_flow_through_a_scan():
    arm = make_arm("li_todorov", activation="first_order")
    start = rest_state(arm, xp=jnp)
    commands = jnp.asarray(np.random.default_rng(0).random((20, 6)))

    def end(commands, arm):
        last, _ = jax.lax.scan(lambda s, u: (step(arm, s, u, DT), None), start, commands)
        return hand_position(arm, last.joint_angle)[0]

    gradient = jax.jit(jax.grad(end), static_argnums=1)(commands, arm)
    state, pullbacks = rest_state(arm), []
    for u in np.asarray(commands):
        state, pullback = step_vjp(arm, state, u, DT)
        pullbacks.append(pullback)
    bar = ArmState(jacobian(arm, state.joint_angle)[0], np.zeros(2), np.zeros(6))
    by_hand = []
    for pullback in reversed(pullbacks):
        bar, u_bar, _ = pullback(bar)
        by_hand.append(u_bar)
    assert relative(gradient, np.stack(by_hand[::-1])) < 1e-9


def test_torch_learns_a_command_through_a_rollout():
    arm = make_arm()
    start = rest_state(arm, torch.tensor(arm.center_posture, dtype=torch.float64))
    commands = torch.full((10, 6), 0.2, dtype=torch.float64, requires_grad=True)
    states = rollout(arm, start, commands, DT)
    assert states.joint_angle.shape == (11, 2)
    hand_position(arm, states.joint_angle[-1])[0].backward()
    assert commands.grad is not None
    assert torch.isfinite(commands.grad).all()
    assert commands.grad.abs().min() > 0


def test_muscle_curves_in_isolation_agree():
    arm = make_arm("motornet_arm26")
    rng = np.random.default_rng(0)
    arguments = rng.uniform(0.6, 1.4, (5, 6)), rng.normal(size=(5, 6)), rng.random((5, 6))
    for make in (jnp.asarray, torch.tensor):
        assert relative(muscle_force(arm, *(make(x) for x in arguments)), muscle_force(arm, *arguments)) < 1e-12


@pytest.mark.parametrize("make", [jnp.asarray, torch.tensor], ids=["jax", "torch"])
def test_the_closed_form_optimum_takes_numpy_only_and_says_so(make):
    arm = make_arm()
    state, _ = random_state(arm, (3,), speed=0.5)
    with pytest.raises(TypeError, match="NumPy"):
        best_excitation(arm, type(state)(*(make(x) for x in state)), np.zeros(2), DT)


@pytest.mark.parametrize("make", [jnp.asarray, torch.tensor], ids=["jax", "torch"])
def test_whole_numbers_are_no_angles(make):
    with pytest.raises(TypeError, match="floating"):
        hand_position(make_arm(), make([1, 1]))


def test_curves_are_the_printed_ones_where_these_have_slopes_and_have_slopes_where_these_have_none():
    (ours, printed), *broken = map(slopes, SPOTS)
    assert ours == pytest.approx(printed, rel=1e-12)
    assert all(abs(ours) < 1.0 for ours, _ in broken)
    assert not any(abs(printed) < 1e5 for _, printed in broken)  # NaN, infinite, or beside a pole


def test_the_benchmark_of_a_million_arms_names_the_device_that_jax_finds(capsys):
    million.main(million.Million(arms=8, steps=1, jax=True))
    assert f"JAX on {jax.devices()[0].device_kind}: 8 arms" in capsys.readouterr().out
