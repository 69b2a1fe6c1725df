"""The two-thirds power law of drawing, speed ~ curvature^-1/3, where controllers follow a target around an ellipse.

A target whose x and y are sines keeps the law by itself and so imposes it on whoever follows. Two more targets on the
same ellipse tell what is a controller's own: one of constant speed, whose exponent is 0, and one of exponent -2/3.

[Lacquaniti, Terzuolo & Viviani 1983, Acta Psychol 54:115]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import butter, sosfiltfilt

from armfa.arrays import Array, sin
from armfa.controllers.trees import take
from armfa.experiments.arm.reaching import Steering, at_rest, move
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.motor.movements import performed, trials_of
from armfa.experiments.motor.trained import over_time, step_by_step, step_network
from armfa.plant import Arm, hand_position, make_arm
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import panels
from armfa.reports.statistics import all_of, mean_above, mean_below, mean_between, spread
from armfa.runs.unit import Run, Unit, find
from armfa.tasks import Ellipse
from armfa.world import Senses

LAW, MARGIN, FIT = -1.0 / 3.0, 0.05, 0.9
"""Exponent, how far from it people's may be, and the least correlation of the logarithms."""
TARGETS = {"constant": 0.0, "harmonic": LAW, "steep": 2.0 * LAW}
"""Exponents of the targets' own speeds."""
CONTROLLERS = {"rnn": "recurrent, backprop through time", "one-step": "one step ahead, feedback alignment"}
HARMONICS = 8
STARTS, ROUNDS = 8, 3
"""Places where a target starts; rounds that are drawn, of which the first is not judged."""
CUT = 10.0
"""Hz: hand paths are low-passed, as recordings are."""
HOLD = 2
"""Steps of 10 ms for which the recurrent controller holds a command."""
INK = {"constant": "#0072b2", "harmonic": "#000000", "steep": "#d55e00"}


@dataclass(frozen=True)
class Settings(Scales):
    """How many controllers, and how long they learn."""

    SCALELESS = ("seeds",)

    seeds: int = 10
    units: int = 48
    updates: int = 800
    batch_size: int = 8
    rate: float = 5e-3  # Adam's, that of `armfa learn`; none other was tried
    one_step_updates: int = 20_000
    one_step_units: int = 100

    @classmethod
    def quick(cls):
        """Fewer controllers, shorter training."""
        return cls(seeds=2, updates=60, one_step_updates=2000)


@dataclass(frozen=True)
class DrawnEllipse(Ellipse):
    """An ellipse whose target goes faster or slower in curves: the phase is turned by `warp`, sum w_k sin 2 k phase."""

    warp: tuple[tuple[float], ...] = ()
    """w_k, one in each."""

    def path(self, arm: Arm, phase: Array) -> Array:
        """The target beside the centre (..., 2), m."""
        turned = phase
        for number, (weight,) in enumerate(self.warp):
            turned = turned + weight * sin(2.0 * (number + 1) * phase)
        return super().path(arm, turned)


def warp_for(exponent: float, ratio: float = 2.0) -> tuple[tuple[float], ...]:
    """The weights with which speed = constant * curvature^exponent on an ellipse of this ratio of axes.

    With r'(p) the derivative by the phase, curvature = a b/|r'|^3, so that the time per phase is |r'|^(1 + 3 exponent).
    """
    phase = np.linspace(0.0, math.tau, 8193)
    pace = np.hypot(ratio * np.sin(phase), np.cos(phase)) ** (1.0 + 3.0 * exponent)
    time = np.concatenate([[0.0], np.cumsum(0.5 * (pace[1:] + pace[:-1]))])
    even = np.linspace(0.0, math.tau, 4096, endpoint=False)
    ahead = np.interp(even, time * (math.tau / time[-1]), phase) - even
    return tuple((float(2.0 * np.mean(ahead * np.sin(2.0 * k * even))),) for k in range(1, HARMONICS + 1))


def task_of(target: str) -> DrawnEllipse:
    """The ellipse with that target."""
    return DrawnEllipse(warp=warp_for(TARGETS[target]), duration=float(ROUNDS))


def problem_of(target: str, rounds: int = 2) -> TaskProblem:
    """An arm with first-order muscles that follows it."""
    arm = make_arm("li_todorov", activation="first_order")
    return TaskProblem(
        arm, task_of(target), senses=Senses(hold_action=HOLD), duration=float(rounds), position=1000.0, velocity=0.0
    )


def power_law(hand: Array, dt: float) -> tuple[float, float, Array, Array]:
    """Exponent and correlation of log speed with log curvature, and both (samples,), after the first round.

    hand : Array (time, movements, 2), m, a round per second. The correlation is positive where curves are slow.
    """
    smooth = sosfiltfilt(butter(2, CUT * 2.0 * dt, output="sos"), hand, axis=0)
    velocity = np.gradient(smooth, dt, axis=0)
    change = np.gradient(velocity, dt, axis=0)
    judged = slice(round(1.0 / dt), -round(0.1 / dt))  # the filter's end is left out
    speed = np.hypot(velocity[..., 0], velocity[..., 1])[judged].ravel()
    cross = np.abs(velocity[..., 0] * change[..., 1] - velocity[..., 1] * change[..., 0])[judged].ravel()
    x, y = np.log(cross / speed**3), np.log(speed)
    slope = np.polyfit(x, y, 1)[0]
    return float(slope), float(-np.corrcoef(x, y)[0, 1]), np.exp(x), speed


