"""Train a controller and let it reach
===================================

A 6-500-6 network learns to drive the arm by feedback alignment, then reaches for a target.

python demos/train_controller.py [--updates 5000]
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np

from armfa.controllers import MLP, SGD, FeedbackAlignment, train
from armfa.plant import hand_position, inverse_kinematics, rest_state
from armfa.problems.hand_velocity import HandVelocityProblem


def main(updates: int = 5000) -> None:
    """Train, report, reach."""
    problem = HandVelocityProblem()
    network = MLP((6, 500, 6), "tanh", weight_scale=(0.05, 0.02))
    optimizer = SGD((8.0, 0.02), schedule="linear", updates=updates)  # hidden layer, output layer
    result = train(problem, network, FeedbackAlignment(), optimizer, seeds=2, updates=updates, batch_size=32)
    print("test NSE of two networks:", result.curve["nse"][-1].round(4))
    print("angle between the teaching signals, degrees:", result.curve["angle"][-1].round(0).ravel())

    simulator, controller = problem.world.simulator, problem.controller(network, result.params(0))
    arm = simulator.arm
    start, target = np.array([0.0, 0.40]), np.array([0.10, 0.45])  # m
    state = rest_state(arm, inverse_kinematics(arm, start).astype(np.float32))
    path = [start]
    for _ in range(150):
        desired = 6.0 * (target - hand_position(arm, state.joint_angle))  # toward the target, 1/s times m
        state = simulator.step(state, controller(state, desired))
        path.append(hand_position(arm, state.joint_angle))
    miss = np.linalg.norm(hand_position(arm, state.joint_angle) - target)
    print(f"after 1.5 s the hand is {1000 * miss:.1f} mm from the target")

    _, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained")
    left.semilogy(result.curve["samples"], result.curve["nse"])
    left.set(xlabel="samples", ylabel="test NSE, one line for each network")
    right.plot(*100 * np.array(path).T)
    right.plot(*100 * target, "o", fillstyle="none", markersize=12)
    right.set(xlabel="x, cm", ylabel="y, cm", title="way of the hand", aspect="equal")
    plt.show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=5000)
    main(parser.parse_args().updates)
