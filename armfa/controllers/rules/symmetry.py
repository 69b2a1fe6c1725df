"""Sign symmetry: feedback has the signs of the forward weights and its own magnitudes. [Liao et al. 2016]"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, transpose
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.feedback import Feedback, FeedbackRule, draw_matrix, shared_by


@dataclass(frozen=True)
class SignSymmetry(FeedbackRule):
    """B = |M| o sign(W)^T. scale : c, the size of the feedback weights."""

    scale: float = 0.5

    source: ClassVar[str] = "Liao, Leibo & Poggio 2016"

    def __post_init__(self) -> None:
        """Refuse scales that send nothing back."""
        super().__post_init__()
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"expected a feedback scale above 0, got {self.scale}")

    @abstractmethod
    def magnitudes(self, params: Params, state: RuleState) -> tuple[Any, ...]:
        """|M| of every hidden layer."""

    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """|M| o sign(W)^T."""
        sizes = self.magnitudes(params, state)
        return tuple(size * _signs(transpose(layer.weight)) for size, layer in zip(sizes, params[1:]))

    def random_magnitudes(self, params: Params, rng: Any) -> Feedback:
        """Random |M| from U(-c, c), (..., n_hidden, n of the layer above)."""
        shapes = [(layer.weight, layer.weight.shape[:-3:-1]) for layer in params[1:]]
        drawn = [abs(draw_matrix(rng, shape, self.scale, "uniform", 0.0, weight)) for weight, shape in shapes]
        return Feedback(shared_by(params, drawn))


@dataclass(frozen=True)
class UniformSignSymmetry(SignSymmetry):
    """B = c sign(W)^T ("uSF")."""

    looks_at: ClassVar[tuple[str, ...]] = ("error", "signs of the forward weights")

    def magnitudes(self, params: Params, state: RuleState) -> tuple[float, ...]:
        """One size for all."""
        return (self.scale,) * (len(params) - 1)


@dataclass(frozen=True)
class FixedSignSymmetry(SignSymmetry):
    """B = |M| o sign(W)^T with a fixed random M ~ U(-c, c) ("frSF").

    seed : one M for all networks of a stack; without it M is drawn from each run's own stream.
    """

    seed: int | None = None

    looks_at: ClassVar[tuple[str, ...]] = ("error", "signs of the forward weights", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed |M|, per layer",)

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random magnitudes."""
        return self.random_magnitudes(params, rng if self.seed is None else np.random.default_rng(self.seed))

    def magnitudes(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """|M|."""
        return state.matrices


@dataclass(frozen=True)
class BatchSignSymmetry(SignSymmetry):
    """B = |M_t| o sign(W)^T with M redrawn for every batch ("brSF")."""

    looks_at: ClassVar[tuple[str, ...]] = ("error", "signs of the forward weights", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("|M| of the next batch, per layer",)

    def init(self, params: Params, rng: Any) -> RuleState:
        """Magnitudes for the first batch."""
        return self.random_magnitudes(params, rng)

    def magnitudes(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """|M_t|."""
        return state.matrices

    def learn(
        self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: RuleState, rng: Any
    ) -> RuleState:
        """Magnitudes for the next batch."""
        return self.random_magnitudes(params, rng)


def _signs(weight: Array) -> Array:
    return namespace(weight).sign(weight)
