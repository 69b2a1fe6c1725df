"""Velocity commands and centre-out targets against what a textbook says about them."""

import numpy as np
import pytest

from armfa.tasks import center_out_targets, minimum_jerk, velocity_toward

START, END = np.array([0.1, 0.2]), np.array([0.0, 0.4])


def test_a_minimum_jerk_movement_starts_and_ends_at_rest_where_it_should():
    for t, place in ((0.0, START), (0.6, END), (-1.0, START), (2.0, END)):
        position, velocity = minimum_jerk(START, END, 0.6, t)
        np.testing.assert_allclose(position, place, atol=1e-15)
        np.testing.assert_allclose(velocity, 0.0, atol=1e-15)


def test_minimum_jerk_velocity_is_the_derivative_of_its_position():
    t = np.linspace(0.05, 0.55, 11)
    ahead, _ = minimum_jerk(START, END, 0.6, t + 1e-6)
    behind, _ = minimum_jerk(START, END, 0.6, t - 1e-6)
    _, velocity = minimum_jerk(START, END, 0.6, t)
    np.testing.assert_allclose((ahead - behind) / 2e-6, velocity, atol=1e-8)


def test_minimum_jerk_peaks_at_15_eighths_of_the_mean_speed_half_way():
    _, velocity = minimum_jerk(START, END, 0.6, 0.3)
    np.testing.assert_allclose(velocity, 15.0 / 8.0 * (END - START) / 0.6)


def test_minimum_jerk_has_less_jerk_than_its_neighbours_with_the_same_ends():
    """Its jerk is orthogonal to that of every variation that keeps position, velocity and acceleration at both ends."""
    t = np.linspace(0.0, 1.0, 20001)
    position, _ = minimum_jerk(START, END, 1.0, t)
    variation = (t * (1.0 - t)) ** 3 * np.cos(5.0 * t)
    step = t[1]
    jerk = np.diff(position[:, 0], 3) / step**3
    other = np.diff(variation, 3) / step**3
    cosine = (jerk * other).sum() / np.sqrt((jerk**2).sum() * (other**2).sum())
    assert abs(cosine) < 1e-3


def test_a_velocity_command_is_proportional_when_nothing_limits_it():
    hand = np.array([[0.1, 0.2], [0.0, 0.3]])
    desired = velocity_toward(END, hand, gain=2.0, max_speed=9.0)
    np.testing.assert_allclose(desired, 2.0 * (END - hand), rtol=1e-14)


def test_a_velocity_command_keeps_its_limit_and_its_direction():
    rng = np.random.default_rng(0)
    target, hand = (rng.uniform(-1.0, 1.0, (200, 2)) for _ in range(2))
    desired = velocity_toward(target, hand, gain=6.0, max_speed=0.5)
    assert np.hypot(*desired.T).max() <= 0.5 * (1 + 1e-12)
    cross = desired[:, 0] * (target - hand)[:, 1] - desired[:, 1] * (target - hand)[:, 0]
    np.testing.assert_allclose(cross, 0.0, atol=1e-14)


def test_a_command_at_the_target_is_to_stand_still():
    np.testing.assert_array_equal(velocity_toward(END, END), np.zeros(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_commands_keep_the_dtype(dtype):
    start, end = START.astype(dtype), END.astype(dtype)
    position, velocity = minimum_jerk(start, end, 0.6, 0.3)
    assert (position.dtype, velocity.dtype) == (dtype, dtype)
    assert velocity_toward(end, start).dtype == dtype


def test_center_out_targets_lie_evenly_on_a_circle():
    targets = center_out_targets(START, 0.1, 8)
    np.testing.assert_allclose(np.hypot(*(targets - START).T), 0.1)
    np.testing.assert_allclose(targets.mean(axis=0), START, atol=1e-15)
    np.testing.assert_allclose(targets[0], [START[0] + 0.1, START[1]])
