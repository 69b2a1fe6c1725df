"""Backpropagation through time: the derivative of a whole episode, or what random feedback makes of it."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import transpose
from armfa.controllers.circuits.recurrent import RecurrentCircuit
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.learned import LearnedFeedback
from armfa.controllers.rules.time.base import RuleThroughTime, added, alike, check_scale, divided, drawn_like, zeros
from armfa.controllers.rules.time.fused import fused_gradients
from armfa.controllers.streams import size_of_one
from armfa.controllers.trees import joined, tree_map


class Visit(NamedTuple):
    """One step of an episode on the way forward."""

    x: Any
    trace: Any
    back: Any  # the world's pullback, or the step's own error


@dataclass(frozen=True)
class ThroughTime(RuleThroughTime):
    """Goes forward through an episode, and back: dL/d memory(t) is made of dL/d output(t) and dL/d memory(t+1).

    Parameters
    ----------
    window : int or None
        Steps over which derivatives go back; the episode is cut into windows of so many. None: all of it.
    through_plant : str
        What the command of a step is told. "exact": dL/d command, by the derivative of the arm and of all that the
        circuit sees and does later. "cut": the derivative of this one step's cost.
    activity : number
        Weight of the mean squared rate of the recurrent units, which is added to the cost of every step.
    """

    window: int | None = None
    through_plant: str = "exact"
    activity: float = 0.0

    plants: ClassVar[tuple[str, ...]] = ("exact", "cut")

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        super().__post_init__()
        if self.window is not None and not (isinstance(self.window, int) and self.window >= 1):
            raise ValueError(f"expected window as a whole number of steps or None, got {self.window!r}")
        if self.through_plant not in self.plants:
            raise ValueError(f"expected through_plant out of {', '.join(self.plants)}, got {self.through_plant!r}")
        if not 0 <= self.activity < float("inf"):
            raise ValueError(f"expected activity of 0 or more, got {self.activity}")

    @abstractmethod
    def feedback(self, params: Any, state: RuleState) -> Any:
        """What stands where the weights stand on the way back; None: the weights."""

    def told(self, episode: Any, x: Any, command: Array, state: RuleState) -> tuple[Any, Any]:
        """The next x, and what the command is told: a pullback, or dL/d command."""
        if self.through_plant == "exact":
            after, _, back = episode.step_vjp(x, command)
            return after, back
        return episode.step(x, command)[0], episode.error(x, command)

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Of the mean cost of a step."""
        episode = self.episode(batch, "step_vjp", "observe_vjp", "error")
        if self.through_plant in ("exact", "cut") and self.window is None:
            cut, feedback = self.through_plant == "cut", self.feedback(params, state)
            found = fused_gradients(circuit, params, episode, feedback, self.activity, cut)
            if found is not None:
                return found, state
        x, memory, visits, laid = episode.start(), None, [], tree_map(columns_first, params)
        for _ in range(episode.steps):
            inputs = episode.observe(x)
            memory = circuit.rest(params, inputs.shape[-2]) if memory is None else memory
            memory, trace = circuit.step(laid, memory, inputs)
            after, back = self.told(episode, x, trace.output, state)
            visits.append(Visit(x, trace, back))
            x = after
        return self.backward(circuit, params, episode, visits, state, zeros(memory)), state

    def backward(
        self, circuit: Any, params: Any, episode: Any, visits: list[Visit], state: RuleState, rest_bar: Any
    ) -> Any:
        """The gradients, from the last step to the first."""
        feedback, recurrent = self.feedback(params, state), isinstance(circuit, RecurrentCircuit)
        back = circuit.back if recurrent else circuit.step_vjp
        found, x_bar, memory_bar = [], None, rest_bar
        for time in range(len(visits) - 1, -1, -1):
            x, trace, told = visits[time]
            if self.window and (time + 1) % self.window == 0:
                x_bar, memory_bar = None, rest_bar
            exact = self.through_plant == "exact"
            x_bar, command_bar = told(x_bar) if exact else (None, told)
            if self.activity:
                memory_bar = memory_bar + self.recurrent(circuit).activity_bar(trace, self.activity)
            gradients, inputs_bar, memory_bar = back(params, trace, command_bar, memory_bar, feedback)
            x_bar = added(x_bar, episode.observe_vjp(x, inputs_bar)) if exact else None
            found.append((gradients, trace.presynaptic) if recurrent else gradients)
        if recurrent:  # one product over all steps: at 128 units and batch 32, half of the time of one per step
            deltas, presynaptic = (joined(each, -2) for each in zip(*found))
            return circuit.outer(deltas, presynaptic)
        total = found[0]
        for gradients in found[1:]:
            total = added(total, gradients)
        return divided(total, len(found))


def columns_first(weight: Array) -> Array:
    """The same weights, laid in memory so that h W^T is the faster product: 10 us instead of 19 at 128 units."""
    if type(weight) is not np.ndarray or weight.ndim < 2:
        return weight
    return transpose(np.ascontiguousarray(transpose(weight)))


