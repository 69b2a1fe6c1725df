"""Handwritten digits: a 784-1000-10 network of logistic units under squared error, learning by three rules.

Two protocols side by side: one learning rate for all rules and layers, and each rule at rates of its own.
[Lillicrap et al. 2016, Fig. 3a, b; preprint Fig. 2a, b, S1]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from armfa.controllers.circuits.mlp import MLP, Params
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.shallow import Shallow
from armfa.controllers.streams import streams
from armfa.experiments.base import Experiment, told
from armfa.experiments.images import SECONDS, DigitSettings, learn_digits
from armfa.problems import digits
from armfa.problems.digits import DigitRecognition
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import (
    WITHIN,
    all_of,
    as_well_as,
    every_above,
    every_below,
    mean_below,
    paired_less,
    reported,
    unchanged_within,
)
from armfa.runs.unit import Run, Unit, gather, select

RULES = ("shallow", "backprop", "feedback-alignment")
PROTOCOLS = ("equal", "tuned")
SMALL_B = "feedback-alignment-small-b"
"""The control: FA at the one common rate, with B drawn as the first W is and carrying what backprop's W^T carries."""
RULES_OF = {"equal": (*RULES, SMALL_B), "tuned": RULES}
PRINTED = {"shallow": 7.2, "backprop": 2.4, "feedback-alignment": 2.1}
"""Test error in percent, as printed."""
EARLY = 5.0
"""Percent; the error that tells how quickly a network learns."""


@dataclass(frozen=True)
class Settings(DigitSettings):
    """Rates are per example and ten times the paper's 1e-3, which stands for ten times as many examples."""

    seeds: int = 4
    learning_rate: float = 0.01  # of all layers and rules under "equal", with what follows
    equal_examples: int = 2_400_000
    equal_batch_size: int = 4
    equal_start_scale: float = 0.2  # omega, chosen for backprop's end as the paper did; larger ones kill outputs of FA
    tuned_rates_backprop: tuple[float, float] = (0.3, 0.01)  # W0, W
    tuned_rates_feedback_alignment: tuple[float, float] = (0.03, 0.01)
    start_scale_shallow: float = 0.3  # under both: the scale of its random features
    dying_rate: float = 0.02  # with batches of 64: past the limit at which outputs die

    @classmethod
    def quick(cls):
        """Two networks, a twentieth of the examples: the errors are then those of an early time."""
        return replace(super().quick(), equal_examples=60_000)


@cache
def problem(name: str) -> DigitRecognition:
    """The data set as a problem, loaded once a process."""
    return digits.recognition(digits.load(name))


def units(settings):
    """A network a unit: three rules in two protocols, FA with a small B, and one run that is made to die."""
    costs = {"equal": settings.equal_examples * 1.25 * SECONDS, "tuned": settings.examples * SECONDS}
    found = [
        Unit(f"{rule}_{protocol}_{seed}", {"rule": rule, "protocol": protocol, "seed": seed}, costs[protocol])
        for protocol in PROTOCOLS
        for rule in RULES_OF[protocol]
        for seed in range(settings.seeds)
    ]
    return [*found, Unit("dying", {"rule": "backprop", "protocol": "dying", "seed": 0}, 5)]


def plan(settings, name, protocol):
    """(rule, rates of the layers, start scale) of a run."""
    alignment = FeedbackAlignment(scale=settings.feedback_scale, carry="error")
    if name == SMALL_B:
        alignment = FeedbackAlignment(scale=settings.equal_start_scale, carry="delta")
    rule = {"shallow": Shallow(), "backprop": Backprop()}.get(name, alignment)
    if name == "shallow":
        return rule, (settings.learning_rate,) * 2, settings.start_scale_shallow
    if protocol == "equal":
        return rule, (settings.learning_rate,) * 2, settings.equal_start_scale
    tuned = {
        "backprop": settings.tuned_rates_backprop,
        "feedback-alignment": settings.tuned_rates_feedback_alignment,
    }
    return rule, tuned.get(name, (settings.learning_rate,) * 2), settings.start_scale


