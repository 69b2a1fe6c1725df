"""Handwritten digits: a 784-1000-10 network of logistic units under squared error, learning by three rules.

Two protocols side by side: one learning rate and one start for all, and each rule at rates of its own.
Beside them a smaller network with B at scales over two decades.
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
from armfa.experiments.digits.features import mirrored, over_pairs, shuffled
from armfa.experiments.images import PIXELS, SECONDS, DigitSettings, learn_digits
from armfa.problems import digits
from armfa.problems.digits import DigitRecognition
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, over_images, panels, short_count
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
DEEP = RULES[1:]
PROTOCOLS = ("equal", "tuned")
WORDS = {"equal": "one rate for all", "tuned": "each at its own rates"}
SMALL_B = "feedback-alignment-small-b"
"""The control: FA at the one common rate, with B drawn as the first W is and carrying what backprop's W^T carries."""
RULES_OF = {"equal": (*RULES, SMALL_B), "tuned": RULES}
PRINTED = {"shallow": 7.2, "backprop": 2.4, "feedback-alignment": 2.1}
"""Test error in percent, as printed."""
PRINTED_NETWORKS = 20
PAPERS_RATE = 1e-3
EARLY = 5.0
"""Percent; the error that tells how quickly a network learns."""
TOP = 16.0
"""Percent; where the axes of errors end."""
FIELDS, SHOWN = 250, 100
"""Hidden units whose receptive fields are kept, and drawn."""


@dataclass(frozen=True)
class Settings(DigitSettings):
    """Rates are per example and ten times the paper's 1e-3, which stands for ten times as many examples."""

    SCALELESS = ("seeds", "control_seeds")

    control_seeds: int = 4  # of FA with a small B, and of each scale of B, at most `seeds`
    learning_rate: float = 0.01  # of all layers and rules under "equal", with what follows
    equal_examples: int = 2_400_000
    equal_batch_size: int = 4
    equal_start_scale: float = 0.2  # omega, chosen for backprop's end as the paper did; larger ones kill outputs of FA
    tuned_rates_shallow: tuple[float, float] = (0.0, 0.01)  # W0, W; found by `search`
    tuned_rates_backprop: tuple[float, float] = (1.0, 0.01)
    tuned_rates_feedback_alignment: tuple[float, float] = (0.1, 0.01)
    start_scale_shallow: float = 1.0  # of its random features; its first W is drawn as that of the others
    feedback_scales: tuple[float, ...] = (0.05, 0.15, 0.5, 1.5, 5.0)  # B over two decades, in a smaller network
    scales_hidden: int = 200
    scales_examples: int = 60_000
    dying_rate: float = 0.02  # with batches of 64: past the limit at which outputs die

    @classmethod
    def quick(cls):
        """Two networks, a twentieth of the examples: the errors are then those of an early time."""
        return replace(super().quick(), equal_examples=60_000, scales_examples=12_000)


@cache
def problem(name: str) -> DigitRecognition:
    """The data set as a problem, loaded once a process."""
    return digits.recognition(digits.load(name))


def units(settings):
    """A network per unit: three rules in two protocols, FA with a small B, scales of B, and one run made to die."""
    costs = {"equal": settings.equal_examples * 1.25 * SECONDS, "tuned": settings.examples * SECONDS}
    few = range(min(settings.seeds, settings.control_seeds))
    found = [
        Unit(f"{rule}_{protocol}_{seed}", {"rule": rule, "protocol": protocol, "seed": seed},
             costs[protocol] / (8 if rule == "shallow" else 1))
        for protocol in PROTOCOLS
        for rule in RULES_OF[protocol]
        for seed in (few if rule == SMALL_B else range(settings.seeds))
    ]  # fmt: skip
    compared = [
        ("shallow", 0.0),
        ("backprop", 0.0),
        *(("feedback-alignment", each) for each in settings.feedback_scales),
    ]
    found += [
        Unit(f"{rule}_scale-{scale:g}_{seed}", {"rule": rule, "protocol": "scales", "scale": scale, "seed": seed},
             settings.scales_examples * SECONDS)
        for rule, scale in compared
        for seed in few
    ]  # fmt: skip
    return [*found, Unit("dying", {"rule": "backprop", "protocol": "dying", "seed": 0}, 5)]