@dataclass(frozen=True)
class BackpropThroughTime(ThroughTime):
    """The exact gradient of an episode, through circuit, arm and senses. [Werbos 1990; Williams & Peng 1990: windows]

    Settings: see `ThroughTime`.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("step_vjp, or error with through_plant='cut'", "forward weights")
    keeps: ClassVar[tuple[str, ...]] = ("all activity, within an episode",)
    source: ClassVar[str] = "Werbos 1990; Williams & Peng 1990"

    def feedback(self, params: Any, state: RuleState) -> None:
        """The weights themselves."""


@dataclass(frozen=True)
class RandomThroughTime(ThroughTime):
    """Backprop through time with matrices that were drawn in place of the circuit's weights on the way back.

    Other settings: see `ThroughTime`.

    Parameters
    ----------
    scale : float
        Of B, in units of the rms of each array of first weights.
    seed : int or None
        One B for all networks of a stack; without it B is drawn from each run's own stream.
    """

    scale: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        super().__post_init__()
        check_scale(self.scale)

    def stream(self, rng: Any) -> Any:
        """Where B is drawn from."""
        return rng if self.seed is None else alike(rng, self.seed)

    def feedback(self, params: Any, state: Any) -> Any:
        """B."""
        return state.weights


class FeedbackThroughTime(NamedTuple):
    """Random weights for the way back."""

    weights: Any  # in the form of the circuit's
    plant: Any = None  # (..., n_out, task_size)


@dataclass(frozen=True)
class FeedbackAlignmentThroughTime(RandomThroughTime):
    """Backprop through time with fixed random matrices in place of the circuit's weights on the way back.

    bar(t) = (1 - a) bar(t+1) + f' o (B_rec delta(t+1) + B_out delta_out(t)), for rate units.

    Other settings: see `RandomThroughTime`.

    Parameters
    ----------
    through_plant : str
        As of `ThroughTime`, or "random": what the command is told is a fixed random matrix times the error of the task
        at the end of this step, `episode.task_error`.
    task_size : int
        Components of the task's error, for through_plant="random".

    Raises
    ------
    ValueError
        For a task error of less than one component.
    """

    task_size: int = 4

    plants: ClassVar[tuple[str, ...]] = ("exact", "cut", "random")
    looks_at: ClassVar[tuple[str, ...]] = (
        "step_vjp, error or task_error, as through_plant says",
        "own feedback weights",
    )
    keeps: ClassVar[tuple[str, ...]] = ("fixed B, in the form of the weights", "all activity, within an episode")
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed & Akerman 2016, unrolled in time"

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        super().__post_init__()
        if not (isinstance(self.task_size, int) and self.task_size >= 1):
            raise ValueError(f"expected task_size of at least 1, got {self.task_size!r}")

    def init(self, params: Any, rng: Any) -> FeedbackThroughTime:
        """B, and a matrix from the task's error to the outputs."""
        rng = self.stream(rng)
        weights = drawn_like(params, self.scale, rng)
        if self.through_plant != "random":
            return FeedbackThroughTime(weights)
        bias = params[-1].bias
        size = (*size_of_one(bias, rng), self.task_size)
        return FeedbackThroughTime(weights, rng.standard_normal(size, bias.dtype) * (self.scale / self.task_size**0.5))

    def told(self, episode: Any, x: Any, command: Array, state: RuleState) -> tuple[Any, Any]:
        """As in every rule through time, or the task's error through a random matrix."""
        if self.through_plant != "random":
            return super().told(episode, x, command, state)
        error = self.episode(episode, "task_error").task_error(x, command)
        return episode.step(x, command)[0], error @ transpose(state.plant)


class LearnedThroughTime(NamedTuple):
    """Weights for the way back that learn."""

    weights: Any  # in the form of the circuit's
    share: Any = None  # of the rates that is left at this update; None: all


@dataclass(frozen=True)
class KolenPollackThroughTime(LearnedFeedback, RandomThroughTime):
    """Feedback alignment through time whose matrices change as the weights do: dB = -rate (dW + decay B).

    dW is what the rule proposes for the weights between the same two populations, from their own rates and deltas. With
    the SGD's own rate and weight_decay, B - W shrinks by 1 - rate decay at every update; where it begins at zero the
    rule is backprop through time for ever. [Kolen & Pollack 1994, unrolled in time]

    Settings: see `LearnedFeedback` and `RandomThroughTime`, whose scale is that of the first B.
    """

    looks_at: ClassVar[tuple[str, ...]] = (
        "step_vjp or error, as through_plant says",
        "own feedback weights",
        "own rates",
    )
    keeps: ClassVar[tuple[str, ...]] = ("B, in the form of the weights, learned", "all activity, within an episode")
    source: ClassVar[str] = "Kolen & Pollack 1994, unrolled in time"

    def init(self, params: Any, rng: Any) -> LearnedThroughTime:
        """The first B."""
        return LearnedThroughTime(drawn_like(params, self.scale, self.stream(rng)))

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: LearnedThroughTime, rng: Any
    ) -> tuple[Gradients, LearnedThroughTime]:
        """What B makes of the mean cost of a step, and B one step further down."""
        found, _ = super().gradients(circuit, params, batch, state, rng)
        return found, LearnedThroughTime(self.changed(state, state.weights, found))
