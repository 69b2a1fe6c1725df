"""Layers of small networks as loops along rows, for Numba, in float32: what `fused` is made of.

Products whose one side has a handful of units are where BLAS is slow (a tenth to a third of its best at 6-500-6): here
they are sums of rows, two sums of six rows at a time, which stay in the first cache. Weights lie (n_in, n_out) where a
layer widens, (n_out, n_in) where it narrows, so that every loop runs along the longer side. Feedback lies likewise.
Rows of hidden units end in zeros, up to a whole number of vectors: a loop's last numbers are taken one by one
(at 500 units a fifth of the time).
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
def _add_six(x, y, p, q, r, s, t, u, left, i, k, second):
    a, b, c, d, e, f = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3], left[i, k + 4], left[i, k + 5]
    i += second
    g, h, l, m, n, o = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3], left[i, k + 4], left[i, k + 5]
    for j in range(x.shape[0]):
        x[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j] + e * t[j] + f * u[j]
        y[j] += g * p[j] + h * q[j] + l * r[j] + m * s[j] + n * t[j] + o * u[j]


@njit(error_model="numpy", fastmath=FAST)
def _add_two(x, y, p, q, left, i, k, second):
    a, b, c, d = left[i, k], left[i, k + 1], left[i + second, k], left[i + second, k + 1]
    for j in range(x.shape[0]):
        x[j] += a * p[j] + b * q[j]
        y[j] += c * p[j] + d * q[j]


@njit(error_model="numpy", fastmath=FAST)
def _add_one(x, y, p, left, i, k, second):
    a, b = left[i, k], left[i + second, k]
    for j in range(x.shape[0]):
        x[j] += a * p[j]
        y[j] += b * p[j]


@njit(error_model="numpy")
def add_product(target, left, right, spare):
    """Target (m, n) += left (m, k) right (k, n); `spare` is a row that may be written over."""
    rows, count = target.shape[0], right.shape[0]
    for i in range(0, rows, 2):
        second = min(1, rows - 1 - i)
        x, y = target[i], target[i + 1] if second else spare[: target.shape[1]]
        k = 0
        while k + 6 <= count:
            p, q, r, s, t, u = right[k], right[k + 1], right[k + 2], right[k + 3], right[k + 4], right[k + 5]
            _add_six(x, y, p, q, r, s, t, u, left, i, k, second)
            k += 6
        while k + 2 <= count:
            _add_two(x, y, right[k], right[k + 1], left, i, k, second)
            k += 2
        if k < count:
            _add_one(x, y, right[k], left, i, k, second)


@njit(error_model="numpy")
def fill(target, row):
    """Every row of the target becomes this row."""
    for i in range(target.shape[0]):
        y = target[i]
        for j in range(y.shape[0]):  # an assignment of slices is ten times slower
            y[j] = row[j]


@njit(error_model="numpy", fastmath=FAST)
def dots(target, begin, left, right):
    """Target (m, n) = begin (n,) + left (m, k) right^T (k, n), along the rows of left and of right (n, k)."""
    rows, count = target.shape[0], right.shape[0]
    for i in range(0, rows, 2):
        other = min(i + 1, rows - 1)
        x, y = left[i], left[other]
        for o in range(0, count, 3):
            middle, last = min(o + 1, count - 1), min(o + 2, count - 1)
            p, q, r = right[o], right[middle], right[last]
            a, b, c, d, e, f = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
            for j in range(x.shape[0]):
                a += x[j] * p[j]
                b += x[j] * q[j]
                c += x[j] * r[j]
                d += y[j] * p[j]
                e += y[j] * q[j]
                f += y[j] * r[j]
            for row, sums in ((i, (a, b, c)), (other, (d, e, f))):
                target[row, o] = begin[o] + sums[0]
                target[row, middle] = begin[middle] + sums[1]
                target[row, last] = begin[last] + sums[2]


@njit(error_model="numpy")
def activate(rates, unit, size):
    """Rates = f(rates) in the first `size` columns, and 0 in those that only fill up the rows."""
    y = rates.reshape(-1)  # one long loop: those of six numbers are no vector
    if unit == TANH:
        for j in range(y.shape[0]):
            y[j] = tanh(y[j])
    elif unit == LOGISTIC:
        for j in range(y.shape[0]):
            y[j] = HALF + HALF * tanh(HALF * y[j])
        for i in range(rates.shape[0]):
            for j in range(size, rates.shape[1]):
                rates[i, j] = ZERO


@njit(error_model="numpy")
def weigh(deltas, rates, unit):
    """Deltas = deltas f'(z), by the rates y = f(z)."""
    delta, y = deltas.reshape(-1), rates.reshape(-1)
    if unit == TANH:
        for j in range(y.shape[0]):
            delta[j] *= ONE - y[j] * y[j]
    elif unit == LOGISTIC:
        for j in range(y.shape[0]):
            delta[j] *= y[j] * (ONE - y[j])


