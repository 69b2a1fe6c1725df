"""How every figure looks: one colour a rule, log axes for errors, bands of two standard deviations, angles."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from armfa.files import replacing

COLOURS = {
    "shallow": "#a6a6a6",
    "shallow-own-start": "#e69f00",
    "node-perturbation": "#666666",
    "backprop": "#000000",
    "feedback-alignment": "#009e73",
    "feedback-alignment-backprop-rates": "#56b4e9",
    "backprop-4": "#cc79a7",
    "feedback-alignment-4": "#0072b2",
}
"""Of Okabe and Ito, whom readers with any colour vision can follow; grey for rules without a teaching signal."""
SPARE = (
    "#d55e00", "#0072b2", "#cc79a7", "#56b4e9", "#e69f00", "#a8a000", "#882255", "#44aa99", "#332288", "#999933",
    "#ddaa88", "#117733", "#aa4499", "#88ccee",
)  # fmt: skip
"""Of rules that have none of their own: Okabe and Ito's others, then Tol's."""
LABELS = {
    "shallow": "shallow",
    "node-perturbation": "node perturbation",
    "backprop": "backprop",
    "feedback-alignment": "feedback alignment",
}
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
}


def colours(rules: Sequence[str]) -> dict[str, str]:
    """One colour per rule: its own, or one that no other of these rules has."""
    taken = {COLOURS[rule] for rule in rules if rule in COLOURS}
    spare = cycle(colour for colour in SPARE if colour not in taken)
    return {rule: COLOURS[rule] if rule in COLOURS else next(spare) for rule in rules}


def panels(*widths: float, height: float = 3.1):
    """A figure with a row of axes of these widths, inches (`STYLE` is in force while an experiment draws)."""
    figure = Figure(figsize=(sum(widths), height))
    return figure, list(figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0])


def save_figure(figure: Figure, path: Path, dpi: int = 150) -> None:
    """Write the figure as a .png, all or nothing; below it what lines and bands are, and of how many networks.

    The figure's label, where it has one, is told beside it.
    """
    if note := "; ".join(each for each in (bands_note(figure), str(figure.get_label())) if each):
        figure.supxlabel(note, x=0.99, ha="right", fontsize=7, color="#666666")
    with replacing(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=dpi, metadata={"Software": None})


def bands_note(figure: Figure) -> str:
    """What the bands of a figure are: mean, standard deviations over what, and n; nothing where there are none."""
    counts: set[int] = set()
    kinds: dict[str, dict[str, None]] = {}  # "± 2 standard deviations over networks" -> titles of its panels
    for axis in figure.axes:
        for line in axis.lines:
            if (gid := line.get_gid()) is not None and gid.startswith(BAND):
                count, kind = gid.removeprefix(BAND).split(" ", 1)
                counts.add(int(count))
                if kind:
                    kinds.setdefault(kind, {})[axis.get_title(loc="left") or axis.get_title()] = None
    if not counts:
        return ""
    n = " to ".join(f"{count:g}" for count in dict.fromkeys((min(counts), max(counts))))
    where = [f"{kind} ({', '.join(titles)})" if len(kinds) > 1 else kind for kind, titles in kinds.items()]
    return f"lines: mean, n = {n}" + (f"; bands: {'; '.join(where)}" if kinds else "")


BAND = "band "
"""Begins the mark of a line that `band` drew: number of runs, and what its band is."""


def band(axis, x, values, colour, label=None, *, deviations=2.0, log=False, **line: Any):
    """Mean over runs (leading axis) with a band of standard deviations; on a log axis both are of the logarithm."""
    shown = np.log10(np.maximum(values, 1e-300)) if log else np.asarray(values)
    spread = shown.std(0, ddof=1) if len(shown) > 1 else np.zeros(shown.shape[1])
    kind = f"± {deviations:g} standard deviations over networks" if deviations and len(shown) > 1 else ""
    _draw_band(axis, x, shown, deviations * spread, colour, label, kind, log, line)


def over_images(axis, x, values, deviations, colour, label=None, **line: Any):
    """Mean over runs (leading axis) with a band of one standard deviation over the images of a run, as Fig. 3b has it.

    deviations : that of each run, of the form of `values`; their mean is drawn.
    """
    kind = "± 1 standard deviation over images"
    _draw_band(axis, x, np.asarray(values), np.mean(deviations, axis=0), colour, label, kind, False, line)


def _draw_band(axis, x, shown, half, colour, label, kind, log, line) -> None:
    mean = shown.mean(0)
    low, high = mean - half, mean + half
    if log:
        mean, low, high = 10**mean, 10**low, 10**high
    axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    axis.plot(x, mean, color=colour, label=label, gid=f"{BAND}{len(shown)} {kind}", **line)


def angle_axis(axis, top: float = 100.0) -> None:
    """Degrees from 0, with the 90 degrees of unrelated directions marked."""
    axis.set_ylim(0, top)
    axis.set_yticks(range(0, int(top) + 1, 30))
    axis.axhline(90, color="#999999", linewidth=0.8, linestyle=":")
    axis.set_ylabel("angle (degrees)")


def examples_axis(axis, label: str = "examples") -> None:
    """Number of training examples along x, with k and M for thousands and millions."""
    axis.set_xlabel(label)
    if axis.get_xscale() == "linear":
        axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))


def short_count(value: float) -> str:
    """A count as in `20 k` or `1.5 M`."""
    for size, name in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"
