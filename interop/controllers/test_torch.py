"""The same source under torch: backprop against autograd, and one update of every rule that does not draw."""

import numpy as np
import pytest
import torch

from armfa.controllers import (
    MLP,
    NONLINEARITIES,
    SGD,
    Backprop,
    Batch,
    FeedbackAlignment,
    Policy,
    SoftmaxCrossEntropy,
    SquaredError,
    init_state,
    one_hot,
    train_step,
    tree_map,
)
from armfa.controllers.trees import leaves


@pytest.mark.parametrize("loss", [SquaredError, SoftmaxCrossEntropy])
@pytest.mark.parametrize("hidden", NONLINEARITIES)
def test_backprop_is_torchs_own_gradient(hidden, loss):
    network = MLP((5, 8, 6, 3), (hidden, hidden, "linear"), weight_scale=0.5, bias_scale=0.2)
    params = network.init(np.random.default_rng(1), np.float64)
    inputs = np.random.default_rng(2).standard_normal((7, 5))
    target = one_hot(np.arange(7) % 3, 3, np.float64)
    gradients, _ = Backprop().gradients(network, params, Batch(inputs, loss(target)), (), None)
    leaf = tree_map(lambda array: torch.tensor(array, requires_grad=True), params)
    bound = loss(torch.tensor(target))
    bound.value(network.forward(leaf, torch.tensor(inputs)).output).mean().backward()
    expected = tree_map(lambda tensor: tensor.grad.numpy(), leaf)
    for one, other in zip(leaves(gradients), leaves(expected)):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", [Backprop(), FeedbackAlignment(carry="error")])
def test_updates_on_torch_tensors_equal_numpy(rule):
    network = MLP((5, 8, 3), ("tanh", "linear"), weight_scale=0.5)
    optimizer = SGD(0.1, weight_decay=0.01)
    state = init_state(network, rule, optimizer, np.random.default_rng(1), np.random.default_rng(2))
    rng = np.random.default_rng(3)
    batch = Batch(rng.standard_normal((4, 5), np.float32), SquaredError(rng.standard_normal((4, 3), np.float32)))
    tensors = tree_map(torch.tensor, state)
    for _ in range(5):
        state = train_step(network, rule, optimizer, state, batch)
        tensors = train_step(network, rule, optimizer, tensors, tree_map(torch.tensor, batch))
    for one, other in zip(leaves(tree_map(lambda t: t.numpy(), tensors.params)), leaves(state.params)):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_policy_takes_torch_tensors_and_answers_in_torch():
    network = MLP((5, 8, 3), ("tanh", "linear"), weight_scale=0.5)
    policy = Policy(network, network.init(np.random.default_rng(0)), np.ones(5), 0.5, 0.5, np.full(3, 2.0))
    observation = np.random.default_rng(1).standard_normal((4, 5)).astype(np.float32)
    command = policy(torch.tensor(observation))
    assert isinstance(command, torch.Tensor) and command.dtype == torch.float32
    np.testing.assert_allclose(command.numpy(), policy(observation), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(policy(torch.tensor(observation[0])).numpy(), command[0].numpy(), rtol=1e-5, atol=1e-6)
