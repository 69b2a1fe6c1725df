"""Optimizers: gradients in, updates out; updates are added to the weights."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from armfa.controllers.network import Dense, Params, per_layer
from armfa.controllers.trees import tree_map

Gradients = tuple[Dense | None, ...]
"""One entry a layer; None is a layer that does not learn."""


class Optimizer(Protocol):
    """Turns gradients into updates; its state is returned, not kept."""

    def init(self, params: Params) -> Any:
        """First state."""
        ...

    def update(self, gradients: Gradients, state: Any, params: Params) -> tuple[Gradients, Any]:
        """Updates to add, and the next state."""
        ...


class SGDState(NamedTuple):
    """What SGD keeps: how many updates were made."""

    step: Any = 0


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: update = -rate_l (gradient + weight_decay W_l).

    rates : one number, or one a layer of weights.
    schedule : of the rates: "constant", or "linear", which falls to 0 over `updates` updates.
    weight_decay : acts on weights, not on biases.
    biases : whether biases learn; with False, and biases that start at 0, a network has none.
    """

    rates: tuple[float, ...] | float
    schedule: str = "constant"
    updates: int | None = None
    weight_decay: float = 0.0
    biases: bool = True

    def __post_init__(self) -> None:
        """Refuse schedules that cannot be."""
        object.__setattr__(self, "rates", checked_rates(self.rates))
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"expected weight_decay of 0 or more, got {self.weight_decay}")
        object.__setattr__(self, "weight_decay", float(self.weight_decay))
        if self.schedule not in ("constant", "linear"):
            raise ValueError(f"expected schedule 'constant' or 'linear', got {self.schedule!r}")
        if self.schedule == "linear" and not (self.updates and self.updates > 0):
            raise ValueError(
                "expected updates=N beside schedule='linear' (after how many updates the rate is 0), got none"
            )

    def init(self, params: Params) -> SGDState:
        """A count of zero."""
        per_layer(self.rates, len(params), "rates")
        return SGDState()

    def factor(self, step: Any) -> Any:
        """Share of the rates that is left at an update."""
        if self.schedule == "constant" or self.updates is None:
            return 1.0
        left = 1.0 - step / self.updates
        return left * (left > 0)

    def update(self, gradients: Gradients, state: SGDState, params: Params) -> tuple[Gradients, SGDState]:
        """-rate (gradient + weight_decay W), and the count."""
        factor = self.factor(state.step)
        updates = tuple(
            None if gradient is None else self._layer(gradient, layer, -rate * factor)
            for gradient, layer, rate in zip(gradients, params, per_layer(self.rates, len(params), "rates"))
        )
        return updates, SGDState(state.step + 1)

    def _layer(self, gradient: Dense, layer: Dense, rate: Any) -> Dense:
        weight = gradient.weight * rate
        if self.weight_decay:
            weight += layer.weight * (rate * self.weight_decay)  # of its own memory: one pass fewer
        return Dense(weight, gradient.bias * (rate if self.biases else 0.0))


class AdamState(NamedTuple):
    """Running means of the gradient and of its square, and the number of updates."""

    mean: Params
    square: Params
    step: Any = 0


@dataclass(frozen=True)
class Adam:
    """Adam: update = -rate m' / (sqrt(v') + epsilon), with bias-corrected means. [Kingma & Ba 2015, algorithm 1]"""

    rates: tuple[float, ...] | float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Refuse rates and means that cannot be."""
        object.__setattr__(self, "rates", checked_rates(self.rates))
        for name in ("beta1", "beta2", "epsilon"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1 and self.epsilon > 0):
            raise ValueError(f"expected beta1 and beta2 in [0, 1) and epsilon above 0, got {self}")

    def init(self, params: Params) -> AdamState:
        """Means of zero."""
        per_layer(self.rates, len(params), "rates")
        zeros = tree_map(lambda leaf: leaf * 0, params)
        return AdamState(zeros, zeros)

    def update(self, gradients: Gradients, state: AdamState, params: Params) -> tuple[Gradients, AdamState]:
        """One step of Adam on every layer that learns."""
        step = state.step + 1
        correction1, correction2 = 1.0 - self.beta1**step, 1.0 - self.beta2**step

        def layer(gradient, mean, square, rate):
            if gradient is None:
                return None, mean, square
            mean = tree_map(lambda m, g: self.beta1 * m + (1.0 - self.beta1) * g, mean, gradient)
            square = tree_map(lambda v, g: self.beta2 * v + (1.0 - self.beta2) * (g * g), square, gradient)
            update = tree_map(
                lambda m, v: m * (-rate / correction1) / ((v * (1.0 / correction2)) ** 0.5 + self.epsilon), mean, square
            )
            return update, mean, square

        rates = per_layer(self.rates, len(params), "rates")
        updates, means, squares = zip(*map(layer, gradients, state.mean, state.square, rates))
        return updates, AdamState(means, squares, step)


def checked_rates(rates: Any) -> tuple[float, ...] | float:
    """Rates as Python floats, so that they neither change a precision nor a hash."""
    values = [float(rate) for rate in (rates if hasattr(rates, "__len__") else [rates])]
    if any(not 0 <= rate < float("inf") for rate in values):
        raise ValueError(f"expected rates of 0 or more, got {rates}")
    return tuple(values) if hasattr(rates, "__len__") else values[0]


def apply_updates(params: Params, updates: Gradients) -> Params:
    """The weights with the updates added."""
    return tuple(
        layer if update is None else Dense(layer.weight + update.weight, layer.bias + update.bias)
        for layer, update in zip(params, updates)
    )
