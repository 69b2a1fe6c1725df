"""PPO in one file
===============

After the manner of CleanRL: nothing but torch, each thing in the order in which it happens.

python demos/single_file_ppo.py --env armfa/Reach-v0 --steps 600000        (needs the extra armfa[torch])

The arms are a native vector environment that begins an episode anew in the step in which the last one ended
(autoreset_mode="SameStep"). An episode that is truncated goes on in value: its last reward gets what the critic expects
from its last observation, which is in infos["final_obs"]. Takes some minutes; with `--small` a few seconds.
[Schulman et al. 2017, arXiv:1707.06347; hyper-parameters: those of Stable-Baselines3]
"""

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
    steps: int = 600_000
    """Of all arms together."""
    arms: int = 64
    """Side by side."""
    seed: int = 0
    """Of weights, actions and environments."""
    rollout: int = 32
    """Steps of each arm per update."""
    epochs: int = 10
    """Times that each rollout is learned from."""
    batch_size: int = 64
    """Transitions per gradient."""
    rate: float = 3e-4
    """Adam's rate."""
    discount: float = 0.99
    """Per step."""
    trace: float = 0.95
    """lambda of the generalized advantage."""
    clip: float = 0.2
    """How far the ratio of new to old probability counts."""
    value_weight: float = 0.5
    """Of the critic's squared error in the loss."""
    largest_gradient: float = 0.5
    """Longer ones are cut to this length."""
    tensorboard: str = ""
    """Folder of TensorBoard logs; none when not given."""
    small: bool = False
    """A few seconds, to see that it runs."""


def layer(n_in: int, n_out: int, gain: float) -> nn.Linear:
    """A dense layer, its weights orthogonal."""
    made = nn.Linear(n_in, n_out)
    nn.init.orthogonal_(made.weight, gain)
    nn.init.zeros_(made.bias)
    return made


def network(n_in: int, n_out: int, gain: float) -> nn.Sequential:
    """Two hidden layers."""
    hidden = layer(n_in, 64, 2**0.5), nn.Tanh(), layer(64, 64, 2**0.5), nn.Tanh()
    return nn.Sequential(*hidden, layer(64, n_out, gain))


class Agent(nn.Module):
    """A Gaussian policy, whose spread does not depend on what it sees, and a critic."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.actor, self.critic = network(n_in, n_out, 0.01), network(n_in, 1, 1.0)
        self.log_spread = nn.Parameter(torch.zeros(n_out))

    def value(self, seen: torch.Tensor) -> torch.Tensor:
        """The return that is expected (...,)."""
        return self.critic(seen)[..., 0]

    def policy(self, seen: torch.Tensor) -> Normal:
        """The distribution of actions (..., n)."""
        return Normal(self.actor(seen), self.log_spread.exp())


def main(settings: Settings) -> float:
    """Trains; returns the mean return of the last 100 episodes."""
    if settings.small:
        settings = replace(settings, steps=1024, arms=4, rollout=128, epochs=1)
    gym.register_envs(armfa)
    torch.set_num_threads(1)  # the networks are small
    torch.manual_seed(settings.seed)
    envs = gym.make_vec(settings.env, settings.arms, autoreset_mode="SameStep")
    envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
    n_in, n_out = envs.single_observation_space.shape[0], envs.single_action_space.shape[0]
    agent = Agent(n_in, n_out)
    optimizer = torch.optim.Adam(agent.parameters(), settings.rate, eps=1e-5)
    writer = None
    if settings.tensorboard:
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(settings.tensorboard)

    shape = settings.rollout, settings.arms
    seen, actions = torch.zeros(*shape, n_in), torch.zeros(*shape, n_out)
    log_probs, rewards, values, ends = (torch.zeros(shape) for _ in range(4))
    returns, successes = list[float](), list[bool]()
    start, now = time.monotonic(), torch.as_tensor(envs.reset(seed=settings.seed)[0])
    updates = max(1, settings.steps // (settings.rollout * settings.arms))
    for update in range(1, updates + 1):
        for t in range(settings.rollout):
            with torch.no_grad():
                policy = agent.policy(now)
                action = policy.sample()
                seen[t], actions[t], values[t] = now, action, agent.value(now)
                log_probs[t] = policy.log_prob(action).sum(-1)
            observation, reward, terminated, truncated, infos = envs.step(action.numpy())
            reward, ended = reward.astype(np.float32), terminated | truncated
            if ended.any():
                final = np.stack(infos["final_obs"][ended])
                told = infos["final_info"]
                returns += infos["episode"]["r"][ended].tolist()
                successes += told.get("is_success", terminated)[ended].tolist()
                with torch.no_grad():
                    beyond = agent.value(torch.as_tensor(final)).numpy()
                reward[ended] += settings.discount * np.where(terminated[ended], 0.0, beyond)
            rewards[t], ends[t] = torch.as_tensor(reward), torch.as_tensor(ended)
            now = torch.as_tensor(observation)

        # the generalized advantage of each action [Schulman et al. 2016, arXiv:1506.02438]
        advantages, advantage = torch.zeros(shape), torch.zeros(settings.arms)
        with torch.no_grad():
            following = agent.value(now)
        for t in reversed(range(settings.rollout)):
            goes_on = 1.0 - ends[t]
            delta = rewards[t] + settings.discount * goes_on * following - values[t]
            advantage = delta + settings.discount * settings.trace * goes_on * advantage
            advantages[t], following = advantage, values[t]
        targets = advantages + values

        batch = [x.flatten(0, 1) for x in (seen, actions, log_probs, advantages, targets)]
        for _ in range(settings.epochs):
            for rows in torch.randperm(len(batch[0])).split(settings.batch_size):
                s, a, old, gain, target = (x[rows] for x in batch)
                gain = (gain - gain.mean()) / (gain.std() + 1e-8)
                ratio = (agent.policy(s).log_prob(a).sum(-1) - old).exp()
                clipped = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip)
                loss = -torch.minimum(gain * ratio, gain * clipped).mean()
                loss = loss + settings.value_weight * (agent.value(s) - target).square().mean()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), settings.largest_gradient)
                optimizer.step()

        done, last = update * settings.rollout * settings.arms, slice(-100, None)
        mean, share = np.mean(returns[last] or [np.nan]), np.mean(successes[last] or [np.nan])
        if writer:
            writer.add_scalar("episode/return", mean, done)
            writer.add_scalar("episode/success", share, done)
        if update % max(1, updates // 20) == 0 or update == updates:
            pace = done / (time.monotonic() - start)
            print(f"{done:8d} steps, {pace:6.0f} per s: return {mean:7.2f}, success {100 * share:3.0f} %", flush=True)
    envs.close()
    plt.plot(returns, ".", markersize=2)
    plt.xlabel("episode")
    plt.ylabel("return")
    plt.show()
    return float(np.mean(returns[-100:] or [np.nan]))


if __name__ == "__main__":
    main(tyro.cli(Settings))