def rule_of(settings, name):
    """The rule of a name."""
    if name == SMALL_B:
        return FeedbackAlignment(scale=settings.equal_start_scale, carry="delta")
    alignment = FeedbackAlignment(scale=settings.feedback_scale, carry="error")
    return {"shallow": Shallow(), "backprop": Backprop()}.get(name, alignment)


def plan(settings, name, protocol):
    """(rates of the layers, scales of their first weights) of a run."""
    if protocol == "dying":
        return (settings.dying_rate,) * 2, (settings.start_scale,) * 2
    if protocol != "tuned":
        return (settings.learning_rate,) * 2, (settings.equal_start_scale,) * 2
    rates = {
        "shallow": settings.tuned_rates_shallow,
        "backprop": settings.tuned_rates_backprop,
        "feedback-alignment": settings.tuned_rates_feedback_alignment,
    }[name]
    return rates, (settings.start_scale_shallow if name == "shallow" else settings.start_scale, settings.start_scale)


def run(settings, unit, checkpoint):
    """Test error and angle over examples, error on the training images at the end; receptive fields at own rates."""
    name, protocol, seed = (unit.arguments[key] for key in ("rule", "protocol", "seed"))
    task = problem(settings.data)
    rates, scales = plan(settings, name, protocol)
    if protocol == "equal":
        settings = replace(settings, batch_size=settings.equal_batch_size, examples=settings.equal_examples)
    if protocol == "dying":
        settings = replace(settings, batch_size=64, examples=60 * 64)
    if protocol == "scales":
        settings = replace(
            settings, hidden=settings.scales_hidden, examples=settings.scales_examples,
            feedback_scale=unit.arguments["scale"] or settings.feedback_scale,
        )  # fmt: skip
    network = MLP((task.images.shape[1], settings.hidden, 10), "logistic", weight_scale=scales)
    arrays, params = learn_digits(settings, task, network, rule_of(settings, name), rates, seed, checkpoint)
    if protocol == "tuned" and name in DEEP:
        start = network.init(streams([seed]).weights.generators[0])
        arrays |= {"fields_end": fields(params), "pixel_sd": task.images.std(0)}
        arrays |= {"fields_start": fields(start)} if name == "backprop" else {}
    return arrays


def fields(params: Params, count: int = FIELDS) -> np.ndarray:
    """Receptive fields of so many hidden units, float16 (units, pixels)."""
    weight = params[0].weight
    return weight[np.linspace(0, len(weight) - 1, count).astype(int)].astype(np.float16)


def end(runs: Sequence[Run], **arguments: Any) -> np.ndarray:
    """Test error at the end, percent, of the selected networks."""
    return gather(runs, "error", **arguments)[:, -1]


def table(settings, runs):
    """One row per rule and protocol, and one per scale of B in the smaller network."""
    rows = []
    for protocol in PROTOCOLS:
        for rule in RULES_OF[protocol]:
            rates, scales = plan(settings, rule, protocol)
            scale = {SMALL_B: settings.equal_start_scale, "feedback-alignment": settings.feedback_scale}.get(rule, "")
            row = {"protocol": protocol, "rule": rule, "hidden": settings.hidden, "feedback_scale": scale}
            row |= {"rate_hidden": "" if rule == "shallow" else rates[0], "rate_output": rates[1]}
            row |= {"start_scale_hidden": scales[0], "start_scale_output": scales[1]}
            printed = PRINTED.get(rule, "") if protocol == "equal" else ""
            rows.append({**row, **_measured(runs, rule=rule, protocol=protocol), "paper": printed})
    rates, scales = plan(settings, "backprop", "scales")
    for rule, scale in {(run.arguments["rule"], run.arguments["scale"]): 0 for run in select(runs, protocol="scales")}:
        row = {"protocol": "scales", "rule": rule, "hidden": settings.scales_hidden, "feedback_scale": scale or ""}
        row |= {"rate_hidden": "" if rule == "shallow" else rates[0], "rate_output": rates[1]}
        row |= {"start_scale_hidden": scales[0], "start_scale_output": scales[1]}
        rows.append({**row, **_measured(runs, rule=rule, protocol="scales", scale=scale), "paper": ""})
    return rows