@njit(error_model="numpy", fastmath=FAST)
def add_rows(total, deltas):
    """Total += the sum of the rows."""
    count, i = deltas.shape[0], 0
    while i + 4 <= count:
        p, q, r, s = deltas[i], deltas[i + 1], deltas[i + 2], deltas[i + 3]
        for j in range(total.shape[0]):
            total[j] += (p[j] + q[j]) + (r[j] + s[j])
        i += 4
    while i < count:
        p = deltas[i]
        for j in range(total.shape[0]):
            total[j] += p[j]
        i += 1


@njit(error_model="numpy")
def forward(x, weights, biases, widens, units, sizes, rates, spare):
    """Fills in the rates of all layers, for inputs x (count, n_in)."""
    below = x
    for l in range(len(weights)):
        y = rates[l][: x.shape[0]]
        if widens[l]:
            fill(y, biases[l])
            add_product(y, below, weights[l], spare)
        else:
            dots(y, biases[l], below, weights[l])
        activate(y, units[l], sizes[l])
        below = y


@njit(error_model="numpy")
def backward(count, feedback, narrows, direct, units, rates, deltas, nothing, spare, lowest):
    """Turns the error in the last of the deltas into the deltas of all layers from `lowest` on."""
    last = len(rates) - 1
    for l in range(last, lowest - 1, -1):
        d = deltas[l][:count]
        if l < last:
            above = deltas[last if direct else l + 1][:count]
            if narrows[l]:
                fill(d, nothing)
                add_product(d, above, feedback[l], spare)
            else:
                dots(d, nothing, above, feedback[l])
        weigh(d, rates[l][:count], units[l])


@njit(error_model="numpy")
def add_gradients(x, rates, deltas, widens, gradients, totals, spare, lowest):
    """Adds the outer products delta x rate of these examples, and the sums of the deltas."""
    count = x.shape[0]
    for l in range(lowest, len(deltas)):
        below, delta, gradient = x if l == 0 else rates[l - 1][:count], deltas[l][:count], gradients[l]
        if widens[l]:
            add_product(gradient, below.T, delta, spare)
        else:
            add_product(gradient, delta.T, below, spare)
        add_rows(totals[l], delta)


@njit(error_model="numpy")
def take_signs(feedback, magnitudes, weights):
    """Feedback = |M| o sign(W), of each layer above the first; all lie alike."""
    for l in range(1, len(weights)):
        b, m, w = feedback[l - 1].reshape(-1), magnitudes[l - 1].reshape(-1), weights[l].reshape(-1)
        for j in range(w.shape[0]):
            b[j] = m[j] if w[j] > ZERO else -m[j] if w[j] < ZERO else ZERO


@njit(error_model="numpy")
def follow(feedback, gradients, factor, keep):
    """Feedback = kept feedback - factor gradient of W, of each layer above the first; both lie alike."""
    for l in range(1, len(gradients)):
        b, g = feedback[l - 1].reshape(-1), gradients[l].reshape(-1)
        for j in range(b.shape[0]):
            b[j] = keep * b[j] - factor * g[j]


@njit(error_model="numpy")
def descend(weights, biases, gradients, totals, factors, kept, learn_biases, lowest):
    """Weights = kept weights - factor gradient; and gradients of zero for the next batch."""
    for l in range(lowest, len(weights)):
        weight, gradient, factor, keep = weights[l], gradients[l], factors[l], kept[l]
        for k in range(weight.shape[0]):
            w, g = weight[k], gradient[k]
            for j in range(w.shape[0]):
                w[j] = keep * w[j] - factor * g[j]
                g[j] = ZERO
        bias, change = biases[l], totals[l]
        for j in range(bias.shape[0]):
            if learn_biases:
                bias[j] -= factor * change[j]
            change[j] = ZERO
