"""Four rules on a linear function: a 30-20-10 linear network without biases, online, on one sequence of examples.

NSE is exact: |T - W W0|^2 / |T|^2, since the inputs have unit variance. [Lillicrap et al. 2014, Fig. 1; 2016, Fig. 2]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa.controllers.circuits.mlp import MLP, transpose
from armfa.controllers.metrics import angle_between
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.perturbation import NodePerturbation
from armfa.controllers.rules.shallow import Shallow
from armfa.controllers.streams import streams
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import all_of, every_above, mean_above, mean_between, paired_less, unchanged_within
from armfa.runs.unit import Unit, find

KINDS = ("shallow", "shallow-best", "node-perturbation", "backprop", "feedback-alignment")


@dataclass(frozen=True)
class Settings(Scales):
    """Each rate is the best fixed one of a search for that rule; shallow also runs at backprop's."""

    seeds: int = 20
    examples: int = 2000
    start_scale: float = 0.01
    feedback_scale: float = 0.5
    rate_shallow: float = 0.01
    rate_shallow_best: float = 6.0
    rate_node_perturbation: float = 0.0025
    noise: float = 0.01
    rate_backprop: float = 0.01
    rate_feedback_alignment: float = 0.01
    probes: int = 100  # inputs at which the angle is measured

    @property
    def rates(self) -> dict[str, float]:
        """The rate of each kind of learning."""
        return {
            "shallow": self.rate_shallow,
            "shallow-best": self.rate_shallow_best,
            "node-perturbation": self.rate_node_perturbation,
            "backprop": self.rate_backprop,
            "feedback-alignment": self.rate_feedback_alignment,
        }

    @classmethod
    def quick(cls):
        """The full experiment takes seconds already: ten networks."""
        return cls(seeds=10)


def units(settings):
    """One unit a rule, all networks in one stack."""
    seeds = list(range(settings.seeds))
    seconds = settings.examples * (80e-6 + 4e-6 * settings.seeds)
    return [Unit(kind, {"kind": kind, "seeds": seeds}, seconds) for kind in KINDS]


def run(settings, unit, checkpoint):
    """Exact error after every tenth example, and the angle of B e to W^T e with its spread over single examples."""
    kind = unit.arguments["kind"]
    rule = {
        "shallow": Shallow(),
        "node-perturbation": NodePerturbation(noise=settings.noise, output="delta"),
        "backprop": Backprop(),
        "feedback-alignment": FeedbackAlignment(scale=settings.feedback_scale),
    }[kind.removesuffix("-best")]

    def angles(state, error):
        if kind != "feedback-alignment":
            return {}
        found = angle_between(error @ transpose(state.rule.matrices[0]), error @ state.params[1].weight)
        return {"angle": found.mean(1), "angle_spread": found.std(1, ddof=1), "smallest_angle": found.min(1)}

    at, rate = np.arange(0, settings.examples + 1, 10), settings.rates[kind]
    return learn_linear(settings, unit, checkpoint, rule, rate, settings.start_scale, at, angles)


def learn_linear(settings, unit, checkpoint, rule, rate, start_scale, at, angles):
    """Exact error of a stack of networks over single examples, and what `angles` finds.

    angles : state, errors at the probes (seeds, probes, 10) -> measures, each (seeds,)
    """
    random = streams(unit.arguments["seeds"])
    problem = regression.linear(random.problem, test_size=settings.probes, dtype=np.float64)
    target, probes = problem.teacher.weight, problem.held_out.inputs

    def measure(state):
        missing = target - state.params[1].weight @ state.params[0].weight
        nse = (missing**2).sum((1, 2)) / (target**2).sum((1, 2))
        return {"nse": nse, **angles(state, probes @ transpose(missing))}

    curves, _ = learn(
        problem,
        MLP((30, 20, 10), "linear", weight_scale=start_scale),
        rule,
        SGD(rate, biases=False),
        random,
        updates=settings.examples,
        batch_size=1,
        at=at,
        measure=measure,
        checkpoint=checkpoint,
        dtype=np.float64,
    )
    return {"examples": at, **curves}


def examples_until(arrays, bound):
    """Examples until the error of each network first is below a bound (infinity where it never is)."""
    below = arrays["nse"] < bound
    first = np.argmax(below, axis=1)
    return np.where(below.any(1), arrays["examples"][first].astype(float), np.inf)


def table(settings, runs):
    """One row a rule: error after 200, 500, 1000 and 2000 examples, examples until 0.01."""
    rows = []
    for run in runs:
        nse, x = run.arrays["nse"], run.arrays["examples"]
        row = {"rule": run.unit, "rate": settings.rates[run.unit], "n": len(nse)}
        for examples in (200, 500, 1000, 2000):
            values = nse[:, np.searchsorted(x, min(examples, x[-1]))]
            row |= {f"nse_{examples}": float(values.mean()), f"sd_{examples}": float(values.std(ddof=1))}
        rows.append(row | {"examples_until_0.01": float(np.median(examples_until(run.arrays, 0.01)))})
    return rows


