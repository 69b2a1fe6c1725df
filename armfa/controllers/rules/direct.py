"""Rules that send one signal from the output straight to every hidden layer: delta_l = (B_l s) o f'(z_l)."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, transpose
from armfa.controllers.losses import Loss
from armfa.controllers.rules.base import LearningRule, RuleState
from armfa.controllers.rules.derivatives import check_derivative, weigh
from armfa.controllers.rules.feedback import Carrying, Feedback, RandomFeedback
from armfa.controllers.rules.learned import LearnedFeedback, correlate


@dataclass(frozen=True)
class DirectRule(LearningRule):
    """Sends what `sent` returns through one matrix per hidden layer.

    derivative : slope of the hidden units that the rule assumes, see `derivatives`.
    """

    derivative: str = "exact"

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        super().__post_init__()
        check_derivative(self.derivative)

    @abstractmethod
    def sent(self, delta: Array, trace: Trace, loss: Any) -> Array:
        """What goes to every hidden layer, (..., batch, n)."""

    def learn(self, trace: Trace, deltas: list[Array], state: Feedback) -> Feedback:
        """Next state of the rule; fixed feedback stays as it is."""
        return state

    def signals(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: Feedback
    ) -> tuple[list[Array], list[Array]]:
        """What reaches each hidden layer before its slope, and the deltas of all layers."""
        delta = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        sent = self.sent(delta, trace, loss)
        signals = [sent @ transpose(matrix) for matrix in state.matrices]
        hidden = [weigh(network, layer, signal, trace, self.derivative) for layer, signal in enumerate(signals)]
        return signals, [*hidden, delta]

    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: Feedback, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Modulators of every layer, and the rule's next state."""
        deltas = self.signals(network, params, trace, loss, state)[1]
        return deltas, self.learn(trace, deltas, state)


@dataclass(frozen=True)
class DirectFeedbackAlignment(Carrying, RandomFeedback, DirectRule):
    """Fixed random feedback from the output to every hidden layer: delta_l = (B_l delta_L) o f'. [Nokland 2016, eq. 6]

    Settings: see `Carrying`, `RandomFeedback` and `DirectRule`.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B from the output, per hidden layer",)
    source: ClassVar[str] = "Nokland 2016"

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n)."""
        n = self.rows_above(params[-1].weight.shape[-2])
        return Feedback(self.draw(params, [n] * (len(params) - 1), rng))

    def sent(self, delta: Array, trace: Trace, loss: Any) -> Array:
        """The delta of the output, its error, or the task's."""
        return self.carried(delta, trace, loss)


@dataclass(frozen=True)
class DirectKolenPollack(LearnedFeedback, RandomFeedback, DirectRule):
    """Direct feedback that learns: dB_l = -rate (h_l delta_L^T + decay B_l). [Webster, Choi & Ahn 2021]

    Settings: see `LearnedFeedback`, `RandomFeedback` and `DirectRule`.
    """

    decay: float = 0.0

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights", "own rates")
    keeps: ClassVar[tuple[str, ...]] = ("B from the output, per hidden layer, learned",)
    source: ClassVar[str] = "Webster, Choi & Ahn 2021"

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n)."""
        return Feedback(self.draw(params, [params[-1].weight.shape[-2]] * (len(params) - 1), rng))

    def sent(self, delta: Array, trace: Trace, loss: Any) -> Array:
        """The delta of the output."""
        return delta

    def learn(self, trace: Trace, deltas: list[Array], state: Feedback) -> Feedback:
        """Feedback after the forward weights' own Hebbian product, turned round."""
        gradients = [correlate(rate, deltas[-1]) for rate in trace.inputs[1:]]
        return Feedback(self.changed(state, state.matrices, gradients))


@dataclass(frozen=True)
class DirectRandomTarget(RandomFeedback, DirectRule):
    """Random projections of the target, not of the error: delta_l = -(B_l y*) o f'. [Frenkel, Lefebvre & Bol 2021]

    The sign follows from e = y* - y having the sign of y* for one-hot targets and outputs in (0, 1): this is a rule
    for classification. Settings: see `RandomFeedback` and `DirectRule`.

    task_size : components of the target, where they are not the outputs.
    """

    task_size: int | None = None

    looks_at: ClassVar[tuple[str, ...]] = ("target", "error, in the output layer only", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B from the target, per hidden layer",)
    source: ClassVar[str] = "Frenkel, Lefebvre & Bol 2021"

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n_target)."""
        n = self.task_size or params[-1].weight.shape[-2]
        return Feedback(self.draw(params, [n] * (len(params) - 1), rng))

    def sent(self, delta: Array, trace: Trace, loss: Any) -> Array:
        """-y*."""
        if not hasattr(loss, "target"):
            raise ValueError(f"expected a loss with a target for DirectRandomTarget, got {type(loss).__name__}")
        return -loss.target
