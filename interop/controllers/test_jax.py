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
    Policy,
    SoftmaxCrossEntropy,
    SquaredError,
    Streams,
    compiled,
    init_state,
    one_by_one,
    one_hot,
    take,
    train,
    train_step,
    tree_map,
)
from armfa.controllers.trees import leaves

NETWORK = MLP((5, 8, 6, 3), ("tanh", "logistic", "linear"), weight_scale=0.5, bias_scale=0.2)
DRAWS = ("node-perturbation", "weight-perturbation", "evolution-strategies", "batch-sign-symmetry", "weight-mirror")


def batches_of(updates, seeds=3, size=4):
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((seeds, updates, size, 5), np.float32)
    return Batch(inputs, SquaredError(rng.standard_normal((seeds, updates, size, 3), np.float32)))


def streams_of(*seeds):
    return Streams([np.random.default_rng(seed) for seed in seeds])


@pytest.mark.parametrize("loss", ["squared", "softmax"])
@pytest.mark.parametrize("hidden", NONLINEARITIES)
def test_backprop_is_jaxs_own_gradient(hidden, loss):
    network = MLP((5, 8, 6, 3), (hidden, hidden, "linear"), weight_scale=0.5, bias_scale=0.2)
    with jax.enable_x64(True):
        params = network.init(np.random.default_rng(1), np.float64)
        inputs = np.random.default_rng(2).standard_normal((7, 5))
        target = one_hot(np.arange(7) % 3, 3, np.float64)
        bound = SquaredError(target) if loss == "squared" else SoftmaxCrossEntropy(target)
        gradients, _ = Backprop().gradients(network, params, Batch(inputs, bound), (), None)
        expected = jax.grad(lambda p: bound.value(network.forward(p, jnp.asarray(inputs)).output).mean())(params)
        for one, other in zip(leaves(gradients), leaves(expected)):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


LINEAR = SGD((0.1, 0.05, 0.02), "linear", 40, 0.01)
CASES = [(name, 3, LINEAR) for name in RULES if name not in DRAWS] + [
    ("feedback-alignment", 1, LINEAR),
    ("backprop", 1, Adam(0.01)),
]


@pytest.mark.parametrize(("name", "seeds", "optimizer"), CASES)
def test_compiled_updates_are_those_of_numpy(name, seeds, optimizer):
    rule, rngs = RULES[name](), streams_of(*range(seeds))
    state = init_state(NETWORK, rule, optimizer, rngs, rngs)
    batches = batches_of(20, seeds)
    found = compiled(NETWORK, rule, optimizer)(state, batches, rngs)
    expected = one_by_one(NETWORK, rule, optimizer)(state, batches, rngs)
    assert found.optimizer.step == expected.optimizer.step == 20
    for one, other in zip(leaves((found.params, found.rule)), leaves((expected.params, expected.rule)), strict=True):
        assert isinstance(one, np.ndarray) and one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize(("name", "network"), [("kolen-pollack", NETWORK), ("weight-perturbation", MLP((5, 3)))])
def test_compiled_updates_do_not_depend_on_where_they_are_cut_nor_on_the_other_networks(name, network):
    rule, optimizer, rngs = RULES[name](), SGD(0.05, "linear", 40), streams_of(1, 2)
    state, batches = init_state(network, rule, optimizer, rngs, rngs), batches_of(8, 2)
    updates = compiled(network, rule, optimizer)
    whole = updates(state, batches, rngs)
    cut = updates(updates(state, take(batches, np.s_[:, :4]), rngs), take(batches, np.s_[:, 4:]), rngs)
    own = streams_of(2)
    alone = updates(init_state(network, rule, optimizer, own, own), take(batches, np.s_[1:]), own)
    for one, other, single in zip(*map(leaves, (whole.params, cut.params, alone.params)), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(single[0], one[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", DRAWS)
def test_rules_that_draw_run_compiled_and_learn(name):
    rule, optimizer = RULES[name](**({"pairs": 2} if name == "evolution-strategies" else {})), SGD(0.05)
    rngs, one = streams_of(0, 1, 2), batches_of(1, 3, 16)
    state = init_state(NETWORK, rule, optimizer, rngs, rngs)
    many = tree_map(lambda leaf: np.repeat(leaf, 200, axis=1), one)
    after = compiled(NETWORK, rule, optimizer)(state, many, rngs)
    batch = take(one, np.s_[:, 0])
    before_loss, after_loss = (
        batch.loss.value(NETWORK.forward(s.params, batch.inputs).output).mean(-1) for s in (state, after)
    )
    assert (after_loss < before_loss).all()
    assert all(array.dtype == np.float32 for array in leaves((after.params, after.rule)))


def test_a_step_can_be_compiled_by_hand():
    rule, optimizer = FeedbackAlignment(), SGD(0.1)
    state = init_state(NETWORK, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2))
    batch = take(batches_of(1), (0, 0))
    step = jax.jit(lambda state, batch: train_step(NETWORK, rule, optimizer, state, batch))
    expected = train_step(NETWORK, rule, optimizer, state, batch)
    for one, other in zip(leaves(step(state, batch).params), leaves(expected.params)):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


class Teacher:
    """A linear teacher."""

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 5), np.float32)
        return Batch(inputs, SquaredError(inputs[:, :3]))

    def test(self):
        return self.batch(np.random.default_rng(1), 50)


@pytest.mark.parametrize("rule", ["backprop", "fixed-sign-symmetry"])
def test_a_run_compiled_by_jax_goes_on_bit_for_bit_after_a_stop(tmp_path, rule):
    def run(updates, **file):
        return train(Teacher(), NETWORK, rule, SGD(0.05), seeds=2, updates=updates, batch_size=8, evaluate_every=10,
                     back_end=compiled, **file)  # fmt: skip

    whole = run(40)
    run(20, checkpoint=tmp_path / "run.npz")
    resumed = run(40, checkpoint=tmp_path / "run.npz")
    assert (whole.curve["loss"][-1] < whole.curve["loss"][0]).all()
    for one, other in zip(leaves(resumed.state), leaves(whole.state), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_policy_runs_under_jit():
    policy = Policy(NETWORK, NETWORK.init(np.random.default_rng(0)), np.ones(5), 0.5, 0.5, 0.5)
    observation = np.linspace(-1, 1, 5, dtype=np.float32)
    np.testing.assert_allclose(jax.jit(lambda x: policy(x))(observation), policy(observation), rtol=1e-5, atol=1e-6)
