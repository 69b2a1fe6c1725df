"""Targets to imitate, against their formulas, one by one and in a stack."""

import numpy as np
import pytest

from armfa.controllers import Streams
from armfa.problems import regression

MAKERS = {
    "linear": lambda rng, dtype: regression.linear(rng, test_size=50, dtype=dtype),
    "deep": lambda rng, dtype: regression.deep(rng, test_size=50, dtype=dtype),
    "quadratic": lambda rng, dtype: regression.quadratic(rng, test_size=50, dtype=dtype),
}


def streams(*seeds):
    return Streams([np.random.default_rng(seed) for seed in seeds])


def test_the_linear_target_is_a_matrix_with_elements_in_plus_minus_one():
    problem = regression.linear(np.random.default_rng(0), dtype=np.float64)
    matrix = problem.teacher.weight
    assert matrix.shape == (10, 30) and 0.98 < np.abs(matrix).max() <= 1
    batch = problem.batch(np.random.default_rng(1), 4)
    np.testing.assert_allclose(batch.loss.target, [matrix @ x for x in batch.inputs])


def test_the_quadratic_target_is_its_formula():
    problem = regression.quadratic(np.random.default_rng(0), dtype=np.float64)
    batch = problem.batch(np.random.default_rng(1), 3)
    expected = [[x @ form @ x for form in problem.teacher.forms] for x in batch.inputs]
    np.testing.assert_allclose(batch.loss.target, expected)
    assert np.abs(batch.inputs).max() <= 2 and np.abs(problem.teacher.forms).max() <= 0.5


def test_the_deep_target_is_its_formula():
    problem = regression.deep(np.random.default_rng(0), dtype=np.float64)
    (w0, b0), (w1, b1), (w2, b2) = problem.teacher.params
    batch = problem.batch(np.random.default_rng(1), 3)
    expected = [w2 @ np.tanh(w1 @ np.tanh(w0 @ x + b0) + b1) + b2 for x in batch.inputs]
    np.testing.assert_allclose(batch.loss.target, expected)
    assert 0.4 < np.abs(b1).max() <= 0.5


@pytest.mark.parametrize("name", MAKERS)
def test_a_stack_of_problems_is_the_problems_of_its_seeds(name):
    both = MAKERS[name](streams(7, 8), np.float64)
    alone = MAKERS[name](streams(8), np.float64)
    together, single = both.batch(streams(1, 2), 5), alone.batch(streams(2), 5)
    np.testing.assert_allclose(together.inputs[1], single.inputs[0])
    np.testing.assert_allclose(together.loss.target[1], single.loss.target[0])


@pytest.mark.parametrize("name", MAKERS)
def test_float32_is_the_default_and_stays(name):
    batch = MAKERS[name](np.random.default_rng(0), np.float32).batch(np.random.default_rng(1), 5)
    assert batch.inputs.dtype == batch.loss.target.dtype == np.float32


@pytest.mark.parametrize("name", MAKERS)
def test_the_held_out_batch_is_always_the_same(name):
    problem = MAKERS[name](np.random.default_rng(0), np.float32)
    first = problem.test().inputs.copy()
    problem.batch(np.random.default_rng(1), 5)
    np.testing.assert_array_equal(problem.test().inputs, first)
    assert len(first) == 50


def test_inputs_are_normal_with_unit_variance():
    inputs = regression.linear(np.random.default_rng(0)).batch(np.random.default_rng(1), 20000).inputs
    np.testing.assert_allclose(np.cov(inputs.T), np.eye(30), atol=0.05)
