import copy
import pickle

import numpy as np
import pytest
from plant_arms import (
    ARMS,
    CASES,
    STATIC,
    hand_velocity_jacobian,
    linearize,
    name_of,
    random_state,
    rollout,
    step,
    step_vjp,
)

from armfa.plant import ArmState, Simulator, hand_position, make_arm, muscle_torque, rest_state
from armfa.plant.presets import PRESETS
from armfa.plant.quantities import state_rate

DT = 0.01


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_one_arm_and_a_batch_of_arms_give_the_same_bits(arm, integrator):
    state, u = random_state(arm, (3, 5))
    rng = np.random.default_rng(1)
    force, torque = rng.normal(size=(2, 3, 5, 2))
    for dtype in (np.float64, np.float32):
        s = ArmState(*(x.astype(dtype) for x in state))
        v, f, t = u.astype(dtype), force.astype(dtype), torque.astype(dtype)
        batch = step(arm, s, v, DT, integrator=integrator, hand_force=f, joint_torque=t)
        for i in range(3):
            row = step(
                arm, ArmState(*(x[i] for x in s)), v[i], DT, integrator=integrator, hand_force=f[i], joint_torque=t[i]
            )
            for together, alone in zip(batch, row):
                assert (together[i] == alone).all()
            for j in range(5):
                one = ArmState(*(x[i, j] for x in s))
                single = step(arm, one, v[i, j], DT, integrator=integrator, hand_force=f[i, j], joint_torque=t[i, j])
                for together, alone in zip(batch, single):
                    assert (together[i, j] == alone).all()


@pytest.mark.parametrize("batch", [(), (1,), (7,), (600,), (2, 3)])
@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_float32_in_gives_float32_out(arm, integrator, batch):
    state, u = random_state(arm, batch, dtype=np.float32)
    push = np.ones(2, np.float32)
    following, pullback = step_vjp(arm, state, u, DT, integrator=integrator, hand_force=push, joint_torque=push)
    bars, u_bar, (force_bar, torque_bar) = pullback(following)
    a, b = linearize(arm, state, u, DT, integrator=integrator)
    for x in (*following, *bars, u_bar, force_bar, torque_bar, a, b):
        assert x.dtype == np.float32
    for x, y in zip(following, state):
        assert x.shape == y.shape
    plain = step(arm, state, u, np.float64(DT), integrator=integrator)
    assert all(x.dtype == np.float32 for x in plain)


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_float32_follows_float64(arm):
    state, u = random_state(arm, (200,), speed=1.0)
    exact = step(arm, state, u, DT)
    rough = step(arm, ArmState(*(x.astype(np.float32) for x in state)), u.astype(np.float32), DT)
    scale = np.abs(exact.joint_velocity).max()
    assert np.abs(exact.joint_velocity - rough.joint_velocity).max() < 1e-4 * scale
    assert np.abs(exact.joint_angle - rough.joint_angle).max() < 1e-5


@pytest.mark.parametrize("arm", ARMS, ids=name_of)
def test_step_vjp_moves_the_arm_by_the_same_bits_as_step(arm):
    state, u = random_state(arm, (9,))
    following, _ = step_vjp(arm, state, u, DT)
    for a, b in zip(following, step(arm, state, u, DT)):
        assert (a == b).all()


@pytest.mark.parametrize(("arm", "integrator"), CASES, ids=name_of)
def test_a_command_of_nan_is_seen_in_every_joint_of_its_arm_and_in_no_other_arm(arm, integrator):
    state, u = random_state(arm, (40,))
    told = u.copy()
    told[7, 0] = np.nan
    expected, after = step(arm, state, u, DT, integrator=integrator), step(arm, state, told, DT, integrator=integrator)
    for _ in range(2):  # explicit Euler moves angles by the speed, and speeds by the activation, of the step before
        expected, after = (step(arm, x, u, DT, integrator=integrator) for x in (expected, after))
    assert np.isnan(after.joint_angle[7]).all() and np.isnan(after.joint_velocity[7]).all()
    for found, known in zip(after, expected):
        np.testing.assert_array_equal(np.delete(found, 7, 0), np.delete(known, 7, 0))


