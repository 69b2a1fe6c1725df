"""Training of a stack of networks, one per seed, as one array program that can be killed and resumed."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from armfa.arrays import Array
from armfa.controllers import checkpoint as files
from armfa.controllers.circuits import MLP, Circuit
from armfa.controllers.machine import keep_memory, one_blas_thread
from armfa.controllers.optimizers import Optimizer
from armfa.controllers.problem import Batch, Problem
from armfa.controllers.rules import GradientEstimator, as_rule
from armfa.controllers.rules.feedback import Backprop
from armfa.controllers.streams import streams
from armfa.controllers.training.doors import (
    check_fit,
    check_start,
    listed_seeds,
    part,
    precision,
    problems_of,
    reference_rule,
    whole,
)
from armfa.controllers.training.fused import fastest
from armfa.controllers.training.loop import Kept, Loop, pack_run, unpack_run
from armfa.controllers.training.measures import EPISODE_MEASURES, MEASURES, evaluate, teaching_angles
from armfa.controllers.training.progress import Report, shown_progress
from armfa.controllers.training.update import BackEnd, TrainState, init_state
from armfa.controllers.trees import stack, take, tree_map, unstack

CHUNK_SAMPLES = 4096  # examples drawn at a time for each seed: one call of the problem serves many small updates
CHUNK_NUMBERS = 2**18  # and at most this many input numbers, 1 MB
SECONDS_BETWEEN_FILES = 10.0
"""A checkpoint is written so often where no number of updates is given."""

REFERENCES: Mapping[str, GradientEstimator | str] = {"angle": Backprop()}


class Checkpoint(Protocol):
    """Who keeps the state of a run, where it is no file of its own."""

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays saved last, or None at the first start."""
        ...

    def save(self, arrays: Callable[[], Mapping[str, np.ndarray]]) -> None:
        """Keep `arrays()`, now and then."""
        ...

    def progress(self, fraction: float) -> None:
        """Take the share that is done, 0 to 1."""
        ...


class TrainResult(NamedTuple):
    """A finished run: the stack of networks, and the curve.

    Parameters
    ----------
    state : TrainState
        The stack of networks at the end.
    curve : dict[str, np.ndarray]
        "updates" and "samples" (points,); each measure (points, seeds); each angle (points, seeds, hidden
        layers).
    seconds : float
        How long it took.
    settings : dict[str, Any]
        What the run was asked for, as a checkpoint keeps it.
    """

    state: TrainState
    curve: dict[str, np.ndarray]
    seconds: float
    settings: dict[str, Any]

    def params(self, number: int) -> Any:
        """The weights of one network of the stack."""
        return take(self.state.params, number)

    def __repr__(self) -> str:
        """One line: the rule, how many networks learned how long, and where they ended."""
        ends = [f"{name} {np.mean(self.curve[name][-1]):.4g}" for name in self._measured()]
        told = f"{len(self.settings['seeds'])} networks, {self.curve['updates'][-1]} updates, {self.seconds:.1f} s"
        return f"TrainResult({self.settings['rule']}, {told}: {', '.join(ends)})"

    def plot(self) -> Any:
        """The learning curves, one panel per measure, one line per network, as a matplotlib figure."""
        from matplotlib.figure import Figure

        names = self._measured()
        figure = Figure(figsize=(3.6 * len(names), 3.0), layout="constrained")
        for axis, name in zip(np.atleast_1d(figure.subplots(1, len(names))), names):
            values = self.curve[name]
            axis.plot(self.curve["samples"], values.reshape(len(values), -1), linewidth=1)
            angle = values.ndim == 3
            axis.set(xlabel="samples", ylabel=f"{name}, degrees" if angle else name, title=self.settings["rule"])
            if not angle and np.nanmin(values, initial=1.0) > 0:
                axis.set_yscale("log")
        return figure

    def to_csv(self, path: str | Path) -> None:
        """Write the curves, one row per point and network; angles have a column per hidden layer."""
        rows = self.rows()
        with files.replacing(Path(path).expanduser()) as unfinished, unfinished.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def rows(self) -> list[dict[str, Any]]:
        """The curves, one row per network and point: seed, updates, samples and what was measured, by name."""
        parts = [(name, self.curve[name]) for name in self._measured()]
        titles = [name if x.ndim == 2 else f"{name}_{k}" for name, x in parts for k in range(x[0, 0].size)]
        return [
            {"seed": seed, "updates": int(updates), "samples": int(samples)}
            | dict(zip(titles, [float(value) for _, x in parts for value in np.ravel(x[k, number])]))
            for number, seed in enumerate(self.settings["seeds"])
            for k, (updates, samples) in enumerate(zip(self.curve["updates"], self.curve["samples"]))
        ]

    def _measured(self) -> list[str]:
        return [name for name, x in self.curve.items() if x.ndim > 1 and x[0, 0].size]


