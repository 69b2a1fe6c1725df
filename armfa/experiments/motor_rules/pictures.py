"""Figures of the board: scores with intervals, by id and by tag, what rules may see, and adaptation trial by trial."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from armfa.experiments.motor_rules.board import Board
from armfa.experiments.motor_rules.entries import BACKPROP, CLASSES, FLIPPED, FROZEN, REFERENCE
from armfa.experiments.motor_rules.ids import MOVED, TAGS
from armfa.experiments.motor_rules.scores import front
from armfa.reports.figures import colours, panels
from armfa.runs.unit import Run

SHOWN = (BACKPROP, REFERENCE, FROZEN)
"""Rules whose trials are drawn."""


def figures(board: Board) -> dict[str, Figure]:
    """Each by name; those for which there are runs."""
    found = {}
    if board.counted:
        found = {"scores": score_figure(board), "ids": id_figure(board), "plausibility": plausibility_figure(board)}
    if len(tags_of(board)) > 2:  # fewer span no area
        found["tags"] = radar_figure(board)
    if any(run.arguments["id"] == "curl/0" and run.arguments["rule"] in SHOWN for run in board.moving):
        found["adaptation"] = adaptation_figure(board)
    return found


def score_figure(board: Board) -> Figure:
    """Interquartile mean of each entry with its interval: own rates filled, one rate for all open."""
    rows = board.rows[::-1]
    ink = colours([row["rule"] for row in rows])
    figure, (axis,) = panels(6.4, height=1.2 + 0.27 * len(rows))
    for column, filled, shift in (("own", True, 0.12), ("common", False, -0.18)):
        for y, row in enumerate(rows):
            value, low, high = (row[f"score_{column}{end}"] for end in ("", "_low", "_high"))
            colour = ink[row["rule"]]
            axis.plot([low, high], [y + shift] * 2, color=colour, linewidth=1.6 if filled else 0.9)
            axis.plot(value, y + shift, "o", markersize=5 if filled else 4, color=colour,
                      fillstyle="full" if filled else "none")  # fmt: skip
    for x in (0.0, 1.0):
        axis.axvline(x, color="#bbbbbb", linewidth=0.8, linestyle=":")
    axis.set_yticks(range(len(rows)), [row["rule"] for row in rows])
    axis.set(xlabel="score: frozen hidden layer 0, backprop 1", title="own rates (filled), one rate for all (open)")
    figure.set_label(f"interquartile mean, 95 % interval, {len(board.counted)} ids, n = {board.protocol.seeds}")
    return figure


def id_figure(board: Board) -> Figure:
    """The mean score of each entry on each id that counts, own rates."""
    rules, ids = [row["rule"] for row in board.rows], board.counted
    values = np.array([[board.scored(rule, ids=[name]).mean() if name in board.ids_of(rule) else np.nan
                        for name in ids] for rule in rules])  # fmt: skip
    figure, (axis,) = panels(2.6 + 0.36 * len(ids), height=1.7 + 0.27 * len(rules))
    image = axis.imshow(values, vmin=0.0, vmax=1.0, cmap="viridis", aspect="auto")
    for y, x in np.ndindex(values.shape):
        if np.isfinite(values[y, x]):
            dark = values[y, x] < 0.6
            axis.text(x, y, f"{values[y, x]:.1f}", ha="center", va="center", fontsize=6,
                      color="#ffffff" if dark else "#000000")  # fmt: skip
    axis.set_yticks(range(len(rules)), rules)
    axis.set_xticks(range(len(ids)), ids, rotation=60, ha="right")
    axis.set(title="score of each id")
    figure.colorbar(image, ax=axis, extend="both", shrink=0.7)
    return figure


def tags_of(board: Board) -> list[str]:
    """Those on which any entry has a score."""
    return [tag for tag in TAGS if any(np.isfinite(row[tag]) for row in board.rows)]


def radar_figure(board: Board, columns: int = 4) -> Figure:
    """The score of each entry on each tag, own rates, one panel per entry: from 0 in the middle to 1 at the rim.

    Scores beyond are drawn at these ends and written at their tags; where an entry has none, its line is broken.
    """
    tags, rows = tags_of(board), [row for row in board.rows if row["rule"] != FLIPPED]
    ink, angles = colours([row["rule"] for row in rows]), 2.0 * np.pi * np.arange(len(tags) + 1) / len(tags)
    count = -(-len(rows) // columns)
    figure = Figure(figsize=(2.2 * columns, 2.5 * count), layout="constrained")
    axes = np.ravel(figure.subplots(count, columns, squeeze=False, subplot_kw={"projection": "polar"}))
    for axis, row in zip(axes, rows):
        values = np.array([row[tag] for tag in tags])
        line = np.clip([*values, values[0]], 0.0, 1.0)
        axis.plot(angles, line, "o-", color=ink[row["rule"]], markersize=2.5, linewidth=1.2)
        if np.isfinite(values).all():
            axis.fill(angles, line, color=ink[row["rule"]], alpha=0.15, linewidth=0)
        words = [f"{tag}\n{value:.2f}" if not 0 <= value <= 1 and np.isfinite(value) else tag
                 for tag, value in zip(tags, values)]  # fmt: skip
        axis.set_xticks(angles[:-1], words, fontsize=6)
        axis.set_yticks([0.5, 1.0], ["", ""])
        axis.tick_params(axis="x", pad=5)
        axis.set(ylim=(0.0, 1.0))
        axis.set_title(row["rule"], fontsize=8)
    for axis in axes[len(rows) :]:
        axis.remove()
    figure.suptitle("score of each tag: middle 0, frozen hidden layer; rim 1, backprop", fontsize=9)
    figure.set_label(
        f"interquartile mean over ids of the tag, n = {board.protocol.seeds}; numbers: scores beyond the rim"
    )
    return figure


def plausibility_figure(board: Board) -> Figure:
    """Score over what hidden layers may see; the line joins the entries that none beats which sees as little."""
    rows = [row for row in board.rows if row["rule"] != FLIPPED]
    rules = [row["rule"] for row in rows]
    ink, ranks = colours(rules), board.ranks(rules)
    values = np.array([row["score_own"] for row in rows])
    best = front(ranks, values)
    figure, (axis,) = panels(8.0, height=4.4)
    order = [i for i in np.lexsort((values, ranks)) if best[i]]
    axis.plot(ranks[order], values[order], color="#bbbbbb", linewidth=1.2, zorder=0)
    for place in np.unique(ranks):
        inside = sorted(np.flatnonzero(ranks == place), key=lambda i: -values[i])
        for number, i in enumerate(inside):
            x = place + 0.09 * (number - (len(inside) - 1) / 2)
            axis.plot([x, x], [rows[i]["score_own_low"], rows[i]["score_own_high"]], color=ink[rules[i]], linewidth=1.0)
            axis.plot(x, values[i], "o", color=ink[rules[i]], markersize=5, label=rules[i])
    for y in (0.0, 1.0):
        axis.axhline(y, color="#bbbbbb", linewidth=0.8, linestyle=":")
    there = sorted(set(ranks))
    axis.set_xticks(there, [CLASSES[rank].replace(" ", "\n") for rank in there], fontsize=7)
    axis.set(ylabel="score", title="score over what hidden layers may see")
    figure.legend(loc="outside right upper")
    return figure


def adaptation_figure(board: Board) -> Figure:
    """Trial by trial, the mean over networks: deviation and index in the curl field, direction under the rotation."""
    figure, axes = panels(3.4, 3.4, 3.4)
    parts = (("curl/0", "deviation", 1000.0, "deviation (mm)"), ("curl/0", "index", 1.0, "adaptation index"),
             ("rotation/0", "direction", 1.0, "direction (degrees)"))  # fmt: skip
    ink = colours(SHOWN)
    for axis, (name, key, unit, words) in zip(axes, parts):
        for run in _of(board.moving, name):
            mean = unit * run.arrays[key].mean(0)
            there = np.isfinite(mean)
            rule = run.arguments["rule"]
            axis.plot(np.flatnonzero(there), mean[there], color=ink[rule], linewidth=1.0, label=rule)
        axis.axhline(0.0, color="#bbbbbb", linewidth=0.8)
        ends = np.cumsum([0, *board.protocol.adaptation_trials])
        for first, last in ((ends[1], ends[2]), (ends[3], ends[4])):
            axis.axvspan(first, last, color="#eeeeee", zorder=0)
        axis.set(xlabel="trial", ylabel=words, title=MOVED[name].about)
    axes[0].legend(fontsize=6)
    return figure


def _of(runs: Sequence[Run], name: str) -> list[Any]:
    return [run for run in runs if run.arguments["id"] == name and run.arguments["rule"] in SHOWN]
