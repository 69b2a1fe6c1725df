"""Movements as a Minari data set
==============================

Those of a trained controller: recorded, published in a local folder, read again, replayed.

python demos/minari_dataset.py --episodes 50        (needs: pip install armfa "minari[hdf5]")

The shipped controller by feedback alignment reaches for the targets of `armfa/Reach-v0`; actions are kept as the
environment takes them. Data sets lie in MINARI_DATASETS_PATH, or in ~/.minari/datasets.
"""

import argparse

import gymnasium as gym
import matplotlib.pyplot as plt
import minari
import numpy as np

import armfa
from armfa.tasks import velocity_toward

DATASET = "armfa/reach/feedback-alignment-v0"


def main(episodes: int = 50, dataset: str = DATASET) -> float:
    """Records, reads and replays; returns the largest difference of a reward in the replay."""
    env = minari.DataCollector(gym.make("armfa/Reach-v0", observation="si"), record_infos=True)
    policy = armfa.load_controller("li_todorov/feedback-alignment")
    for episode in range(episodes):
        observation, _ = env.reset(seed=episode)
        ended = False
        while not ended:
            joints, hand, target = observation[:4], observation[4:6], observation[6:]
            desired = velocity_toward(target, hand, gain=12.0, max_speed=0.5)  # m/s
            excitation = policy(np.concatenate([joints, desired]))
            action = (2.0 * excitation - 1.0).astype(np.float32)
            observation, _, terminated, truncated, _ = env.step(action)
            ended = terminated or truncated
    if dataset in minari.list_local_datasets():
        minari.delete_dataset(dataset)
    env.create_dataset(
        dataset,
        algorithm_name="feedback alignment",
        author="armfa",
        description="Reaches of the default arm for random targets, from random postures.",
    )
    env.close()

    read = minari.load_dataset(dataset)
    success = np.mean([episode.infos["is_success"][-1] for episode in read])
    print(f"{read.total_episodes} episodes, {read.total_steps} steps, success {100 * success:.0f} %")
    again, worst = read.recover_environment(), 0.0
    for episode in read:
        again.reset(seed=int(episode.id))  # as it was recorded
        for action, reward in zip(episode.actions, episode.rewards):
            worst = max(worst, abs(again.step(action)[1] - reward))
    again.close()
    for episode in read:
        plt.plot(episode.rewards)
    plt.xlabel("step")
    plt.ylabel("reward, one line for each episode")
    print(f"replayed in the environment that the data set names: rewards differ by at most {worst:.1e}")
    plt.show()
    return worst


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=50)
    parser.add_argument("--dataset", default=DATASET)
    arguments = parser.parse_args()
    main(arguments.episodes, arguments.dataset)