def run(settings, unit, checkpoint):
    """Test error and angle over examples; 100 receptive fields of the first network of each rule."""
    name, protocol, seed = (unit.arguments[key] for key in ("rule", "protocol", "seed"))
    task = problem(settings.data)
    rule, rates, scale = plan(settings, name, protocol)
    network = MLP((task.images.shape[1], settings.hidden, 10), "logistic", weight_scale=scale)
    if protocol == "equal":
        settings = replace(settings, batch_size=settings.equal_batch_size, examples=settings.equal_examples)
    if protocol == "dying":
        settings, rates = replace(settings, batch_size=64, examples=60 * 64), (settings.dying_rate,) * 2
    arrays, params = learn_digits(settings, task, network, rule, rates, seed, checkpoint)
    if seed == 0 and protocol == "tuned":
        start = network.init(streams([seed]).weights.generators[0])
        arrays |= {"fields_start": fields(start), "fields_end": fields(params)}
    return arrays


def fields(params: Params) -> np.ndarray:
    """Receptive fields of 100 hidden units, float16 (100, pixels)."""
    weight = params[0].weight
    return weight[np.linspace(0, len(weight) - 1, 100).astype(int)].astype(np.float16)


def end(runs: Sequence[Run], **arguments: Any) -> np.ndarray:
    """Test error at the end, percent, of the selected networks."""
    return gather(runs, "error", **arguments)[:, -1]


def table(settings, runs):
    """One row a rule and protocol."""
    rows = []
    for protocol in PROTOCOLS:
        for rule in RULES_OF[protocol]:
            error = end(runs, rule=rule, protocol=protocol)
            _, rates, scale = plan(settings, rule, protocol)
            row = {
                "protocol": protocol,
                "rule": rule,
                "rate_hidden": rates[0],
                "rate_output": rates[1],
                "start_scale": scale,
            }
            row |= {
                "n": len(error),
                "error_percent": float(error.mean()),
                "sd": spread(error),
                "paper": PRINTED.get(rule, ""),
            }
            if rule.startswith("feedback-alignment"):
                row["angle"] = float(gather(runs, "angle", rule=rule, protocol=protocol)[:, -1].mean())
            else:
                row["angle"] = float("nan")
            rows.append(row)
    return rows