def train(
    problem: Problem | Sequence[Problem],
    network: Circuit,
    rule: GradientEstimator | str,
    optimizer: Optimizer,
    *,
    seeds: int | Sequence[int],
    updates: int,
    batch_size: int,
    evaluate_every: int | None = None,
    measures: Mapping[str, Callable[[Array, Any], float]] | None = None,
    references: Mapping[str, GradientEstimator | str] | None = None,
    angle_samples: int = 500,
    start: TrainState | None = None,
    dtype: type = np.float32,
    checkpoint: str | Path | Checkpoint | None = None,
    checkpoint_every: int | None = None,
    progress: bool | Callable[[Report], None] | None = True,
    back_end: BackEnd = fastest,
) -> TrainResult:
    """The networks that `updates` updates make, one per seed, and their learning curves.

    Parameters
    ----------
    problem : Problem, or one per seed
        What is learned.
    network : Circuit
        Which network learns, such as MLP((6, 500, 6)).
    rule : GradientEstimator, or the name of one
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go, such as SGD(0.1).
    seeds : int, or a list of them
        A number n stands for 0 to n - 1. A seed spawns separate streams for weights, data and rule, so that every rule
        sees the same first weights and the same batches; they are those of the commands and the experiments.
    updates : int
        Weight updates of each network.
    batch_size : int
        Examples per update.
    evaluate_every : int or None
        Updates between two points of the curve. None: a power of two that gives 50 to 100 points, so that a run which
        is asked for more updates later has its points among those of the longer one.
    measures : {name: f(output, loss)}
        On the test batch; of episodes f(costs, episode).
    references : {name: rule}
        With whose teaching signals the rule's are compared; the curve has the angle in degrees. None:
        {"angle": Backprop()} where examples teach an MLP.
    angle_samples : int
        Test examples over which an angle is averaged.
    start : TrainState
        A stack to begin from instead of fresh weights.
    dtype : type
        Precision of weights and batches.
    checkpoint : path, or what has `load`, `save` and `progress` as a unit of work has them
        File that a killed run goes on from, and bit for bit gives the curve of an undisturbed run. It is written now
        and then, at the end, at Ctrl-C and when training diverges, then with the last finite state. Where it exists the
        run goes on from it, also to more updates.
    checkpoint_every : int or None
        Updates between two writings, at least. None: ten seconds.
    progress : bool or f(Report)
        True shows a bar on a terminal where it takes long; a function is called at every point of the curve.
    back_end : BackEnd
        How updates are made: `fastest` (compiled by Numba where that can be, rules of one's own but for their `deltas`;
        else `one_by_one`), `one_by_one` (any rule, in NumPy), `in_place` (wide layers), `compiled` (JAX).

    Returns
    -------
    TrainResult
        Weights, curves and settings; `.plot()`, `.to_csv()`, `.params(seed)`.

    Raises
    ------
    Divergence
        Where weights left the range of numbers; it says which, and when.
    CheckpointError
        Where the file is damaged, of another kind, or of a run with other settings.
    """
    rule, seeds, dtype = as_rule(rule), listed_seeds(seeds), precision(dtype)
    network, optimizer = part("network", network), part("optimizer", optimizer)
    updates, batch_size = whole("updates", updates), whole("batch_size", batch_size)
    every = spacing(updates) if evaluate_every is None else whole("evaluate_every", evaluate_every)
    often = None if checkpoint_every is None else whole("checkpoint_every", checkpoint_every)
    angle_samples = whole("angle_samples", angle_samples)
    kinds = problems_of(problem, seeds)
    check_start(start, seeds)
    tests = [in_precision(each.test(), dtype) for each in kinds]
    for test in tests:
        check_fit(network, rule, optimizer, test, dtype)
    examples = isinstance(tests[0], Batch)
    measures = measures if measures is not None else MEASURES if examples else EPISODE_MEASURES
    if references is None:
        references = REFERENCES if examples and isinstance(network, MLP) else {}
    compared = {name: reference_rule(name, each) for name, each in references.items()}
    keep_memory()
    problems, tests = (each * len(seeds) if len(kinds) < len(seeds) else each for each in (kinds, tests))
    random = streams(seeds)
    length = max(1, min(CHUNK_SAMPLES, CHUNK_NUMBERS // network.n_in) // batch_size)

    def draw(size: int) -> Any:
        return stack([in_precision(p.batch(r, size), dtype) for p, r in zip(problems, random.data.generators)])

    def block_of(update: int) -> range:  # that no setting but the batch size moves
        first = update - update % length
        return range(first, first + length)

    state = start or init_state(network, rule, optimizer, random.weights, random.rule, dtype)
    run = Loop(back_end(network, rule, optimizer), state, random, batch_size=batch_size, draw=draw, block_of=block_of)
    settings = files.jsonable(
        {"network": network, "rule": rule, "optimizer": optimizer, "seeds": seeds, "batch_size": batch_size,
         "evaluate_every": evaluate_every, "problem": [getattr(each, "settings", each) for each in kinds],
         "measures": sorted(measures), "references": compared, "angle_samples": angle_samples,
         "dtype": np.dtype(dtype).name, "back_end": getattr(back_end, "__name__", str(back_end))}
    )  # fmt: skip
    at = np.unique([*range(0, updates, every), updates])
    if checkpoint is None:
        keeper = nullcontext(lambda: None)
    elif isinstance(checkpoint, str | Path):
        keeper = Keeper(checkpoint, settings, run, often)
        keeper.resume(updates, at)
    else:
        keeper = nullcontext(kept_by(checkpoint, settings, run, updates))
    began = time.perf_counter()
    with shown_progress(progress, updates) as tell, one_blas_thread(), keeper as pause:

        def measure() -> dict[str, Any]:
            point = measured(run, network, rule, tests, measures, compared, angle_samples)
            latest = {name: float(np.mean(value)) for name, value in point.items() if value.size}
            tell(Report(run.update, updates, time.perf_counter() - began, latest))
            return point

        run.run(at, measure, pause)
    curve = {"updates": np.array(run.measured), "samples": np.array(run.measured) * batch_size}
    curve |= {name: np.asarray(values) for name, values in run.curve.items()}
    return TrainResult(run.state, curve, time.perf_counter() - began, settings)


def kept_by(checkpoint: Checkpoint, settings: dict[str, Any], run: Loop, updates: int) -> Callable[[], None]:
    """Let a run go on from what was kept of it; returns what is called when a block of examples is done."""
    if (saved := checkpoint.load()) is not None:
        arrays, header = files.unpack(saved)
        run.restore(unpack_run(arrays, header, run.state))

    def pause() -> None:
        checkpoint.save(lambda: pack_run(run.kept(), settings))
        checkpoint.progress(run.update / updates)

    return pause


def spacing(updates: int) -> int:
    """Updates between two points of a curve with 50 to 100 of them: a power of two."""
    return 2 ** max(0, int(np.log2(updates / 50))) if updates >= 50 else 1


class Keeper(AbstractContextManager):
    """Writes a run to its file now and then, and whenever the block ends, however it ends."""

    def __init__(self, path: str | Path, settings: dict[str, Any], run: Loop, every: int | None) -> None:
        self.path, self.settings, self.run, self.every = Path(path).expanduser(), settings, run, every
        self.last: Kept | None = None  # as it was when the last block of examples was done
        self.written, self.written_at = time.monotonic(), 0

    def resume(self, updates: int, at: np.ndarray) -> None:
        """Go on from the file, where there is one."""
        if not self.path.exists():
            return
        arrays, header = files.read(self.path)
        files.refuse_other_settings(self.path, self.settings, header["settings"])
        try:
            kept = unpack_run(arrays, header, self.run.state)
        except files.CheckpointError as error:
            raise files.CheckpointError(f"{self.path}: {error}") from error
        done = kept.place["update"]
        if done > updates:
            raise files.CheckpointError(f"{self.path}: holds {done} updates, more than the {updates} asked for")
        # Points that the run now has not, such as the end of a shorter one, go; one that it should have here is taken.
        points = np.flatnonzero(np.isin(kept.measured, at))
        curve = {name: [values[k] for k in points] for name, values in kept.curve.items()}
        self.run.restore(kept._replace(curve=curve, measured=[kept.measured[k] for k in points]))
        self.written_at = done

    def __enter__(self) -> Callable[[], None]:
        """What is called when a block of examples is done; a file that cannot be written is found out now."""
        if self.run.update == 0:
            self.last = self.run.kept()
            self.write()
        return self.pause

    def pause(self) -> None:
        """Remember where the run is, and write it when it is time."""
        self.last = self.run.kept()
        late = time.monotonic() - self.written >= SECONDS_BETWEEN_FILES
        if late if self.every is None else self.run.update - self.written_at >= self.every:
            self.write()

    def write(self) -> None:
        """Write what was remembered."""
        if self.last is not None:
            files.save_packed(self.path, pack_run(self.last, self.settings))
            self.written, self.written_at = time.monotonic(), self.last.place["update"]
            self.last = None

    def __exit__(self, *error: object) -> None:
        """Write what is not on the disk yet."""
        self.write()


def in_precision(batch: Any, dtype: type) -> Any:
    """The batch with its real numbers in one precision."""
    return tree_map(lambda leaf: leaf.astype(dtype, copy=False) if leaf.dtype.kind == "f" else leaf, batch)


def measured(
    run: Loop, network: Any, rule: GradientEstimator, tests: Sequence[Any], measures: Mapping[str, Any],
    references: Mapping[str, GradientEstimator], angle_samples: int,
) -> dict[str, Any]:  # fmt: skip
    """One point of the curve; its random numbers are its own, so that measuring does not change the run."""
    points = []
    for params, rule_state, test in zip(unstack(run.state.params), unstack(run.state.rule, len(tests)), tests):
        point: dict[str, Any] = evaluate(network, params, test, measures)
        few = take(test, slice(angle_samples)) if references else test
        for name, reference in references.items():
            rng = np.random.default_rng(run.update)
            point[name] = teaching_angles(network, rule, params, few, rule_state, rng, reference)
        points.append(point)
    return {name: np.array([point[name] for point in points]) for name in points[0]}
