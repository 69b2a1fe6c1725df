"""Rules that are shown what a command should have been, or hear it in the feedback that the circuit gets."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import Dense, transpose
from armfa.controllers.circuits.recurrent import Cell, Recurrent
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.time.base import RuleThroughTime, added, divided, zeros
from armfa.controllers.trees import tree_map


class Precision(NamedTuple):
    """P of recursive least squares: the inverse of the rates' correlation, with a row for the bias."""

    inverse: Array  # (..., n + 1, n + 1)


@dataclass(frozen=True)
class Force(RuleThroughTime):
    """FORCE: the readout learns by recursive least squares at every step, and at once. [Sussillo & Abbott 2009]

    K = P r / (1 + r^T P r),  P = P - K r^T P,  W_out = W_out - (y - y*) K^T,  for a batch with rows r together.
    y* is `episode.wanted`: a target, or the command with a teacher's correction. With fixed activity the readout is,
    after every step, that of ridge regression on all that came before. What is returned is the change over the episode
    with its sign turned, so that SGD(1.0) makes it.

    Parameters
    ----------
    ridge : float
        P starts as 1 / ridge.

    Raises
    ------
    ValueError
        For a ridge of 0, and from `gradients` for a readout that is not linear.
    """

    ridge: float = 1.0

    looks_at: ClassVar[tuple[str, ...]] = ("wanted",)
    keeps: ClassVar[tuple[str, ...]] = ("P, of the readout",)
    source: ClassVar[str] = "Sussillo & Abbott 2009"

    def __post_init__(self) -> None:
        """Refuse what has no inverse."""
        super().__post_init__()
        if not 0 < self.ridge < float("inf"):
            raise ValueError(f"expected ridge above 0, got {self.ridge}")

    def init(self, params: Recurrent, rng: Any) -> Precision:
        """P = 1 / ridge."""
        weight = params[-1].weight
        one = namespace(weight).eye(weight.shape[-1] + 1, dtype=weight.dtype) * (1.0 / self.ridge)
        return Precision(one + 0 * weight[..., :1, :1])

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: Precision, rng: Any
    ) -> tuple[Gradients, Precision]:
        """What the readout was before the episode, less what it is after."""
        circuit, episode = self.recurrent(circuit), self.episode(batch, "wanted")
        if circuit.readout != "linear":
            raise ValueError(f"expected a circuit with readout='linear' for Force, got readout={circuit.readout!r}")
        x, inverse, now = episode.start(), state.inverse, params
        memory = circuit.rest(params, episode.observe(x).shape[-2])
        for _ in range(episode.steps):
            memory, trace = circuit.step(now, memory, episode.observe(x))
            rates = trace.presynaptic.rates
            xp = namespace(rates)
            rows = xp.concat([rates, rates[..., :1] * 0 + 1], axis=-1)  # (..., batch, n + 1)
            seen = rows @ inverse
            gain = xp.linalg.solve(seen @ transpose(rows) + xp.eye(rows.shape[-2], dtype=rows.dtype), seen)
            inverse = inverse - transpose(seen) @ gain
            change = transpose(trace.output - episode.wanted(x, trace.output)) @ gain  # (..., n_out, n + 1)
            out = Dense(now.out.weight - change[..., :-1], now.out.bias - change[..., -1])
            now = now._replace(out=out)
            x, _ = episode.step(x, trace.output)
        learned = Dense(params.out.weight - now.out.weight, params.out.bias - now.out.bias)
        return Recurrent(Cell(None, None, None), learned), Precision(inverse)  # type: ignore[arg-type]


@dataclass(frozen=True)
class FeedbackErrorLearning(RuleThroughTime):
    """A feedback controller helps, and what it adds is the error: dL/dy = -u_fb. [Kawato, Furukawa & Suzuki 1987]

    The arm gets y + u_fb, which is `episode.wanted`. The circuit's weights change by the derivative of each step alone
    (of the memory before it nothing is asked); where it has learned, the controller falls silent. Any circuit.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("wanted", "forward weights, within a step")
    source: ClassVar[str] = "Kawato, Furukawa & Suzuki 1987"

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Of 1/2 |y - y*|^2 with y* = y + u_fb held."""
        episode = self.episode(batch, "wanted")
        x, total, memory = episode.start(), None, None
        for _ in range(episode.steps):
            inputs = episode.observe(x)
            memory = circuit.rest(params, inputs.shape[-2]) if memory is None else memory
            memory, trace = circuit.step(params, memory, inputs)
            command = episode.wanted(x, trace.output)
            total = added(total, circuit.step_vjp(params, trace, trace.output - command, zeros(memory))[0])
            x, _ = episode.step(x, command)
        return divided(total, episode.steps), state


@dataclass(frozen=True)
class FeedbackDrivenPlasticity(RuleThroughTime):
    """The feedback that corrects a movement teaches the recurrent weights: dW_ij = sum over time of f_i(t) R_j(t).

    f = W_in[:, feedback] u[feedback], what the error sends into each unit; R_j the sum of the rates of unit j since the
    episode began. No gradient is taken: the rule works in circuits that use their feedback already.
    [Feulner, Perich, Miller, Clopath & Gallego 2025; their code has dW = 0.1 a lr f R^T with a = dt / tau = 0.2,
    lr 1e-5, delays of 20 + 100 ms, and leaves out every fifth step]

    Parameters
    ----------
    feedback : tuple[int, ...]
        The inputs that carry the error, what is wanted less what is.
    after : int
        Steps before the first that teaches: the delay of the feedback.

    Raises
    ------
    TypeError
        From `gradients`, for gated units.
    """

    feedback: tuple[int, ...] = (-2, -1)
    after: int = 0

    looks_at: ClassVar[tuple[str, ...]] = ("the feedback among the inputs", "input weights")
    keeps: ClassVar[tuple[str, ...]] = ("a sum of rates per unit, within an episode",)
    source: ClassVar[str] = "Feulner, Perich, Miller, Clopath & Gallego 2025"

    def gradients(
        self, circuit: Circuit, params: Recurrent, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Minus the mean of f R^T over steps and examples; only recurrent weights learn."""
        circuit, episode = self.recurrent(circuit), self.episode(batch)
        if circuit.gates > 1:
            raise TypeError(f"expected rate units, such as RNN(...), for FeedbackDrivenPlasticity, got {circuit}")
        x, summed, total, columns = episode.start(), 0.0, None, list(self.feedback)
        memory = circuit.rest(params, episode.observe(x).shape[-2])
        for time in range(episode.steps):
            inputs = episode.observe(x)
            memory, trace = circuit.step(params, memory, inputs)
            summed = summed + trace.presynaptic.recurrent
            if time >= self.after:
                sent = inputs[..., columns] @ transpose(params.cell.weight[..., columns])
                total = added(total, transpose(sent) @ summed)
            x, _ = episode.step(x, trace.output)
        share = -1.0 / (inputs.shape[-2] * episode.steps)
        learned = tree_map(lambda change: change * share, total)
        return Recurrent(Cell(learned, None, None), Dense(None, None)), state  # type: ignore[arg-type]
