"""A trained network as a function from observations to commands, and its file."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers import checkpoint
from armfa.controllers.network import MLP, Params


class Policy(NamedTuple):
    """A controller: command = output_scale * network((observation - input_offset) * input_scale) + output_offset.

    The offsets and scales are those that the problem trained with, so that a controller takes what the task observes
    (SI units) and returns what the body takes. A tanh output becomes an excitation in [0, 1] by scale and offset 1/2.

    about : anything JSON-able worth keeping beside the weights (the arm's name, the rule, ...).
    """

    network: MLP
    params: Params
    input_offset: Any = 0.0  # (n_in,) or a number
    input_scale: Any = 1.0
    output_offset: Any = 0.0  # (n_out,) or a number
    output_scale: Any = 1.0
    about: dict[str, Any] | None = None

    def __call__(self, observation: Array) -> Array:
        """Commands (..., n_out) for observations (..., n_in), in the precision of the weights."""
        n_in, weight = self.network.sizes[0], self.params[0].weight
        if observation.shape[-1:] != (n_in,):
            raise ValueError(f"expected observations of shape (..., {n_in}), got {tuple(observation.shape)}")
        xp = namespace(observation, weight)
        scaled = xp.asarray((observation - self.input_offset) * self.input_scale, dtype=weight.dtype)
        flat = scaled.reshape(-1, n_in)
        output = self.network.forward(self.params, flat).output
        commands = xp.asarray(output * self.output_scale + self.output_offset, dtype=weight.dtype)
        return commands.reshape(*observation.shape[:-1], self.network.sizes[-1])

    def save(self, path: str | Path) -> None:
        """Write the controller, one network and not a stack, to one `.npz` file."""
        if self.params[0].weight.ndim != 2:
            raise ValueError(f"expected one network, got a stack of {len(self.params[0].weight)}: save them one by one")
        ranges = [np.asarray(value) for value in self[2:6]]
        settings = {"kind": "policy", "network": dataclasses.asdict(self.network)}
        checkpoint.save(path, (self.params, ranges), settings, self.about or {})


def load_policy(path: str | Path) -> Policy:
    """The controller in a file that `Policy.save` wrote."""
    arrays, settings, about = checkpoint.read(path)
    if settings.get("kind") != "policy":
        raise checkpoint.CheckpointError(
            f"{path}: expected a saved policy, got {settings.get('kind', 'a training run')}"
        )
    network = MLP(**settings["network"])
    like = network.init(np.random.default_rng(0), arrays[0].dtype.type)
    numbers = [array if array.ndim else array.item() for array in arrays[-4:]]
    ranges = dict(zip(("input_offset", "input_scale", "output_offset", "output_scale"), numbers))
    return Policy(network, checkpoint.fill(path, like, arrays[:-4]), **ranges, about=about)
