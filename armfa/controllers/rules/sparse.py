"""Absent synapses: weights that are zero at the start stay zero."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from armfa.controllers.optimizers import Gradients, is_bias, where_learning
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import GradientEstimator, RuleState, as_rule
from armfa.controllers.trees import branches, regrown


class SparseState(NamedTuple):
    """The wrapped rule's state, and where there are synapses."""

    rule: RuleState
    present: Any  # in the form of the weights: 1 or 0; None for biases


@dataclass(frozen=True)
class Sparse(GradientEstimator):
    """Another rule in a network that lacks some synapses: the gradient of an absent weight is 0.

    Goes with MLP(sparsity=...), which draws the zeros. [Lillicrap et al. 2016: 50 % of W and of B removed]

    Parameters
    ----------
    rule : GradientEstimator
        The other rule.
    """

    rule: GradientEstimator

    looks_at: ClassVar[tuple[str, ...]] = ("what the wrapped rule sees",)
    keeps: ClassVar[tuple[str, ...]] = ("what the wrapped rule keeps", "which synapses are present")
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed & Akerman 2016"

    def __post_init__(self) -> None:
        """A name is a rule."""
        super().__post_init__()
        object.__setattr__(self, "rule", as_rule(self.rule))

    def init(self, params: Any, rng: Any) -> SparseState:
        """State of the wrapped rule, and where the weights are not 0."""
        return SparseState(self.rule.init(params, rng), _present(params))

    def paced(self, state: SparseState, share: Any) -> SparseState:
        """The wrapped rule's."""
        return state._replace(rule=self.rule.paced(state.rule, share))

    def gradients(
        self, circuit: Any, params: Any, batch: Batch | Episode, state: SparseState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """The wrapped rule's gradients, where there are synapses."""
        gradients, inner = self.rule.gradients(circuit, params, batch, state.rule, rng)
        kept = where_learning(lambda gradient, mask: gradient * mask, gradients, state.present)
        return kept, SparseState(inner, state.present)


def _present(tree: Any, name: str = "") -> Any:
    """Masks in the form of the weights, None for those in a field with the name of biases."""
    if inner := branches(tree):
        return regrown(tree, [_present(each, key) for key, each in inner.items()])
    return None if is_bias(name) else (tree != 0).astype(tree.dtype)
