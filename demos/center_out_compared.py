"""PPO, feedback alignment and an oracle on the same trials
========================================================

CenterOut by three controllers: a table, a film and a picture.

- PPO from Stable-Baselines3 at its own hyper-parameters, trained here as in `demos/ppo_vector.py` on 64 arms at once.
- The 6-500-6 network that comes with armfa, trained by feedback alignment on the hand's velocity and never on a reach:
  the velocity asked for is 12/s times the distance to where the hand should be, at most 0.5 m/s.
- Iterative LQR, which knows trial and arm ahead (`armfa.world.ilqr`).

Takes some minutes, most of them for PPO; with `--small` a few seconds. Needs: pip install "armfa[sb3]"
"""

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import armfa  # registers the environments
from armfa.controllers.trees import tree_map
from armfa.envs import open_door
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv
from armfa.plant import hand_velocity
from armfa.rendering import Scene, arm_scene
from armfa.rendering.viewer import draw_frame
from armfa.reports.film import write_film
from armfa.tasks import CenterOut, velocity_toward
from armfa.world import Rollout, World, ilqr, rollout
from armfa.world.reference import each_score, first_guess, steps

TRIALS, SHOWN = 16, (0, 3, 6, 1)
"""Trials of the table, two of each target, and those of the film."""
LENGTH, SIZE, RATE = 1.2, 256, 25
"""Of a trial in the film, s; of each panel, pixels; frames per second."""


def trained(length: int, small: bool) -> PPO:
    """PPO after so many steps of all arms together."""
    arms = 4 if small else 64
    many = VecMonitor(StableBaselinesVecEnv(gym.make_vec("armfa/CenterOut-v0", arms, autoreset_mode="SameStep")))
    size = {"batch_size": 32, "n_epochs": 2} if small else {}
    model = PPO("MlpPolicy", many, n_steps=16 if small else 2048 // arms, seed=0, device="cpu", **size)
    return model.learn(length)


def by_ppo(model: PPO) -> Callable:
    """PPO without exploration as a function from moments to excitations."""
    door = open_door(CenterOut())

    def command(moment):
        seen = np.concatenate(door.seen(moment), axis=-1).astype(np.float32)
        return door.excitation(model.predict(seen, deterministic=True)[0].astype(float))

    return command


def by_feedback_alignment(world: World) -> Callable:
    """The shipped controller as a function from moments to excitations."""
    policy = armfa.load_controller("li_todorov/feedback-alignment")

    def command(moment):
        desired = velocity_toward(world.goal(moment), world.hand(moment), gain=12.0, max_speed=0.5)
        seen = np.concatenate([moment.arm.joint_angle, moment.arm.joint_velocity, desired], axis=-1)
        return policy(seen).astype(float)

    return command


def row(world: World, name: str, run: Rollout) -> dict[str, str]:
    """Means over the trials, each until it has succeeded."""
    score, outcomes = each_score(run.outcomes), run.outcomes
    held = np.where(outcomes.success.any(0), outcomes.success.argmax(0) + 1, len(outcomes.success))
    after_go = held * world.step_time - run.moments.trial.onset[0]
    go = np.ceil(run.moments.trial.onset[0] / world.step_time - 1e-9).astype(int)
    hand = world.hand(run.moments)
    left = np.linalg.norm(hand[go, np.arange(len(go))] - hand[0], axis=-1)
    speed = np.hypot(*np.moveaxis(hand_velocity(world.arm, *run.moments.arm[:2]), -1, 0))
    return {
        "controller": name,
        "success": f"{score.success.mean():.2f}",
        "return": f"{score.reward.mean():.1f}",
        "error at the end, mm": f"{1000 * score.error.mean():.1f}",
        "from the centre at the go, mm": f"{1000 * left.mean():.1f}",
        "from go to success, s": f"{after_go.mean():.2f}",
        "peak speed, m/s": f"{speed.max(0).mean():.2f}",
        "mean squared excitation": f"{(run.commands**2).mean():.3f}",
    }


def scene(world: World, name: str, run: Rollout, trial: int, step: int) -> Scene:
    """One controller in one trial at one step."""
    moment = tree_map(lambda leaf: leaf[step, trial], run.moments)
    trail = world.hand(tree_map(lambda leaf: leaf[max(0, step - 60) : step + 1, trial], run.moments))
    return arm_scene(
        world.arm, moment.arm, target=world.goal(moment), trail=trail, time=step * world.step_time, caption=name
    )  # fmt: skip


def drawn(world: World, runs: dict[str, Rollout]) -> None:
    """The hand's way in every trial, one panel for each controller."""
    _, axes = plt.subplots(1, len(runs), figsize=(9.0, 3.2), sharex=True, sharey=True, layout="constrained")
    for axis, (name, run) in zip(axes, runs.items(), strict=True):
        hand = 100 * world.hand(run.moments)  # (steps + 1, trials, 2), cm
        axis.plot(hand[..., 0], hand[..., 1], linewidth=1)
        axis.set(title=name, xlabel="x, cm", aspect="equal")
    axes[0].set_ylabel("y, cm")
    plt.show()


def main() -> None:
    """Trains, prints the table, writes the film and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600_000, help="of PPO, all arms together")
    parser.add_argument("--out", type=Path, default=Path("docs/figures"), help="folder of the film and the table")
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)
    torch.set_num_threads(1)  # the network is small

    model = trained(128 if args.small else args.steps, args.small)
    world = open_door(CenterOut()).world
    moment, length = world.begin(world.task.evaluation(world.simulator, TRIALS)), steps(world)
    guess = rollout(world, first_guess(world), moment, length)
    plan = ilqr(world, moment, guess.commands, rounds=1 if args.small else 20)
    runs = {
        "PPO": rollout(world, by_ppo(model), moment, length),
        "FA": rollout(world, by_feedback_alignment(world), moment, length),
        "oracle": Rollout(plan.moments, plan.commands, plan.outcomes),
    }
    rows = [row(world, name, run) for name, run in runs.items()]
    for each in rows:
        print("  ".join(f"{key} {value}" for key, value in each.items()))
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.out / "center_out_compared.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    every = round(1.0 / (RATE * world.step_time))
    moments = [(trial, step) for trial in SHOWN for step in range(0, round(LENGTH / world.step_time), every)]
    frames = (
        np.concatenate([draw_frame(scene(world, name, run, *at), SIZE) for name, run in runs.items()], axis=1)
        for at in (moments[:2] if args.small else moments)
    )
    write_film(args.out / "center_out_compared.gif", frames, RATE)
    print(args.out / "center_out_compared.gif")
    drawn(world, runs)


if __name__ == "__main__":
    main()
