"""The 1-1-1 network: flow field of feedback alignment, its conserved parabolas, and the starts that go the wrong way.

y = W W0 x with target T = 1 and feedback B = 1. In expectation over x of unit variance, with r = T - W W0,
    W' = r W0,   W0' = B r,   so that   2 B W - W0^2 = C   is conserved,
and every path is a piece of a parabola between points of the solution hyperbola W0 W = T. [arXiv:1411.0247, Fig. 3]
"""

from dataclasses import dataclass

import numpy as np

from armfa.experiments.base import Experiment, Scales
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, panels
from armfa.reports.statistics import every_above, every_below, mean_between
from armfa.runs.unit import Unit


@dataclass(frozen=True)
class Settings(Scales):
    """Discrete steps of the rule from random starts in [-2, 2]^2, at several learning rates."""

    learning_rates: tuple[float, ...] = (0.02, 0.01, 0.005, 0.0025)
    starts: int = 400
    time: float = 60.0  # learning rate x steps, the same for every rate
    target: float = 1.0
    feedback: float = 1.0
    seed: int = 0

    @classmethod
    def quick(cls):
        """Fewer starts."""
        return cls(starts=100)


def residual_and_step(w0, w, settings: Settings):
    """(T - W W0, dW0, dW) of the expected rule at unit learning rate."""
    residual = settings.target - w * w0
    return residual, settings.feedback * residual, residual * w0


def conserved(w0, w, feedback=1.0):
    """C = 2 B W - W0^2."""
    return 2 * feedback * w - w0**2


def goes_wrong(w0, w):
    """Whether a start is drawn to the lower left hyperbola, where W B < 0 (closed form for T = B = 1).

    On the parabola of C the solutions are the roots of W0^3 + C W0 - 2 = 0. For C < -3 two of them are negative; the
    one nearer to 0 is unstable, and what starts to the left of it ends at the other.
    """
    c = conserved(np.asarray(w0, dtype=float), np.asarray(w, dtype=float))
    depth = np.maximum(-c / 3, 1.0)
    phase = np.arccos(np.clip(depth**-1.5, -1, 1)) / 3
    unstable = 2 * np.sqrt(depth) * np.cos(phase - 2 * np.pi / 3)  # the middle one of three real roots
    return (c < -3) & (w0 < unstable)


def units(settings):
    """One unit a learning rate."""
    pace = 4e-6 + 2e-9 * settings.starts  # seconds a step
    return [Unit(f"rate_{rate:g}", {"rate": rate}, settings.time / rate * pace) for rate in settings.learning_rates]


