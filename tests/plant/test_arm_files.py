"""Arms from files: round trips, refusals by name, and the published tables that come as files."""

import dataclasses
import re

import gymnasium as gym
import numpy as np
import pytest
from plant_arms import ARMS, linearize, name_of, random_state, step

from armfa.plant import (
    ArmState,
    Simulator,
    gravity_torque,
    hand_force,
    inertia,
    jacobian,
    joint_acceleration,
    joint_torque,
    kinetic_energy,
    make_arm,
    moment_arm,
    muscle_length,
)
from armfa.plant.description import FILES, FOLDER
from armfa.plant.muscles.geometry import LinearMomentArms, PolynomialMomentArms
from armfa.problems import HandVelocityProblem, TaskProblem

PIGEON, SONG = make_arm("pigeon1996"), make_arm("song2008")
DEGREES = np.linspace(5.0, 130.0, 26)

# round trips


@pytest.mark.parametrize("arm", [*ARMS, *(make_arm(FOLDER / f"{name}.toml") for name in FILES)], ids=name_of)
def test_an_arm_comes_back_from_its_text_bit_for_bit(arm):
    assert make_arm(arm.to_toml()) == arm
    assert repr(make_arm(arm.to_toml())) == repr(arm)


def test_a_file_a_name_and_a_text_are_the_same_arm_behind_every_door(tmp_path):
    arm = dataclasses.replace(make_arm("li_todorov", activation="first_order"), name="mine", max_force=(0.1 + 0.2,) * 6)
    path = tmp_path / "mine.toml"
    path.write_text(arm.to_toml(), encoding="utf-8")
    assert make_arm(path) == make_arm(str(path)) == make_arm(path, activation="first_order") == arm
    assert make_arm(path, activation="static") == dataclasses.replace(arm, activation_dynamics=None)
    assert HandVelocityProblem(str(path)).arm == TaskProblem(path).arm == arm
    env = gym.make("armfa/Reach-v0", arm=str(path))
    assert env.unwrapped.world.arm == arm
    env.close()


def test_words_keep_every_sign_in_a_file():
    arm = make_arm("torque")
    named = dataclasses.replace(arm, name='a "b" \\ ü µ\x7f\t', muscle_names=("new\nline", "#"))
    assert make_arm(named.to_toml()) == named


def test_what_a_file_leaves_out_is_not_there():
    text = make_arm("torque").to_toml()
    assert make_arm(re.sub(r"\[limits\].*", "", text, flags=re.DOTALL)).limits is None
    assert make_arm(text).activation_dynamics is None
    with pytest.raises(ValueError, match="no activation dynamics"):
        make_arm(text, activation="first_order")


# refusals

TEXT = make_arm("li_todorov").to_toml()
REFUSED = {
    "an unknown constant": ("[skeleton]\n", "[skeleton]\nmuscles = 6\n", r"Skeleton: .*unknown or missing: muscles"),
    "an unknown part": ("[skeleton]", "[tentacle]\nlength = 1.0\n[skeleton]", r"kind .*got None|unknown .*tentacle"),
    "a missing constant": ("inertia = [0.025, 0.045]", "", "missing: inertia"),
    "an impossible constant": (
        "mass = [1.4, 1.0]",
        "mass = [1.4, -1.0]",
        r"Skeleton.mass\[1\]: .*above 0, kg, got -1.0",
    ),
    "degrees": ("lower = [-0.3", "lower = [-20.3", r"JointLimits.lower\[0\]: .*radians, not degrees"),
    "six for five": ("base = [1.1, ", "base = [", "one value per muscle"),
    "an unknown kind": ('kind = "BrownLoeb"', 'kind = "Octopus"', "'Octopus'"),
    "a kind in another's place": ("[curves]", "[geometry2]", "geometry2|curves"),
    "a word for a number": ("width = 0.05", 'width = "0.05"', "JointLimits.width: expected above 0, rad, got '0.05'"),
    "a date for a number": ("width = 0.05", "width = 2024-01-01", "JointLimits.width"),
    "a number beyond all": ("width = 0.05", f"width = {'9' * 400}", "JointLimits.width"),
    "names that are a word": ("muscle_names = [", 'muscle_names = "six"\nrest = [', "unknown or missing: rest"),
    "a number for a truth": ("published_with_euler = false", "published_with_euler = 0", "published_with_euler"),
    "no TOML": ("[skeleton]", "[skeleton", "line"),
    "a table in a table": ("width = 0.05", "width = {a = {b = 1}}", "kind"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_arm_can_be_is_refused_with_the_file_and_the_constant(case, tmp_path):
    before, after, words = REFUSED[case]
    assert before in TEXT
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=f"(?s)^{re.escape(str(path))}: .*({words})"):
        make_arm(path)


def test_files_that_are_none_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "large.toml").write_bytes(b"#" * (2**20 + 1))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    for name, words in (("large", "bytes"), ("binary", "UTF-8"), ("deep", "deep.toml")):
        with pytest.raises(ValueError, match=words):
            make_arm(tmp_path / f"{name}.toml")
    with pytest.raises(FileNotFoundError, match="to_toml"):
        make_arm(tmp_path / "none.toml")
    for name in ("octopus", 3, None):
        with pytest.raises(ValueError, match=r"my_arm\.toml"):
            make_arm(name)


