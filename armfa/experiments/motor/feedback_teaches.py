"""Can the feedback that corrects a movement teach the network that makes it?

A recurrent network is trained to reach, and hears its error late. Then what it sees is turned by 30 degrees, and only
its recurrent weights change, by a rule that takes no gradient: what the error sends into a unit, times what the units
before it have done since the movement began. First without a body, as published, then with muscles.

[Feulner, Perich, Miller, Clopath & Gallego 2025, Nat Commun 16:1805; numbers from their code (MIT), setup_parameters.py
and modeldef.py]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array, at_most, namespace
from armfa.controllers import SGD, Adam, Circuit
from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.circuits.recurrent import Cell, Recurrent
from armfa.controllers.circuits.rnn import RNN
from armfa.controllers.machine import one_blas_thread
from armfa.controllers.problem import driven
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.rules.time import BackpropThroughTime, FeedbackDrivenPlasticity
from armfa.controllers.streams import Streams, streams
from armfa.controllers.training.train import in_precision
from armfa.controllers.training.update import TrainState, train_step
from armfa.controllers.trees import tree_map
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn
from armfa.experiments.motor.movements import turned
from armfa.plant import Simulator
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import band, panels
from armfa.reports.statistics import mean_below, paired_less, ratio_below, reported
from armfa.runs.unit import Run, Unit, chunks, gather
from armfa.tasks import CenterOut
from armfa.tasks.clock import since
from armfa.tasks.task import Moment
from armfa.tasks.vectors import direction
from armfa.world import Fields, Senses
from armfa.world.senses import entered

ROTATION = 30.0
"""degrees, by which what is seen is turned."""
TARGETS = 8
GONE = 10.0
"""Ways: the mean miss of a network that has diverged, and the largest that is counted."""
PUSH = 30.0
"""Per s, for 0.1 s, on the cursor. Published: 10."""


class Seen(NamedTuple):
    """What a cursor without a body remembers: its miss, the newest first, and the time."""

    line: Array  # (..., batch, delay + 1, 2) target less cursor; the last is told
    time: int = 0


class Cursor(NamedTuple):
    """Outputs are velocities of a cursor, which should move as its target does. The cost is 1/2 |miss|^2.

    miss(t) = miss(t-1) + dt (v*(t) - turn y(t) - push(t))
    """

    stimulus: Array  # (..., batch, steps, 3) the way to the target, and a signal to hold
    velocity: Array  # (..., batch, steps, 2) v* of the target, per s
    push: Array  # (..., batch, steps, 2) added to the cursor's velocity
    angle: Array  # (..., batch) rad, by which the outputs are turned
    delay: int
    dt: float

    @property
    def steps(self) -> int:
        """How many outputs an episode takes."""
        return self.velocity.shape[-2]

    def start(self) -> Seen:
        """On the target."""
        one = self.velocity[..., :1, :] * 0
        return Seen(namespace(one).concat([one] * (self.delay + 1), axis=-2))

    def observe(self, x: Seen) -> Array:
        """The stimulus, and the miss as it was (..., batch, 5)."""
        stimulus = self.stimulus[..., x.time, :]
        return namespace(stimulus).concat([stimulus, x.line[..., -1, :]], axis=-1)

    def observe_vjp(self, x: Seen, inputs_bar: Array) -> Seen:
        """The derivative by what is told."""
        told = inputs_bar[..., None, 3:]
        return Seen(namespace(told).concat([0 * x.line[..., :-1, :], told], axis=-2))

    def step(self, x: Seen, command: Array) -> tuple[Seen, Array]:
        """The next miss, and the cost."""
        there = self._turned(command, 1.0) + self.push[..., x.time, :]
        miss = x.line[..., 0, :] + self.dt * (self.velocity[..., x.time, :] - there)
        return Seen(entered(x.line, [miss]), x.time + 1), 0.5 * (miss * miss).sum(-1)

    def step_vjp(self, x: Seen, command: Array) -> tuple[Seen, Array, Callable[[Any], tuple[Seen, Array]]]:
        """The same, and the way back."""
        after, cost = self.step(x, command)

        def back(bar: Seen | None) -> tuple[Seen, Array]:
            line = 0 * x.line if bar is None else bar.line
            miss = after.line[..., 0, :] + line[..., 0, :]
            xp = namespace(line)
            before = xp.concat([line[..., 1:, :], 0 * line[..., :1, :]], axis=-2)
            newest = before[..., :1, :] + miss[..., None, :]
            return Seen(xp.concat([newest, before[..., 1:, :]], axis=-2)), -self.dt * self._turned(miss, -1.0)

        return after, cost, back

    def error(self, x: Seen, command: Array) -> Array:
        """The derivative of this step's cost by its command."""
        return -self.dt * self._turned(self.step(x, command)[0].line[..., 0, :], -1.0)

    def _turned(self, vector: Array, sign: float) -> Array:
        """The vector (..., batch, 2), turned by the angle or back."""
        xp = namespace(vector)
        c, s = xp.cos(self.angle), sign * xp.sin(self.angle)
        return xp.stack([c * vector[..., 0] - s * vector[..., 1], s * vector[..., 0] + c * vector[..., 1]], axis=-1)


