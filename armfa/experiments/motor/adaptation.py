"""Controllers adapt to a curl field and to a turned hand, by five rules from the same start.

Recurrent networks are trained without a field by backprop through time; from there each rule goes on learning, through
baseline, field or rotation, and wash-out. One trial in eight of a field is a channel trial. The two-rate model is
fitted to what came. [Shadmehr & Mussa-Ivaldi 1994; Scheidt et al. 2000; Krakauer et al. 2000; Smith et al. 2006]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers import (
    RFLO,
    RNN,
    Adam,
    BackpropThroughTime,
    Circuit,
    EProp,
    FeedbackAlignmentThroughTime,
    GradientEstimator,
    NodePerturbationThroughTime,
)  # fmt: skip
from armfa.controllers.checkpoint import fill
from armfa.controllers.streams import RunStreams, streams
from armfa.controllers.trees import leaves, tree_map
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import Stages, learn
from armfa.experiments.motor.trials import Course, known_mean, practised
from armfa.experiments.motor.two_rate import SMITH, TwoRates, adapted, bootstrapped, fitted, interval
from armfa.plant import make_arm
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, band, panels
from armfa.reports.statistics import mean_above, mean_below, paired_less, reported, unchanged_within
from armfa.runs.unit import Checkpoint, Run, Unit
from armfa.tasks import CenterOut
from armfa.world import Fields, Schedule, Senses


class Flipped(EProp):
    """E-prop to which the error comes with the wrong sign: a control that cannot learn."""

    def gradients(self, circuit: Any, params: Any, batch: Any, state: Any, rng: Any) -> tuple[Any, Any]:
        """Those of e-prop, turned round."""
        found, state = super().gradients(circuit, params, batch, state, rng)
        return tree_map(lambda gradient: -gradient, found), state


class Learner(NamedTuple):
    """A rule, and the optimizer's rate and saturation."""

    rule: GradientEstimator
    rate: float
    saturation: float
    label: str
    colour: str

    @property
    def optimizer(self) -> Adam:
        """Update = -rate g / (|g| + saturation), which remembers nothing: what is learned is in the weights alone."""
        return Adam(self.rate, beta1=0.0, beta2=0.0, epsilon=self.saturation)


LEARNERS: dict[str, Learner] = {
    "backprop-through-time": Learner(BackpropThroughTime(), 2e-3, 1e-2, "backprop through time", COLOURS["backprop"]),
    "feedback-alignment-through-time": Learner(
        FeedbackAlignmentThroughTime(), 5e-4, 3e-3, "feedback alignment", COLOURS["feedback-alignment"]
    ),
    "e-prop": Learner(EProp(), 4e-3, 1e-3, "e-prop", "#0072b2"),
    "rflo": Learner(RFLO(), 4e-3, 1e-3, "RFLO", "#d55e00"),
    "node-perturbation-through-time": Learner(
        NodePerturbationThroughTime(), 1e-3, 1e-1, "node perturbation", COLOURS["node-perturbation"]
    ),
}
"""Rates and saturations: the best of 3 to 4 pairs out of rates 5e-4 to 4e-3 and saturations 1e-3 to 1, by the
adaptation index at the end of 200 and 400 trials of a field, on seeds 100 to 102."""
CONTROLS: dict[str, Learner] = {
    "still": Learner(BackpropThroughTime(), 0.0, 1e-2, "no learning", "#a6a6a6"),
    "flipped": Learner(Flipped(), 4e-3, 1e-3, "e-prop, error of the wrong sign", "#cc79a7"),
}
"""What must not adapt."""
RATE, OWN_RATE = 5e-3, 2e-3
"""Adam's, of the training before, by backprop through time and by the rules of `OWN`; they fall to 0."""
OWN = ("e-prop", "rflo")
"""Rules that are also tried from networks which they have trained themselves."""
LATE_RULES = ("backprop-through-time", "rflo")
"""Rules that are also tried with first-order muscles and late, noisy senses."""
ROTATION = 30.0
"""degrees"""
STRENGTH = 13.0
"""N s/m"""
SHARE = 7 / 8
"""Of trials in a field that are no channel trials."""
LATE = Senses(
    proprioceptive_delay=0.02, visual_delay=0.09, motor_noise=0.1, sensory_noise={"joint_angle": 0.01, "hand": 0.005}
)
"""Senses as late as people's [Cross, Cluff, Takei & Scott 2019], and noise of commands, joints (rad) and hand (m)."""
FIRST = 3
"""Trials whose mean is the first deviation, and the after-effect."""