def claims(settings, runs):
    """Speed of the rules against each other, and the angle."""
    arrays = {run.unit: run.arrays for run in runs}
    half = int(np.searchsorted(arrays["backprop"]["examples"], settings.examples // 2))
    at_half = {kind: np.log10(arrays[kind]["nse"][:, half]) for kind in KINDS}
    until = {kind: examples_until(arrays[kind], 0.01) for kind in ("backprop", "feedback-alignment")}
    angle = arrays["feedback-alignment"]["angle"]
    smallest = arrays["feedback-alignment"]["smallest_angle"].min(1)
    best = arrays["shallow-best"]["nse"][:, -1]
    common = arrays["shallow"]["nse"][:, -1]
    return [
        Claim(
            "FA learns just as quickly as backprop: NSE < 0.01 in no more examples",
            "examples needed by FA minus those needed by backprop",
            until["feedback-alignment"] - until["backprop"],
            paired_less(until["feedback-alignment"], until["backprop"]),
        ),
        Claim(
            "backprop sends the loss rapidly towards zero",
            "examples until NSE < 0.01",
            until["backprop"],
            mean_between(until["backprop"], 0, 1000),
        ),
        Claim(
            "node perturbation learns, but slowly: between shallow and the two",
            f"NSE after {settings.examples // 2} examples",
            arrays["node-perturbation"]["nse"][:, half],
            all_of(
                paired_less(at_half["node-perturbation"], at_half["shallow"]),
                paired_less(at_half["backprop"], at_half["node-perturbation"]),
                paired_less(at_half["feedback-alignment"], at_half["node-perturbation"]),
            ),
        ),
        Claim(
            "with shallow learning the loss hardly decreases (common rate)",
            "NSE at the end",
            common,
            mean_above(common, 0.9),
        ),
        Claim(
            "shallow at its own best rate, whose floor is 1/3: still far from the others",
            "NSE at the end",
            best,
            mean_between(best, 1 / 3, 0.6),
            own=True,
        ),
        Claim(
            "initially the angle is 90 degrees",
            "angle before learning, degrees",
            angle[:, 0],
            unchanged_within(angle[:, 0], np.full(len(angle), 90.0), 10),
        ),
        Claim("the angle soon shrinks", "angle at the end, degrees", angle[:, -1], mean_between(angle[:, -1], 5, 35)),
        Claim(
            "... and never reaches zero",
            "smallest angle of any example at any time, degrees",
            smallest,
            every_above(smallest, 0.5),
        ),
    ]


def figures(settings, runs):
    """The article's Fig. 2: error of the four rules, and the angle between their modulators."""
    figure, (error, angle) = panels(4.4, 3.6, height=3.3)
    lines: dict[str, dict[str, Any]] = {"shallow-best": {"linestyle": "--"}}
    for kind in KINDS:
        base = kind.removesuffix("-best")
        label = LABELS[base] + (", own best rate" if kind.endswith("best") else "")
        run = find(runs, kind=kind)
        band(error, run.arrays["examples"], run.arrays["nse"], COLOURS[base], label, log=True, **lines.get(kind, {}))
    error.axhline(1 / 3, color="#bbbbbb", linewidth=0.7, linestyle=":")
    error.text(settings.examples, 0.31, "floor of shallow", ha="right", va="top", fontsize=7, color="#888888")
    error.set(yscale="log", ylim=(1e-6, 2), xlim=(0, settings.examples), ylabel="NSE", title="linear function")
    error.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    arrays = find(runs, kind="feedback-alignment").arrays
    mean, spread = arrays["angle"].mean(0), arrays["angle_spread"].mean(0)
    x, colour = arrays["examples"], COLOURS["feedback-alignment"]
    angle.fill_between(x, mean - 2 * spread, mean + 2 * spread, color=colour, alpha=0.18, linewidth=0)
    angle.plot(x, mean, color=colour)
    angle_axis(angle, 120)
    angle.set(xlim=(0, settings.examples), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$")
    for axis in (error, angle):
        examples_axis(axis)
    return {"rules": figure}


EXPERIMENT = Experiment(
    name="linear",
    title="A linear function, four rules",
    source="abstract 2014 Fig. 1d, e; Nature Communications Fig. 2",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="Bands: two standard deviations, of the logarithm over networks (error) and over single examples (angle). "
    "Feedback alignment is ahead because backprop first has to leave the plateau at W = 0, where W^T e is small, while "
    "B is of full size from the start; later backprop falls at least as steeply.",
    choices=lambda settings: (
        Choice(
            "learning rates",
            f"{settings.rate_backprop:g} (BP), {settings.rate_feedback_alignment:g} (FA), "
            f"{settings.rate_node_perturbation:g} (NP)",
            "not given; the best of a search for each rule",
        ),
        Choice("noise of node perturbation", f"{settings.noise:g}", "not given; small against the hidden activity"),
        Choice("number of examples", f"{settings.examples:,}", "not in the text"),
        Choice(
            "rate of shallow learning",
            f"backprop's, {settings.rate_shallow:g}, and its own best, {settings.rate_shallow_best:g}",
            "the paper's 'hardly decreases' depends on it",
        ),
    ),
)
