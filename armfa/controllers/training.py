"""Training of a stack of networks, one per seed, as one array program that can be killed and resumed."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from armfa.arrays import Array
from armfa.controllers import checkpoint as files
from armfa.controllers.evaluation import evaluate, hidden_angles, unwrapped
from armfa.controllers.loop import Loop
from armfa.controllers.machine import keep_memory, one_blas_thread
from armfa.controllers.metrics import mean_loss, normalized_error
from armfa.controllers.network import MLP, Params
from armfa.controllers.optimizers import Optimizer
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.rules.feedback import Backprop
from armfa.controllers.step import Batch, Problem, TrainState, init_state
from armfa.controllers.trees import Streams, stack, take, tree_map, unstack

CHUNK_SAMPLES = 4096  # examples drawn at a time for each seed: one call of the problem serves many small updates
CHUNK_NUMBERS = 2**18  # and at most this many input numbers, 1 MB


class Report(NamedTuple):
    """What a progress callback gets: where the run is, and the latest point of its curve (means over the seeds)."""

    update: int
    updates: int
    seconds: float
    latest: dict[str, float]


class TrainResult(NamedTuple):
    """A finished run: the stack of networks, and the curve.

    curve : "updates" and "samples" (points,); each measure (points, seeds); each angle (points, seeds, hidden layers).
    """

    state: TrainState
    curve: dict[str, np.ndarray]
    seconds: float

    def params(self, number: int) -> Params:
        """The weights of one network of the stack."""
        return take(self.state.params, number)


MEASURES: Mapping[str, Callable[[Array, Any], float]] = {"loss": mean_loss, "nse": normalized_error}
REFERENCES: Mapping[str, GradientEstimator] = {"angle": Backprop()}


def train(
    problem: Problem | Sequence[Problem],
    network: MLP,
    rule: GradientEstimator,
    optimizer: Optimizer,
    *,
    seeds: int | Sequence[int],
    updates: int,
    batch_size: int,
    evaluate_every: int | None = None,
    measures: Mapping[str, Callable[[Array, Any], float]] = MEASURES,
    references: Mapping[str, GradientEstimator] = REFERENCES,
    angle_samples: int = 500,
    start: TrainState | None = None,
    dtype: type = np.float32,
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: Callable[[Report], None] | None = None,
) -> TrainResult:
    """The networks that `updates` updates make, one per seed, and their learning curves.

    problem : one for all seeds, or a list with one a seed. A seed spawns separate streams for weights, data and rule,
        so that every rule sees the same first weights and the same batches.
    evaluate_every : updates between two points of the curve (a fiftieth of the run when None).
    measures : name -> f(output, loss) on the test batch. references : name -> rule with whose teaching signals the
        rule's are compared, on `angle_samples` test examples; the curve holds the angle in degrees.
    start : stacked state to begin from instead of fresh weights. dtype : precision of weights and batches.
    checkpoint : file written every `checkpoint_every` updates and at the end. Where it exists the run goes on from it,
        and gives bit for bit the curve of an undisturbed run.
    """
    seeds = tuple(range(seeds)) if isinstance(seeds, int) else tuple(int(seed) for seed in seeds)
    shared = hasattr(problem, "batch")
    problems: list[Any] = [problem] * len(seeds) if shared else list(cast(Sequence[Problem], problem))
    every = evaluate_every or max(1, updates // 50)
    for name, value in dict(seeds=len(seeds), updates=updates, batch_size=batch_size, evaluate_every=every).items():
        if value < 1:
            raise ValueError(f"expected {name} of at least 1, got {value}")
    if start is not None and start.params[0].weight.shape[:-2] != (len(seeds),):
        found = start.params[0].weight.shape
        raise ValueError(
            f"expected start as a stack of {len(seeds)} networks, one a seed, got weights of shape {found}"
        )
    for name, reference in references.items():
        if unwrapped(reference)[0].keeps:
            raise ValueError(
                f"expected references that keep nothing, got {name} = {reference}, which has no state here"
            )
    if len(problems) != len(seeds):
        raise ValueError(f"expected one problem, or one a seed ({len(seeds)}), got {len(problems)}")
    keep_memory()
    run = _start(problems, network, rule, optimizer, seeds, batch_size, start, dtype)
    kinds = problems[:1] if shared else problems
    tests = [_in_precision(each.test(), dtype) for each in kinds]
    tests = tests * len(seeds) if shared else tests
    settings = files.jsonable(
        {"network": network, "rule": rule, "optimizer": optimizer, "seeds": seeds, "batch_size": batch_size,
         "evaluate_every": every, "problem": [getattr(each, "settings", each) for each in kinds],
         "measures": sorted(measures), "references": dict(references), "angle_samples": angle_samples,
         "dtype": np.dtype(dtype).name}
    )  # fmt: skip
    if checkpoint is not None and Path(checkpoint).exists():
        run.restore(*files.load_run(checkpoint, run.state, settings))
        if run.update > updates:
            raise files.CheckpointError(f"{checkpoint}: holds {run.update} updates, more than the {updates} asked for")
        if run.update < updates and run.update % every:  # the end of a shorter run, which is no point of this one
            run.curve = {name: [v for v, at in zip(values, run.curve["updates"]) if at % every == 0]
                         for name, values in run.curve.items()}  # fmt: skip
    began = time.perf_counter()

    def measure() -> dict[str, Any]:
        point = _measure(run, tests, measures, references, angle_samples)
        if progress is not None:
            with np.errstate(all="ignore"):
                latest = {name: float(np.mean(value)) for name, value in point.items()}
            progress(Report(run.update, updates, time.perf_counter() - began, latest))
        return point

    def due(update: int, steps: int | None = every) -> bool:
        return update == updates or bool(steps and update % steps == 0)

    def save() -> None:
        if checkpoint is not None and due(run.update, checkpoint_every):
            files.save_run(checkpoint, run.state, run.curve, settings, run.place())

    with one_blas_thread():
        run.run(updates, due, measure, save)
    curve = {name: np.asarray(values) for name, values in run.curve.items()}
    return TrainResult(run.state, curve, time.perf_counter() - began)


def _start(
    problems: list[Any], network: MLP, rule: GradientEstimator, optimizer: Optimizer, seeds: tuple[int, ...],
    batch_size: int, start: TrainState | None, dtype: type,
) -> Loop:  # fmt: skip
    """The run before its first update, with blocks that no setting but the batch size moves."""
    streams = [[np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)] for seed in seeds]
    weights, data, draws = (list(each) for each in zip(*streams))
    length = max(1, min(CHUNK_SAMPLES, CHUNK_NUMBERS // network.sizes[0]) // batch_size)

    def draw(size: int) -> Batch:
        return stack([_in_precision(p.batch(rng, size), dtype) for p, rng in zip(problems, data)])

    def block_of(update: int) -> range:
        first = update - update % length
        return range(first, first + length)

    state = start or init_state(network, rule, optimizer, Streams(weights), Streams(draws), dtype)
    return Loop(
        network, rule, optimizer, state, batch_size=batch_size, draw=draw, block_of=block_of, data=data,
        draws=Streams(draws),
    )  # fmt: skip


def _in_precision(batch: Batch, dtype: type) -> Batch:
    """The batch with its real numbers in one precision."""
    if not isinstance(batch.loss, tuple):
        raise TypeError(f"expected a loss that is a NamedTuple of arrays, got {type(batch.loss).__name__}")
    return tree_map(lambda leaf: leaf.astype(dtype, copy=False) if leaf.dtype.kind == "f" else leaf, batch)


def _measure(
    run: Loop, tests: list[Batch], measures: Mapping[str, Any], references: Mapping[str, Any], angle_samples: int
) -> dict[str, Any]:
    """One point of the curve; its random numbers are its own, so that measuring does not change the run."""
    network, points = run.network, []
    for params, rule_state, test in zip(unstack(run.state.params), unstack(run.state.rule, len(tests)), tests):
        point: dict[str, Any] = evaluate(network, params, test, measures)
        few = take(test, slice(angle_samples))
        for name, reference in references.items():
            rng = np.random.default_rng(run.update)
            point[name] = hidden_angles(network, run.rule, reference, params, few, rule_state, rng)
        points.append(point)
    here = {"updates": run.update, "samples": run.update * run.batch_size}
    return here | {name: np.array([point[name] for point in points]) for name in points[0]}