@dataclass(frozen=True)
class Settings(Scales):
    """Networks, and how long they are trained and adapt."""

    SCALELESS = ("seeds", "draws")

    seeds: int = 10
    units: int = 64
    updates: int = 600  # of the training before, 16 movements each
    own_updates: int = 1000  # of that by e-prop and RFLO
    baseline: int = 40  # trials
    trials: int = 400
    washout: int = 160
    last: int = 80  # trials of a phase over which its end is averaged: ten channel trials
    movements: int = 8  # of a trial
    draws: int = 200  # of the bootstrap

    @classmethod
    def quick(cls):
        """Fewer networks and trials."""
        return cls(seeds=3, updates=100, own_updates=20, baseline=16, trials=24, washout=16, last=16, draws=10)

    @property
    def ends(self) -> tuple[int, ...]:
        """The trials at which baseline, field and wash-out end."""
        return self.baseline, self.baseline + self.trials, self.baseline + self.trials + self.washout


def problem_for(fields: Fields, late: bool = False) -> TaskProblem:
    """Reaches of 10 cm to eight targets, 0.7 s, the go after 0.1 s; static muscles and exact senses, or (`late`)
    first-order muscles, and delays and noise.
    """
    task = CenterOut(distance=0.1, cue_time=0.0, shortest_delay=0.1, longest_delay=0.1)
    arm = make_arm("li_todorov", activation="first_order" if late else "static")
    return TaskProblem(arm, task, senses=LATE if late else Senses(), fields=fields, duration=0.7, velocity=0.1)


def fields_of(kind: str) -> Fields:
    """What sets in, "field" or "rotation"."""
    return Fields(rotation=ROTATION) if kind == "rotation" else Fields("curl", STRENGTH, channel=True)


def trained(
    settings: Any,
    seeds: Sequence[int],
    rule: GradientEstimator,
    rate: float,
    updates: int,
    checkpoint: Checkpoint,
    late: bool = False,
) -> dict[str, Array]:
    """The weights of networks that this rule has trained without a field, by their place."""
    problem = problem_for(Fields(), late)
    _, state = learn(
        problem, circuit_for(settings, problem), rule, Adam(rate, schedule="linear", updates=updates),
        streams(seeds),
        updates=updates, batch_size=16, at=np.array([0, updates]), measure=lambda state: {}, checkpoint=checkpoint,
    )  # fmt: skip
    return {str(place): leaf for place, leaf in enumerate(leaves(state.params))}


def circuit_for(settings: Any, problem: TaskProblem) -> RNN:
    """Rate units with a time constant of 50 ms."""
    return RNN(problem.n_in, settings.units, problem.n_out, tau=0.05, dt=problem.dt)


def params_of(circuit: Circuit, kept: Mapping[str, Array]) -> Any:
    """The stack of weights whose arrays `trained` gave."""
    like = circuit.init(streams(range(len(kept["0"]))).weights, np.float32)
    return fill(like, [kept[str(place)] for place in range(len(kept))])


def adapting(
    course: Course, circuit: Circuit, learner: Learner, params: Any, seeds: Sequence[int], checkpoint: Checkpoint
) -> dict[str, Array]:
    """Measures of each trial (networks, trials) under a learner."""
    random = adaptation_streams(seeds)
    return practised(course, circuit, learner.rule, learner.optimizer, params, random, checkpoint)[0]


