"""The plant inside a PyTorch training loop
========================================

Autograd goes through the arm, thirty steps at a time.

python demos/plant_in_torch.py [--updates 150]        (needs the extra armfa[torch])
"""

import argparse

import matplotlib.pyplot as plt
import torch

from armfa.plant import ArmState, Simulator, hand_position, make_arm


def main(updates: int = 150) -> float:
    """Train a small network to bring the hand to a place in 0.3 s; returns the last mean distance, m."""
    torch.manual_seed(0)
    arm, target = make_arm(activation="first_order"), torch.tensor([0.05, 0.45])
    simulator = Simulator(arm)
    network = torch.nn.Sequential(torch.nn.Linear(10, 64), torch.nn.Tanh(), torch.nn.Linear(64, 6), torch.nn.Sigmoid())
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    distance, distances = torch.tensor(0.0), []
    for update in range(updates):
        angle = torch.tensor(arm.center_posture) + 0.2 * torch.randn(32, 2)
        state = ArmState(angle, torch.zeros(32, 2), torch.zeros(32, 6))
        loss = torch.tensor(0.0)
        for _ in range(30):
            state = simulator.step(state, network(torch.cat(state, -1)))
            distance = torch.linalg.vector_norm(hand_position(arm, state.joint_angle) - target, dim=-1).mean()
            loss = loss + distance / 30 + 1e-3 * (state.joint_velocity**2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        distances.append(1000 * distance.item())
        if update % 30 == 0 or update == updates - 1:
            print(f"update {update:4d}: the hand ends {1000 * distance.item():.0f} mm from the target")
    plt.plot(distances)
    plt.xlabel("update")
    plt.ylabel("the hand ends so far from the target, mm")
    plt.show()
    return distance.item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=150)
    main(parser.parse_args().updates)
