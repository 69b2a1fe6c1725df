"""Start scale and the pseudoinverse: with small first weights, feedback alignment follows pseudo-backprop.

The 30-20-10 linear task; W0, W ~ U(-omega, omega) for nine omegas. Angles of the hidden update B e to backprop's W^T e
and to pseudo-backprop's W^+ e. [arXiv:1411.0247, Fig. 4]
"""

from dataclasses import dataclass

import numpy as np

from armfa.controllers.circuits.mlp import transpose
from armfa.controllers.metrics import angle_between, matrix_angle
from armfa.controllers.rules.feedback import FeedbackAlignment
from armfa.experiments.alignment.linear import learn_linear
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import points
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import angle_axis, band, examples_axis, panels
from armfa.reports.statistics import all_of, mean_below, mean_between, paired_less
from armfa.runs.unit import Unit, find

EXPECTED = {
    0.001: ((27, 6.2), (1, 0.5)),
    0.01: ((27, 6.2), (2, 0.5)),
    0.05: ((28, 6.0), (9, 1.6)),
    0.1: ((32, 5.4), (18, 3.4)),
    0.15: ((38, 5.8), (27, 5.1)),
    0.25: ((47, 6.7), (39, 7.3)),
}
"""Angles to backprop and to pseudo-backprop after 20,000 examples, degrees: the mean of an earlier trial of another
implementation (20 networks, whole degrees), and the standard deviation over networks, here the margin."""


@dataclass(frozen=True)
class Settings(Scales):
    """The preprint's nine scales and its learning rate; networks enough to tell angles two degrees apart."""

    seeds: int = 40
    scales: tuple[float, ...] = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.125, 0.15, 0.2, 0.25)
    learning_rate: float = 1e-3
    examples: int = 20_000
    feedback_scale: float = 0.5
    probes: int = 100  # inputs at which angles are measured

    @classmethod
    def quick(cls):
        """Four scales, six networks, half of the examples."""
        return cls(seeds=6, scales=(0.001, 0.05, 0.15, 0.25), examples=10_000)


def units(settings):
    """One unit a scale, all networks in one stack."""
    seconds = settings.examples * (60e-6 + 3e-6 * settings.seeds)
    seeds = list(range(settings.seeds))
    return [Unit(f"scale_{scale:g}", {"scale": scale, "seeds": seeds}, seconds) for scale in settings.scales]


def run(settings, unit, checkpoint):
    """Error and both angles over training."""
    rule, scale = FeedbackAlignment(scale=settings.feedback_scale), unit.arguments["scale"]

    def angles(seen):
        w, b, error = seen.state.params[1].weight, seen.state.rule.matrices[0], seen.error
        sent = error @ transpose(b)
        return {
            "to_backprop": angle_between(sent, error @ w).mean(1),
            "to_pseudo": angle_between(sent, error @ transpose(np.linalg.pinv(w))).mean(1),
            "w_to_pseudoinverse": matrix_angle(w, np.linalg.pinv(b)),
            "w_to_transpose": matrix_angle(w, transpose(b)),
        }

    at = points(settings.examples, 80, first=10)
    return learn_linear(settings, unit, checkpoint, rule, settings.learning_rate, at, angles, start_scale=scale)


def table(settings, runs):
    """One row a scale: error and angles at the end."""
    return [
        {
            "scale": run.arguments["scale"],
            "n": len(run.arguments["seeds"]),
            "nse_median": float(np.median(run.arrays["nse"][:, -1])),
            "angle_to_backprop": float(run.arrays["to_backprop"][:, -1].mean()),
            "angle_to_backprop_sd": float(run.arrays["to_backprop"][:, -1].std(ddof=1)),
            "angle_to_pseudobackprop": float(run.arrays["to_pseudo"][:, -1].mean()),
            "angle_to_pseudobackprop_sd": float(run.arrays["to_pseudo"][:, -1].std(ddof=1)),
        }
        for run in runs
    ]


