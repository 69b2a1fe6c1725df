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
from armfa.world import Senses

PROBLEM = TaskProblem(
    make_arm("li_todorov", activation="first_order"),
    duration=1.0,
    senses=Senses(proprioceptive_delay=0.02, visual_delay=0.09),
)


@pytest.fixture(autouse=True, scope="module")
def double():
    """JAX in float64."""
    with jax.enable_x64(True):
        yield


def step_of(problem, circuit, params, scaling):
    """One step of an episode and its cost, written down on the world's own functions, in any array library."""
    world, (offset, factor) = problem.world, scaling

    def one(carry, _=None):
        moment, memory, before = carry
        memory, trace = circuit.step(params, memory, (world.observe(moment) - offset) * factor)
        u = 0.5 + 0.5 * trace.output
        after, outcome = world.step(moment, u)
        speed = hand_velocity(world.arm, after.arm.joint_angle, after.arm.joint_velocity)
        cost = problem.position * ((outcome.achieved - moment.trial.goals[..., 0, :]) ** 2).sum(-1)
        cost = cost + problem.velocity * (speed**2).sum(-1) + problem.effort * (u**2).mean(-1)
        return (after, memory, u), cost + problem.smoothness * ((u - before) ** 2).mean(-1)

    return one


def loss_in_jax(problem, circuit, moment):
    """The mean cost of an episode in a scan, for `jax.grad`."""
    start, scaling = jax.tree.map(jnp.asarray, moment), jnp.array(problem.traced.scaling).T

    def loss(params):
        first = (start, circuit.rest(params, len(moment.trial.goals)), start.arm.activation)
        return jax.lax.scan(step_of(problem, circuit, params, scaling), first, None, length=problem.steps)[1].mean()

    return loss


def gradient_in_torch(problem, circuit, params, moment):
    """The derivative of the same cost by torch's autograd, leaf by leaf."""
    start, scaling = jax.tree.map(torch.tensor, moment), torch.tensor(np.array(problem.traced.scaling)).T
    weights = tree_map(lambda leaf: torch.tensor(leaf, requires_grad=True), params)
    one = step_of(problem, circuit, weights, scaling)
    carry, total = (start, torch.tensor(circuit.rest(params, len(moment.trial.goals))), start.arm.activation), 0.0
    for _ in range(problem.steps):
        carry, cost = one(carry)
        total = total + cost.mean() / problem.steps
    total.backward()
    return [leaf.grad.numpy() for leaf in leaves(weights)]


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


def test_backprop_through_time_of_a_hundred_late_steps_is_torchs_gradient():
    circuit = RNN(PROBLEM.n_in, 12, 6)
    moment = PROBLEM.world.reset(np.random.default_rng(3).random((4, PROBLEM.world.draws)))
    params = circuit.init(np.random.default_rng(1), np.float64)
    found, _ = BackpropThroughTime().gradients(circuit, params, PROBLEM.episode(moment), (), None)
    for one, other in zip(leaves(found), gradient_in_torch(PROBLEM, circuit, params, moment), strict=True):
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
