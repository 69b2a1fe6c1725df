"""Rules through time beside the derivatives of JAX and torch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from armfa.controllers import GRU, MLP, RNN, BackpropThroughTime
from armfa.controllers.trees import leaves, tree_map
from armfa.plant import hand_velocity, make_arm
from armfa.problems import TaskProblem

PROBLEM = TaskProblem(make_arm("li_todorov", activation="first_order"), duration=1.0)


@pytest.fixture(autouse=True, scope="module")
def double():
    """JAX in float64."""
    with jax.enable_x64(True):
        yield


def loss_in_jax(problem, circuit, moment):
    """The mean cost, written down on the world's own functions: for `jax.grad` of an episode in a scan."""
    world = problem.world
    offset, factor = jnp.array(problem.traced.scaling).T
    start = jax.tree.map(jnp.asarray, moment)
    goal = start.trial.goals[..., 0, :]

    def loss(params):
        def one(carry, _):
            moment, memory, before = carry
            inputs = (world.observe(moment) - offset) * factor
            memory, trace = circuit.step(params, memory, inputs)
            u = 0.5 + 0.5 * trace.output
            after, outcome = world.step(moment, u)
            speed = hand_velocity(world.arm, after.arm.joint_angle, after.arm.joint_velocity)
            cost = problem.position * ((outcome.achieved - goal) ** 2).sum(-1)
            cost = cost + problem.velocity * (speed**2).sum(-1) + problem.effort * (u**2).mean(-1)
            return (after, memory, u), cost + problem.smoothness * ((u - before) ** 2).mean(-1)

        first = (start, circuit.rest(params, len(goal)), start.arm.activation)
        return jax.lax.scan(one, first, None, length=problem.steps)[1].mean()

    return loss


@pytest.mark.parametrize(
    "circuit",
    [
        RNN(PROBLEM.n_in, 12, 6),
        RNN(PROBLEM.n_in, 12, 6, leak="rate", readout="logistic"),
        GRU(PROBLEM.n_in, 8, 6),
        MLP((PROBLEM.n_in, 12, 6)),
    ],
    ids=repr,
)
def test_backprop_through_time_of_a_hundred_steps_on_the_arm_is_jaxs_gradient(circuit):
    moment = PROBLEM.world.reset(np.random.default_rng(3).random((4, PROBLEM.world.draws)))
    params = circuit.init(np.random.default_rng(1), np.float64)
    found, _ = BackpropThroughTime().gradients(circuit, params, PROBLEM.episode(moment), (), None)
    expected = jax.jit(jax.grad(loss_in_jax(PROBLEM, circuit, moment)))(jax.tree.map(jnp.asarray, params))
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8 * np.abs(other).max())


def test_an_update_on_episodes_is_compiled_by_jax():
    circuit, problem = RNN(PROBLEM.n_in, 6, 6), TaskProblem(PROBLEM.arm, duration=0.05)
    params, episode = circuit.init(np.random.default_rng(1), np.float64), problem.batch(np.random.default_rng(2), 3)
    expected, _ = BackpropThroughTime().gradients(circuit, params, episode, (), None)
    found = jax.jit(lambda p: BackpropThroughTime().gradients(circuit, p, episode, (), None)[0])(params)
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_gated_units_are_those_of_torch():
    cell, inputs = GRU(3, 5, 2), np.random.default_rng(2).standard_normal((7, 4, 3))
    params = tree_map(lambda leaf: leaf + 0.3, cell.init(np.random.default_rng(1), np.float64))
    peer = torch.nn.GRUCell(3, 5, dtype=torch.float64)
    with torch.no_grad():
        peer.weight_ih.copy_(torch.tensor(params.cell.weight))
        peer.weight_hh.copy_(torch.tensor(params.cell.recurrent))
        peer.bias_ih.copy_(torch.tensor(params.cell.bias))
        peer.bias_hh.zero_()
    memory, expected = cell.rest(params, 4), torch.zeros(4, 5, dtype=torch.float64)
    for each in inputs:
        memory, _ = cell.step(params, memory, each)
        expected = peer(torch.tensor(each), expected)
    np.testing.assert_allclose(memory, expected.detach().numpy(), rtol=1e-12)
