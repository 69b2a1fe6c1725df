"""The loop of training: blocks of examples through a back end, a curve, a guard, and what a killed run goes on from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from armfa.controllers.checkpoint import CheckpointError, fill, pack
from armfa.controllers.streams import RunStreams
from armfa.controllers.training.update import TrainState, Updates
from armfa.controllers.trees import is_array, leaves, named_leaves, spread, take, tree_map

QUIET: Any = {"over": "ignore", "invalid": "ignore"}
"""Of NumPy's warnings: the guard says it better."""


class Divergence(FloatingPointError):
    """A run left the range of numbers; it is stopped with its last finite state."""


class Kept(NamedTuple):
    """What a run goes on from, bit for bit.

    curve : measure -> its values, one per point; measured : the updates at which these were taken. The first `points`
        of them count: these lists grow with the run.
    place : where the run is in its random streams, JSON.
    """

    state: TrainState
    curve: dict[str, list[Any]]
    measured: list[int]
    points: int
    place: dict[str, Any]


class Loop:
    """A run of a stack of networks, and how far it is; `run` changes it in place.

    Examples are drawn a block of updates at a time, because a thousand draws cost what one costs. A block is cut where
    the curve gets a point.

    draw : number of examples of each network -> a batch of arrays (seeds, examples, ...), from the streams `data`.
    block_of : update -> the updates that are drawn for together with it, the same for each of them.
    alone : whether a network that diverges stops by itself, with NaN in its curve from there on, and the others go on;
        otherwise it stops the run.
    """

    def __init__(
        self, updates: Updates, state: TrainState, random: RunStreams, *, batch_size: int,
        draw: Callable[[int], Any], block_of: Callable[[int], range], alone: bool = False,
    ) -> None:  # fmt: skip
        self.updates, self.state, self.random = updates, state, random
        self.batch_size, self.draw, self.block_of, self.alone = batch_size, draw, block_of, alone
        self.stopped = np.zeros(len(random.rule.generators), bool)  # networks that have diverged
        self.update, self.curve, self.measured = 0, dict[str, list[Any]](), list[int]()
        self.block, self.examples, self.data_at_block = range(0), None, bits_of(random.data.generators)

    def run(
        self,
        at: np.ndarray,
        measure: Callable[[], Mapping[str, Any]],
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Go on to the last of the updates `at` (ascending); the curve gets a point at each of them.

        `pause()` is called wherever a block has been cut. Raises Divergence, with the last finite state in `state`.
        """
        if self.update in at and self.update not in self.measured:
            self._record(measure)
        while self.update < at[-1]:
            if self.examples is None or self.update >= self.block.stop:
                self._draw()
            stop = min(self.block.stop, int(at[np.searchsorted(at, self.update, side="right")]))
            part = slice(self.update - self.block.start, stop - self.block.start)
            examples = take(self.examples, (slice(None), part))
            with np.errstate(**QUIET):
                state = self.updates(self.state, examples, self.random.rule)
                if (gone := out_of_range(state)) is not None and not self.alone:
                    raise Divergence(self._told(gone, examples, stop))
            if gone is not None or self.stopped.any():
                self.stopped |= ~finite_networks(state)
                state = tree_map(self._held, self.state, state)
            self.state, self.update = state, stop
            if stop == at[np.searchsorted(at, stop)]:
                self._record(measure)
            pause()

    def kept(self) -> Kept:
        """What the run goes on from; a block that is in use is drawn again after a restart."""
        in_block = self.update < self.block.stop
        data = self.data_at_block if in_block else bits_of(self.random.data.generators)
        place = {"update": self.update, "data": data, "rule": bits_of(self.random.rule.generators),
                 "stopped": self.stopped.tolist()}  # fmt: skip
        return Kept(self.state, self.curve, self.measured, len(self.measured), place)

    def restore(self, kept: Kept) -> None:
        """Go on from there, as if nothing had come between."""
        self.state, self.update, self.examples = kept.state, kept.place["update"], None
        self.curve, self.measured = dict(kept.curve), list(kept.measured)
        self.stopped = np.array(kept.place["stopped"])
        for streams, states in ((self.random.data, kept.place["data"]), (self.random.rule, kept.place["rule"])):
            for generator, bits in zip(streams.generators, states):
                generator.bit_generator.state = bits

    def _draw(self) -> None:
        """The examples of the block that the next update is in, (seeds, updates, batch, ...)."""
        self.block, self.data_at_block = self.block_of(self.update), bits_of(self.random.data.generators)
        count, size = len(self.block), self.batch_size
        examples = self.draw(count * size)
        self.examples = tree_map(lambda leaf: leaf.reshape(len(leaf), count, size, *leaf.shape[2:]), examples)

    def _record(self, measure: Callable[[], Mapping[str, Any]]) -> None:
        with np.errstate(**QUIET):
            point = measure()
        self.measured.append(self.update)
        for name, value in point.items():
            self.curve.setdefault(name, []).append(self._held(np.nan, value) if self.stopped.any() else value)

    def _held(self, before: Any, after: Any) -> Any:
        """An array that leads with the networks, as it was before for those that have stopped."""
        return np.where(spread(self.stopped, after), before, after).astype(after.dtype)

    def _told(self, gone: str, examples: Any, stop: int) -> str:
        """What happened, in a sentence."""
        when = f"between updates {self.update} and {stop}" if stop - self.update > 1 else f"at update {stop}"
        if (wrong := out_of_range(examples)) is not None:
            return f"training stopped {when}: the problem's examples hold numbers that are not finite, in {wrong}"
        return (
            f"training diverged {when}: {gone} left the range of numbers. Lower the learning rates, or the scale of "
            "the first weights"
        )


def out_of_range(tree: Any) -> str | None:
    """The place of the first array that holds NaN or infinity, such as "params.0.weight of network 2"; else None."""
    for name, leaf in named_leaves(tree):
        if not is_array(leaf) or leaf.dtype.kind not in "fc":
            continue
        flat = leaf.ravel(order="K")
        if np.isfinite(np.dot(flat, flat)):  # one pass, and no array of truths; squares that overflow are looked at
            continue
        if not (finite := finite_networks(leaf)).all():
            return f"{name} of network {int(np.argmin(finite))}"
    return None


def finite_networks(tree: Any) -> np.ndarray:
    """Which networks of a stack hold finite numbers only."""
    kept = [leaf for leaf in leaves(tree) if is_array(leaf) and leaf.dtype.kind in "fc"]
    return np.all([np.isfinite(leaf).reshape(len(leaf), -1).all(1) for leaf in kept], axis=0)


def bits_of(generators: Sequence[np.random.Generator]) -> list[Any]:
    """The states of random generators, JSON."""
    return [generator.bit_generator.state for generator in generators]


def pack_run(kept: Kept, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What a run goes on from as named arrays, as `checkpoint.pack` makes them."""
    curve = {name: np.asarray(values[: kept.points]) for name, values in kept.curve.items() if kept.points}
    extra = {"place": kept.place, "curve": list(curve), "measured": kept.measured[: kept.points]}
    return pack((kept.state, curve), settings, extra)


def unpack_run(arrays: Sequence[np.ndarray], header: Mapping[str, Any], like: TrainState) -> Kept:
    """What a run goes on from, of the form of `like`."""
    measured, curve = unpack_curve(arrays, header)
    state = fill(like, arrays[: len(arrays) - len(curve)])
    lists = {name: list(values) for name, values in curve.items()}
    return Kept(state, lists, measured, len(measured), header["extra"]["place"])


def unpack_curve(arrays: Sequence[np.ndarray], header: Mapping[str, Any]) -> tuple[list[int], dict[str, np.ndarray]]:
    """The updates at which a run was measured, and measure -> (points, ...)."""
    extra = header["extra"]
    if "measured" not in extra:
        raise CheckpointError("expected an unfinished run of this version, got another kind of file, or an older one")
    return extra["measured"], dict(zip(extra["curve"], arrays[len(arrays) - len(extra["curve"]) :]))