def _measured(runs: Sequence[Run], **arguments: Any) -> dict[str, Any]:
    """What the table says of some networks: errors on test and training images, and the angle."""
    error, trained = gather(runs, "error", **arguments), gather(runs, "train_error", **arguments)
    found = {"n": len(error), "error_percent": float(error[:, -1].mean()), "sd": spread(error[:, -1])}
    found |= {"lowest_percent": float(error.min(1).mean())}
    found |= {"train_error_percent": float(trained.mean()), "train_sd": spread(trained)}
    turned = arguments["rule"].startswith("feedback-alignment")
    return found | {"angle": float(gather(runs, "angle", **arguments)[:, -1].mean()) if turned else ""}


def spread(values: np.ndarray) -> float | str:
    """Standard deviation over networks (empty for one)."""
    return float(values.std(ddof=1)) if len(values) > 1 else ""


def claims(settings, runs):
    """Printed errors, the rules against each other, overfitting, angle, features, scales of B, dying outputs."""
    return [
        *_errors(settings, runs),
        *_against_each_other(settings, runs),
        *_overfitting(settings, runs),
        *_angle(settings, runs),
        *_features(runs),
        *_scales(settings, runs),
        *_dying(settings, runs),
    ]


def _errors(settings, runs):
    found = []
    for protocol in PROTOCOLS:
        for rule in RULES:
            values = end(runs, rule=rule, protocol=protocol)
            text = f"{LABELS[rule]}: {PRINTED[rule]} % test error (within 0.3 points or better; {WORDS[protocol]})"
            verdict = mean_below(values, PRINTED[rule] + 0.3)
            found.append(Claim(text, "test error, percent", values, verdict, own=protocol != "equal", full=True))
    return found


def _against_each_other(settings, runs):
    fast, slow = (examples_to(EARLY, runs, rule) for rule in ("feedback-alignment", "backprop"))
    alignment, backprop = (end(runs, rule=rule, protocol="equal") for rule in ("feedback-alignment", "backprop"))
    small = end(runs, rule=SMALL_B, protocol="equal")
    few = backprop[: len(small)]
    own, own_backprop = (end(runs, rule=rule, protocol="tuned") for rule in ("feedback-alignment", "backprop"))
    found = [
        Claim(
            f"FA learns just as quickly as backprop ({WORDS['equal']}): {EARLY:g} % error in {WITHIN} its examples",
            "examples FA needs / examples backprop needs",
            fast / slow,
            as_well_as(fast, slow),
            full=True,
        ),
        Claim(
            f"... and generalizes just as well to the test images (2014): {WITHIN} its error",
            "error of FA / error of backprop",
            alignment / backprop,
            as_well_as(alignment, backprop),
            full=True,
        ),
        Claim(
            f"control: with B as small as the first W, +-{settings.equal_start_scale:g} (before: "
            f"+-{settings.feedback_scale:g}), and carrying e o y' as W^T does, FA is behind backprop",
            "error of backprop minus that of FA with a small B, points",
            few - small,
            paired_less(few, small),
            own=True,
        ),
        Claim(
            f"FA performs as well as backprop ({WORDS['tuned']}): {WITHIN} its error",
            "error of FA / error of backprop",
            own / own_backprop,
            as_well_as(own, own_backprop),
            own=True,
            full=True,
        ),
    ]
    for protocol in PROTOCOLS:
        deep, shallow = (end(runs, rule=rule, protocol=protocol) for rule in ("feedback-alignment", "shallow"))
        text = f"FA makes use of the hidden layer: better than shallow learning ({WORDS[protocol]})"
        verdict, own_claim = paired_less(deep, shallow), protocol != "equal"
        found.append(Claim(text, "error minus error of shallow, points", deep - shallow, verdict, own=own_claim))
    return found


