"""Feedback weights that learn, so that they come to match the forward weights without ever reading them."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace, per_layer, transpose
from armfa.controllers.rules.base import RuleState, Settings
from armfa.controllers.rules.feedback import (
    Feedback,
    FeedbackRule,
    RandomFeedback,
    draw_matrix,
    shared_by,
    units_above,
)
from armfa.controllers.trees import tree_map


def correlate(lower: Array, upper: Array) -> Array:
    """Batch mean of lower upper^T, (..., n_lower, n_upper)."""
    return transpose(lower) @ (upper * (1.0 / upper.shape[-2]))


def check_rate_and_decay(rule: Any) -> None:
    """Refuse rates at which feedback cannot learn."""
    if not (rule.rate > 0 and rule.decay >= 0):
        raise ValueError(f"expected rate above 0 and decay of 0 or more, got {rule.rate} and {rule.decay}")


def stepped(matrix: Array, gradient: Array, rate: Any, decay: float) -> Array:
    """A matrix after one step down, -rate (gradient + decay B)."""
    return (1.0 - rate * decay) * matrix - rate * gradient


@dataclass(frozen=True)
class LearnedFeedback(Settings):
    """Settings of feedback that learns beside the forward weights, at the optimizer's pace.

    rate, decay : of B; give them the optimizer's rate of the layer above and its weight decay. Where a schedule leaves
        the optimizer a share of its rates, B has the same share of its own.
    """

    rate: float = 0.01
    decay: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what cannot be learned."""
        super().__post_init__()
        check_rate_and_decay(self)

    def paced(self, state: Any, share: Any) -> Any:
        """The state with the share of the rates that is left at this update."""
        return state._replace(share=share)

    def changed(self, state: Any, matrices: Any, gradients: Any) -> Any:
        """The feedback matrices, of any tree, after one step down."""
        rate = self.rate if state.share is None else self.rate * state.share
        return tree_map(lambda matrix, gradient: stepped(matrix, gradient, rate, self.decay), matrices, gradients)


@dataclass(frozen=True)
class KolenPollack(LearnedFeedback, RandomFeedback, FeedbackRule):
    """B gets the change of W^T, and both decay: dB = -rate (h delta^T + decay B). [Kolen & Pollack 1994]

    With the SGD's own rate and weight_decay, B - W^T shrinks by 1 - rate decay at every update, whatever the data.
    [as written by Akrout et al. 2019, section 3] Settings: see `LearnedFeedback`, `RandomFeedback`, `FeedbackRule`.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights", "own rates")
    keeps: ClassVar[tuple[str, ...]] = ("B, per layer, learned",)
    source: ClassVar[str] = "Kolen & Pollack 1994; Akrout et al. 2019"

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n of the layer above)."""
        return Feedback(self.draw(params, units_above(params), rng))

    def feedback(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """B as it is now."""
        return state.matrices

    def learn(self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: Feedback, rng: Any) -> RuleState:
        """B after the Hebbian product of its own two populations."""
        pairs = zip(trace.inputs[1:], deltas[1:])
        return Feedback(self.changed(state, state.matrices, [correlate(rate, delta) for rate, delta in pairs]))


@dataclass(frozen=True)
class WeightMirror(RandomFeedback, FeedbackRule):
    """Noise sent forward shows what W is: dB = rate (<xi y^T> - decay B), y = W xi.

    In the mirror phase, after every batch, the units of a hidden layer fire at random, xi ~ N(0, 1), and the layer
    above answers; the mean product is W^T, so that B goes to W^T / decay.
    [Akrout et al. 2019, section 2: there with the answer's nonlinearity, here in its linear range]
    Settings: see `RandomFeedback` and `FeedbackRule`.

    rate, decay : of B. examples : noise patterns per mirror phase.
    """

    rate: float = 0.05
    decay: float = 1.0
    examples: int = 16

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights", "answers of the layer above to noise")
    keeps: ClassVar[tuple[str, ...]] = ("B, per layer, learned",)
    source: ClassVar[str] = "Akrout, Wilson, Humphreys, Lillicrap & Tweed 2019"

    def __post_init__(self) -> None:
        """Refuse what cannot be learned."""
        super().__post_init__()
        check_rate_and_decay(self)

    def init(self, params: Params, rng: Any) -> RuleState:
        """Random matrices, B_l (..., n_hidden_l, n of the layer above)."""
        return Feedback(self.draw(params, units_above(params), rng))

    def feedback(self, params: Params, state: Feedback) -> tuple[Array, ...]:
        """B as it is now."""
        return state.matrices

    def learn(self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: Feedback, rng: Any) -> RuleState:
        """B after one mirror phase."""
        return Feedback(tuple(self.mirror(matrix, layer, rng) for matrix, layer in zip(state.matrices, params[1:])))

    def mirror(self, matrix: Array, layer: Any, rng: Any) -> Array:
        """B of one layer after its units fired at random."""
        noise = rng.standard_normal((self.examples, matrix.shape[-2]), layer.weight.dtype)  # (..., examples, n_hidden)
        answer = noise @ transpose(layer.weight)
        return stepped(matrix, -correlate(noise, answer), self.rate, self.decay)


class Product(NamedTuple):
    """Two feedback matrices per hidden layer: B into an extra population, R from there to the layer."""

    outer: tuple[Array, ...]  # R (..., n_hidden, n_population), fixed
    matrices: tuple[Array, ...]  # B (..., n_population, n of the layer above), learned
    share: Any = None  # of the rates that is left at this update; None: all


@dataclass(frozen=True)
class ProductFeedbackAlignment(LearnedFeedback, RandomFeedback, FeedbackRule):
    """Feedback through an extra population: signal = R B delta, dB = -rate (R^T h delta^T + decay B).

    R is fixed with R R^T near 1, so that R B changes as W^T does, as in Kolen-Pollack, although neither R nor B
    resembles W^T. [Ji-An & Benna 2024] Settings: see `LearnedFeedback`, `RandomFeedback` and `FeedbackRule`.

    population : size of the extra population, in units of the hidden layer's.
    """

    population: float = 4.0

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights", "own rates through R")
    keeps: ClassVar[tuple[str, ...]] = ("fixed R and learned B, per layer",)
    source: ClassVar[str] = "Ji-An & Benna 2024"

    def init(self, params: Params, rng: Any) -> RuleState:
        """R ~ N(0, 1 / n_population), B as the scale says."""
        rng = rng if self.seed is None else np.random.default_rng(self.seed)
        outer, inner = [], []
        scales = per_layer(self.scale, len(params) - 1, "feedback scale", "hidden layer")
        for layer, scale in zip(params[1:], scales):
            above, hidden = layer.weight.shape[-2:]
            size = max(1, round(self.population * hidden))
            outer.append(draw_matrix(rng, (hidden, size), size**-0.5, "normal", 0.0, layer.weight))
            inner.append(draw_matrix(rng, (size, above), scale, self.distribution, self.sparsity, layer.weight))
        return Product(shared_by(params, outer), shared_by(params, inner))

    def feedback(self, params: Params, state: Product) -> tuple[Array, ...]:
        """R B."""
        return tuple(outer @ inner for outer, inner in zip(state.outer, state.matrices))

    def learn(self, network: MLP, params: Params, trace: Trace, deltas: Deltas, state: Product, rng: Any) -> RuleState:
        """B after the Hebbian product of the population's own input from below and the error."""
        parts = zip(state.outer, trace.inputs[1:], deltas[1:])
        gradients = [correlate(rate @ r, delta) for r, rate, delta in parts]
        return Product(state.outer, self.changed(state, state.matrices, gradients))
