"""What a learning rule is: an estimate of the gradient, in most rules a modulator times the presynaptic rate."""

from abc import ABC, abstractmethod
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, outer_products
from armfa.controllers.losses import Loss
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode

RuleState = Any
"""What a rule keeps between updates: a tree of arrays."""


class Settings:
    """Settings of a rule, or of a part of one."""

    def __post_init__(self) -> None:
        """NumPy's numbers among a dataclass's settings become Python's: they would turn float32 into float64."""
        for field in fields(self) if is_dataclass(self) else ():
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, field.name, value.item())


class GradientEstimator(Settings, ABC):
    """Anything that proposes a gradient for the weights.

    Attributes
    ----------
    looks_at : tuple of str
        What the rule may see.
    keeps : tuple of str
        What it stores between updates, and of rules through time what it stores within an episode.
    source : str
        Who published it.
    """

    looks_at: ClassVar[tuple[str, ...]] = ()
    keeps: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""

    def init(self, params: Any, rng: Any) -> RuleState:
        """First state of the rule; most rules draw their feedback weights here."""
        return ()

    def paced(self, state: RuleState, share: Any) -> RuleState:
        """The state told what share of the optimizer's rates is left; rules whose feedback learns beside W follow."""
        return state

    @abstractmethod
    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Estimated gradient of the mean loss, and the rule's next state.

        Parameters
        ----------
        circuit : Circuit
            Which network learns.
        params : tree
            Its weights.
        batch : Batch or Episode
            What is learned from.
        state : tree
            What the rule keeps.
        rng : Generator or Streams
            Of the rule alone.

        Returns
        -------
        tree
            In the form of the weights; None: this layer does not learn.
        tree
            The next state.
        """


class LearningRule(GradientEstimator):
    """A rule that only fills in the modulators: the weight change is always delta x presynaptic rate."""

    def gradients(
        self, circuit: MLP, params: Params, batch: Batch, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Batch mean of delta x presynaptic rate, and the rule's next state."""
        trace = circuit.forward(params, batch.inputs)
        deltas, state = self.deltas(circuit, params, trace, batch.loss, state, rng)
        return outer_products(deltas, trace), state

    @abstractmethod
    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Modulators of every layer's units, in place of dL/dz, and the rule's next state.

        Parameters
        ----------
        network : MLP
            Which network learns.
        params : tree
            Its weights.
        trace : Trace
            Activity of the forward pass.
        loss : Loss
            Bound to the batch: `error(output)`, `value(output)`.
        state : tree
            What the rule keeps.
        rng : Generator or Streams
            Of the rule alone.

        Returns
        -------
        list of Array (..., batch, n_l)
            One per layer of weights; None: this layer does not learn.
        tree
            The next state.
        """


def as_rule(rule: Any) -> GradientEstimator:
    """The rule, or the one of that name; anything else is refused in one sentence."""
    if isinstance(rule, str):
        from armfa.controllers.rules import make_rule  # which knows every rule, and so imports this file

        return make_rule(rule)
    if isinstance(rule, type):
        raise TypeError(f"expected a learning rule, got the class {rule.__name__}: write {rule.__name__}(...)")
    if not isinstance(rule, GradientEstimator):
        raise TypeError(
            "expected a learning rule, such as FeedbackAlignment(), a LearningRule of your own, or a name such as "
            f"'feedback-alignment', got {rule!r}"
        )
    return rule
