"""A block of updates in one compiled function: the default back end for small networks, where Numba is installed.

At 6-500-6 and batch 32, NumPy spends three quarters of an update between its calls and in passes over memory. Here
the examples of a batch go through all layers, the loss and back in chunks that stay in the second cache (`rows`). The
arithmetic is that of `train_step`, to rounding.

What can be fused: layers of which one side has at most `NARROW` units, of tanh, logistic or linear units; plain SGD;
rules that send the output's delta back through W^T (backprop), through matrices that are fixed (feedback alignment),
learn (Kolen-Pollack) or have the signs of W^T (sign symmetry), straight to each layer (direct feedback alignment) or
nowhere (shallow); losses that offer `bound()` and `arrays()`; float32.
"""

import functools
import itertools
from typing import Any, cast

import numpy as np

from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP, Dense
from armfa.controllers.optimizers import SGD, SGDState
from armfa.controllers.problem import Batch
from armfa.controllers.rules.direct import DirectFeedbackAlignment
from armfa.controllers.rules.feedback import Backprop, Feedback, FeedbackAlignment
from armfa.controllers.rules.learned import KolenPollack
from armfa.controllers.rules.shallow import Shallow
from armfa.controllers.rules.symmetry import FixedSignSymmetry, UniformSignSymmetry
from armfa.controllers.training.around import around
from armfa.controllers.training.layout import VECTOR, empty, known, pace, units_of, widening
from armfa.controllers.training.update import TrainState, Updates, one_by_one

CHUNK = 128
"""Examples that pass through all layers together: 128 x 500 float32 are 256 kB."""
NARROW = 64
"""Units of the narrower side of a layer, at most: wider products are BLAS's."""
SIGNED = (UniformSignSymmetry, FixedSignSymmetry)
RULES = (Backprop, FeedbackAlignment, DirectFeedbackAlignment, Shallow, KolenPollack, *SIGNED)


def fastest(circuit: Any, rule: Any, optimizer: Any) -> Updates:
    """The default back end: compiled where that can be, with a rule of one's own but for its deltas; else `one_by_one`.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.

    Returns
    -------
    Callable
        (state, examples, draws) -> state: the state after as many updates as the examples are for.
    """
    plain = one_by_one(circuit, rule, optimizer)

    def updates(state: TrainState, examples: Any, draws: Any) -> TrainState:
        made = (make(circuit, rule, optimizer, examples) for make in (fused, around))
        return next(filter(None, made), plain)(state, examples, draws)

    return updates


def fused(network: Any, rule: Any, optimizer: Any, examples: Any) -> Updates | None:
    """The back end for blocks of examples like these, or None where it cannot be."""
    plain = getattr(rule, "carry", "delta") == "delta" and getattr(rule, "derivative", "exact") == "exact"
    plain = plain and type(rule) in RULES and getattr(rule, "propagate_derivative", True)
    if not plain or not known(network, optimizer, examples):
        return None
    if any(min(pair) > NARROW for pair in itertools.pairwise(network.sizes)):
        return None
    loss: Any = examples.loss
    if (bound := getattr(loss, "bound", lambda: None)()) is None:
        return None
    names = tuple(bound.program.names[0])
    run = _kernel(bound.program.module(np.float32).__name__, names)
    return functools.partial(_updates, network, rule, optimizer, run, bound.table(np.float32), names)


