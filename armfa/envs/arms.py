"""What an environment remembers of its arms, in packed arrays, and the compiled step that moves them."""

from typing import Any

import numpy as np

from armfa.envs.door import Door
from armfa.tasks.task import Moment
from armfa.world.program import packed, unpacked

ERROR, COST, SUCCESS, FINITE = 2, 3, 4, 5
"""Columns of what a step tells, after the two of what was achieved."""


class Arms:
    """`n` arms in one task. A step writes into the spare of two arrays, so that a refused one changes nothing."""

    def __init__(self, door: Door, n: int):
        first = packed(door.begin(np.zeros((n, door.world.draws)), {}))
        self.door, self.trial, self.moment = door, first["trial"], first["moment"]
        self.spare, self.told = np.empty_like(self.moment), np.zeros((n, 6))

    def step(self, action: np.ndarray) -> np.ndarray:
        """One time step, for actions (n, muscles), float64: what is seen (n, k), float32; `told` has the rest.

        `keep` makes it so; until then nothing has changed.
        """
        seen = np.empty((len(action), self.door.seen_size), np.float32)
        self.door.run(self.trial, self.moment, action, self.spare, seen, self.told)
        return seen

    def keep(self) -> None:
        """The last step becomes the present."""
        self.moment, self.spare = self.spare, self.moment

    def begin(self, rows: Any, moment: Moment) -> None:
        """Places these arms at the start of an episode."""
        arrays = packed(moment)
        self.trial[rows], self.moment[rows] = arrays["trial"], arrays["moment"]

    def set_goals(self, rows: Any, uniform: np.ndarray) -> np.ndarray:
        """New goals for these arms, from uniform (rows, goal_draws): the goals, as observed (rows, 2)."""
        world = self.door.world
        n, n_goals = world.arm.n_muscles, world.task.n_goals
        trial, moment = (np.ascontiguousarray(x[rows]) for x in (self.trial, self.moment))
        if self.door.run_goals is None:
            state = unpacked(trial, moment, n, n_goals).arm
            goals = world.task.goals(world.simulator, state, uniform).reshape(len(moment), -1)
        else:
            goals = np.empty((len(moment), 2 * n_goals))
            self.door.run_goals(trial, moment, uniform, goals)
        trial[:, 4 + n : 4 + n + 2 * n_goals] = goals
        self.trial[rows] = trial
        return self.door.goal_shown(world.task.goal(unpacked(trial, moment, n, n_goals)))

    def moments(self, rows: Any = slice(None)) -> Moment:
        """The present moments: copies, which later steps leave alone."""
        world = self.door.world
        return unpacked(self.trial[rows].copy(), self.moment[rows].copy(), world.arm.n_muscles, world.task.n_goals)

    def seen(self) -> np.ndarray:
        """What there is to see now (n, k), float32."""
        return np.concatenate(self.door.seen(self.moments()), axis=-1, dtype=np.float32)

    def errors(self) -> np.ndarray:
        """Distance of each arm to its goal (n,)."""
        world, moment = self.door.world, self.moments()
        return world.error(world.seen(moment), world.task.goal(moment))
