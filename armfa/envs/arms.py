"""What an environment remembers of its arms, in packed arrays, and the compiled step that moves them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.envs.door import Door
from armfa.tasks.task import Moment, Trial
from armfa.world.program import packed, records, unpacked

ERROR, COST, SUCCESS, FINITE, CHANNEL_FORCE = 2, 3, 4, 5, 6
"""Columns of what a step tells, after the two of what was achieved; the last with a channel only."""
NOISE_BLOCK = 64
"""Steps for which noise is drawn at once, here and there: one arm and many must agree."""


class Arms:
    """`n` arms in one task. A step writes beside the present, so that a refused one changes nothing."""

    def __init__(self, door: Door, n: int):
        world = door.world
        first = packed(door.begin(np.zeros((n, world.draws)), {}))
        self.door, self.trial, self.moment = door, first["trial"], first["moment"]
        self.steps = world.senses.hold_action  # of the simulator, in one step
        self.spares = [np.empty_like(self.moment) for _ in range(min(2, self.steps))]
        self.told = np.zeros((n, 7 if world.fields.channel else 6))
        self.seen_size = door.seen_size
        self.plain = self.steps == 1 and not world.body and not world.sight and not world.noise
        self.lines = [
            Waiting(n, delay, sum(world.size_of(x) or world.arm.n_muscles for x in signals), self.steps)
            for _, signals, delay in world.lines
            if signals
        ]

    def step(self, action: np.ndarray, noise: np.ndarray | None = None) -> np.ndarray:
        """One time step, for actions (n, muscles) and noise (n, normals), float64: what is seen (n, k), float32.

        `told` has the rest. `keep` makes it so; until then nothing has changed.
        """
        seen = np.empty((len(action), self.seen_size), np.float32)
        if self.plain:
            self.door.run(self.trial, self.moment, action, self.spares[0], seen, self.told)
        elif self.steps == 1:
            self._one(0, self.moment, action, noise, self.spares[0], seen)
        else:
            self._held(action, noise, seen)
        return seen

    def _one(
        self, i: int, now: np.ndarray, action: np.ndarray, noise: Any, after: np.ndarray, seen: np.ndarray
    ) -> None:
        """The i-th step of the simulator from now."""
        given = () if noise is None else (noise,)
        old = [line.arriving(i) for line in self.lines if line.delay]
        new = [line.entering(i) for line in self.lines]
        self.door.run(self.trial, now, *old, action, *given, after, seen, self.told, *new)

    def _held(self, action: np.ndarray, noise: np.ndarray | None, seen: np.ndarray) -> None:
        """All steps of the simulator of one step, the action held; who succeeds in one of them succeeds."""
        parts = [None] * self.steps if noise is None else np.split(noise, self.steps, axis=-1)
        now, success = self.moment, 0.0
        for i, part in enumerate(parts):
            after = self.spares[i % 2]
            self._one(i, now, action, None if part is None else np.ascontiguousarray(part), after, seen)
            now, success = after, np.maximum(self.told[:, SUCCESS], success)
        self.told[:, SUCCESS] = success

    def keep(self) -> None:
        """The last step becomes the present."""
        if self.plain:
            self.moment, self.spares[0] = self.spares[0], self.moment
            return
        latest = (self.steps - 1) % 2
        self.moment, self.spares[latest] = self.spares[latest], self.moment
        for line in self.lines:
            line.keep()

    def begin(
        self, rows: Any, uniform: np.ndarray, options: dict[str, Any], number: Any, noise: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Begins an episode in each of these arms, as `Door.begin` does: what is seen of them (rows, k), float32, and
        how far off they are (rows,).
        """
        if not options and (run := self.door.run_begin) is not None:
            n = len(uniform)
            trial, moment = (np.empty((n, x.shape[1])) for x in (self.trial, self.moment))
            seen, error = np.empty((n, self.seen_size), np.float32), np.empty((n, 1))
            run(uniform, trial, moment, seen, error)
            self.trial[rows], self.moment[rows], self.told[rows] = trial, moment, 0.0
            return seen, error[:, 0]
        moment = self.door.begin(uniform, options, number, noise)
        arrays = packed(moment)
        self.trial[rows], self.moment[rows], self.told[rows] = arrays["trial"], arrays["moment"], 0.0
        for line, entries in zip(self.lines, (x for x in moment.line[:2] if not isinstance(x, tuple))):
            line.begin(rows, entries)
        return self.seen(rows), self.errors(rows)

    def set_goals(self, rows: Any, uniform: np.ndarray, seen: np.ndarray) -> None:
        """New goals for these arms, from uniform (rows, goal_draws); put into what is seen of all (n, k), unless that
        comes later.
        """
        world = self.door.world
        trial, moment = (np.ascontiguousarray(x[rows]) for x in (self.trial, self.moment))
        goals, shown = np.empty((len(moment), 2 * world.task.n_goals)), np.empty((len(moment), 2), np.float32)
        self.door.run_goals(trial, moment, uniform, goals, shown)
        first = 4 + world.arm.n_muscles
        self.trial[rows, first : first + goals.shape[1]] = goals
        if "goal" not in world.sight:
            seen[rows, -2:] = shown

    def moments(self, rows: Any = slice(None)) -> Moment:
        """The present moments: copies, which later steps leave alone."""
        world, lines = self.door.world, iter(self.lines)
        body, sight = (next(lines).entries(rows) if signals else () for _, signals, _ in world.lines)
        return unpacked(world, self.trial[rows].copy(), self.moment[rows].copy(), body, sight)

    def seen(self, rows: Any = slice(None)) -> np.ndarray:
        """What there is to see of these arms now (rows, k), float32."""
        return np.concatenate(self.door.seen(self.moments(rows)), axis=-1, dtype=np.float32)

    def records(self) -> dict[str, np.ndarray]:
        """What else is known of each arm, by name (n,): its variant, where the task has several, what the task
        measures, what is asked of the trial, and the force of a channel.
        """
        world, found = self.door.world, {}
        task, first = world.task, 4 + world.arm.n_muscles + 2 * world.task.n_goals
        named = ("condition", self.door.conditioned), ("variant", task.variants), ("channel", world.fields.channel)
        for name, there in named:
            if there:
                found[name] = self.trial[:, first + Trial._fields.index(name) - 2].copy()
        if world.fields.channel:
            found["channel_force"] = self.told[:, CHANNEL_FORCE].copy()
        return found | dict(zip(task.records, records(world, self.moment).T.copy()))

    def errors(self, rows: Any = slice(None)) -> np.ndarray:
        """Distance of each of these arms to its goal (rows,)."""
        world, moment = self.door.world, self.moments(rows)
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
        if len(self._rows) == 1:
            if (place := int(self._used[0])) == NOISE_BLOCK:
                self._streams[0].standard_normal(out=self.block[0])
                place = 0
            self._used[0] = place + 1
            return self.block[:, place]
        rows = self._rows if rows is None else rows
        used = self._used[rows]
        for i in rows[used == NOISE_BLOCK].tolist():
            self._streams[i].standard_normal(out=self.block[i])
        used[used == NOISE_BLOCK] = 0
        self._used[rows] = used + 1
        return self.block[rows, used]