def run(settings, unit, checkpoint):
    """Paths from the same random starts: where they end and how far the conserved quantity has moved."""
    rate = unit.arguments["rate"]
    rng = np.random.default_rng(settings.seed)
    start = rng.uniform(-2, 2, (2, settings.starts))
    start[:, 0] = 0.0  # the start of the preprint's large arrow
    w0, w = start.copy()
    paths = [start.copy()]
    steps = round(settings.time / rate)
    every = max(1, steps // 400)
    for step in range(1, steps + 1):
        _, d_w0, d_w = residual_and_step(w0, w, settings)
        w0, w = w0 + rate * d_w0, w + rate * d_w
        if step % every == 0:
            paths.append(np.stack([w0, w]))
    drift = np.abs(conserved(w0, w, settings.feedback) - conserved(start[0], start[1], settings.feedback))
    return {"start": start, "end": np.stack([w0, w]), "drift": drift, "paths": np.stack(paths)}


def drift_order(settings, runs):
    """Exponent of the learning rate in the drift of the conserved quantity, one a start."""
    drift = np.stack([run.arrays["drift"] for run in runs])  # (rates, starts)
    moved = drift[-1] > 1e-9
    rates = np.log([run.arguments["rate"] for run in runs])
    return np.polyfit(rates, np.log(drift[:, moved]), 1)[0]


def table(settings, runs):
    """One row a learning rate."""
    return [
        {
            "learning_rate": run.arguments["rate"],
            "starts": settings.starts,
            "median_drift": float(np.median(run.arrays["drift"])),
            "largest_drift": float(run.arrays["drift"].max()),
            "share_at_good_solution": float(np.mean(run.arrays["end"][0] > 0)),
        }
        for run in runs
    ]


def claims(settings, runs):
    """The conserved quantity, the fate of every start, and the solution reached from zero."""
    finest = min(runs, key=lambda run: run.arguments["rate"])
    start, end = finest.arrays["start"], finest.arrays["end"]
    near = np.abs(_distance_to_boundary(start)) < 0.02  # a step of finite size may cross the edge of the region
    agree = (end[0] < 0) == goes_wrong(*start)
    order = drift_order(settings, runs)
    return [
        Claim(
            "C in B W + (B W)^T = W0 W0^T + C is conserved in continuous time (eq. 14): the discrete rule keeps it to "
            "the first order of the learning rate",
            "exponent of the learning rate in the drift",
            order,
            mean_between(order, 0.9, 1.1),
        ),
        Claim(
            "a small region of starts goes to the bad hyperbola, all others to the good one",
            "share of starts whose fate the closed form tells",
            np.array([agree[~near].mean()]),
            every_above([agree[~near].mean()], 0.999),
        ),
        Claim(
            "from W0 = W = 0 the error vanishes",
            "|T - W W0| at the end",
            np.abs(settings.target - end[0, :1] * end[1, :1]),
            every_below(np.abs(settings.target - end[0, :1] * end[1, :1]), 1e-6),
        ),
    ]


def _distance_to_boundary(start):
    """Smallest shift along W0 or W, up to 0.02, that changes the fate of a start (0 where one does, else 1)."""
    w0, w = start
    here = goes_wrong(w0, w)
    shifts = [(0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02)]
    return np.where(np.any([goes_wrong(w0 + a, w + b) != here for a, b in shifts], axis=0), 0.0, 1.0)


def figures(settings, runs):
    """The preprint's Fig. 3, and the drift of the conserved quantity."""
    figure, (flow, drift) = panels(4.6, 3.6, height=4.2)
    _draw_flow(flow, settings, max(runs, key=lambda run: run.arguments["rate"]))
    rates = [run.arguments["rate"] for run in runs]
    drifts = np.stack([run.arrays["drift"] for run in runs])
    shown = np.argsort(-drifts[0])[:: max(1, settings.starts // 40)]
    drift.loglog(
        rates, np.maximum(drifts[:, shown], 1e-8), color=COLOURS["feedback-alignment"], alpha=0.35, linewidth=0.8
    )
    guide = np.array([rates[0], rates[-1]])
    drift.loglog(guide, guide * 10, "k--", linewidth=1.2)
    drift.text(guide.mean() * 0.7, guide.mean() * 16, "first order", ha="right")
    drift.set(xlabel="learning rate", ylabel=r"drift of $2BW - W_0^2$", title="conserved quantity", ylim=(1e-5, 1))
    drift.set_xticks(rates, [f"{rate:g}" for rate in rates])
    drift.plot([], [], color=COLOURS["feedback-alignment"], label=f"starts (n = {len(shown)} shown)")
    drift.legend(loc="lower right")
    drift.minorticks_off()
    figure.legend(*flow.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return {"flow": figure}


def _draw_flow(axis, settings, run):
    grid = np.linspace(-2, 2, 161)
    w0, w = np.meshgrid(grid, grid)
    _, d_w0, d_w = residual_and_step(w0, w, settings)
    axis.contourf(w0, w, goes_wrong(w0, w), levels=[0.5, 1.5], colors=["#f2c5c0"])
    kept = (grid[:, None] ** 2 + np.arange(-7, 5.1, 1.0)) / 2
    lines = axis.plot(grid, kept, color="#c9d8e8", linewidth=0.7, zorder=1)
    lines[0].set_label("$2BW - W_0^2$ kept")
    coarse = slice(None, None, 10)
    length = np.hypot(d_w0, d_w)[coarse, coarse]
    arrows = [d[coarse, coarse] / np.maximum(length, 1e-9) * np.minimum(length, 1) ** 0.5 for d in (d_w0, d_w)]
    axis.quiver(w0[coarse, coarse], w[coarse, coarse], *arrows, color="#3f6f9f", width=0.003, scale=24, zorder=2)
    axis.plot(
        [], [], linestyle="", marker=r"$\rightarrow$", markersize=9, color="#3f6f9f", label="change of $(W_0, W)$"
    )
    good = np.linspace(0.5, 2, 80)
    unstable, stable = -np.linspace(0.5, 1, 40), -np.linspace(1, 2, 40)
    axis.plot(good, 1 / good, color="#9a9a9a", linewidth=3, zorder=3, label="no error, reached")
    axis.plot(stable, 1 / stable, color="black", linewidth=3, zorder=3,
              label="no error, from shaded starts")  # fmt: skip
    axis.plot(unstable, 1 / unstable, color="black", linewidth=2, linestyle="--", zorder=3, label="no error, left")
    path = run.arrays["paths"][:, :, 0]
    axis.plot(*path.T, color=COLOURS["feedback-alignment"], linewidth=3, zorder=4, label="path from $W_0 = W = 0$")
    axis.annotate(
        "", path[-1], path[12], arrowprops={"arrowstyle": "-|>", "color": COLOURS["feedback-alignment"], "lw": 2}
    )
    axis.plot(0, 0, "o", color=COLOURS["feedback-alignment"], zorder=5)
    axis.text(1.02, 1.2, r"$e\,WB\,e > 0$", color="#777777")
    axis.text(-1.95, -1.15, r"$e\,WB\,e < 0$")
    axis.set(
        xlim=(-2, 2), ylim=(-2, 2), xlabel=r"$W_0$", ylabel=r"$W$", title="flow of feedback alignment", aspect="equal"
    )


EXPERIMENT = Experiment(
    name="flow-field",
    title="Three neurons: the flow of feedback alignment",
    source="preprint Fig. 3",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    remarks="Grey: solutions where the feedback acts like the transpose; black: solutions where it points the wrong "
    "way, dashed where unstable. Red: starts that end there. Light parabolas: paths; green: the path from zero.",
    choices=lambda settings: (
        Choice(
            "learning rate of the figure",
            f"{max(settings.learning_rates):g} to {min(settings.learning_rates):g}",
            "the figure shows a flow; the rate only enters as drift",
        ),
        Choice(
            "extent of the region of wrong starts",
            "closed form, roots of W0^3 + C W0 - 2",
            "the preprint shades it without a formula",
        ),
    ),
)
