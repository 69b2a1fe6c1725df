"""What a comparison of rules says: samples to an error, paired statistics, tables and a figure, from runs on disk."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
from rich import box
from rich.markup import escape
from rich.table import Table

from armfa.controllers import LearningRule
from armfa.experiments.learning import curves_of, samples_to_reach
from armfa.experiments.rules import code_of, rule_class
from armfa.experiments.tuning import diverged
from armfa.reports.figures import angle_axis, band, colours, examples_axis, panels
from armfa.runs.unit import Run


class Paired(NamedTuple):
    """Error of a rule over that of the first rule on the same seeds."""

    ratio: float  # geometric mean
    low: float  # 95 % confidence interval
    high: float
    p: float | None  # two-sided; None where there is no spread to test with


def paired(first: np.ndarray, other: np.ndarray) -> Paired:
    """Ratio other / first, and the two-sided paired t-test on the logarithm of both."""
    logs = np.log(other) - np.log(first)
    if not np.isfinite(logs).all():
        return Paired(math.nan, math.nan, math.nan, None)
    mean, n = float(logs.mean()), len(logs)
    if n < 2:
        return Paired(math.exp(mean), math.nan, math.nan, None)
    error_of_mean = float(logs.std(ddof=1)) / math.sqrt(n)
    same = 1.0 if mean == 0.0 else None
    p = 2 * float(scipy.stats.t.sf(abs(mean) / error_of_mean, n - 1)) if error_of_mean > 0.0 else same
    reach = float(scipy.stats.t.ppf(0.975, n - 1)) * error_of_mean
    return Paired(math.exp(mean), math.exp(mean - reach), math.exp(mean + reach), p)


def final(run: Run) -> np.ndarray:
    """NSE of every network at the end, (seeds,); NaN where it has diverged."""
    return without_diverged(run)[:, -1]


def without_diverged(run: Run) -> np.ndarray:
    """The NSE curves (seeds, points) with NaN in place of what has diverged."""
    return np.where(diverged(run.arrays["nse"]), np.nan, run.arrays["nse"])


WEIGHTS = "change of the weights"
"""What the angle is of, where a rule has no teaching signals."""


def angle_of(run: Run) -> str:
    """What the angle to backprop is of."""
    return "teaching signals" if issubclass(rule_class(code_of(run)), LearningRule) else WEIGHTS


def comparison_rows(runs: Sequence[Run], reach: float) -> list[dict[str, Any]]:
    """One row a rule: its error, samples to reach, the paired statistics against the first rule, angles and rates."""
    rows = []
    for run in runs:
        end = final(run)
        kept = end[np.isfinite(end)]
        samples = samples_to_reach(run.arrays["samples"], run.arrays["nse"], reach)
        against = paired(final(runs[0]), end)
        angle = run.arrays["angle"]  # (seeds, points, hidden layers)
        rows.append(
            {
                "rule": run.arguments["rule"],
                "n": len(end),
                "diverged": len(end) - len(kept),
                "nse": float(np.exp(np.log(kept).mean())) if len(kept) else math.nan,
                "nse_factor_sd": float(np.exp(np.log(kept).std(ddof=1))) if len(kept) > 1 else math.nan,
                "samples_to_reach": float(np.median(samples)),
                "reached": int(np.isfinite(samples).sum()),
                "ratio": against.ratio,
                "ratio_low": against.low,
                "ratio_high": against.high,
                "p": math.nan if against.p is None else against.p,
                "angle_of": angle_of(run),
                "angle_start": float(angle[:, 0].mean()),
                "angle_end": float(angle[:, -1].mean()),
                "wrong_percent": 100 * float(run.arrays["wrong"][:, -1].mean()) if "wrong" in run.arrays else math.nan,
                "rates": " ".join(f"{rate:g}" for rate in run.arrays["rates"]),
                "rates_tried": len(run.arrays.get("tried", ())),
            }
        )
    return rows


def curve_rows(runs: Sequence[Run], batch_size: int) -> list[dict[str, Any]]:
    """The learning curves of all networks, as far as they are, one row a point."""
    rows = []
    for run in runs:
        curves = curves_of(run.arrays, batch_size)
        for number, seed in enumerate(run.arguments["seeds"]):
            for point, samples in enumerate(curves.get("samples", ())):
                row = {"rule": run.arguments["rule"], "seed": seed, "updates": int(samples) // batch_size}
                row["samples"] = int(samples)
                row |= {name: float(curves[name][number, point]) for name in ("nse", "wrong") if name in curves}
                angles = enumerate(curves["angle"][number, point])
                rows.append(row | {f"angle_layer_{layer}": float(angle) for layer, angle in angles})
    return rows


def results_table(rows: Sequence[dict[str, Any]], samples: int, reach: float) -> Table:
    """The rows as a table for a terminal of 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    classes = any(row["wrong_percent"] == row["wrong_percent"] for row in rows)
    heads = ["rule", "NSE", "wrong"] if classes else ["rule", "NSE"]
    for head in [*heads, f"to {reach:g}", "ratio", "95 %", "P", "angle"]:
        table.add_column(
            head, justify="left" if head == "rule" else "right", no_wrap=head in ("rule", "wrong", "P", "angle")
        )
    for number, row in enumerate(rows):
        wrong = [f"{row['wrong_percent']:.1f} %"] if classes else []
        cells = [escape(row["rule"]), error_text(row), *wrong, samples_text(row, samples)]
        cells += ["", "", ""] if number == 0 else ratio_texts(row)
        table.add_row(*cells, angle_text(row))
    return table


