"""Depth: a 30-20-10-10 target learned by nets of three and of four layers of units, with W0 free or frozen.

tanh hidden units, linear outputs, online learning on a sequence that all rules share. [Lillicrap et al. 2016, Fig. 3d,
Supplementary Fig. 6]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.metrics import normalized_error
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.shallow import Frozen, Shallow
from armfa.controllers.streams import streams
from armfa.controllers.training.measures import teaching_angles
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn, points
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import AS_WELL, WITHIN, all_of, as_well_as, mean_below, paired_less
from armfa.runs.unit import Unit, find

RULES = ("shallow", "backprop", "feedback-alignment")
NETS = {3: (30, 20, 10), 4: (30, 20, 10, 10)}


@dataclass(frozen=True)
class Settings(Scales):
    """The stopping time is part of the result: depth helps neither rule at first, and FA only when it is behind."""

    seeds: int = 20
    examples: int = 150_000  # the stopping time, for every rule and net
    early: int = 8000  # where FA and backprop are compared early on
    learning_rate: float = 0.02
    start_scale: float = 0.1
    feedback_scale: float = 0.5
    teacher_scale: float = 0.5
    test_size: int = 5000
    significance: float = 1e-9

    @classmethod
    def quick(cls):
        """Ten networks, 60,000 examples, and a level of significance that such a number can reach."""
        return cls(seeds=10, examples=60_000, test_size=1000, significance=1e-3)


def units(settings):
    """Shallow and both rules with three layers, both rules with four, and with four and W0 frozen."""
    chosen = [(rule, 3, False) for rule in RULES]
    chosen += [(rule, 4, frozen) for frozen in (False, True) for rule in RULES[1:]]
    seeds = list(range(settings.seeds))
    cost = {3: 130e-6, 4: 190e-6}
    return [
        Unit(
            f"{rule}_{layers}{'_frozen' if frozen else ''}",
            {"rule": rule, "layers": layers, "frozen": frozen, "seeds": seeds},
            settings.examples * cost[layers] * (0.5 + settings.seeds / 40),
        )
        for rule, layers, frozen in chosen
    ]


def make_rule(name, settings):
    """The learning rule of a unit, without freezing."""
    alignment = FeedbackAlignment(scale=settings.feedback_scale)
    return {"shallow": Shallow(), "backprop": Backprop(), "feedback-alignment": alignment}[name]


def run(settings, unit, checkpoint):
    """Test error over examples; for feedback alignment also the angles to backprop."""
    name, layers, frozen = (unit.arguments[key] for key in ("rule", "layers", "frozen"))
    random = streams(unit.arguments["seeds"])
    problem = regression.deep(random.problem, scale=settings.teacher_scale, test_size=settings.test_size)
    sizes = NETS[layers]
    kinds = ("tanh",) * (len(sizes) - 2) + ("linear",)
    network = MLP(sizes, kinds, weight_scale=settings.start_scale, bias_scale=settings.start_scale)
    rule = make_rule(name, settings)
    test: Any = problem.test()
    few = type(test)(test.inputs[:, :100], type(test.loss)(test.loss.target[:, :100]))

    def measure(state):
        output = network.forward(state.params, test.inputs).output
        found = {"nse": normalized_error(output, test.loss)}
        if name == "feedback-alignment":
            found["angles"] = teaching_angles(network, rule, state.params, few, state.rule)
        return found

    at = points(settings.examples, 50, first=300)
    curves, _ = learn(
        problem,
        network,
        Frozen(rule) if frozen else rule,
        SGD(settings.learning_rate),
        random,
        updates=settings.examples,
        batch_size=1,
        at=at,
        measure=measure,
        checkpoint=checkpoint,
    )
    return {"examples": at, **curves}


def table(settings, runs):
    """One row a net and rule: error at the end and at two earlier times."""
    rows = []
    for run in runs:
        x, nse = run.arrays["examples"], run.arrays["nse"]
        row = {key: run.arguments[key] for key in ("rule", "layers", "frozen")} | {"n": len(nse)}
        for share in (0.07, 0.4, 1.0):
            at = int(np.searchsorted(x, share * x[-1]))
            row |= {
                f"nse_at_{share:g}_of_the_time": float(nse[:, at].mean()),
                f"sd_at_{share:g}": float(nse[:, at].std(ddof=1)),
            }
        rows.append(row)
    return rows


def claims(settings, runs):
    """Four layers against three, the frozen control, and where the two rules part."""
    end = {
        (run.arguments["rule"], run.arguments["layers"], run.arguments["frozen"]): run.arrays["nse"][:, -1]
        for run in runs
    }
    three_layers, four_layers = (find(runs, rule="feedback-alignment", layers=n, frozen=False).arrays for n in (3, 4))
    backprop_four = find(runs, rule="backprop", layers=4, frozen=False).arrays
    x, part, deeper = four_layers["examples"], parting(runs), depth_helps(runs, "feedback-alignment")
    found = []
    for rule, word, printed in (("feedback-alignment", "FA", "9e-13"), ("backprop", "BP", "3e-12")):
        three, four, frozen = end[rule, 3, False], end[rule, 4, False], end[rule, 4, True]
        since = depth_helps(runs, rule)
        found.append(
            Claim(
                f"{word}: four layers beat three (t-test, n = 20, P = {printed}); here {from_then_on(x, since)}"
                + (f", FA being behind backprop {from_then_on(x, part)}" if word == "FA" else ""),
                f"NSE of four layers minus NSE of three after {settings.examples:,} examples",
                four - three,
                paired_less(four, three, settings.significance),
            )
        )
        found.append(
            Claim(
                f"{word}: with W0 frozen the gain of the fourth layer is lost",
                "NSE of three layers minus NSE of four with W0 frozen",
                three - frozen,
                paired_less(three, frozen),
            )
        )
    at = int(np.searchsorted(x, min(settings.early, x[-1])))
    early = {"fa": four_layers["nse"][:, at], "bp": backprop_four["nse"][:, at]}
    last = max(0, part - 1)  # the last time at which FA still is as good as backprop
    angles = four_layers["angles"][:, -1].max(1)
    alignment, backprop = end["feedback-alignment", 4, False], end["backprop", 4, False]
    return [
        *found,
        Claim(
            f"FA performed as well as backprop in four layers: {WITHIN} its error early on",
            f"NSE of FA / NSE of BP after {x[at]:,} examples",
            early["fa"] / early["bp"],
            as_well_as(early["fa"], early["bp"]),
        ),
        Claim(
            f"... and at the stopping time of {settings.examples:,} examples",
            "NSE of FA / NSE of BP at the end",
            alignment / backprop,
            as_well_as(alignment, backprop),
            full=True,
        ),
        Claim(
            "... and both at one time: FA's four layers beat three while as good as backprop's. They are as good up to "
            f"{x[last]:,} examples, and FA's four layers beat three {from_then_on(x, deeper)}",
            f"NSE of FA with four layers minus with three after {x[last]:,} examples",
            four_layers["nse"][:, last] - three_layers["nse"][:, last],
            paired_less(four_layers["nse"][:, last], three_layers["nse"][:, last]),
        ),
        Claim(
            "FA's signals align in both hidden layers",
            "largest angle of the two at the end, degrees",
            angles,
            mean_below(angles, 90),
        ),
        Claim(
            "deep learning beats shallow for both rules, three layers",
            "NSE of FA minus NSE of shallow",
            end["feedback-alignment", 3, False] - end["shallow", 3, False],
            all_of(*(paired_less(end[rule, 3, False], end["shallow", 3, False]) for rule in RULES[1:])),
        ),
    ]


def parting(runs) -> int:
    """The point of the curves from which on FA in four layers is not as good as backprop (their number: never)."""
    fa, bp = (
        find(runs, rule=rule, layers=4, frozen=False).arrays["nse"] for rule in ("feedback-alignment", "backprop")
    )
    return _settled([as_well_as(*pair).status != "holds" for pair in zip(fa.T, bp.T)])


def depth_helps(runs, rule) -> int:
    """The point of the curves from which on four layers beat three, P < 0.05 (their number: never)."""
    four, three = (find(runs, rule=rule, layers=layers, frozen=False).arrays["nse"] for layers in (4, 3))
    return _settled([paired_less(*pair).status == "holds" for pair in zip(four.T, three.T)])


def _settled(holds: list[bool]) -> int:
    """Number of the first point from which on it holds to the end."""
    return len(holds) - next((n for n, each in enumerate(reversed(holds)) if not each), len(holds))


def from_then_on(x, point: int) -> str:
    """From which number of examples on, in words."""
    return f"from {x[point]:,} examples on" if point < len(x) else "at no time"


def figures(settings, runs):
    """The article's Fig. 3d, the frozen control, and the angles in four layers."""
    figure, (error, control, angle) = panels(4.4, 3.6, 3.2, height=3.4)
    shown = [("shallow", 3, "shallow"), ("backprop", 3, "backprop"), ("feedback-alignment", 3, "feedback-alignment")]
    shown += [("backprop", 4, "backprop-4"), ("feedback-alignment", 4, "feedback-alignment-4")]
    for rule, layers, colour in shown:
        arrays = find(runs, rule=rule, layers=layers, frozen=False).arrays
        label = f"{LABELS[rule]}, {layers} layers"
        band(error, arrays["examples"], arrays["nse"], COLOURS[colour], label, log=True)
    x = find(runs, rule="backprop", layers=4, frozen=False).arrays["examples"]
    part = x[min(parting(runs), len(x) - 1)]
    error.axvline(part, color="#666666", linewidth=0.8, linestyle=":")
    error.text(part, 1.1, " FA and BP part", fontsize=7.5, color="#666666")
    for rule in RULES[1:]:
        for frozen in (False, True):
            arrays = find(runs, rule=rule, layers=4, frozen=frozen).arrays
            dashes: dict[str, Any] = {"linestyle": "--"} if frozen else {}
            label = f"{LABELS[rule]}{', W0 frozen' if frozen else ''}"
            band(control, arrays["examples"], arrays["nse"], COLOURS[f"{rule}-4"], label, log=True, **dashes)
    arrays = find(runs, rule="feedback-alignment", layers=4, frozen=False).arrays
    for layer, style in ((1, "-"), (0, "--")):
        label = f"hidden layer {layer + 1}"
        x, values = arrays["examples"][1:], arrays["angles"][:, 1:, layer]
        band(angle, x, values, COLOURS["feedback-alignment-4"], label, linestyle=style)
    angle_axis(angle, 120)
    for axis, title in (
        (error, "function approximation"),
        (control, "frozen W0 (4 layers)"),
        (angle, "angle to backprop"),
    ):
        axis.set(title=title, xscale="log", xlim=(300, settings.examples))
        examples_axis(axis)
        axis.legend(loc="lower left")
    for axis in (error, control):
        axis.set(yscale="log", ylabel="NSE (test)", ylim=(1e-5, 2))
    return {"depth": figure}


