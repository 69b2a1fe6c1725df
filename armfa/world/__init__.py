"""An arm in a task over time: pure, batch-first, differentiable; knows no Gymnasium.

world.py     one episode's memory, and what one step does to it
program.py   what is derived from that step, and compiled
ilqr.py      the best commands for a trial that is known
reference.py the scores of silence and of an oracle, for every task
"""

from armfa.tasks.task import Moment, Trial
from armfa.world.ilqr import Plan, ilqr
from armfa.world.reference import Score, Scores, reference_scores
from armfa.world.world import Outcome, Rollout, World, rollout

__all__ = [
    "Moment",
    "Outcome",
    "Plan",
    "Rollout",
    "Score",
    "Scores",
    "Trial",
    "World",
    "ilqr",
    "reference_scores",
    "rollout",
]
