"""Rules that send an error back layer by layer; they differ in the matrices that carry it.

delta_L = e o f'(z_L);  signal_l = B_(l+1) delta_(l+1);  delta_l = signal_l o f'(z_l).  Backprop is B = W^T.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, per_layer, transpose
from armfa.controllers.losses import Loss
from armfa.controllers.rules.base import LearningRule, RuleState, Settings
from armfa.controllers.rules.derivatives import check_derivative, weigh

CARRIES = ("delta", "error", "task")


class Feedback(NamedTuple):
    """Feedback matrices, one per hidden layer: B_l (..., n_hidden_l, n of the layer above)."""

    matrices: tuple[Array, ...]
    share: Any = None  # of the rates that is left at this update, for feedback that learns; None: all


@dataclass(frozen=True)
class FeedbackRule(LearningRule):
    """Sends the error backwards layer by layer through the matrices that `feedback` returns.

    Parameters
    ----------
    propagate_derivative : bool
        Whether what one hidden layer sends on to the next holds its own slope (True: the preprint's B1 (delta2 o h2');
        False: the article's B1 delta2).
    derivative : str
        Slope of the hidden units that the rule assumes, see `derivatives`.
    """

    propagate_derivative: bool = True
    derivative: str = "exact"

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        super().__post_init__()
        check_derivative(self.derivative)

    @abstractmethod
    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """Matrices that carry signals down, one per hidden layer, (..., n_hidden, n of the layer above)."""

    def carried(self, delta: Array, trace: Trace, loss: Loss) -> Array:
        """What enters the topmost feedback matrix, (..., batch, n)."""
        return delta

    def learn(
        self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: RuleState, rng: Any
    ) -> RuleState:
        """Next state of the rule; fixed feedback stays as it is."""
        return state

    def signals(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState
    ) -> tuple[list[Array], list[Array]]:
        """What reaches each hidden layer before its slope (the papers' delta_FA = Be), and the deltas of all layers."""
        matrices = self.feedback(params, state)
        delta = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        carried = self.carried(delta, trace, loss)
        signals, deltas = [], [delta]
        for layer in reversed(range(network.n_layers - 1)):
            signal = carried @ transpose(matrices[layer])  # (..., batch, n_hidden)
            delta = weigh(network, layer, signal, trace, self.derivative)
            carried = delta if self.propagate_derivative else signal
            signals.insert(0, signal)
            deltas.insert(0, delta)
        return signals, deltas

    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Modulators of every layer, and the rule's next state."""
        deltas = self.signals(network, params, trace, loss, state)[1]
        return deltas, self.learn(network, params, trace, deltas, state, rng)


@dataclass(frozen=True)
class Backprop(FeedbackRule):
    """Exact gradient: signal_l = W_(l+1)^T delta_(l+1). [Rumelhart, Hinton & Williams 1986]"""

    looks_at: ClassVar[tuple[str, ...]] = ("error", "forward weights")
    source: ClassVar[str] = "Rumelhart, Hinton & Williams 1986"

    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """W^T of the layer above."""
        return tuple(transpose(layer.weight) for layer in params[1:])


@dataclass(frozen=True)
class RandomFeedback(Settings):
    """Settings of feedback weights that are drawn at random.

    Parameters
    ----------
    scale : number, or one per hidden layer
        B ~ U(-scale, scale), or N(0, scale^2).
    distribution : str
        "uniform" or "normal".
    sparsity : number
        Share of the elements of B that is absent.
    seed : int or None
        One B for all networks of a stack; without it B is drawn from each run's own stream.
    """

    scale: tuple[float, ...] | float = 0.5
    distribution: str = "uniform"
    sparsity: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse feedback weights that cannot be drawn."""
        super().__post_init__()
        scales = (self.scale,) if isinstance(self.scale, int | float) else tuple(self.scale)
        if any(not 0 < value < float("inf") for value in scales):
            raise ValueError(f"expected a feedback scale above 0 (0.5 is the papers'), got {self.scale}")
        if self.distribution not in ("uniform", "normal"):
            raise ValueError(f"expected distribution 'uniform' or 'normal', got {self.distribution!r}")
        if not 0 <= self.sparsity < 1:
            raise ValueError(f"expected sparsity as a share in [0, 1), got {self.sparsity}")

    def draw(self, params: Params, columns: Sequence[int], rng: Any) -> tuple[Array, ...]:
        """Random matrices, one per hidden layer, (..., n_hidden_l, columns_l)."""
        sizes = [(layer.weight.shape[-2], n) for layer, n in zip(params, columns)]
        scales = per_layer(self.scale, len(columns), "feedback scale", "hidden layer")
        rng = rng if self.seed is None else np.random.default_rng(self.seed)
        matrices = [
            draw_matrix(rng, size, scale, self.distribution, self.sparsity, params[0].weight)
            for size, scale in zip(sizes, scales)
        ]
        return shared_by(params, matrices)


@dataclass(frozen=True)
class Carrying(Settings):
    """Settings of what random feedback carries.

    Parameters
    ----------
    carry : str
        What enters the topmost matrix: "delta" e o f'(z_L); "error" dL/dy itself, as the papers print it; "task" the
        loss's own task error, so that the feedback skips the plant (B is then n_hidden x n_task).
    task_size : int or None
        n_task, needed with carry="task" only.
    """

    carry: str = "delta"
    task_size: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be carried."""
        super().__post_init__()
        if self.carry not in CARRIES:
            raise ValueError(f"expected carry out of {CARRIES}, got {self.carry!r}")
        if self.carry == "task" and not self.task_size:
            raise ValueError("expected task_size=n beside carry='task' (components of the task error), got none")

    def carried(self, delta: Array, trace: Trace, loss: Any) -> Array:
        """What enters the topmost feedback matrix, (..., batch, n)."""
        if self.carry == "delta":
            return delta
        if self.carry == "error":
            return loss.error(trace.output)
        if not hasattr(loss, "task_error"):
            raise ValueError(f"expected a loss with task_error(output) for carry='task', got {type(loss).__name__}")
        return loss.task_error(trace.output)

    def rows_above(self, n: int) -> int:
        """How many numbers that is, where the layer above has n units."""
        return self.task_size if self.carry == "task" and self.task_size else n


@dataclass(frozen=True)
class FeedbackAlignment(Carrying, RandomFeedback, FeedbackRule):
    """Fixed random feedback in place of W^T: signal_l = B_(l+1) delta_(l+1). [Lillicrap et al. 2016, eq. 1]

    Settings: see `Carrying`, `RandomFeedback` and `FeedbackRule`.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B, per layer",)
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed & Akerman 2016"

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n of the layer above)."""
        above = units_above(params)
        above[-1:] = map(self.rows_above, above[-1:])
        return Feedback(self.draw(params, above, rng))

    def feedback(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """The fixed B."""
        return state.matrices


@dataclass(frozen=True)
class PseudoBackprop(FeedbackRule):
    """Pseudoinverse in place of the transpose: signal_l = W_(l+1)^+ delta_(l+1). [Lillicrap et al. 2014, proof 2]

    A reference direction: it approximates Gauss-Newton on the hidden rates, and feedback alignment that starts from
    small weights comes close to it. As a rule it needs small rates: W^+ is large where W is small.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("error", "forward weights")
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed & Akerman 2014"

    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """W^+ of the layer above (Moore-Penrose)."""
        return tuple(namespace(layer.weight).linalg.pinv(layer.weight) for layer in params[1:])


def units_above(params: Params) -> list[int]:
    """Units of the layer above each hidden layer."""
    return [layer.weight.shape[-2] for layer in params[1:]]


def shared_by(params: Params, matrices: Sequence[Array]) -> tuple[Array, ...]:
    """The matrices with the leading axes of the weights: one that all networks of a stack share is repeated, a view."""
    networks = params[0].weight.shape[:-2]
    return tuple(namespace(matrix).broadcast_to(matrix, (*networks, *matrix.shape[-2:])) for matrix in matrices)


def draw_matrix(
    rng: Any, size: tuple[int, int], scale: float, distribution: str, sparsity: float, like: Array
) -> Array:
    """One random matrix (..., *size) with the dtype of `like`; in memory it lies transposed, as W^T does."""
    turned = size[::-1]
    draws = rng.uniform(-1.0, 1.0, turned) if distribution == "uniform" else rng.standard_normal(turned)
    if sparsity:
        draws = draws * (rng.uniform(0.0, 1.0, turned) >= sparsity)
    return transpose((draws * scale).astype(like.dtype))
