"""Networks: what they are to a learner (`circuit.py`), and one kind per file."""

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.gru import GRU
from armfa.controllers.circuits.mlp import MLP, NONLINEARITIES, Dense, Nonlinearity, Params, Trace
from armfa.controllers.circuits.recurrent import Recurrent, RecurrentCircuit
from armfa.controllers.circuits.rnn import RNN

CIRCUITS: dict[str, type] = {"MLP": MLP, "RNN": RNN, "GRU": GRU}
"""Kinds of circuits by the name that a saved policy has them under; a kind that is listed here can be loaded."""

__all__ = [
    "CIRCUITS", "GRU", "MLP", "NONLINEARITIES", "RNN", "Circuit", "Dense", "Nonlinearity", "Params", "Recurrent",
    "RecurrentCircuit", "Trace",
]  # fmt: skip
