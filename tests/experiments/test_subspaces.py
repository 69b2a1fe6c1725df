"""The sketch of a trajectory against the decomposition of all of it, and angles whose size is known."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from armfa.experiments.motor import subspaces


def sketched(rows, k, dtype: type = np.float64):
    found = subspaces.blank((rows.shape[0],), rows.shape[-1], k, dtype)
    for t in range(rows.shape[1]):
        found = subspaces.with_row(found, rows[:, t])
    return found


def test_of_a_trajectory_of_few_dimensions_the_sketch_is_the_whole_decomposition():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 30, 5)) @ rng.normal(size=(2, 5, 40))
    found, (_, sizes, turned) = sketched(rows, 8), np.linalg.svd(rows)
    np.testing.assert_allclose(found.sizes[:, :5], sizes[:, :5], rtol=1e-10)
    np.testing.assert_allclose(found.energy, (rows**2).sum((1, 2)))
    for one, other in zip(found.directions, turned):
        np.testing.assert_allclose(subspace_angles(one[:, :5], other[:5].T), 0.0, atol=1e-9)


def test_of_a_random_walk_the_sketch_has_the_leading_subspace_within_a_degree():
    steps = np.random.default_rng(1).normal(size=(1, 400, 60))
    rows = np.cumsum(steps, axis=1)
    found, turned = sketched(rows, 16, np.float32), np.linalg.svd(rows[0])[2]
    assert np.degrees(subspace_angles(found.directions[0, :, :3], turned[:3].T)).max() < 1.0
    np.testing.assert_allclose(found.directions[0].T @ found.directions[0], np.eye(16), atol=1e-5)


def test_rows_of_zeros_and_rows_told_twice_add_no_direction():
    rows = np.zeros((1, 4, 6))
    rows[0, 1:3, 2] = 3.0
    found = sketched(rows, 3)
    np.testing.assert_allclose(found.sizes, [[18**0.5, 0.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(np.abs(found.directions[0, :, 0]), np.eye(6)[2], atol=1e-12)


def test_principal_angles_are_those_of_scipy():
    rng = np.random.default_rng(2)
    one, other = np.linalg.qr(rng.normal(size=(2, 12, 3)))[0]
    np.testing.assert_allclose(subspaces.principal_angles(one, other)[::-1], subspace_angles(one, other))


def test_random_subspaces_are_as_far_apart_as_was_published():
    assert subspaces.random_angle(64 * 64, 3) == pytest.approx(88.7, abs=0.05)


def test_effective_dimensions_are_one_for_one_direction_and_all_for_orthogonal_ones():
    assert subspaces.effective_dimensions(subspaces.cosines_between(np.ones((4, 9)))) == pytest.approx(1.0)
    assert subspaces.effective_dimensions(subspaces.cosines_between(3 * np.eye(4))) == pytest.approx(4.0)
