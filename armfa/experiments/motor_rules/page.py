"""The page of the board, README.md: how far it is, the tables and the figures, in words that its numbers bear."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from armfa.experiments.motor_rules.board import Board
from armfa.experiments.motor_rules.entries import ANCHORS, BACKPROP, FROZEN
from armfa.experiments.motor_rules.ids import IDS, LEARNED, TAGS
from armfa.experiments.motor_rules.protocol import ADAPTATION_SHARE, NAME, Protocol
from armfa.experiments.motor_rules.scores import POWER

CAPTIONS = {
    "scores": "Score of each entry with its 95 % interval",
    "plausibility": "Score over what hidden layers may see",
    "ids": "Score of each entry on each id",
    "tags": "Score of each entry by tag, from 0 in the middle to 1 at the rim",
    "adaptation": "Adaptation, trial by trial",
}


def page(board: Board, figures: Sequence[str], left_out: Mapping[str, str], command: str, hours: float) -> str:
    """The page as Markdown. left_out : entry -> why it did not run. hours : of one core, all runs together."""
    protocol = board.protocol
    scale = ("**A quick board**: fewer networks, tries, updates and trials than the protocol has; it shows that "
             "everything runs, and ranks nobody.\n\n" if protocol.quick else "")  # fmt: skip
    lines = [
        f"# {NAME}\n", f"{scale}{scale_of(board)} What each number means: docs/benchmark.md.\n", board.verdict + "\n",
        f"```\n{command}\n```\n", table(*_scores(board)), "\n",
        "Score: 0 is a frozen hidden layer of random features, 1 is backprop, on a logarithmic scale of the error; "
        "interquartile mean over ids [95 % interval]. P: that a network scores above one of the other rule. No rule "
        "is ahead of another where intervals overlap.\n",
        *(f"![{CAPTIONS[name]}]({name}.png)\n" for name in figures),
        "## By tag\n", table(*_tags(board)), "\n", "## What was measured\n",
        "Geometric mean over networks at each rule's own rates; the oracle is the best excitation there is in each "
        "step. Everything is in raw.csv, the rates that were tried in tuning.csv.\n",
        table(*_raw(board)), "\n", *_moved(board), *_widths(board), *_left_out(board, left_out),
        "## Settings\n", f"{told(protocol)}, adaptation at {ADAPTATION_SHARE:g} of the rates; {hours:.1f} hours of one "
        "core.\n",
    ]  # fmt: skip
    return "\n".join(lines)


def scale_of(board: Board) -> str:
    """How many ids count."""
    ids, seeds = len(board.ids), board.protocol.seeds
    return (f"{len(board.counted)} of {ids} ids count (backprop at most {POWER:g} times the error of the frozen hidden "
            f"layer, P < .05), {len(IDS)} are in the protocol; n = {seeds} networks per rule and id.")  # fmt: skip


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, ["---"] * len(heads), *rows])


def number(value: float, digits: int = 2) -> str:
    """A number with so many digits after the point; a dash for none."""
    return "-" if not np.isfinite(value) else f"{value:.{digits}f}"


def significant(value: float) -> str:
    """A number with two digits; a dash for none."""
    return "-" if not np.isfinite(value) else f"{value:.2g}"


def interval(row: Mapping[str, float], name: str) -> str:
    """A value with its interval."""
    if not np.isfinite(row[name]):
        return "-"
    return f"{row[name]:.2f} [{number(row[name + '_low'])}, {number(row[name + '_high'])}]"


def _scores(board: Board) -> tuple[list[str], list[list[str]]]:
    heads = ["rule", "hidden layers see", "ids", "own rates", "one rate for all", "P above feedback alignment",
             "P above backprop"]  # fmt: skip
    names = ("score_own", "score_common", "better_than_feedback_alignment", "better_than_backprop")
    return heads, [
        [row["rule"], row["sees"], str(row["ids"]), *(interval(row, name) for name in names)] for row in board.rows
    ]


def _tags(board: Board) -> tuple[list[str], list[list[str]]]:
    tags = [tag for tag in TAGS if any(np.isfinite(row[tag]) for row in board.rows)]
    return ["rule", *tags], [[row["rule"], *(number(row[tag]) for tag in tags)] for row in board.rows]


def _raw(board: Board) -> tuple[list[str], list[list[str]]]:
    rules = [rule for rule in ANCHORS if rule in board.codes]
    rules += [row["rule"] for row in board.rows if row["rule"] not in rules]
    found = {(row["id"], row["rule"]): row for row in board.raw if row["column"] == "own"}
    rows = []
    for name in board.ids:
        bounds = board.bounds_of(name)
        cells = [significant(bounds[key]) if key in bounds else "-" for key in ("bound", "silent")]
        for rule in rules:
            row = found.get((name, rule))
            lost = f" ({row['diverged']} lost)" if row and row["diverged"] else ""
            cells.append(significant(row["geometric_mean"]) + lost if row else "-")
        rows.append([name, IDS[name].about, "yes" if name in board.counted else "no", *cells])
    return ["id", "what", "counts", "oracle", "silent arm", *rules], rows


def _moved(board: Board) -> list[str]:
    """What networks do with the arm, by entry."""
    keys = ("share_within_1_cm", "median_mm", "adaptation_index", "after_effect", "savings", "a_after_b_over_a_before")
    parts = []
    for name in (name for name in board.ids if name not in LEARNED):
        rows = [row for row in board.raw if row["id"] == name]
        there = [key for key in keys if any(key in row and np.isfinite(row[key]) for row in rows)]
        cells = [[row["rule"], *(number(row[key]) for key in there)] for row in rows]
        parts += [f"### {name}: {IDS[name].about}\n", table(["rule", *(key.replace("_", " ") for key in there)], cells),
                  "\n"]  # fmt: skip
    return ["Medians over networks.\n", *parts] if parts else []


def _widths(board: Board) -> list[str]:
    slopes = [(row["rule"], board.slope(row["rule"])) for row in board.rows]
    cells = [[rule, number(slope)] for rule, slope in slopes if np.isfinite(slope)]
    if not cells:
        return []
    heads = ["rule", "slope of log samples to NSE .01 over log width"]
    return ["### Width\n", table(heads, cells), "\n"]


def _left_out(board: Board, left_out: Mapping[str, str]) -> list[str]:
    weak = [name for name in board.ids if name not in board.counted]
    lines = [f"- {name}: {why}" for name, why in left_out.items()]
    if weak:
        lines.append(f"- not counted, since {BACKPROP} is not clearly ahead of {FROZEN} there: {', '.join(weak)}")
    return ["## Left out\n", *lines, "\n"] if lines else []


def told(protocol: Protocol) -> str:
    """The numbers of the protocol, as text."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(protocol).items())
