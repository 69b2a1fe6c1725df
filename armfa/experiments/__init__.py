"""Every experiment of the papers: settings, runs on disk, tables, claims with verdicts, figures, one report."""

from armfa.experiments.base import Choice, Claim, Experiment, NoCheckpoint, Run, Unit
from armfa.experiments.registry import NAMES, experiment
from armfa.experiments.reproduce import Reproduce, redraw, reproduce

__all__ = [
    "NAMES",
    "Choice",
    "Claim",
    "Experiment",
    "NoCheckpoint",
    "Reproduce",
    "Run",
    "Unit",
    "experiment",
    "redraw",
    "reproduce",
]
