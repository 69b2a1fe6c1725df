"""Figures of the arm's controllers: learning curves with the angle, and the paths of the hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.reports.figures import LABELS, angle_axis, band, colours, examples_axis, panels
from armfa.runs.unit import Run, select

ORDER = ("shallow", "shallow-own-start", "backprop", "feedback-alignment", "feedback-alignment-backprop-rates")
NAMES = {
    **LABELS,
    "shallow": "shallow, same start",
    "shallow-own-start": "shallow, own best start",
    "feedback-alignment-backprop-rates": "FA, nothing chosen for it",
}


def name_of(rule: str) -> str:
    """A rule in the words of a figure."""
    return NAMES.get(rule, rule)


def figures(settings: Any, runs: Sequence[Run]) -> dict[str, Any]:
    """For each arm, learning curves beside the angle, and the center-out paths of one network a rule."""
    drawn = {}
    for arm in settings.names:
        drawn[f"{arm}_learning"] = learning_curves(select(runs, arm=arm))
        drawn[f"{arm}_paths"] = hand_paths(select(runs, arm=arm))
    return drawn


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Runs in the order of the legend; rules that the papers do not have come last."""
    others = [run for run in runs if run.arguments["rule"] not in ORDER]
    return [run for rule in ORDER for run in select(runs, rule=rule)] + others


def learning_curves(runs: Sequence[Run]):
    """Test error over samples, mean and two standard deviations; and the angle between the teaching signals."""
    ink = colours([run.arguments["rule"] for run in in_order(runs)])
    aligned = [run for run in in_order(runs) if "angle" in run.arrays and np.isfinite(run.arrays["angle"]).any()]
    figure, axes = panels(4.6, 3.6) if aligned else panels(4.6)
    for run in in_order(runs):
        rule, samples = run.arguments["rule"], np.maximum(run.arrays["samples"], run.arrays["samples"][1] / 2)
        band(
            axes[0], samples, run.arrays["nse"], ink[rule], f"{name_of(rule)} (n = {len(run.arrays['nse'])})", log=True
        )
    axes[0].axhline(runs[0].arrays["coasting"], color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes[0].annotate("coasting", (1, runs[0].arrays["coasting"]), xycoords=("axes fraction", "data"), fontsize=7,
                     ha="right", va="bottom", color="#888888")  # fmt: skip
    axes[0].set(
        xscale="log", yscale="log", ylabel="normalised squared error, test set", title="hand velocity, one step"
    )
    axes[0].legend(loc="lower left")
    examples_axis(axes[0], "training samples")
    if aligned:
        for run in aligned:
            samples = np.maximum(run.arrays["samples"], run.arrays["samples"][1] / 2)
            band(axes[1], samples, run.arrays["angle"], ink[run.arguments["rule"]], name_of(run.arguments["rule"]))
        angle_axis(axes[1], 120 if max(run.arrays["angle"].max() for run in aligned) <= 118 else 180)
        axes[1].legend(loc="lower left")
        axes[1].set(xscale="log", title="teaching signals, angle to backprop's")
        examples_axis(axes[1], "training samples")
    return figure


def hand_paths(runs: Sequence[Run], seed: int = 0):
    """Center-out reaches of one network a rule, with the end error of all networks, in centimetres from the start."""
    shown = in_order(runs)
    figure, axes = panels(*(2.5 for _ in shown), height=2.9)
    ink = colours([run.arguments["rule"] for run in shown])
    for axis, run in zip(axes, shown):
        path = run.arrays["center_out_path"][seed]  # (time, 8, 2)
        origin = path[0, 0]
        for target, one in zip(run.arrays["center_out_target"], path.swapaxes(0, 1)):
            axis.add_artist(_circle(100 * (target - origin), 1.0))
            axis.plot(*(100 * (one - origin)).T, color=ink[run.arguments["rule"]], linewidth=1.4)
        error = 1000 * run.arrays["center_out"].mean(-1)
        axis.set(xlim=(-14, 14), ylim=(-14, 14), aspect="equal", xticks=(-10, 0, 10), yticks=(-10, 0, 10))
        axis.set(title=name_of(run.arguments["rule"]), ylabel="y, cm from the start")
        spread = f" ± {error.std(ddof=1):.1f}" if len(error) > 1 else ""
        axis.set_xlabel(f"x, cm from the start\nend error {error.mean():.1f}{spread} mm (n = {len(error)})")
    return figure


def _circle(center: np.ndarray, radius: float):
    from matplotlib.patches import Circle

    return Circle(tuple(center), radius, facecolor="#eeeeee", edgecolor="#bbbbbb", linewidth=0.8, zorder=0)
