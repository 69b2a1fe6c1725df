"""Rules that try noise and keep what lowered the loss: they ask `loss.value` twice and no error."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import MLP, Deltas, Params, Trace
from armfa.controllers.losses import Loss
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode, mean_value
from armfa.controllers.rules.base import GradientEstimator, LearningRule, RuleState
from armfa.controllers.streams import size_of_one
from armfa.controllers.trees import spread, tree_map


@dataclass(frozen=True)
class NodePerturbation(LearningRule):
    """Noise on the units' inputs: delta_l = (L(xi) - L(0)) xi_l / sigma^2. [Williams 1992; Werfel, Xie & Seung 2005]

    Parameters
    ----------
    noise : float
        sigma, of xi ~ N(0, sigma^2), drawn for every unit and example.
    output : str
        "perturbation", or "delta": the output layer learns from its error by the delta rule and only hidden
        units are perturbed, as in Lillicrap et al. 2016.

    Raises
    ------
    ValueError
        For noise of 0, and for an output that there is not.
    """

    noise: float = 0.01
    output: str = "perturbation"

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own noise", "error, with output='delta' only")
    source: ClassVar[str] = "Williams 1992; Werfel, Xie & Seung 2005"

    def __post_init__(self) -> None:
        """Refuse noise of zero and unknown names."""
        super().__post_init__()
        check_noise(self.noise)
        if self.output not in ("perturbation", "delta"):
            raise ValueError(f"expected output 'perturbation' or 'delta', got {self.output!r}")

    def deltas(
        self, network: MLP, params: Params, trace: Trace, loss: Loss, state: RuleState, rng: Any
    ) -> tuple[Deltas, RuleState]:
        """Noise weighted by how much it raised the loss."""
        noise = [rng.standard_normal(z.shape[-2:], z.dtype) * self.noise for z in trace.preactivations]
        if self.output == "delta":
            noise[-1] = None
        noisy = network.forward(params, trace.inputs[0], noise)
        rise = (loss.value(noisy.output) - loss.value(trace.output)) * (1.0 / self.noise**2)  # (..., batch)
        deltas = [None if xi is None else rise[..., None] * xi for xi in noise]
        if self.output == "delta":
            deltas[-1] = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        return deltas, state


@dataclass(frozen=True)
class WeightPerturbation(GradientEstimator):
    """Noise on the weights: gradient = (L(W + xi) - L(W)) xi / sigma^2, L the batch's mean. [Werfel et al. 2005]

    noise : sigma, of xi ~ N(0, sigma^2), one draw per batch. It trains any circuit, on episodes too.
    """

    noise: float = 0.01

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own noise")
    source: ClassVar[str] = "Werfel, Xie & Seung 2005; Zuge, Klos & Memmesheimer 2023"

    def __post_init__(self) -> None:
        """Refuse noise of zero."""
        super().__post_init__()
        check_noise(self.noise)

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Noise weighted by how much it raised the loss."""
        noise = perturbation(params, self.noise, rng)
        rise = mean_value(circuit, moved(params, noise, 1.0), batch) - mean_value(circuit, params, batch)
        return _weighted(noise, rise * (1.0 / self.noise**2)), state


@dataclass(frozen=True)
class EvolutionStrategies(GradientEstimator):
    """A population of noisy networks: gradient = sum_k (L(W + xi_k) - L(W - xi_k)) xi_k / (2 n sigma^2).

    The pairs +-xi are the mirrored sampling of Salimans et al. 2017, section 2.1. It trains any circuit, on episodes
    too.

    noise : sigma. pairs : n.
    """

    noise: float = 0.01
    pairs: int = 8

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own noise")
    source: ClassVar[str] = "Salimans, Ho, Chen, Sidor & Sutskever 2017"

    def __post_init__(self) -> None:
        """Refuse noise of zero and empty populations."""
        super().__post_init__()
        check_noise(self.noise)
        if self.pairs < 1:
            raise ValueError(f"expected at least one pair, got {self.pairs}")

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Mean over the population of noise weighted by the loss."""
        share = 0.5 / (self.pairs * self.noise**2)
        total: Any = None
        for _ in range(self.pairs):
            noise = perturbation(params, self.noise, rng)
            up, down = (mean_value(circuit, moved(params, noise, sign), batch) for sign in (1.0, -1.0))
            part = _weighted(noise, (up - down) * share)
            total = part if total is None else moved(total, part, 1.0)
        return total, state


def perturbation(params: Any, sigma: float, rng: Any) -> Any:
    """Noise N(0, sigma^2) in the form of the weights."""
    return tree_map(lambda leaf: rng.standard_normal(size_of_one(leaf, rng), leaf.dtype) * sigma, params)


def moved(params: Any, step: Any, sign: float) -> Any:
    """The weights, plus sign times the step."""
    return tree_map(lambda weight, change: weight + sign * change, params, step)


def check_noise(noise: float) -> None:
    """Refuse a standard deviation that is not positive."""
    if not 0 < noise < float("inf"):
        raise ValueError(f"expected noise above 0 (a standard deviation, such as 0.01), got {noise}")


def _weighted(noise: Any, factor: Array) -> Any:
    return tree_map(lambda leaf: spread(factor, leaf) * leaf, noise)
