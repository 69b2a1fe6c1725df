"""Preferred movement directions of hidden units and muscles, on a ladder from a point mass to the arm with its muscles.

A unit that drives an arm through a random readout w is most active for movements in the direction G^+T w, where G takes
commands to accelerations of the hand. On a point mass all directions are alike. On an arm G = J M^-1 A is not round,
and directions gather around an axis: with torques as commands the unit's direction is J^-T M w.

[Lillicrap & Scott 2013, Neuron 77:168; the axis of a monkey's motor cortex: Scott, Gribble, Graham & Cabel 2001, Nature
413:161]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy

from armfa.arrays import Array
from armfa.controllers import MLP, SGD, Backprop, Batch, FeedbackAlignment, SquaredError
from armfa.controllers.metrics import normalized_error
from armfa.controllers.streams import streams
from armfa.experiments.arm.controller import TIME_STEP
from armfa.experiments.arm.reaching import MOVEMENT_TIME, Steering, at_rest, center_out_distance, move
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn, points
from armfa.plant import Arm, ArmState, hand_position, inertia, inside, jacobian, make_arm
from armfa.plant.muscles.geometry import ConstantMomentArms
from armfa.plant.muscles.linear import ForceGenerator
from armfa.problems.hand_velocity import HandVelocityProblem, excitation
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import panels
from armfa.reports.statistics import every_above, every_below, mean_between, paired_less, reported, spread
from armfa.runs.unit import Run, Unit, find
from armfa.tasks import HandVelocity, center_out_targets

ARMS = {"lillicrap_scott": "monkey", "li_todorov": "human"}
RUNGS = ("geometry", "inertia", "paths", "muscles")
"""Above the point mass, each on both arms."""
LEARNED = ("backprop", "feedback-alignment")
"""Rules whose readout learns too, on the uppermost rung."""
POINT = "point-mass"
TARGETS = 16
MONKEY_AXIS = 117.0
"""degrees, of neurons of motor cortex during reaching: Scott et al. 2001."""
ONSET = 0.1
"""Share of the peak speed at which a movement begins."""
TUNED = 0.05
"""P of the planar regression below which a unit has a preferred direction."""
SIGNIFICANT = 0.001
"""P of the axial Rayleigh test."""
TORQUE = {"lillicrap_scott": 1.0, "li_todorov": 5.0}
"""N m of a motor at full command, alike at both joints; of the order of what muscles make."""
NEAR = math.radians(20.0)
"""rad, around the centre posture: where the arm is while it learns."""
JOINT_SPEED = 1.5
"""rad/s, at most, while it learns; reaches stay below."""
RATES = {"fixed": (0.01, 0.0), "backprop": (100.0, 0.015), "feedback-alignment": (6.0, 0.014)}
"""Hidden and output layer. Learned readouts: those of the arm's controller. Fixed: of 0.01, 0.03, 1, 3, 10 and 40 (from
1 on with ten times smaller readouts) the one whose units stayed in their linear range, for seeds 100-102."""
SCALES = {"fixed": (0.0, 1.0), "backprop": (0.05, 0.02), "feedback-alignment": (0.05, 0.02)}
"""First weights of hidden and output layer. From 0 the hidden layer learns what its readout asks for, and only that."""
EFFORT, WEAK = 0.3, 0.005
"""Weights of the mean squared command; the second is that of the arm's controller. Six muscles can do a movement in
many ways, and networks of different seeds agree on the least one at the first only (of 0.005, 0.05, 0.1 and 0.3)."""
INK = {POINT: "#a6a6a6", "geometry": "#56b4e9", "inertia": "#0072b2", "paths": "#009e73", "muscles": "#d55e00"}
WORDS = {
    POINT: "point mass", "geometry": "geometry: joint motors, even inertia", "inertia": "inertia: joint motors",
    "paths": "paths: six motors along the muscles", "muscles": "muscles: Hill curves, pull only",
}  # fmt: skip


@dataclass(frozen=True)
class Settings(Scales):
    """How many networks, and how long they learn."""

    SCALELESS = ("seeds",)

    seeds: int = 10
    hidden: int = 500
    updates: int = 40_000
    batch_size: int = 16
    point_updates: int = 8000  # of the point mass, which is linear

    @classmethod
    def quick(cls):
        """Fewer networks, shorter training."""
        return cls(seeds=3, updates=3000, point_updates=3000)


# the ladder


def arm_on(rung: str, name: str) -> Arm:
    """The arm of a preset with its muscles, or with motors in their place.

    "paths": motors that pull and push along the paths of the muscles. "inertia": one motor per joint. "geometry": the
    inertia matrix is constant, and each motor accelerates its own joint alone, M^-1 A = 1.
    """
    arm = make_arm(name, activation="static")
    if rung == "muscles":
        return arm
    if rung == "paths":
        return replace(arm, name=f"{name} paths", curves=ForceGenerator(), excitation_range=(-1.0, 1.0))
    strength, skeleton, moment_arms = TORQUE[name], arm.skeleton, ((1.0, 0.0), (0.0, 1.0))
    if rung == "geometry":
        skeleton = replace(
            skeleton, center_of_mass=(0.0, 0.0), inertia_about="joint", friction=((0.0, 0.0), (0.0, 0.0))
        )
        whole, _, fore = skeleton.lumped_inertia
        mean = 0.5 * float(np.trace(inertia(arm, np.asarray(arm.center_posture))))
        strength, moment_arms = strength / mean, ((whole, fore), (fore, fore))
    return replace(
        arm, name=f"{name} {rung}", skeleton=skeleton, curves=ForceGenerator(), max_force=(strength, strength),
        geometry=ConstantMomentArms(*moment_arms, reference_length=(1.0, 1.0), base=(1.0, 1.0)),
        muscle_names=("shoulder torque", "elbow torque"), activation_dynamics=None, excitation_range=(-1.0, 1.0),
    )  # fmt: skip


def effect_of_commands(arm: Arm, posture: Array, time: float = 0.0) -> Array:
    """G = J (M + B time)^-1 A (2, n), A = R (T(full) - T(none)): the hand's acceleration by full commands, m/s^2.

    posture : Array (2,), rad. time : s, velocity by acceleration of a movement, which friction asks for; 0: at rest.
    """
    low, high = (
        inside(arm, ArmState(posture, 0.0 * posture, np.full(arm.n_muscles, end))) for end in arm.excitation_range
    )
    pull = low.moment_arm * (high.tension - low.tension)
    return jacobian(arm, posture) @ np.linalg.solve(
        inertia(arm, posture) + time * np.array(arm.skeleton.friction), pull
    )


def velocity_by_acceleration(duration: float) -> float:
    """Mean velocity by mean acceleration of a minimum-jerk movement from its onset to its peak speed, s."""
    share = np.linspace(0.0, 0.5, 2001)
    speed = 16.0 * (share * (1.0 - share)) ** 2  # of its peak
    moving = speed >= ONSET
    rise = (1.0 - ONSET) / (duration * (0.5 - share[moving][0]))
    return float(speed[moving].mean() / rise)


class Axis(NamedTuple):
    """Where axial directions gather, degrees in [0, 180), and how much: the mean resultant of doubled angles."""

    degrees: float
    resultant: float


def predicted(effect: Array) -> Axis:
    """The axis of G^+T w over isotropic w, G (2, n) being `effect`: of the least commands, by the least activity.

    Doubled angles of a Gaussian vector with standard deviations s1 > s2 have the resultant (s1 - s2)/(s1 + s2).
    [Tyler 1987, Biometrika 74:579: on the circle, a Cauchy distribution of the doubled angle]
    """
    ways, (strong, weak), _ = np.linalg.svd(effect)  # what is moved most weakly asks for the largest commands
    weakest = math.degrees(math.atan2(ways[1, 1], ways[0, 1])) % 180.0
    return Axis(weakest, float((strong - weak) / (strong + weak)))


def axis_of(slope: Array) -> Axis:
    """The mean axis of directions (2, n)."""
    direction = np.arctan2(slope[1], slope[0])
    mean = np.exp(2j * direction).mean()
    return Axis(math.degrees(np.angle(mean)) / 2.0 % 180.0, float(abs(mean)))


def rayleigh(resultant: float, n: int) -> float:
    """P of the Rayleigh test, that n directions with this mean resultant are even. [Zar 1999, eq. 27.4]"""
    return math.exp(math.sqrt(1.0 + 4.0 * n + 4.0 * (n * n - (n * resultant) ** 2)) - (1.0 + 2.0 * n))


def between(axis: Any, reference: float) -> Array:
    """How far axes are from another, degrees in [-90, 90)."""
    return (np.asarray(axis) - reference + 90.0) % 180.0 - 90.0


# what is learned


@dataclass(frozen=True)
class PointMass:
    """A mass that two forces move: v' = v + g y. The controller sees place, velocity and desired velocity.

    As `HandVelocityProblem`: the desired velocity is what a random command gives, in units of what it changes.
    """

    gain: float = 0.1  # g, m/s in one step
    place: float = 0.2  # m, half of the room
    speed: float = 0.5  # m/s, at most along each direction
    dt: float = 0.01  # s
    test_seed: int = 1_000_003
    test_size: int = 2000

    n_inputs = 6
    n_out = 2

    def batch(self, rng: Any, size: int) -> Batch:
        """Random places and velocities, with the velocity that a random command gives."""
        place, velocity, command = (rng.uniform(-1.0, 1.0, (size, 2)).astype(np.float32) for _ in range(3))
        desired = self.speed * velocity + self.gain * command
        return Batch(self.inputs(self.place * place, self.speed * velocity, desired), SquaredError(command))

    def test(self) -> Batch:
        """The held-out batch, the same for every network."""
        return self.batch(np.random.default_rng(self.test_seed), self.test_size)

    def inputs(self, place: Array, velocity: Array, desired: Array) -> Array:
        """What the network sees (..., 6), each entry of the order of 1."""
        parts = place / self.place, velocity / self.speed, desired / self.speed
        return np.concatenate(parts, axis=-1).astype(np.float32)


@dataclass(frozen=True)
class Place:
    """One rung of the ladder, as a problem with movements."""

    rung: str
    arm: str
    effort: float = WEAK

    @cached_property
    def problem(self) -> Any:
        """What is learned."""
        if self.rung == POINT:
            return PointMass()
        arm = arm_on(self.rung, self.arm)
        near = tuple((center - NEAR, center + NEAR) for center in arm.center_posture)
        task = HandVelocity(target="reach", max_joint_speed=JOINT_SPEED)
        return HandVelocityProblem(
            replace(arm, joint_range=near), task, TIME_STEP.get(self.arm, 0.01), effort=self.effort
        )

    @property
    def n_out(self) -> int:
        """Commands."""
        return 2 if self.rung == POINT else self.problem.world.arm.n_muscles

    @property
    def distance(self) -> float:
        """Of the targets, m."""
        return 0.1 if self.rung == POINT else center_out_distance(self.problem.world.arm)

    def prediction(self) -> Axis:
        """The closed form with friction, for a fixed readout; on a point mass there is no axis."""
        if self.rung == POINT:
            return Axis(math.nan, 0.0)
        arm = self.problem.world.arm
        return predicted(
            effect_of_commands(arm, np.asarray(arm.center_posture), velocity_by_acceleration(MOVEMENT_TIME))
        )

    def movements(self, network: MLP, params: Any) -> tuple[Array, Array, Array, Array]:
        """Reaches to `TARGETS` targets: hidden rates and commands (time, S, 16, n), speed (time, S, 16), end error."""
        hidden, commands, networks = [], [], params[0].weight.shape[0]

        def answer(inputs: Array) -> Array:
            trace = network.forward(params, inputs)
            hidden.append(trace.inputs[1])
            commands.append(trace.output)
            return trace.output

        def spread(places: Array) -> Array:
            return np.broadcast_to(np.asarray(places, np.float32), (networks, TARGETS, 2)).copy()

        if self.rung == POINT:
            problem, target = self.problem, spread(center_out_targets(np.zeros(2), self.distance, TARGETS))
            place, velocity, steering, speed = 0.0 * target, 0.0 * target, Steering(), []
            along = steering.along(0.0 * target, target, MOVEMENT_TIME)
            for step in range(round(MOVEMENT_TIME / problem.dt) + 1):
                speed.append(np.hypot(velocity[..., 0], velocity[..., 1]))
                desired = along((step + 1) * problem.dt, place)
                velocity = velocity + problem.gain * answer(problem.inputs(place, velocity, desired))
                place = place + problem.dt * velocity
            last = place
        else:
            problem, arm = self.problem, self.problem.world.arm
            center = hand_position(arm, np.asarray(arm.center_posture))
            target, start = spread(center_out_targets(center, self.distance, TARGETS)), spread(center)
            along = Steering.of(arm).along(start, target, MOVEMENT_TIME)

            def control(state: ArmState, desired: Array) -> Array:
                return excitation(arm, answer(problem.inputs(state, desired.astype(np.float32))))

            made = move(problem, control, at_rest(arm, start), along, MOVEMENT_TIME)
            last, speed = made.hand[-1], np.hypot(made.hand_velocity[..., 0], made.hand_velocity[..., 1])
        error = np.hypot(*np.moveaxis(last - target, -1, 0))
        return np.stack(hidden), np.stack(commands), np.stack(speed), error


class Tuning(NamedTuple):
    """Planar regression r = b0 + b1 cos(direction) + b2 sin(direction) of each unit."""

    slope: Array  # (..., 2, units) b1, b2
    p: Array  # (..., units)


def tuning(rates: Array, speed: Array) -> Tuning:
    """Of mean rates from movement onset to peak speed.

    rates : Array (time, ..., targets, units). speed : Array (time, ..., targets), m/s.
    """
    peak = speed.argmax(0)
    moving = speed >= ONSET * speed.max(0)
    first, time = moving.argmax(0), np.arange(len(speed)).reshape(-1, *[1] * peak.ndim)
    within = ((time >= first) & (time <= peak)).astype(rates.dtype)
    mean = np.einsum("t...,t...u->...u", within, rates) / within.sum(0)[..., None]  # (..., targets, units)
    count = mean.shape[-2]
    angle = 2.0 * np.pi * np.arange(count) / count
    b1, b2 = (2.0 / count * np.einsum("...tu,t->...u", mean, f(angle)) for f in (np.cos, np.sin))
    total = ((mean - mean.mean(-2, keepdims=True)) ** 2).sum(-2)
    explained = 0.5 * count * (b1 * b1 + b2 * b2)
    f = (explained / 2.0) / np.maximum((total - explained) / (count - 3), 1e-30)
    return Tuning(np.stack([b1, b2], axis=-2), scipy.stats.f.sf(f, 2, count - 3))


# the experiment


def units(settings: Settings) -> list[Unit]:
    """One unit per arm, rung, readout and effort; all networks in one stack."""
    seeds = list(range(settings.seeds))
    seconds = 2e-8 * settings.seeds * settings.hidden * settings.updates + 3.0
    found = [Unit(POINT, {"arm": POINT, "rung": POINT, "readout": "fixed", "effort": 0.0, "seeds": seeds}, seconds)]
    ladder = [("geometry", "fixed", WEAK), ("inertia", "fixed", WEAK), ("paths", "fixed", EFFORT)]
    ladder += [("muscles", "fixed", EFFORT), ("muscles", "fixed", WEAK), *(("muscles", rule, WEAK) for rule in LEARNED)]
    for arm in ARMS:
        for rung, readout, effort in ladder:
            arguments = {"arm": arm, "rung": rung, "readout": readout, "effort": effort, "seeds": seeds}
            found.append(Unit(f"{arm}_{rung}_{readout}_{effort:g}", arguments, seconds))
    return found


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Train the stack, let it reach, and find what every unit and every command prefers."""
    at = Place(*(unit.arguments[name] for name in ("rung", "arm", "effort")))
    problem, readout = at.problem, unit.arguments["readout"]
    hidden, output = SCALES[readout]
    network = MLP(
        (problem.n_inputs, settings.hidden, at.n_out), ("tanh", "linear" if at.rung == POINT else "tanh"),
        weight_scale=(hidden, output), bias_scale=(hidden, 0.0),
    )  # fmt: skip
    rule = FeedbackAlignment(scale=0.5) if readout == "feedback-alignment" else Backprop()
    updates, test = settings.point_updates if at.rung == POINT else settings.updates, problem.test()

    def measure(state):
        inputs = np.broadcast_to(test.inputs, (len(unit.arguments["seeds"]), *test.inputs.shape))
        outputs = network.forward(state.params, inputs).output
        return {"nse": np.array([normalized_error(output, test.loss) for output in outputs])}

    curves, state = learn(
        problem, network, rule, SGD(RATES[readout], schedule="linear", updates=updates),
        streams(unit.arguments["seeds"]), updates=updates, batch_size=settings.batch_size,
        at=points(updates, 4, first=100), measure=measure, checkpoint=checkpoint, alone=True,
    )  # fmt: skip
    rates, commands, speed, error = at.movements(network, state.params)
    found, wanted = tuning(rates, speed), tuning(commands, speed)
    return {
        "nse": curves["nse"][:, -1], "end_error": error.astype(np.float32),
        "slope": found.slope, "p": found.p, "command_slope": wanted.slope, "command_p": wanted.p,
    }  # fmt: skip


