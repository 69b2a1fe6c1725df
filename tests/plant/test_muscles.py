"""Isolated muscles against the values their publications give."""

import dataclasses
import math

import numpy as np
import pytest
from plant_arms import STATIC, name_of, rollout, step

from armfa.plant import ArmState, make_arm, moment_arm, muscle_force, muscle_length, muscle_torque, rest_state
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms
from armfa.plant.muscles.linear import ForceGenerator
from armfa.plant.muscles.thelen import Thelen

HILL = [make_arm(name) for name in ("li_todorov", "lillicrap_scott", "motornet_arm26", "li_todorov_smooth")]


def pull(arm, length, velocity, activation):
    """Tension of the first muscle, in its greatest force."""
    full = [
        np.broadcast_to(np.asarray(x, float), np.broadcast(length, velocity, activation).shape)
        for x in (length, velocity, activation)
    ]
    wide = [np.repeat(x[..., None], arm.n_muscles, axis=-1) for x in full]
    return muscle_force(arm, *wide)[..., 0] / arm.max_force[0]


@pytest.mark.parametrize("arm", [each for each in STATIC if isinstance(each.curves, BrownLoeb)], ids=name_of)
def test_every_muscle_can_pull_wherever_tasks_place_the_arm(arm):
    low, high = np.array(arm.joint_range).T
    length = muscle_length(arm, low + (high - low) * np.stack(np.meshgrid(*[np.linspace(0, 1, 21)] * 2), axis=-1))
    active = [muscle_force(arm, length, np.zeros_like(length), np.full_like(length, a)) for a in (0.0, 1.0)]
    share = (active[1] - active[0]) / np.array(arm.max_force)
    constant = isinstance(arm.geometry, ConstantMomentArms)
    assert share.min() > (0.1 if constant else 0.025)
    if constant:
        assert length.min() >= 0.53  # below, the printed force-velocity curve has a pole


def test_force_length_peaks_at_the_optimal_length():
    monkey = make_arm("lillicrap_scott")
    assert pull(monkey, 1.0, 0.0, 1.0) == 1.0
    lengths = np.linspace(0.5, 1.5, 101)
    assert lengths[pull(monkey, lengths, 0.0, 1.0).argmax()] == pytest.approx(1.0)
    rigid = make_arm("motornet_arm26")
    assert pull(rigid, 1.0, 0.0, 1.0) == pytest.approx(1.0)


def test_li_todorov_muscle_gives_half_its_force_at_full_activation():
    human = make_arm("li_todorov")
    passive = -0.02 * math.exp(13.8 - 18.7)
    assert pull(human, 1.0, 0.0, 1.0) / (1 + passive) == pytest.approx(0.505, abs=5e-4)  # A(1, 1)
    fl = math.exp(-(abs((0.7**1.93 - 1) / 1.03) ** 1.87))
    fp = -0.02 * math.exp(13.8 - 18.7 * 0.7)
    assert pull(human, 0.7, 0.0, 1.0) / (fl + fp) == pytest.approx(0.047, abs=5e-4)  # A(1, .7)


@pytest.mark.parametrize("arm", HILL[:3], ids=name_of)
def test_force_velocity_is_one_at_rest_from_both_sides(arm):
    at_rest = pull(arm, 1.0, 0.0, 0.5)
    for v in (1e-9, -1e-9):
        assert pull(arm, 1.0, v, 0.5) == pytest.approx(at_rest, rel=1e-7)


@pytest.mark.parametrize(("name", "vmax"), [("lillicrap_scott", -7.39), ("li_todorov", -5.72)])
def test_no_force_at_and_beyond_the_greatest_shortening_velocity(name, vmax):
    arm = make_arm(name)
    arm = dataclasses.replace(arm, curves=dataclasses.replace(arm.curves, activation_shape=None, passive=None))
    for length in (0.3, 0.5, 0.8, 1.0, 1.5):
        assert pull(arm, length, vmax, 1.0) == pytest.approx(0, abs=1e-14)
        assert pull(arm, length, 2 * vmax, 1.0) == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(
    "arm", [each for each in STATIC if isinstance(each.curves, BrownLoeb | DeGroote | Thelen)], ids=name_of
)
def test_no_hill_muscle_pushes_however_fast_it_shortens(arm):
    """Apart from the compressive passive force that Li & Todorov print."""
    length, velocity = (
        x[..., None] + np.zeros(arm.n_muscles) for x in np.meshgrid([0.3, 0.6, 1.0, 1.5], [-50, -20, -12, -8, -1, 0, 9])
    )
    if isinstance(arm.curves, BrownLoeb):
        arm = dataclasses.replace(arm, curves=dataclasses.replace(arm.curves, passive=None))
    silent = muscle_force(arm, length, velocity, 0 * length)
    assert silent.min() >= 0.0
    for activation in (0.01, 0.5, 1.0):
        assert (muscle_force(arm, length, velocity, activation + 0 * length) - silent).min() >= 0.0