def _overfitting(settings, runs):
    """Errors on the training images, and how far the test error has risen again."""
    found = []
    for protocol in PROTOCOLS:
        for rule in DEEP:
            errors = gather(runs, "error", rule=rule, protocol=protocol)
            risen = errors[:, -1] - errors.min(1)
            text = f"{LABELS[rule]} has not overfitted at the end of the run: less than 0.2 points ({WORDS[protocol]})"
            quantity = "test error at the end minus its lowest, points"
            found.append(Claim(text, quantity, risen, mean_below(risen, 0.2), own=True, full=True))
        for rule in RULES:
            values = gather(runs, "train_error", rule=rule, protocol=protocol)
            quantity = "error on all training images at the end, percent"
            found.append(Claim(f"{LABELS[rule]} ({WORDS[protocol]})", quantity, values, reported(), own=True))
    return found


def _angle(settings, runs):
    angle = gather(runs, "angle", rule="feedback-alignment", protocol="equal")
    soon = int(np.searchsorted(x := select(runs, rule="backprop", protocol="equal")[0].arrays["examples"], x[-1] / 10))
    return [
        Claim(
            "the modulators quickly align and remain stable",
            f"angle after {x[soon]:,} examples, a tenth of the run, degrees",
            angle[:, soon],
            all_of(mean_below(angle[:, soon], 80), unchanged_within(angle[:, soon], angle[:, -1], 10)),
            full=True,
        )
    ]


def similarities(runs) -> dict[str, np.ndarray]:
    """Matched correlation of receptive fields: FA with backprop, backprop with itself, and three controls; (networks,).

    The partner always is a network of another seed.
    """
    backprop, alignment = ([run.arrays for run in select(runs, rule=rule, protocol="tuned")] for rule in DEEP)
    weight, rng = backprop[0]["pixel_sd"], np.random.default_rng(2016)
    ends = [arrays["fields_end"] for arrays in backprop]
    found = {
        "FA and backprop": [arrays["fields_end"] for arrays in alignment],
        "backprop and backprop": ends,
        "FA, mirrored": [mirrored(arrays["fields_end"]) for arrays in alignment],
        "FA, pixels shuffled": [shuffled(arrays["fields_end"], rng) for arrays in alignment],
        "before learning": [arrays["fields_start"] for arrays in backprop],
    }
    return {name: over_pairs(ends, others, weight) if len(ends) > 1 else np.array([]) for name, others in found.items()}


def _features(runs):
    found = similarities(runs)
    both, itself, mirror, mixed, before = found.values()
    quantity = "mean correlation of receptive fields after the best assignment of units, networks of two seeds"
    return [
        Claim(
            "FA develops similar feature detectors: nearer to backprop's than mirrored ones, shuffled ones, and those "
            "before learning",
            quantity,
            both,
            all_of(*(paired_less(control, both) for control in (mirror, mixed, before))),
        ),
        Claim("control: FA's fields mirrored, as smooth but of other shapes, and backprop's", quantity, mirror,
              reported(), own=True),
        Claim("control: FA's fields with shuffled pixels, and backprop's", quantity, mixed, reported(), own=True),
        Claim("control: fields before learning, and backprop's", quantity, before, reported(), own=True),
        Claim("what can be reached: backprop's fields, and those of another backprop", quantity, itself, reported(),
              own=True),
    ]  # fmt: skip


def _scales(settings, runs):
    ends = np.stack([end(runs, protocol="scales", scale=scale) for scale in settings.feedback_scales])
    shallow, backprop = (end(runs, protocol="scales", rule=rule) for rule in ("shallow", "backprop"))
    low, high = min(settings.feedback_scales), max(settings.feedback_scales)
    size = f"{PIXELS[settings.data]}-{settings.scales_hidden}-10"
    where = f"B from +-{low:g} to +-{high:g}, {size}, {settings.scales_examples:,} examples"
    worst = ends.max(0)
    return [
        Claim(
            f"many scales of B work well ({where}): the worst of them is better than shallow learning",
            "largest error of the scales minus error of shallow, points",
            worst - shallow,
            paired_less(worst, shallow),
            full=True,
        ),
        Claim(
            f"... and as well as backprop: {WITHIN} its error",
            "largest error of the scales / error of backprop",
            worst / backprop,
            as_well_as(worst, backprop),
            own=True,
            full=True,
        ),
    ]


