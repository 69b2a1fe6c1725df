"""Rules that send one signal from the output straight to every hidden layer: delta_l = (B_l s) o f'(z_l)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array
from armfa.controllers.losses import Loss
from armfa.controllers.network import MLP, Params, Trace, transpose
from armfa.controllers.rules.base import Deltas, LearningRule, RuleState
from armfa.controllers.rules.derivatives import check_derivative, weigh
from armfa.controllers.rules.feedback import Feedback, check_feedback_settings, draw_feedback, task_error
from armfa.controllers.rules.learned import changed, check_rate_and_decay, correlate


@dataclass(frozen=True)
class DirectFeedbackAlignment(LearningRule):
    """Fixed random feedback from the output to every hidden layer: delta_l = (B_l delta_L) o f'. [Nokland 2016, eq. 6]

    carry : "delta" e o f'(z_L), "error" dL/dy, or "task" the loss's own task error (task_size components).
    scale, distribution, sparsity, seed : of B, as in FeedbackAlignment; derivative : see `derivatives`.
    """

    scale: tuple[float, ...] | float = 0.5
    distribution: str = "uniform"
    sparsity: float = 0.0
    seed: int | None = None
    carry: str = "delta"
    task_size: int | None = None
    derivative: str = "exact"

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B from the output, a hidden layer",)
    source: ClassVar[str] = "Nokland 2016"

    def __post_init__(self) -> None:
        """Refuse unknown names and impossible scales."""
        super().__post_init__()
        check_feedback_settings(self)
        check_derivative(self.derivative)

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n)."""
        n = self.task_size if self.carry == "task" and self.task_size else params[-1].weight.shape[-2]
        return Feedback(draw_feedback(self, params, [n] * (len(params) - 1), rng))

    def sent(self, delta: Array, loss: Any, output: Array) -> Array:
        """What goes to every hidden layer, (..., batch, n)."""
        if self.carry == "delta":
            return delta
        return loss.error(output) if self.carry == "error" else task_error(loss, output)

    def signals(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: Feedback
    ) -> tuple[list[Array], list[Array]]:
        """What reaches each hidden layer before its slope, and the deltas of all layers."""
        delta = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        sent = self.sent(delta, loss, trace.output)
        signals = [sent @ transpose(matrix) for matrix in state.matrices]
        hidden = [weigh(network, layer, signal, trace, self.derivative) for layer, signal in enumerate(signals)]
        return signals, [*hidden, delta]

    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: Feedback, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Modulators of every layer, and the rule's next state."""
        deltas = self.signals(network, params, trace, loss, state)[1]
        return deltas, self.learn(trace, deltas, state)

    def learn(self, trace: Trace, deltas: list[Array], state: Feedback) -> Feedback:
        """Next state of the rule; fixed feedback stays as it is."""
        return state


@dataclass(frozen=True)
class DirectKolenPollack(DirectFeedbackAlignment):
    """Direct feedback that learns: dB_l = -rate (h_l delta_L^T + decay B_l). [Webster, Choi & Ahn 2021]

    rate, decay : of B; the same as the optimizer's rate and weight decay.
    """

    rate: float = 0.01
    decay: float = 0.0

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights", "own rates")
    keeps: ClassVar[tuple[str, ...]] = ("B from the output, a hidden layer, learned",)
    source: ClassVar[str] = "Webster, Choi & Ahn 2021"

    def __post_init__(self) -> None:
        """Only one delta can be learned from."""
        super().__post_init__()
        if self.carry != "delta":
            raise ValueError(f"expected carry='delta' for learned feedback, got {self.carry!r}")
        check_rate_and_decay(self)

    def learn(self, trace: Trace, deltas: list[Array], state: Feedback) -> Feedback:
        """Feedback after the forward weights' own Hebbian product, turned round."""
        pairs = zip(state.matrices, trace.inputs[1:])
        return Feedback(tuple(changed(self, matrix, correlate(rate, deltas[-1])) for matrix, rate in pairs))


@dataclass(frozen=True)
class DirectRandomTarget(DirectFeedbackAlignment):
    """Random projections of the target, not of the error: delta_l = -(B_l y*) o f'. [Frenkel, Lefebvre & Bol 2021]

    The sign follows from e = y* - y having the sign of y* for one-hot targets and outputs in (0, 1): this is a rule
    for classification. task_size : components of the target, where they are not the outputs.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("target", "error, in the output layer only", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B from the target, a hidden layer",)
    source: ClassVar[str] = "Frenkel, Lefebvre & Bol 2021"

    def __post_init__(self) -> None:
        """Nothing but the target can be carried."""
        super().__post_init__()
        if self.carry != "delta":
            raise ValueError(
                f"expected no carry beside DirectRandomTarget, which carries the target, got {self.carry!r}"
            )

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n_target)."""
        n = self.task_size or params[-1].weight.shape[-2]
        return Feedback(draw_feedback(self, params, [n] * (len(params) - 1), rng))

    def sent(self, delta: Array, loss: Any, output: Array) -> Array:
        """-y*."""
        if not hasattr(loss, "target"):
            raise ValueError(f"expected a loss with a target for DirectRandomTarget, got {type(loss).__name__}")
        return -loss.target
