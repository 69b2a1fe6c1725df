"""Absent synapses: weights that are zero at the start stay zero."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from armfa.arrays import Array
from armfa.controllers.losses import Loss
from armfa.controllers.network import MLP, Dense, Params
from armfa.controllers.optimizers import Gradients
from armfa.controllers.rules.base import GradientEstimator, RuleState


class SparseState(NamedTuple):
    """The wrapped rule's state, and where there are synapses."""

    rule: RuleState
    present: tuple[Array, ...]  # (..., n_out, n_in), 1 or 0, of the layers that lack any


@dataclass(frozen=True)
class Sparse(GradientEstimator):
    """Another rule in a network that lacks some synapses: the gradient of an absent weight is 0.

    Goes with MLP(sparsity=...), which draws the zeros. [Lillicrap et al. 2016: 50 % of W and of B removed]
    """

    rule: GradientEstimator

    looks_at: ClassVar[tuple[str, ...]] = ("what the wrapped rule sees",)
    keeps: ClassVar[tuple[str, ...]] = ("what the wrapped rule keeps", "which synapses are present")
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed & Akerman 2016"

    def init(self, params: Params, rng: Any) -> SparseState:
        """State of the wrapped rule, and a mask a layer."""
        present = tuple((layer.weight != 0).astype(layer.weight.dtype) for layer in params)
        return SparseState(self.rule.init(params, rng), present)

    def gradients(
        self, network: MLP, params: Params, inputs: Array, loss: Loss, state: SparseState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """The wrapped rule's gradients, where there are synapses."""
        gradients, inner = self.rule.gradients(network, params, inputs, loss, state.rule, rng)
        kept = tuple(
            None if gradient is None else Dense(gradient.weight * mask, gradient.bias)
            for gradient, mask in zip(gradients, state.present)
        )
        return kept, SparseState(inner, state.present)
