"""The skeleton and the muscles' geometry against mechanics derived another way."""

import dataclasses

import numpy as np
import pytest
from plant_arms import ARMS, STATIC, name_of, random_state, step

from armfa.plant import (
    ArmState,
    Loads,
    coriolis,
    hand_position,
    hand_velocity,
    inertia,
    jacobian,
    joint_acceleration,
    joint_torque,
    kinetic_energy,
    make_arm,
    moment_arm,
    muscle_force,
    muscle_length,
    muscle_torque,
    muscle_velocity,
    state_rate,
)
from armfa.plant.quantities import friction_torque

DT = 0.01


def passive(arm, friction=False):
    """The arm without muscles' pull and limits."""
    skeleton = arm.skeleton if friction else dataclasses.replace(arm.skeleton, friction=((0.0, 0.0), (0.0, 0.0)))
    return dataclasses.replace(arm, skeleton=skeleton, max_force=(0.0,) * arm.n_muscles, limits=None)


def swing(arm, integrator, dt, duration=1.0):
    state = ArmState(np.array([0.5, 1.2]), np.array([2.0, -3.0]), np.zeros(arm.n_muscles))
    energy = [kinetic_energy(arm, *state[:2])]
    for _ in range(round(duration / dt)):
        state = step(arm, state, state.activation, dt, integrator=integrator)
        energy.append(kinetic_energy(arm, *state[:2]))
    return np.abs(np.array(energy) / energy[0] - 1).max()


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_the_passive_arm_keeps_its_energy(arm):
    # Katayama & Kawato's printed forearm has less inertia about the elbow than its mass at its centre of mass alone
    # would have, which no rigid link can: with a straight elbow the inertia matrix is almost singular, the swing faster
    dt = 0.5 * DT if arm.name == "katayama_kawato" else DT
    assert swing(passive(arm), "rk4", dt) < 1e-6


def test_the_energy_test_sees_a_poor_integrator():
    assert swing(passive(make_arm()), "euler", DT) > 1e-3


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_inertia_is_symmetric_and_positive_definite(arm):
    m = inertia(arm, random_state(arm, (500,))[0].joint_angle)
    assert (m[:, 0, 1] == m[:, 1, 0]).all()
    assert np.linalg.eigvalsh(m).min() > 0


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_kinetic_energy_is_that_of_two_rigid_links(arm):
    """The sum over links of m |v|^2/2 + I w^2/2 about the centre of mass, with velocities from positions."""
    state, _ = random_state(arm, (50,))
    q, w = state.joint_angle, state.joint_velocity
    k = arm.skeleton
    s, m = k.center_of_mass, k.mass
    about_com = k.inertia
    if k.inertia_about == "joint":  # the printed inertia of link 1 about its joint, of link 2 about the elbow
        about_com = (k.inertia[0] - m[0] * s[0] ** 2, k.inertia[1] - m[1] * s[1] ** 2)
    moved = q + 1e-30j * w
    first = s[0] * np.stack([np.cos(moved[:, 0]), np.sin(moved[:, 0])])
    both = moved[:, 0] + moved[:, 1]
    second = k.length[0] * np.stack([np.cos(moved[:, 0]), np.sin(moved[:, 0])]) + s[1] * np.stack(
        [np.cos(both), np.sin(both)]
    )
    speeds = [np.square(x.imag / 1e-30).sum(0) for x in (first, second)]
    turning = [w[:, 0], w[:, 0] + w[:, 1]]
    energy = sum(0.5 * m[i] * speeds[i] + 0.5 * about_com[i] * turning[i] ** 2 for i in (0, 1))
    assert np.allclose(kinetic_energy(arm, q, w), energy, rtol=1e-12)


