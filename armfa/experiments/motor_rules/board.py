"""The board: from runs on disk to measures, scores and tables. It reads runs and nothing else."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from armfa.experiments.learning import samples_to_reach
from armfa.experiments.motor_rules.entries import BACKPROP, CLASSES, FLIPPED, FROZEN, REFERENCE, information_class
from armfa.experiments.motor_rules.ids import IDS, LEARNED, TAGS
from armfa.experiments.motor_rules.moving import measured
from armfa.experiments.motor_rules.protocol import Protocol
from armfa.experiments.motor_rules.scores import (
    Interval,
    improvement_with_interval,
    interquartile_mean,
    scores,
    tells_apart,
    with_interval,
)
from armfa.experiments.rules import label
from armfa.experiments.tuning import diverged
from armfa.runs.unit import Run

COLUMNS = ("own", "common")
QUICKLY = 0.01
"""NSE of which it is told how many samples were needed."""
FAILS = 0.1
"""What the score of the entry that must fail may be at most."""


class Board:
    """What the runs of a folder say.

    names : the entries, as codes. tuning, learning, moving, bounds : runs of each kind.
    """

    def __init__(
        self, protocol: Protocol, names: Sequence[str], tuning: Sequence[Run], learning: Sequence[Run],
        moving: Sequence[Run], bounds: Sequence[Run],
    ):  # fmt: skip
        self.protocol, self.codes = protocol, {label(name): name for name in names}
        self.tuning, self.learning, self.moving, self.bounds = tuning, learning, moving, bounds

    @cached_property
    def told(self) -> Mapping[tuple[str, str, str], Mapping[str, np.ndarray]]:
        """What is said of each network, by (id, entry, column); "measure" is what scores are made of."""
        found = {}
        for run in self.learning:
            nse, lost = run.arrays["nse"], diverged(run.arrays["nse"])[:, -1]
            key = run.arguments["id"], run.arguments["rule"], run.arguments["column"]
            found[key] = {
                "measure": np.where(lost, np.nan, nse[:, -1]),
                "samples_to_0.01": samples_to_reach(run.arrays["samples"], nse, QUICKLY),
            }
        for run in self.moving:
            found[run.arguments["id"], run.arguments["rule"], "own"] = measured(self.protocol, run)
        return found

    @cached_property
    def ids(self) -> list[str]:
        """Those of which both anchors have run, in the board's order."""
        anchored = [{key[0] for key in self.told if key[1:] == (anchor, "own")} for anchor in (FROZEN, BACKPROP)]
        return [name for name in IDS if all(name in each for each in anchored)]

    @cached_property
    def counted(self) -> list[str]:
        """Those that have the power to tell rules apart."""
        return [name for name in self.ids if tells_apart(*self.anchors(name))]

    def anchors(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Measures of the frozen hidden layer and of backprop on an id, each at its own rates."""
        frozen, backprop = (self.told[name, anchor, "own"]["measure"] for anchor in (FROZEN, BACKPROP))
        return frozen, backprop

    def entries(self) -> list[str]:
        """Those that ran, the highest score first."""
        ran = [rule for rule in self.codes if any(key[1] == rule for key in self.told)]
        value = {rule: interquartile_mean(self.scored(rule)) for rule in ran}
        return sorted(ran, key=lambda rule: -value[rule] if np.isfinite(value[rule]) else np.inf)

    def ids_of(self, rule: str, column: str = "own", tag: str | None = None) -> list[str]:
        """Counted ids on which an entry ran."""
        return [name for name in self.counted
                if (name, rule, column) in self.told and tag in (None, IDS[name].tag)]  # fmt: skip

    def scored(self, rule: str, column: str = "own", ids: Sequence[str] | None = None) -> np.ndarray:
        """Scores (seeds, ids) on these counted ids; on all where not given. Both columns lie between the same anchors,
        so that they compare.
        """
        ids = self.ids_of(rule, column) if ids is None else ids
        found = [scores(self.told[name, rule, column]["measure"], *self.anchors(name)) for name in ids]
        return np.stack(found, axis=1) if found else np.zeros((0, 0))

    def score(self, rule: str, column: str = "own") -> Interval:
        """The interquartile mean over counted ids."""
        return with_interval(self.scored(rule, column))

    def better(self, rule: str, other: str) -> Interval:
        """Probability that a network of a rule scores above one of another, on the ids that both ran."""
        both = [name for name in self.ids_of(rule) if name in self.ids_of(other)]
        return improvement_with_interval(self.scored(rule, ids=both), self.scored(other, ids=both))

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One row per entry: scores with intervals, improvements, what it may see, the score of each tag."""
        rows = []
        for rule in self.entries():
            seen = information_class(self.codes[rule])
            row: dict[str, Any] = {"rule": rule, "sees": seen, "ids": len(self.ids_of(rule))}
            for column in COLUMNS:
                row |= _named(f"score_{column}", self.score(rule, column))
            row |= _named("better_than_feedback_alignment", self.better(rule, REFERENCE))
            row |= _named("better_than_backprop", self.better(rule, BACKPROP))
            row |= {tag: interquartile_mean(self.scored(rule, ids=self.ids_of(rule, tag=tag))) for tag in TAGS}
            row["samples_tuned"] = sum(int(run.arrays["samples"]) for run in self.tuning
                                       if run.arguments["rule"] == rule)  # fmt: skip
            rows.append(row)
        return rows

    @cached_property
    def raw(self) -> list[dict[str, Any]]:
        """One row per id, entry and column: how many networks, how many diverged, and the raw numbers."""
        rows = []
        extras = list(dict.fromkeys(key for found in self.told.values() for key in found if key != "measure"))
        for name in IDS:
            for rule in self.codes:
                for column in COLUMNS:
                    if (name, rule, column) not in self.told:
                        continue
                    found = self.told[name, rule, column]
                    kept = found["measure"][np.isfinite(found["measure"])]
                    row = {"id": name, "about": IDS[name].about, "rule": rule, "column": column,
                           "n": len(found["measure"]), "diverged": len(found["measure"]) - len(kept),
                           "geometric_mean": float(np.exp(np.log(kept).mean())) if len(kept) else np.nan,
                           "median": float(np.median(kept)) if len(kept) else np.nan,
                           "worst": float(kept.max()) if len(kept) else np.nan}  # fmt: skip
                    row |= {key: _middle(found[key]) if key in found else np.nan for key in extras}
                    counts = name in self.counted
                    row["score"] = float(self.scored(rule, column, [name]).mean()) if counts else np.nan
                    rows.append(row)
        return rows

    def bounds_of(self, name: str) -> Mapping[str, float]:
        """The best excitation and a silent arm on an id: NSE, or the median distance in mm."""
        for run in self.bounds:
            if run.arguments["id"] == name:
                unit = 1.0 if name in LEARNED else 1000.0
                return {key: unit * float(np.median(value)) for key, value in run.arrays.items()}
        return {}

    def slope(self, rule: str) -> float:
        """Slope of log samples to NSE .01 over log width, over the widths at which at least half of the networks came
        there; NaN of fewer than two.
        """
        at = list[tuple[float, float]]()
        for name, each in LEARNED.items():
            if each.tag == "width" and (name, rule, "own") in self.told:
                samples = float(np.median(self.told[name, rule, "own"]["samples_to_0.01"]))
                at += [(math.log(each.hidden[0]), math.log(samples))] if np.isfinite(samples) else []
        width, samples = np.transpose(at) if at else ([], [])
        return float(np.polyfit(width, samples, 1)[0]) if len(at) > 1 else float("nan")

    @property
    def verdict(self) -> str:
        """Whether the entry that must fail does, in a sentence."""
        value = interquartile_mean(self.scored(FLIPPED))
        if not np.isfinite(value):
            return "No id told rules apart, so nothing is scored."
        if value <= FAILS:
            return f"{FLIPPED}, which must fail, does: {value:.2f}."
        return f"{FLIPPED} must fail and scores {value:.2f}: do not trust this board."

    def ranks(self, rules: Sequence[str]) -> np.ndarray:
        """How much each entry may see, as its place in `CLASSES`."""
        return np.array([CLASSES.index(information_class(self.codes[rule])) for rule in rules])


def _named(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _middle(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
