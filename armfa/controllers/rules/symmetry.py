"""Sign symmetry: feedback has the signs of the forward weights and its own magnitudes. [Liao et al. 2016]"""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array, namespace
from armfa.controllers.network import MLP, Params, Trace, transpose
from armfa.controllers.rules.base import Deltas, RuleState
from armfa.controllers.rules.feedback import Feedback, FeedbackRule, draw_matrix


@dataclass(frozen=True)
class UniformSignSymmetry(FeedbackRule):
    """B = c sign(W)^T ("uSF"). scale : c."""

    scale: float = 0.5

    looks_at: ClassVar[tuple[str, ...]] = ("error", "signs of the forward weights")
    source: ClassVar[str] = "Liao, Leibo & Poggio 2016"

    def __post_init__(self) -> None:
        """Refuse scales that send nothing back."""
        super().__post_init__()
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"expected a feedback scale above 0, got {self.scale}")

    def magnitudes(self, params: Params, state: RuleState) -> tuple[Any, ...]:
        """|B| of every hidden layer."""
        return (self.scale,) * (len(params) - 1)

    def feedback(self, params: Params, state: RuleState) -> tuple[Array, ...]:
        """|B| o sign(W)^T."""
        sizes = self.magnitudes(params, state)
        return tuple(size * _signs(transpose(layer.weight)) for size, layer in zip(sizes, params[1:]))


@dataclass(frozen=True)
class FixedSignSymmetry(UniformSignSymmetry):
    """B = |M| o sign(W)^T with a fixed random M ~ U(-c, c) ("frSF")."""

    looks_at: ClassVar[tuple[str, ...]] = ("error", "signs of the forward weights", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed |M|, a layer",)

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random magnitudes, (..., n_hidden, n of the layer above)."""
        return Feedback(
            tuple(
                abs(draw_matrix(rng, layer.weight.shape[:-3:-1], self.scale, "uniform", 0.0, layer.weight))
                for layer in params[1:]
            )
        )

    def magnitudes(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """|M|."""
        return state.matrices


@dataclass(frozen=True)
class BatchSignSymmetry(FixedSignSymmetry):
    """B = |M_t| o sign(W)^T with M redrawn for every batch ("brSF")."""

    keeps: ClassVar[tuple[str, ...]] = ("|M| of the next batch, a layer",)

    def learn(
        self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: RuleState, rng: Any
    ) -> RuleState:
        """Magnitudes for the next batch."""
        return self.init(params, rng)


def _signs(weight: Array) -> Array:
    return namespace(weight).sign(weight)