@dataclass(frozen=True)
class CursorProblem:
    """Reaches of a cursor without a body; lengths have the published unit, in which targets lie 5 away.

    Movements begin on a signal, along a logistic curve whose speed peaks half a second later; three of four are pushed
    along each axis, at 10 per s for 0.1 s.
    """

    steps: int = 150
    delay: int = 12
    dt: float = 0.01

    n_in: ClassVar[int] = 5
    n_out: ClassVar[int] = 2
    feedback: ClassVar[tuple[int, int]] = (3, 4)
    shown: ClassVar[int] = 10  # step at which the target is shown
    peak: ClassVar[int] = 70  # step at which a target is fastest, at the earliest
    last_peak: ClassVar[int] = 100

    def batch(self, rng: Any, size: int) -> Cursor:
        """Random reaches within a square of 12, with pushes."""
        start, end = rng.uniform(-6.0, 6.0, (size, 2)), rng.uniform(-6.0, 6.0, (size, 2))
        peak = np.floor(rng.uniform(self.peak, self.last_peak, (size,)))
        when, pushed = np.floor(rng.uniform(20, self.steps - 10, (size, 2))), rng.uniform(0.0, 1.0, (size, 2)) < 0.75
        time = np.arange(self.steps)[:, None]
        during = (time >= when[..., None, :] - 5) & (time < when[..., None, :] + 5)
        return self.reaches(end - start, peak, PUSH * (during & pushed[..., None, :]), 6.0)

    def around(self, rng: Any, size: int, rotation: float) -> Cursor:
        """Reaches to targets around the centre; of `rng` None one to each of them."""
        if rng is None:
            number, peak = np.arange(TARGETS), np.full(TARGETS, self.peak)
        else:
            number = np.floor(rng.uniform(0, TARGETS, (size,)))
            peak = np.floor(rng.uniform(self.peak, self.last_peak, (size,)))
        angle = number * (2 * np.pi / TARGETS)
        way = 5.0 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return self.reaches(way, peak, 0.0 * way[..., None, :], 5.0)._replace(angle=0 * angle + np.radians(rotation))

    def reaches(self, way: Array, peak: Array, push: Array, hold: float) -> Cursor:
        """Reaches of these lengths whose speed peaks at these steps."""
        time = np.arange(self.steps)
        since_peak = (time - peak[..., None]) / 50.0
        at = 1.0 / (1.0 + np.exp(-10.0 * np.clip(since_peak, -1.0, 1.0)))
        velocity = np.gradient(at, self.dt, axis=-1)[..., None] * way[..., None, :]
        shown = (time >= self.shown)[:, None] * way[..., None, :]
        stimulus = np.concatenate([shown, hold * (since_peak < -1.0)[..., None]], axis=-1)
        return Cursor(stimulus, velocity, push + 0 * velocity, 0.0 * way[..., 0], self.delay, self.dt)

    def miss(self, x: Seen) -> Array:
        """Target less cursor (..., batch, 2)."""
        return x.line[..., 0, :]

    def goals(self) -> Array:
        """Of `around(None, ...)`: where the targets are after each step (steps, targets, 2), from the centre."""
        return np.cumsum(np.moveaxis(self.around(None, TARGETS, 0.0).velocity, 1, 0), axis=0) * self.dt


@dataclass(frozen=True)
class GuidedOut(CenterOut):
    """CenterOut with a goal that moves to the target as a hand would, along the least jerk, from the go on."""

    move_time: float = 0.6
    """s from the go until the goal is on the target."""

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """Where the hand should be now (..., 2), m."""
        along = least_jerk(since(simulator, moment, moment.trial.onset) * (1.0 / self.move_time))
        center = self.center(simulator, moment)
        return center + along[..., None] * (moment.trial.goals[..., 0, :] - center)


