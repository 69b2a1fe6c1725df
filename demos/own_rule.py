"""A learning rule of your own
===========================

It says what it sends to the hidden units, and nothing else.

This one is feedback alignment of which only the sign arrives. It may look at the error and at its own matrix B; it
never sees the forward weights, and it does not know that it trains an arm.

    python demos/own_rule.py [--updates 3000]
"""

import argparse
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

from armfa.controllers import MLP, SGD, FeedbackAlignment, LearningRule, train
from armfa.problems.hand_velocity import HandVelocityProblem


@dataclass(frozen=True)
class OneBitFeedback(LearningRule):
    """delta_hidden = sign(B delta_out) o f'(z): the hidden units are told a direction, not a size."""

    size: float = 0.02
    looks_at = ("error", "own feedback weights")
    keeps = ("fixed B",)

    def init(self, params, rng):
        """B ~ U(-1, 1), (..., n_out, n_hidden): as it is multiplied."""
        return rng.uniform(-1.0, 1.0, params[-1].weight.shape[-2:]).astype(params[-1].weight.dtype)

    def deltas(self, network, params, trace, loss, state, rng):
        """The teaching signal of each layer; the weight change is always delta x presynaptic rate."""
        delta_out = network.weigh(1, loss.error(trace.output), trace)
        signal = self.size * np.sign(delta_out @ state)
        return [network.weigh(0, signal, trace), delta_out], state


def main(updates: int = 3000) -> None:
    """Train it beside feedback alignment."""
    problem, network = HandVelocityProblem(), MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02))
    _, axis = plt.subplots(figsize=(6.0, 3.2), layout="constrained")
    for rule, rates in ((FeedbackAlignment(), (8.0, 0.02)), (OneBitFeedback(), (8.0, 0.02))):
        optimizer = SGD(rates, schedule="linear", updates=updates)
        curve = train(problem, network, rule, optimizer, seeds=2, updates=updates, batch_size=32).curve
        print(f"{type(rule).__name__:20} test NSE {curve['nse'][0].mean():.4f} -> {curve['nse'][-1].mean():.4f}")
        axis.semilogy(curve["samples"], curve["nse"].mean(axis=1), label=type(rule).__name__)
    axis.set(xlabel="samples", ylabel="test NSE")
    axis.legend(frameon=False)
    plt.show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=3000)
    main(parser.parse_args().updates)
