"""Worlds that the tests here run over: every task, a force field, and goals in a row."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from armfa.arrays import namespace
from armfa.plant import Loads, Simulator, hand_position, hand_velocity, make_arm
from armfa.tasks import TASKS, CenterOut, Ellipse, HandVelocity, PostureHold, Reach, VelocityTracking, random_posture
from armfa.world import World


@dataclass(frozen=True)
class Curl(Reach):
    """A field that pushes the hand sideways: F = b [[0, 1], [-1, 0]] v, b = strength times the trial's condition."""

    strength: float = 13.0  # N s/m

    def trial(self, simulator, uniform):
        return super().trial(simulator, uniform)

    def load(self, simulator, moment):
        q, w, _ = moment.arm
        velocity = hand_velocity(simulator.arm, q, w)
        side = self.strength * moment.trial.condition
        across = [side * velocity[..., 1], -side * velocity[..., 0]]
        return Loads(hand_force=namespace(velocity).stack(across, axis=-1))


@dataclass(frozen=True)
class TwoReaches(Reach):
    """Two goals, one after the other, each to be held."""

    n_goals: ClassVar[int] = 2

    def goal_draws(self, arm):
        return 4

    def goals(self, simulator, state, uniform):
        places = [hand_position(simulator.arm, random_posture(simulator.arm, uniform[..., i : i + 2])) for i in (0, 2)]
        return namespace(uniform).stack(places, axis=-2)


@dataclass(frozen=True)
class Mirrored(HandVelocity):
    """The hand is shown left for right: a cursor that is not where the hand is."""

    def cursor(self, moment, achieved):
        return namespace(achieved).stack([-achieved[..., 0], achieved[..., 1]], axis=-1)


TASKS_HERE = [
    *(task() for task in TASKS.values()),
    Reach(effort=0.3),
    HandVelocity(reward="absolute", effort=0.1),
    HandVelocity(target="reach"),
    Curl(effort=0.01),
    TwoReaches(),
    CenterOut(catch=0.3, shortest_delay=0.0, longest_delay=0.0, cue_time=0.0),
    PostureHold(load_kind="hand_force", earliest=0.0, latest=0.0),
    PostureHold(load_time=0.1, earliest=0.0, latest=0.0),
    VelocityTracking(profile="sines"),
    Ellipse(figure="eight", reward="distance"),
    Mirrored(),
]
ARMS = [make_arm("li_todorov"), make_arm("lillicrap_scott", activation="first_order")]
WORLDS = [World(Simulator(arm), task) for task in TASKS_HERE for arm in ARMS]


def name_of(world):
    return f"{world.task}-{world.arm.name}"


def moving(world, batch, seed=0):
    """Moments in mid-episode: moving arms with active muscles, and commands for them."""
    rng = np.random.default_rng(seed)
    n, (low, high) = world.arm.n_muscles, world.arm.excitation_range
    moment = world.reset(rng.random((*batch, world.draws)))
    activation, command = rng.uniform(low + 0.05, high - 0.05, (2, *batch, n))
    state = moment.arm._replace(joint_velocity=rng.normal(size=(*batch, 2)), activation=activation)
    return moment._replace(arm=state), command