def least_jerk(time: Array) -> Array:
    """The share of the way at a share of the movement time (...,), which may be above 1. [Flash & Hogan 1985]"""
    s = at_most(time, 1.0)
    return s * s * s * (10.0 - s * (15.0 - 6.0 * s))


class ArmProblem:
    """The same with six muscles, which are told nothing but how far the hand is seen from where it should be, late.

    While it learns, pulses and a curl field push the hand, and motor noise. Lengths are m.
    """

    feedback = (0, 1)
    peak = 40

    def __init__(self, steps: int, delay: int) -> None:
        task = GuidedOut(cue_time=0.0, shortest_delay=0.1, longest_delay=0.1)
        late: dict[str, Any] = {"sense": ("miss",), "visual_delay": 0.01 * delay}
        made: dict[str, Any] = {
            "arm": "li_todorov", "task": task, "duration": 0.01 * steps, "position": 1000.0, "velocity": 0.0,
            "effort": 0.02, "smoothness": 0.02,
        }  # fmt: skip
        pushes = Fields(field="curl", field_strength=15.0, pulse_force=(8.0, -8.0), pulse_onset=0.1, pulse_duration=0.1)
        self.pushed = TaskProblem(
            senses=Senses(motor_noise=0.1, **late), fields=pushes, conditions=(-1.0, 0.0, 1.0), **made
        )
        self.turned = TaskProblem(senses=Senses(**late), fields=Fields(rotation=ROTATION), **made)
        self.task, self.steps, self.delay = task, steps, delay
        self.n_in, self.n_out = self.pushed.n_in, self.pushed.n_out

    def batch(self, rng: Any, size: int) -> Any:
        """Reaches around the centre, with pushes."""
        return self.pushed.batch(rng, size)

    def around(self, rng: Any, size: int, rotation: float) -> Any:
        """Without pushes and noise."""
        world = self.turned.world
        if rng is None:
            uniform = np.zeros((TARGETS, world.draws))
            uniform[:, world.task.start_draws(world.arm)] = (np.arange(TARGETS) + 0.5) / TARGETS
        else:
            uniform = rng.uniform(0.0, 1.0, (size, world.draws))
        trial = self.task.trial(world.simulator, uniform)
        return self.turned.episode(world.begin(trial._replace(condition=trial.condition * (rotation / ROTATION))))

    def miss(self, x: Any) -> Array:
        """What has entered the line last."""
        return x.sight[..., 0, -2:]

    def goals(self) -> Array:
        """The same on every day: the goal sets out after 0.1 s."""
        time = np.maximum(0.01 * np.arange(1, self.steps + 1) - 0.1, 0.0) / self.task.move_time
        way = self.task.way(self.turned.world.arm) * direction(np.arange(TARGETS), TARGETS)
        return least_jerk(time)[:, None, None] * way


Body = CursorProblem | ArmProblem


@dataclass(frozen=True)
class RecurrentOnly(GradientEstimator):
    """A rule of whose changes only those of the recurrent weights are made.

    scrambled : whether each unit gets another unit's changes of weights, the same for all of training: a control, in
        which the same feedback teaches the wrong units.
    """

    rule: GradientEstimator
    scrambled: bool = False

    looks_at: ClassVar[tuple[str, ...]] = ("what the rule sees",)
    keeps: ClassVar[tuple[str, ...]] = ("what the rule keeps",)
    source: ClassVar[str] = "none"

    def init(self, params: Recurrent, rng: Any) -> Any:
        """The rule's."""
        return self.rule.init(params, rng)

    def gradients(self, circuit: Circuit, params: Any, batch: Any, state: Any, rng: Any) -> tuple[Any, Any]:
        """Of the recurrent weights."""
        found, state = self.rule.gradients(circuit, params, batch, state, rng)
        change = found.cell.recurrent
        if self.scrambled:
            change = change[..., np.random.default_rng(0).permutation(change.shape[-2]), :]
        nothing: Any = None
        return Recurrent(Cell(change, nothing, nothing), Dense(nothing, nothing)), state


