"""Savings: is a field that was learned and washed out learned faster when it comes again? By five rules.

Field, wash-out, field again; beside it the same networks which meet the field only when the others meet it again, after
as many trials without one. Nothing tells the networks that the field is back, and the optimizer remembers nothing, so
savings would lie in the weights. A two-rate model shows none after a complete wash-out.
[Zarahn, Weston, Liang, Mazzoni & Krakauer 2008; Sun et al. 2022]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers import BackpropThroughTime
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import Stages
from armfa.experiments.motor.adaptation import (
    FIRST,
    LEARNERS,
    RATE,
    SHARE,
    adapting,
    circuit_for,
    curve,
    fields_of,
    params_of,
    problem_for,
    trained,
)
from armfa.experiments.motor.trials import Course, known_mean
from armfa.experiments.motor.two_rate import SMITH, TwoRates, adapted, fitted
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import panels
from armfa.reports.statistics import every_between, paired_less, ratio, ratio_below, unchanged_within
from armfa.runs.unit import Checkpoint, Run, Unit, find
from armfa.world import Schedule

SMOOTHED = 5
"""Trials whose mean is the deviation of the middle one."""
MARGIN = 0.05
"""Of the adaptation index: what is closer to the baseline is washed out."""
EARLY = 40
"""Trials of a field over which its early adaptation is averaged: five channel trials."""
NONE = (0.95, 1.05)
"""Rate ratios of a model that shows no savings."""


@dataclass(frozen=True)
class Settings(Scales):
    """Networks, and the lengths of what they go through, trials."""

    seeds: int = 12
    units: int = 64
    updates: int = 600  # of the training before, 16 movements each
    baseline: int = 24
    trials: int = 300  # of each field
    washout: int = 400
    last: int = 80  # trials of the wash-out over which its end is averaged
    movements: int = 8

    @classmethod
    def quick(cls):
        """Fewer networks and trials."""
        return cls(seeds=3, updates=100, baseline=16, trials=24, washout=24, last=16)

    @property
    def marks(self) -> tuple[int, ...]:
        """The trials at which the first field, the wash-out and the second field begin, and the end."""
        return tuple(int(x) for x in np.cumsum([self.baseline, self.trials, self.washout, self.trials]))

    def acts(self) -> Array:
        """1 where the field acts (trials,)."""
        return np.repeat([0.0, 1.0, 0.0, 1.0], [self.baseline, self.trials, self.washout, self.trials])


def units(settings: Settings) -> list[Unit]:
    """One per rule: networks that meet the field twice and those that meet it once, as one stack."""
    seeds = list(range(settings.seeds))
    seconds = 2e-3 * settings.seeds * (settings.updates + 2 * settings.marks[-1])
    return [Unit(name, {"rule": name, "seeds": seeds}, seconds) for name in LEARNERS]


def run(settings: Settings, unit: Unit, checkpoint: Checkpoint) -> dict[str, Array]:
    """Measures of each trial (seeds, trials), under "twice.MEASURE" and "once.MEASURE"."""
    seeds, stages = unit.arguments["seeds"], Stages(checkpoint)
    base, first, wash = settings.baseline, settings.trials, settings.washout
    twice, once = ((base, 0.0), (first, 1.0), (wash, 0.0), (first, 1.0)), ((base + first + wash, 0.0), (first, 1.0))
    schedules = [Schedule(phases, channel_every=8, seed=seed) for phases in (twice, once) for seed in seeds]
    course = Course(problem_for(fields_of("field")), tuple(schedules), settings.movements)
    circuit = circuit_for(settings, course.problem)
    kept = stages.run("start", 0.3, partial(trained, settings, seeds, BackpropThroughTime(), RATE, settings.updates))
    params = params_of(circuit, {place: np.concatenate([leaf, leaf]) for place, leaf in kept.items()})
    learner = LEARNERS[unit.arguments["rule"]]
    curves = stages.run("trials", 0.7, partial(adapting, course, circuit, learner, params, [*seeds, *seeds]))
    count = len(seeds)
    return {
        f"{who}.{measure}": values[part]
        for who, part in (("twice", slice(0, count)), ("once", slice(count, None)))
        for measure, values in curves.items()
    }


def trials_to_half(away: Array, start: int, stop: int, half: Array) -> Array:
    """Trials after `start` until the smoothed deviation is at most `half` of each network (networks,); infinity where
    it never is. Between two smoothed points it is a straight line.
    """
    return np.array([_crossing(one[start:stop], float(level)) for one, level in zip(away, half)])


def _crossing(away: Array, level: float) -> float:
    known = np.flatnonzero(np.isfinite(away))
    if len(known) < SMOOTHED or not np.isfinite(level):
        return float("nan")
    window = np.full(SMOOTHED, 1.0 / SMOOTHED)
    at, smooth = np.convolve(known, window, "valid"), np.convolve(np.abs(away[known]), window, "valid")
    below = smooth <= level
    if not below.any():
        return float("inf")
    k = int(np.argmax(below))
    if k == 0:
        return float(at[0] + 1.0)
    return float(1.0 + at[k - 1] + (at[k] - at[k - 1]) * (smooth[k - 1] - level) / (smooth[k - 1] - smooth[k]))


def learned_in(settings: Settings, away: Array, start: int, before: int) -> tuple[Array, Array]:
    """Of the field that sets in at `start`: trials to half of its first deviation, and that deviation (networks,), cm.
    Deviations are those from the mean of `before` trials before it.
    """
    away = away - known_mean(away[:, start - before : start])[:, None]
    first = known_mean(away[:, start : start + FIRST])
    return trials_to_half(away, start, start + settings.trials, 0.5 * np.abs(first)), first


def told_of(settings: Settings, run: Run) -> dict[str, Array]:
    """Trials to half of the first deviation in the first field, in the second, and in the field that is met once, late;
    the first deviations; the adaptation index early in each of them, less that before it; and at the end of the first
    field and of the wash-out, less the baseline. Each (networks,).
    """
    begin, wash, again, _ = settings.marks
    twice, once = (run.arrays[f"{who}.deviation_cm"] for who in ("twice", "once"))
    fields = {
        "first": learned_in(settings, twice, begin, begin),
        "second": learned_in(settings, twice, again, settings.last),
        "late": learned_in(settings, once, again, settings.last),
    }
    index, other = (run.arrays[f"{who}.adaptation_index"] for who in ("twice", "once"))
    before = known_mean(index[:, :begin])

    def early(seen: Array, start: int, before: int) -> Array:
        return known_mean(seen[:, start : start + EARLY]) - known_mean(seen[:, start - before : start])

    return {
        "first_early": early(index, begin, begin),
        "second_early": early(index, again, settings.last),
        "late_early": early(other, again, settings.last),
        **{name: trials for name, (trials, _) in fields.items()},
        **{f"{name}_cm": size for name, (_, size) in fields.items()},
        "learned": known_mean(index[:, max(begin, wash - settings.last) : wash]) - before,
        "washed": known_mean(index[:, again - settings.last : again]) - before,
    }


def model_ratio(settings: Settings, rates: TwoRates) -> float:
    """The rate ratio of second to first learning of a two-rate model on the same schedule."""
    acts, (begin, _, again, _) = settings.acts(), settings.marks
    missing = (acts - adapted(rates, acts, SHARE))[None]
    first, second = (learned_in(settings, missing, start, 1)[0] for start in (begin, again))
    return float(ratio(first, second)[0])


def fitted_rates(settings: Settings, run: Run) -> TwoRates:
    """Of the two-rate model, fitted to baseline, first field and wash-out of a rule."""
    again = settings.marks[2]
    seen = run.arrays["twice.adaptation_index"]
    seen = seen - known_mean(seen[:, : settings.baseline])[:, None]
    seen = seen[np.isfinite(run.arrays["twice.cost"]).all(-1)]
    return fitted(seen[:, :again], settings.acts()[:again], SHARE)[0] if len(seen) else TwoRates(*[np.nan] * 4)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row per rule, medians over networks, and the two-rate model fitted to it."""
    rows = []
    for run in runs:
        told = told_of(settings, run)
        row: dict[str, Any] = {"rule": run.arguments["rule"], "n": len(told["first"])}
        row |= {f"trials_{key}": float(np.median(told[key])) for key in ("first", "second", "late")}
        row["ratio"] = float(np.median(ratio(told["first"], told["second"])))
        row |= {key: float(np.mean(told[key])) for key in told if key not in ("first", "second", "late")}
        rates = fitted_rates(settings, run)
        rows.append(row | rates._asdict() | {"model_ratio": model_ratio(settings, rates)})
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Savings of each rule, against its own first learning and against a first learning as late; the control."""
    found = []
    for name, learner in LEARNERS.items():
        told = told_of(settings, find(runs, rule=name))
        found += [
            Claim(f"{learner.label}: after {settings.washout} trials without the field nothing of it is left",
                  "adaptation index at the end of the wash-out, less the baseline", told["washed"],
                  unchanged_within(told["washed"], 0.0 * told["washed"], MARGIN), own=True, full=True),
            Claim(f"{learner.label}: the field is learned faster when it comes again (savings; Sun et al. 2022)",
                  "rate of the second learning / of the first", ratio(told["first"], told["second"]),
                  ratio_below(told["second"], told["first"], 1.0), full=True),
            Claim(f"{learner.label}: ... and faster than by the same networks which meet it then for the first time",
                  "rate of the second learning / of a first one as late", ratio(told["late"], told["second"]),
                  ratio_below(told["second"], told["late"], 1.0), own=True, full=True),
            Claim(f"{learner.label}: by the force on the walls, more is adapted early when the field comes again",
                  f"adaptation index of the first {EARLY} trials, second field less first",
                  told["second_early"] - told["first_early"],
                  paired_less(told["first_early"], told["second_early"]), own=True, full=True),
            Claim(f"{learner.label}: ... and more than in the same networks which meet it then for the first time",
                  f"adaptation index of the first {EARLY} trials, second field less a first one as late",
                  told["second_early"] - told["late_early"],
                  paired_less(told["late_early"], told["second_early"]), own=True, full=True),
        ]  # fmt: skip
    models = [SMITH, *(fitted_rates(settings, find(runs, rule=name)) for name in LEARNERS)]
    ratios = np.array([model_ratio(settings, rates) for rates in models])
    ratios = ratios[np.isfinite(ratios)]  # of those that come to half of the field
    found.append(Claim("the two-rate model shows no savings after wash-out (Zarahn et al. 2008): with the rates of "
                       "people, and with those fitted to the first field and the wash-out of each rule",
                       "rate of the second learning / of the first", ratios, every_between(ratios, *NONE),
                       full=True))  # fmt: skip
    return found


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Deviations in the three fields, one panel per rule; the rate ratios of all networks."""
    names, (begin, wash, again, end) = list(LEARNERS), settings.marks
    curves, axes = panels(*[2.5] * len(names), height=2.7)
    trials = np.arange(settings.trials)
    for axis, name in zip(axes, names):
        arrays, learner = find(runs, rule=name).arrays, LEARNERS[name]
        parts = (("twice", begin, "first", "#999999"), ("twice", again, "second", learner.colour),
                 ("once", again, "first, as late", "#cc79a7"))  # fmt: skip
        for who, start, label, colour in parts:
            values = arrays[f"{who}.deviation_cm"][:, start : start + settings.trials]
            curve(axis, trials, values, learner._replace(label=label, colour=colour), 5)
        axis.set(xlabel="trial of the field", ylabel="largest deviation, cm", title=learner.label)
        axis.title.set_fontsize(8)
    axes[0].legend(fontsize=7)
    ratios, (axis, walls) = panels(4.4, 4.4)
    for place, name in enumerate(names):
        told = told_of(settings, find(runs, rule=name))
        for shift, other, marker in ((-0.12, "first", "o"), (0.12, "late", "x")):
            found = ratio(told[other], told["second"])
            more = told["second_early"] - told[f"{other}_early"]
            for part, values in ((axis, found[np.isfinite(found)]), (walls, more)):
                part.plot(np.full(len(values), place + shift), values, marker, markersize=4, alpha=0.6,
                          color=LEARNERS[name].colour)  # fmt: skip
    axis.set(ylabel="rate, second / first", title="Savings by deviation", yscale="log")
    walls.set(ylabel=f"index of {EARLY} trials, difference", title="... and by force on the walls")
    for part, level in ((axis, 1.0), (walls, 0.0)):
        part.axhline(level, color="#bbbbbb", linewidth=0.8)
        part.set_xticks(range(len(names)), [LEARNERS[name].label.replace(" ", "\n") for name in names], fontsize=7)
        part.set_xlabel("rule")
    ratios.set_label(
        f"a point per network, n = {settings.seeds}; o: beside its own first field, x: a first one as late"
    )
    whole, (course,) = panels(7.0)
    everything = np.arange(end)
    for name in names:
        curve(course, everything, find(runs, rule=name).arrays["twice.adaptation_index"], LEARNERS[name], 24)
    for start, stop in ((begin, wash), (again, end)):
        course.axvspan(start, stop, color="#f2f2f2", zorder=0)
    course.set(xlabel="trial", ylabel="adaptation index", title="Field, wash-out, field again")
    course.legend(fontsize=7)
    return {"curves": curves, "ratios": ratios, "index": whole}


def choices(settings: Settings) -> list[Choice]:
    """What the papers do not say of networks."""
    return [
        Choice("the rate of learning", "1 / trials until the deviation, smoothed over "
               f"{SMOOTHED} trials, is half of what it was when the field set in",
               f"it asks nothing of the form of the curve; the adaptation index of the first {EARLY} trials was added "
               "after a look at the curves: it has less spread"),
        Choice("a trial, the start, the optimizer, rates, the body", "those of the experiment of adaptation",
               "the optimizer keeps no means of gradients, which would be a memory beside the weights"),
        Choice("the control", "networks with the same start and the same random numbers, without the first field",
               "a rule may have changed its networks by moving alone"),
    ]  # fmt: skip


EXPERIMENT = Experiment(
    name="savings",
    title="Savings: a field learned, washed out, and learned again",
    source="Zarahn et al. 2008; Sun et al. 2022",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
"""Whether networks show savings, by rule."""