EXPERIMENT = Experiment(
    name="deep",
    title="Depth: a four-layer target",
    source="Nature Communications Fig. 3d, Supplementary Fig. 6; preprint Fig. 2d",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="Bands: two standard deviations of the logarithm over networks. The number of layers counts units, as the "
    "paper does. The dotted line: from there on feedback alignment in four layers has more than "
    f"{AS_WELL:g} times backprop's error. 'As well as backprop' holds before it and 'four layers beat three' after it.",
    choices=lambda settings: (
        Choice(
            "stopping time",
            f"{settings.examples:,} examples",
            "the paper stops when backprop made negligible gains, without a number. Which of its two claims holds "
            "depends on it: four layers beat three only after FA has parted from backprop (the claims tell when)",
        ),
        Choice(
            "first weights and biases",
            f"U(-{settings.start_scale:g}, {settings.start_scale:g})",
            "not given; +-0.5 is slower for all rules",
        ),
        Choice(
            "learning rate",
            f"{settings.learning_rate:g} for every rule and net",
            "not given; 0.03 is better for backprop, 0.06 harms FA",
        ),
        Choice(
            "feedback weights",
            f"U(-{settings.feedback_scale:g}, {settings.feedback_scale:g}), new for each network",
            "the paper has both 'new' and 'fixed'",
        ),
        Choice(
            "biases of the target",
            f"U(-{settings.teacher_scale:g}, {settings.teacher_scale:g}), like its weights",
            "not said",
        ),
        Choice("B1's input", "delta2 o h2'", "preprint; the article's text omits the derivative"),
    ),
)