def spread(values: np.ndarray) -> float:
    """Standard deviation over networks (not a number for one)."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def claims(settings, runs):
    """The printed errors under both protocols, the rules against each other, the angle, and dying outputs."""
    errors = {(rule, protocol): end(runs, rule=rule, protocol=protocol) for rule in RULES for protocol in PROTOCOLS}
    found = []
    for protocol, words in (("equal", "one rate for all"), ("tuned", "each rule at its own rates")):
        for rule in RULES:
            values = errors[rule, protocol]
            text = f"{LABELS[rule]}: {PRINTED[rule]} % test error (within 0.3 points or better; {words})"
            found.append(Claim(text, "test error, percent", values, mean_below(values, PRINTED[rule] + 0.3), full=True))
    fast, slow = (examples_to(EARLY, runs, rule) for rule in ("feedback-alignment", "backprop"))
    small = end(runs, rule=SMALL_B, protocol="equal")
    alignment, backprop = errors["feedback-alignment", "equal"], errors["backprop", "equal"]
    found += [
        Claim(
            f"FA learns just as quickly as backprop (one rate for all): {EARLY:g} % error in {WITHIN} its examples",
            "examples FA needs / examples backprop needs",
            fast / slow,
            as_well_as(fast, slow),
            full=True,
        ),
        Claim(
            f"... and performs as well: {WITHIN} its error",
            "error of FA / error of backprop",
            alignment / backprop,
            as_well_as(alignment, backprop),
            full=True,
        ),
        Claim(
            f"control: with B as small as the first W, +-{settings.equal_start_scale:g}, and carrying e o y' as W^T "
            "does, FA is behind backprop",
            "error of backprop minus that of FA with a small B, points",
            backprop - small,
            paired_less(backprop, small),
            own=True,
        ),
    ]
    alignment, backprop = errors["feedback-alignment", "tuned"], errors["backprop", "tuned"]
    found.append(
        Claim(
            f"FA performs as well as backprop when each has its own rates: {WITHIN} its error",
            "error of FA / error of backprop",
            alignment / backprop,
            as_well_as(alignment, backprop),
            full=True,
        )
    )
    for protocol in PROTOCOLS:
        deep, shallow = errors["feedback-alignment", protocol], errors["shallow", protocol]
        text = f"FA makes use of the hidden layer: better than shallow learning ({protocol})"
        found.append(Claim(text, "error minus error of shallow, points", deep - shallow, paired_less(deep, shallow)))
    angle = gather(runs, "angle", rule="feedback-alignment", protocol="equal")
    soon = int(np.searchsorted(x := select(runs, rule="backprop", protocol="equal")[0].arrays["examples"], x[-1] / 10))
    dying = select(runs, protocol="dying")[0].arrays
    deep = [run for run in runs if run.arguments["rule"] != "shallow" and run.arguments["protocol"] != "dying"]
    ends = np.array([run.arrays["error"][0, -1] for run in deep])
    return [
        *found,
        Claim(
            "the modulators quickly align and remain stable",
            f"angle after {x[soon]:,} examples, a tenth of the run, degrees",
            angle[:, soon],
            all_of(mean_below(angle[:, soon], 80), unchanged_within(angle[:, soon], angle[:, -1], 10)),
            full=True,
        ),
        Claim(
            "no network has lost an output unit, and with it a digit",
            "test error at the end of every network with a hidden layer that learns, percent",
            ends,
            every_below(ends, 8),
            own=True,
            full=True,
        ),
        Claim(
            f"outputs die, and a warning says so, when rate x batch is too large: {settings.dying_rate:g} x 64",
            "share of measurements with the warning",
            np.array([dying["dead"][0, 1:].mean()]),
            every_above([dying["dead"][0, 1:].mean()], 0),
            own=True,
        ),
        Claim("error of the run whose outputs died", "percent", dying["error"][:, -1], reported(), own=True),
    ]


def examples_to(error: float, runs: Sequence[Run], rule: str) -> np.ndarray:
    """Examples after which each network's test error first is below `error` percent, at one rate for all.

    Between the points of the curve by interpolation; not a number where it never is.
    """
    found = []
    for run in select(runs, rule=rule, protocol="equal"):
        x, curve = run.arrays["examples"], run.arrays["error"][0]
        below = np.flatnonzero(curve < error)
        k = below[0] if below.size else -1
        found.append(np.interp(-error, -curve[k - 1 : k + 1], x[k - 1 : k + 1]) if k > 0 else np.nan)
    return np.array(found)


def figures(settings, runs):
    """The article's Fig. 3a, b in both protocols, and the receptive fields of the preprint's Fig. S1."""
    figure, (equal, tuned, angle) = panels(3.7, 3.5, 3.2, height=3.3)
    for axis, protocol, title in ((equal, "equal", "one rate for all"), (tuned, "tuned", "each at its own rates")):
        for rule in RULES:
            x = select(runs, rule=rule, protocol=protocol)[0].arrays["examples"]
            error = gather(runs, "error", rule=rule, protocol=protocol)
            band(axis, x, error, COLOURS[rule], f"{LABELS[rule]}: {error[:, -1].mean():.1f} %")
            axis.plot(x[-1], PRINTED[rule], "<", color=COLOURS[rule], markersize=5, clip_on=False)
        if protocol == "equal":
            error = gather(runs, "error", rule=SMALL_B, protocol=protocol)
            label = f"FA, signal as W's: {error[:, -1].mean():.1f} %"
            band(axis, x, error, COLOURS["feedback-alignment"], label, linestyle="--")
        axis.set(ylim=(0, 16), xlim=(0, x[-1]), ylabel="test error (%)", title=title)
        axis.legend(loc="upper right")
    for protocol, style in (("equal", "-"), ("tuned", "--")):
        runs_of = {"rule": "feedback-alignment", "protocol": protocol}
        x = select(runs, **runs_of)[0].arrays["examples"]
        values = gather(runs, "angle", **runs_of)
        label = {"equal": "one rate for all", "tuned": "own rates"}[protocol]
        band(angle, x, values, COLOURS["feedback-alignment"], label, deviations=1.0, linestyle=style)
    angle_axis(angle)
    angle.set(
        xlim=(0, max(settings.examples, settings.equal_examples)), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$"
    )
    angle.legend(loc="lower right")
    for axis in (equal, tuned, angle):
        examples_axis(axis)
    return {"digits": figure, "fields": receptive_fields(runs)}


def receptive_fields(runs):
    """Incoming weights of 100 hidden units before learning and after it (each rule at its own rates), as images."""
    figure, axes = panels(3.3, 3.3, 3.3, height=3.6)
    start = select(runs, rule="backprop", protocol="tuned", seed=0)[0].arrays["fields_start"]
    shown = [("before learning", start)]
    for rule in ("backprop", "feedback-alignment"):
        shown.append((LABELS[rule], select(runs, rule=rule, protocol="tuned", seed=0)[0].arrays["fields_end"]))
    for axis, (title, fields) in zip(axes, shown):
        axis.imshow(mosaic(fields.astype(float)), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(title)
    return figure


def mosaic(fields: np.ndarray) -> np.ndarray:
    """100 receptive fields (100, pixels) in a 10 x 10 square with gaps, each scaled to +-1."""
    side = round(fields.shape[1] ** 0.5)
    fields = fields / np.abs(fields).max(axis=1, keepdims=True)
    tiles = np.pad(fields.reshape(10, 10, side, side), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1.0)
    return tiles.transpose(0, 2, 1, 3).reshape(10 * (side + 2), 10 * (side + 2))


EXPERIMENT = Experiment(
    name="mnist",
    title="Handwritten digits",
    source="Nature Communications Fig. 3a, b, Supplementary Fig. 5; preprint Fig. 2a, b, S1; abstract 2014 Fig. 2c",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    needs=lambda settings: (settings.data,),
    remarks="Triangles: the errors printed in the papers. Bands: two standard deviations over networks (angle: one). "
    "At one common rate feedback alignment is ahead of backprop because its hidden layer takes larger steps: B is five "
    "times as large as the first W, and carries e where W^T carries e o y'. With both alike it is behind.",
    choices=lambda settings: (
        Choice("learning rate and batch", f"{settings.learning_rate:g} per example, summed over batches of "
               f"{settings.equal_batch_size} (one rate) or {settings.batch_size} (own rates)",
               "stands for 10^-3 with ten times as many examples: the same path was measured at a tenth of the cost; "
               "the batch is not stated"),
        Choice("omega, first weights", f"{settings.equal_start_scale:g} at one rate for all; "
               f"{settings.start_scale:g} at own rates; {settings.start_scale_shallow:g} for shallow learning",
               "chosen in the paper on backprop's test error, value not given; at one rate backprop learns more slowly "
               "with 0.1, and 0.3 kills an output unit of one network in ten under FA"),
        Choice("beta, feedback weights", f"{settings.feedback_scale:g}",
               "value not given; any above 0.5 works, 0.1 is slow"),
        Choice("what B carries", "the raw error e", "so printed; e o y' is clearly slower"),
        Choice("stopping time", f"{settings.equal_examples:,} (one rate) and {settings.examples:,} examples, "
               "which stand for ten times as many",
               "the paper stops when backprop begins to overfit, and its axis ends at 15 million"),
        Choice("number of networks", f"{settings.seeds}; the paper has 20", "the time that the whole report may take"),
        Choice("own rates", f"hidden, output: {told(settings.tuned_rates_backprop)} (backprop), "
               f"{told(settings.tuned_rates_feedback_alignment)} (FA)",
               "a short search"),
    ),
)  # fmt: skip
