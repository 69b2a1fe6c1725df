"""What an environment remembers of its arms, in packed arrays, and the compiled step that moves them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.envs.door import Door
from armfa.tasks.task import Moment
from armfa.world.program import packed, records, unpacked

ERROR, COST, SUCCESS, CHANNEL_FORCE = 2, 3, 4, 5
"""Columns of what a step tells, after the two of what was achieved; the last with a channel only."""
NOISE_BLOCK = 64
"""Steps for which noise is drawn at once, here and there: one arm and many must agree."""


class Arms:
    """`n` arms in one task. A step writes beside the present, so that a refused one changes nothing."""

    def __init__(self, door: Door, n: int):
        world = door.world
        first = packed(door.begin(np.zeros((n, world.draws)), {}))
        self.door, self.trial, self.moment = door, first["trial"], first["moment"]
        self.spares = [np.empty_like(self.moment) for _ in range(min(2, world.senses.hold_action))]
        self.told = np.zeros((n, 6 if world.fields.channel else 5))
        self.lines = [
            Waiting(n, delay, sum(world.size_of(x) or world.arm.n_muscles for x in signals), world.senses.hold_action)
            for _, signals, delay in world.lines
            if signals
        ]
        self._latest = 0  # of the spares

    def step(self, action: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """One time step, for actions (n, muscles) and noise (n, normals), float64: what is seen (n, k), float32.

        `told` has the rest. `keep` makes it so; until then nothing has changed.
        """
        seen = np.empty((len(action), self.door.seen_size), np.float32)
        steps = self.door.world.senses.hold_action
        given = [()] * steps if noise is None else [(x,) for x in _parts(noise, steps)]
        now, success = self.moment, None
        for i in range(steps):
            after, lines = self.spares[i % 2], self.lines
            old = [line.arriving(i) for line in lines if line.delay]
            new = [line.entering(i) for line in lines]
            self.door.run(self.trial, now, *old, action, *given[i], after, seen, self.told, *new)
            if steps > 1:
                success = (
                    self.told[:, SUCCESS].copy() if success is None else np.maximum(success, self.told[:, SUCCESS])
                )
            now, self._latest = after, i % 2
        if success is not None:
            self.told[:, SUCCESS] = success
        return seen

    def keep(self) -> None:
        """The last step becomes the present."""
        self.moment, self.spares[self._latest] = self.spares[self._latest], self.moment
        for line in self.lines:
            line.keep()

    def begin(self, rows: Any, moment: Moment) -> None:
        """Places these arms at the start of an episode."""
        arrays = packed(moment)
        self.trial[rows], self.moment[rows] = arrays["trial"], arrays["moment"]
        for line, entries in zip(self.lines, (x for x in moment.line[:2] if not isinstance(x, tuple))):
            line.begin(rows, entries)

    def set_goals(self, rows: Any, uniform: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """New goals for these arms, from uniform (rows, goal_draws); what is seen (rows, k) with them, unless that
        comes later.
        """
        world = self.door.world
        trial, moment = (np.ascontiguousarray(x[rows]) for x in (self.trial, self.moment))
        if self.door.run_goals is None:
            state = unpacked(world, trial, moment).arm
            goals = world.task.goals(world.simulator, state, uniform).reshape(len(moment), -1)
        else:
            goals = np.empty((len(moment), 2 * world.task.n_goals))
            self.door.run_goals(trial, moment, uniform, goals)
        first = 4 + world.arm.n_muscles
        trial[:, first : first + goals.shape[1]] = goals
        self.trial[rows] = trial
        if "goal" not in world.sight:
            seen[:, -2:] = self.door.goal_shown(world.goal(unpacked(world, trial, moment)))
        return seen

    def moments(self, rows: Any = slice(None)) -> Moment:
        """The present moments: copies, which later steps leave alone."""
        world, lines = self.door.world, iter(self.lines)
        body, sight = (next(lines).entries(rows) if signals else () for _, signals, _ in world.lines)
        return unpacked(world, self.trial[rows].copy(), self.moment[rows].copy(), body, sight)

    def seen(self) -> np.ndarray:
        """What there is to see now (n, k), float32."""
        return np.concatenate(self.door.seen(self.moments()), axis=-1, dtype=np.float32)

    def records(self) -> dict[str, np.ndarray]:
        """What else is known of each arm, by name (n,): its variant, where the task has several, what the task
        measures, what is asked of the trial, and the force of a channel.
        """
        world = self.door.world
        task, found = world.task, {}
        if task.variants or self.door.conditioned:
            trial = unpacked(world, self.trial, self.moment).trial
            found |= {"variant": trial.variant.copy()} if task.variants else {}
            found |= {"condition": trial.condition.copy()} if self.door.conditioned else {}
        if world.fields.channel:
            found |= {"channel": trial.channel.copy(), "channel_force": self.told[:, CHANNEL_FORCE].copy()}
        return found | dict(zip(task.records, records(world, self.moment).T.copy()))

    def errors(self) -> np.ndarray:
        """Distance of each arm to its goal (n,)."""
        world, moment = self.door.world, self.moments()
        return world.error(world.seen(moment), world.goal(moment))


class Waiting:
    """A delay line of many arms, as a ring of arrays (n, k): entries lie still, and what is called the newest moves."""

    def __init__(self, n: int, delay: int, columns: int, ahead: int):
        self.delay, self.ahead, self.newest = delay, ahead, 0
        self.ring = np.zeros((delay + 1 + ahead, n, columns))

    def _at(self, age: int) -> np.ndarray:
        return self.ring[(self.newest - age) % len(self.ring)]

    def arriving(self, i: int) -> np.ndarray:
        """What is told after the i-th step from now."""
        return self._at(self.delay - 1 - i)

    def entering(self, i: int) -> np.ndarray:
        """Where that step writes what it senses."""
        return self._at(-1 - i)

    def keep(self) -> None:
        """What has entered is the newest."""
        self.newest = (self.newest + self.ahead) % len(self.ring)

    def begin(self, rows: Any, entries: np.ndarray) -> None:
        """Fills the lines of these arms (rows, delay + 1, k)."""
        for age in range(self.delay + 1):
            self._at(age)[rows] = entries[:, age]

    def entries(self, rows: Any) -> np.ndarray:
        """The lines of these arms (rows, delay + 1, k)."""
        return np.stack([self._at(age)[rows] for age in range(self.delay + 1)], axis=-2)


class Noise:
    """Standard normal numbers for each arm, from a stream of its own beside the one that draws its trials."""

    def __init__(self, n: int, size: int):
        self.block = np.zeros((n, NOISE_BLOCK, size))
        self._used, self._rows = np.full(n, NOISE_BLOCK), np.arange(n)
        self._of: list[Any] = [None] * n
        self._streams: list[Any] = [None] * n

    def follow(self, rows: Any, generators: Sequence[np.random.Generator]) -> None:
        """A new stream for each of these arms whose generator is a new one."""
        for i in rows:
            if self._of[i] is not generators[i]:
                self._of[i], (self._streams[i],) = generators[i], generators[i].spawn(1)
                self._used[i] = NOISE_BLOCK

    def drawn(self, rows: np.ndarray | None = None) -> np.ndarray:
        """The next numbers of these arms, or of all (rows, size)."""
        rows = self._rows if rows is None else rows
        used = self._used[rows]
        for i in rows[used == NOISE_BLOCK].tolist():
            self.block[i] = self._streams[i].standard_normal(self.block.shape[1:])
        used[used == NOISE_BLOCK] = 0
        self._used[rows] = used + 1
        return self.block[rows, used]


def _parts(noise: np.ndarray, steps: int) -> list[np.ndarray]:
    """The noise of each step of the simulator, as arrays of their own."""
    return [noise] if steps == 1 else [np.ascontiguousarray(x) for x in np.split(noise, steps, axis=-1)]
