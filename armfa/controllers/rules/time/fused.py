"""An episode forward and back in one compiled function, where Numba is installed and the episode's steps are programs.

At 128 units and batch 32 a step is some thirty array operations of a few microseconds each, and as much again between
them. Here the products are those of BLAS, what lies between them is loops, and the arm's kernels are called directly.
What can be fused: `RNN`, and `MLP` with one hidden layer, which is units without leak or recurrent weights; the whole
episode, through the plant, or told of each step's own cost alone. The arithmetic is that of `ThroughTime.backward`, to
rounding.
"""

import functools
from typing import Any

import numpy as np

from armfa.compiled import kernels
from armfa.controllers.circuits.mlp import MLP, Dense, transpose, weight_gradient
from armfa.controllers.circuits.recurrent import Cell, Deltas, Presynaptic, Recurrent
from armfa.controllers.circuits.rnn import RNN
from armfa.controllers.trees import leaves, stack, take

UNITS = {"tanh": 0, "logistic": 1, "linear": 2, "relu": 3}


def fused_gradients(
    circuit: Any, params: Any, episode: Any, feedback: Any, activity: float = 0.0, cut: bool = False
) -> Any:
    """The gradients of an episode, or None where they are not to be had so; cut: of each step's own cost."""
    if not kernels.available() or not hasattr(episode, "programs"):
        return None
    if not isinstance(circuit, RNN) and not (isinstance(circuit, MLP) and circuit.n_layers == 2 and not activity):
        return None
    arrays = episode.arrays()
    kinds = {(type(leaf), leaf.dtype) for leaf in leaves((params, arrays, feedback))}
    if len(kinds) > 1 or (kind := next(iter(kinds)))[0] is not np.ndarray or kind[1] not in (np.float32, np.float64):
        return None
    networks, weights = leaves(params)[0].ndim - 2, params if feedback is None else feedback
    if networks > 1 or arrays["trial"].ndim != networks + 2:
        return None
    if not networks:
        return _one(circuit, params, episode, weights, activity, cut)
    found = []
    for seed in range(len(leaves(params)[0])):
        own, one, back = (take(tree, seed) for tree in (params, episode, weights))
        found.append(_one(circuit, own, one, back, activity, cut))
    return stack(found)


def _one(circuit: Any, params: Any, episode: Any, weights: Any, activity: float, cut: bool) -> Any:
    """Of one network."""
    rnn = isinstance(circuit, RNN)
    (cell, out), (back, back_out) = (_as_cell(tree, rnn) for tree in (params, weights))
    unit, readout = (circuit.nonlinearity, circuit.readout) if rnn else circuit.nonlinearities
    share, rate = (circuit.share, circuit.leak == "rate") if rnn else (1.0, False)
    bound = episode.programs()
    arrays = {name: np.ascontiguousarray(x) for name, x in episode.arrays().items()}
    trial, *start = (arrays[name] for name in ("trial", "moment", "command", "inputs"))
    batch, steps, n, real = len(trial), episode.steps, cell.weight.shape[0], trial.dtype
    lines = [_history(arrays.get(name), steps, real) for name in ("body", "sight")]
    noise = np.ascontiguousarray(np.moveaxis(arrays.get("noise", np.empty((1, 1, 1), real)), -2, 0))
    rest = np.zeros((batch, n), real)
    start = [*start, circuit.rates(rest) if rnn else rest]
    moments, commands, seen, rates = (np.concatenate([x[None], np.empty((steps, *x.shape), real)]) for x in start)
    kept = np.empty((steps if rate else 1, batch, n), real)
    drive, deltas = np.empty((steps, batch, n), real), np.empty_like(commands[1:])
    matrices = [transpose(w) for w in (cell.recurrent, cell.weight, out.weight)]
    matrices += [back.recurrent, back.weight, back_out.weight]
    kernel = _kernel(*(each.program.module(real).__name__ for each in bound),
                     *(each.program.names for each in bound), real.name)  # fmt: skip
    kernel(
        *(each.table(real) for each in bound), trial, moments, commands, seen, rates, kept, drive, deltas,
        *map(np.ascontiguousarray, matrices), cell.bias, out.bias, rnn, rate, UNITS[unit], UNITS[readout],
        real.type(share), real.type(2.0 * activity / n), cut, noise, *(x for line in lines for x in line),
    )  # fmt: skip
    pre = Presynaptic(*(x.reshape(steps * batch, -1) for x in (rates[:-1], seen[:-1], rates[1:])))
    drive, deltas = (x.reshape(steps * batch, -1) for x in (drive, deltas))
    if rnn:
        return circuit.outer(Deltas(drive, deltas), pre)
    return weight_gradient(drive, pre.inputs), weight_gradient(deltas, pre.rates)


def _history(line: Any, steps: int, real: Any) -> tuple[Any, Any, int]:
    """A line's entries in the order in which they are told, with room for those to come; their derivatives; delay."""
    if line is None:
        return np.empty((1, 1, 1), real), np.empty((1, 1, 1), real), 0
    batch, entries, columns = line.shape
    told = np.moveaxis(line[:, ::-1], 1, 0)
    history = np.concatenate([told, np.empty((steps, batch, columns), real)])
    return history, np.zeros_like(history), entries - 1


def _as_cell(params: Any, rnn: bool) -> Recurrent:
    """Weights as those of a recurrent circuit; without recurrent ones, for an MLP."""
    if rnn:
        return params
    hidden, out = params
    return Recurrent(Cell(hidden.weight[:0, :0], *hidden), Dense(*out))


