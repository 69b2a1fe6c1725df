"""Optimizers: gradients in, updates out; updates are added to the weights.

Weights are any tree; the trees of its first level are its layers, see `Circuit`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from armfa.controllers.circuits.mlp import per_layer
from armfa.controllers.trees import branches, regrown, tree_map

Gradients = Any
"""A tree in the form of the weights; None stands for a layer, or a part of one, that does not learn."""


class Optimizer(Protocol):
    """Turns gradients into updates; its state is returned, not kept."""

    def init(self, params: Any) -> Any:
        """First state."""
        ...

    def update(self, gradients: Gradients, state: Any, params: Any) -> tuple[Gradients, Any]:
        """Updates to add, and the next state."""
        ...

    def share(self, state: Any) -> Any:
        """Share of the rates that is left at this update: 1 without a schedule."""
        ...


class SGDState(NamedTuple):
    """What SGD keeps: how many updates were made."""

    step: Any = 0


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent: update = -rate_l (gradient + weight_decay_l W_l).

    Parameters
    ----------
    rates : number, or one per layer
        How far a weight goes per unit of its gradient.
    schedule : str
        Of the rates: "constant", or "linear", which falls to 0 over `updates` updates.
    weight_decay : number, or one per layer
        Acts on weights, not on biases.
    biases : bool
        Whether biases learn; with False, and biases that start at 0, a network has none.
    """

    rates: tuple[float, ...] | float
    schedule: str = "constant"
    updates: int | None = None
    weight_decay: tuple[float, ...] | float = 0.0
    biases: bool = True

    def __post_init__(self) -> None:
        """Refuse schedules that cannot be."""
        object.__setattr__(self, "rates", checked_rates(self.rates))
        object.__setattr__(self, "weight_decay", checked_rates(self.weight_decay, "weight_decay"))
        check_schedule(self.schedule, self.updates)

    def init(self, params: Any) -> SGDState:
        """A count of zero."""
        rates_of(self.rates, params)
        self.decays(params)
        return SGDState()

    def decays(self, params: Any) -> tuple[float, ...]:
        """The weight decay of each layer of these weights."""
        return per_layer(self.weight_decay, len(params), "weight_decay", "layer")

    def factor(self, step: Any) -> Any:
        """Share of the rates that is left at an update."""
        return share_left(self.schedule, self.updates, step)

    def share(self, state: SGDState) -> Any:
        """Share of the rates that is left at this update."""
        return self.factor(state.step)

    def update(self, gradients: Gradients, state: SGDState, params: Any) -> tuple[Gradients, SGDState]:
        """-rate (gradient + weight_decay W), and the count."""
        factor = self.factor(state.step)
        settings = zip(rates_of(self.rates, params), self.decays(params), strict=True)
        layers = zip(branches(gradients).items(), branches(params).values(), settings)
        updates = [
            self._updates(name, gradient, layer, -rate * factor, decay)
            for (name, gradient), layer, (rate, decay) in layers
        ]
        return regrown(params, updates), SGDState(state.step + 1)

    def _updates(self, name: str, gradient: Any, weight: Any, rate: Any, decay: float) -> Any:
        """Those of a tree of gradients, which stands in a field of that name."""
        if gradient is None:
            return None
        if inner := branches(gradient):
            held = branches(weight).values()
            return regrown(gradient, [self._updates(key, inner[key], w, rate, decay) for key, w in zip(inner, held)])
        if is_bias(name):
            return gradient * (rate if self.biases else 0.0)
        update = gradient * rate
        if decay:
            update += weight * (rate * decay)  # of its own memory: one pass fewer
        return update


class AdamState(NamedTuple):
    """Running means of the gradient and of its square, and the number of updates."""

    mean: Any
    square: Any
    step: Any = 0


