"""Layers of small networks as loops over rows, for Numba, in float32: what `fused` is made of.

Products whose one side has a handful of units are where BLAS is slow (a tenth to a third of its best at 6-500-6): here
they are sums of rows, in fours, which stay in the first cache. Weights lie as `MLP.init` lays them: (n_in, n_out) where
a layer widens, (n_out, n_in) where it narrows, so that every loop runs along the longer side. Feedback lies likewise.
"""

import numpy as np
from numba import njit

from armfa.compiled.simd import float32

FAST = {"reassoc", "contract"}
"""Sums in any order, products joined with sums: the last bits then depend on the machine's vectors, as BLAS's do."""
TANH, LOGISTIC, LINEAR = 0, 1, 2
ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
tanh = float32.tanh


@njit(error_model="numpy", fastmath=FAST)
def combine(target, rows, factors):
    """Target += sum_k factors[k] rows[k]."""
    n, k = rows.shape[0], 0
    while k + 4 <= n:
        a, b, c, d = factors[k], factors[k + 1], factors[k + 2], factors[k + 3]
        p, q, r, s = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        for j in range(target.shape[0]):
            target[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
        k += 4
    while k + 2 <= n:
        a, b, p, q = factors[k], factors[k + 1], rows[k], rows[k + 1]
        for j in range(target.shape[0]):
            target[j] += a * p[j] + b * q[j]
        k += 2
    if k < n:
        a, p = factors[k], rows[k]
        for j in range(target.shape[0]):
            target[j] += a * p[j]


@njit(error_model="numpy", fastmath=FAST)
def add_products(target, matrix, row, along):
    """Target += row times a matrix whose rows run along the target, or (not `along`) along the row."""
    if along:
        combine(target, matrix, row)
        return
    n, o = target.shape[0], 0
    while o + 3 <= n:
        p, q, r = matrix[o], matrix[o + 1], matrix[o + 2]
        a, b, c = ZERO, ZERO, ZERO
        for j in range(row.shape[0]):
            a += p[j] * row[j]
            b += q[j] * row[j]
            c += r[j] * row[j]
        target[o] += a
        target[o + 1] += b
        target[o + 2] += c
        o += 3
    while o < n:
        p, a = matrix[o], ZERO
        for j in range(row.shape[0]):
            a += p[j] * row[j]
        target[o] += a
        o += 1


@njit(error_model="numpy")
def activate(y, unit):
    """Y = f(y)."""
    if unit == TANH:
        for j in range(y.shape[0]):
            y[j] = tanh(y[j])
    elif unit == LOGISTIC:
        for j in range(y.shape[0]):
            y[j] = HALF + HALF * tanh(HALF * y[j])


@njit(error_model="numpy")
def weigh(delta, y, unit):
    """Delta = delta f'(z), by the rates y = f(z)."""
    if unit == TANH:
        for j in range(y.shape[0]):
            delta[j] *= ONE - y[j] * y[j]
    elif unit == LOGISTIC:
        for j in range(y.shape[0]):
            delta[j] *= y[j] * (ONE - y[j])


@njit(error_model="numpy")
def forward(x, weights, biases, widens, units, rates):
    """Fills in the rates of all layers, for inputs x (count, n_in)."""
    for i in range(x.shape[0]):
        for l in range(len(weights)):
            y = rates[l][i]
            y[:] = biases[l]
            add_products(y, weights[l], x[i] if l == 0 else rates[l - 1][i], widens[l])
            activate(y, units[l])


@njit(error_model="numpy")
def backward(count, feedback, narrows, direct, units, rates, deltas, lowest):
    """Turns the error in the last of the deltas into the deltas of all layers from `lowest` on."""
    last = len(rates) - 1
    for i in range(count):
        weigh(deltas[last][i], rates[last][i], units[last])
        for l in range(last - 1, lowest - 1, -1):
            d = deltas[l][i]
            d[:] = ZERO
            add_products(d, feedback[l], deltas[last if direct else l + 1][i], narrows[l])
            weigh(d, rates[l][i], units[l])


@njit(error_model="numpy")
def add_gradients(x, rates, deltas, widens, gradients, bias_gradients, lowest):
    """Adds the outer products delta x rate of these examples, and the sums of the deltas."""
    count = x.shape[0]
    ones = np.ones(count, np.float32)
    for l in range(lowest, len(deltas)):
        below, delta, gradient = x if l == 0 else rates[l - 1][:count], deltas[l][:count], gradients[l]
        for k in range(gradient.shape[0]):
            if widens[l]:
                combine(gradient[k], delta, below[:, k])
            else:
                combine(gradient[k], below, delta[:, k])
        combine(bias_gradients[l], delta, ones)


@njit(error_model="numpy")
def descend(weights, biases, gradients, bias_gradients, factors, kept, learn_biases, lowest):
    """Weights = kept weights - factor gradient; and gradients of zero for the next batch."""
    for l in range(lowest, len(weights)):
        weight, gradient, factor = weights[l], gradients[l], factors[l]
        for k in range(weight.shape[0]):
            w, g = weight[k], gradient[k]
            for j in range(w.shape[0]):
                w[j] = kept[l] * w[j] - factor * g[j]
                g[j] = ZERO
        bias, change = biases[l], bias_gradients[l]
        for j in range(bias.shape[0]):
            if learn_biases:
                bias[j] -= factor * change[j]
            change[j] = ZERO
