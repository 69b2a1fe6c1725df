"""Controllers as ONNX graphs and as modules of torch, beside themselves, and back."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from armfa import load_controller
from armfa.controllers import GRU, MLP, RNN, Policy, stack

KINDS = {
    "MLP": MLP((4, 7, 5, 3), ("tanh", "relu", "logistic"), bias_scale=0.3),
    "linear MLP": MLP((4, 3), "linear", bias_scale=0.3),
    "RNN of currents": RNN(4, 6, 3, readout="logistic"),
    "RNN of rates": RNN(4, 6, 3, leak="rate", nonlinearity="logistic"),
    "GRU": GRU(4, 6, 3),
}
every_kind = pytest.mark.parametrize("network", KINDS.values(), ids=KINDS)


def policy_of(network):
    params = network.init(np.random.default_rng(1), np.float32)
    return Policy(network, params, np.arange(4.0), np.array([1.0, 0.5, 2.0, 0.25]), 0.5, 0.25, {"arm": {"name": "a"}})


def run(policy, path, observations):
    """Commands of each step by onnxruntime."""
    policy.to_onnx(path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    commands, memory = [], np.zeros((observations.shape[1], getattr(policy.network, "n", 0)), np.float32)
    for observation in observations:
        given = {"observation": observation, "memory": memory}
        command, *rest = session.run(None, {x.name: given[x.name] for x in session.get_inputs()})
        commands.append(command)
        memory = rest[0] if rest else memory
    return np.array(commands)


def own(policy, observations):
    """Commands of each step by the policy itself."""
    commands, memory = [], None
    for observation in observations:
        memory, command = policy.step(memory, observation)
        commands.append(command)
    return np.array(commands)


OBSERVATIONS = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)


@every_kind
def test_an_onnx_graph_gives_the_commands_of_the_controller(network, tmp_path):
    policy = policy_of(network)
    np.testing.assert_allclose(run(policy, tmp_path / "a.onnx", OBSERVATIONS), own(policy, OBSERVATIONS), atol=2e-6)


def test_a_shipped_controller_goes_through_onnx_with_what_it_says_of_itself(tmp_path):
    policy = load_controller("li_todorov/feedback-alignment")
    observations = np.random.default_rng(0).standard_normal((1, 20, 6)).astype(np.float32)
    commands = run(policy, tmp_path / "a.onnx", observations)
    np.testing.assert_allclose(commands, own(policy, observations), atol=5e-6)
    props = {prop.key: prop.value for prop in onnx.load(tmp_path / "a.onnx").metadata_props}
    assert json.loads(props["about"]) == json.loads(json.dumps(policy.about))


@every_kind
def test_a_module_of_torch_gives_the_commands_of_the_controller_and_its_state_comes_back(network, tmp_path):
    policy = policy_of(network)
    module, memory = policy.to_torch(), None
    for observation, expected in zip(OBSERVATIONS, own(policy, OBSERVATIONS)):
        found = module(torch.tensor(observation), memory)
        found, memory = found if isinstance(found, tuple) else (found, None)
        np.testing.assert_allclose(found.detach(), expected, atol=2e-6)
    torch.save(module.state_dict(), tmp_path / "state.pt")
    other = policy_of(network)._replace(params=network.init(np.random.default_rng(9), np.float32), output_scale=3.0)
    again = other.with_state(torch.load(tmp_path / "state.pt", weights_only=True))
    np.testing.assert_array_equal(own(again, OBSERVATIONS), own(policy, OBSERVATIONS))


def test_a_module_learns_and_the_controller_takes_what_it_has_learned():
    policy = policy_of(KINDS["MLP"])
    module, observation = policy.to_torch(), torch.tensor(OBSERVATIONS[0])
    optimizer = torch.optim.SGD(module.parameters(), 0.01)
    before = module(observation).square().sum()
    before.backward()
    optimizer.step()
    learned = policy.with_state(module.state_dict())
    assert (learned(OBSERVATIONS[0]) ** 2).sum() < before.item()
    np.testing.assert_allclose(learned(OBSERVATIONS[0]), module(observation).detach(), atol=2e-6)


def test_the_weights_fit_into_layers_of_torch_itself():
    policy = policy_of(KINDS["MLP"])
    state = policy.to_torch().weights.state_dict()
    plain = torch.nn.ModuleList([torch.nn.Linear(4, 7), torch.nn.Linear(7, 5), torch.nn.Linear(5, 3)])
    assert not any(plain.load_state_dict(state))


def test_states_of_another_network_and_stacks_are_refused(tmp_path):
    policy = policy_of(KINDS["MLP"])
    state = policy.to_torch().state_dict()
    with pytest.raises(ValueError, match=r"missing or too many: output_scale, weights\.3\.bias"):
        policy.with_state({"weights.3.bias": torch.zeros(2)} | {x: y for x, y in state.items() if x != "output_scale"})
    with pytest.raises(ValueError, match=r"expected weights\.0\.weight of shape \(7, 4\), got \(8, 4\)"):
        policy.with_state(state | {"weights.0.weight": torch.zeros(8, 4)})
    many = policy._replace(params=stack([policy.params] * 2))
    with pytest.raises(ValueError, match="expected one network, got a stack of 2"):
        many.to_onnx(tmp_path / "a.onnx")


def test_a_network_without_a_known_graph_is_refused(tmp_path):
    class Other(MLP):
        pass

    policy = policy_of(Other((4, 3), "linear"))
    with pytest.raises(ValueError, match="expected a network out of MLP, RNN, GRU, got Other"):
        policy.to_onnx(tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