def test_lengthening_plateau():
    assert pull(make_arm("lillicrap_scott"), 1.0, 1e9, 1.0) == pytest.approx(1.58, abs=1e-6)
    assert pull(make_arm("motornet_arm26"), 1.0, 1e9, 1.0) == pytest.approx(1.4, abs=1e-6)


def test_the_monkey_curve_has_no_pole_where_the_published_one_does():
    """Unguarded, the denominator vanishes before vmax for l < .530: force would go through infinity."""
    arm = make_arm("lillicrap_scott")
    v = np.linspace(-7.39, 3, 2001)
    for length in (0.3, 0.4, 0.5, 0.529, 0.6):
        force = pull(arm, length, v, 1.0)
        assert (force >= -1e-15).all()
        assert (force < 2).all()
        assert (np.diff(force) > -1e-12).all()  # monotone in velocity


def test_curves_with_a_pole_are_refused():
    with pytest.raises(ValueError, match="pole"):
        BrownLoeb(beta=1.55, omega=0.81, rho=2.12, vmax=-7.39, cv=(-4.0, 4.17), bv=0.62, av=(-3.12, 4.21, -2.67))
    with pytest.raises(ValueError, match="vmax"):
        BrownLoeb(beta=1.55, omega=0.81, rho=2.12, vmax=7.39, cv=(-3.21, 4.17), bv=0.62, av=(-3.12, 4.21, -2.67))


def test_inside_the_guards_the_curves_are_the_published_ones():
    rng = np.random.default_rng(0)
    l, v, a = rng.uniform(0.7, 1.3, 300), rng.uniform(-5, 5, 300), rng.uniform(0.01, 1, 300)
    fl = np.exp(-(np.abs((l**1.55 - 1) / 0.81) ** 2.12))
    short = (-7.39 - v) / (-7.39 + (-3.21 + 4.17 * l) * v)
    long = (0.62 - (-3.12 + 4.21 * l - 2.67 * l * l) * v) / (0.62 + v)
    assert np.allclose(pull(make_arm("lillicrap_scott"), l, v, a), a * fl * np.where(v <= 0, short, long), rtol=1e-12)
    nf = 2.11 + 4.16 * (1 / l - 1)
    shape = 1 - np.exp(-((a / (0.56 * nf)) ** nf))
    fl = np.exp(-(np.abs((l**1.93 - 1) / 1.03) ** 1.87))
    short = (-5.72 - v) / (-5.72 + (1.38 + 2.09 * l) * v)
    fv = np.where(v <= 0, short, long)
    human = shape * (fl * fv - 0.02 * np.exp(13.8 - 18.7 * l))
    assert np.allclose(pull(make_arm("li_todorov"), l, v, a), human, rtol=1e-11, atol=1e-14)


def test_the_smooth_curve_is_near_the_hill_curve_at_its_landmarks():
    arm = make_arm("li_todorov_smooth")
    passive = pull(arm, 1.0, 0.0, 0.0)
    assert passive == pytest.approx(0.0186, abs=1e-3)
    assert pull(arm, 1.0, 0.0, 1.0) - passive == pytest.approx(1.0, abs=0.02)
    assert pull(arm, 1.0, -10.0, 1.0) - passive == pytest.approx(0.0, abs=0.02)


def test_isometric_torques_of_the_human_arm():
    """At 45 and 90 deg and full activation: +17.0 (shoulder flexors), -2.1, -5.6 (both extensors) N m."""
    arm = make_arm("li_todorov")
    q, w, _ = rest_state(arm)
    for muscle, expected in ((2, 17.0), (3, -2.1), (5, -5.6)):
        torque = muscle_torque(arm, ArmState(q, w, np.eye(6)[muscle]))
        assert torque[0] == pytest.approx(expected, abs=0.06)


def test_human_muscles_have_the_published_range_of_lengths():
    """Over 0..180 deg of every joint crossed: 1.1 -> .6, .8 -> 1.25, 1.2 -> .7, .7 -> 1.1, 1.1 -> .6, .85 -> 1.2."""
    arm = make_arm("li_todorov")
    start, end = muscle_length(arm, np.array([[0.0, 0.0], [math.pi, math.pi]]))
    assert np.allclose(start, (1.1, 0.8, 1.2, 0.7, 1.1, 0.85), atol=1e-12)
    assert np.allclose(end, (0.6, 1.25, 0.7, 1.1, 0.6, 1.2), atol=5e-3)


