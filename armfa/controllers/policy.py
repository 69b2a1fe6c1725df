"""A trained network as a function from observations to commands, and its file."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, made, namespace
from armfa.controllers import checkpoint
from armfa.controllers.circuits import CIRCUITS, Circuit
from armfa.controllers.onnx_graph import write_onnx
from armfa.controllers.trees import first_array, is_array, leaves, named_leaves, tree_map

RANGES = ("input_offset", "input_scale", "output_offset", "output_scale")


class Policy(NamedTuple):
    """A controller: command = output_scale * network((observation - input_offset) * input_scale) + output_offset.

    The offsets and scales are those that the problem trained with, so that a controller takes what the task observes
    (SI units) and returns what the body takes. A tanh output becomes an excitation in [0, 1] by scale and offset 1/2.

    Parameters
    ----------
    network : Circuit
        Which network.
    params : Any
        Its weights.
    input_scale : Any
        (n_in,) or a number.
    output_scale : Any
        (n_out,) or a number.
    about : dict[str, Any] | None
        Anything JSON-able worth keeping beside the weights (the arm's constants, the rule, ...), nested at
        will.
    """

    network: Circuit
    params: Any
    input_offset: Any = 0.0  # (n_in,) or a number
    input_scale: Any = 1.0
    output_offset: Any = 0.0  # (n_out,) or a number
    output_scale: Any = 1.0
    about: dict[str, Any] | None = None

    def __call__(self, observation: Array) -> Array:
        """Commands (..., n_out) of a network that remembers nothing; see `step`.

        Raises
        ------
        ValueError
            For a network with memory.
        """
        memory, command = self.step(None, observation)
        if leaves(memory):
            raise ValueError(
                "expected a network without memory, got one that has it: call step(memory, observation), or "
                "predict(observation, state, episode_start)"
            )
        return command

    def step(self, memory: Any, observation: Array) -> tuple[Any, Array]:
        """The next memory and the commands (..., n_out) for observations (..., n_in).

        Parameters
        ----------
        memory : tree
            What the last step returned; None before the first.
        observation : Array (..., n_in)
            Of NumPy, JAX or torch, or a list of numbers.

        Returns
        -------
        tree
            The next memory.
        Array (..., n_out)
            With the library of the observation and the precision of the weights.

        Raises
        ------
        TypeError
            For observations that are not numbers.
        ValueError
            For observations of another shape, or more or fewer than the memory is of.
        """
        n_in, weight = self.network.n_in, first_array(self.params)
        if not is_array(observation):
            try:
                observation = np.asarray(observation, dtype=float)
            except (TypeError, ValueError) as error:
                raise TypeError(
                    f"expected observations as an array or a list of numbers, got {type(observation).__name__}"
                ) from error
        if tuple(observation.shape[-1:]) != (n_in,):
            raise ValueError(f"expected observations of shape (..., {n_in}), got {tuple(observation.shape)}")
        xp, policy = namespace(observation, weight), self
        if xp is not np:
            like = observation if namespace(observation) is xp else weight
            policy, observation = tree_map(lambda leaf: made(leaf, like), (self, observation))
        scaled = (observation - policy.input_offset) * policy.input_scale
        flat = made(scaled, scaled, first_array(policy.params).dtype).reshape(-1, n_in)
        memory = policy.network.rest(policy.params, len(flat)) if memory is None else memory
        if leaves(memory) and (held := first_array(memory).shape[-2]) != len(flat):
            raise ValueError(
                f"expected {held} observations, as many as the memory is of, got {len(flat)}: begin at None"
            )
        memory, trace = policy.network.step(policy.params, memory, flat)
        output = trace.output * policy.output_scale + policy.output_offset
        commands = made(output, output, flat.dtype)
        return memory, commands.reshape(*observation.shape[:-1], self.network.n_out)

    def predict(
        self, observation: Array, state: Any = None, episode_start: Any = None, deterministic: bool = True
    ) -> tuple[Array, Any]:
        """The commands and the next memory: `step` as Stable-Baselines3 has it, for loops over environments.

        Parameters
        ----------
        observation : Array (..., n_in)
            What the environment shows.
        state : tree
            What the last call returned; None before the first.
        episode_start : truths (batch,)
            Of the episodes that begin now, whose memory is set back; one for a single observation.
        deterministic : bool
            Nothing is drawn either way.

        Returns
        -------
        Array (..., n_out)
            The commands.
        tree
            The next memory.
        """
        memory, command = self.step(self.fresh(state, episode_start), observation)
        return command, memory

    def fresh(self, memory: Any, begins: Any) -> Any:
        """The memory with that of the episodes that begin, (batch,) truths, set back to rest.

        Raises
        ------
        ValueError
            For more or fewer truths than the memory is of.
        """
        if memory is None or begins is None or not leaves(memory):
            return memory
        begins, count = np.asarray(begins, bool).reshape(-1), first_array(memory).shape[-2]
        if begins.shape != (count,):
            raise ValueError(f"expected episode_start of shape ({count},), as the memory has, got {begins.shape}")
        rest = self.network.rest(self.params, count)
        return tree_map(lambda held, new: namespace(held).where(begins[:, None], new, held), memory, rest)

    def __repr__(self) -> str:
        """One line, with what `about` says in a word."""
        said = [f"{key}={value!r}" for key, value in (self.about or {}).items() if isinstance(value, str | int | float)]
        return f"Policy({', '.join([str(self.network), *said])})"

    def save(self, path: str | Path) -> None:
        """Write the controller, one network and not a stack, to one `.npz` file (`~` is the home folder).

        Raises
        ------
        ValueError
            For a stack of networks, and for a circuit that is not in `CIRCUITS`.
        """
        kind = type(self.network).__name__
        if CIRCUITS.get(kind) is not type(self.network):
            raise ValueError(f"expected a network out of {', '.join(CIRCUITS)}, got {kind}: add it to CIRCUITS")
        self._refuse_stack()
        settings = {"kind": "policy", "circuit": kind, "network": dataclasses.asdict(self.network)}  # pyright: ignore
        checkpoint.save(path, (self.params, [np.asarray(getattr(self, name)) for name in RANGES]), settings, self.about)

    def to_onnx(self, path: str | Path) -> None:
        """Write the controller, one network and not a stack, as an ONNX graph; needs the extra `export`.

        It takes "observation" (batch, n_in), in SI units as `__call__` does, and gives "command" (batch, n_out), both
        float32. A recurrent network also takes "memory" (batch, n), zeros before the first step, and gives
        "next_memory". `about` is in the model's metadata, as JSON.
        """
        self._refuse_stack()
        write_onnx(self, path)

    def to_torch(self) -> Any:
        """The controller as a `torch.nn.Module`, with weights to be trained; needs the extra `torch`.

        `module(observation)` gives commands; of a recurrent network `module(observation, memory)` gives commands and
        the next memory, None being that before the first step. Its `state_dict()` has "weights.0.weight", ... and the
        offsets and scales.
        """
        from armfa.controllers.torch_module import TorchPolicy

        return TorchPolicy(self)

    def with_state(self, state: Mapping[str, Any]) -> "Policy":
        """The controller with weights, offsets and scales of a state dict, as modules of `to_torch` have them.

        Parameters
        ----------
        state : mapping
            Tensors by name, as `module.state_dict()` gives them.

        Returns
        -------
        Policy
            In NumPy.

        Raises
        ------
        ValueError
            For names or shapes that are not those of this controller; it names them.
        """
        expected = dict(named_leaves(self.params, "weights")) | {name: getattr(self, name) for name in RANGES}
        found = {name: np.array(value.numpy(force=True)) for name, value in state.items()}
        if wrong := sorted(found.keys() ^ expected.keys()):
            raise ValueError(f"expected {', '.join(expected)} in the state; missing or too many: {', '.join(wrong)}")
        for name, leaf in expected.items():
            if found[name].shape != np.shape(leaf):
                raise ValueError(f"expected {name} of shape {np.shape(leaf)}, got {found[name].shape}")
        remaining = iter(found[name] for name in expected)
        params = tree_map(lambda leaf: next(remaining).astype(leaf.dtype), self.params)
        return self._replace(params=params, **{name: x if x.ndim else x.item() for name, x in zip(RANGES, remaining)})

    def _refuse_stack(self) -> None:
        """Refuses weights of many networks, or of another one."""
        shapes = [np.shape(leaf) for leaf in leaves(self.network.blank(np.float32))]
        if (found := [np.shape(leaf) for leaf in leaves(self.params)]) != shapes:
            many = found[0][1:] == shapes[0]
            what = f"a stack of {found[0][0]}: save them one by one" if many else f"weights of shapes {found}"
            raise ValueError(f"expected one network, got {what}")


def load_policy(path: str | Path) -> Policy:
    """The controller in a file that `Policy.save` wrote; read without pickle.

    Parameters
    ----------
    path : path
        A .npz file.

    Returns
    -------
    Policy
        With its arm's constants in `about`.

    Raises
    ------
    CheckpointError
        For a file that is damaged or of another kind.
    """
    return policy_in(*checkpoint.read(path), path)


def at_least_single(weights: Array) -> Array:
    """Weights that were kept in half precision, to save space, in float32; others as they are."""
    return weights.astype(np.float32) if weights.dtype == np.float16 else weights


def policy_in(arrays: Sequence[Array], header: Mapping[str, Any], path: str | Path) -> Policy:
    """The controller in what was read from a file; `path` is for sentences about it."""
    settings = header["settings"]
    if settings.get("kind") != "policy":
        raise checkpoint.CheckpointError(
            f"{path}: expected a saved policy, got {settings.get('kind', 'a training run')}"
        )
    try:
        network = CIRCUITS[settings.get("circuit", "MLP")](**settings["network"])
        params = tree_map(at_least_single, checkpoint.fill(network.blank(arrays[0].dtype), arrays[:-4]))
    except Exception as error:
        raise checkpoint.CheckpointError(f"{path}: its network cannot be built: {error}") from error
    numbers = [array if array.ndim else array.item() for array in arrays[-4:]]
    return Policy(network, params, **dict(zip(RANGES, numbers)), about=header["extra"])
