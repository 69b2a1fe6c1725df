"""A controller as a module of torch: the same functions, on parameters."""

from typing import Any

try:
    import torch
    from torch import nn
except ImportError as error:
    raise ImportError('controllers as modules need torch: pip install "armfa[torch]"') from error

import numpy as np

from armfa.controllers.policy import RANGES, Policy
from armfa.controllers.trees import branches, leaves, regrown


class TorchPolicy(nn.Module):
    """See `Policy.to_torch`."""

    def __init__(self, policy: Policy):
        super().__init__()
        self.policy, self.weights = policy, _held(policy.params)
        for name in RANGES:
            self.register_buffer(name, torch.tensor(np.asarray(getattr(policy, name))))

    def forward(self, observation: torch.Tensor, memory: Any = None) -> Any:
        """Commands (..., n_out); of a network with a memory, commands and the next memory."""
        ranges = {name: getattr(self, name) for name in RANGES}
        policy = self.policy._replace(params=_tree(self.weights, self.policy.params), **ranges)
        memory, command = policy.step(memory, observation)
        return (command, memory) if leaves(memory) else command


def _held(tree: Any) -> nn.Module:
    """A tree of arrays as modules within modules, with the same names."""
    module = nn.Module()
    for name, child in branches(tree).items():
        held = _held(child) if branches(child) else nn.Parameter(torch.tensor(np.ascontiguousarray(child)))
        setattr(module, name, held)
    return module


def _tree(module: nn.Module, like: Any) -> Any:
    """The parameters in the form of the tree."""
    return regrown(like, [
        _tree(getattr(module, name), child) if branches(child) else getattr(module, name)
        for name, child in branches(like).items()
    ])  # fmt: skip
