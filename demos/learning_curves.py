"""Learning curves of off-the-shelf learners
=========================================

How fast off-the-shelf learners solve a task: success over environment steps, a table and a picture.

PPO and SAC from Stable-Baselines3 at its own hyper-parameters, on 64 arms at once, but for what the number of arms
changes: PPO's 2048 transitions per update are shared among the arms, and SAC makes one update per 8 steps
(`--updates-per-step 1`, with few `--arms`, is what it does with one arm). `her` is SAC with hindsight replay, from the
sparse reward, with one update per step on 8 arms.
`sampled` is the success of the last 100 episodes of training, with exploration; `success` and `return` are of 100 other
episodes without. The rows of other algorithms and seeds that the table holds already are kept.

One seed takes 5 to 10 minutes, of `her` a quarter of an hour. Needs: pip install "armfa[sb3]"
"""

import argparse
import csv
from pathlib import Path

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
from stable_baselines3 import PPO, SAC, HerReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecMonitor

import armfa  # registers the environments
from armfa.envs.stable_baselines3 import StableBaselinesVecEnv

COLUMNS = ("algorithm", "seed", "steps", "sampled", "success", "return")
LENGTH = {"ppo": 600_000, "sac": 200_000, "her": 60_000}
ARMS = {"ppo": 64, "sac": 64, "her": 8}
UPDATES_PER_STEP = {"ppo": None, "sac": 1 / 8, "her": 1.0}  # PPO makes ten passes over each 2048 transitions


def vector(task: str, name: str, arms: int, seed: int) -> VecMonitor:
    """Many arms that Stable-Baselines3 takes."""
    goals = {"goal_observation": True, "reward": "sparse"} if name == "her" else {}
    env = VecMonitor(StableBaselinesVecEnv(gym.make_vec(task, arms, autoreset_mode="SameStep", **goals)))
    env.seed(seed)
    return env


class Curve(BaseCallback):
    """From time to time in a run: success in training and without exploration, on 100 arms of `test`."""

    def __init__(self, test: VecMonitor, run: tuple[str, str], every: int, out: Path):
        super().__init__()
        self.test, self.run, self.every, self.rows = test, run, every, []
        self.out, self.others = out, [row for row in read(out) if (row["algorithm"], row["seed"]) != run]

    def _on_step(self) -> bool:
        if self.num_timesteps // self.every > len(self.rows):
            self.note()
        return True

    def note(self) -> None:
        """One row, in table and picture."""
        n = self.test.num_envs
        self.test.seed(12345)
        seen, success, returns = self.test.reset(), np.zeros(n), np.full(n, np.nan)
        while np.isnan(returns).any():
            seen, _, ended, infos = self.test.step(self.model.predict(seen, deterministic=True)[0])
            for i in np.flatnonzero(ended & np.isnan(returns)):
                success[i], returns[i] = infos[i]["is_success"], infos[i]["episode"]["r"]
        sampled = float(np.mean(self.model.ep_success_buffer or [0.0]))
        row = (*self.run, self.num_timesteps, f"{sampled:.2f}", f"{success.mean():.2f}", f"{returns.mean():.1f}")
        print(*row, flush=True)
        self.rows.append(dict(zip(COLUMNS, map(str, row))))
        write(self.others + self.rows, self.out)


def read(out: Path) -> list[dict[str, str]]:
    """The rows of the table, none where there is none yet."""
    table = out.with_suffix(".csv")
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def write(rows: list[dict[str, str]], out: Path) -> None:
    """Table and picture."""
    rows = sorted(rows, key=lambda row: (row["algorithm"], int(row["seed"]), int(row["steps"])))
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.with_suffix(".csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    drawn(rows, out.with_suffix(".png"))


def train(task: str, name: str, seed: int, steps: int, arms: int, ratio: float | None, out: Path) -> None:
    """One run. ratio : updates per step of one arm."""
    env, settings = vector(task, name, arms, 1000 * seed), {"seed": seed, "device": "cpu"}
    small = steps < 10_000
    if name == "ppo":
        model = PPO("MlpPolicy", env, n_steps=max(1, 2048 // arms), **settings)
    else:
        settings["gradient_steps"] = max(1, round(arms * ratio))  # per step of all arms
        if name == "her":  # it replays whole episodes
            settings.update(replay_buffer_class=HerReplayBuffer, learning_starts=200 * arms)
        model = SAC("MultiInputPolicy" if name == "her" else "MlpPolicy", env, **settings)
    test = vector(task, name, 2 if small else 100, 0)
    model.learn(steps, callback=Curve(test, (name, str(seed)), steps if small else steps // 10, out))


def drawn(rows: list[dict[str, str]], file: Path) -> None:
    """One panel for each algorithm, one line for each seed."""
    plt.close("all")
    names = sorted({row["algorithm"] for row in rows})
    figure, axes = plt.subplots(1, len(names), figsize=(4.5 * len(names), 3.2), squeeze=False, sharey=True)
    for axis, name in zip(axes[0], names, strict=True):
        for seed in sorted({row["seed"] for row in rows if row["algorithm"] == name}):
            mine = [row for row in rows if (row["algorithm"], row["seed"]) == (name, seed)]
            steps = [int(row["steps"]) / 1000 for row in mine]
            label = ("without exploration", "in training") if axis is axes[0, 0] and not axis.lines else (None, None)
            axis.plot(steps, [float(row["success"]) for row in mine], color="#0072B2", label=label[0])
            axis.plot(steps, [float(row["sampled"]) for row in mine], color="#D55E00", ls="--", label=label[1])
        seeds = len({row["seed"] for row in rows if row["algorithm"] == name})
        axis.set(
            title=f"{name.upper()}, n = {seeds} seed{'s' if seeds > 1 else ''}",
            xlabel="environment steps (thousands)",
            ylim=(0, 1.02),
        )
    axes[0, 0].set_ylabel("share of successful episodes")
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file, dpi=120)


def main() -> None:
    """Trains, seed after seed; table and picture grow with every row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="armfa/Reach-v0")
    parser.add_argument("--algorithm", choices=LENGTH, default="ppo")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", type=int, help="how many at once")
    parser.add_argument("--steps", type=int, help="environment steps of all arms together")
    parser.add_argument("--updates-per-step", type=float, help="of SAC, and of her")
    parser.add_argument(
        "--out", type=Path, default=Path("reach_learning"), help="writes OUT.csv and OUT.png; one per --env"
    )
    parser.add_argument("--small", action="store_true", help="a few seconds, to see that it runs")
    args = parser.parse_args()
    gym.register_envs(armfa)
    torch.set_num_threads(1)

    for seed in [0] if args.small else args.seeds:
        steps, arms = args.steps or LENGTH[args.algorithm], args.arms or ARMS[args.algorithm]
        if args.small:
            steps, arms = {"ppo": 2048, "sac": 120, "her": 416}[args.algorithm], 2 if args.algorithm == "her" else 4
        ratio = args.updates_per_step or UPDATES_PER_STEP[args.algorithm]
        train(args.env, args.algorithm, seed, steps, arms, ratio, args.out)


if __name__ == "__main__":
    main()
