"""Updates in place against the pure update."""

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    SGD,
    Adam,
    Backprop,
    Batch,
    FeedbackAlignment,
    SquaredError,
    in_place,
    init_state,
    train_step,
)
from armfa.controllers.rules import KolenPollack, NodePerturbation, Shallow, WeightPerturbation
from armfa.controllers.rules.sparse import Sparse
from armfa.controllers.training.in_place import add_products, train_in_place
from armfa.controllers.trees import leaves

SIZES = (9, 20, 6, 3)


def batches(dtype, size=4, count=30):
    rng = np.random.default_rng(3)
    numbers = rng.standard_normal((count, size, 12)).astype(dtype)
    return [Batch(each[:, :9], SquaredError(each[:, 9:])) for each in numbers]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight_decay", [0.0, 1e-7, 1e-1])
@pytest.mark.parametrize(
    ("rule", "sparsity"),
    [
        (Backprop(), 0.0),
        (FeedbackAlignment(carry="error"), 0.0),
        (Shallow(), 0.0),
        (KolenPollack(), 0.0),
        (NodePerturbation(), 0.0),
        (Sparse(FeedbackAlignment(sparsity=0.5)), (0.0, 0.5, 0.5)),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 60])  # examples in a batch: small ones are taken in blocks
def test_learning_in_place_equals_the_pure_update_to_rounding(rule, sparsity, size, weight_decay, dtype):
    network = MLP(SIZES, ("logistic", "tanh", "linear"), bias_scale=0.1, sparsity=sparsity)
    optimizer = SGD((0.03, 0.02, 0.01), "linear", 60, weight_decay)
    pure = init_state(network, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2), dtype)
    state = train_in_place(network, rule, optimizer, pure, batches(dtype, size), np.random.default_rng(4))
    rng = np.random.default_rng(4)
    for batch in batches(dtype, size):
        pure = train_step(network, rule, optimizer, pure, batch, rng)
    loose = 1000 if isinstance(rule, NodePerturbation) else 30  # it divides a difference of losses by sigma^2
    precision = loose * np.finfo(dtype).eps
    assert state.optimizer == pure.optimizer
    for one, other in zip(leaves((state.params, state.rule)), leaves((pure.params, pure.rule)), strict=True):
        assert one.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=precision, atol=precision)


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])  # of inputs that are not zero
def test_passing_over_inputs_that_are_zero_equals_the_pure_update_to_rounding(share):
    rng = np.random.default_rng(5)
    network, optimizer = MLP((40, 60, 3), "logistic"), SGD(0.3, weight_decay=1e-2)
    inputs = (rng.standard_normal((30, 4, 40)) * (rng.random((30, 4, 40)) < share)).astype(np.float32)
    examples = [Batch(each, SquaredError(np.eye(4, 3, dtype=np.float32))) for each in inputs]
    pure = init_state(network, Backprop(), optimizer, np.random.default_rng(1), rng)
    state = train_in_place(network, Backprop(), optimizer, pure, examples)
    for batch in examples:
        pure = train_step(network, Backprop(), optimizer, pure, batch)
    for one, other in zip(leaves(state.params), leaves(pure.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_state_it_starts_from_stays_as_it_was():
    network, rng = MLP(SIZES, "tanh"), np.random.default_rng(1)
    state = init_state(network, Backprop(), SGD(0.1), rng, rng)
    before = [np.array(leaf) for leaf in leaves(state)]
    train_in_place(network, Backprop(), SGD(0.1), state, batches(np.float32))
    for one, other in zip(leaves(state), before):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_products_are_added_in_place_in_either_layout(order, dtype):
    rng = np.random.default_rng(0)
    weight = np.array(rng.standard_normal((7, 5)), dtype, order=order)
    left, right = (rng.standard_normal((4, n)).astype(dtype) for n in (7, 5))
    expected = weight + 0.5 * left.T @ right
    add_products(weight, left, right, 0.5)
    np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)


def test_weights_with_gaps_in_memory_are_refused():
    weight = np.zeros((8, 8), np.float32)[::2, ::2]
    with pytest.raises(ValueError, match="contiguous"):
        add_products(weight, np.ones((2, 4), np.float32), np.ones((2, 4), np.float32))


@pytest.mark.parametrize(
    ("rule", "optimizer", "message"),
    [
        (
            WeightPerturbation(),
            SGD(0.1),
            "expected an MLP and a rule that fills in deltas, got MLP and WeightPerturbation",
        ),
        (Backprop(), Adam(), "expected SGD, got Adam"),
    ],
)
def test_what_cannot_be_done_in_place_is_refused(rule, optimizer, message):
    with pytest.raises(ValueError, match=message):
        in_place(MLP(SIZES, "tanh"), rule, optimizer)


def test_decay_too_small_for_one_step_in_float32_is_not_lost():
    network, rule, optimizer = (
        MLP(SIZES, "tanh"),
        FeedbackAlignment(scale=1e-30),
        SGD((1.0, 0.0, 0.0), weight_decay=1e-9),
    )
    state = init_state(network, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2))
    silent = Batch(np.zeros((1, 9), np.float32), SquaredError(np.zeros((1, 3), np.float32)))
    after = train_in_place(network, rule, optimizer, state, [silent] * 2000)
    ratio = np.mean(after.params[0].weight / state.params[0].weight, dtype=np.float64)
    assert ratio == pytest.approx(1 - 2e-6, abs=2e-7)


@pytest.mark.parametrize("sizes", [(20, 9, 3), (9, 3), (3, 9)])
def test_blocks_of_examples_equal_single_updates_in_layers_of_either_layout(sizes):
    network, rule, optimizer = MLP(sizes, "tanh", bias_scale=0.1), Backprop(), SGD(0.05, weight_decay=1e-3)
    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((137, 1, sizes[0] + sizes[-1]))
    examples = [Batch(each[:, : sizes[0]], SquaredError(each[:, sizes[0] :])) for each in numbers]
    pure = init_state(network, rule, optimizer, rng, rng, np.float64)
    state = train_in_place(network, rule, optimizer, pure, examples)
    for example in examples:
        pure = train_step(network, rule, optimizer, pure, example)
    for one, other in zip(leaves(state.params), leaves(pure.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


def test_a_stack_of_networks_is_refused():
    network, rng = MLP(SIZES, "tanh"), np.random.default_rng(1)
    state = init_state(network, Backprop(), SGD(0.1), rng, rng)
    stack = Batch(np.zeros((2, 4, 9), np.float32), SquaredError(np.zeros((2, 4, 3), np.float32)))
    with pytest.raises(ValueError, match="a stack needs in_place"):
        train_in_place(network, Backprop(), SGD(0.1), state, [stack])
