"""The closed forms of the motor experiments against numbers that were computed elsewhere, and measures against curves
whose answer is known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from armfa.experiments.motor import ellipses, noise_and_delays, power_law, preferred_directions
from armfa.plant import ArmState, make_arm

LI_TODOROV_AT = np.radians([45.0, 90.0])
MONKEY_AT = np.radians([32.6, 84.2])


@pytest.mark.parametrize(
    ("rung", "arm", "axis", "resultant"),
    [
        ("inertia", "lillicrap_scott", 128, 0.73),
        ("paths", "lillicrap_scott", 124, 0.74),
        ("inertia", "kalidindi2021", 169, 0.38),
        ("paths", "kalidindi2021", 155, 0.27),
        ("inertia", "li_todorov", 140, 0.54),
        ("paths", "li_todorov", 132, 0.49),
    ],
)
def test_mechanics_predict_the_axes_of_preferred_directions(monkeypatch, rung, arm, axis, resultant):
    monkeypatch.setitem(preferred_directions.TORQUE, "kalidindi2021", 1.0)
    body = preferred_directions.arm_on(rung, arm)
    body = replace(body, max_force=(1.0,) * body.n_muscles)  # as if all muscles were alike
    effect = preferred_directions.effect_of_commands(body, MONKEY_AT)
    found = preferred_directions.predicted(effect)
    assert found.degrees == pytest.approx(axis, abs=1.0)
    assert found.resultant == pytest.approx(resultant, abs=0.01)


def test_the_predicted_resultant_is_that_of_random_readouts():
    effect = np.array([[1.0, 0.4, 0.1], [0.2, 0.3, -0.1]])
    w = np.random.default_rng(0).standard_normal((3, 200_000))
    drawn = preferred_directions.axis_of(np.linalg.pinv(effect).T @ w)
    closed = preferred_directions.predicted(effect)
    assert preferred_directions.between(drawn.degrees, closed.degrees) == pytest.approx(0.0, abs=0.5)
    assert drawn.resultant == pytest.approx(closed.resultant, abs=0.005)


def test_even_inertia_makes_motors_that_turn_their_own_joint_alone():
    arm = preferred_directions.arm_on("geometry", "li_todorov")
    effect = preferred_directions.effect_of_commands(arm, MONKEY_AT)
    alone = np.linalg.solve(ellipses.jacobian(arm, MONKEY_AT), effect)
    np.testing.assert_allclose(alone, alone[0, 0] * np.eye(2), atol=1e-9)


def test_a_cosine_unit_prefers_its_direction():
    angle = 2 * np.pi * np.arange(16) / 16
    time = np.linspace(0.0, 1.0, 40)[:, None, None]
    rates = time * np.cos(angle - 1.1)[None, :, None]
    speed = np.broadcast_to(np.sin(np.pi * time[..., 0]), (40, 16))
    found = preferred_directions.tuning(rates, speed)
    assert math.atan2(found.slope[1, 0], found.slope[0, 0]) == pytest.approx(1.1)
    assert found.p[0] < 1e-6


def test_even_directions_pass_for_even_and_gathered_ones_do_not():
    assert preferred_directions.rayleigh(0.0, 500) == pytest.approx(1.0)
    assert preferred_directions.rayleigh(0.2, 500) == pytest.approx(math.exp(-0.04 * 500), rel=0.5)


@pytest.mark.parametrize(
    ("arm", "level", "soft", "stiff"),
    [("katayama_kawato", 0.05, 18.7, 53), ("katayama_kawato", 0.4, 30.5, 87),
     ("li_todorov", 0.1, 1.5, 8.9), ("li_todorov", 0.4, 12.8, 67)],
)  # fmt: skip
def test_stiffness_of_the_hand(arm, level, soft, stiff):
    body = replace(make_arm(arm, activation="static"), limits=None)
    state = ArmState(LI_TODOROV_AT, 0 * LI_TODOROV_AT, np.full(6, level))
    large, small, _ = ellipses.axes_of(ellipses.stiffness(body, state, force=False))
    assert (float(small), float(large)) == (pytest.approx(soft, rel=0.02), pytest.approx(stiff, rel=0.02))


@pytest.mark.parametrize(
    ("arm", "posture", "heavy", "light", "axis"),
    [("lillicrap_scott", MONKEY_AT, 0.261, 0.0224, 117), ("li_todorov", LI_TODOROV_AT, 1.28, 0.41, 135)],
)
def test_inertia_of_the_hand(arm, posture, heavy, light, axis):
    masses = np.linalg.inv(ellipses.mobility(make_arm(arm, activation="static"), posture))
    large, small, way = ellipses.axes_of(masses)
    assert float(large) == pytest.approx(heavy, rel=0.01)
    assert float(small) == pytest.approx(light, rel=0.01)
    assert float(way) == pytest.approx(axis, abs=1.0)


@pytest.mark.parametrize("target", power_law.TARGETS)
def test_targets_on_the_ellipse_have_the_exponent_that_is_asked_for(target):
    task, time = power_law.task_of(target), np.arange(301) * 0.01
    path = task.path(make_arm("li_todorov", activation="static"), math.tau * time)
    exponent, fit, _, _ = power_law.power_law(path[:, None], 0.01)
    assert exponent == pytest.approx(power_law.TARGETS[target], abs=0.02)
    assert fit > 0.98 or target == "constant"


def test_a_delay_is_survived_with_all_smaller_ones():
    ends = np.full((2, len(noise_and_delays.DELAYS), 10), 1.0)
    ends[0, :3] = 0.0  # near with the three smallest delays, and with one that is larger
    ends[0, 5] = 0.0
    ends[1, 0] = 0.0
    np.testing.assert_allclose(noise_and_delays.survived(ends), [20.0, 0.0])
