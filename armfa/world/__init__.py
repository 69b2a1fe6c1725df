"""An arm in a task over time: pure, batch-first, differentiable; knows no Gymnasium.

world.py     one episode's memory, and what one step does to it
program.py   the same step compiled, on packed arrays: what the environments and rollouts run
"""

from armfa.tasks.task import Moment, Trial
from armfa.world.world import Outcome, World, rollout

__all__ = ["Moment", "Outcome", "Trial", "World", "rollout"]
