"""A controller that goes on learning while it reaches: one trial is one reach, one update from the samples on its path.

The arm reaches in a closed loop from the centre to one of eight targets: where the target is seen from the hand becomes
a desired velocity, 60 times, every 10 ms. Each of these moments is a sample of what the controller was trained on: a
state, a desired hand velocity, and the velocity that its command gave, now in the field (or seen turned). The rule sees
the error through the derivative of the plant in the field. In channel trials walls lead the hand, the force on them is
measured, and nothing is learned.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers import MLP, Batch, Params
from armfa.controllers.streams import Streams
from armfa.controllers.training.loop import QUIET
from armfa.controllers.training.update import TrainState, train_step
from armfa.controllers.trees import take
from armfa.experiments.arm.reaching import Steering, at_rest, center_out_distance
from armfa.experiments.motor.movements import turned
from armfa.plant import ArmState, hand_position
from armfa.problems.hand_velocity import HandVelocityLoss, HandVelocityProblem
from armfa.tasks import Reach, Trial, center_out_targets, velocity_toward
from armfa.world import Fields, Moment, Schedule, World, rollout
from armfa.world.fields import field_load

STEPS = 60
"""Steps of 10 ms in a reach."""
TARGETS = 8
EARLY = 5
"""Steps after which the direction is measured: before what is seen of it can have turned the hand."""


class Perturbation(NamedTuple):
    """What sets in: a curl field, N s/m, or a rotation of what is seen, degrees, counter-clockwise."""

    curl: float = 0.0
    rotation: float = 0.0

    def fields(self, condition: float, channel: bool = False) -> Fields:
        """It, scaled by a trial's condition; with walls, the field by which the force on them is judged."""
        return Fields(
            field="curl" if self.curl and condition else None, field_strength=self.curl * condition,
            rotation=self.rotation * condition or None, channel=channel,
        )  # fmt: skip


class Told(NamedTuple):
    """What trials showed, each (networks, trials); NaN where there is nothing to tell."""

    deviation: Array  # m, the hand's largest distance to the line, to its left positive
    direction: Array  # degrees, of the cursor after `EARLY` steps, from the line, counter-clockwise
    index: Array  # of channel trials: force on the walls over the force that the field would ask for


def adapted(
    problem: HandVelocityProblem, network: MLP, rule: Any, optimizer: Any, state: TrainState, rng: Streams,
    perturbation: Perturbation, schedule: Schedule, progress: Callable[[float], None] = lambda share: None,
) -> tuple[Told, TrainState]:  # fmt: skip
    """What the trials of a schedule showed, each measured before the weights change, and the networks at the end."""
    networks = len(state.params[0].weight)
    order = targets_of(schedule.trials)
    told = Told(*np.full((3, networks, schedule.trials), np.nan))
    for number in range(schedule.trials):
        channel, condition = bool(schedule.channels[number]), float(schedule.conditions[number])
        fields = perturbation.fields(condition, channel)
        with np.errstate(**QUIET):
            path = reached(problem, network, state.params, fields, int(order[number]), perturbation.fields(1.0))
            for kept, value in zip(told, (path.deviation, path.direction, path.index)):
                kept[:, number] = value
            if not channel:
                told.index[:, number] = np.nan
                state = train_step(network, rule, optimizer, state, batch_of(problem, fields, path), rng)
            else:
                told.deviation[:, number] = told.direction[:, number] = np.nan
        progress((number + 1) / schedule.trials)
    return told, state


def targets_of(trials: int) -> Array:
    """The target of each trial (trials,): all eight in each row of eight, in an order drawn anew."""
    rng = np.random.default_rng(3)
    return np.concatenate([rng.permutation(TARGETS) for _ in range(-(-trials // TARGETS))])[:trials]


class Path(NamedTuple):
    """One reach of every network."""

    state: ArmState  # (networks, steps, ...) before each step
    desired: Array  # (networks, steps, 2), m/s
    deviation: Array  # (networks,), m
    direction: Array  # (networks,), degrees
    index: Array  # (networks,)


def reached(
    problem: HandVelocityProblem, network: MLP, params: Params, fields: Fields, target: int, judged: Fields
) -> Path:
    """One reach from the centre to a target in these fields; `judged`: the field by which force on walls is judged."""
    arm, controller, steering = problem.world.arm, problem.controller(network, params), Steering.of(problem.world.arm)
    networks, center = len(params[0].weight), hand_position(arm, np.asarray(arm.center_posture, float))
    goal = center_out_targets(center, center_out_distance(arm))[target]
    start = at_rest(arm, np.broadcast_to(center, (networks, 1, 2)))
    goals = np.broadcast_to(goal.astype(np.float32), (networks, 1, 1, 2)).copy()
    world = World(problem.simulator, Reach(), fields=fields)

    def desired(moment: Moment) -> Array:
        seen, goal = world.seen(moment), moment.trial.goals[..., 0, :]
        return velocity_toward(goal, seen, gain=steering.gain, max_speed=steering.max_speed).astype(np.float32)

    run = rollout(world, lambda moment: controller(moment.arm, desired(moment)), world.begin(Trial.of(start, goals)),
                  STEPS)  # fmt: skip
    moments = take(run.moments, (slice(0, -1), slice(None), 0))  # (steps, networks, ...)
    _, normal = world.line(moments)
    away = ((world.hand(moments) - center) * normal).sum(-1)
    furthest = away[np.abs(np.nan_to_num(away)).argmax(0), np.arange(networks)]
    direction = turned(goal - center, world.seen(take(moments, EARLY)) - center)
    walls, push = np.full(networks, np.nan), field_load(judged, problem.simulator, moments).hand_force
    if fields.channel and push is not None:
        asked = (push * normal).sum(-1)
        walls = (run.outcomes.channel_force[..., 0] * asked).sum(0) / (asked * asked).sum(0)
    path = ArmState(*(x.swapaxes(0, 1).astype(np.float32) for x in moments.arm))
    return Path(path, desired(moments).swapaxes(0, 1), furthest, direction, walls)


def batch_of(problem: HandVelocityProblem, fields: Fields, path: Path) -> Batch:
    """The samples on a path as a batch (networks, steps, ...): the loss of one step in these fields."""
    world = World(problem.simulator, problem.world.task, fields=fields)
    loss = HandVelocityLoss(world, problem.scale, path.state, path.desired)
    return Batch(problem.inputs(path.state, path.desired), loss)