def units(settings: Settings) -> list[Unit]:
    """One unit per target for the recurrent controllers, and one for those of one step, who learn without a target."""
    seeds = list(range(settings.seeds))
    pace = 8e-6 * settings.seeds * settings.updates * settings.batch_size * settings.units + 3.0
    found = [Unit(f"rnn_{target}", {"who": "rnn", "target": target, "seeds": seeds}, pace) for target in TARGETS]
    pace = 1e-8 * settings.seeds * settings.one_step_updates * settings.one_step_units + 5.0
    return [*found, Unit("one-step", {"who": "one-step", "target": "all", "seeds": seeds}, pace)]


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Train the stack, let it draw, and find the exponents; names end in the target's."""
    make = drawn_by_rnn if unit.arguments["who"] == "rnn" else drawn_step_by_step
    found = {}
    for target, (hands, goals, dt) in make(settings, unit, checkpoint).items():
        laws = [power_law(hand, dt) for hand in hands]
        own = power_law(goals, dt)
        miss = np.hypot(*np.moveaxis(hands - goals, -1, 0))[:, round(1.0 / dt) :]
        found |= {
            f"exponent_{target}": np.array([law[0] for law in laws]),
            f"fit_{target}": np.array([law[1] for law in laws]),
            f"own_{target}": np.array(own[:2]), f"rms_{target}": np.sqrt((miss**2).mean((1, 2))),
            f"path_{target}": hands[0, :, 0].astype(np.float32),
            f"curvature_{target}": laws[0][2].astype(np.float32), f"speed_{target}": laws[0][3].astype(np.float32),
        }  # fmt: skip
    return found


def drawn_by_rnn(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, tuple[Array, Array, float]]:
    """Hands (networks, time, starts, 2), the targets' places (time, starts, 2), m, and the time step, s."""
    target, seeds = unit.arguments["target"], unit.arguments["seeds"]
    problem = problem_of(target)
    network, params = over_time(problem, settings, seeds, checkpoint)
    longer = problem_of(target, ROUNDS)
    trial, hands = trials_of(longer, STARTS), []
    for number in range(len(seeds)):
        made = performed(longer, longer.policy(network, take(params, number)), trial)
        hands.append(made.hand)
    phase = math.tau * (made.time[:, None] + trial.variant / STARTS)
    goals = trial.goals[:, 0] + task_of(target).path(longer.world.arm, phase)
    return {target: (np.stack(hands), goals, longer.world.step_time)}


def drawn_step_by_step(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, tuple[Array, Array, float]]:
    """The same of controllers that learned to move the hand at a desired velocity, for every target."""
    seeds, (problem, network) = unit.arguments["seeds"], step_network(settings.one_step_units)
    _, state = step_by_step(problem, network, settings.one_step_updates, seeds, checkpoint)
    arm, dt, found = problem.world.arm, problem.dt, {}
    center = hand_position(arm, np.asarray(arm.center_posture))
    starts = np.arange(STARTS) / STARTS
    gain, size = Steering.of(arm).gain, (len(seeds), STARTS, 2)
    for target in TARGETS:
        task = task_of(target)

        def place(time: float, task: DrawnEllipse = task) -> Array:
            return center + task.path(arm, math.tau * (time + starts))

        def command(time: float, hand: Array, place: Any = place) -> Array:
            return (place(time) - place(time - dt)) / dt + gain * (place(time - dt) - hand)

        start = np.broadcast_to(place(0.0), size).astype(np.float32)
        made = move(problem, problem.controller(network, state.params), at_rest(arm, start), command, float(ROUNDS))
        goals = np.stack([place(time) for time in made.time])
        found[target] = made.hand.swapaxes(0, 1), goals, dt
    return found