def claims(settings, runs):
    """Small starts follow the pseudoinverse; the angle grows with the scale; another implementation's table."""
    small = min(settings.scales, key=lambda scale: abs(np.log(scale / 0.001)))
    at_small = find(runs, scale=small).arrays
    ends = np.stack([run.arrays["to_pseudo"][:, -1] for run in runs], axis=1)  # (seeds, scales)
    order = np.array([np.polyfit(np.log(settings.scales), row, 1)[0] for row in ends])
    to_pseudo, to_transpose = (at_small[name][:, -1] for name in ("w_to_pseudoinverse", "w_to_transpose"))
    large = find(runs, scale=max(settings.scales)).arrays["w_to_pseudoinverse"][:, -1]
    found = [
        Claim(
            "W aligns with the Moore-Penrose pseudoinverse of B, more than with the transpose of B (2016)",
            f"angle of W to B^+ minus angle to B^T at the end, start scale {small:g}, degrees (to B^+ "
            f"{to_pseudo.mean():.0f}, to B^T {to_transpose.mean():.0f})",
            to_pseudo - to_transpose,
            all_of(paired_less(to_pseudo, to_transpose), mean_below(to_pseudo, 45)),
        ),
        Claim(
            f"... under the condition of the theory, a start near zero: less at {max(settings.scales):g}",
            f"angle of W to B^+ at the end, start scale {small:g} minus {max(settings.scales):g}, degrees",
            to_pseudo - large,
            paired_less(to_pseudo, large),
        ),
        Claim(
            "small start: W acts like a local pseudoinverse of B",
            f"angle to pseudo-backprop at the end, start scale {small:g}, degrees",
            at_small["to_pseudo"][:, -1],
            mean_below(at_small["to_pseudo"][:, -1], 5),
        ),
        Claim(
            "the angle to pseudo-backprop soon is smaller than that to backprop",
            f"difference of the angles at the end, start scale {small:g}, degrees",
            at_small["to_pseudo"][:, -1] - at_small["to_backprop"][:, -1],
            paired_less(at_small["to_pseudo"][:, -1], at_small["to_backprop"][:, -1]),
        ),
        Claim(
            "the angle grows with the start scale",
            "angle to pseudo-backprop gained per e-fold of scale, degrees",
            order,
            all_of(mean_between(order, 0, 90), paired_less(ends[:, 0], ends[:, -1])),
        ),
    ]
    for scale, expected in EXPECTED.items():
        if scale in settings.scales and settings.examples == 20_000:
            arrays = find(runs, scale=scale).arrays
            for name, key, (angle, margin) in zip(
                ("backprop", "pseudo-backprop"), ("to_backprop", "to_pseudo"), expected
            ):
                claim = (
                    f"another implementation's mean, within one sd: start scale {scale:g}, {angle} degrees to {name}"
                )
                verdict = mean_between(arrays[key][:, -1], angle - margin, angle + margin)
                found.append(Claim(claim, "angle at the end, degrees", arrays[key][:, -1], verdict, own=True))
    return found


def figures(settings, runs):
    """The preprint's Fig. 4: error and both angles over examples, small scales blue, large ones red."""
    from matplotlib import colormaps

    figure, (error, backprop, pseudo) = panels(3.6, 3.2, 3.2)
    for number, run in enumerate(runs):
        colour = colormaps["coolwarm"](number / max(1, len(runs) - 1))
        x = run.arrays["examples"]
        label = f"{run.arguments['scale']:g}"
        error.plot(x, np.median(run.arrays["nse"], axis=0), color=colour, label=label)
        band(backprop, x, run.arrays["to_backprop"], colour, deviations=0)
        band(pseudo, x, run.arrays["to_pseudo"], colour, deviations=0)
    error.set(yscale="log", ylim=(1e-10, 2), ylabel="NSE", title="error")
    error.legend(title="start scale ω", ncols=2, loc="upper right")
    backprop.set_title("angle to backprop")
    pseudo.set_title("angle to pseudo-backprop")
    for axis in (error, backprop, pseudo):
        examples_axis(axis)
        axis.set_xlim(0, settings.examples)
    for axis in (backprop, pseudo):
        angle_axis(axis)
    return {"scales": figure}


EXPERIMENT = Experiment(
    name="init-scale",
    title="Start scale and the pseudoinverse",
    source="preprint Fig. 4; Nature Communications, Supplementary Notes 13 and 14",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="Lines are means over networks (median for the error), blue for small first weights, red for large ones.",
    choices=lambda settings: (
        Choice("number of examples", f"{settings.examples:,}", "the figure's axis ends near 2 x 10^4"),
        Choice("error", "exact, |T - W W0|^2 / |T|^2", "inputs have unit variance, so no test set is needed"),
    ),
)
