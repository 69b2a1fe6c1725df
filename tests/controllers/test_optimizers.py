"""Optimizers against closed forms."""

import numpy as np
import pytest

from armfa.controllers import SGD, Adam
from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.optimizers import apply_updates


def tree(value, dtype=np.float32):
    return (Dense(np.full((2, 3), value, dtype), np.full(2, value, dtype)),) * 2


def test_rates_are_per_layer_and_fall_linearly_to_zero():
    optimizer = SGD((1.0, 0.5), "linear", 4)
    state = optimizer.init(tree(0.0))
    moves = []
    for _ in range(6):
        updates, state = optimizer.update(tree(2.0), state, tree(0.0))
        moves.append([layer.weight[0, 0] for layer in updates])
    np.testing.assert_allclose(moves, [[-2, -1], [-1.5, -0.75], [-1, -0.5], [-0.5, -0.25], [0, 0], [0, 0]])


def test_weight_decay_pulls_weights_but_not_biases():
    optimizer = SGD(0.1, weight_decay=0.5)
    params = tree(1.0)
    for _ in range(3):
        updates, _ = optimizer.update(tree(0.0), optimizer.init(params), params)
        params = apply_updates(params, updates)
    np.testing.assert_allclose(params[0].weight, 0.95**3, rtol=1e-6)
    np.testing.assert_array_equal(params[0].bias, 1.0)


def test_each_layer_may_decay_at_a_rate_of_its_own():
    optimizer, params = SGD(0.1, weight_decay=(0.0, 0.5)), tree(1.0)
    updates, _ = optimizer.update(tree(0.0), optimizer.init(params), params)
    first, second = apply_updates(params, updates)
    np.testing.assert_array_equal(first.weight, 1.0)
    np.testing.assert_allclose(second.weight, 0.95, rtol=1e-6)


def test_a_layer_without_a_gradient_stays():
    for optimizer in (SGD(0.1, weight_decay=0.5), Adam()):
        updates, _ = optimizer.update((None, tree(1.0)[1]), optimizer.init(tree(1.0)), tree(1.0))
        assert updates[0] is None and updates[1] is not None
        assert apply_updates(tree(1.0), updates)[0].weight[0, 0] == 1.0


def test_adam_moves_every_weight_by_its_rate_under_a_constant_gradient():
    optimizer = Adam((0.1, 0.2))
    params, state = tree(0.0, np.float64), optimizer.init(tree(0.0, np.float64))
    for _ in range(5):
        updates, state = optimizer.update(tree(-3.0, np.float64), state, params)
        params = apply_updates(params, updates)
    np.testing.assert_allclose([layer.bias[0] for layer in params], [0.5, 1.0], rtol=1e-7)


def test_adam_is_the_published_recursion():
    gradients = np.random.default_rng(1).standard_normal(7)
    optimizer = Adam(0.01)
    params, state = tree(0.5, np.float64), optimizer.init(tree(0.5, np.float64))
    m = v = 0.0
    expected = 0.5
    for t, g in enumerate(gradients, 1):
        updates, state = optimizer.update(tree(g, np.float64), state, params)
        params = apply_updates(params, updates)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        expected -= 0.01 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)) ** 0.5 + 1e-8)
    np.testing.assert_allclose(params[1].weight, expected, rtol=1e-12)


def test_the_rate_of_adam_falls_to_zero_as_that_of_sgd_does():
    plain, falling = Adam(0.1), Adam(0.1, schedule="linear", updates=4)
    state, gradients = plain.init(tree(0.0, np.float64)), tree(1.0, np.float64)
    for left in (1.0, 0.75, 0.5, 0.25, 0.0, 0.0):
        (whole, after), (part, _) = (each.update(gradients, state, tree(0.0)) for each in (plain, falling))
        np.testing.assert_allclose(part[0].weight, left * whole[0].weight, rtol=1e-12)
        assert falling.share(state) == left
        state = after


@pytest.mark.parametrize("optimizer", [SGD(0.1, "linear", 10, 0.1), Adam(), Adam(schedule="linear", updates=3)])
def test_float32_stays_float32(optimizer):
    state = optimizer.init(tree(1.0))
    for _ in range(2):
        updates, state = optimizer.update(tree(1.0), state, tree(1.0))
    assert {array.dtype for layer in updates for array in layer} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.1, "cosine"), "expected schedule 'constant' or 'linear', got 'cosine'"),
        (lambda: SGD(0.1, "linear"), "expected updates=N"),
        (lambda: Adam(0.1, schedule="linear"), "expected updates=N"),
        (lambda: SGD((0.1, 0.1, 0.1)).init(tree(0.0)), "expected rates as one value or 2 values"),
        (lambda: SGD("0.1"), "expected rates as a number, or one per layer, got '0.1'"),
        (lambda: SGD(None), "expected rates as a number, or one per layer, got None"),
        (lambda: SGD(-0.1), "expected rates of 0 or more"),
        (lambda: Adam(float("nan")), "expected rates of 0 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