GROUPS: Mapping[str, tuple[str, str]] = {
    "feedback": ("feedback-driven plasticity", "#009e73"),
    "off": ("rule off", "#a6a6a6"),
    "scrambled": ("rule with scrambled units", "#d55e00"),
    "backprop": ("backprop through time", "#000000"),
}
"""How the network goes on, with words and colour."""
BODIES = {"cursor": "without a body", "arm": "arm with six muscles"}
RATES = {"cursor": 1e-6, "arm": 1e-5}
"""lr of the rule, in the published unit; published 1e-5 for 400 units. Tried on seeds 100 to 102: 1e-7, 1e-6 and 3e-6
without a body (the last adapts faster still; 1e-5 diverged where pushes were weaker), 1e-5 and 1e-4 with muscles (and
3e-6 to 3e-5 with weaker pushes, where the miss changed by at most 4 % either way).
"""
BACKPROP_RATES = {"cursor": 5e-5, "arm": 5e-5}
"""Of Adam; published."""


@dataclass(frozen=True)
class Settings(Scales):
    """Networks, and how long they learn and adapt."""

    SCALELESS: ClassVar[tuple[str, ...]] = ("seeds", "first_seed", "bodies")

    bodies: tuple[str, ...] = tuple(BODIES)
    seeds: int = 10
    first_seed: int = 0
    stack: int = 5  # networks of one unit of work
    units: int = 100
    updates: Mapping[str, int] | tuple[tuple[str, int], ...] = (("cursor", 1200), ("arm", 2000))
    batch_size: int = 20
    steps: tuple[tuple[str, int], ...] = (("cursor", 150), ("arm", 100))
    trials: int = 300  # of one reach each
    backprop_updates: int = 100  # of 20 reaches each
    points: int = 15  # measured, evenly
    delay: int = 12  # steps of 10 ms

    @classmethod
    def quick(cls):
        """Few networks that hardly learn."""
        return cls(seeds=2, units=20, updates=(("cursor", 10), ("arm", 30)), trials=10, backprop_updates=2, points=2)


def body_of(settings: Settings, name: str) -> Body:
    """What is learned."""
    steps = dict(settings.steps)[name]
    return CursorProblem(steps, settings.delay) if name == "cursor" else ArmProblem(steps, settings.delay)


def circuit_for(settings: Settings, name: str, body: Body) -> RNN:
    """ReLU units, tau 50 ms."""
    readout = "linear" if name == "cursor" else "tanh"
    return RNN(body.n_in, settings.units, body.n_out, readout=readout, nonlinearity="relu", gain=1 / 3**0.5)


def units(settings: Settings) -> list[Unit]:
    """A unit per body and stack of networks."""
    found = []
    for name in settings.bodies:
        for seeds in chunks(settings.seeds, settings.stack):
            seeds = [settings.first_seed + seed for seed in seeds]
            cost = {"cursor": 0.03, "arm": 0.004}[name] * len(seeds) * dict(settings.updates)[name]
            found.append(Unit(f"{name}_{seeds[0]}", {"body": name, "seeds": seeds}, 5 + cost + 0.1 * settings.trials))
    return found


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Learn to reach, then adapt in each of the ways."""
    name, seeds = unit.arguments["body"], unit.arguments["seeds"]
    body, updates = body_of(settings, name), dict(settings.updates)[name]
    circuit, random = circuit_for(settings, name, body), streams(seeds)
    probes = {
        rotation: in_precision(
            tree_map(lambda leaf: np.broadcast_to(leaf, (len(seeds), *leaf.shape)),
                     body.around(None, TARGETS, rotation)), np.float32,
        ) for rotation in (0.0, ROTATION)
    }  # fmt: skip
    at = np.unique(np.linspace(0, updates, 11).round().astype(int))
    curves, state = learn(
        body, circuit, BackpropThroughTime(activity=1e-4 if name == "cursor" else 1e-3),
        Adam(5e-3 if name == "cursor" else 3e-3, schedule="linear", updates=updates), random, updates=updates,
        batch_size=settings.batch_size, at=at, checkpoint=checkpoint, block=10,
        measure=lambda state: {"learning": performed(body, circuit, state.params, probes[0.0])[0]},
    )  # fmt: skip
    found = {"updates": at, **curves}
    for group in GROUPS:
        found |= adapted(settings, name, body, circuit, state.params, group, seeds, probes)
    return found


def adapted(
    settings: Settings, name: str, body: Body, circuit: RNN, params: Recurrent, group: str, seeds: Sequence[int],
    probes: Mapping[float, Any],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Error and direction at the start, and as the network goes on; and without the rotation, at the end."""
    teaching = FeedbackDrivenPlasticity(feedback=body.feedback, after=body.delay)
    if group == "backprop":
        rule, optimizer = RecurrentOnly(BackpropThroughTime()), Adam(BACKPROP_RATES[name])
        total, size = settings.backprop_updates, settings.batch_size
    else:
        rule = RecurrentOnly(teaching, group == "scrambled")
        optimizer = SGD(rate_of(RATES[name], circuit, body.steps))
        total, size = settings.trials, 1
    rng = Streams([np.random.default_rng((seed, 1805)) for seed in seeds])
    state = TrainState(params, rule.init(params, rng), optimizer.init(params))
    at, curve = np.unique(np.linspace(0, total, settings.points + 1).round().astype(int)), []
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        for trial in range(total + 1):
            if trial in at:
                curve.append(performed(body, circuit, state.params, probes[ROTATION]))
            if group != "off" and trial < total:
                batch = in_precision(body.around(rng, size, ROTATION), np.float32)
                state = train_step(circuit, rule, optimizer, state, batch, rng)
        after = performed(body, circuit, state.params, probes[0.0])
    error, angle = (np.stack(each, axis=1) for each in zip(*curve))
    return {
        f"{group}_at": at / total, f"{group}_error": error, f"{group}_angle": angle, f"{group}_after": after[1],
    }  # fmt: skip


