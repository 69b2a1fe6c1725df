"""What is checked before a run begins: each refusal says what was expected, what came, and what to do."""

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from armfa.controllers.circuits import MLP
from armfa.controllers.optimizers import apply_updates
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import GradientEstimator, LearningRule, as_rule
from armfa.controllers.rules.time import RuleThroughTime
from armfa.controllers.streams import Streams
from armfa.controllers.training.measures import unwrapped
from armfa.controllers.training.update import TrainState, init_state
from armfa.controllers.trees import branches, is_array, leaves, tree_map

PARTS = {
    "network": (("init", "rest", "step", "step_vjp", "n_in"), "MLP((6, 500, 6))"),
    "optimizer": (("init", "update", "share"), "SGD(0.1)"),
    "problem": (("batch", "test"), "HandVelocityProblem()"),
}
"""What each part of a run must have, and an example of one."""

TRIED = 2
"""Examples that a rule is tried on before a run."""


def whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"expected {name} as a whole number of at least {least}, got {value!r}") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(f"expected {name} of at least {least}, got {value}")
    return number


def listed_seeds(seeds: Any) -> tuple[int, ...]:
    """Seeds as given, or 0 to n - 1 for a number n."""
    if not isinstance(seeds, str) and hasattr(seeds, "__len__"):
        whole("seeds", len(seeds))
        return tuple(whole("each seed", seed, 0) for seed in seeds)
    return tuple(range(whole("seeds", seeds)))


def part(name: str, value: Any) -> Any:
    """A part of a run that has what it needs."""
    needed, example = PARTS[name]
    if isinstance(value, type):
        raise TypeError(
            f"expected {name} such as {example}, got the class {value.__name__}: write {value.__name__}(...)"
        )
    if missing := [each for each in needed if not hasattr(value, each)]:
        raise TypeError(f"expected {name} such as {example}, got {value!r}, which has no {', no '.join(missing)}")
    return value


def problems_of(problem: Any, seeds: Sequence[int]) -> list[Any]:
    """One problem for all seeds, or one per seed."""
    if not isinstance(problem, list | tuple) or hasattr(problem, "batch"):
        return [part("problem", problem)]
    if len(problem) != len(seeds):
        raise ValueError(f"expected one problem, or one per seed ({len(seeds)}), got {len(problem)}")
    return [part("problem", each) for each in problem]


