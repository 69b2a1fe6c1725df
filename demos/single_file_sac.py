"""SAC in one file
===============

After the manner of CleanRL: nothing but torch, each thing in the order in which it happens.

python demos/single_file_sac.py --env armfa/Reach-v0 --steps 200000        (needs the extra armfa[torch])

The arms are a native vector environment that begins an episode anew in the step in which the last one ended
(autoreset_mode="SameStep"): the last observation is in infos["final_obs"], and only what is terminated has no future.
Takes some minutes; with `--small` a few seconds.
[Haarnoja et al. 2018, arXiv:1812.05905; hyper-parameters: those of Stable-Baselines3]
"""

import copy
import time
from dataclasses import dataclass, replace

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import torch
import tyro
from torch import nn
from torch.distributions import Normal

import armfa  # registers the environments


@dataclass(frozen=True)
class Settings:
    """Of the run."""

    env: str = "armfa/Reach-v0"
    """The id."""
    steps: int = 200_000
    """Of all arms together."""
    arms: int = 64
    """Side by side."""
    updates: int = 8
    """Gradients after each step of the arms."""
    seed: int = 0
    """Of weights, actions and environments."""
    memory: int = 1_000_000
    """Transitions that are kept."""
    begin: int = 1_000
    """Steps of random actions before the first gradient."""
    batch_size: int = 256
    """Transitions per gradient."""
    hidden: int = 256
    """Units of each of two hidden layers."""
    rate: float = 3e-4
    """Adam's rate, of actor, critics and temperature."""
    discount: float = 0.99
    """Per step."""
    follow: float = 0.005
    """How far the target critics go toward the critics after each gradient."""
    small: bool = False
    """A few seconds, to see that it runs."""


def network(n_in: int, n_out: int, hidden: int) -> nn.Sequential:
    """Two hidden layers."""
    inner = nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
    return nn.Sequential(*inner, nn.Linear(hidden, n_out))


def act(actor: nn.Module, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Actions in (-1, 1), tanh of a Gaussian's, and the logarithm of their probability (...,)."""
    mean, log_spread = actor(seen).chunk(2, -1)
    policy = Normal(mean, log_spread.clamp(-20.0, 2.0).exp())
    drawn = policy.rsample()
    action = drawn.tanh()
    return action, (policy.log_prob(drawn) - (1.0 - action * action + 1e-6).log()).sum(-1)


class Memory:
    """Transitions, the oldest of which are written over."""

    def __init__(self, size: int, n_in: int, n_out: int):
        widths = n_in, n_out, 1, n_in, 1
        self.parts = [np.zeros((size, width), np.float32) for width in widths]
        self.size, self.count = size, 0

    def keep(self, *arrays: np.ndarray) -> None:
        """Observations, actions, rewards, next observations, and 1 where it was the end."""
        rows = np.arange(self.count, self.count + len(arrays[0])) % self.size
        for part, array in zip(self.parts, arrays):
            part[rows] = array.reshape(len(rows), -1)
        self.count += len(rows)

    def drawn(self, rng: np.random.Generator, count: int) -> list[torch.Tensor]:
        """Some of them at random."""
        rows = rng.integers(0, min(self.count, self.size), count)
        return [torch.as_tensor(part[rows]) for part in self.parts]


def main(settings: Settings) -> float:
    """Trains; returns the mean return of the last 100 episodes."""
    if settings.small:
        settings = replace(settings, steps=900, arms=4, updates=1, memory=1_000, begin=400, hidden=32, batch_size=32)
    gym.register_envs(armfa)
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    envs = gym.make_vec(settings.env, settings.arms, autoreset_mode="SameStep")
    envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
    envs.action_space.seed(settings.seed)
    n_in, n_out = envs.single_observation_space.shape[0], envs.single_action_space.shape[0]
    actor = network(n_in, 2 * n_out, settings.hidden)
    critics = nn.ModuleList(network(n_in + n_out, 1, settings.hidden) for _ in range(2))
    targets = copy.deepcopy(critics).requires_grad_(False)
    log_temperature = torch.zeros(1, requires_grad=True)
    of_actor, of_critics, of_temperature = (
        torch.optim.Adam(x, settings.rate) for x in (actor.parameters(), critics.parameters(), [log_temperature])
    )
    memory = Memory(settings.memory, n_in, n_out)

    def learn() -> None:
        """One gradient of the critics, the actor and the temperature."""
        seen, action, reward, after, ended = memory.drawn(rng, settings.batch_size)
        temperature = log_temperature.exp().detach()
        with torch.no_grad():
            following, log_prob = act(actor, after)
            worth = torch.min(*(critic(torch.cat([after, following], -1)) for critic in targets))
            wanted = reward + settings.discount * (1.0 - ended) * (worth - temperature * log_prob[:, None])
        loss = sum((critic(torch.cat([seen, action], -1)) - wanted).square().mean() for critic in critics)
        of_critics.zero_grad()
        loss.backward()
        of_critics.step()

        chosen, log_prob = act(actor, seen)
        worth = torch.min(*(critic(torch.cat([seen, chosen], -1)) for critic in critics))
        of_actor.zero_grad()
        (temperature * log_prob[:, None] - worth).mean().backward()
        of_actor.step()

        of_temperature.zero_grad()  # so that the entropy is as many nats below 0 as there are actions
        (-log_temperature.exp() * (log_prob.detach() - n_out).mean()).sum().backward()
        of_temperature.step()
        with torch.no_grad():
            for slow, fast in zip(targets.parameters(), critics.parameters()):
                slow.lerp_(fast, settings.follow)

    returns, successes, done = list[float](), list[bool](), 0
    start, now = time.monotonic(), envs.reset(seed=settings.seed)[0]
    rounds = settings.steps // settings.arms
    for number in range(1, rounds + 1):
        if done < settings.begin:
            action = envs.action_space.sample()
        else:
            with torch.no_grad():
                action = act(actor, torch.as_tensor(now))[0].numpy()
        observation, reward, terminated, truncated, infos = envs.step(action)
        ended, after = terminated | truncated, observation
        if ended.any():
            after = observation.copy()
            after[ended] = np.stack(infos["final_obs"][ended])
            told = infos["final_info"]
            returns += infos["episode"]["r"][ended].tolist()
            successes += told.get("is_success", terminated)[ended].tolist()
        memory.keep(now, action, reward, after, terminated)
        now, done = observation, done + settings.arms
        if done >= settings.begin:
            for _ in range(settings.updates):
                learn()
        if number % max(1, rounds // 20) == 0 or number == rounds:
            pace, mean = done / (time.monotonic() - start), np.mean(returns[-100:] or [np.nan])
            share = 100 * np.mean(successes[-100:] or [np.nan])
            print(f"{done:8d} steps, {pace:6.0f} per s: return {mean:7.2f}, success {share:3.0f} %", flush=True)
    envs.close()
    plt.plot(returns, ".", markersize=2)
    plt.xlabel("episode")
    plt.ylabel("return")
    plt.show()
    return float(np.mean(returns[-100:] or [np.nan]))


if __name__ == "__main__":
    main(tyro.cli(Settings))
