"""In-place online learning against the pure update."""

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Adam, Backprop, Batch, FeedbackAlignment, SquaredError, init_state, train_step
from armfa.controllers.checkpoint import leaves
from armfa.controllers.online import add_product, train_online
from armfa.controllers.rules import KolenPollack, NodePerturbation, Shallow, WeightPerturbation

NETWORK = MLP((9, 20, 6, 3), ("logistic", "tanh", "linear"), bias_scale=0.1)


def examples(dtype):
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((40, 9)).astype(dtype)
    return Batch(inputs, SquaredError(rng.standard_normal((40, 3)).astype(dtype)))


def start(rule, optimizer, dtype):
    state = init_state(NETWORK, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2))
    params = NETWORK.init(np.random.default_rng(1), dtype)
    return state._replace(params=params, rule=rule.init(params, np.random.default_rng(2)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight_decay", [0.0, 1e-7, 1e-1])
@pytest.mark.parametrize(
    "rule", [Backprop(), FeedbackAlignment(carry="error"), Shallow(), KolenPollack(), NodePerturbation()]
)
def test_learning_in_place_equals_the_pure_update_to_rounding(rule, weight_decay, dtype):
    optimizer = SGD((0.03, 0.02, 0.01), "linear", 60, weight_decay)
    state, batch = start(rule, optimizer, dtype), examples(dtype)
    online = train_online(NETWORK, rule, optimizer, state, batch, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    for number in range(40):
        example = Batch(batch.inputs[number : number + 1], SquaredError(batch.loss.target[number : number + 1]))
        state = train_step(NETWORK, rule, optimizer, state, example, rng)
    loose = 1000 if isinstance(rule, NodePerturbation) else 30  # it divides a difference of losses by sigma^2
    precision = loose * np.finfo(dtype).eps
    assert online.optimizer == state.optimizer
    for one, other in zip(leaves((online.params, online.rule)), leaves((state.params, state.rule))):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=precision, atol=precision)


def test_decay_too_small_for_one_step_in_float32_is_not_lost():
    optimizer = SGD((1.0, 0.0, 0.0), weight_decay=1e-9)
    rule = FeedbackAlignment(scale=1e-30)
    state, batch = start(rule, optimizer, np.float32), examples(np.float32)
    many = Batch(np.tile(batch.inputs * 0, (50, 1)), SquaredError(np.zeros((2000, 3), np.float32)))
    after = train_online(NETWORK, rule, optimizer, state, many)
    ratio = np.mean(after.params[0].weight / state.params[0].weight, dtype=np.float64)
    assert ratio == pytest.approx(1 - 2e-6, abs=2e-7)


def test_the_state_it_starts_from_stays_as_it_was():
    state = start(Backprop(), SGD(0.1), np.float32)
    before = [array.copy() for array in leaves(state)]
    train_online(NETWORK, Backprop(), SGD(0.1), state, examples(np.float32))
    for one, other in zip(leaves(state), before):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_product_is_added_in_place_in_either_layout(order):
    weight = np.ones((3, 4), np.float32, order=order)
    same = weight
    add_product(weight, np.arange(3, dtype=np.float32), np.arange(4, dtype=np.float32), 2.0)
    np.testing.assert_array_equal(same, 1 + 2 * np.outer(np.arange(3), np.arange(4)))


@pytest.mark.parametrize(
    ("rule", "optimizer", "message"),
    [
        (WeightPerturbation(), SGD(0.1), "expected a rule that fills in deltas, got WeightPerturbation"),
        (Backprop(), Adam(), "expected SGD, got Adam"),
    ],
)
def test_what_cannot_be_done_in_place_is_refused(rule, optimizer, message):
    state = init_state(NETWORK, rule, optimizer, np.random.default_rng(1), None)
    with pytest.raises(ValueError, match=message):
        train_online(NETWORK, rule, optimizer, state, examples(np.float32))


@pytest.mark.parametrize("sizes", [(20, 9, 3), (9, 3), (3, 9)])
def test_blocks_of_examples_equal_single_updates_in_layers_of_either_layout(sizes):
    network, rule, optimizer = MLP(sizes, "tanh", bias_scale=0.1), Backprop(), SGD(0.05, weight_decay=1e-3)
    rng = np.random.default_rng(0)
    batch = Batch(rng.standard_normal((37, sizes[0])), SquaredError(rng.standard_normal((37, sizes[-1]))))
    state = init_state(network, rule, optimizer, rng, rng, np.float64)
    online = train_online(network, rule, optimizer, state, batch)
    for number in range(37):
        example = Batch(batch.inputs[number : number + 1], SquaredError(batch.loss.target[number : number + 1]))
        state = train_step(network, rule, optimizer, state, example)
    for one, other in zip(leaves(online.params), leaves(state.params)):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)
