"""Four rules on a linear function: a 30-20-10 linear network without biases, online, on one sequence of examples.

NSE is exact: |T - W W0|^2 / |T|^2, since the inputs have unit variance. [Lillicrap et al. 2014, Fig. 1; 2016, Fig. 2]

With them: feedback alignment at scales of B over four decades; and node perturbation and feedback alignment in larger
and larger networks, each at rates of its own ["the performance of such learning rules slows significantly as the size
of a network grows", 2016].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps

from armfa.controllers.circuits.mlp import MLP, transpose
from armfa.controllers.metrics import angle_between, matrix_angle
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.perturbation import NodePerturbation
from armfa.controllers.rules.shallow import Shallow
from armfa.controllers.streams import streams
from armfa.controllers.training.update import TrainState, init_state
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points, samples_to_reach
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import (
    WITHIN,
    all_of,
    as_well_as,
    every_above,
    every_below,
    mean_above,
    mean_below,
    mean_between,
    paired_less,
    ratio_below,
    unchanged_within,
)
from armfa.runs.unit import Checkpoint, Unit, find

SIZES = (30, 20, 10)
KINDS = ("shallow", "shallow-best", "node-perturbation", "backprop", "feedback-alignment")
GROWN = ("node-perturbation", "feedback-alignment")
"""Rules that learn in networks of several sizes."""
WINDOW = 10
"""Examples over which the article draws the spread of an angle."""
SOON = 100
"""Examples after which W0 is asked for B: the error still is near T x."""
TURNED = 60.0
"""Degrees, below which a matrix has turned towards another."""


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
    reach: float = 0.01  # NSE by which it is told how quickly a network learns
    feedback_scales: tuple[float, ...] = (0.0005, 0.005, 0.05, 0.5, 5.0)  # B at the rate of FA: the ends fail
    scales_examples: int = 4000
    growth: tuple[float, ...] = (0.5, 1.0, 2.0)  # all three layers, in units of the papers' network
    growth_examples: tuple[int, ...] = (1500, 4500, 15_000)
    growth_rates_node_perturbation: tuple[float, ...] = (0.002, 0.0005, 0.0001)
    growth_rates_feedback_alignment: tuple[float, ...] = (0.02, 0.01, 0.0035)
    growth_reach: float = 0.1

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
    """One unit a rule, one a scale of B, one a rule and size of the network; all networks in one stack."""
    seeds = list(range(settings.seeds))
    pace = 80e-6 + 4e-6 * settings.seeds
    found = [Unit(kind, {"kind": kind, "seeds": seeds}, settings.examples * pace) for kind in KINDS]
    for scale in settings.feedback_scales:
        arguments = {"kind": "scale", "scale": scale, "seeds": seeds}
        found.append(Unit(f"scale_{scale:g}", arguments, settings.scales_examples * pace))
    for rule in GROWN:
        for growth, examples in zip(settings.growth, settings.growth_examples):
            arguments = {"kind": "size", "rule": rule, "growth": growth, "seeds": seeds}
            found.append(Unit(f"size_{rule}_{growth:g}", arguments, examples * pace * max(1.0, growth**2)))
    return found


def run(settings, unit, checkpoint):
    """Exact error after every tenth example; for feedback alignment also what `alignment` measures."""
    kind = unit.arguments["kind"]
    if kind == "scale":
        rule, at = FeedbackAlignment(scale=unit.arguments["scale"]), np.arange(0, settings.scales_examples + 1, 10)
        return learn_linear(settings, unit, checkpoint, rule, settings.rate_feedback_alignment, at, alone=True)
    if kind == "size":
        return run_of_size(settings, unit, checkpoint)
    rule = {
        "shallow": Shallow(),
        "node-perturbation": NodePerturbation(noise=settings.noise, output="delta"),
        "backprop": Backprop(),
        "feedback-alignment": FeedbackAlignment(scale=settings.feedback_scale),
    }[kind.removesuffix("-best")]
    at, measures = np.arange(0, settings.examples + 1, 10), alignment if kind == "feedback-alignment" else None
    return learn_linear(settings, unit, checkpoint, rule, settings.rates[kind], at, measures)


def run_of_size(settings, unit, checkpoint):
    """Exact error of a rule in a network of that size, at rates of its own; perturbed are all units, by one reward."""
    number = settings.growth.index(unit.arguments["growth"])
    rule, rates = {
        "node-perturbation": (NodePerturbation(noise=settings.noise), settings.growth_rates_node_perturbation),
        "feedback-alignment": (
            FeedbackAlignment(scale=settings.feedback_scale),
            settings.growth_rates_feedback_alignment,
        ),
    }[unit.arguments["rule"]]
    at = points(settings.growth_examples[number], 200, first=10)
    return learn_linear(
        settings, unit, checkpoint, rule, rates[number], at, sizes=sizes_of(settings.growth[number]), alone=True
    )


def sizes_of(growth: float) -> tuple[int, ...]:
    """Units of the three layers of a network so many times the papers' size."""
    return tuple(round(n * growth) for n in SIZES)


