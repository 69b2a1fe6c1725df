"""Training for experiments: a stack of networks, one per seed, measured at chosen updates.

The loop is that of the learner; here is where blocks end, and the unit's checkpoint, from which a killed run goes on
bit for bit.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from armfa.controllers.checkpoint import unpack
from armfa.controllers.circuits import Circuit
from armfa.controllers.machine import keep_memory
from armfa.controllers.streams import RunStreams
from armfa.controllers.training.fused import fastest
from armfa.controllers.training.loop import Loop, pack_run, unpack_curve, unpack_run
from armfa.controllers.training.train import in_precision
from armfa.controllers.training.update import BackEnd, TrainState, init_state
from armfa.controllers.trees import first_array, is_array, leaves
from armfa.runs.unit import Checkpoint

BLOCK = 250_000
"""Numbers drawn at once, all networks together."""


def points(updates: int, count: int = 60, first: int = 1) -> np.ndarray:
    """Updates at which a curve is measured: 0, then evenly in the logarithm from `first` to the end."""
    spread = np.geomspace(min(first, updates), updates, count).round().astype(int)
    return np.unique(np.concatenate([[0], spread, [updates]]))


def learn(
    problem: Any,
    network: Circuit,
    rule: Any,
    optimizer: Any,
    random: RunStreams,
    *,
    updates: int,
    batch_size: int,
    at: np.ndarray,
    measure: Callable[[TrainState], Mapping[str, np.ndarray]],
    checkpoint: Checkpoint,
    dtype: type = np.float32,
    start: TrainState | None = None,
    draw: Callable[[int], Any] | None = None,
    back_end: BackEnd = fastest,
    block: int | None = None,
    alone: bool = False,
) -> tuple[dict[str, np.ndarray], TrainState]:
    """Curves (seeds, points) of the measures, and the last state of the stack.

    at : updates after which `measure(state)` is recorded, the last of them `updates`; its arrays lead with the seeds.
    start : state to begin from, instead of fresh weights from `random.weights` with `dtype`.
    draw : number of examples per network -> examples (seeds, examples, ...), in the precision of the weights; the
        problem's own batches, brought to it, when None.
    block : updates that are drawn for at once, at most; as many as `BLOCK` numbers make when None.
    alone : whether a network that diverges stops by itself (NaN in its curve) instead of the run.
    """
    keep_memory()
    length = block or max(1, BLOCK // (network.n_in * batch_size * len(random.data.generators)))
    marks = np.unique([*at, updates])

    def block_of(update: int) -> range:  # that ends where the run does, so that what comes next draws from there on
        return range(update, min(update + length, int(marks[np.searchsorted(marks, update, side="right")])))

    def pause() -> None:
        if (found := precisions(run.state)) != (expected := precisions(state)):
            raise TypeError(f"expected examples in the precision of the weights, {expected}, and they became {found}: "
                            "cast what `draw` gives, or begin from a `start` in theirs")  # fmt: skip
        checkpoint.save(lambda: pack_run(run.kept(), {}))
        checkpoint.progress(run.update / updates)

    state = start or init_state(network, rule, optimizer, random.weights, random.rule, dtype)
    precision = first_array(state.params).dtype.type
    run = Loop(
        back_end(network, rule, optimizer), state, random, batch_size=batch_size, block_of=block_of, alone=alone,
        draw=draw or (lambda size: in_precision(problem.batch(random.data, size), precision)),
    )  # fmt: skip
    if (saved := checkpoint.load()) is not None:
        run.restore(unpack_run(*unpack(saved), state))
    run.run(marks, lambda: measure(run.state), pause)
    return {name: np.stack(values, axis=1) for name, values in run.curve.items()}, run.state


def curves_of(arrays: Mapping[str, np.ndarray], batch_size: int) -> dict[str, np.ndarray]:
    """Samples and curves (seeds, points) of a unit whose run or state is given; none before it has a point."""
    if "samples" in arrays:
        return dict(arrays)
    measured, curve = unpack_curve(*unpack(arrays)) if "header" in arrays else ([], {})
    by_seed = {name: values.swapaxes(0, 1) for name, values in curve.items()}
    return {"samples": np.array(measured) * batch_size, **by_seed} if curve else {}


def precisions(state: TrainState) -> str:
    """Of a state's arrays, each once: a checkpoint of others could not be gone on from."""
    return ", ".join(sorted({str(leaf.dtype) for leaf in leaves(state) if is_array(leaf)}))


def samples_to_reach(samples: np.ndarray, errors: np.ndarray, reach: float) -> np.ndarray:
    """Samples until the error of each network first is `reach`, (seeds,); infinity where the run ended before.

    Between two points of the curve the logarithm of the error is taken as a straight line.
    samples (points,); errors (seeds, points).
    """
    return np.array([_crossing(samples, error, reach) for error in errors])


def _crossing(samples: np.ndarray, error: np.ndarray, reach: float) -> float:
    below = error <= reach
    if not below.any():
        return math.inf
    at = int(np.argmax(below))
    if at == 0 or not np.isfinite(error[at - 1]) or error[at] <= 0:
        return float(samples[at])
    share = math.log(error[at - 1] / reach) / math.log(error[at - 1] / error[at])
    return float(samples[at - 1] + share * (samples[at] - samples[at - 1]))


class Stages:
    """The checkpoint of a unit that does several things one after the other: what is done stays beside what goes on.

    `run(name, share, work)` gives what `work(checkpoint)` returned, arrays, at once where it is done already. `share`
    is that of the whole unit.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.outer, self.began = checkpoint, 0.0
        self.done: dict[str, dict[str, np.ndarray]] = {}
        self.now: dict[str, np.ndarray] = {}  # of the stage that goes on
        for key, array in (checkpoint.load() or {}).items():
            name, _, inner = key.partition("/")
            (self.done.setdefault(name, {}) if name else self.now)[inner] = array

    def run(
        self, name: str, share: float, work: Callable[[Checkpoint], Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """The arrays of this stage."""
        if name not in self.done:
            self.done[name] = dict(work(_Stage(self, share)))
            self.now = {}
            self.outer.save(self.arrays)
        self.began += share
        return self.done[name]

    def arrays(self) -> dict[str, np.ndarray]:
        """All there is, by stage."""
        kept = {f"{name}/{key}": array for name, arrays in self.done.items() for key, array in arrays.items()}
        return kept | {f"/{key}": array for key, array in self.now.items()}


class _Stage:
    """The checkpoint of one stage."""

    def __init__(self, stages: Stages, share: float) -> None:
        self.stages, self.share = stages, share

    def load(self) -> dict[str, np.ndarray] | None:
        """Where it is."""
        return self.stages.now or None

    def save(self, arrays: Callable[[], Mapping[str, np.ndarray]]) -> None:
        """Beside what is done."""

        def all_of_it() -> dict[str, np.ndarray]:
            self.stages.now = dict(arrays())
            return self.stages.arrays()

        self.stages.outer.save(all_of_it)

    def progress(self, fraction: float) -> None:
        """Of the whole unit."""
        self.stages.outer.progress(min(1.0, self.stages.began + self.share * fraction))