def precision(dtype: Any) -> type:
    """One of the two precisions of weights."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = repr(dtype)
    if name not in ("float32", "float64"):
        raise ValueError(f"expected dtype float32 or float64, got {name}")
    return np.dtype(dtype).type


def check_start(start: TrainState | None, seeds: Sequence[int]) -> None:
    """Refuse a state that is not one of as many networks."""
    for leaf in [] if start is None else leaves(start.params):
        if leaf.shape[:1] != (len(seeds),):
            raise ValueError(
                f"expected start as a stack of {len(seeds)} networks, one per seed, got weights of shape {leaf.shape}"
            )


def reference_rule(name: str, rule: Any) -> GradientEstimator:
    """A rule to compare with, which has no state here."""
    rule = as_rule(rule)
    if unwrapped(rule)[0].keeps:
        raise ValueError(f"expected references that keep nothing, got {name} = {rule}, which has no state here")
    return rule


def check_fit(circuit: Any, rule: Any, optimizer: Any, batch: Batch | Episode, dtype: type = np.float32) -> None:
    """Let a network that is thrown away learn from a few examples, and say which parts do not fit.

    batch : of one network, without the axis of a stack.
    """
    inner = unwrapped(rule)[0]
    if isinstance(inner, LearningRule) and not isinstance(batch, Batch):
        raise ValueError(
            f"expected a rule through time for a problem that gives episodes, such as BackpropThroughTime(), got "
            f"{_named(rule)}, which learns from batches of examples"
        )
    if isinstance(inner, LearningRule) and not isinstance(circuit, MLP):
        raise ValueError(f"expected an MLP for {_named(rule)}, got {circuit}: take a rule through time, and episodes")
    if isinstance(inner, RuleThroughTime) and isinstance(batch, Batch):
        raise ValueError(
            f"expected a problem that gives episodes, such as TaskProblem(), for {_named(rule)}, got one of examples"
        )
    few = tree_map(lambda leaf: leaf[None, :TRIED], batch)
    rngs = Streams([np.random.default_rng(0)])
    if isinstance(batch, Batch):
        _check_batch(circuit, batch)
    state = init_state(circuit, rule, optimizer, rngs, rngs, dtype)
    with np.errstate(all="ignore"):
        if isinstance(batch, Batch):
            _check_output(circuit, state.params, few)
            if isinstance(inner, LearningRule):
                _check_deltas(circuit, inner, state.params, unwrapped(rule, state.rule)[1], few, rngs)
        try:
            told = rule.paced(state.rule, optimizer.share(state.optimizer))
            gradients = rule.gradients(circuit, state.params, few, told, rngs)[0]
            _check_gradients(_named(rule), state.params, gradients)
            after = apply_updates(state.params, optimizer.update(gradients, state.optimizer, state.params)[0])
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"{_named(rule)} cannot teach {circuit} on this problem: {error}") from error
    tree_map(_check_update, state.params, after)


def _named(rule: Any) -> str:
    return type(unwrapped(rule)[0]).__name__


def _check_batch(circuit: Any, batch: Batch) -> None:
    if not isinstance(batch.loss, tuple):
        raise TypeError(f"expected a loss that is a NamedTuple of arrays, got {type(batch.loss).__name__}")
    if not is_array(batch.inputs) or batch.inputs.ndim != 2:
        raise ValueError(f"expected inputs of shape (batch, n_in), got {np.shape(batch.inputs)}")
    if batch.inputs.shape[-1] != circuit.n_in:
        raise ValueError(
            f"expected a network of {batch.inputs.shape[-1]} inputs, which the problem has, got one of {circuit.n_in}"
        )


def _check_output(circuit: Any, params: Any, few: Batch) -> None:
    output = circuit.step(params, circuit.rest(params, few.inputs.shape[-2]), few.inputs)[1].output
    try:
        fits = np.shape(few.loss.value(output)) == output.shape[:-1]
    except Exception as error:
        raise ValueError(
            f"expected a network whose outputs suit the problem's loss, got {circuit.n_out} outputs: {error}"
        ) from error
    if not fits:
        raise ValueError(f"expected a loss with one value per example, for a network of {circuit.n_out} outputs")


def _check_deltas(circuit: Any, rule: Any, params: Any, state: Any, few: Batch, rngs: Streams) -> None:
    trace = circuit.forward(params, few.inputs)
    try:
        answer = rule.deltas(circuit, params, trace, few.loss, state, rngs)
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"{_named(rule)} cannot teach {circuit} on this problem: {error}") from error
    pair = isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], Sequence)
    if not pair or any(each is not None and not is_array(each) for each in answer[0]):
        raise TypeError(f"expected {_named(rule)}.deltas to return (deltas, state), got {type(answer).__name__}")
    shapes = [z.shape for z in trace.preactivations]
    found = [None if each is None else tuple(each.shape) for each in answer[0]]
    if len(found) != len(shapes) or any(f is not None and f != s for f, s in zip(found, shapes)):
        raise ValueError(f"expected deltas of shapes {shapes} (or None) from {_named(rule)}, got {found}")


def _check_gradients(name: str, params: Any, gradients: Any) -> None:
    """Refuse gradients that are not in the form of the weights; None where nothing learns."""
    if gradients is None:
        return
    inner, found = branches(params), branches(gradients)
    if len(inner) != len(found):
        raise ValueError(
            f"expected gradients in the form of the weights from {name}, {len(inner)} parts, got {len(found)}"
        )
    if not inner and np.shape(gradients) != np.shape(params):
        raise ValueError(f"expected gradients of shape {np.shape(params)} from {name}, got {np.shape(gradients)}")
    for weights, each in zip(inner.values(), found.values()):
        _check_gradients(name, weights, each)


def _check_update(before: Any, after: Any) -> None:
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ValueError(
            f"expected an update to keep weights of {before.dtype} {before.shape}, got {after.dtype} {after.shape}"
        )