def test_a_rollout_names_the_step_whose_excitation_is_no_number():
    arm = make_arm()
    for roll in (Simulator(arm).rollout, Simulator(arm).rollout_vjp):
        commands = np.full((9, 4, arm.n_muscles), 0.1)
        commands[5, 2, 1] = np.nan
        with pytest.raises(ValueError, match=r"expected finite excitations, got nan at time step 5: \(5, 2, 1\)"):
            roll(random_state(arm, (4,))[0], commands)


def test_a_rollout_is_the_steps_one_after_the_other():
    arm = make_arm(activation="first_order")
    state, _ = random_state(arm, (4,), speed=0.5)
    commands = np.random.default_rng(0).random((6, 4, 6))
    track = rollout(arm, state, commands, DT, integrator="heun")
    for i, u in enumerate(commands):
        assert all((a[i] == b).all() for a, b in zip(track, state))
        state = step(arm, state, u, DT, integrator="heun")
    assert all((a[-1] == b).all() for a, b in zip(track, state))


def test_static_muscles_remember_the_excitation():
    arm = make_arm()
    u = np.linspace(0, 1, 6)
    assert (step(arm, rest_state(arm), u, DT).activation == u).all()


def test_one_excitation_or_load_serves_a_whole_batch():
    arm = make_arm()
    state, u = random_state(arm, (5,))
    push = np.array([1.0, -2.0])
    same = step(arm, state, np.broadcast_to(u[0], u.shape), DT, hand_force=np.broadcast_to(push, (5, 2)))
    assert all((a == b).all() for a, b in zip(same, step(arm, state, u[0], DT, hand_force=push)))


@pytest.mark.parametrize("name", PRESETS)
def test_arms_survive_pickle_copy_and_equal_themselves(name):
    arm = make_arm(name)
    state, u = random_state(arm, (3,))
    expected = step(arm, state, u, DT)
    for other in (pickle.loads(pickle.dumps(arm)), copy.deepcopy(arm), make_arm(name)):
        assert other == arm
        assert hash(other) == hash(arm)
        assert all((a == b).all() for a, b in zip(step(other, state, u, DT), expected))


def test_the_combination_without_a_gradient_is_refused_with_the_reason():
    arm = make_arm("li_todorov", activation="first_order")
    state, u = random_state(arm, ())
    with pytest.raises(ValueError, match=r"exactly zero one-step gradient.*semi_implicit_euler"):
        step(arm, state, u, DT, integrator="euler")
    published = make_arm("kalidindi2021", activation="first_order")
    step(published, state, u, DT, integrator="euler")  # trajectories of that paper can be made
    with pytest.raises(ValueError, match="exactly zero one-step gradient"):
        hand_velocity_jacobian(published, state, u, DT, integrator="euler")


def test_the_refused_gradient_is_indeed_zero():
    arm = make_arm("kalidindi2021", activation="first_order")
    state, u = random_state(arm, (4,))
    _, by_u = linearize(arm, state, u, DT, integrator="euler")
    assert (by_u[:, :4] == 0).all()
    _, by_u = linearize(arm, state, u, DT, integrator="semi_implicit_euler")
    assert np.abs(by_u[:, 2:4]).max() > 1e-3


@pytest.mark.parametrize(
    "dt", [-0.01, 0.0, np.nan, np.inf, 1.5, None, "0.01", True, 0.01j, [0.01], np.array([0.01])], ids=repr
)
def test_what_is_no_time_step_is_refused_by_one_named_error(dt):
    with pytest.raises(ValueError, match=r"expected a time step dt above 0 and up to 1 s, got"):
        Simulator(make_arm(), dt)


