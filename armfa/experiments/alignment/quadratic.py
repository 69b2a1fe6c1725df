"""Mechanics: W turns towards B^T, shown on a quadratic target, and information flows from B by W0 to W in three phases.

20-1000-20 network, tanh hidden and linear output units, y*_k = x^T Q_k x, x ~ U(-2, 2).
Phases: (1) W0 learns, W is frozen; (2) W learns, W0 is frozen; (3) W0 learns, W is frozen. One control leaves 1 out;
another has backprop's W^T in the place of B in phase 1. W begins at the scale of W0 there, since what is sent through a
frozen W of next to nothing could change no error.
[Lillicrap et al. 2016, Fig. 5a, c, Supplementary Fig. 9]
"""

from dataclasses import dataclass

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.metrics import matrix_angle, normalized_error, unit_angles
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.shallow import Frozen, Shallow
from armfa.controllers.streams import streams
from armfa.controllers.training.update import init_state
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import (
    all_of,
    every_between,
    mean_above,
    mean_below,
    mean_between,
    paired_less,
    ratio_below,
)
from armfa.runs.unit import NoCheckpoint, Unit, chunks, gather, select

RULES = ("feedback-alignment", "backprop", "shallow")
STACK = 5
FIRST_PHASE = {"phases": 1, "control": 2, "backprop-first": 1}
FALL = 0.05
"""Change of NSE in phase 1 that would be a fall of the error: backprop's falls by more, FA's must not."""


@dataclass(frozen=True)
class Settings(Scales):
    """Rates multiply the mean gradient of a batch."""

    seeds: int = 20
    hidden: int = 1000
    examples: int = 160_000
    phase_examples: tuple[int, int, int] = (40_000, 40_000, 40_000)
    batch_size: int = 20
    rates: tuple[float, float] = (0.006, 0.002)  # W0, W
    shallow_rate: float = 0.005
    feedback_scale: float = 0.5
    start_scales: tuple[float, float] = (0.1, 0.01)  # W0, W
    phase_start_scales: tuple[float, float] = (0.1, 0.1)
    test_size: int = 500

    @classmethod
    def quick(cls):
        """Five networks, shorter."""
        return cls(seeds=5, examples=60_000, phase_examples=(20_000, 20_000, 20_000))


def units(settings):
    """Three rules, and the phases with and without the first, five networks a unit."""
    found = []
    pace = settings.hidden / 1000 * 13e-6
    for number, seeds in enumerate(chunks(settings.seeds, STACK)):
        for rule in RULES:
            cost = settings.examples * len(seeds) * pace * (0.5 if rule == "shallow" else 1.0)
            found.append(Unit(f"{rule}_{number}", {"kind": rule, "seeds": seeds}, cost))
        for kind, plan in plans(settings).items():
            found.append(
                Unit(
                    f"{kind}_{number}",
                    {"kind": kind, "seeds": seeds},
                    sum(examples for _, examples in plan) * len(seeds) * pace * 0.8,
                )
            )
    return found


def plans(settings):
    """Of each way through the phases: the layer that is frozen, and examples, phase by phase."""
    all_three = tuple(zip((1, 0, 1), settings.phase_examples))
    return {"phases": all_three, "control": all_three[1:], "backprop-first": all_three[:1]}