def test_monkey_muscles_are_at_their_optimal_length_at_the_published_angles():
    arm = make_arm("lillicrap_scott")
    angles = np.radians([[15, 0], [4.88, 0], [0, 80.86], [0, 109.32], [4.5, 92.96], [2.12, 91.52]])
    assert np.allclose(np.diag(muscle_length(arm, angles)), 1.0, atol=1e-12)


def test_constant_moment_arms_do_not_move():
    arm = make_arm("lillicrap_scott")
    q = np.random.default_rng(0).normal(size=(20, 2))
    assert np.allclose(moment_arm(arm, q)[:, 0], (0.02, -0.02, 0, 0, 0.015, -0.02), atol=1e-15)
    assert np.allclose(moment_arm(arm, q)[:, 1], (0, 0, 0.02, -0.02, 0.02, -0.015), atol=1e-15)


def test_katayama_kawato_is_at_rest_where_it_was_published():
    arm = make_arm("katayama_kawato")
    after = step(arm, rest_state(arm), np.zeros(6), 0.01)
    assert np.abs(after.joint_velocity).max() < 1e-3  # nothing but the far-off soft limits
    joints = np.array([0.5, 0.25])
    assert np.allclose(muscle_torque(arm, rest_state(arm, np.array(arm.center_posture) + 0 * joints)), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "rise", "fall"),
    [("li_todorov", None, 0.066), ("kalidindi2021", 0.05, 0.05), ("li_todorov_smooth", 0.15, 0.15)],
)
def test_activation_reaches_63_percent_in_its_time_constant(name, rise, fall):
    arm = make_arm(name, activation="first_order")
    for target, start in ((0.8, 0.0), (0.0, 0.8)):
        time = fall if target == 0 else (rise or 0.066 + 0.8 * (0.050 - 0.066))
        state = rest_state(arm)._replace(activation=np.full(6, start))
        end = rollout(arm, state, np.full((200, 6), target), time / 200, integrator="rk4").activation[-1]
        assert np.allclose(end, start + (target - start) * (1 - math.exp(-1)), atol=1e-9)


def test_thelen_activation_rises_faster_when_low_and_falls_faster_when_high():
    arm = make_arm("motornet_arm26", activation="first_order")
    state = rest_state(arm)._replace(activation=np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]))
    dt = 1e-8
    rate = (step(arm, state, np.full(6, 0.5), dt).activation - state.activation) / dt
    time = np.array([0.015 * 0.5, 0.015 * 0.8, 0.015 * 1.1, 0.05 / 1.4, 0.05 / 1.7, 0.05 / 2.0])
    assert np.allclose(rate, (0.5 - state.activation) / time, rtol=1e-4)


def test_an_arm_is_changed_by_replacing_parts():
    """The trial's arm: Li & Todorov's inertias and forces, constant moment arms, tension = Fmax a."""
    human = make_arm("li_todorov")
    shoulder, elbow = (0, 0, 0.02, -0.02, 0.015, -0.02), (0.02, -0.02, 0, 0, 0.02, -0.015)
    geometry = ConstantMomentArms(shoulder, elbow, reference_length=(1.0,) * 6, base=(1.0,) * 6)
    arm = dataclasses.replace(human, name="plain", geometry=geometry, curves=ForceGenerator())
    state = rest_state(arm)._replace(activation=np.linspace(0, 1, 6))
    expected = np.array([shoulder, elbow]) @ (np.array(arm.max_force) * state.activation)
    assert np.allclose(muscle_torque(arm, state), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="one per muscle"):
        dataclasses.replace(human, max_force=(1.0, 2.0))


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_muscles_stay_finite_far_from_the_workspace(arm):
    q = np.array([[-3.0, -3.0], [4.0, 4.0], [0.0, 3.1], [3.1, 0.0]])
    w = np.array([[-60.0, 60.0], [60.0, -60.0], [60.0, 60.0], [-60.0, -60.0]])
    for dtype in (np.float64, np.float32):
        state = ArmState(q.astype(dtype), w.astype(dtype), np.zeros((4, arm.n_muscles), dtype))
        for u in (0.0, 1.0):
            after = step(arm, state, np.full((4, arm.n_muscles), u, dtype), 0.001)
            assert all(np.isfinite(x).all() for x in after)
