"""Center-out reaches: straight, with one bell of speed, of controllers that four kinds of learning made.

One network learns single steps by feedback alignment, and is led along the movement with the least jerk. Recurrent
networks learn the whole trial from the go cue alone: the movement with the least jerk stands in the cost, and they are
not told of it. Beside them what must fail: the loop gain (target - hand), whose speed peaks at once, and online
learning whose hidden signals have the wrong sign.

[Morasso 1981, Exp Brain Res 42:223; Flash & Hogan 1985, J Neurosci 5:1688; Lillicrap, Cownden, Tweed & Akerman 2016,
unrolled in time; Murray 2019, eLife 8:e43299]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers import RNN, Adam, Policy, TrainState
from armfa.controllers.metrics import normalized_error
from armfa.controllers.rules.time import RFLO, BackpropThroughTime, EProp, FeedbackAlignmentThroughTime
from armfa.controllers.streams import streams
from armfa.controllers.trees import unstack
from armfa.experiments.arm.reaching import Command, Controller, Steering, at_rest, move
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn, points
from armfa.experiments.motor.movements import performed, profile, speed_form, trials_of
from armfa.experiments.motor.trained import step_by_step, step_network
from armfa.experiments.motor.trials import known_mean
from armfa.plant import hand_position, make_arm
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim, Verdict
from armfa.reports.figures import band, colours, panels
from armfa.reports.statistics import mean_above, mean_below, mean_between, ratio, ratio_below, reported, spread
from armfa.runs.unit import Run, Unit, find, select
from armfa.tasks import NEVER, CenterOut, center_out_targets
from armfa.world import Senses

TRIALS = 16
"""Frozen trials of the task: each of the 8 targets twice."""
ONE_STEP, LOOP = "one-step-feedback-alignment", "one-step-without-reference"
ONE_PEAK, PEAK_BY_MEAN, PEAK_TIME, END_MM, DEVIATION = 0.9, (1.6, 2.1), (0.4, 0.6), 5.0, 5.0
"""Bars: share of movements with one peak; peak by mean speed; time of the peak; end error, mm; deviation, % of way."""
FALSE_START = 0.1
"""Bar: share of trials in which the hand leaves the centre without a go."""
MEASURES = ("end_mm", "peak_by_mean_speed", "time_of_peak", "speed_peaks", "movement_time_s", "deviation_percent")


class Against(EProp):
    """The control: e-prop whose hidden units are told the opposite of what they should be."""

    def feedback(self, params: Any, state: Any) -> Array:
        """-W_out."""
        return -params.out.weight


class Learner(NamedTuple):
    """A rule with its rate, and what it is called."""

    rule: Any
    rate: float  # Adam's, which falls to 0
    words: str
    longer: float = 1.0  # updates, in those of the settings


# Rates and scale of B: from 1e-3, 3e-3, 1e-2, 2e-2 and 0.1, 0.3, 1, seeds 100 and 101, 1200 to 5000 updates
LEARNERS_THROUGH_TIME: Mapping[str, Learner] = {
    "backprop-through-time": Learner(BackpropThroughTime(), 1e-2, "BPTT"),
    "feedback-alignment-through-time": Learner(
        FeedbackAlignmentThroughTime(scale=0.3), 3e-3, "BPTT with random feedback", longer=2.0
    ),
    "rflo": Learner(RFLO(), 1e-2, "RFLO"),
    "feedback-alignment-cut": Learner(
        FeedbackAlignmentThroughTime(scale=0.3, through_plant="cut"), 1e-2, "random feedback, plant cut"
    ),
    "feedback-alignment-random": Learner(
        FeedbackAlignmentThroughTime(scale=0.3, through_plant="random"), 1e-3, "random feedback, random plant"
    ),
    "against": Learner(Against(), 1e-2, "e-prop, hidden signals reversed"),
}
KINDS = (ONE_STEP, "backprop-through-time", "feedback-alignment-through-time", "rflo")
"""The controllers that are to reach as people do."""
WORDS = {
    ONE_STEP: "one-step FA, led along the least jerk",
    LOOP: "one-step FA, gain (target - hand)",
    **{name: learner.words for name, learner in LEARNERS_THROUGH_TIME.items()},
}


@dataclass(frozen=True)
class Settings(Scales):
    """How many networks, and how long they learn."""

    seeds: int = 10
    first_seed: int = 0
    units: int = 64  # recurrent
    updates: int = 2500  # of recurrent networks
    batch_size: int = 16  # movements per update
    movement_time: float = 0.5  # s
    duration: float = 1.2  # s, of a trial
    hold_action: int = 2  # steps of 10 ms for which a command is held
    position: float = 1000.0  # 1/m^2
    velocity: float = 10.0  # 1/(m/s)^2
    effort: float = 0.003
    smoothness: float = 0.01
    hidden: int = 500  # units of the network that learns single steps
    one_step_updates: int = 20_000
    points: int = 12  # of the curves

    @classmethod
    def quick(cls):
        """Fewer networks, a shorter training."""
        return cls(seeds=2, updates=120, one_step_updates=4000, points=6)


def problem_of(settings: Settings) -> TaskProblem:
    """The trial that recurrent networks learn: wait, see the target, on the go reach and hold."""
    task = CenterOut(shortest_delay=0.1, longest_delay=0.2)
    return TaskProblem(
        make_arm("li_todorov"), task, senses=Senses(hold_action=settings.hold_action), duration=settings.duration,
        position=settings.position, velocity=settings.velocity, effort=settings.effort,
        smoothness=settings.smoothness, movement_time=settings.movement_time,
    )  # fmt: skip


def units(settings: Settings) -> list[Unit]:
    """One unit per rule: all its networks as one stack."""
    seeds = list(range(settings.first_seed, settings.first_seed + settings.seeds))
    each = 4e-3 * settings.seeds * settings.updates * settings.batch_size / 16
    found = [Unit(ONE_STEP, {"rule": ONE_STEP, "seeds": seeds}, 1e-4 * settings.seeds * settings.one_step_updates + 2)]
    return found + [
        Unit(name, {"rule": name, "seeds": seeds}, each * learner.longer + 2)
        for name, learner in LEARNERS_THROUGH_TIME.items()
    ]


def run(settings: Settings, unit: Unit, checkpoint) -> dict[str, np.ndarray]:
    """Train the stack, then let every network reach."""
    if unit.arguments["rule"] == ONE_STEP:
        return run_one_step(settings, unit, checkpoint)
    problem, learner = problem_of(settings), LEARNERS_THROUGH_TIME[unit.arguments["rule"]]
    dt, updates = problem.world.step_time, round(learner.longer * settings.updates)
    circuit = RNN(problem.n_in, settings.units, problem.n_out, readout="tanh", dt=dt)

    def reaches(state: TrainState) -> list[dict[str, np.ndarray]]:
        return [reached(problem, problem.policy(circuit, each)) for each in unstack(state.params)]

    def measure(state: TrainState) -> dict[str, np.ndarray]:
        return {"curve": np.array([each["end_mm"].mean() for each in reaches(state)])}

    at = points(updates, settings.points, first=10)
    curves, state = learn(
        problem,
        circuit,
        learner.rule,
        Adam(learner.rate, schedule="linear", updates=updates),
        streams(unit.arguments["seeds"]),
        updates=updates,
        batch_size=settings.batch_size,
        at=at,
        measure=measure,
        checkpoint=checkpoint,
        alone=True,
    )
    end = [each | false_starts(problem, problem.policy(circuit, params))
           for each, params in zip(reaches(state), unstack(state.params))]  # fmt: skip
    return {
        "movements": at * settings.batch_size,
        **curves,
        **{name: np.stack([each[name] for each in end]) for name in end[0]},
    }


def false_starts(problem: TaskProblem, policy: Policy) -> dict[str, np.ndarray]:
    """Whether the hand was away from the centre before the go, in the frozen trials and in the same without a go."""
    trial, place = trials_of(problem, TRIALS), problem.task.records.index("false_start")
    each = {"early": trial, "catch": trial._replace(onset=0.0 * trial.onset + NEVER)}
    return {name: performed(problem, policy, these).run.moments.record[-1, :, place] for name, these in each.items()}


def reached(problem: TaskProblem, policy: Policy) -> dict[str, np.ndarray]:
    """Movements of one controller in the frozen trials, time from the go on."""
    movements = performed(problem, policy, trials_of(problem, TRIALS))
    form, trial, step = profile(problem, movements), movements.trial, problem.world.step_time
    go = np.ceil(trial.onset / step - 1e-9).astype(int)
    time, each = np.arange(len(movements.time) - go.max()), np.arange(TRIALS)
    way = np.hypot(*(trial.goals[:, 0] - movements.hand[0]).T)
    return {
        "end_mm": 1000.0 * movements.run.outcomes.error[-1],
        "deviation_percent": np.abs(form.pop("deviation_cm")) / way,  # cm by m
        **form,
        "time": time * step,
        "hand": (movements.hand[time[:, None] + go, each] - movements.hand[0]).astype(np.float32),
        "speed": movements.speed[time[:, None] + go, each].astype(np.float32),
    }


def run_one_step(settings: Settings, unit: Unit, checkpoint) -> dict[str, np.ndarray]:
    """Feedback alignment on single steps, as in the experiment "arm"; then reaches with a reference and without."""
    problem, network = step_network(settings.hidden)
    test, seeds = problem.test(), unit.arguments["seeds"]

    def measure(state: TrainState) -> dict[str, np.ndarray]:
        outputs = (network.forward(each, test.inputs).output for each in unstack(state.params))
        return {"curve": np.array([float(normalized_error(y, test.loss)) for y in outputs])}

    at = points(settings.one_step_updates, settings.points, first=30)
    curves, state = step_by_step(
        problem, network, settings.one_step_updates, seeds, checkpoint, at=at, measure=measure, alone=True
    )
    controller, steering = problem.controller(network, state.params), Steering.of(problem.world.arm)
    center = hand_position(problem.world.arm, np.asarray(problem.world.arm.center_posture))
    way = CenterOut().way(problem.world.arm)
    target = np.broadcast_to(center_out_targets(center, way), (len(seeds), 8, 2)).astype(np.float32)
    start = np.broadcast_to(center, target.shape).astype(np.float32)
    led = steering.along(start, target, settings.movement_time)
    found = steered(settings, problem, controller, start, target, led)
    loop = steered(settings, problem, controller, start, target, steering.toward(target))
    return {"movements": at * 16, **curves, **found, **{f"loop_{name}": array for name, array in loop.items()}}


def steered(
    settings: Settings, problem: Any, controller: Controller, start: Array, target: Array, command: Command
) -> dict[str, np.ndarray]:
    """The same numbers of reaches (networks, targets) under a command."""
    moved = move(problem, controller, at_rest(problem.world.arm, start), command, settings.duration)
    velocity, networks = moved.hand_velocity, len(start)
    speed = np.hypot(velocity[..., 0], velocity[..., 1])  # (time, networks, targets)
    form = speed_form(speed.reshape(len(speed), -1), problem.dt)
    way = target - start
    length = np.hypot(way[..., 0], way[..., 1])
    off = moved.hand - start
    across = np.abs(off[..., 0] * way[..., 1] - off[..., 1] * way[..., 0]) / length
    last = moved.hand[-1] - target
    return {
        "end_mm": 1000.0 * np.hypot(last[..., 0], last[..., 1]),
        "deviation_percent": 100.0 * (across / length).max(0),
        **{name: values.reshape(networks, -1) for name, values in form.items()},
        "time": np.broadcast_to(moved.time, (networks, len(moved.time))),
        "hand": off.swapaxes(0, 1).astype(np.float32),
        "speed": speed.swapaxes(0, 1).astype(np.float32),
    }


def measured(runs: Sequence[Run], rule: str) -> dict[str, np.ndarray]:
    """What the controllers of a rule did, by name: measures (networks, trials), paths and speeds."""
    if rule != LOOP:
        return dict(find(runs, rule=rule).arrays)
    arrays = find(runs, rule=ONE_STEP).arrays
    return {name.removeprefix("loop_"): array for name, array in arrays.items() if name.startswith("loop_")}


def shown(runs: Sequence[Run]) -> list[str]:
    """The rows of the table."""
    return [rule for rule in WORDS if rule == LOOP or select(runs, rule=rule)]


def single(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Share of the movements of each network that have one peak of speed."""
    return (arrays["speed_peaks"] == 1.0).mean(-1)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per controller: means over networks and movements, and standard deviations over networks.

    False starts are shares of trials: before the go, and where none comes (catch); a network of one step waits for no
    go.
    """
    rows = []
    for rule in shown(runs):
        arrays = measured(runs, rule)
        row: dict[str, Any] = {
            "controller": WORDS[rule],
            "n": len(arrays["end_mm"]),
            "one_peak": float(single(arrays).mean()),
        }
        for name in MEASURES:
            each = known_mean(arrays[name])
            row |= {name: float(each.mean()), f"{name}_sd": spread(each)}
        for name in ("early", "catch"):
            row[f"false_starts_{name}"] = float(arrays[name].mean()) if name in arrays else float("nan")
        rows.append(row)
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """The bars for four kinds of controllers, the controls, and what the way through the plant is worth."""
    found = [claim for rule in KINDS for claim in claims_on(WORDS[rule], measured(runs, rule))]
    loop = measured(runs, LOOP)
    ends = {rule: known_mean(measured(runs, rule)["end_mm"]) for rule in LEARNERS_THROUGH_TIME}
    exact, cut, random = (ends[f"feedback-alignment-{name}"] for name in ("through-time", "cut", "random"))
    untrained = find(runs, rule="backprop-through-time").arrays["curve"][:, 0]

    def own(paper: str, quantity: str, values: np.ndarray, verdict: Verdict, full: bool = True) -> Claim:
        return Claim(paper, quantity, values, verdict, own=True, full=full)

    peak = known_mean(loop["time_of_peak"])
    return [
        *found,
        own("control that must fail: without a reference the speed peaks at once", f"{WORDS[LOOP]}: time of the peak",
            peak, mean_below(peak, PEAK_TIME[0])),
        own("control that must fail: hidden units that are told the opposite", "end error, mm", ends["against"],
            mean_above(ends["against"], END_MM)),
        own("control that must fail: a network that has not learned", "end error, mm", untrained,
            mean_above(untrained, END_MM), full=False),
        own("random feedback, the plant's derivative exact: it teaches", "end error / that of the untrained network",
            ratio(exact, untrained), ratio_below(exact, untrained, 0.1)),
        own("random feedback, the plant's derivative cut to one step: it teaches",
            "end error / that of the untrained network", ratio(cut, untrained), ratio_below(cut, untrained, 0.1)),
        own("random feedback, a random matrix in the plant's place: it teaches",
            "end error / that of the untrained network", ratio(random, untrained), ratio_below(random, untrained, 0.1)),
        own("the exact derivative of the plant against the cut one", "end error, exact / cut", ratio(exact, cut),
            reported()),
    ]  # fmt: skip


def claims_on(words: str, arrays: Mapping[str, np.ndarray]) -> list[Claim]:
    """The bars for one controller."""
    one = single(arrays)
    form, time, end, off = (
        known_mean(arrays[name]) for name in ("peak_by_mean_speed", "time_of_peak", "end_mm", "deviation_percent")
    )

    def claim(paper: str, quantity: str, values: np.ndarray, verdict: Verdict, own: bool = False) -> Claim:
        return Claim(f"{words}: {paper}", quantity, values, verdict, own, full=True)

    def waits(paper: str, name: str) -> Claim:
        share = arrays[name].mean(-1)
        return claim(
            paper, "share of trials in which the hand left the centre", share, mean_below(share, FALSE_START), True
        )

    return [
        claim("one peak of speed (Morasso 1981)", "share of movements with one peak", one, mean_above(one, ONE_PEAK)),
        claim("a bell of speed (Flash & Hogan 1985)", "peak by mean speed", form,
              mean_between(form, *PEAK_BY_MEAN)),
        claim("its peak in the middle (Flash & Hogan 1985)", "time of the peak / movement time", time,
              mean_between(time, *PEAK_TIME)),
        claim("straight (Morasso 1981)", "largest deviation, % of the way", off, mean_below(off, DEVIATION)),
        claim("on the target", "end error, mm", end, mean_below(end, END_MM), own=True),
        *([waits("waits for the go", "early"), waits("stays where no go comes, which was in no training", "catch")]
          if "catch" in arrays else []),
    ]  # fmt: skip


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Speeds over time, paths of one network, and how the end error falls."""
    rules = [*KINDS, LOOP]
    ink = colours(list(WORDS))
    return {
        "speed": speeds(runs, rules, ink),
        "paths": paths(runs, rules, ink),
        "learning": learning(runs, ink),
    }