def rate_of(lr: float, circuit: RNN, steps: int) -> float:
    """What SGD must multiply a mean over steps with, to make dW = 0.1 a lr f R^T at four of five of them."""
    return 0.1 * circuit.share * lr * steps * 0.8


def performed(body: Body, circuit: RNN, params: Recurrent, episode: Any) -> tuple[np.ndarray, np.ndarray]:
    """Of reaches to each target (seeds,): the mean miss, as a share of the way; and the direction in which the cursor
    has gone when its goal is fastest, degrees from that to the target, counter-clockwise.
    """
    miss = np.stack([body.miss(step.after) for step in driven(circuit, params, episode)])
    goals = body.goals()  # (steps, seeds, targets, 2)
    way = goals[-1]
    went = goals[body.peak] - miss[body.peak]
    angle = turned(way, went)
    far = np.sqrt((miss**2).sum(-1)).mean((0, -1)) / np.linalg.norm(way[0])
    return np.minimum(np.nan_to_num(far, nan=GONE, posinf=GONE), GONE), angle.mean(-1)


def of(runs: Sequence[Run], name: str, key: str) -> np.ndarray:
    """An array of all networks of a body (networks, ...)."""
    return gather(runs, key, body=name)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per body and way to go on: miss and direction, before and after, and without the rotation at the end."""
    rows = []
    for name in settings.bodies:
        learned = of(runs, name, "learning")[:, -1]
        for group in GROUPS:
            error, angle, after = (of(runs, name, f"{group}_{key}") for key in ("error", "angle", "after"))
            rows.append(
                {
                    "body": name,
                    "group": group,
                    "n": len(error),
                    "miss_of_way_unturned": float(learned.mean()),
                    "miss_of_way_first": float(error[:, 0].mean()),
                    "miss_of_way_last": float(error[:, -1].mean()),
                    "removed": float(removed(learned, error).mean()),
                    "direction_first_deg": float(angle[:, 0].mean()),
                    "direction_last_deg": float(angle[:, -1].mean()),
                    "after_effect_deg": float(after.mean()),
                }
            )
    return rows


def removed(learned: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The share of what the rotation added to the miss that is gone at the end (networks,)."""
    return (error[:, 0] - error[:, -1]) / (error[:, 0] - learned)


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Body by body."""
    found = []
    for name in settings.bodies:
        learned = of(runs, name, "learning")[:, -1]
        error = {group: of(runs, name, f"{group}_error") for group in GROUPS}
        angle = {group: of(runs, name, f"{group}_angle") for group in GROUPS}
        last = {group: each[:, -1] for group, each in error.items()}
        after, published, where = of(runs, name, "feedback_after"), name == "cursor", BODIES[name]
        turned = np.abs(angle["feedback"])
        found += [
            Claim(f"{where}: the network reaches before anything is turned", "mean miss, of the way", learned,
                  mean_below(learned, 0.1), True, full=True),
            Claim(f"{where}: with the rule, the miss under the rotation falls (2025)",
                  "mean miss of the way, last less first", last["feedback"] - error["feedback"][:, 0],
                  paired_less(last["feedback"], error["feedback"][:, 0]), not published, full=True),
            Claim(f"{where}: ... and is at the end smaller than with the rule off (2025)",
                  "mean miss, with the rule / off", last["feedback"] / last["off"],
                  ratio_below(last["feedback"], last["off"], 1.0), not published, full=True),
            Claim(f"{where}: ... since movements set out more nearly in the right direction (2025)",
                  "degrees from the target when the goal is fastest, last less first", turned[:, -1] - turned[:, 0],
                  paired_less(turned[:, -1], turned[:, 0]), not published, full=True),
            Claim(f"{where}: with the rotation gone they set out in the other direction",
                  "degrees from the target, counter-clockwise", after, mean_below(after, 0.0), True, full=True),
            Claim(f"{where}: control: feedback that teaches the wrong units does not help: the rule's miss is smaller",
                  "mean miss, with the rule / with scrambled units", last["feedback"] / last["scrambled"],
                  ratio_below(last["feedback"], last["scrambled"], 1.0), True, full=True),
            Claim(f"{where}: control: scrambled, it removes none of the added miss", "share that is removed",
                  removed(learned, error["scrambled"]), mean_below(removed(learned, error["scrambled"]), 0.05), True,
                  full=True),
            Claim(f"{where}: what backprop removes of the miss that the rotation added", "share that is removed",
                  removed(learned, error["backprop"]), reported(), not published, full=True),
            Claim(f"{where}: what the rule removes of it", "share that is removed",
                  removed(learned, error["feedback"]), reported(), not published, full=True),
        ]  # fmt: skip
    return found


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Miss and direction over trials, a figure per body."""
    drawn = {}
    for name in settings.bodies:
        figure, (left, right) = panels(3.8, 3.8)
        for group, (words, colour) in GROUPS.items():
            at = of(runs, name, f"{group}_at").reshape(-1, len(of(runs, name, f"{group}_error")[0]))[0]
            for axis, key in ((left, "error"), (right, "angle")):
                band(axis, 100 * at, of(runs, name, f"{group}_{key}"), colour, words, log=key == "error")
        learned = of(runs, name, "learning")[:, -1].mean()
        left.axhline(learned, color="#999999", linewidth=0.8, linestyle=":", label="before the rotation")
        right.axhline(0.0, color="#999999", linewidth=0.8, linestyle=":")
        total = f"{settings.trials} trials; backprop: {settings.backprop_updates} updates"
        left.set(xlabel=f"% of {total}", ylabel="mean miss, of the way", title=BODIES[name], yscale="log")
        right.set(xlabel=f"% of {total}", ylabel="degrees from the target", title="direction at the goal's peak speed")
        left.legend()
        drawn[name] = figure
    return drawn


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What is not as published, or not said there."""
    updates, steps = dict(settings.updates), dict(settings.steps)
    return (
        Choice(
            "the network",
            f"{settings.units} ReLU units, tau 50 ms, steps of 10 ms, {settings.delay} steps of delay",
            "published: 400 units and 20 + 100 ms",
        ),
        Choice(
            "training before",
            f"{updates.get('cursor')} updates of 20 reaches of {0.01 * steps['cursor']:g} s, pushed from the first on, "
            "Adam at 1e-3 falling to 0, no penalty of weights",
            "published: 1100 of 3 s, pushes in the last 500, feedback weights fixed in the first 100, clipping",
        ),
        Choice(
            "the rule's rate",
            f"lr {RATES['cursor']:g} without a body, {RATES['arm']:g} with muscles",
            "published: 1e-5 for 400 units, 5e-6 for 600; dW = 0.1 a lr f R^T, found on seeds 100 to 102",
        ),
        Choice(
            "every fifth step",
            "the rate times 0.8",
            "the published code leaves out every fifth step of the sum",
        ),
        Choice(
            "how it is measured",
            "one reach to each of eight targets, without learning, now and then",
            "published: the trials themselves",
        ),
        Choice(
            "the arm's error",
            "the sense `miss`, late, is all that is told of the hand, from a goal that moves along the least jerk",
            "published: the error from a target that moves, which is 0 where nothing disturbs",
        ),
        Choice(
            "pushes on the arm",
            "a curl field of 15 N s/m and pulses of 11 N, reversed, absent or in full, and motor noise of 10 %",
            "it must learn to use what it is told",
        ),
    )


EXPERIMENT = Experiment(
    name="feedback-teaches",
    title="Does feedback teach?",
    source="Feulner, Perich, Miller, Clopath & Gallego 2025",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