def run(settings, unit, checkpoint):
    """Error and angles of one rule, or of a sequence of phases."""
    kind = unit.arguments["kind"]
    random = streams(unit.arguments["seeds"])
    problem = regression.quadratic(random.problem, test_size=settings.test_size)
    scales = settings.start_scales if kind in RULES else settings.phase_start_scales
    network = MLP((20, settings.hidden, 20), ("tanh", "linear"), scales, scales)
    test = problem.test()
    alignment = FeedbackAlignment(scale=settings.feedback_scale)

    def measure(state):
        output = network.forward(state.params, test.inputs).output
        found = {"nse": normalized_error(output, test.loss)}
        if state.rule:
            w, b = state.params[1].weight, state.rule.matrices[0]
            found["angle"] = matrix_angle(w.swapaxes(-1, -2), b)
            found["unit_angles"] = unit_angles(w, b).astype(np.float32)
        return found

    def train(rule, rates, examples, at, keep, start=None):
        updates = examples // settings.batch_size
        optimizer = SGD(rates)
        task = {"updates": updates, "batch_size": settings.batch_size, "at": at, "measure": measure}
        return learn(problem, network, rule, optimizer, random, **task, checkpoint=keep, start=start)

    if kind in RULES:
        rule = {"feedback-alignment": alignment, "backprop": Backprop(), "shallow": Shallow()}[kind]
        rates = (0.0, settings.shallow_rate) if kind == "shallow" else settings.rates
        at = _times(settings.examples // settings.batch_size)
        curves, _ = train(rule, rates, settings.examples, at, checkpoint)
        if "unit_angles" in curves:
            curves["share_below_90"] = np.mean(curves["unit_angles"] < 90, axis=2)
            curves["unit_angles_end"] = curves["unit_angles"][:, -1]
            curves["unit_angles"] = curves["unit_angles"][:, :, :60]  # enough for the figure
        return {"examples": at * settings.batch_size, **curves}

    rule = Backprop() if kind == "backprop-first" else alignment
    state = start = init_state(network, rule, SGD(0.0), random.weights, random.rule)
    plan = plans(settings)[kind]
    total, passed, found = sum(examples for _, examples in plan), 0, {}
    for number, (layer, examples) in enumerate(plan):
        at = np.linspace(0, examples // settings.batch_size, 13).round().astype(int)
        curves, state = train(Frozen(rule, (layer,)), settings.rates, examples, at, NoCheckpoint(), state)
        if kind == "phases" and number == 0:
            found |= share_of_b(state.params[0].weight - start.params[0].weight, state.rule.matrices[0])
        curves["examples"] = passed + at * settings.batch_size
        found |= {f"{key}_{number}": curves[key] for key in ("examples", "nse", "angle") if key in curves}
        passed += examples
        checkpoint.progress(passed / total)
    return found


def share_of_b(change, b):
    """Share of the square of W0's change that is a linear function of B's rows, and of those of other hidden units.

    change (seeds, n_hidden, n_in), b (seeds, n_hidden, n_out). By chance it is n_out / n_hidden.
    """
    change, squares = change.astype(np.float64), np.square(change, dtype=np.float64).sum((-1, -2))
    found = {}
    for name, rows in (("share_of_b", b), ("share_of_other_b", np.roll(b, 1, axis=-2))):
        basis = np.linalg.qr(rows.astype(np.float64))[0]
        found[name] = np.square(basis.swapaxes(-1, -2) @ change).sum((-1, -2)) / squares
    return found


def _times(updates):
    """Dense at first, where the angle rises and falls, then even."""
    return np.unique(
        np.concatenate([points(updates // 10, 15, first=5), np.linspace(0, updates, 31).round().astype(int)])
    )


def table(settings, runs):
    """One row a rule at the end, and one a phase."""
    rows = []
    for kind in RULES:
        nse = gather(runs, "nse", kind=kind)[:, -1]
        angle = gather(runs, "angle", kind=kind)[:, -1] if kind == "feedback-alignment" else np.array([np.nan])
        rows.append(_row(kind, nse, angle))
    for kind, first in FIRST_PHASE.items():
        for number in range(len(plans(settings)[kind])):
            nse = gather(runs, f"nse_{number}", kind=kind)[:, -1]
            aligned = kind != "backprop-first"
            angle = gather(runs, f"angle_{number}", kind=kind)[:, -1] if aligned else np.array([np.nan])
            rows.append(_row(f"{kind}: after phase {number + first}", nse, angle))
    return rows


def _row(name, nse, angle):
    row = {"what": name, "n": len(nse), "nse": float(nse.mean()), "nse_sd": float(nse.std(ddof=1))}
    return row | {"angle_of_w_to_b_transposed": float(angle.mean())}


def claims(settings, runs):
    """Alignment of W with B^T as a whole and by unit; which phases lower the error."""
    angle = gather(runs, "angle", kind="feedback-alignment")[:, -1]
    below = gather(runs, "share_below_90", kind="feedback-alignment")[:, -1]
    start, one, two, three = _phase_ends(runs, "phases", 3)
    control_start, control_two, control_three = _phase_ends(runs, "control", 2)
    backprop_start, backprop_one = _phase_ends(runs, "backprop-first", 1)
    turned = gather(runs, "angle_1", kind="phases")[:, -1]
    unturned = gather(runs, "angle_0", kind="control")[:, -1]
    share, chance = (gather(runs, name, kind="phases") for name in ("share_of_b", "share_of_other_b"))
    return [
        Claim("W aligns with B^T", "angle at the end, degrees", angle, mean_below(angle, 45)),
        Claim(
            "single hidden neurons show the same alignment: more than 99 % of them are below 90 degrees",
            "share of units",
            below,
            mean_above(below, 0.99),
        ),
        Claim(
            f"phase 1 (W0 learns, W frozen) does not reduce the error: by no more than {FALL:g}",
            "NSE after minus before",
            one - start,
            mean_above(one - start, -FALL),
        ),
        Claim(
            f"control: backprop's phase 1, through the same frozen W, reduces it by more than {FALL:g}",
            "NSE after minus before",
            backprop_one - backprop_start,
            mean_below(backprop_one - backprop_start, -FALL),
            own=True,
        ),
        Claim(
            "information about B accumulates in W0 in phase 1: B tells four times as much of W0's change as a B with "
            "its rows exchanged does",
            f"share of the square of W0's change that is linear in B (with rows exchanged: {chance.mean():.2g})",
            share,
            ratio_below(chance, share, 1 / 4),
        ),
        Claim("phase 2 (W learns) reduces the error", "NSE after minus before", two - one, paired_less(two, one)),
        Claim(
            "... and brings what W0 knows of B into W, which turns to B^T; without phase 1 it does not",
            f"angle of W to B^T after phase 2, degrees (without phase 1: {unturned.mean():.1f})",
            turned,
            all_of(mean_below(turned, 60), mean_between(unturned, 85, 95)),
        ),
        Claim(
            "phase 3 (W0 learns, W frozen again) now reduces the error",
            "NSE after minus before",
            three - two,
            paired_less(three, two),
        ),
        Claim(
            "control without phase 1: the later phases do not learn (NSE stays above 0.9)",
            "NSE after the last phase",
            control_three,
            all_of(mean_above(control_three, 0.9), mean_above(control_two, 0.9)),
        ),
        Claim(
            "... and its last phase lowers nothing",
            "NSE before minus after",
            control_two - control_three,
            mean_below(control_two - control_three, 0.02),
        ),
        Claim(
            "every run starts as bad as the mean answer",
            "NSE at the start",
            control_start,
            every_between(control_start, 0.8, 1.2),
        ),
    ]


def _phase_ends(runs, kind, count):
    """NSE before the first phase and after each."""
    first = gather(runs, "nse_0", kind=kind)[:, 0]
    return [first, *(gather(runs, f"nse_{number}", kind=kind)[:, -1] for number in range(count))]


def figures(settings, runs):
    """The article's Fig. 5a (with the error beside it) and Fig. 5c with its control."""
    green = COLOURS["feedback-alignment"]
    figure, (turn, error, phased) = panels(3.6, 3.4, 4.0, height=3.3)
    first = select(runs, kind="feedback-alignment")[0].arrays
    x = first["examples"]
    turn.plot(x, first["unit_angles"][0][:, :40], color="#333333", alpha=0.25, linewidth=0.6)
    band(turn, x, gather(runs, "angle", kind="feedback-alignment"), "#0072b2", linewidth=2.4)
    turn.plot([], [], color="#0072b2", linewidth=2.4, label=r"$W$ to $B^T$")
    turn.plot([], [], color="#333333", alpha=0.5, linewidth=0.8, label="single hidden units")
    turn.legend(loc="lower left")
    angle_axis(turn, 180)
    turn.set(title="alignment", xlim=(0, settings.examples))
    for kind in reversed(RULES):
        band(error, x, gather(runs, "nse", kind=kind), COLOURS[kind], kind.replace("-", " "), log=True)
    error.set(yscale="log", ylabel="NSE (test)", title="error", xlim=(0, settings.examples))
    error.legend(loc="lower left")
    labels = {"phases": "all phases", "control": "without phase 1", "backprop-first": "phase 1, backprop"}
    for kind, colour in (("control", "#999999"), ("backprop-first", COLOURS["backprop"]), ("phases", green)):
        skip = settings.phase_examples[0] if kind == "control" else 0
        for number in range(len(plans(settings)[kind])):
            time = select(runs, kind=kind)[0].arrays[f"examples_{number}"] + skip
            values = gather(runs, f"nse_{number}", kind=kind)
            band(
                phased,
                time,
                values,
                colour,
                None if number else labels[kind],
            )
    edges = np.cumsum((0, *settings.phase_examples))
    names = ("1: $W_0$ learns", "2: $W$ learns", "3: $W_0$ learns")
    for number, (low, high, name) in enumerate(zip(edges[:-1], edges[1:], names)):
        phased.axvspan(low, high, color="#f0f0f0" if number % 2 == 0 else "white", zorder=0, linewidth=0)
        phased.text((low + high) / 2, 1.24, name, ha="center", fontsize=7.5)
    phased.set(ylim=(0, 1.32), ylabel="NSE (test)", title="three phases", xlim=(0, edges[-1]))
    phased.legend(loc="lower left")
    for axis in (turn, error, phased):
        examples_axis(axis)
    return {"mechanics": figure}


EXPERIMENT = Experiment(
    name="quadratic",
    title="Mechanics: W turns towards the transpose of B",
    source="Nature Communications Fig. 5a, c, Supplementary Fig. 9",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="The angle first rises above 90 degrees and then falls. Backprop runs at feedback alignment's rates and "
    "first weights and was not tuned by itself: its late start is the plateau at small W.",
    choices=lambda settings: (
        Choice(
            "first weights and biases",
            f"U(-s, s) with s = {told(settings.start_scales)} (hidden, output); {told(settings.phase_start_scales)} in "
            "the phases",
            "'manually selected', not given; through a frozen W near 0 no rule could change the error",
        ),
        Choice(
            "feedback weights",
            f"U(-{settings.feedback_scale:g}, {settings.feedback_scale:g})",
            "'manually selected', not given",
        ),
        Choice(
            "learning rates",
            f"{told(settings.rates)} (W0, W), in the phases too",
            "not given; on means over batches",
        ),
        Choice(
            "length of the phases",
            f"{', '.join(f'{count:,}' for count in settings.phase_examples)} examples",
            "not given; phase 1 must be long enough to fill W0",
        ),
    ),
)
