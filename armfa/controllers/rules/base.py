"""What a learning rule is: an estimate of the gradient, in most rules a modulator times the presynaptic rate."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers.losses import Loss
from armfa.controllers.network import MLP, Dense, Params, Trace, transpose
from armfa.controllers.optimizers import Gradients

RuleState = Any
"""What a rule keeps between updates: a (nested) tuple of arrays."""

Deltas = Sequence[Array | None]
"""dL/dz of every example, (..., batch, n_out), or what stands in its place; None is a layer that does not learn."""


class GradientEstimator(ABC):
    """Anything that proposes a gradient for the weights.

    looks_at : what the rule may see. keeps : what it stores between updates.
    """

    looks_at: ClassVar[tuple[str, ...]] = ()
    keeps: ClassVar[tuple[str, ...]] = ()
    source: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """NumPy's numbers among a dataclass's settings become Python's: they would turn float32 into float64."""
        for field in fields(self) if is_dataclass(self) else ():
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, field.name, value.item())

    def init(self, params: Params, rng: Any) -> RuleState:
        """First state of the rule; most rules draw their feedback weights here."""
        return ()

    @abstractmethod
    def gradients(
        self, network: MLP, params: Params, inputs: Array, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Estimated gradient of the batch's mean loss, and the rule's next state."""


class LearningRule(GradientEstimator):
    """A rule that only fills in the modulators: the weight change is always delta x presynaptic rate."""

    def gradients(
        self, network: MLP, params: Params, inputs: Array, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Batch mean of delta x presynaptic rate, and the rule's next state."""
        trace = network.forward(params, inputs)
        deltas, state = self.deltas(network, params, trace, loss, state, rng)
        return outer_products(deltas, trace), state

    @abstractmethod
    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Modulators of every layer's units, in place of dL/dz, and the rule's next state."""


def outer_products(deltas: Deltas, trace: Trace) -> Gradients:
    """dL/dW = mean over the batch of delta h^T, dL/db = mean of delta: the one place where weights meet rates."""
    return tuple(None if delta is None else _outer(delta, rate) for delta, rate in zip(deltas, trace.inputs))


def _outer(delta: Array, rate: Array) -> Dense:
    size, n_out, n_in = delta.shape[-2], delta.shape[-1], rate.shape[-1]
    if size == 1:  # a plain product, twice as fast as a matrix product on stacks of small layers
        weight = transpose(transpose(rate) * delta) if n_out > n_in else transpose(delta) * rate
        return Dense(weight, delta[..., 0, :])
    bias = _mean_over_batch(delta)
    if n_out > n_in:  # the mean is taken on the narrower side; the layout is that of the weights, see MLP.init
        return Dense(transpose(transpose(rate * (1.0 / size)) @ delta), bias)
    return Dense(transpose(delta * (1.0 / size)) @ rate, bias)


def _mean_over_batch(x: Array) -> Array:
    """(..., batch, n) -> (..., n) as a matrix product, faster than a sum over an axis that is not the last."""
    xp, size = namespace(x), x.shape[-2]
    device = x.device if hasattr(x, "requires_grad") else None  # of torch
    return xp.full((size,), 1.0 / size, dtype=x.dtype, device=device) @ x
