"""Rough approximations of the slope that weighs plasticity: feedback alignment on digits with a wrong f'.

"Rough approximations of this weighting function work nearly as well as the exact version." [Lillicrap et al. 2016]
"""

from dataclasses import dataclass

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.rules.derivatives import DERIVATIVES, rough_slope
from armfa.controllers.rules.feedback import FeedbackAlignment
from armfa.experiments.base import Experiment
from armfa.experiments.digits.mnist import end, problem, spread
from armfa.experiments.images import SECONDS, DigitSettings, learn_digits
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import band, examples_axis, panels
from armfa.reports.statistics import mean_above, mean_below
from armfa.runs.unit import Unit, gather, select

ROUGH, CONTROL = ("boxcar", "triangular", "random-gain"), "constant"
COLOURS = dict(zip(DERIVATIVES, ("#009e73", "#d55e00", "#0072b2", "#cc79a7", "#a6a6a6")))


@dataclass(frozen=True)
class Settings(DigitSettings):
    """Feedback alignment at the common rate of the digits experiment, shorter."""

    seeds: int = 5
    examples: int = 360_000
    learning_rate: float = 0.01
    margin: float = 0.5  # points of test error

    @classmethod
    def quick(cls):
        """Two networks, a seventh of the examples."""
        return cls(seeds=2, examples=50_000)


def units(settings):
    """A network per unit."""
    cost = settings.examples * SECONDS
    return [
        Unit(f"{slope}_{seed}", {"slope": slope, "seed": seed}, cost)
        for slope in DERIVATIVES
        for seed in range(settings.seeds)
    ]


def run(settings, unit, checkpoint):
    """Test error and angle over examples."""
    task = problem(settings.data)
    slope, seed = unit.arguments["slope"], unit.arguments["seed"]
    network = MLP((task.images.shape[1], settings.hidden, 10), "logistic", weight_scale=settings.start_scale)
    rule = FeedbackAlignment(scale=settings.feedback_scale, carry="error", derivative=slope)
    return learn_digits(settings, task, network, rule, (settings.learning_rate,) * 2, seed, checkpoint)[0]


def table(settings, runs):
    """One row per slope."""
    rows = []
    for slope in DERIVATIVES:
        error, trained = end(runs, slope=slope), gather(runs, "train_error", slope=slope)
        row = {"slope": slope, "n": len(error), "error_percent": float(error.mean()), "sd": spread(error)}
        rows.append(row | {"train_error_percent": float(trained.mean()), "train_sd": spread(trained)})
    return rows


def claims(settings, runs):
    """Each rough slope costs less than the margin; the control, no weighting at all, costs more."""
    exact = end(runs, slope="exact")
    found = []
    for slope in ROUGH:
        difference = end(runs, slope=slope) - exact
        text = f"a rough slope works nearly as well as the exact one: {slope}, at most {settings.margin:g} points worse"
        verdict = mean_below(difference, settings.margin)
        found.append(Claim(text, "error minus error with the exact slope, points", difference, verdict))
    difference = end(runs, slope=CONTROL) - exact
    text = f"control: plasticity without any weighting is more than {settings.margin:g} points worse"
    verdict = mean_above(difference, settings.margin)
    return [*found, Claim(text, "error minus error with the exact slope, points", difference, verdict, own=True)]


def figures(settings, runs):
    """The slopes, and the test error under each."""
    figure, (shape, error) = panels(3.2, 4.2, height=3.2)
    z = np.linspace(-6, 6, 400)
    for slope in DERIVATIVES:
        for gain in (0.5, 2.0) if slope == "random-gain" else (1.0,):
            rate = 1 / (1 + np.exp(-gain * z))
            rough = slope not in ("exact", "random-gain")
            shape.plot(z, rough_slope(z, slope, 0.25, 2.0) if rough else rate * (1 - rate), color=COLOURS[slope])
        x = select(runs, slope=slope)[0].arrays["examples"]
        values = gather(runs, "error", slope=slope)
        band(error, x, values, COLOURS[slope], f"{slope}, n = {len(values)}: {values[:, -1].mean():.1f} %")
    shape.set(xlabel="input to the unit", ylabel="weight of plasticity", title="slopes", ylim=(0, 0.3))
    error.set(ylim=(0, 16), xlim=(0, x[-1]), ylabel="test error (%)", title="feedback alignment, digits")
    error.legend(loc="upper right")
    examples_axis(error)
    return {"slopes": figure}


EXPERIMENT = Experiment(
    name="derivative",
    title="Rough slopes",
    source="Nature Communications, Methods ('rough approximations of this weighting function work nearly as well')",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    needs=lambda settings: (settings.data,),
    choices=lambda settings: (
        Choice(
            "the approximations",
            "box and triangle with the peak of the exact slope; the exact slope at a wrong gain",
            "none is named",
        ),
        Choice(
            "a constant slope",
            "the control: no weighting, which is not a rough version of it",
            "what it costs is measured beside the others",
        ),
        Choice("number of networks", f"{settings.seeds} per slope", "the time that the whole report may take"),
        Choice("'nearly as well'", f"{settings.margin:g} points of test error", "no number is given"),
    ),
)