def short(value: float, digits: int = 2) -> str:
    """A number with so many digits: 0.0012, 35, 5,200, 2.3e-7; a dash for none."""
    if value != value:
        return "-"
    if 100 <= abs(value) < 1e4:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def error_text(row: dict[str, Any]) -> str:
    """The geometric mean of the error, or how many networks diverged."""
    if not row["diverged"]:
        return short(row["nse"])
    lost = f"{row['diverged']} of {row['n']} diverged"
    return lost if row["diverged"] == row["n"] else f"{short(row['nse'])} ({lost})"


def samples_text(row: dict[str, Any], samples: int) -> str:
    """The median number of samples; where some networks did not get there, how many did."""
    median = f"{row['samples_to_reach']:,.0f}" if row["samples_to_reach"] < math.inf else f"> {samples:,}"
    return median if row["reached"] in (0, row["n"]) else f"{median} ({row['reached']} of {row['n']})"


RATIO = ("ratio", "ratio_low", "ratio_high")


def ratio_texts(row: dict[str, Any]) -> list[str]:
    """The ratio to the first rule, its confidence interval, and P; a dash for what cannot be said."""
    ratio, low, high = (short(row[name], 3 if 0.1 < row["ratio"] < 10 else 2) for name in RATIO)
    p = "< 1e-15" if row["p"] < 1e-15 else short(row["p"])
    return [ratio, "-" if low == "-" else f"{low} to {high}", p]


def angle_text(row: dict[str, Any]) -> str:
    """The angle to backprop at the start and at the end; a star where it is that of the weights' change."""
    if row["angle_end"] != row["angle_end"]:
        return "-"
    if row["angle_start"] == row["angle_end"] == 0.0:
        return "0°"
    star = "*" if row["angle_of"] == WEIGHTS else ""
    return f"{row['angle_start']:.0f}→{row['angle_end']:.0f}°{star}"


def figure(runs: Sequence[Run], title: str, reach: float):
    """Learning curves (and the share of wrong answers), and the angle to backprop; one colour a rule."""
    ink = colours([run.arguments["rule"] for run in runs])
    classes = all("wrong" in run.arrays for run in runs)
    angled = [run for run in runs if run.arguments["rule"] != "backprop" and np.isfinite(shown(run, "angle")).any()]
    widths = [4.2, *([3.4] if classes else []), *([3.4] if angled else [])]
    drawn, axes = panels(*widths, height=3.5)
    drawn.set_size_inches(sum(widths) + 2.1, 3.5)
    for run in runs:
        rule, x = run.arguments["rule"], shown_samples(run)
        band(axes[0], x, shown(run, "nse"), ink[rule], label(run), log=True)
        if classes:
            band(axes[1], x, 100 * shown(run, "wrong"), ink[rule])
    axes[0].axhline(reach, color="#bbbbbb", linewidth=0.8, linestyle=":")
    axes[0].annotate(f"{reach:g}", (0.02, reach), xycoords=("axes fraction", "data"), fontsize=7, va="bottom",
                     color="#888888")  # fmt: skip
    axes[0].set(yscale="log", ylabel="normalised squared error, test set", title=title)
    if classes:
        axes[1].set(ylabel="wrong (%)", title="wrong answers, test set", ylim=(0, None))
    if angled:
        angles = [shown(run, "angle").mean(-1) for run in angled]  # the mean over hidden layers
        for run, angle in zip(angled, angles):
            band(axes[-1], shown_samples(run), angle, ink[run.arguments["rule"]])
        angle_axis(axes[-1], 120 if max(np.nanmax(angle) for angle in angles) <= 118 else 180)
        layers = angled[0].arrays["angle"].shape[-1]
        axes[-1].set(title="angle to backprop" + (f", mean of {layers} layers" if layers > 1 else ""))
    for axis in axes:
        axis.set_xscale("log")
        examples_axis(axis, "training samples")
    drawn.legend(loc="outside right upper")
    return drawn


def shown(run: Run, name: str) -> np.ndarray:
    """Curves of the networks that have not diverged at the end; where all have, of all until they do."""
    lost = diverged(run.arrays["nse"])
    values = run.arrays[name]
    if not lost[:, -1].all():
        return values[~lost[:, -1]]
    return np.where(lost.reshape(*lost.shape, *(1,) * (values.ndim - 2)), np.nan, values)


def label(run: Run) -> str:
    """The name of the rule, and how many of its networks diverged."""
    lost = diverged(run.arrays["nse"])[:, -1]
    return run.arguments["rule"] + (f"\n({lost.sum()} of {len(lost)} diverged)" if lost.any() else "")


def shown_samples(run: Run) -> np.ndarray:
    """Samples on a logarithmic axis: the start stands at half the first point."""
    samples = run.arrays["samples"]
    return np.maximum(samples, samples[1] / 2)
