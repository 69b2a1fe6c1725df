"""A controller as an ONNX graph, written node by node: dense layers, rate units, gated units."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers.circuits import GRU, MLP, RNN
from armfa.files import replacing

OPSET, IR = 17, 8
"""Of 2022: what run-times have long known."""
NODES = {"tanh": "Tanh", "logistic": "Sigmoid", "relu": "Relu", "linear": "Identity"}


def write_onnx(policy: Any, path: str | Path) -> None:
    """Write a policy to a file: see `Policy.to_onnx`."""
    network = policy.network
    steps: dict[type, Callable[..., tuple[str, str | None]]] = {MLP: _mlp, RNN: _rnn, GRU: _gru}
    if type(network) not in steps:
        kinds = ", ".join(kind.__name__ for kind in steps)
        raise ValueError(f"expected a network out of {kinds}, got {type(network).__name__}: no graph is known for it")
    try:
        import onnx
    except ImportError as error:
        raise ImportError('writing ONNX needs: pip install "armfa[export]"') from error
    graph = Graph(onnx.helper)
    scaled = graph("Mul", graph("Sub", "observation", policy.input_offset), policy.input_scale)
    output, memory = steps[type(network)](graph, network, policy.params, scaled)
    command = graph("Add", graph("Mul", output, policy.output_scale), policy.output_offset)
    graph("Identity", command, name="command")
    ends = [("observation", network.n_in)], [("command", network.n_out)]
    if memory is not None:
        graph("Identity", memory, name="next_memory")
        ends[0].append(("memory", network.n))
        ends[1].append(("next_memory", network.n))
    model = graph.model(*ends)
    onnx.helper.set_model_props(model, {"about": json.dumps(policy.about or {})})
    onnx.checker.check_model(model, full_check=True)
    with replacing(path) as unfinished:
        unfinished.write_bytes(model.SerializeToString())


class Graph:
    """Nodes and constants, in order; all numbers are float32."""

    def __init__(self, helper: Any):
        self.helper, self.nodes, self.constants = helper, [], []

    def __call__(self, kind: str, *inputs: Any, name: str | None = None, **settings: Any) -> str:
        """The name of what a node of this kind gives; inputs are names, or numbers, which become constants."""
        given = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(kind, given, [name], name=name, **settings))
        return name

    def constant(self, value: Any) -> str:
        """The name of a constant."""
        array = np.ascontiguousarray(value, np.float32)
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.helper.make_tensor(name, 1, array.shape, array.tobytes(), raw=True))
        return name

    def dense(self, inputs: str, weight: Any, bias: Any) -> str:
        """W h + b, (batch, n_out)."""
        return self("Add", self("MatMul", inputs, np.swapaxes(weight, -1, -2)), bias)

    def model(self, inputs: list[tuple[str, int]], outputs: list[tuple[str, int]]) -> Any:
        """The graph as a model: names and sizes of what goes in and comes out, each (batch, size)."""
        ends = [
            [self.helper.make_tensor_value_info(name, 1, ["batch", size]) for name, size in side]
            for side in (inputs, outputs)
        ]
        graph = self.helper.make_graph(self.nodes, "armfa", *ends, initializer=self.constants)
        return self.helper.make_model(
            graph, opset_imports=[self.helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="armfa"
        )


def _mlp(graph: Graph, network: MLP, params: Any, rate: str) -> tuple[str, None]:
    for layer, name in zip(params, network.nonlinearities):
        rate = graph(NODES[name], graph.dense(rate, *layer))
    return rate, None


def _rnn(graph: Graph, network: RNN, params: Any, inputs: str) -> tuple[str, str]:
    """The equations of `RNN`."""
    f, by_current = NODES[network.nonlinearity], network.leak == "current"
    before = graph(f, "memory") if by_current else "memory"
    drive = graph.dense(inputs, params.cell.weight, params.cell.bias)
    z = graph("Add", graph("MatMul", before, np.swapaxes(params.cell.recurrent, -1, -2)), drive)
    new = graph("Mul", z if by_current else graph(f, z), network.share)
    after = graph("Add", graph("Mul", "memory", 1.0 - network.share), new)
    return _readout(graph, network, params, graph(f, after) if by_current else after), after


def _gru(graph: Graph, network: GRU, params: Any, inputs: str) -> tuple[str, str]:
    """The equations of `GRU`."""
    cell, gates = params.cell, range(network.gates)  # reset, update, what is new
    of = lambda weights: np.split(weights, network.gates)  # noqa: E731
    drives = [graph.dense(inputs, of(cell.weight)[i], of(cell.bias)[i]) for i in gates]
    sent = [graph("MatMul", "memory", np.swapaxes(of(cell.recurrent)[i], -1, -2)) for i in gates]
    r, z = (graph("Sigmoid", graph("Add", sent[i], drives[i])) for i in range(2))
    m = graph("Tanh", graph("Add", drives[2], graph("Mul", r, sent[2])))
    after = graph("Add", graph("Mul", z, "memory"), graph("Mul", graph("Sub", 1.0, z), m))
    return _readout(graph, network, params, after), after


def _readout(graph: Graph, network: Any, params: Any, rates: str) -> str:
    return graph(NODES[network.readout], graph.dense(rates, *params.out))
