"""The loop of training: blocks of examples, one update after the other, a curve, and what a killed run goes on from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from armfa.controllers.network import MLP
from armfa.controllers.step import Batch, TrainState, train_step
from armfa.controllers.trees import take, tree_map


class Loop:
    """Where a run of a stack of networks is; `step` changes it in place.

    Examples are drawn a block of updates at a time, because a thousand draws cost what one costs.
    draw : number of examples of each network -> Batch of arrays (seeds, examples, ...), from the generators `data`.
    block_of : update -> the updates that are drawn for together with it, the same for each of them.
    draws : the generators of the rule, as `Streams`.
    curve : measure -> its values, one a point, in order.
    """

    def __init__(
        self, network: MLP, rule: Any, optimizer: Any, state: TrainState, *, batch_size: int,
        draw: Callable[[int], Batch], block_of: Callable[[int], range], data: Sequence[np.random.Generator], draws: Any,
    ) -> None:  # fmt: skip
        self.network, self.rule, self.optimizer, self.state = network, rule, optimizer, state
        self.batch_size, self.draw, self.block_of = batch_size, draw, block_of
        self.data, self.draws = data, draws
        self.update, self.curve = 0, dict[str, list[Any]]()
        self.block, self.examples, self.data_at_block = range(0), None, bits_of(data)

    def run(
        self,
        updates: int,
        due: Callable[[int], bool],
        measure: Callable[[], Mapping[str, Any]],
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """Go on to `updates`; the curve gets a point wherever it is due, and `after()` is called at every update."""
        if not self.curve and due(self.update):
            self._record(measure())
        while self.update < updates:
            self.step()
            if due(self.update):
                self._record(measure())
            after()

    def step(self) -> None:
        """One update of every network."""
        if self.examples is None or not self.in_block:
            self._draw()
        batch = take(self.examples, (slice(None), self.update - self.block.start))
        self.state = train_step(self.network, self.rule, self.optimizer, self.state, batch, self.draws)
        self.update += 1

    @property
    def in_block(self) -> bool:
        """Whether the next update uses examples that are drawn already."""
        return self.update < self.block.stop

    def place(self) -> dict[str, Any]:
        """Where the run is in its random streams: a block that is in use is drawn again after a restart. JSON."""
        data = self.data_at_block if self.in_block else bits_of(self.data)
        return {"update": self.update, "data": data, "rule": bits_of(self.draws.generators)}

    def restore(self, state: TrainState, curve: Mapping[str, Sequence[Any]], place: Mapping[str, Any]) -> None:
        """Go on from what was kept: bit for bit as if nothing had come between."""
        self.state, self.update, self.examples = state, place["update"], None
        self.curve = {name: list(values) for name, values in curve.items()}
        for generators, states in ((self.data, place["data"]), (self.draws.generators, place["rule"])):
            for generator, bits in zip(generators, states):
                generator.bit_generator.state = bits

    def _draw(self) -> None:
        """The examples of the block that the next update is in, (seeds, updates, batch, ...)."""
        self.block, self.data_at_block = self.block_of(self.update), bits_of(self.data)
        count, size = len(self.block), self.batch_size
        examples = self.draw(count * size)
        self.examples = tree_map(lambda leaf: leaf.reshape(len(leaf), count, size, *leaf.shape[2:]), examples)

    def _record(self, point: Mapping[str, Any]) -> None:
        for name, value in point.items():
            self.curve.setdefault(name, []).append(value)


def bits_of(generators: Sequence[np.random.Generator]) -> list[Any]:
    """The states of random generators, JSON."""
    return [generator.bit_generator.state for generator in generators]