@pytest.mark.parametrize("dt", [0.01, np.float64(0.01), np.float32(0.01), 1])
def test_every_number_is_taken_as_a_time_step_and_becomes_a_python_float(dt):
    assert type(Simulator(make_arm(), dt).dt) is float


@pytest.mark.parametrize("arm", [make_arm(), make_arm(activation="first_order")], ids=name_of)
def test_arrays_of_the_wrong_length_are_refused_by_their_name(arm):
    state, u = random_state(arm, (5,))
    wrong = {
        "excitation": (state, u[:, :5]),
        "activation": (state._replace(activation=state.activation[:, :5]), u),
        "joint_velocity": (state._replace(joint_velocity=np.zeros((5, 3))), u),
        "two numbers": (state._replace(joint_angle=np.zeros((5, 3))), u),
    }
    for name, (s, command) in wrong.items():
        with pytest.raises(ValueError, match=rf"expected {name}"):
            step(arm, s, command, DT)


def test_wrong_arguments_are_told_what_was_expected():
    arm = make_arm()
    state, u = random_state(arm, (5,))
    with pytest.raises(ValueError, match=r"excitation of shape \(5, 6\), got \(5, 4\)"):
        step(arm, state, u[:, :4], DT)
    with pytest.raises(ValueError, match="hand_force of shape"):
        step(arm, state, u, DT, hand_force=np.ones(3))
    with pytest.raises(ValueError, match="integrator to be one of"):
        step(arm, state, u, DT, integrator="rk5")
    with pytest.raises(TypeError, match="floating"):
        step(arm, ArmState(*(x.astype(int) for x in state)), u.astype(int), DT)
    with pytest.raises(ValueError, match="an arm out of"):
        make_arm("octopus")
    with pytest.raises(ValueError, match="without activation dynamics"):
        make_arm("katayama_kawato", activation="first_order")
    with pytest.raises(ValueError, match="shape"):
        rest_state(arm, np.zeros(3))


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_rest_is_the_centre_posture_without_motion(arm):
    state = rest_state(arm, dtype=np.float32)
    assert np.allclose(state.joint_angle, arm.center_posture)
    assert not state.joint_velocity.any()
    assert state.activation.shape == (arm.n_muscles,)
    assert all(x.dtype == np.float32 for x in state)
    assert rest_state(arm, np.zeros((4, 3, 2))).activation.shape == (4, 3, arm.n_muscles)


@pytest.mark.parametrize("arm", [make_arm(), make_arm(activation="first_order")], ids=name_of)
def test_six_arms_with_one_row_of_six_numbers_are_six_equal_arms(arm):
    row = np.linspace(0.0, 1.0, 6)
    one = rest_state(arm, np.array([0.7, 1.4]))._replace(activation=row)
    six = rest_state(arm, np.tile([0.7, 1.4], (6, 1)))._replace(activation=row)
    for both in (
        (step(arm, six, row, DT).joint_velocity, step(arm, one, row, DT).joint_velocity),
        (state_rate(arm, six, row).joint_velocity, state_rate(arm, one, row).joint_velocity),
        (muscle_torque(arm, six), muscle_torque(arm, one)),
    ):
        np.testing.assert_allclose(both[0], np.tile(both[1], (6, 1)), rtol=1e-12)


def test_lists_are_taken_as_commands_and_refused_as_states():
    arm = make_arm()
    state = rest_state(arm)
    np.testing.assert_array_equal(step(arm, state, [0.2] * 6, DT).joint_velocity,
                                  step(arm, state, np.full(6, 0.2), DT).joint_velocity)  # fmt: skip
    with pytest.raises(TypeError, match="expected arrays"):
        hand_position(arm, [0.1, 0.2])
    with pytest.raises(TypeError, match="make_arm"):
        step("li_todorov", state, np.zeros(6), DT)
    for shape in ((3,), (5, 3)):
        with pytest.raises(ValueError, match="two numbers"):
            hand_position(arm, np.zeros(shape))
