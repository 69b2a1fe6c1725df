"""Every experiment of the papers: settings, units of work, tables, claims with verdicts, figures."""

from armfa.experiments.base import Experiment
from armfa.experiments.registry import NAMES, experiment

__all__ = ["NAMES", "Experiment", "experiment"]
