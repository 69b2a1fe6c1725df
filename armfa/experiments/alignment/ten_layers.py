"""Ten matrices of weights: tanh nets 30 units wide that learn a tanh target with two and with ten outputs.

The abstract and the article say that networks of as many as ten layers were trained; sizes and task are not given.
"""

import math
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
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import WITHIN, as_well_as, every_below, paired_less, ratio_below
from armfa.runs.unit import Unit, find

KINDS = ("shallow", "feedback-alignment-frozen", "backprop", "feedback-alignment")
BEST = ("backprop-best", "feedback-alignment-best")
"""Each at its own best rate and start, with two outputs; the others share one rate."""


@dataclass(frozen=True)
class Settings(Scales):
    """Start gain g: W_l ~ U(-g sqrt(3 / fan-in), ...), B likewise. At the common rate each rule has its best gain."""

    seeds: int = 20
    layers: int = 10
    width: int = 30
    outputs: tuple[int, ...] = (2, 10)
    examples: tuple[int, ...] = (100_000, 400_000)
    batch_size: int = 10
    learning_rate: float = 0.03  # falls linearly to 0
    gain_feedback_alignment: float = 0.6
    gain_backprop: float = 1.0
    feedback_gain: float = 1.0
    best_backprop: tuple[float, float, float] = (0.3, 0.55, 1.0)  # rate, start gain, gain of B
    best_feedback_alignment: tuple[float, float, float] = (0.03, 0.1, 1.15)
    test_size: int = 2000

    @classmethod
    def quick(cls):
        """Five networks; the task with ten outputs for a quarter of the time."""
        return cls(seeds=5, examples=(100_000, 100_000), test_size=1000)


def kinds_for(settings, outputs):
    """Ways of learning with that many outputs."""
    return (*KINDS, *BEST) if outputs == settings.outputs[0] else KINDS


def units(settings):
    """Four ways of learning for each number of outputs, and the two rules at their best with the first."""
    found = []
    seeds = list(range(settings.seeds))
    for outputs, examples in zip(settings.outputs, settings.examples):
        for kind in kinds_for(settings, outputs):
            step = (3e-4 if kind == "shallow" else 6e-4) * (0.4 + 0.03 * settings.seeds)
            arguments = {"kind": kind, "outputs": outputs, "examples": examples, "seeds": seeds}
            found.append(Unit(f"{kind}_{outputs}", arguments, examples / settings.batch_size * step))
    return found


