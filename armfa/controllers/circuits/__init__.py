"""Networks: what they are to a learner (`circuit.py`), and one kind per file."""

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import MLP, NONLINEARITIES, Dense, Nonlinearity, Params, Trace

CIRCUITS: dict[str, type] = {"MLP": MLP}
"""Kinds of circuits by the name that a saved policy has them under; a kind that is listed here can be loaded."""

__all__ = ["CIRCUITS", "MLP", "NONLINEARITIES", "Circuit", "Dense", "Nonlinearity", "Params", "Trace"]
