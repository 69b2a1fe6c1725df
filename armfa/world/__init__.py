"""An arm in a task over time: pure, batch-first, differentiable; knows no Gymnasium.

world.py     one episode's memory, and what one step does to it
program.py   what is derived from that step, and compiled
"""

from armfa.tasks.task import Moment, Trial
from armfa.world.world import Outcome, Rollout, World, rollout

__all__ = ["Moment", "Outcome", "Rollout", "Trial", "World", "rollout"]
