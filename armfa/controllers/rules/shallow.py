"""Learning in some layers only: the output layer (shallow), or all but the frozen ones."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, outer_products
from armfa.controllers.losses import Loss
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import GradientEstimator, LearningRule, RuleState, as_rule
from armfa.controllers.trees import branches, regrown


@dataclass(frozen=True)
class Shallow(LearningRule):
    """Only the output layer learns, by the delta rule: delta_L = e o f'(z_L). [Widrow & Hoff 1960]"""

    looks_at: ClassVar[tuple[str, ...]] = ("error",)
    source: ClassVar[str] = "Widrow & Hoff 1960"

    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """None for every hidden layer, e o f' for the output."""
        delta = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        return (None,) * (network.n_layers - 1) + (delta,), state


@dataclass(frozen=True)
class Frozen(GradientEstimator):
    """Another rule with some layers held still (the papers' frozen-W0 control).

    Parameters
    ----------
    rule : GradientEstimator
        The other rule.
    layers : tuple[int, ...]
        Numbers of the frozen layers of weights, 0 is the first.

    Raises
    ------
    ValueError
        From `init`, for layers that the circuit does not have.
    """

    rule: GradientEstimator
    layers: tuple[int, ...] = (0,)

    looks_at: ClassVar[tuple[str, ...]] = ("what the wrapped rule sees",)
    keeps: ClassVar[tuple[str, ...]] = ("what the wrapped rule keeps",)
    source: ClassVar[str] = "control of Lillicrap et al. 2016"

    def __post_init__(self) -> None:
        """A name is a rule."""
        super().__post_init__()
        object.__setattr__(self, "rule", as_rule(self.rule))

    def init(self, params: Any, rng: Any) -> RuleState:
        """First state of the wrapped rule."""
        wrong = [layer for layer in self.layers if not 0 <= layer < len(params)]
        if wrong:
            raise ValueError(f"expected frozen layers out of 0 to {len(params) - 1}, got {wrong[0]}")
        return self.rule.init(params, rng)

    def paced(self, state: RuleState, share: Any) -> RuleState:
        """The wrapped rule's."""
        return self.rule.paced(state, share)

    def gradients(
        self, circuit: Any, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """The wrapped rule's, None where frozen."""
        if isinstance(self.rule, LearningRule) and isinstance(batch, Batch):
            trace = circuit.forward(params, batch.inputs)
            deltas, state = self.rule.deltas(circuit, params, trace, batch.loss, state, rng)
            return outer_products(self._thaw(tuple(deltas)), trace), state
        rule: Any = self.rule
        gradients, state = rule.gradients(circuit, params, batch, state, rng)
        return self._thaw(gradients), state

    def _thaw(self, layers: Any) -> Any:
        kept = [None if number in self.layers else each for number, each in enumerate(branches(layers).values())]
        return regrown(layers, kept)