@dataclass(frozen=True)
class Adam:
    """Adam: update = -rate m' / (sqrt(v') + epsilon), with bias-corrected means. [Kingma & Ba 2015, algorithm 1]

    Parameters
    ----------
    rates : number, or one per layer
        About how far a weight goes per update.
    beta1, beta2 : float
        How much of the running means of the gradient and of its square stays at each update.
    epsilon : float
        Added to the root, so that nothing is divided by 0.
    schedule : str
        Of the rates, as that of `SGD`.
    updates : int or None
        Over which they fall to 0.

    Raises
    ------
    ValueError
        For running means outside [0, 1), and an epsilon of 0.
    """

    rates: tuple[float, ...] | float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    schedule: str = "constant"
    updates: int | None = None

    def __post_init__(self) -> None:
        """Refuse rates and means that cannot be."""
        object.__setattr__(self, "rates", checked_rates(self.rates))
        for name in ("beta1", "beta2", "epsilon"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1 and self.epsilon > 0):
            raise ValueError(f"expected beta1 and beta2 in [0, 1) and epsilon above 0, got {self}")
        check_schedule(self.schedule, self.updates)

    def init(self, params: Any) -> AdamState:
        """Means of zero."""
        rates_of(self.rates, params)
        zeros = tree_map(lambda leaf: leaf * 0, params)
        return AdamState(zeros, zeros)

    def share(self, state: AdamState) -> Any:
        """Share of the rates that is left at this update."""
        return share_left(self.schedule, self.updates, state.step)

    def update(self, gradients: Gradients, state: AdamState, params: Any) -> tuple[Gradients, AdamState]:
        """One step of Adam on everything that learns."""
        step = state.step + 1
        correction1, correction2 = 1.0 - self.beta1**step, 1.0 - self.beta2**step
        mean = where_learning(lambda m, g: self.beta1 * m + (1.0 - self.beta1) * g, state.mean, gradients)
        square = where_learning(lambda v, g: self.beta2 * v + (1.0 - self.beta2) * (g * g), state.square, gradients)

        def layer(gradient: Any, mean: Any, square: Any, rate: float) -> Any:
            return tree_map(
                lambda g, m, v: m * (-rate / correction1) / ((v * (1.0 / correction2)) ** 0.5 + self.epsilon),
                gradient, mean, square,
            )  # fmt: skip

        layers = zip(*(branches(tree).values() for tree in (gradients, mean, square)), strict=True)
        left = self.share(state)
        updates = [layer(g, m, v, rate * left) for (g, m, v), rate in zip(layers, rates_of(self.rates, params))]
        return regrown(params, updates), AdamState(mean, square, step)


def is_bias(name: str) -> bool:
    """Whether weights in a field of this name are biases."""
    return name.startswith("bias")


def check_schedule(schedule: str, updates: int | None) -> None:
    """Refuse schedules that cannot be."""
    if schedule not in ("constant", "linear"):
        raise ValueError(f"expected schedule 'constant' or 'linear', got {schedule!r}")
    if schedule == "linear" and not (updates and updates > 0):
        raise ValueError("expected updates=N beside schedule='linear' (after how many updates the rate is 0), got none")


def share_left(schedule: str, updates: int | None, step: Any) -> Any:
    """Share of the rates that is left at an update."""
    if schedule == "constant" or updates is None:
        return 1.0
    left = 1.0 - step / updates
    return left * (left > 0)


def rates_of(rates: Any, params: Any) -> tuple[float, ...]:
    """One rate per layer of these weights."""
    return per_layer(rates, len(params), "rates", "layer")


def checked_rates(rates: Any, name: str = "rates") -> tuple[float, ...] | float:
    """Rates as Python floats, so that they neither change a precision nor a hash."""
    try:
        values = [float(rate) for rate in (rates if isinstance(rates, Iterable) else [rates])]
    except (TypeError, ValueError):
        raise TypeError(f"expected {name} as a number, or one per layer, got {rates!r}") from None
    if any(not 0 <= rate < float("inf") for rate in values):
        raise ValueError(f"expected {name} of 0 or more, got {rates}")
    return tuple(values) if isinstance(rates, Iterable) else values[0]


def apply_updates(params: Any, updates: Gradients) -> Any:
    """The weights with the updates added."""
    return where_learning(lambda weight, update: weight + update, params, updates)


def where_learning(function: Callable[[Any, Any], Any], tree: Any, changes: Any) -> Any:
    """The tree with `function(leaf, change)` where both are there, and as it was where either is None."""
    if tree is None or changes is None:
        return tree
    if inner := branches(tree):
        others: Sequence[Any] = list(branches(changes).values())
        return regrown(tree, [where_learning(function, *each) for each in zip(inner.values(), others)])
    return function(tree, changes)