def adaptation_streams(seeds: Sequence[int]) -> RunStreams:
    """Random numbers of trials and rules, others than those of the training before."""
    return streams([(seed, 1) for seed in seeds])  # pyright: ignore[reportArgumentType]


def units(settings: Settings) -> list[Unit]:
    """A field, a rotation, a field for networks that e-prop and RFLO have trained themselves, and the first two with
    slow muscles and late senses.
    """
    seeds, rules = list(range(settings.seeds)), list(LEARNERS)
    pace = 2e-3 * settings.seeds * settings.ends[-1]
    before = 2e-3 * settings.seeds * settings.updates
    return [
        Unit("field", {"kind": "field", "start": "backprop", "rules": [*rules, *CONTROLS], "seeds": seeds},
             before + 7 * pace),
        Unit("rotation", {"kind": "rotation", "start": "backprop", "rules": [*rules, *CONTROLS], "seeds": seeds},
             before + 7 * pace),
        Unit("field_own-start", {"kind": "field", "start": "own", "rules": list(OWN), "seeds": seeds},
             6e-3 * settings.seeds * settings.own_updates + 2 * pace),
        *(Unit(f"{kind}_late", {"kind": kind, "start": "late", "rules": [*LATE_RULES, "still"], "seeds": seeds},
               2 * before + 6 * pace) for kind in ("field", "rotation")),
    ]  # fmt: skip


def run(settings: Settings, unit: Unit, checkpoint: Checkpoint) -> dict[str, Array]:
    """Measures of each trial (seeds, trials) under "RULE.MEASURE", and the two-rate model of each rule."""
    kind, own, rules, seeds = (unit.arguments[name] for name in ("kind", "start", "rules", "seeds"))
    stages, found = Stages(checkpoint), {}
    every = 8 if kind == "field" else None
    schedules = [
        Schedule.adaptation(settings.baseline, settings.trials, settings.washout, channel_every=every, seed=seed)
        for seed in seeds
    ]
    late = own == "late"
    course = Course(problem_for(fields_of(kind), late), tuple(schedules), settings.movements)
    circuit = circuit_for(settings, course.problem)
    whole = 0.5 if own == "own" else 0.8  # of the time, what is not training before
    kept: Mapping[str, Array] = {}
    for name in rules:
        learner = (LEARNERS | CONTROLS)[name]
        if own == "own":
            teach = partial(trained, settings, seeds, learner.rule, OWN_RATE, settings.own_updates)
            kept = stages.run(f"start of {name}", (1.0 - whole) / len(rules), teach)
        elif not kept:
            teach = partial(trained, settings, seeds, BackpropThroughTime(), RATE, settings.updates, late=late)
            kept = stages.run("start", 1.0 - whole, teach)
        curves = stages.run(
            name, whole / len(rules), partial(adapting, course, circuit, learner, params_of(circuit, kept), seeds)
        )
        found |= {f"{name}.{measure}": values for measure, values in curves.items()}
        if name in LEARNERS:
            found |= {f"{name}.{key}": x for key, x in two_rates(settings, kind, curves).items()}
    return found


def perturbation(settings: Settings) -> Array:
    """1 where the field or the rotation acts (trials,)."""
    return np.repeat([0.0, 1.0, 0.0], [settings.baseline, settings.trials, settings.washout])


def adaptation_of(settings: Any, kind: str, curves: Mapping[str, Array], acts: Array) -> Array:
    """How much of the field or the rotation is made up for (seeds, trials): the index of channel trials less that of
    the baseline; of a rotation, 1 where the cursor goes straight.
    """
    if kind == "field":
        seen = curves["adaptation_index"]
        return seen - known_mean(seen[:, : settings.baseline])[:, None]
    seen = curves["direction_deg"]
    return acts - (seen - known_mean(seen[:, : settings.baseline])[:, None]) / ROTATION


