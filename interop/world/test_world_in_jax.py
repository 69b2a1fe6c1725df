"""The same world in JAX, compiled, against NumPy and the derived derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from worlds import ARMS, TASKS_HERE, WORLDS, moving, name_of

from armfa.plant import ArmState, Simulator
from armfa.world import World

EVERY_TASK = [world for world in WORLDS if world.arm == ARMS[0]]


def close(found, expected):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("world", EVERY_TASK, ids=name_of)
def test_a_step_under_jit_is_the_step_of_numpy(world):
    moment, command = moving(world, (5,))
    given = jax.tree.map(jnp.asarray, (moment, command))
    close(jax.jit(world.step)(*given), world.step(moment, command))
    close(jax.jit(world.observe)(given[0]), world.observe(moment))


@pytest.mark.parametrize("world", EVERY_TASK[:3], ids=name_of)
def test_resets_under_jit_are_those_of_numpy(world):
    uniform = np.random.default_rng(0).random((5, world.draws))
    close(jax.jit(world.reset)(jnp.asarray(uniform)), world.reset(uniform))


@pytest.mark.parametrize("world", EVERY_TASK, ids=name_of)
def test_autodiff_of_the_cost_is_the_derived_gradient(world):
    moment, command = moving(world, (5,))
    _, gradient = world.cost_gradient(moment, command)
    given, u = jax.tree.map(jnp.asarray, (moment, command))
    found = jax.jit(jax.grad(lambda u: world.step(given, u)[1].cost.sum()))(u)
    np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-11 * np.abs(gradient).max())


def test_an_episode_runs_in_a_scan_and_its_gradient_is_that_of_the_steps():
    world = World(Simulator(ARMS[0]), TASKS_HERE[0])
    moment, command = moving(world, (3,))
    given, u = jax.tree.map(jnp.asarray, (moment, command))

    def total(u):
        def one(moment, _):
            moment, outcome = world.step(moment, u)
            return moment, outcome.cost

        return jax.lax.scan(one, given, None, length=8)[1].sum()

    found = jax.jit(jax.grad(total))(u)
    pullbacks, now = [], moment
    for _ in range(8):
        now, _, back = world.step_vjp(now, command)
        pullbacks.append(back)
    bar, by_command = ArmState(*(np.zeros_like(x) for x in moment.arm)), 0.0
    for back in reversed(pullbacks):
        bar, by_u = back(bar, np.ones(3))
        by_command = by_command + by_u
    np.testing.assert_allclose(found, by_command, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("task", TASKS_HERE, ids=repr)
def test_on_target_runs_under_jit(task):
    world, error = World(Simulator(ARMS[0]), task), np.array([0.0, 0.005, 0.02])
    moment = world.reset(np.random.default_rng(0).random((3, world.draws)))
    on_target = functools.partial(task.on_target, world.simulator)
    found = jax.jit(on_target)(jax.tree.map(jnp.asarray, moment), jnp.asarray(error))
    assert found.tolist() == on_target(moment, error).tolist()


def test_torch_backpropagates_through_a_world():
    world = World(Simulator(ARMS[0]), TASKS_HERE[0])
    moment, command = moving(world, (4,))
    _, gradient = world.cost_gradient(moment, command)
    given = jax.tree.map(torch.tensor, moment)
    u = torch.tensor(command, requires_grad=True)
    world.step(given, u)[1].cost.sum().backward()
    np.testing.assert_allclose(u.grad.numpy(), gradient, rtol=1e-9, atol=1e-12)
