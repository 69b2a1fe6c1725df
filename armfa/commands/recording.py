"""What a controller that is shown does in each time step, as a table."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from armfa.world import Rollout, table
from armfa.world.world import stacked


def recorded(follower: Any, targets: Iterator[Any], steps: int) -> dict[str, np.ndarray]:
    """The columns of so many steps, trial after trial: see `armfa.world.table`.

    follower : a `Follower` or a `Performer`; `taken` is the moment, the command and the outcome of its last step.
    """
    trials = list[list[Any]]()
    for _ in range(steps):
        follower.step(next(targets))
        taken = follower.taken
        if not trials or taken[0].steps[0] == 0.0:
            trials.append([])
        trials[-1].append((taken, follower.moment))
    tables = []
    for number, trial in enumerate(trials):
        moments = [before for (before, _, _), _ in trial] + [trial[-1][1]]
        commands, outcomes = ([taken[i] for taken, _ in trial] for i in (1, 2))
        columns = table(follower.world, Rollout(stacked(moments), stacked(commands), stacked(outcomes)))
        tables.append(columns | {"trial": columns["trial"] + number})
    return {name: np.concatenate([columns[name] for columns in tables]) for name in tables[0]}