def two_rates(settings: Settings, kind: str, curves: Mapping[str, Array]) -> dict[str, Array]:
    """The rates of the two-rate model, and those of networks drawn with replacement."""
    acts, share = perturbation(settings), SHARE if kind == "field" else 1.0
    seen = adaptation_of(settings, kind, curves, acts)
    seen = seen[np.isfinite(curves["cost"]).all(-1)]
    if not len(seen):
        return {"rates": np.full(4, np.nan), "explained": np.array(np.nan), "draws": np.full((1, 4), np.nan)}
    rates, explained = fitted(seen, acts, share)
    draws = bootstrapped(seen, acts, share, rates, settings.draws, np.random.default_rng(0))
    return {"rates": np.array(rates), "explained": np.array(explained), "draws": draws}


class Session(NamedTuple):
    """What is told of a rule in a field or a rotation, one value per network."""

    first: Array  # deviation, cm or degrees, when it sets in, less the baseline
    after: Array  # that of the first trials without it
    ratio: Array  # after-effect over first deviation; 1: as large, and to the other side
    end: Array  # adaptation index, or remaining direction in degrees, less the baseline
    washed: Array  # the same at the end of the wash-out
    error: Array  # cm from the target at the end of the movements, at the end of the field or rotation


def session(settings: Settings, run: Run, name: str) -> Session:
    """Of one rule of a run."""
    place, measure = ("direction_deg", "direction_deg")
    if run.arguments["kind"] == "field":
        place, measure = "deviation_cm", "adaptation_index"
    away, seen = run.arrays[f"{name}.{place}"], run.arrays[f"{name}.{measure}"]
    base, field, wash = settings.ends
    usual = known_mean(away[:, :base])
    first, after = (known_mean(away[:, start : start + FIRST]) - usual for start in (base, field))
    last = [slice(max(0, stop - settings.last), stop) for stop in (field, wash)]
    end, washed = (known_mean(seen[:, part]) - known_mean(seen[:, :base]) for part in last)
    error = known_mean(run.arrays[f"{name}.end_error_cm"][:, last[0]])
    return Session(first, after, -after / first, end, washed, error)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row per run and rule: means over networks, and the two-rate model with its intervals."""
    rows = []
    for run in runs:
        for name in run.arguments["rules"]:
            told = session(settings, run, name)
            row: dict[str, Any] = {"what": run.unit, "rule": name, "n": len(told.end)}
            row |= {key: float(np.mean(value)) for key, value in told._asdict().items()}
            rates = run.arrays.get(f"{name}.rates", np.full(4, np.nan))
            low, high = interval(run.arrays.get(f"{name}.draws", np.full((1, 4), np.nan)))
            for key, *values in zip(TwoRates._fields, rates, low, high):
                row |= {f"{key}{end}": float(x) for end, x in zip(("", "_low", "_high"), values)}
            rows.append(row | {"explained": float(run.arrays.get(f"{name}.explained", np.nan))})
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Adaptation, after-effect and wash-out of each rule; the controls; the two-rate model."""
    found, units = [], {run.unit: run for run in runs}
    for name, learner in LEARNERS.items():
        told = session(settings, units["field"], name)
        found += [
            Claim(f"{learner.label}, curl field: most of it is cancelled (people reach .7 to .9; Smith et al. 2006)",
                  f"adaptation index, channel trials among the last {settings.last}", told.end,
                  mean_above(told.end, 0.7), full=True),
            *lasting(settings, learner.label, "curl field", told, 0.1, "adaptation index"),
        ]  # fmt: skip
    for name, learner in LEARNERS.items():
        told = session(settings, units["rotation"], name)
        found += [
            Claim(f"{learner.label}, rotation: the hand is turned back (Krakauer et al. 2000: near full)",
                  f"direction at the peak of the speed, last {settings.last} trials, degrees", told.end,
                  mean_below(np.abs(told.end), 5.0), full=True),
            *lasting(settings, learner.label, "rotation", told, 3.0, "direction, degrees"),
        ]  # fmt: skip
    for name, learner in CONTROLS.items():
        told = session(settings, units["field"], name)
        found.append(Claim(f"{learner.label}: does not adapt to the field", "adaptation index at the end",
                           told.end, mean_below(told.end, 0.3), own=True))  # fmt: skip
    still, flipped = (session(settings, units["rotation"], name) for name in CONTROLS)
    found += [
        Claim("no learning: does not adapt to the rotation", "direction at the end, degrees", still.end,
              mean_above(still.end, 20.0), own=True),
        Claim(f"{CONTROLS['flipped'].label}: ends farther off than without learning, in the rotation",
              "cm from the target, less that without learning", flipped.error - still.error,
              paired_less(still.error, flipped.error), own=True),
    ]  # fmt: skip
    for name in OWN:
        told = session(settings, units["field_own-start"], name)
        found.append(Claim(f"{LEARNERS[name].label}, from networks that it has trained itself, curl field: most of it "
                           "is cancelled", "adaptation index at the end", told.end, mean_above(told.end, 0.7),
                           own=True, full=True))  # fmt: skip
    for name in LATE_RULES:
        field, turned = (session(settings, units[f"{kind}_late"], name).end for kind in ("field", "rotation"))
        body = f"{LEARNERS[name].label}, first-order muscles, senses late and noisy"
        found += [
            Claim(f"{body}, curl field: most of it is cancelled", "adaptation index at the end", field,
                  mean_above(field, 0.7), own=True, full=True),
            Claim(f"{body}, rotation: the hand is turned back", "direction at the end, degrees", turned,
                  mean_below(np.abs(turned), 5.0), own=True, full=True),
        ]  # fmt: skip
    for kind in ("field", "rotation"):
        for name, learner in LEARNERS.items():
            rates = units[kind].arrays[f"{name}.rates"]
            low, high = interval(units[kind].arrays[f"{name}.draws"])
            words = ", ".join(f"{key.replace('_', ' ')} {x:.3g} [{a:.3g}, {b:.3g}]"
                              for key, x, a, b in zip(TwoRates._fields, rates, low, high))  # fmt: skip
            found.append(Claim(
                f"{learner.label}, {kind}: the two-rate model (people: A .59 and .992, B .21 and .02), fitted, "
                f"with the 95 % interval of {settings.draws} bootstrap draws of networks: {words}",
                "share of the variance of the mean curve", units[kind].arrays[f"{name}.explained"].ravel(), reported(),
            ))  # fmt: skip
    return found