class Found(NamedTuple):
    """Of the networks of a run (networks,)."""

    axis: Array  # degrees
    resultant: Array
    p: Array  # of the axial Rayleigh test
    tuned: Array  # share of units


def found_in(run: Run) -> Found:
    """Where the directions of tuned units gather."""
    rows = []
    for slope, p in zip(run.arrays["slope"], run.arrays["p"]):
        tuned = p < TUNED
        axis = axis_of(slope[:, tuned]) if tuned.any() else Axis(math.nan, 0.0)
        rows.append((axis.degrees, axis.resultant, rayleigh(axis.resultant, int(tuned.sum())), tuned.mean()))
    return Found(*np.array(rows).T)


def mean_axis(axes: Array) -> float:
    """The mean of axes, degrees."""
    angle = np.radians(axes)
    return axis_of(np.stack([np.cos(angle), np.sin(angle)])).degrees


def place_of(run: Run) -> Place:
    """The rung that a run stood on."""
    return Place(*(run.arguments[name] for name in ("rung", "arm", "effort")))


def on(runs: Sequence[Run], arm: str, rung: str, readout: str = "fixed", effort: float | None = None) -> Run:
    """The run of that arm and rung, at the effort of the ladder."""
    usual = EFFORT if readout == "fixed" and rung in ("paths", "muscles") else WEAK
    return find(runs, arm=arm, rung=rung, readout=readout, effort=usual if effort is None else effort)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per arm, rung and readout: axis and resultant, found and predicted, and what the commands prefer."""
    rows = []
    for run in runs:
        found, closed = found_in(run), place_of(run).prediction()
        axis = mean_axis(found.axis)
        directions = [np.degrees(np.arctan2(*each[::-1])) % 360.0 for each in run.arrays["command_slope"].mean(0).T]
        rows.append(
            {
                "arm": run.arguments["arm"],
                "rung": run.arguments["rung"],
                "readout": run.arguments["readout"],
                "effort": run.arguments["effort"],
                "n": len(found.axis),
                "axis_deg": axis,
                "axis_sd_deg": spread(between(found.axis, axis)),
                "resultant": float(found.resultant.mean()),
                "largest_p": float(found.p.max()),
                "closed_axis_deg": closed.degrees,
                "closed_resultant": closed.resultant,
                "tuned": float(found.tuned.mean()),
                "nse": float(run.arrays["nse"].mean()),
                "end_error_mm": float(1000.0 * run.arrays["end_error"].mean()),
                "commands_deg": " ".join(f"{x:.0f}" for x in directions),
            }
        )
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Units gather around an axis on arms and not on a point mass; where, and by what."""
    point = found_in(find(runs, rung=POINT))
    found = [
        Claim("control: on a point mass no network has an axis",
              f"P of the axial Rayleigh test (mean resultant {point.resultant.mean():.2g})", point.p,
              every_above(point.p, SIGNIFICANT), own=True),
    ]  # fmt: skip
    for arm, who in ARMS.items():
        muscles = found_in(on(runs, arm, "muscles"))
        found += [
            Claim(f"{who}: on the arm with muscles, preferred directions gather around an axis (2013)",
                  f"P of the axial Rayleigh test (mean resultant {muscles.resultant.mean():.2g})", muscles.p,
                  every_below(muscles.p, SIGNIFICANT), own=who != "monkey", full=True),
            Claim(f"{who}: ... more than on a point mass", "resultant on a point mass minus that with muscles",
                  point.resultant - muscles.resultant, paired_less(point.resultant, muscles.resultant), own=True,
                  full=True),
        ]  # fmt: skip
        if who == "monkey":
            far = between(muscles.axis, MONKEY_AXIS)
            found.append(
                Claim(f"the axis is that of a monkey's motor cortex, {MONKEY_AXIS:g} degrees (Scott et al. 2001), "
                      "within 20 degrees", f"axis (mean {mean_axis(muscles.axis):.0f}) minus {MONKEY_AXIS:g}, degrees",
                      far, mean_between(far, -20, 20), full=True)
            )  # fmt: skip
        for rung in ("geometry", "inertia", "paths"):
            run = on(runs, arm, rung)
            here, closed = found_in(run), place_of(run).prediction()
            far, more = between(here.axis, closed.degrees), here.resultant - closed.resultant
            words = f"{who}, {WORDS[rung].split(':')[0]}: the axis is that of the closed form"
            found += [
                Claim(f"{words}, {closed.degrees:.0f} degrees, within 10", "axis minus that, degrees", far,
                      mean_between(far, -10, 10), own=True, full=True),
                Claim(f"... with its resultant, {closed.resultant:.2f}, within 0.1", "resultant minus that", more,
                      mean_between(more, -0.1, 0.1), own=True, full=True),
            ]  # fmt: skip
        inertia_axis = mean_axis(found_in(on(runs, arm, "inertia")).axis)
        far = between(muscles.axis, inertia_axis)
        found.append(
            Claim(f"{who}: an axis by itself tells nothing of muscles: motors at the joints give the same, within 20 "
                  "degrees", f"axis with muscles minus that with joint motors ({inertia_axis:.0f}), degrees", far,
                  mean_between(far, -20, 20), own=True, full=True)
        )  # fmt: skip
        for words, run in (
            ("at the weak effort of the arm's controller", on(runs, arm, "muscles", effort=WEAK)),
            *(
                (f"a readout that learns, by {rule.replace('-', ' ')}", on(runs, arm, "muscles", rule))
                for rule in LEARNED
            ),
        ):
            here = found_in(run)
            far, count = between(here.axis, MONKEY_AXIS), int((here.p < SIGNIFICANT).sum())
            found.append(
                Claim(f"{who}, muscles, {words}: the axis is within 20 degrees of {MONKEY_AXIS:g}",
                      f"axis (mean {mean_axis(here.axis):.0f}; mean resultant {here.resultant.mean():.2g}, "
                      f"{count} of {len(here.p)} with P < {SIGNIFICANT:g}) minus {MONKEY_AXIS:g}, degrees", far,
                      mean_between(far, -20, 20) if who == "monkey" else reported(), own=True, full=True)
            )  # fmt: skip
    return found


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Preferred directions of all units on each rung, and their axes beside the closed form."""
    figure, axes = panels(4.2, 4.2, 3.9, height=3.4)
    edges = np.linspace(0.0, 360.0, 25)
    for axis, (arm, who) in zip(axes, ARMS.items()):
        for rung in (POINT, *RUNGS):
            run = find(runs, rung=POINT) if rung == POINT else on(runs, arm, rung)
            tuned = run.arrays["p"] < TUNED
            direction = np.degrees(np.arctan2(run.arrays["slope"][:, 1], run.arrays["slope"][:, 0]))[tuned] % 360.0
            share = 100.0 * np.histogram(direction, edges)[0] / max(1, len(direction))
            axis.stairs(share, edges, color=INK[rung], linewidth=1.5, label=rung.replace("-", " "))
        axis.set(xlim=(0, 360), xticks=range(0, 361, 90), title=f"{who} ({arm.replace('_', '-')})", ylim=(0, None))
        axis.set(xlabel="preferred direction (degrees)", ylabel="units (% per 15 degrees)")
        if who == "monkey":
            for angle in (MONKEY_AXIS, MONKEY_AXIS + 180.0):
                axis.axvline(angle, color="#999999", linewidth=0.8, linestyle=":")
    axes[0].legend(loc="upper center", fontsize=7)
    for arm, marker in zip(ARMS, "os"):
        for rung in RUNGS:
            run = on(runs, arm, rung)
            here, closed = found_in(run), place_of(run).prediction()
            axes[2].plot(here.axis, here.resultant, marker, color=INK[rung], markersize=4, alpha=0.7)
            if rung != "muscles":
                axes[2].plot(closed.degrees, closed.resultant, marker, fillstyle="none", color=INK[rung], markersize=10)
    point = found_in(find(runs, rung=POINT))
    axes[2].plot(point.axis, point.resultant, "x", color=INK[POINT], markersize=4)
    axes[2].axvline(MONKEY_AXIS, color="#999999", linewidth=0.8, linestyle=":")
    axes[2].plot([], [], "o", color="#444444", markersize=4, label="monkey, one network")
    axes[2].plot([], [], "s", color="#444444", markersize=4, label="human, one network")
    axes[2].plot([], [], "o", fillstyle="none", color="#444444", markersize=9, label="closed form")
    axes[2].set(xlim=(0, 180), xticks=range(0, 181, 45), ylim=(0, 1), title="axis of each network")
    axes[2].set(xlabel="axis (degrees)", ylabel="resultant of doubled angles")
    axes[2].legend(loc="upper left", fontsize=7)
    networks = f"n = {settings.seeds} networks of {settings.hidden} units"
    figure.set_label(f"{networks}; dotted: {MONKEY_AXIS:g} degrees, monkey's motor cortex")
    return {"preferred_directions": figure}


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What the paper's text, as far as it was at hand, does not say."""
    return (
        Choice("the ladder", "; ".join(WORDS.values()), "the paper has six plants, whose equations were not at hand"),
        Choice("task", f"hand velocity one step ahead, learned within {math.degrees(NEAR):g} degrees of the centre "
               f"posture; then {TARGETS} minimum-jerk reaches of {MOVEMENT_TIME:g} s",
               "the controller of the 2014 abstract"),
        Choice("readout", "random and fixed, hidden weights from 0; as a variant it learns",
               "the closed form is about random fixed readouts"),
        Choice("effort", f"{EFFORT:g} where commands are redundant, {WEAK:g} elsewhere; the muscles at both",
               "the paper's cost of activity was not at hand; at the weak one networks of different seeds hold the arm "
               "with different muscles"),
        Choice("motors", ", ".join(f"{TORQUE[arm]:g} N m ({who})" for arm, who in ARMS.items()),
               "of the order of what muscles make"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="preferred-directions",
    title="Preferred directions, from a point mass to muscles",
    source="Lillicrap & Scott 2013, Neuron 77:168",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
    remarks="Mean rate from movement onset (10 % of peak speed) to peak speed, planar regression over the directions "
    "of the targets, P < 0.05. Closed form: G^+T w for random w, G = J (M + B t)^-1 A; t, velocity by acceleration of "
    "a movement, is what friction asks for.",
)
