"""The same work by other packages, measured in the same run: MotorNet's update, Gymnasium's Reacher-v5.

Needs the extra `armfa[bench]`; what is not installed is left out.
"""

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium as gym


def installed(*modules: str) -> bool:
    """Whether all of these can be imported."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


def motornet_update(batch: int) -> Callable[[], None]:
    """One update of a 6-500-6 network by MotorNet and PyTorch: its human arm, 10 ms, backprop, SGD.

    Two steps of 5 ms: with MotorNet's explicit Euler a command changes the velocity only from the second step on, so
    one step has no gradient. As in ours, a batch of random states and desired hand velocities is ready. Placing the
    arms in these states (`effector.reset`) is part of what MotorNet has to do, and is not counted: the states are put
    in place by hand.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import motornet  # pyright: ignore[reportMissingImports]
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        arm = motornet.effector.RigidTendonArm26(muscle=motornet.muscle.RigidTendonHillMuscleThelen(), timestep=0.005)
        joint = torch.rand(batch, 4) * torch.tensor([1.0, 1.0, 2.0, 2.0]) + torch.tensor([0.4, 0.8, -1.0, -1.0])
        arm.reset(options={"batch_size": batch, "joint_state": joint})
    states: Any = {name: value.detach() for name, value in arm.states.items()}  # type: ignore[union-attr]
    layers = (torch.nn.Linear(6, 500), torch.nn.Tanh(), torch.nn.Linear(500, 6), torch.nn.Sigmoid())
    network = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    desired = torch.rand(batch, 2) - 0.5
    inputs = torch.cat([joint, desired], dim=-1)

    def update() -> None:
        arm.states = dict(states)
        command = network(inputs)
        arm.step(command)
        arm.step(command)
        loss = 0.5 * ((arm.states["cartesian"][:, 2:] - desired) ** 2).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return update


def motornet_episode(units: int, batch: int, steps: int) -> Callable[[], None]:
    """One update by backprop through time of a PyTorch RNN that moves MotorNet's arm: the arm and step of its examples.

    The Thelen muscle and 10 ms; the RNN sees joint angles and velocities, muscle activations and a goal. The loss is
    the squared distance of the hand from the goal, after every step.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import motornet  # pyright: ignore[reportMissingImports]
        import torch

        torch.set_num_threads(1)
        torch.manual_seed(0)
        arm = motornet.effector.RigidTendonArm26(muscle=motornet.muscle.RigidTendonHillMuscleThelen(), timestep=0.01)
    joint = torch.rand(batch, 4) * torch.tensor([1.0, 1.0, 0.0, 0.0]) + torch.tensor([0.4, 0.8, 0.0, 0.0])
    goal = torch.rand(batch, 2) * 0.2 + torch.tensor([-0.1, 0.3])
    cell, readout = torch.nn.RNNCell(4 + 6 + 2, units), torch.nn.Linear(units, 6)
    optimizer = torch.optim.Adam([*cell.parameters(), *readout.parameters()], lr=1e-3)

    def update() -> None:
        arm.reset(options={"batch_size": batch, "joint_state": joint})
        memory, loss = torch.zeros(batch, units), torch.zeros(())
        for _ in range(steps):
            states: Any = arm.states
            seen = torch.cat([states["joint"], states["muscle"][:, 0], goal], dim=-1)
            memory = cell(seen, memory)
            arm.step(torch.sigmoid(readout(memory)))
            states = arm.states
            loss = loss + ((states["fingertip"] - goal) ** 2).sum(-1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return update


def reacher() -> Callable[[], Any]:
    """One step of Gymnasium's Reacher-v5, with resets."""
    return stepping(gym.make("Reacher-v5"))


def stepping(env: Any) -> Callable[[], None]:
    """One step of an environment under one random action, and a new episode where one ends."""
    env.reset(seed=0)
    env.action_space.seed(0)
    action = env.action_space.sample()

    if hasattr(env, "num_envs"):  # vector environments begin new episodes by themselves
        return lambda: env.step(action)

    def step() -> None:
        _, _, ended, late, _ = env.step(action)
        if ended or late:
            env.reset()

    return step