def lasting(settings: Settings, label: str, kind: str, told: Session, margin: float, what: str) -> list[Claim]:
    """After-effect and wash-out."""
    return [
        Claim(f"{label}, {kind}: an after-effect to the other side, of more than half of the first deviation",
              f"after-effect / first deviation, {FIRST} trials each", told.ratio, mean_above(told.ratio, 0.5),
              full=True),
        Claim(f"{label}, {kind}: {settings.washout} trials wash it out (people: tens of trials)",
              f"{what}, last {settings.last} trials of the wash-out less baseline", told.washed,
              unchanged_within(told.washed, 0.0 * told.washed, margin), full=True),
    ]  # fmt: skip


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Learning curves in the field and in the rotation, and the two-rate model beside what was measured."""
    units = {run.unit: run for run in runs}
    field, axes = panels(4.4, 5.8)
    trials = np.arange(settings.ends[-1])
    learners = LEARNERS | CONTROLS
    for name, learner in learners.items():
        arrays = units["field"].arrays
        curve(axes[0], trials, arrays[f"{name}.deviation_cm"], learner, 5)
        curve(axes[1], trials, arrays[f"{name}.adaptation_index"], learner, 20)
    axes[0].set(xlabel="trial", ylabel="largest deviation, cm (left +)", title="Curl field, 13 N s/m")
    axes[1].set(xlabel="trial", ylabel="adaptation index", title="Channel trials")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    turned, turned_axes = panels(7.0)
    for name, learner in learners.items():
        curve(turned_axes[0], trials, units["rotation"].arrays[f"{name}.direction_deg"], learner, 5)
    turned_axes[0].set(xlabel="trial", ylabel="direction at peak speed, degrees", title="Hand seen turned by 30°")
    turned_axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    models, model_axes = panels(4.4, 5.8)
    acts = perturbation(settings)
    for axis, kind in zip(model_axes, ("field", "rotation")):
        for name, learner in LEARNERS.items():
            arrays = units[kind].arrays
            curves = {key.removeprefix(f"{name}."): x for key, x in arrays.items() if key.startswith(f"{name}.")}
            seen = adaptation_of(settings, kind, curves, acts)
            at, mean = blocked(trials, seen, 20)
            axis.plot(at, np.nanmean(mean, axis=0), ".", markersize=3, color=learner.colour)
            share = SHARE if kind == "field" else 1.0
            axis.plot(trials, adapted(TwoRates(*arrays[f"{name}.rates"]), acts, share), linewidth=1.1,
                      color=learner.colour, label=learner.label)  # fmt: skip
        axis.plot(trials, adapted(SMITH, acts), ":", color="#888888", linewidth=1.1, label="people (Smith et al. 2006)")
        axis.set(xlabel="trial", ylabel="adaptation", title=f"Two rates, {kind}")
    model_axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
    models.set_label(f"points: means of 20 trials, n = {settings.seeds}; lines: the model")
    for axis in (*axes, *turned_axes, *model_axes):
        axis.axvspan(*settings.ends[:2], color="#f2f2f2", zorder=0)
        axis.axhline(0.0, color="#bbbbbb", linewidth=0.8)
    return {"field": field, "rotation": turned, "two_rates": models}


def blocked(trials: Array, values: Array, size: int) -> tuple[Array, Array]:
    """Middles of blocks of trials, and means of what is known in them (seeds, blocks)."""
    starts = range(0, len(trials), size)
    means = np.stack([known_mean(values[:, start : start + size]) for start in starts], axis=-1)
    return np.array([trials[start : start + size].mean() for start in starts]), means


def curve(axis: Any, trials: Array, values: Array, learner: Learner, size: int) -> None:
    """A band over networks, of blocks of trials in which each network was measured."""
    at, means = blocked(trials, values, size)
    known = np.isfinite(means).all(0)
    if known.any():
        band(axis, at[known], means[:, known], learner.colour, learner.label, deviations=1.0, linewidth=1.2)


def choices(settings: Settings) -> list[Choice]:
    """What the papers do not say of networks."""
    return [
        Choice("a trial", f"{settings.movements} movements, one to each target; then the weights change once, "
               "after channel trials too", "people move once a trial; one movement has a gradient of one direction"),
        Choice("the start", f"{settings.updates} updates of backprop through time without a field, the same networks "
               "for all rules; for e-prop and RFLO also networks that they have trained themselves",
               "what differs afterwards is then the rule that adapts"),
        Choice("the optimizer", "update = -rate g / (|g| + saturation), element by element",
               "it remembers nothing, so adaptation is in the weights alone; plain gradient descent leaves the stable "
               "range at rates at which it would adapt"),
        Choice("rates", "; ".join(f"{x.label} {x.rate:g}, saturation {x.saturation:g}" for x in LEARNERS.values()),
               "found on seeds 100 to 102 in the field; the same for the rotation"),
        Choice("the body", "human arm, static muscles, exact senses without delay; for backprop through time and RFLO "
               "also first-order muscles, delays of 20 ms (body) and 90 ms (vision), noise of a tenth of the command, "
               "0.01 rad and 5 mm",
               "an online rule sees the cost of one step, and muscles with a state answer a command later than that"),
    ]  # fmt: skip


EXPERIMENT = Experiment(
    name="adaptation",
    title="Adaptation to a field and to a rotation",
    source="Shadmehr & Mussa-Ivaldi 1994; Smith, Ghazizadeh & Shadmehr 2006",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
