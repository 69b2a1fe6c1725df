"""The same source under JAX: gradients, and many updates in one compiled loop."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    NONLINEARITIES,
    RULES,
    SGD,
    Adam,
    Backprop,
    Batch,
    FeedbackAlignment,
    SoftmaxCrossEntropy,
    SquaredError,
    Streams,
    init_state,
    one_hot,
    stack,
    take,
    train_step,
)
from armfa.controllers.checkpoint import leaves
from armfa.controllers.compiled import compile_updates

NETWORK = MLP((5, 8, 6, 3), ("tanh", "logistic", "linear"), weight_scale=0.5, bias_scale=0.2)
DRAWS = ("node-perturbation", "weight-perturbation", "evolution-strategies", "batch-sign-symmetry", "weight-mirror")


def batches_of(updates, networks=(), size=4):
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((updates, *networks, size, 5), np.float32)
    return Batch(inputs, SquaredError(rng.standard_normal((updates, *networks, size, 3), np.float32)))


@pytest.mark.parametrize("loss", ["squared", "softmax"])
@pytest.mark.parametrize("hidden", NONLINEARITIES)
def test_backprop_is_jaxs_own_gradient(hidden, loss):
    network = MLP((5, 8, 6, 3), (hidden, hidden, "linear"), weight_scale=0.5, bias_scale=0.2)
    with jax.enable_x64(True):
        params = network.init(np.random.default_rng(1), np.float64)
        inputs = np.random.default_rng(2).standard_normal((7, 5))
        target = one_hot(np.arange(7) % 3, 3, np.float64)
        bound = SquaredError(target) if loss == "squared" else SoftmaxCrossEntropy(target)
        gradients, _ = Backprop().gradients(network, params, inputs, bound, (), None)
        expected = jax.grad(lambda p: bound.value(network.forward(p, jnp.asarray(inputs)).output).mean())(params)
        for one, other in zip(leaves(gradients), leaves(expected)):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


LINEAR = SGD((0.1, 0.05, 0.02), "linear", 40, 0.01)
CASES = [(name, (3,), LINEAR) for name in RULES if name not in DRAWS] + [
    ("feedback-alignment", (), LINEAR),
    ("backprop", (), Adam(0.01)),
]


@pytest.mark.parametrize(("name", "networks", "optimizer"), CASES)
def test_a_compiled_loop_of_updates_equals_numpy(name, networks, optimizer):
    rule = RULES[name]()
    rng = np.random.default_rng(1) if not networks else Streams([np.random.default_rng(seed) for seed in range(3)])
    state = init_state(NETWORK, rule, optimizer, rng, rng)
    batches = batches_of(20, networks)
    compiled = compile_updates(NETWORK, rule, optimizer)(state, batches, seed=0)
    for number in range(20):
        state = train_step(NETWORK, rule, optimizer, state, take(batches, number), rng)
    for one, other in zip(leaves((compiled.params, compiled.rule)), leaves((state.params, state.rule))):
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("name", DRAWS)
def test_rules_that_draw_run_compiled_and_learn(name):
    rule, optimizer = RULES[name](**({"pairs": 2} if name == "evolution-strategies" else {})), SGD(0.05)
    rng = Streams([np.random.default_rng(seed) for seed in range(3)])
    state = init_state(NETWORK, rule, optimizer, rng, rng)
    one = take(batches_of(1, (3,), 16), 0)
    after = compile_updates(NETWORK, rule, optimizer)(state, stack([one] * 200), seed=1)
    before_loss, after_loss = (
        one.loss.value(NETWORK.forward(s.params, jnp.asarray(one.inputs)).output).mean(-1) for s in (state, after)
    )
    assert (after_loss < before_loss).all()
    assert all(array.dtype == np.float32 for array in leaves((after.params, after.rule)))


def test_a_step_can_be_compiled_by_hand():
    rule, optimizer = FeedbackAlignment(), SGD(0.1)
    state = init_state(NETWORK, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2))
    batch = take(batches_of(1), 0)
    step = jax.jit(lambda state, batch: train_step(NETWORK, rule, optimizer, state, batch))
    expected = train_step(NETWORK, rule, optimizer, state, batch)
    for one, other in zip(leaves(step(state, batch).params), leaves(expected.params)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
