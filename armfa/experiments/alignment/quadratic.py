"""Mechanics: W turns towards B^T, shown on a quadratic target, and information flows from B by W0 to W in three phases.

20-1000-20 network, tanh hidden and linear output units, y*_k = x^T Q_k x, x ~ U(-2, 2).
Phases: (1) W0 learns, W is frozen; (2) W learns, W0 is frozen; (3) W0 learns, W is frozen. The control leaves 1 out.
[Lillicrap et al. 2016, Fig. 5a, c, Supplementary Fig. 9]
"""

from dataclasses import dataclass

import numpy as np

from armfa.controllers.circuits.mlp import MLP
from armfa.controllers.metrics import matrix_angle, unit_angles
from armfa.controllers.optimizers import SGD
from armfa.controllers.rules.feedback import Backprop, FeedbackAlignment
from armfa.controllers.rules.shallow import Frozen, Shallow
from armfa.controllers.streams import streams
from armfa.controllers.training.update import init_state
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points, scaled_error
from armfa.problems import regression
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, angle_axis, band, examples_axis, panels
from armfa.reports.statistics import all_of, every_between, mean_above, mean_below, paired_less, unchanged_within
from armfa.runs.unit import NoCheckpoint, Unit, chunks, gather, select

RULES = ("feedback-alignment", "backprop", "shallow")
STACK = 5


@dataclass(frozen=True)
class Settings(Scales):
    """Rates multiply the mean gradient of a batch."""

    seeds: int = 20
    hidden: int = 1000
    examples: int = 160_000
    phase_examples: tuple[int, int, int] = (20_000, 40_000, 40_000)
    batch_size: int = 20
    rates: tuple[float, float] = (0.006, 0.002)  # W0, W
    phase_rate: float = 0.002  # both
    shallow_rate: float = 0.005
    feedback_scale: float = 0.5
    start_scales: tuple[float, float] = (0.1, 0.01)  # W0, W
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
        for kind, phases in (("phases", settings.phase_examples), ("control", settings.phase_examples[1:])):
            found.append(
                Unit(f"{kind}_{number}", {"kind": kind, "seeds": seeds}, sum(phases) * len(seeds) * pace * 0.8)
            )
    return found


def run(settings, unit, checkpoint):
    """Error and angles of one rule, or of a sequence of phases."""
    kind = unit.arguments["kind"]
    random = streams(unit.arguments["seeds"])
    problem = regression.quadratic(random.problem, test_size=settings.test_size)
    network = MLP((20, settings.hidden, 20), ("tanh", "linear"), settings.start_scales, settings.start_scales)
    test = problem.test()
    alignment = FeedbackAlignment(scale=settings.feedback_scale)

    def measure(state):
        output = network.forward(state.params, test.inputs).output
        found = {"nse": scaled_error(output, test.loss.target)}
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

    state = init_state(network, alignment, SGD(0.0), random.weights, random.rule)
    frozen = (1, 0, 1)
    plan = list(zip(frozen, settings.phase_examples))[1 if kind == "control" else 0 :]
    total, passed, parts = sum(examples for _, examples in plan), 0, []
    for layer, examples in plan:
        at = np.linspace(0, examples // settings.batch_size, 13).round().astype(int)
        rule = Frozen(alignment, (layer,))
        curves, state = train(rule, (settings.phase_rate,) * 2, examples, at, NoCheckpoint(), state)
        parts.append({"examples": passed + at * settings.batch_size, "nse": curves["nse"], "angle": curves["angle"]})
        passed += examples
        checkpoint.progress(passed / total)
    return {f"{key}_{number}": part[key] for number, part in enumerate(parts) for key in part}


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
    for kind, count in (("phases", 3), ("control", 2)):
        for number in range(count):
            phase = number + 4 - count
            nse, angle = (gather(runs, f"{key}_{number}", kind=kind)[:, -1] for key in ("nse", "angle"))
            rows.append(_row(f"{kind}: after phase {phase}", nse, angle))
    return rows


def _row(name, nse, angle):
    row = {"what": name, "n": len(nse), "nse": float(nse.mean()), "nse_sd": float(nse.std(ddof=1))}
    return row | {"angle_of_w_to_b_transposed": float(angle.mean())}


def claims(settings, runs):
    """Alignment of W with B^T as a whole and by unit; which phases lower the error."""
    angle = gather(runs, "angle", kind="feedback-alignment")[:, -1]
    share = gather(runs, "share_below_90", kind="feedback-alignment")[:, -1]
    start, one, two, three = _phase_ends(runs, "phases", 3)
    control_start, control_two, control_three = _phase_ends(runs, "control", 2)
    return [
        Claim("W aligns with B^T", "angle at the end, degrees", angle, mean_below(angle, 45)),
        Claim(
            "single hidden neurons show the same alignment: more than 99 % of them are below 90 degrees",
            "share of units",
            share,
            mean_above(share, 0.99),
        ),
        Claim(
            "phase 1 (W0 learns, W frozen) does not reduce the error",
            "NSE after minus before",
            one - start,
            unchanged_within(one, start, 0.05),
        ),
        Claim("phase 2 (W learns) reduces the error", "NSE after minus before", two - one, paired_less(two, one)),
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
    for kind, count, colour in (("control", 2, "#999999"), ("phases", 3, green)):
        skip = settings.phase_examples[0] if kind == "control" else 0
        for number in range(count):
            time = select(runs, kind=kind)[0].arrays[f"examples_{number}"] + skip
            values = gather(runs, f"nse_{number}", kind=kind)
            band(
                phased,
                time,
                values,
                colour,
                None if number else {"phases": "all phases", "control": "without phase 1"}[kind],
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
            f"U(-s, s) with s = {told(settings.start_scales)} (hidden, output)",
            "'manually selected', not given",
        ),
        Choice(
            "feedback weights",
            f"U(-{settings.feedback_scale:g}, {settings.feedback_scale:g})",
            "'manually selected', not given",
        ),
        Choice(
            "learning rates",
            f"{told(settings.rates)} (W0, W); {settings.phase_rate:g} in the phases",
            "not given; on means over batches",
        ),
        Choice(
            "length of the phases",
            f"{', '.join(f'{count:,}' for count in settings.phase_examples)} examples",
            "not given; phase 1 must be long enough to fill W0",
        ),
    ),
)