def speeds(runs: Sequence[Run], rules: Sequence[str], ink: Mapping[str, str]):
    """Mean speed of each network from the go on, mean and standard deviation over networks; beside the least jerk."""
    figure, axes = panels(*[2.6] * len(rules), height=2.9)
    for axis, rule in zip(axes, rules):
        arrays = measured(runs, rule)
        time, speed = arrays["time"][0], arrays["speed"].mean(-1)
        band(axis, time, speed, ink[rule], f"n = {len(speed)}")
        axis.set(
            xlabel="time from the go, s", ylabel="speed of the hand, m/s", title=wrapped(WORDS[rule]), ylim=(0, 0.6)
        )
        axis.legend(loc="upper right")
    figure.set_label("speed: mean over the targets")
    return figure


def paths(runs: Sequence[Run], rules: Sequence[str], ink: Mapping[str, str]):
    """The paths of the first network of each kind."""
    figure, axes = panels(*[2.6] * len(rules), height=3.0)
    for axis, rule in zip(axes, rules):
        hand = 100.0 * measured(runs, rule)["hand"][0]  # (time, trials, 2)
        for number in range(hand.shape[1]):
            axis.plot(*hand[:, number].T, color=ink[rule], linewidth=1.0, label="first network" if not number else None)
        targets = center_out_targets(np.zeros(2), 100.0 * CenterOut().way(make_arm("li_todorov")))
        axis.plot(*targets.T, "o", fillstyle="none", color="#888888", markersize=8, label="targets")
        axis.set(
            xlabel="x, cm", ylabel="y, cm", title=wrapped(WORDS[rule]), aspect="equal", xlim=(-13, 13), ylim=(-13, 13)
        )
    axes[0].legend(loc="upper right", fontsize=6)
    figure.set_label("paths: n = 1, the first of the networks, all its trials")
    return figure