def run(settings, unit, checkpoint):
    """Test error over examples; for feedback alignment the angle to backprop at every hidden layer."""
    kind, outputs, examples = (unit.arguments[key] for key in ("kind", "outputs", "examples"))
    random = streams(unit.arguments["seeds"])
    problem = regression.deep(random.problem, (settings.width, 20, outputs), scale=None, test_size=settings.test_size)
    sizes = (settings.width,) * settings.layers + (outputs,)
    rate, feedback_gain = settings.learning_rate, settings.feedback_gain
    gain = settings.gain_feedback_alignment if kind.startswith("feedback") else settings.gain_backprop
    if kind in BEST:
        best = {"backprop-best": settings.best_backprop, "feedback-alignment-best": settings.best_feedback_alignment}
        rate, gain, feedback_gain = best[kind]
    kinds = ("tanh",) * (settings.layers - 1) + ("linear",)
    network = MLP(sizes, kinds, weight_scale=tuple(gain * math.sqrt(3 / n) for n in sizes[:-1]))
    scales = tuple(feedback_gain * math.sqrt(3 / n) for n in sizes[2:])
    alignment = FeedbackAlignment(scale=scales)
    rule = {
        "shallow": Shallow(),
        "backprop": Backprop(),
        "feedback-alignment": alignment,
        "feedback-alignment-frozen": Frozen(alignment, tuple(range(settings.layers // 2))),
    }[kind.removesuffix("-best")]
    test: Any = problem.test()
    few = type(test)(test.inputs[:, :200], type(test.loss)(test.loss.target[:, :200]))

    def measure(state):
        found = {"nse": normalized_error(network.forward(state.params, test.inputs).output, test.loss)}
        if kind == "feedback-alignment":
            found["angles"] = teaching_angles(network, alignment, state.params, few, state.rule)
        return found

    updates = examples // settings.batch_size
    at = np.unique(np.concatenate([points(updates, 20, first=30), np.linspace(0, updates, 21).round().astype(int)]))
    optimizer = SGD(rate, schedule="linear", updates=updates)
    task = {"updates": updates, "batch_size": settings.batch_size, "at": at, "measure": measure}
    curves, _ = learn(problem, network, rule, optimizer, random, **task, checkpoint=checkpoint)
    return {"examples": at * settings.batch_size, **curves}


def _end(runs, kind, outputs):
    return find(runs, kind=kind, outputs=outputs).arrays["nse"][:, -1]


def table(settings, runs):
    """One row a way of learning and number of outputs."""
    rows = []
    for run in runs:
        nse = run.arrays["nse"][:, -1]
        row = {key: run.arguments[key] for key in ("outputs", "kind", "examples")}
        row |= {"n": len(nse), "nse": float(nse.mean()), "nse_sd": float(nse.std(ddof=1))}
        angles = run.arrays["angles"][:, -1] if "angles" in run.arrays else np.full((1, 1), np.nan)
        rows.append(row | {"smallest_angle": float(angles.mean(0).min()), "largest_angle": float(angles.mean(0).max())})
    return rows


def claims(settings, runs):
    """Against backprop and the last layer alone, with few and with more outputs, by way of the deep layers."""
    two, ten = settings.outputs
    alignment, backprop, shallow = (_end(runs, kind, two) for kind in ("feedback-alignment", "backprop", "shallow"))
    ten_alignment, ten_backprop, ten_shallow = (
        _end(runs, kind, ten) for kind in ("feedback-alignment", "backprop", "shallow")
    )
    frozen = _end(runs, "feedback-alignment-frozen", two)
    best_backprop, best_alignment = (_end(runs, kind, two) for kind in BEST)
    angles = find(runs, kind="feedback-alignment", outputs=two).arrays["angles"][:, -1].max(1)
    return [
        Claim(
            f"networks with as many as {settings.layers} layers were trained ({two} outputs): more than ten times "
            "better than the last layer alone",
            "NSE of FA / NSE of shallow",
            alignment / shallow,
            ratio_below(alignment, shallow, 0.1),
        ),
        Claim(
            f"as well as backprop at one rate for both ({settings.learning_rate:g}): {WITHIN} its error",
            "NSE of FA / NSE of BP",
            alignment / backprop,
            as_well_as(alignment, backprop),
            own=True,
        ),
        Claim(
            f"as well as backprop with each at its own best rate and start: {WITHIN} its error",
            "NSE of FA / NSE of BP",
            best_alignment / best_backprop,
            as_well_as(best_alignment, best_backprop),
            own=True,
        ),
        Claim(
            "the deep layers do it: with the first half of them frozen the error is larger",
            "NSE minus NSE with frozen layers",
            alignment - frozen,
            paired_less(alignment, frozen),
        ),
        Claim(
            "the signals come to lie within 90 degrees of backprop's in every hidden layer",
            "largest angle of the hidden layers, degrees",
            angles,
            every_below(angles, 90),
        ),
        Claim(
            f"{ten} outputs: also more than ten times better than the last layer alone",
            "NSE of FA / NSE of shallow",
            ten_alignment / ten_shallow,
            ratio_below(ten_alignment, ten_shallow, 0.1),
            full=True,
        ),
        Claim(
            f"{ten} outputs: as well as backprop after {settings.examples[1]:,} examples: {WITHIN} its error",
            f"NSE of FA / NSE of BP ({ten_alignment.mean():.2g} and {ten_backprop.mean():.2g})",
            ten_alignment / ten_backprop,
            as_well_as(ten_alignment, ten_backprop),
            own=True,
            full=True,
        ),
    ]


def figures(settings, runs):
    """Error for two and for ten outputs, and how the angle falls from the last hidden layer to the first."""
    figure, axes = panels(3.5, 3.5, 3.6, height=3.3)
    for axis, outputs in zip(axes, settings.outputs):
        for kind in kinds_for(settings, outputs):
            arrays = find(runs, kind=kind, outputs=outputs).arrays
            base, _, way = kind.replace("-frozen", " frozen").replace("-best", " best").partition(" ")
            label = LABELS[base] + {"": "", "frozen": ", first half frozen", "best": ", own rate and start"}[way]
            style: dict[str, Any] = {"linestyle": {"": "-", "frozen": "--", "best": ":"}[way]}
            band(axis, arrays["examples"], arrays["nse"], COLOURS[base], label, log=True, **style)
        axis.set(
            yscale="log", ylim=(4e-4, 2), ylabel="NSE (test)", title=f"{settings.layers} layers, {outputs} outputs"
        )
        axis.set_xlim(0, arrays["examples"][-1])
        examples_axis(axis)
    axes[0].legend(loc="lower left")
    from matplotlib import colormaps

    arrays = find(runs, kind="feedback-alignment", outputs=settings.outputs[0]).arrays
    hidden = arrays["angles"].shape[2]
    for layer in range(hidden):
        colour = colormaps["viridis"](0.9 * layer / max(1, hidden - 1))
        band(
            axes[2],
            arrays["examples"],
            arrays["angles"][:, :, layer],
            colour,
            f"{layer + 1}",
            deviations=0,
            linewidth=1.2,
        )
    angle_axis(axes[2], 120)
    axes[2].set_title(f"angle by hidden layer, {settings.outputs[0]} outputs")
    axes[2].set_xlim(0, arrays["examples"][-1])
    axes[2].legend(ncols=3, loc="lower left", title="hidden layer")
    examples_axis(axes[2])
    return {"layers": figure}


EXPERIMENT = Experiment(
    name="ten-layers",
    title="Ten layers",
    source="abstract 2014 ('as many as 10 layers'); Nature Communications, Supplementary Notes 2 to 9",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="Alignment spreads from the output backwards. At one rate, which is a small one for backprop, feedback "
    "alignment ends lower with two outputs; at rates and starts of their own backprop does, and with ten outputs too.",
    choices=lambda settings: (
        Choice(
            "the task",
            " and ".join(f"a {settings.width}-20-{count} tanh target" for count in settings.outputs),
            "no number or task is public",
        ),
        Choice("width", f"{settings.width} units in every layer", "not given"),
        Choice(
            "start gain",
            f"{settings.gain_feedback_alignment:g} for FA, {settings.gain_backprop:g} for backprop",
            "the best of a search for each: FA wants smaller first weights",
        ),
        Choice(
            "learning rate",
            f"{settings.learning_rate:g} for all, falling linearly to 0; and own ones",
            "not given; 0.1 diverges for FA",
        ),
        Choice(
            "own rates and starts",
            f"rate, gain of W, gain of B: {told(settings.best_backprop[:2])}, - (backprop); "
            f"{told(settings.best_feedback_alignment)} (FA)",
            "the best of a search on eight other networks",
        ),
    ),
)