class Seen(NamedTuple):
    """What a measure may look at: the networks now and at the start, their targets T, and errors at the probes."""

    state: TrainState
    start: TrainState
    target: np.ndarray  # (seeds, n_out, n_in)
    error: np.ndarray  # (seeds, probes, n_out)


def alignment(seen: Seen) -> dict[str, np.ndarray]:
    """What is measured of feedback alignment beside its error, each (seeds,).

    Angle of B e to W^T e: its mean over the probes, mean and spread of the first ten, and the smallest. `usefulness`:
    mean of e^T W B e. `w0_to_b`, `w_to_b`: angles of W0's change to B T and of W to B^T; `..._other`: to a B whose rows
    were given to other hidden units.
    """
    b, (w0, w) = seen.state.rule.matrices[0], (layer.weight for layer in seen.state.params)
    sent, backprop = seen.error @ transpose(b), seen.error @ w
    found = angle_between(sent, backprop)
    few, other, change = found[:, :WINDOW], np.roll(b, 1, axis=-2), w0 - seen.start.params[0].weight
    return {
        "angle": found.mean(1),
        "window_mean": few.mean(1),
        "window_spread": few.std(1, ddof=1),
        "smallest_angle": found.min(1),
        "usefulness": (sent * backprop).sum(-1).mean(1),
        "w0_to_b": matrix_angle(change, b @ seen.target),
        "w0_to_other": matrix_angle(change, other @ seen.target),
        "w_to_b": matrix_angle(w, transpose(b)),
        "w_to_other": matrix_angle(w, transpose(other)),
    }


def learn_linear(
    settings: Any,
    unit: Unit,
    checkpoint: Checkpoint,
    rule: Any,
    rate: float,
    at: np.ndarray,
    measures: Callable[[Seen], Mapping[str, np.ndarray]] | None = None,
    *,
    start_scale: float | None = None,
    sizes: tuple[int, ...] = SIZES,
    alone: bool = False,
) -> dict[str, np.ndarray]:
    """Exact error of a stack of networks over single examples, and what `measures` finds.

    at : examples after which it is measured. start_scale : of the first weights; the settings' own when None.
    alone : whether a network that diverges stops by itself; its error is infinite from there on.
    """
    random = streams(unit.arguments["seeds"])
    problem = regression.linear(random.problem, (sizes[0], sizes[-1]), test_size=settings.probes, dtype=np.float64)
    target, probes = problem.teacher.weight, problem.held_out.inputs
    network = MLP(sizes, "linear", weight_scale=settings.start_scale if start_scale is None else start_scale)
    optimizer = SGD(rate, biases=False)
    start = init_state(network, rule, optimizer, random.weights, random.rule, np.float64)

    def measure(state):
        missing = target - state.params[1].weight @ state.params[0].weight
        nse = (missing**2).sum((1, 2)) / (target**2).sum((1, 2))
        return {"nse": nse, **(measures(Seen(state, start, target, probes @ transpose(missing))) if measures else {})}

    task = {"updates": int(at[-1]), "batch_size": 1, "at": at, "measure": measure, "alone": alone}
    with np.errstate(all="ignore"):
        curves, _ = learn(problem, network, rule, optimizer, random, **task, checkpoint=checkpoint, start=start)
    if alone:
        curves["nse"] = np.where(np.isnan(curves["nse"]), np.inf, curves["nse"])
    return {"examples": at, **curves}


