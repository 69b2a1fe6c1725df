"""An arm in a task over time: pure, batch-first, differentiable; knows no Gymnasium.

world.py     one episode's memory, and what one step does to it
senses.py    what is sensed, how late and how exactly; noise of the commands
fields.py    force fields, channels, pulses, a rotated hand, a target that jumps
schedule.py  which trial is what
program.py   what is derived from a step, and compiled
ilqr.py      the best commands for a trial that is known
table.py     a rollout as one row per time step
reference.py the scores of silence and of an oracle, for every task
"""

from armfa.tasks.task import Moment, Trial
from armfa.world.fields import SHADMEHR_MUSSA_IVALDI, Fields
from armfa.world.ilqr import Plan, ilqr
from armfa.world.reference import Score, Scores, reference_scores
from armfa.world.schedule import Schedule
from armfa.world.senses import SENSES, Line, Senses
from armfa.world.table import table
from armfa.world.world import Bar, Outcome, Rollout, World, rollout

__all__ = [
    "SENSES",
    "SHADMEHR_MUSSA_IVALDI",
    "Bar",
    "Fields",
    "Line",
    "Moment",
    "Outcome",
    "Plan",
    "Rollout",
    "Schedule",
    "Score",
    "Scores",
    "Senses",
    "Trial",
    "World",
    "ilqr",
    "reference_scores",
    "rollout",
    "table",
]
