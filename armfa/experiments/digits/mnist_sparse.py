"""Half of the elements of W and of B removed, so that a pair of units is connected both ways with a chance of 25 %.

[Lillicrap et al. 2016, Results and Supplementary Fig. 5]
"""

from dataclasses import dataclass

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.streams import streams
from armfa.experiments.base import Experiment, told
from armfa.experiments.digits.mnist import (
    PRINTED_NETWORKS,
    SHOWN,
    TOP,
    end,
    fields,
    mark_trained,
    mosaic,
    problem,
    spread,
)
from armfa.experiments.digits.mnist import Settings as Dense
from armfa.experiments.images import SECONDS, DigitSettings, learn_digits
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, over_images, panels
from armfa.reports.statistics import WITHIN, as_well_as, every_between, mean_below, reported
from armfa.runs.unit import Unit, gather, select

RULES = ("backprop", "feedback-alignment")
PRINTED = 2.4


@dataclass(frozen=True)
class Settings(DigitSettings):
    """The digits network with half of its output weights and half of its feedback weights absent."""

    rates_backprop: tuple[float, float] = Dense.tuned_rates_backprop  # W0, W; per example
    rates_feedback_alignment: tuple[float, float] = Dense.tuned_rates_feedback_alignment
    sparsity: float = 0.5


def units(settings):
    """A network per unit."""
    cost = settings.examples * SECONDS
    return [
        Unit(f"{rule}_{seed}", {"rule": rule, "seed": seed}, cost) for rule in RULES for seed in range(settings.seeds)
    ]


def run(settings, unit, checkpoint):
    """Test error and angle over examples, and the share of pairs that are connected both ways."""
    name, seed = unit.arguments["rule"], unit.arguments["seed"]
    task = problem(settings.data)
    network = MLP(
        (task.images.shape[1], settings.hidden, 10),
        "logistic",
        weight_scale=settings.start_scale,
        sparsity=(0.0, settings.sparsity),
    )
    alignment = FeedbackAlignment(scale=settings.feedback_scale, carry="error", sparsity=settings.sparsity)
    rule, rates = {
        "backprop": (Backprop(), settings.rates_backprop),
        "feedback-alignment": (alignment, settings.rates_feedback_alignment),
    }[name]
    arrays, params = learn_digits(settings, task, network, rule, rates, seed, checkpoint)
    feedback = alignment.init(params, streams([seed]).rule.generators[0]).matrices[0]
    both = np.mean((params[1].weight != 0) & (feedback.T != 0))
    shown = {"fields_end": fields(params, SHOWN)} if seed == 0 else {}
    return {**arrays, "both_ways": np.array([both]), **shown}


def table(settings, runs):
    """One row per rule."""
    rows = []
    for rule in RULES:
        error = end(runs, rule=rule)
        row = {
            "rule": rule,
            "n": len(error),
            "error_percent": float(error.mean()),
            "sd": spread(error),
            "train_error_percent": float(gather(runs, "train_error", rule=rule).mean()),
            "paper": PRINTED if rule == "feedback-alignment" else "",
        }
        rows.append(row | {"pairs_both_ways": float(gather(runs, "both_ways", rule=rule).mean())})
    return rows


def claims(settings, runs):
    """The printed error, FA against backprop, and the share of reciprocal pairs."""
    alignment, backprop = (end(runs, rule=rule) for rule in ("feedback-alignment", "backprop"))
    both, angle = gather(runs, "both_ways", rule="feedback-alignment"), gather(runs, "angle", rule="feedback-alignment")
    bound = PRINTED + 0.3
    text = f"with half of W and B removed: {PRINTED} % test error (within 0.3 points or better)"
    found = [Claim(f"FA {text}", "test error, percent", alignment, mean_below(alignment, bound), full=True)]
    found.append(
        Claim(
            "backprop with half of W removed: no worse",
            "test error, percent",
            backprop,
            mean_below(backprop, bound),
            own=True,
            full=True,
        )
    )
    found.append(
        Claim(
            f"FA still performs as well as backprop: {WITHIN} its error",
            "error of FA / error of backprop",
            alignment / backprop,
            as_well_as(alignment, backprop),
            full=True,
        )
    )
    found.append(
        Claim("a 25 % chance of reciprocal connection", "share of pairs", both, every_between(both, 0.23, 0.27))
    )
    for rule in RULES:
        trained = gather(runs, "train_error", rule=rule)
        quantity = "error on all training images at the end, percent"
        found.append(Claim(f"{LABELS[rule]} with half of the connections", quantity, trained, reported(), own=True))
    found.append(Claim("the modulators align", "angle at the end, degrees", angle[:, -1], mean_below(angle[:, -1], 85)))
    return found


def figures(settings, runs):
    """Test error, angle, and receptive fields of the sparse network under feedback alignment."""
    figure, (error, angle, fields) = panels(3.7, 3.2, 3.3, height=3.4)
    for rule in RULES:
        x = select(runs, rule=rule)[0].arrays["examples"]
        values = gather(runs, "error", rule=rule)
        label = f"{LABELS[rule]}, n = {len(values)}: {values[:, -1].mean():.1f} %"
        band(error, x, values, COLOURS[rule], label)
        trained = gather(runs, "train_error", rule=rule).mean()
        mark_trained(error, x[-1], trained, COLOURS[rule])
    error.plot(x[-1], PRINTED, "<", color=COLOURS["feedback-alignment"], markersize=5, clip_on=False)
    error.set(ylim=(0, TOP), xlim=(0, x[-1]), ylabel="test error (%)", title="half of W and B absent")
    error.legend(loc="upper right")
    values = gather(runs, "angle", rule="feedback-alignment")
    within = gather(runs, "angle_sd", rule="feedback-alignment")
    over_images(angle, x, values, within, COLOURS["feedback-alignment"], f"n = {len(values)}")
    angle.legend(loc="lower right")
    angle_axis(angle)
    angle.set(xlim=(0, x[-1]), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$")
    shown = select(runs, rule="feedback-alignment", seed=0)[0].arrays["fields_end"].astype(float)
    fields.imshow(mosaic(shown), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
    fields.set_axis_off()
    fields.set_title("receptive fields, FA")
    for axis in (error, angle):
        examples_axis(axis)
    return {"sparse": figure}


EXPERIMENT = Experiment(
    name="mnist-sparse",
    title="Handwritten digits with half of the connections",
    source="Nature Communications, Results and Supplementary Fig. 5",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    needs=lambda settings: (settings.data,),
    remarks="The triangle is the printed error, circles are errors on the training images. "
    "Absent synapses stay absent: their changes are set to zero.",
    choices=lambda settings: (
        Choice(
            "learning rates",
            f"hidden, output: {told(settings.rates_backprop)} (backprop), "
            f"{told(settings.rates_feedback_alignment)} (FA); those of the dense network",
            "not given for this case",
        ),
        Choice(
            "number of networks",
            f"{settings.seeds}; the paper has {PRINTED_NETWORKS}",
            "the time that the whole report may take",
        ),
        Choice("which weights are sparse", "hidden to output and feedback", "the paper names W and B, not W0"),
    ),
)
