"""Random steps in every task, arm, integrator and kind of muscle: finite numbers, and Gymnasium's contract."""

import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import gymnasium as gym
import numpy as np

from armfa.benchmarks.stress.lines import Line
from armfa.envs.registration import LIMITS
from armfa.plant import PRESETS, make_arm
from armfa.plant.description import FILES
from armfa.plant.integrators import INTEGRATORS

ARMS = 250
"""In one vector environment."""
LONGEST = 200
"""Steps of one environment."""


def steps(seconds: float, seed: int, arms: tuple[str, ...] = (*PRESETS, *FILES)) -> Iterator[Line]:
    """Random commands, the ends of the range among them, in every environment there is, in random order."""
    rng = np.random.default_rng(seed)
    cases = [case for case in product(LIMITS, arms, INTEGRATORS, ("static", "first_order")) if fits(case)]
    start, done, wrong, told = time.monotonic(), dict.fromkeys(INTEGRATORS, 0), dict.fromkeys(INTEGRATORS, 0), ""
    for number in rng.permutation(len(cases)):
        task, arm, integrator, activation = cases[number]
        settings: dict[str, Any] = {"dt": 0.002} if arm == "lillicrap_scott" else {}
        env = gym.make_vec(
            f"armfa/{task}-v0", num_envs=ARMS, arm=arm, integrator=integrator, activation=activation, **settings
        )
        problem, steps_done = tried(env, rng)
        env.close()
        done[integrator] += steps_done
        wrong[integrator] += bool(problem)
        told = told or (f"{task}, {arm}, {integrator}, {activation}: {problem}" if problem else "")
        if time.monotonic() - start > seconds:
            break
    for integrator in INTEGRATORS:
        if done[integrator]:
            yield Line("steps", f"random steps with {integrator}", done[integrator], wrong[integrator],
                       told if wrong[integrator] else f"{len(cases)} environments in all")  # fmt: skip


def fits(case: tuple[str, str, str, str]) -> bool:
    """Whether there is such an environment: the package refuses explicit Euler with dynamics."""
    _, arm, integrator, activation = case
    if activation == "static":
        return True
    try:
        make_arm(arm, activation=activation)
    except ValueError:
        return False
    return integrator != "euler"


def tried(env: gym.vector.VectorEnv, rng: np.random.Generator) -> tuple[str, int]:
    """What is wrong with random steps of an environment, and how many there were."""
    observation, _ = env.reset(seed=int(rng.integers(2**31)))
    low, high = env.single_action_space.low, env.single_action_space.high  # type: ignore[attr-defined]
    held = rng.integers(1, 40)
    for step in range(LONGEST):
        if step % held == 0:  # half of the commands at an end of the range, some held for long
            action = rng.uniform(low, high, (ARMS, len(low)))
            action = np.where(
                rng.random(action.shape) < 0.5, np.where(rng.random(action.shape) < 0.5, low, high), action
            )
        observation, reward, ended, cut, _ = env.step(action.astype(env.single_action_space.dtype))
        if not (np.isfinite(observation).all() and np.isfinite(reward).all()):
            return f"not finite at step {step}", ARMS * (step + 1)
        if not env.observation_space.contains(observation):
            return f"an observation outside its space at step {step}", ARMS * (step + 1)
        if ended.dtype != bool or cut.dtype != bool or reward.shape != (ARMS,):
            return "other kinds of answers", ARMS * (step + 1)
    return "", ARMS * LONGEST