def _updates(network: MLP, rule: Any, optimizer: SGD, run: Any, table: Any, names: Any, state: TrainState,
             examples: Batch, draws: Any) -> TrainState:  # fmt: skip
    inputs, loss = examples.inputs, cast(Any, examples.loss)
    seeds, count, size, _ = inputs.shape
    sizes, layers = network.sizes, network.n_layers
    shares, rates, kept = pace(optimizer, state.optimizer, state.params, count)
    factors, kept = (x.astype(np.float32) for x in (rates / size, kept))
    learns, signed = isinstance(rule, KolenPollack), isinstance(rule, SIGNED)
    paces = rule.rate * shares if learns else np.zeros(count)
    paces, held = (x.astype(np.float32) for x in (paces / size, 1.0 - paces * getattr(rule, "decay", 0.0)))
    widths = (sizes[0], *(-(-n // VECTOR) * VECTOR for n in sizes[1:-1]), sizes[-1])  # rows of whole vectors
    widens = widening(network)
    direct = isinstance(rule, DirectFeedbackAlignment)
    above = [layers] * (layers - 1) if direct else list(range(2, layers + 1))
    narrows = np.array([sizes[k] <= n for n, k in zip(sizes[1:], above)] or [True])
    lowest = layers - 1 if isinstance(rule, Shallow) else 0
    arrays = loss.arrays(names)
    room = [tuple(zeros((min(size, CHUNK), n)) for n in widths[1:]) for _ in range(2)]
    spare, nothing = zeros((1, max(widths)))[0], zeros((1, max(widths)))[0]
    totals = tuple(zeros((n,)) for n in widths[1:])
    params = [Dense(np.empty_like(layer.weight), np.empty_like(layer.bias)) for layer in state.params]
    own = () if isinstance(rule, Backprop | Shallow | UniformSignSymmetry) else state.rule.matrices
    learned = [np.empty_like(b) for b in own] if learns else own
    for seed in range(seeds):
        weights = tuple(
            _laid(layer.weight[seed], wide, widths[l + 1] if wide else widths[l])
            for l, (layer, wide) in enumerate(zip(state.params, widens))
        )
        biases = tuple(_laid(layer.bias[seed][None], False, n)[0] for layer, n in zip(state.params, widths[1:]))
        sent = tuple(
            _laid(b[seed].T, not narrow, widths[l + 1] if narrow else widths[above[l]])
            for l, (b, narrow) in enumerate(zip(own, narrows))
        )
        if isinstance(rule, UniformSignSymmetry):
            sent = tuple(np.full_like(weight, rule.scale) for weight in weights[1:])
        feedback = tuple(zeros(b.shape) for b in sent) if signed else sent or weights[1:] or weights
        gradients = tuple(zeros(w.shape) for w in weights)
        run(table, inputs[seed], *(x[seed] for x in arrays), weights, biases, feedback, sent or feedback, widens,
            narrows, units_of(network), np.array(sizes[1:]), *room, gradients, totals, spare, nothing, factors, kept,
            paces, held, optimizer.biases, direct, lowest, learns, signed)  # fmt: skip
        for b, end, narrow in zip(learned if learns else (), feedback, narrows):
            n, above_it = b[seed].shape
            b[seed] = end[:above_it, :n].T if narrow else end[:n, :above_it]
        for layer, weight, bias, wide in zip(params, weights, biases, widens):
            n_out, n_in = layer.weight[seed].shape
            layer.weight[seed] = weight[:n_in, :n_out].T if wide else weight[:n_out, :n_in]
            layer.bias[seed] = bias[:n_out]
    kept_rule = Feedback(tuple(learned)) if learns else state.rule
    return TrainState(tuple(params), kept_rule, SGDState(state.optimizer.step + count))


def zeros(shape: tuple[int, ...]) -> np.ndarray:
    """Float32 zeros that begin where a vector does."""
    room = empty(shape)
    room[...] = 0.0
    return room


def _laid(weight: np.ndarray, wide: Any, width: int) -> np.ndarray:
    """A copy of weights (n_out, n_in) as `rows` wants them, its rows filled up to `width` with zeros."""
    rows = weight.T if wide else weight
    laid = zeros((len(rows), width))
    laid[:, : rows.shape[1]] = rows
    return laid


TEXT = """from numba import njit
from armfa.controllers.training import rows
from {program} import kernel as error
@njit(error_model="numpy", nogil=True, cache=True)
def kernel(t, x, {arrays}, weights, biases, feedback, magnitudes, widens, narrows, units, sizes, rates, deltas,
           gradients, totals, spare, nothing, factors, kept, pace, held, learn_biases, direct, lowest, learns, signed):
    size, last = x.shape[1], len(weights) - 1
    for k in range(x.shape[0]):
        if signed:
            rows.take_signs(feedback, magnitudes, weights)
        for z in range(0, size, {chunk}):
            c = min({chunk}, size - z)
            here = x[k, z:z + c]
            rows.forward(here, weights, biases, widens, units, sizes, rates, spare)
            error(t, {given}, deltas[last][:c])
            rows.backward(c, feedback, narrows, direct, units, rates, deltas, nothing, spare, lowest)
            rows.add_gradients(here, rates, deltas, widens, gradients, totals, spare, lowest)
        if learns:
            rows.follow(feedback, gradients, pace[k], held[k])
        rows.descend(weights, biases, gradients, totals, factors[k], kept[k], learn_biases, lowest)
"""


@functools.cache
def _kernel(program: str, names: tuple[str, ...]) -> Any:
    """The block of updates, compiled around the error of this program."""
    from armfa.controllers.training import rows

    given = ["rates[last][:c]" if name == "output" else f"a_{name}[k, z:z + c]" for name in names]
    arrays = [f"a_{name}" for name in names if name != "output"]
    text = TEXT.format(program=program, arrays=", ".join(arrays), given=", ".join(given), chunk=CHUNK)
    return kernels.compiled(text, str(rows.__file__)).kernel