def learning(runs: Sequence[Run], ink: Mapping[str, str]):
    """End error over the movements that were learned from."""
    figure, axes = panels(6.0, height=3.4)
    for rule in LEARNERS_THROUGH_TIME:
        arrays = find(runs, rule=rule).arrays
        label = f"{WORDS[rule]} (n = {len(arrays['curve'])})"
        band(axes[0], np.maximum(arrays["movements"], 50), arrays["curve"], ink[rule], label, log=True)
    axes[0].axhline(END_MM, color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes[0].set(xscale="log", yscale="log", xlabel="movements", ylabel="end error, mm", title="learning to reach")
    axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def wrapped(words: str) -> str:
    """A title in two lines."""
    return (
        words.replace(", ", ",\n", 1)
        if ", " in words
        else words.replace(" with ", "\nwith ") + "\n" * ("with" not in words)
    )


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What no paper says."""
    problem = problem_of(settings)
    return (
        Choice("the arm", "li_todorov with static muscles; commands held for "
               f"{1000 * problem.world.step_time:g} ms (recurrent networks) and 10 ms (single steps)",
               "an online rule sees what a command does within its own step: most where muscles follow at once"),
        Choice("the cost", f"{settings.position:g} |p - p*|^2 + {settings.velocity:g} |v - v*|^2, p* and v* of the "
               f"least jerk in {settings.movement_time:g} s from the go; effort {settings.effort:g}, smoothness "
               f"{settings.smoothness:g}", "with the miss of the target alone reaches are as fast as muscles allow; "
               "the form of the speed is asked for, what is tested is whether a rule can teach it"),
        Choice("how long each learns", "; ".join(
               f"{each.words}: {round(each.longer * settings.updates)} updates, rate {each.rate:g}"
               for each in LEARNERS_THROUGH_TIME.values()),
               "rates by search; random feedback through the exact plant learns more slowly"),
        Choice("where a movement begins and ends", "where the speed falls below 5 % of its peak",
               "as laboratories do; the least jerk then has 1.66 in place of 1.875"),
        Choice("a false start",
               "the hand more than 2 cm from the centre before the go; catch trials, without a go, are the same 16 "
               "trials, and in no training", f"bar: less than {FALSE_START:g} of the trials"),
        Choice("one peak", f"local maxima above a tenth of the peak; in more than {ONE_PEAK:g} of the movements",
               "the papers show profiles"),
        Choice("what random feedback has in the plant's place",
               "exact: the derivative by arm, senses and cost of all later steps; cut: of the step's own cost; random: "
               "a fixed random matrix times the errors of place and velocity",
               "no paper says which of these it needs"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="center-out",
    title="Center-out reaches",
    source="Morasso 1981; Flash & Hogan 1985",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
