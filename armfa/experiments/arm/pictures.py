"""Figures of the arm's controllers: learning curves with the angle, and the paths of the hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.reports.figures import COLOURS, LABELS, angle_axis, band, examples_axis, panels
from armfa.runs.unit import Run, select

ORDER = ("shallow", "shallow_own_start", "backprop", "feedback_alignment", "feedback_alignment_backprop_rates")
NAMES = {
    **LABELS,
    "shallow": "shallow, same start",
    "shallow_own_start": "shallow, own best start",
    "feedback_alignment_backprop_rates": "FA, backprop's rates",
}
INK = {**COLOURS, "shallow_own_start": "#d98f4e", "feedback_alignment_backprop_rates": "#a6d96a"}


def figures(settings: Any, runs: Sequence[Run]) -> dict[str, Any]:
    """For each arm, learning curves beside the angle, and the center-out paths of one network a rule."""
    drawn = {}
    for arm in settings.arms:
        drawn[f"{arm}_learning"] = learning_curves(select(runs, arm=arm))
        drawn[f"{arm}_paths"] = hand_paths(select(runs, arm=arm))
    return drawn


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Runs in the order of the legend."""
    return [run for rule in ORDER for run in select(runs, rule=rule)]


def learning_curves(runs: Sequence[Run]):
    """Test error over samples, mean and two standard deviations; and the angle between the teaching signals."""
    aligned = select(runs, rule="feedback_alignment")
    figure, axes = panels(4.6, 3.6) if aligned else panels(4.6)
    for run in in_order(runs):
        rule, samples = run.arguments["rule"], np.maximum(run.arrays["samples"], run.arrays["samples"][1] / 2)
        band(axes[0], samples, run.arrays["nse"], INK[rule], NAMES[rule], log=True)
    axes[0].axhline(runs[0].arrays["coasting"], color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes[0].annotate("coasting", (1, runs[0].arrays["coasting"]), xycoords=("axes fraction", "data"), fontsize=7,
                     ha="right", va="bottom", color="#888888")  # fmt: skip
    axes[0].set(
        xscale="log", yscale="log", ylabel="normalised squared error, test set", title="hand velocity, one step"
    )
    axes[0].legend(loc="lower left")
    examples_axis(axes[0], "training samples")
    if aligned:
        samples = np.maximum(aligned[0].arrays["samples"], aligned[0].arrays["samples"][1] / 2)
        band(axes[1], samples, aligned[0].arrays["angle"], INK["feedback_alignment"])
        angle_axis(axes[1])
        axes[1].set(xscale="log", title="teaching signals, FA to BP")
        examples_axis(axes[1], "training samples")
    return figure


def hand_paths(runs: Sequence[Run], seed: int = 0):
    """Center-out reaches of one network a rule, with the end error of all networks, in centimetres from the start."""
    shown = in_order(runs)
    figure, axes = panels(*(2.5 for _ in shown), height=2.9)
    for axis, run in zip(axes, shown):
        path = run.arrays["center_out_path"][seed]  # (time, 8, 2)
        origin = path[0, 0]
        for target, one in zip(run.arrays["center_out_target"], path.swapaxes(0, 1)):
            axis.add_artist(_circle(100 * (target - origin), 1.0))
            axis.plot(*(100 * (one - origin)).T, color=INK[run.arguments["rule"]], linewidth=1.4)
        error = 1000 * run.arrays["center_out"].mean(-1)
        axis.set(xlim=(-14, 14), ylim=(-14, 14), aspect="equal", xticks=(-10, 0, 10), yticks=(-10, 0, 10))
        axis.set(title=NAMES[run.arguments["rule"]], ylabel="cm")
        axis.set_xlabel(f"end error {error.mean():.1f} ± {error.std(ddof=1) if len(error) > 1 else 0:.1f} mm")
    return figure


def _circle(center: np.ndarray, radius: float):
    from matplotlib.patches import Circle

    return Circle(tuple(center), radius, facecolor="#eeeeee", edgecolor="#bbbbbb", linewidth=0.8, zorder=0)