# polynomials


def complex_step(f, x):
    columns = []
    for i in range(x.shape[-1]):
        moved = x.astype(complex)
        moved[..., i] += 1e-40j
        columns.append(f(moved).imag / 1e-40)
    return np.stack(columns, axis=-1)


CROSSED = dataclasses.replace(
    PIGEON,
    geometry=dataclasses.replace(
        PIGEON.geometry,
        powers=(*PIGEON.geometry.powers, (1, 1), (3, 2)),
        coefficients=(*PIGEON.geometry.coefficients, (0.003,) * 8, (-0.001,) * 8),
        origin=(0.3, -0.2),
    ),
)
"""With terms of both angles."""


@pytest.mark.parametrize("arm", [PIGEON, SONG, CROSSED], ids=["pigeon1996", "song2008", "crossed"])
def test_moment_arms_are_the_slope_of_the_path(arm):
    angle = random_state(arm, (40,))[0].joint_angle
    slope = complex_step(lambda q: muscle_length(arm, q), angle) * np.array(arm.geometry.reference_length)[:, None]
    assert np.allclose(moment_arm(arm, angle), -np.swapaxes(slope, -1, -2), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("integrator", ["semi_implicit_euler", "rk4"])
@pytest.mark.parametrize("arm", [SONG, CROSSED], ids=["song2008", "crossed"])
def test_the_adjoint_is_the_complex_step_derivative(arm, integrator):
    state, u = random_state(arm, (20,))
    n = arm.n_muscles

    def flat(x):
        before = ArmState(x[..., :2], x[..., 2:4], x[..., 4 : 4 + n])
        return np.concatenate(step(arm, before, x[..., 4 + n :], 0.01, integrator=integrator), axis=-1)

    found = np.concatenate(linearize(arm, state, u, 0.01, integrator=integrator), axis=-1)
    exact = complex_step(flat, np.concatenate([*state, u], axis=-1))
    assert np.abs(found - exact).max() < 1e-10 * np.abs(exact).max()


def test_a_polynomial_of_degree_two_is_motornets_arm():
    arm = make_arm("motornet_arm26")
    old: LinearMomentArms = arm.geometry
    rows = (old.shoulder, old.shoulder_slope, old.elbow, old.elbow_slope)
    powers = ((1, 0), (2, 0), (0, 1), (0, 2))
    new = PolynomialMomentArms(powers, rows, old.origin, old.reference_length, old.base)
    state, u = random_state(arm, (30,))
    again = Simulator(dataclasses.replace(arm, geometry=new)).step(state, u)
    for found, expected in zip(again, Simulator(arm).step(state, u)):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


def test_powers_that_no_polynomial_has_are_refused():
    for powers in ((), 3, ((0, 0),), ((1, 0), (1, 0)), ((1.0, 0),), ((True, 0),), ((-1, 2),), ((1,),), ((99, 0),)):
        with pytest.raises(ValueError, match=r"^PolynomialMomentArms\.powers: expected two whole numbers"):
            dataclasses.replace(PIGEON.geometry, powers=powers)
    with pytest.raises(ValueError, match="expected 1 rows, one per term, got 7"):
        dataclasses.replace(PIGEON.geometry, powers=((1, 0),))
    with pytest.raises(ValueError, match="one value per muscle"):
        dataclasses.replace(PIGEON.geometry, coefficients=((0.0,) * 7, *PIGEON.geometry.coefficients[1:]))


# published tables: moment arms in mm with angles in degrees, rising powers, as printed

PRINTED = {
    "anconeus": (-5.3450, -2.2841e-1, 8.4297e-3, -14.329e-5, 10.448e-7, -2.7306e-9),
    "brachialis": (5.5492, 2.3080e-1, 2.3425e-3, -2.0530e-5),
    "brachioradialis": (19.490, 1.6681e-1, 10.084e-3, -6.5171e-5),
    "biceps": (14.660, 4.5322e-1, 1.8047e-3, -2.9883e-5),
    "triceps": (-23.287, -3.0284e-1, 12.886e-3, -19.092e-5, 13.277e-7, -3.5171e-9),
}


@pytest.mark.parametrize("arm", [PIGEON, SONG], ids=["pigeon1996", "song2008"])
def test_elbow_moment_arms_are_those_printed_by_pigeon_et_al(arm):
    angle = np.radians(np.stack([np.full_like(DEGREES, 45.0), DEGREES], axis=-1))
    for name, coefficients in PRINTED.items():
        if name in arm.muscle_names:
            printed = 1e-3 * np.polynomial.polynomial.polyval(DEGREES, coefficients)
            found = moment_arm(arm, angle)[:, 1, arm.muscle_names.index(name)]
            np.testing.assert_allclose(found, printed, rtol=0, atol=1e-10)


def test_shoulder_moment_arms_are_those_printed_by_pigeon_et_al():
    found = moment_arm(PIGEON, np.array([0.4, 1.2]))[0]
    np.testing.assert_allclose(1000 * found, [0, 0, 0, 33.02, -78.74, 50.80, 29.21, -25.40], atol=1e-9)


def test_deltoids_of_song2008_have_the_moment_arms_that_their_polynomials_were_fitted_to():
    given, between = np.array([0.0, 25.0, 50.0, 75.0, 100.0]), np.linspace(0.0, 100.0, 21)
    found = 1000 * moment_arm(SONG, np.radians(np.stack([between, np.full(21, 60.0)], axis=-1)))[:, 0, :2].T
    for muscle, values in zip(found, ([10, 17.5, 25, 40, 49], [-23, -30, -32, -16, 0])):
        np.testing.assert_allclose(muscle, np.polyval(np.polyfit(given, values, 3), between), atol=1e-6)


def test_all_muscles_of_pigeon1996_are_at_their_optimum_at_the_centre():
    np.testing.assert_allclose(muscle_length(PIGEON, np.array(PIGEON.center_posture)), 1.0, atol=1e-10)


@pytest.mark.parametrize("arm", [PIGEON, SONG], ids=["pigeon1996", "song2008"])
def test_the_mass_matrix_is_that_of_the_tables_own_code(arm):
    """alpha + 2 beta cos q2, delta + beta cos q2, delta, inertias about the centres of mass."""
    (m1, m2), (l1, _), (s1, s2), (i1, i2) = (
        getattr(arm.skeleton, name) for name in ("mass", "length", "center_of_mass", "inertia")
    )
    alpha = i1 + i2 + m1 * s1**2 + m2 * (l1**2 + s2**2)
    beta, delta = m2 * l1 * s2, i2 + m2 * s2**2
    c = np.cos(1.1)
    expected = [[alpha + 2 * beta * c, delta + beta * c], [delta + beta * c, delta]]
    np.testing.assert_allclose(inertia(arm, np.array([0.2, 1.1])), expected, rtol=1e-14)


# gravity


def hanging(**changes):
    """The arm of song2008 without muscles, limits and friction."""
    skeleton = dataclasses.replace(SONG.skeleton, friction=((0.0, 0.0), (0.0, 0.0)), **changes)
    return dataclasses.replace(SONG, skeleton=skeleton, max_force=(0.0,) * 4, limits=None)


def potential_energy(arm, q):
    """-sum_i m_i g . p_i, from where the centres of mass are."""
    (m1, m2), (l1, _), (s1, s2) = arm.skeleton.mass, arm.skeleton.length, arm.skeleton.center_of_mass
    ways = [np.stack([np.cos(x), np.sin(x)], axis=-1) for x in (q[..., 0], q[..., 0] + q[..., 1])]
    places = s1 * ways[0], l1 * ways[0] + s2 * ways[1]
    return -sum(m * (p * np.array(arm.skeleton.gravity)).sum(-1) for m, p in zip((m1, m2), places))


def test_gravity_is_the_slope_of_the_potential_energy():
    arm = hanging(gravity=(3.0, -9.0))
    angle = random_state(arm, (40,))[0].joint_angle
    slope = complex_step(lambda q: potential_energy(arm, q), angle)
    np.testing.assert_allclose(gravity_torque(arm, angle), -slope, rtol=1e-12, atol=1e-14)


def test_an_arm_that_swings_keeps_its_energy():
    arm = hanging()
    state = ArmState(np.array([1.2, 0.8]), np.array([0.0, 1.0]), np.zeros(4))
    energy = []
    for _ in range(200):
        energy.append(kinetic_energy(arm, *state[:2]) + potential_energy(arm, state.joint_angle))
        state = step(arm, state, state.activation, 0.005, integrator="rk4")
    assert np.ptp(energy) < 1e-6 * np.ptp([potential_energy(arm, np.zeros(2)), potential_energy(arm, np.full(2, 1.5))])


def test_small_swings_have_the_frequencies_of_the_double_pendulum():
    arm = hanging()
    (m1, m2), (l1, _), (s1, s2) = arm.skeleton.mass, arm.skeleton.length, arm.skeleton.center_of_mass
    g = 9.81
    stiffness = g * np.array([[m1 * s1 + m2 * (l1 + s2), m2 * s2], [m2 * s2, m2 * s2]])
    squares = np.linalg.eigvals(np.linalg.solve(inertia(arm, np.zeros(2)), stiffness))
    zero = np.zeros(2)

    def acceleration(q):
        return joint_acceleration(arm, ArmState(q, 0 * q, np.zeros(4) + 0 * q[..., :1]))

    found = np.linalg.eigvals(-complex_step(acceleration, zero))
    np.testing.assert_allclose(np.sort(found), np.sort(squares), rtol=1e-12)


def test_a_level_arm_weighs_its_masses_times_their_distances():
    (m1, m2), (l1, _), (s1, s2) = SONG.skeleton.mass, SONG.skeleton.length, SONG.skeleton.center_of_mass
    level = np.array([np.pi / 2, 0.0])
    expected = -9.81 * np.array([m1 * s1 + m2 * (l1 + s2), m2 * s2])
    np.testing.assert_allclose(gravity_torque(SONG, level), expected, rtol=1e-12)


def test_a_held_hand_presses_with_what_gravity_and_muscles_leave():
    state, _ = random_state(SONG, (10,), speed=0.0)
    pressed = np.einsum("...ji,...j->...i", jacobian(SONG, state.joint_angle), hand_force(SONG, state))
    np.testing.assert_allclose(pressed, joint_torque(SONG, state), rtol=1e-9, atol=1e-9)


def test_published_arms_lie_in_a_horizontal_plane():
    assert [arm.name for arm in (*ARMS, PIGEON, SONG) if arm.skeleton.gravity is not None] == ["song2008"]
    assert (gravity_torque(PIGEON, np.array([[1.0, 1.0]])) == 0).all()