def _dying(settings, runs):
    dying = select(runs, protocol="dying")[0].arrays
    deep = [run for run in runs if run.arguments["rule"] != "shallow" and run.arguments["protocol"] in PROTOCOLS]
    ends = np.array([run.arrays["error"][0, -1] for run in deep])
    return [
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
    """The article's Fig. 3a, b in both protocols, scales of B, and the receptive fields of the preprint's Fig. S1."""
    figure, (equal, tuned, angle) = panels(3.7, 3.5, 3.2, height=3.4)
    for axis, protocol in ((equal, "equal"), (tuned, "tuned")):
        for rule in RULES_OF[protocol]:
            chosen = {"rule": rule, "protocol": protocol}
            x, error = select(runs, **chosen)[0].arrays["examples"], gather(runs, "error", **chosen)
            small = rule == SMALL_B
            colour = COLOURS["feedback-alignment" if small else rule]
            name = "FA, B as small as W" if small else LABELS[rule]
            label = f"{name}, n = {len(error)}: {error[:, -1].mean():.1f} %"
            band(axis, x, error, colour, label, linestyle="--" if small else "-")
            trained = gather(runs, "train_error", **chosen).mean()
            mark_trained(axis, x[-1], trained, colour)
            if rule in PRINTED and protocol == "equal":
                axis.plot(x[-1], PRINTED[rule], "<", color=colour, markersize=5, clip_on=False)
        axis.set(ylim=(0, TOP), xlim=(0, x[-1]), ylabel="test error (%)", title=WORDS[protocol])
        axis.legend(loc="upper right")
    for protocol, style in (("equal", "-"), ("tuned", "--")):
        chosen = {"rule": "feedback-alignment", "protocol": protocol}
        values, within = (gather(runs, key, **chosen) for key in ("angle", "angle_sd"))
        x, label = select(runs, **chosen)[0].arrays["examples"], f"{WORDS[protocol]}, n = {len(values)}"
        over_images(angle, x, values, within, COLOURS["feedback-alignment"], label, linestyle=style)
    angle_axis(angle)
    longest = max(settings.examples, settings.equal_examples)
    angle.set(xlim=(0, longest), title=r"angle $\delta_{FA} \angle\, \delta_{BP}$")
    angle.legend(loc="lower right")
    for axis in (equal, tuned, angle):
        examples_axis(axis)
    return {"digits": figure, "fields": receptive_fields(runs), "scales": scales_of_feedback(settings, runs)}


def mark_trained(axis, x, error, colour):
    """A circle at the error on the training images, where the axis reaches it."""
    if error <= TOP:
        axis.plot(x, error, "o", color=colour, markersize=4, markerfacecolor="none", clip_on=False)


def scales_of_feedback(settings, runs):
    """Test error of a smaller network over the scale of B, beside those of backprop and shallow learning."""
    figure, (axis,) = panels(4.6, height=3.2)
    values = np.stack([end(runs, protocol="scales", scale=scale) for scale in settings.feedback_scales], axis=1)
    axis.set_xscale("log")
    label = f"{LABELS['feedback-alignment']}, n = {len(values)}"
    band(axis, settings.feedback_scales, values, COLOURS["feedback-alignment"], label, marker="o", markersize=3)
    for rule in ("shallow", "backprop"):
        error = end(runs, protocol="scales", rule=rule)
        level = np.repeat(error[:, None], len(settings.feedback_scales), axis=1)
        band(axis, settings.feedback_scales, level, COLOURS[rule], f"{LABELS[rule]}, n = {len(error)}")
    title = f"{settings.scales_hidden} hidden units, {short_count(settings.scales_examples)} examples"
    axis.set(xlabel=r"$\beta$, B from U($-\beta$, $\beta$)", ylabel="test error (%)", title=title)
    axis.set_ylim(0, 1.5 * end(runs, protocol="scales", rule="shallow").mean())
    axis.legend(loc="upper right", ncols=2)
    return figure


def receptive_fields(runs):
    """Incoming weights of hidden units before and after learning (own rates), and how alike they are."""
    figure, axes = panels(3.1, 3.1, 3.1, 3.4, height=3.6)
    start = select(runs, rule="backprop", protocol="tuned", seed=0)[0].arrays["fields_start"]
    shown = [("before learning", start)]
    for rule in DEEP:
        shown.append((LABELS[rule], select(runs, rule=rule, protocol="tuned", seed=0)[0].arrays["fields_end"]))
    for axis, (title, fields) in zip(axes, shown):
        axis.imshow(mosaic(fields.astype(float)), cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(title)
    for place, values in enumerate((found := similarities(runs)).values()):
        axes[3].plot(values, np.full(len(values), place), "o", color=COLOURS["feedback-alignment"], alpha=0.6)
    names = [name.replace(" and ", " and\n").replace(", ", ",\n") for name in found]
    count = len(next(iter(found.values())))
    axes[3].set_yticks(range(len(found)), names)
    axes[3].set(xlim=(0, 1), ylim=(len(found) - 0.5, -0.5), title=f"likeness to backprop's, n = {count} pairs")
    axes[3].set(xlabel="correlation of matched fields, one dot per pair", ylabel="networks of two seeds")
    return figure


def mosaic(fields: np.ndarray) -> np.ndarray:
    """The first 100 receptive fields (units, pixels) in a 10 x 10 square with gaps, each scaled to +-1."""
    fields, side = fields[:SHOWN], round(fields.shape[1] ** 0.5)
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
    remarks="Triangles: the test errors printed in the papers. Circles: error on the training images at the end. "
    "At one rate for all, how fast the hidden layer learns depends on what it is sent: B, which carries e, is drawn "
    "larger than the first W, whose transpose carries e o y'. The control (dashed) has a B of W's scale that carries "
    "e o y' too.",
    choices=lambda settings: (
        Choice("learning rate and batch", f"{settings.learning_rate:g} per example, summed over batches of "
               f"{settings.equal_batch_size} (one rate) or {settings.batch_size} (own rates)",
               f"stands for {PAPERS_RATE:g} with {settings.learning_rate / PAPERS_RATE:g} times as many examples, at "
               "the inverse share of the cost; the batch is not stated"),
        Choice("omega, first weights", f"{settings.equal_start_scale:g} at one rate for all; at own rates "
               f"{settings.start_scale:g}, and {settings.start_scale_shallow:g} for the random features of shallow "
               "learning", "chosen on backprop's test error, in the paper and here (one rate); value not given"),
        Choice("beta, feedback weights", f"{settings.feedback_scale:g}; in the smaller network "
               f"{told(settings.feedback_scales)}", "value not given"),
        Choice("what B carries", "the raw error e", "so printed"),
        Choice("stopping time", f"{settings.equal_examples:,} (one rate) and {settings.examples:,} examples, which "
               f"stand for {settings.learning_rate / PAPERS_RATE:g} times as many",
               "the paper stops when backprop begins to overfit, and its axis ends at 15 million"),
        Choice("number of networks", f"{settings.seeds}; {min(settings.seeds, settings.control_seeds)} of FA with a "
               f"small B and of each scale of B; the paper has {PRINTED_NETWORKS}",
               "the time that the whole report may take"),
        Choice("own rates", f"hidden, output: {told(settings.tuned_rates_backprop)} (backprop), "
               f"{told(settings.tuned_rates_feedback_alignment)} (FA); output: {settings.tuned_rates_shallow[1]:g} "
               "(shallow)",
               "the best of a search with other networks and training images held out: python -m "
               "armfa.experiments.digits.search"),
        Choice("likeness of features", f"receptive fields of {min(FIELDS, settings.hidden)} hidden units, each paired "
               "with one of a network of another seed such that the mean correlation is largest; pixels count by their "
               "standard deviation over the training images", "the paper shows them and gives no number"),
    ),
)  # fmt: skip