def of_kinds(runs):
    """The arrays of the rules' own runs by kind: neither those at other scales of B nor those of other sizes."""
    return {kind: find(runs, kind=kind).arrays for kind in KINDS}


def needed(arrays, reach):
    """Examples until the error of each network first is `reach`, (seeds,); infinity where it never is."""
    return samples_to_reach(arrays["examples"], arrays["nse"], reach)


def table(settings, runs):
    """One row a run: error after 200, 500, 1000 and 2000 examples, examples until the error is reached."""
    rows = []
    for run in runs:
        nse, x = run.arrays["nse"], run.arrays["examples"]
        row = {"what": run.unit, "rate": rate_of(settings, run), "n": len(nse)}
        for examples in (200, 500, 1000, 2000):
            values = nse[:, min(np.searchsorted(x, examples), len(x) - 1)]
            whole = np.isfinite(values).all()
            row |= {f"nse_{examples}": float(values.mean())}
            row |= {f"sd_{examples}": float(values.std(ddof=1)) if whole else float("nan")}
        reach = settings.growth_reach if run.arguments["kind"] == "size" else settings.reach
        rows.append(row | {"reach": reach, "examples_until": float(np.median(needed(run.arrays, reach)))})
    return rows


def rate_of(settings, run) -> float:
    """The rate that a run learned with."""
    if run.arguments["kind"] != "size":
        return settings.rates.get(run.arguments["kind"], settings.rate_feedback_alignment)
    rates = getattr(settings, f"growth_rates_{run.arguments['rule'].replace('-', '_')}")
    return rates[settings.growth.index(run.arguments["growth"])]