def of(runs: Sequence[Run], who: str, target: str) -> dict[str, np.ndarray]:
    """What was found of these controllers with that target, by name."""
    run = find(runs, who=who, target=target if who == "rnn" else "all")
    return {name.removesuffix(f"_{target}"): x for name, x in run.arrays.items() if name.endswith(f"_{target}")}


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per controller and target."""
    rows = []
    for who in CONTROLLERS:
        for target in TARGETS:
            found = of(runs, who, target)
            exponent = found["exponent"]
            rows.append(
                {
                    "controller": who,
                    "target": target,
                    "n": len(exponent),
                    "target_exponent": float(found["own"][0]),
                    "exponent": float(exponent.mean()),
                    "exponent_sd": spread(exponent),
                    "correlation": float(found["fit"].mean()),
                    "rms_distance_mm": float(1000.0 * found["rms"].mean()),
                }
            )
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """The law with a target that keeps it, and none without."""
    found = []
    for who, words in CONTROLLERS.items():
        here = {target: of(runs, who, target) for target in TARGETS}
        exponent, fit = here["harmonic"]["exponent"], here["harmonic"]["fit"]
        even, worst = here["constant"]["exponent"], np.stack([here[target]["rms"] for target in TARGETS]).max(0)
        far = np.stack([here[target]["exponent"] - here[target]["own"][0] for target in TARGETS])
        found += [
            Claim(f"{words}: controllers stay near the target, so that what they draw is an ellipse",
                  "root mean square distance, the largest of three targets, mm", 1000.0 * worst,
                  mean_below(1000.0 * worst, 10), own=True, full=True),
            Claim(f"{words}: harmonic target: exponent -1/3 within {MARGIN:g} (1983)",
                  f"exponent of the hand (of the target {here['harmonic']['own'][0]:.3f})", exponent,
                  mean_between(exponent, LAW - MARGIN, LAW + MARGIN), full=True),
            Claim(f"{words}: ... with a correlation of at least {FIT:g}", "correlation of log speed and log curvature",
                  fit, mean_above(fit, FIT), full=True),
            Claim(f"{words}: control: a target at constant speed gives no such exponent",
                  f"exponent of the hand (of the target {here['constant']['own'][0]:.3f})", even,
                  mean_above(even, LAW + MARGIN), own=True, full=True),
            Claim(f"{words}: the target imposes its exponent, whichever of three it is, within {MARGIN:g}",
                  "exponent minus the target's, the one of three that is largest in size",
                  np.take_along_axis(far, np.abs(far).argmax(0)[None], 0)[0],
                  all_of(*(mean_between(each, -MARGIN, MARGIN) for each in far)), own=True, full=True),
            Claim(f"{words}: following smoothes: at constant speed the hand is slower in curves than the target",
                  "exponent with a target at constant speed", even, mean_below(even, 0.0), own=True, full=True),
        ]  # fmt: skip
    return found


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Paths, speed against curvature, and exponents of all controllers."""
    figure, (paths, speeds, exponents) = panels(3.4, 3.9, 3.9, height=3.3)
    for number, target in enumerate(TARGETS):
        found, words = of(runs, "rnn", target), f"{target} (exponent {TARGETS[target]:.2g})"
        path = 100.0 * found["path"][round(1.0 / (0.01 * HOLD)) :]
        paths.plot(*path.T, color=INK[target], linewidth=1.1, label=target)
        speeds.plot(found["curvature"], found["speed"], ".", color=INK[target], markersize=1.5, label=words)
        for shift, who in ((-0.12, "rnn"), (0.12, "one-step")):
            values = of(runs, who, target)["exponent"]
            exponents.plot(
                np.full(len(values), number + shift), values, "o" if who == "rnn" else "s", color=INK[target],
                fillstyle="full" if who == "rnn" else "none", markersize=4,
            )  # fmt: skip
        exponents.plot([number - 0.3, number + 0.3], [found["own"][0]] * 2, color="#999999", linewidth=1.0)
    paths.set(xlabel="x (cm)", ylabel="y (cm)", title="hand, one controller", aspect="equal")
    speeds.set(
        xscale="log", yscale="log", xlabel="curvature (1/m)", ylabel="speed (m/s)", title="speed, one controller"
    )
    speeds.legend(markerscale=5, fontsize=7)
    exponents.axhspan(LAW - MARGIN, LAW + MARGIN, color="#009e73", alpha=0.15, linewidth=0, label="the law ± 0.05")
    exponents.plot([], [], "o", color="#444444", markersize=4, label="recurrent")
    exponents.plot([], [], "s", fillstyle="none", color="#444444", markersize=4, label="one step ahead")
    exponents.plot([], [], color="#999999", linewidth=1.0, label="the target's own")
    exponents.set(title="exponents of all", xlabel="speed of the target", ylabel="exponent", ylim=(-0.9, 0.15))
    exponents.set_xticks(range(len(TARGETS)), list(TARGETS))
    exponents.legend(loc="lower left", fontsize=7)
    figure.set_label(f"n = {settings.seeds} controllers per kind; left and middle: the first recurrent one")
    return {"power_law": figure}


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What was to be chosen."""
    return (
        Choice("ellipse", "10 by 5 cm, one round per second", "of the size that people draw"),
        Choice("controllers", f"RNN of {settings.units} units, first-order muscles, {settings.updates} updates; and "
               f"6-{settings.one_step_units}-6 by feedback alignment, static muscles, steered to the target",
               "one that learns the task, and one that only knows how to move the hand at a velocity"),
        Choice("curvature", f"of the hand's path, low-passed at {CUT:g} Hz; the first round is left out",
               "as recordings are treated"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="power-law",
    title="The two-thirds power law, and who imposes it",
    source="Lacquaniti, Terzuolo & Viviani 1983, Acta Psychol 54:115",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
    remarks="A target whose x and y are sines keeps the law exactly, and imposes it on whoever follows. And whoever "
    "smoothes comes near it with any target: of a path's periods the slowest alone is an ellipse that keeps the law.",
)