TEXT = """from numba import njit
import numpy as np
from armfa.compiled.simd import {real} as F
from {step} import kernel as world_step
from {back} import kernel as world_back
REAL, tanh = np.{real}, F.tanh
ZERO, HALF, ONE = REAL(0), REAL(0.5), REAL(1)

@njit(error_model="numpy")
def activate(y, unit):
    if unit == 0:
        for j in range(y.size):
            y[j] = tanh(y[j])
    elif unit == 1:
        for j in range(y.size):
            y[j] = HALF + HALF * tanh(HALF * y[j])
    elif unit == 3:
        for j in range(y.size):
            y[j] = max(y[j], ZERO)

@njit(error_model="numpy")
def weigh(d, y, unit):
    if unit == 0:
        for j in range(d.size):
            d[j] *= ONE - y[j] * y[j]
    elif unit == 1:
        for j in range(d.size):
            d[j] *= y[j] * (ONE - y[j])
    elif unit == 3:
        for j in range(d.size):
            d[j] *= REAL(y[j] > ZERO)

@njit(error_model="numpy")
def add_bias(y, bias):
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            y[i, j] += bias[j]

@njit(error_model="numpy")
def mix(into, old, new, a):
    for j in range(into.size):
        into[j] = (ONE - a) * old[j] + a * new[j]

@njit(error_model="numpy")
def add(into, x, factor):
    for j in range(into.size):
        into[j] += factor * x[j]

@njit(error_model="numpy")
def scaled(into, x, factor):
    for j in range(into.size):
        into[j] = factor * x[j]

@njit(error_model="numpy", nogil=True, cache=True)
def kernel(t_step, t_back, trial, moment, command, inputs, rates, kept, drive, deltas, R_T, I_T, O_T, R, I, O, b, b_out,
           recurrent, leaky_rate, unit, readout, a, activity, cut, noise, body, bar_body, body_delay, sight, bar_sight,
           sight_delay):
    steps, size, n = drive.shape
    x, z, sent = np.zeros((size, n), REAL), np.empty((size, n), REAL), np.empty((size, n), REAL)
    cost = np.empty((size, 1), REAL)
    for t in range(steps):
        np.dot(inputs[t], I_T, z)
        add_bias(z, b)
        if recurrent:
            np.dot(rates[t], R_T, sent)
            add(z.reshape(-1), sent.reshape(-1), ONE)
        r = rates[t + 1].reshape(-1)
        if leaky_rate:
            activate(z.reshape(-1), unit)
            kept[t] = z
            mix(r, rates[t].reshape(-1), z.reshape(-1), a)
        else:
            mix(x.reshape(-1), x.reshape(-1), z.reshape(-1), a)
            scaled(r, x.reshape(-1), ONE)
            activate(r, unit)
        np.dot(rates[t + 1], O_T, command[t + 1])
        add_bias(command[t + 1], b_out)
        activate(command[t + 1].reshape(-1), readout)
        world_step(t_step, {step_arrays})
    columns = command.shape[2]
    bar_arm, by_arm = np.zeros((size, 4 + columns), REAL), np.empty((size, 4 + columns), REAL)
    bar_inputs, by_before = np.zeros(inputs.shape[1:], REAL), np.empty((size, columns), REAL)
    carry, bar = np.zeros((size, columns), REAL), np.zeros((size, n), REAL)
    for t in range(steps - 1, -1, -1):
        world_back(t_back, {back_arrays})
        out = deltas[t].reshape(-1)
        if not cut:
            add(out, carry.reshape(-1), ONE)
            carry[:] = by_before
            bar_arm[:] = by_arm
        weigh(out, command[t + 1].reshape(-1), readout)
        np.dot(deltas[t], O, sent)
        s, d, whole = sent.reshape(-1), drive[t].reshape(-1), bar.reshape(-1)
        if activity != ZERO:
            add(s, rates[t + 1].reshape(-1), activity)
        if not leaky_rate:
            weigh(s, rates[t + 1].reshape(-1), unit)
        add(whole, s, ONE)
        scaled(d, whole, a)
        if leaky_rate:
            weigh(d, kept[t].reshape(-1), unit)
        scaled(whole, whole, ONE - a)
        if not cut:
            np.dot(drive[t], I, bar_inputs)
        if recurrent:
            np.dot(drive[t], R, sent)
            if not leaky_rate:
                weigh(s, rates[t].reshape(-1), unit)
            add(whole, s, ONE)
"""
GIVEN = {"trial": "trial", "moment": "moment[t]", "command": "command[t + 1]", "before": "command[t]",
         "noise": "noise[t]", "bar_arm": "bar_arm", "bar_inputs": "bar_inputs",
         "after": "moment[t + 1]", "inputs": "inputs[t + 1]", "cost": "cost",
         "by_arm": "by_arm", "by_command": "deltas[t]", "by_before": "by_before",
         # of a line: what is told after the step, and what enters in it
         "body": "body[t + 1]", "new_body": "body[t + 1 + body_delay]",
         "by_body": "bar_body[t + 1]", "bar_new_body": "bar_body[t + 1 + body_delay]",
         "sight": "sight[t + 1]", "new_sight": "sight[t + 1 + sight_delay]",
         "by_sight": "bar_sight[t + 1]", "bar_new_sight": "bar_sight[t + 1 + sight_delay]"}  # fmt: skip
"""What the arm's programs call their arrays, and where they stand here."""


@functools.cache
def _kernel(step: str, back: str, step_names: Any, back_names: Any, real: str) -> Any:
    """The episode, compiled around the arm's step and its derivative; names of what they take and give."""
    step_arrays, back_arrays = (
        ", ".join(GIVEN[name] for names in both for name in names) for both in (step_names, back_names)
    )
    text = TEXT.format(step=step, back=back, step_arrays=step_arrays, back_arrays=back_arrays, real=real)
    return kernels.compiled(text).kernel