def claims(settings, runs):
    """Speed of the rules against each other, the angle, the way of B into W, B's scale, and the size of the network."""
    arrays = of_kinds(runs)
    half = int(np.searchsorted(arrays["backprop"]["examples"], settings.examples // 2))
    at_half = {kind: np.log10(arrays[kind]["nse"][:, half]) for kind in KINDS}
    fa, bp = (needed(arrays[kind], settings.reach) for kind in ("feedback-alignment", "backprop"))
    angle = arrays["feedback-alignment"]["angle"]
    smallest = arrays["feedback-alignment"]["smallest_angle"].min(1)
    best = arrays["shallow-best"]["nse"][:, -1]
    common = arrays["shallow"]["nse"][:, -1]
    return [
        Claim(
            f"FA learns just as quickly as backprop: NSE {settings.reach:g} in {WITHIN} its examples",
            "examples needed by FA / those needed by backprop",
            fa / bp,
            as_well_as(fa, bp),
        ),
        Claim(
            "and even sooner: B is of full size from the start, and W is not",
            "examples needed by FA minus those needed by backprop",
            fa - bp,
            paired_less(fa, bp),
            own=True,
        ),
        Claim(
            "backprop sends the loss rapidly towards zero",
            f"examples until NSE {settings.reach:g}",
            bp,
            mean_between(bp, 0, settings.examples / 2),
        ),
        Claim(
            "node perturbation learns, but slowly: between shallow and the two",
            f"NSE after {settings.examples // 2:,} examples",
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
        *claims_on_the_way_of_b(arrays["feedback-alignment"], settings),
        *claims_on_scales(settings, runs),
        *claims_on_sizes(settings, runs),
    ]


def claims_on_the_way_of_b(arrays, settings):
    """B may at first push W0 the wrong way; what is known of B is first in W0 and then in W."""
    wrong = arrays["usefulness"][:, 0] < 0
    left = arrays["nse"][wrong, -1]
    x = arrays["examples"]
    soon = min(int(np.searchsorted(x, SOON)), len(x) - 1)
    in_w0, other = (arrays[name][:, soon] for name in ("w0_to_b", "w0_to_other"))
    in_w, unrelated = (arrays[name][:, -1] for name in ("w_to_b", "w_to_other"))
    first, second = (samples_to_reach(x[1:], arrays[name][:, 1:], TURNED) for name in ("w0_to_b", "w_to_b"))
    return [
        Claim(
            "the error goes to 0 even where B at first moves W0 in the wrong direction: e^T W B e below 0",
            f"NSE at the end, of the {wrong.sum()} of {wrong.size} networks that begin so",
            left,
            every_below(left, settings.reach),
        ),
        Claim(
            "information about B accumulates in W0, whose change is a sum of B e x^T",
            f"angle of W0's change to B T after {x[soon]} examples (to a B with its rows exchanged: "
            f"{other.mean():.0f}), degrees",
            in_w0,
            all_of(mean_below(in_w0, TURNED), paired_less(in_w0, other)),
        ),
        Claim(
            f"... and passes from there into W, which turns to B^T later: below {TURNED:g} degrees after more examples",
            "examples that W0 needs minus those that W needs",
            first - second,
            paired_less(first, second),
        ),
        Claim(
            "... to this B^T, and to no other",
            f"angle of W to B^T at the end (to a B with its rows exchanged: {unrelated.mean():.0f}), degrees",
            in_w,
            all_of(mean_below(in_w, TURNED), mean_above(unrelated, 80)),
        ),
    ]


def claims_on_scales(settings, runs):
    """Over which scales of B the rule learns at one rate, and what becomes of it beyond them."""
    scales = settings.feedback_scales
    runs_of = {scale: find(runs, kind="scale", scale=scale).arrays for scale in scales}
    ends = {scale: arrays["nse"][:, -1] for scale, arrays in runs_of.items()}
    inner = np.stack([ends[scale] for scale in scales[1:-1]]).max(0)
    full, small = (needed(runs_of[scale], settings.reach) for scale in (scales[-2], scales[1]))
    task = f"NSE after {settings.scales_examples:,} examples at the rate {settings.rate_feedback_alignment:g}"
    decades = f"{np.log10(scales[-2] / scales[1]):.3g} decades"
    return [
        Claim(
            f"many scales of B work: {decades}, from {scales[1]:g} to {scales[-2]:g} (2016, of the digits)",
            f"{task}, the largest of {len(scales) - 2} scales",
            inner,
            every_below(inner, settings.reach),
        ),
        Claim(
            f"control: a small B ({scales[1]:g}) learns slowly, more than five times as slowly as {scales[-2]:g}",
            "examples needed with the large B / with the small one",
            full / small,
            ratio_below(full, small, 1 / 5),
            own=True,
        ),
        Claim(
            f"control: with a still smaller B ({scales[0]:g}) it hardly learns",
            task,
            ends[scales[0]],
            every_above(ends[scales[0]], 10 * settings.reach),
            own=True,
        ),
        Claim(
            f"control: with a larger B ({scales[-1]:g}) it does not learn at this rate, and the weights diverge",
            task,
            ends[scales[-1]],
            every_above(ends[scales[-1]], 10 * settings.reach),
            own=True,
        ),
    ]


def claims_on_sizes(settings, runs):
    """How many more examples a larger network needs."""
    first, last = settings.growth[0], settings.growth[-1]
    times = {}
    for rule in GROWN:
        small, large = (find(runs, kind="size", rule=rule, growth=growth).arrays for growth in (first, last))
        times[rule] = needed(large, settings.growth_reach) / needed(small, settings.growth_reach)
    perturbation, alignment = (times[rule] for rule in GROWN)
    sizes = " to ".join("-".join(map(str, sizes_of(growth))) for growth in (first, last))
    return [
        Claim(
            "rules that correlate one reward with each neuron's activity slow down as a network grows, and FA less: "
            "what it needs grows by less than half as much",
            f"times as many examples until NSE {settings.growth_reach:g}, from {sizes} (each at its own rates): FA "
            f"{np.median(alignment):.2g}, node perturbation {np.median(perturbation):.2g} (medians); the ratio",
            alignment / perturbation,
            ratio_below(alignment, perturbation, 0.5),
        ),
    ]


def figures(settings, runs):
    """The article's Fig. 2, error of the four rules and angle between modulators; beside it scales of B and sizes."""
    figure, (error, angle, scales, sizes) = panels(4.4, 3.6, 3.2, 3.2, height=3.3)
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
    x, colour = arrays["examples"], COLOURS["feedback-alignment"]
    every = slice(0, None, max(1, len(x) // 25))
    angle.errorbar(x[every], arrays["window_mean"][0, every], 2 * arrays["window_spread"][0, every], color="#666666",
                   linewidth=0, elinewidth=0.8, marker="o", markersize=2, label="one network")  # fmt: skip
    band(angle, x, arrays["angle"], colour, "all networks", deviations=0)
    angle.legend(loc="upper right")
    angle_axis(angle, 120)
    angle.set(xlim=(0, settings.examples), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$")
    for number, scale in enumerate(settings.feedback_scales):
        arrays = find(runs, kind="scale", scale=scale).arrays
        ink = colormaps["viridis"](0.9 * number / max(1, len(settings.feedback_scales) - 1))
        shown = np.where(np.isfinite(arrays["nse"]), arrays["nse"], 1e6).T
        scales.plot(arrays["examples"], shown, color=ink, linewidth=0.6, alpha=0.5)
        scales.plot([], [], color=ink, label=f"{scale:g}")
    scales.set(yscale="log", ylim=(1e-6, 1e4), xlim=(0, settings.scales_examples), ylabel="NSE", title="scale of B")
    scales.legend(title="scale", ncols=3, loc="upper right")
    for rule in GROWN:
        found = [find(runs, kind="size", rule=rule, growth=growth).arrays for growth in settings.growth]
        until = np.stack([needed(arrays, settings.growth_reach) for arrays in found], axis=1)
        whole = np.where(np.isfinite(until).all(1, keepdims=True), until, np.nan)
        band(sizes, settings.growth, whole, COLOURS[rule], LABELS[rule], log=True, marker="o", markersize=3)
    sizes.set(xscale="log", yscale="log", xlabel="size of the network / the papers'", title="size of the network")
    sizes.set_ylabel(f"examples until NSE {settings.growth_reach:g}")
    sizes.set_xticks(settings.growth, [f"{growth:g}" for growth in settings.growth])
    sizes.minorticks_off()
    sizes.legend(loc="upper left")
    for axis in (error, angle, scales):
        examples_axis(axis)
    figure.set_label(
        f"angle, bars: ± 2 standard deviations over {WINDOW} examples of one network; scale of B: one line per network"
    )
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
    remarks="Bands: two standard deviations over networks, of the logarithm. Bars of the angle: two standard "
    f"deviations over {WINDOW} examples of one network, as the article draws them. Feedback alignment is ahead because "
    "backprop first has to leave the plateau at W = 0, where W^T e is small, while B is of full size from the start; "
    "later backprop falls at least as steeply.",
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
            "networks of other sizes",
            f"{', '.join('-'.join(map(str, sizes_of(growth))) for growth in settings.growth)}; rates "
            f"{told(settings.growth_rates_node_perturbation)} (NP, of all units), "
            f"{told(settings.growth_rates_feedback_alignment)} (FA)",
            "the article cites others for it; near the largest rates at which no network diverges",
        ),
        Choice(
            "rate of shallow learning",
            f"backprop's, {settings.rate_shallow:g}, and its own best, {settings.rate_shallow_best:g}",
            "the paper's 'hardly decreases' depends on it",
        ),
    ),
)
