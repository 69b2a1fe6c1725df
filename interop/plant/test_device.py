"""What is made beside an array lies where the array lies: torch's device "meta" computes shapes and meets no other."""

import numpy as np
import pytest
import torch

from armfa.controllers import MLP, Policy
from armfa.plant import ArmState, Loads, Simulator, hand_velocity, make_arm, rest_state
from armfa.tasks.velocity_commands import minimum_jerk

META = torch.device("meta")


def on_meta(*shape):
    return torch.empty(shape, dtype=torch.float64, device=META)


def all_on_meta(*arrays):
    return all(x.device == META for x in arrays)


@pytest.fixture(params=["static", "first_order"])
def simulator(request):
    return Simulator(make_arm(activation=request.param))


def test_the_state_at_rest_lies_with_its_angles():
    assert all_on_meta(*rest_state(make_arm(), on_meta(3, 2)))


def test_a_step_lies_with_its_state(simulator):
    state = rest_state(simulator.arm, on_meta(3, 2))
    after = simulator.step(state, np.full(6, 0.3), Loads(hand_force=[1.0, 0.0]))
    assert all_on_meta(*after, hand_velocity(simulator.arm, *after[:2]))


def test_derivatives_lie_with_the_state(simulator):
    state = rest_state(simulator.arm, on_meta(3, 2))
    u = on_meta(3, 6)
    _, back = simulator.step_vjp(state, u)
    by_state, by_u, _ = back(ArmState(on_meta(3, 2), on_meta(3, 2), on_meta(3, 6)))
    assert all_on_meta(*by_state, by_u, *simulator.linearize(state, u), simulator.hand_velocity_jacobian(state, u))


def test_a_movement_lies_with_its_ends():
    assert all_on_meta(*minimum_jerk(on_meta(2), on_meta(2), 0.5, np.linspace(0.0, 0.5, 5)))


def test_commands_of_a_policy_lie_with_the_observation():
    network = MLP((6, 5, 6))
    policy = Policy(network, network.init(np.random.default_rng(0)), np.zeros(6), np.ones(6))
    assert all_on_meta(policy(on_meta(3, 6)))


def test_a_policy_whose_weights_lie_elsewhere_takes_a_list():
    network = MLP((6, 5, 6))
    weights = network.init(np.random.default_rng(0))
    params = tuple(type(layer)(*(torch.as_tensor(x).to(META) for x in layer)) for layer in weights)
    assert all_on_meta(Policy(network, params)([0.0] * 6))