@pytest.mark.parametrize("friction", [False, True])
@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_acceleration_solves_the_lagrangian(arm, friction):
    """d/dt(dT/dqd) - dT/dq = tau with every derivative of T = qd^T M qd/2 by complex step or fine differences."""
    arm = passive(arm, friction)
    state, _ = random_state(arm, (30,))
    q, w = state.joint_angle, state.joint_velocity
    torque = np.random.default_rng(0).normal(size=(30, 2))
    qdd = joint_acceleration(arm, state, Loads(joint_torque=torque))

    def momentum(q, w):  # dT/dqd = M qd
        return np.einsum("bij,bj->bi", inertia(arm, q), w)

    rate = momentum(q + 1e-30j * w, w + 1e-30j * qdd).imag / 1e-30
    by_angle = np.stack([kinetic_energy(arm, q + 1e-30j * e, w).imag / 1e-30 for e in np.eye(2)], axis=-1)
    residual = rate - by_angle - torque - friction_torque(arm, w)
    assert np.abs(residual).max() < 1e-12 * max(1.0, np.abs(rate).max())


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_inertia_changes_at_twice_the_coriolis_matrix(arm):
    """dM/dt - 2C skew: qd^T (dM/dt) qd / 2 = qd^T h, so inertial forces do no net work."""
    state, _ = random_state(arm, (50,))
    q, w = state.joint_angle, state.joint_velocity
    m_rate = inertia(arm, q + 1e-30j * w).imag / 1e-30
    power = 0.5 * np.einsum("bi,bij,bj->b", w, m_rate, w)
    assert np.allclose(power, (w * coriolis(arm, q, w)).sum(-1), atol=1e-12)


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_moment_arms_do_virtual_work(arm):
    """R = -dL/dq, and the muscles' power R T . qd = -T . dL/dt."""
    state, _ = random_state(arm, (50,))
    q, w, a = state
    scale = np.array(arm.geometry.reference_length)
    by_angle = np.stack([muscle_length(arm, q + 1e-30j * e).imag / 1e-30 for e in np.eye(2)], axis=-2)
    assert np.allclose(moment_arm(arm, q), -by_angle * scale, rtol=1e-12, atol=1e-15)
    velocity = muscle_velocity(arm, q, w)
    assert np.allclose(velocity, muscle_length(arm, q + 1e-30j * w).imag / 1e-30, rtol=1e-12, atol=1e-14)
    force = muscle_force(arm, muscle_length(arm, q), velocity, a)
    power = (muscle_torque(arm, state) * w).sum(-1)
    assert np.allclose(power, -(force * velocity * scale).sum(-1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_energy_changes_by_the_power_of_the_torques(arm):
    state, _ = random_state(arm, (50,))
    q, w, _ = state
    qdd = joint_acceleration(arm, state)
    rate = kinetic_energy(arm, q + 1e-30j * w, w + 1e-30j * qdd).imag / 1e-30
    power = (joint_torque(arm, state) * w).sum(-1)
    assert np.abs(rate - power).max() < 1e-11 * np.abs(power).max()


def test_friction_only_takes_energy():
    for arm in STATIC:
        _, w, _ = random_state(arm, (100,))[0]
        assert ((friction_torque(arm, w) * w).sum(-1) <= 0).all()


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_step_is_built_from_the_parts_in_mechanics(arm):
    state, u = random_state(arm, (20,))
    rate = state_rate(arm, state, u)
    after = step(arm, state, u, DT, integrator="euler" if arm.activation_dynamics is None else "semi_implicit_euler")
    if arm.activation_dynamics is None:
        assert np.allclose(after.joint_velocity, state.joint_velocity + DT * rate.joint_velocity, rtol=1e-12)
        assert np.allclose(after.joint_angle, state.joint_angle + DT * state.joint_velocity, rtol=1e-12)
    else:
        soon = step(arm, state, u, 1e-7)
        assert np.allclose((soon.activation - state.activation) / 1e-7, rate.activation, rtol=1e-4, atol=1e-6)
        later = joint_acceleration(arm, state._replace(activation=after.activation))
        assert np.allclose(after.joint_velocity, state.joint_velocity + DT * later, rtol=1e-12)
        assert np.allclose(after.joint_angle, state.joint_angle + DT * after.joint_velocity, rtol=1e-12)


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_a_hand_force_acts_as_its_joint_torques(arm):
    state, u = random_state(arm, (20,))
    force = np.random.default_rng(1).normal(size=(20, 2))
    torque = np.einsum("bij,bi->bj", jacobian(arm, state.joint_angle), force)
    pushed = step(arm, state, u, DT, hand_force=force)
    turned = step(arm, state, u, DT, joint_torque=torque)
    assert np.allclose(pushed.joint_velocity, turned.joint_velocity, rtol=1e-12)


def test_pushing_the_hand_moves_it_along_the_mobility():
    """Hand acceleration of an arm at rest = J M^-1 J^T F."""
    arm = passive(make_arm())
    q, force = np.array([0.7, 1.5]), np.array([1.0, -2.0])
    after = step(arm, ArmState(q, np.zeros(2), np.zeros(6)), np.zeros(6), 1e-6, hand_force=force)
    j = jacobian(arm, q)
    expected = j @ np.linalg.inv(inertia(arm, q)) @ j.T @ force
    assert np.allclose(hand_velocity(arm, q, after.joint_velocity) / 1e-6, expected, rtol=1e-9)


def test_published_hand_inertia_of_the_two_arms():
    """Hand inertia along its axes: .261 and .0224 kg (monkey, centre), 1.28 and .41 kg (human, 45 and 90 deg)."""
    for name, expected in (("lillicrap_scott", (0.0224, 0.261)), ("li_todorov", (0.41, 1.28))):
        arm = make_arm(name)
        q = np.array(arm.center_posture)
        j = jacobian(arm, q)
        mobility = j @ np.linalg.inv(inertia(arm, q)) @ j.T
        assert np.allclose(np.sort(1 / np.linalg.eigvalsh(mobility)), expected, rtol=0.02)


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_hand_velocity_is_the_rate_of_hand_position(arm):
    state, _ = random_state(arm, (20,))
    q, w, _ = state
    rate = hand_position(arm, q + 1e-30j * w).imag / 1e-30
    assert np.allclose(hand_velocity(arm, q, w), rate, rtol=1e-13)
    assert np.allclose(np.einsum("bij,bj->bi", jacobian(arm, q), w), rate, rtol=1e-13)
