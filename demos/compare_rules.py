"""Learning rules side by side
===========================

On the arm, with the same first weights and the same data, a few networks each.

python demos/compare_rules.py [--updates 3000]
"""

import argparse

import matplotlib.pyplot as plt

from armfa.controllers import MLP, SGD, train
from armfa.problems.hand_velocity import HandVelocityProblem

RATES = {  # hidden layer, output layer: each rule has its own best pair
    "backprop": (150.0, 0.02),
    "feedback-alignment": (8.0, 0.02),
    "direct-feedback-alignment": (8.0, 0.02),
    "kolen-pollack": (8.0, 0.02),
    "shallow": (0.0, 0.05),
}


def main(updates: int = 3000, seeds: int = 3) -> None:
    """Train every rule and print what it reached."""
    problem, network = HandVelocityProblem(), MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02))
    print(f"{'rule':28}{'test NSE':>12}{'sd':>10}{'angle to backprop':>20}")
    _, axis = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for name, rates in RATES.items():
        optimizer = SGD(rates, schedule="linear", updates=updates)
        curve = train(problem, network, name, optimizer, seeds=seeds, updates=updates, batch_size=32).curve
        error, angle = curve["nse"][-1], curve["angle"][-1].mean()
        print(f"{name:28}{error.mean():12.5f}{error.std(ddof=1):10.5f}{angle:19.0f}°")
        axis.semilogy(curve["samples"], curve["nse"].mean(axis=1), label=name)
    axis.set(xlabel="samples", ylabel="test NSE, mean of the networks")
    axis.legend(frameon=False)
    plt.show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=3000)
    main(parser.parse_args().updates)
