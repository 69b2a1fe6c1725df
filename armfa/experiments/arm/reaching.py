"""The trained controller in closed loop: reaches, held targets and a followed velocity profile it was never trained on.

The network only knows how to make the hand move at a desired velocity, one step ahead. A command that turns the place
of a target into a desired velocity makes reaches of it. Everything here runs all movements (and all networks of a
stack) as one array program: `...` is `(networks, movements)`, and time leads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers import MLP, Params
from armfa.plant import Arm, ArmState, hand_position, hand_velocity, inverse_kinematics, rest_state
from armfa.problems.hand_velocity import HandVelocityProblem, one_step
from armfa.tasks import center_out_targets, minimum_jerk, random_posture, velocity_toward
from armfa.world import Moment, rollout
from armfa.world.world import steps_of

Controller = Callable[[ArmState, Array], Array]
"""(state, desired hand velocity (..., 2) m/s) -> excitation (..., n_muscles)"""

Command = Callable[[float, Array], Array]
"""(time s, hand (..., 2) m) -> desired hand velocity (..., 2) m/s"""

REACH_TIME, HOLD_TIME = 1.5, 2.5  # s, until a center-out reach and a random reach are measured
MOVEMENT_TIME = 0.6  # s, of the followed minimum-jerk profile
RANDOM_REACHES, RANDOM_SEED = 200, 2_000_003


class Movement(NamedTuple):
    """What was recorded of a movement, time leading: (time, ..., 2) and (time, ..., n_muscles)."""

    time: Array  # (time,), s
    joint_angle: Array  # rad
    hand: Array  # m
    hand_velocity: Array  # m/s
    excitation: Array


def center_out_distance(arm: Arm) -> float:
    """Distance of center-out targets, m: 10 cm for a human arm, 5 cm for a monkey's, as in the field's experiments."""
    return 0.10 if arm.reach > 0.5 else 0.05


@dataclass(frozen=True)
class Steering:
    """How the place of a target becomes a desired velocity: v* = gain (target - hand), at most `max_speed`."""

    gain: float = 12.0
    """1/s. A hand comes to rest where the controller's velocity error at rest is gain times the distance left."""
    max_speed: float = 0.5
    """m/s"""

    @classmethod
    def of(cls, arm: Arm) -> "Steering":
        """The speed limit of the human arm (0.63 m long), in proportion to the length of this one."""
        return cls(max_speed=0.5 * arm.reach / 0.63)

    def toward(self, target: Array) -> Command:
        """The command that leads to a target and holds the hand there."""
        return lambda time, hand: velocity_toward(target, hand, gain=self.gain, max_speed=self.max_speed)

    def along(self, start: Array, target: Array, duration: float) -> Command:
        """The command that follows a minimum-jerk path: its velocity, and the gain times the distance from it."""

        def command(time: float, hand: Array) -> Array:
            place, speed = minimum_jerk(start, target, duration, time)
            return speed + self.gain * (place - hand)

        return command


def move(
    problem: HandVelocityProblem, controller: Controller, state: ArmState, command: Command, duration: float
) -> Movement:
    """The movement of the arm under a controller that follows a command."""
    world, dt = problem.world, problem.dt

    def policy(moment: Moment) -> Array:
        time = (float(moment.steps.flat[0]) + 1.0) * dt
        return controller(moment.arm, command(time, world.hand(moment)))

    steps = steps_of(duration, dt) + 1
    run = rollout(world, policy, one_step(world, state, np.zeros_like(state.joint_angle)), steps)
    q, w = (x[:-1] for x in run.moments.arm[:2])
    hand = hand_position(world.arm, q)
    if not np.isfinite(hand).all():
        raise FloatingPointError(world.simulator.unstable)
    return Movement(np.arange(steps) * dt, q, hand, hand_velocity(world.arm, q, w), run.commands)


def at_rest(arm: Arm, hand: Array) -> ArmState:
    """The arm at rest with its hand at these places (..., 2), m; float32, as the controllers compute."""
    return rest_state(arm, inverse_kinematics(arm, np.asarray(hand, np.float64)).astype(np.float32))


def closed_loop(
    problem: HandVelocityProblem, network: MLP, params: Params, steering: Steering | None = None
) -> dict[str, np.ndarray]:
    """How well every network of a stack moves the arm.

    Returns, with a leading axis of networks: `center_out` (S, 8) and `random_reach` (S, 200), distance from the target
    at the end, m; `center_out_path` (S, time, 8, 2), the hand's paths, m; `profile` (S, 8), correlation of the hand's
    speed with the minimum-jerk profile it follows; `profile_end` (S, 8), m; and `center_out_target` (8, 2), m.
    """
    arm, controller = problem.world.arm, problem.controller(network, params)
    steering = steering or Steering.of(arm)
    networks = params[0].weight.shape[0]

    def spread(places: Array) -> Array:
        return np.broadcast_to(np.asarray(places, np.float32), (networks, *np.shape(places))).copy()

    center = hand_position(arm, np.asarray(arm.center_posture))
    target = spread(center_out_targets(center, center_out_distance(arm)))
    start = spread(np.broadcast_to(center, target.shape[1:]))
    reached = move(problem, controller, at_rest(arm, start), steering.toward(target), REACH_TIME)
    followed = move(
        problem, controller, at_rest(arm, start), steering.along(start, target, MOVEMENT_TIME), MOVEMENT_TIME
    )
    return {
        "center_out": distance(reached.hand[-1], target),
        "center_out_path": reached.hand.swapaxes(0, 1).astype(np.float32),
        "center_out_target": target[0],
        "random_reach": random_reach(problem, controller, networks, steering),
        "profile": profile_correlation(followed, start, target),
        "profile_end": distance(followed.hand[-1], target),
    }


def random_reach(problem: HandVelocityProblem, controller: Controller, networks: int, steering: Steering) -> Array:
    """Distance from the target after `HOLD_TIME` (networks, RANDOM_REACHES), m, between frozen random places."""
    arm = problem.world.arm
    uniform = np.random.default_rng(RANDOM_SEED).uniform(0.1, 0.9, (2, RANDOM_REACHES, 2))
    places = (hand_position(arm, random_posture(arm, posture)).astype(np.float32) for posture in uniform)
    first, last = (np.broadcast_to(place, (networks, *place.shape)).copy() for place in places)
    movement = move(problem, controller, at_rest(arm, first), steering.toward(last), HOLD_TIME)
    return distance(movement.hand[-1], last)


def distance(hand: Array, target: Array) -> Array:
    """Distance between hand and target, (...,), m."""
    return np.hypot(hand[..., 0] - target[..., 0], hand[..., 1] - target[..., 1])


def profile_correlation(movement: Movement, start: Array, target: Array) -> Array:
    """Correlation over time of the hand's speed with that of the minimum-jerk movement, (...,)."""
    wanted = [minimum_jerk(start, target, MOVEMENT_TIME, time)[1] for time in movement.time]
    pair = [np.hypot(velocity[..., 0], velocity[..., 1]) for velocity in (movement.hand_velocity, np.stack(wanted))]
    made, planned = (speed - speed.mean(0) for speed in pair)
    return (made * planned).sum(0) / np.sqrt((made * made).sum(0) * (planned * planned).sum(0))
