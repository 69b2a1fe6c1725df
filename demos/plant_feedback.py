"""What must a controller know of its arm?
=======================================

To learn: the plant's Jacobian, a constant matrix, or nothing?

Feedback alignment on the arm, with the plant's part of the teaching signal exact, constant (mean, or learned from
babbling) or random; and with the hidden layer's feedback straight from the error of the hand (500 x 2).

    python demos/plant_feedback.py [--updates 20000] [--seeds 3]
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

from armfa.controllers import MLP, SGD, FeedbackAlignment, train
from armfa.problems.hand_velocity import HandVelocityProblem

FROM_MUSCLES = FeedbackAlignment(scale=0.5)
FROM_HAND = FeedbackAlignment(scale=0.5, carry="task", task_size=2)
CASES = (  # plant feedback to the output layer, rule of the hidden layer, rates (hidden, output)
    ("jacobian", FROM_MUSCLES, (6.0, 0.014)),
    ("mean", FROM_MUSCLES, (6.0, 0.014)),
    ("learned", FROM_MUSCLES, (6.0, 0.014)),
    ("random", FROM_MUSCLES, (6.0, 0.014)),
    ("random", FROM_MUSCLES, (0.6, 0.0014)),
    ("mean", FROM_HAND, (6.0, 0.014)),
    ("jacobian", FROM_HAND, (2.0, 0.014)),
    ("jacobian", FROM_HAND, (0.5, 0.05)),
)


def main(updates: int = 20_000, seeds: int = 3) -> None:
    """Train every case on seeds 0, 1, ...; the seed draws the babbling and the random matrix too."""
    network = MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02), bias_scale=(0.05, 0.0))
    print(f"{'to the muscles':16}{'to the hidden layer':22}{'rates':16}{'test NSE':>18}{'angle to backprop':>20}")
    _, axis = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    for kind, rule, rates in CASES:
        errors, angles = [], []
        for seed in range(seeds):
            problem = HandVelocityProblem(plant_feedback=kind, feedback_seed=seed)
            optimizer = SGD(rates, schedule="linear", updates=updates)
            result = train(problem, network, rule, optimizer, seeds=[seed], updates=updates, batch_size=16)
            errors.append(result.curve["nse"][-1, 0])
            angles.append(result.curve["angle"][-1, 0, 0])
        hidden = "from the hand" if rule is FROM_HAND else "from the muscles"
        error = f"{np.mean(errors):.4f} ± {np.std(errors, ddof=1) if seeds > 1 else 0:.4f}"
        print(f"{kind:16}{hidden:22}{rates!s:16}{error:>18}{np.mean(angles):19.0f}°")
        axis.plot(errors, [f"{kind}, {hidden}, {rates}"] * seeds, "o", color="#0072b2")
    axis.invert_yaxis()
    axis.set(xscale="log", xlabel="test NSE, one point for each network")
    plt.show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.updates, arguments.seeds)
