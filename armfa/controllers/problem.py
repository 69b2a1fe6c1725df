"""What is learned from: a batch of examples with the loss bound to them, or an episode of a world over time."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.losses import Loss


class Batch(NamedTuple):
    """Inputs (..., batch, n_in) and the loss bound to them.

    The loss is a NamedTuple; each array in it has the batch as its first axis, other fields are settings.
    """

    inputs: Array  # (..., batch, n_in)
    loss: Loss  # bound to their targets


class Episode(Protocol):
    """A world over time, bound to a batch of starts and goals, whose commands a circuit gives.

    As a loss, an episode is a NamedTuple; each array in it has the batch as its first axis, other fields are settings.
    `x` stands for all that the world remembers, a tree of arrays (..., batch, ...); in derivatives by it None is zero.
    Everything is pure. Some rules also ask `task_error(x, command)` (..., batch, n_task), where the step
    ends in the space of the task, or `wanted(x, command)` (..., batch, n_out), what the command should have been.
    """

    @property
    def steps(self) -> int:
        """How many commands an episode takes."""
        ...

    def start(self) -> Any:
        """The first x."""
        ...

    def observe(self, x: Any) -> Array:
        """What the circuit sees, (..., batch, n_in)."""
        ...

    def step(self, x: Any, command: Array) -> tuple[Any, Array]:
        """The next x, and what this step cost, (..., batch), for commands (..., batch, n_out)."""
        ...

    def observe_vjp(self, x: Any, inputs_bar: Array) -> Any:
        """Derivative dL/dx, from dL/d inputs: for gradients through time."""
        ...

    def step_vjp(self, x: Any, command: Array) -> tuple[Any, Array, Callable[[Any], tuple[Any, Array]]]:
        """As `step`, and the pullback: dL/d next x (None: nothing follows) -> (dL/dx, dL/d command), cost included."""
        ...

    def error(self, x: Any, command: Array) -> Array:
        """The derivative of this one step's cost by its command, (..., batch, n_out): for rules that learn online."""
        ...


class Problem(Protocol):
    """Something to learn."""

    def batch(self, rng: np.random.Generator, size: int) -> Batch | Episode:
        """A training batch of `size` examples or episodes, drawn from `rng` alone."""
        ...

    def test(self) -> Batch | Episode:
        """The held-out batch, always the same."""
        ...


class Step(NamedTuple):
    """One step of an episode."""

    x: Any
    command: Array  # (..., batch, n_out)
    after: Any  # the next x
    cost: Array  # (..., batch)


def driven(circuit: Circuit, params: Any, episode: Episode) -> Iterator[Step]:
    """The steps of an episode with the circuit in command, one after the other."""
    x, memory = episode.start(), None
    for _ in range(episode.steps):
        inputs = episode.observe(x)
        memory = circuit.rest(params, inputs.shape[-2]) if memory is None else memory
        memory, trace = circuit.step(params, memory, inputs)
        after, cost = episode.step(x, trace.output)
        yield Step(x, trace.output, after, cost)
        x = after


def rollout(circuit: Circuit, params: Any, episode: Episode) -> Array:
    """What each step of each episode cost, with the circuit in command.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    params : tree
        Its weights.
    episode : Episode
        A world over time with its starts and goals.

    Returns
    -------
    Array (steps, ..., batch)
        The cost of each step.
    """
    costs = [step.cost for step in driven(circuit, params, episode)]
    return namespace(costs[0]).stack(costs)


def mean_value(circuit: Circuit, params: Any, batch: Batch | Episode) -> Array:
    """The mean loss of a batch, or cost of a step of an episode, (...): all that a rule without an error may ask."""
    if not isinstance(batch, Batch):
        return rollout(circuit, params, batch).mean(0).mean(-1)
    _, trace = circuit.step(params, circuit.rest(params, batch.inputs.shape[-2]), batch.inputs)
    return batch.loss.value(trace.output).mean(-1)
