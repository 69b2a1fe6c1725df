"""One pass forward and one step down of a stack of networks, for Numba, in float32: what `around` is made of.

Products are BLAS's; what comes between them goes over each array once. All arrays lie in one memory: to hand over each
by itself would take as long as half of the work at 6-500-6 and batch 32.
"""

import numpy as np
from numba import njit

from armfa.controllers.training.rows import LOGISTIC, TANH, add_rows, tanh

HALF, ONE, ZERO = np.float32(0.5), np.float32(1), np.float32(0)
CHUNK = 128
"""Examples that go through all layers together: 128 x 500 float32 are 256 kB, and stay in the second cache."""
WEIGHTS, BIASES, DRIVES, RATES, SLOPES, PRODUCT, TOTAL = range(7)
"""What lies in the memory for each layer, at `places[what, layer]`."""


@njit(error_model="numpy")
def arrays(memory, place):
    """The arrays (networks, rows, columns) at a place: start, networks, rows, columns."""
    start, networks, rows, columns = place
    return memory[start : start + networks * rows * columns].reshape(networks, rows, columns)


@njit(error_model="numpy")
def respond(drives, bias, rates, slopes, unit):
    """Drives += bias, rates = f(drives), slopes = f'(drives)."""
    for i in range(drives.shape[0]):
        z = drives[i]
        for j in range(z.shape[0]):
            z[j] += bias[j]
    z, y, s = drives.reshape(-1), rates.reshape(-1), slopes.reshape(-1)
    if unit == TANH:
        for j in range(z.shape[0]):
            y[j] = tanh(z[j])
            s[j] = ONE - y[j] * y[j]
    elif unit == LOGISTIC:
        for j in range(z.shape[0]):
            y[j] = HALF + HALF * tanh(HALF * z[j])
            s[j] = y[j] - y[j] * y[j]
    else:
        for j in range(z.shape[0]):
            y[j] = z[j]
            s[j] = ONE


@njit(error_model="numpy")
def forward(k, inputs, memory, places, widens, units):
    """Fills in drives, rates and slopes of all layers for the inputs (networks, batch, n_in) of update k."""
    for s in range(inputs.shape[1]):
        for i in range(0, inputs.shape[2], CHUNK):
            below = inputs[k, s, i : i + CHUNK]
            for l in range(len(units)):
                weights, bias = arrays(memory, places[WEIGHTS, l])[s], arrays(memory, places[BIASES, l])[s, 0]
                z = arrays(memory, places[DRIVES, l])[s, i : i + CHUNK]
                y = arrays(memory, places[RATES, l])[s, i : i + CHUNK]
                if widens[l]:
                    np.dot(below, weights, z)
                else:
                    np.dot(below, weights.T, z)
                respond(z, bias, y, arrays(memory, places[SLOPES, l])[s, i : i + CHUNK], units[l])
                below = y


@njit(error_model="numpy")
def learn(k, l, deltas, inputs, memory, places, widens, factors, kept, learn_biases):
    """Weights of layer l = kept weights - factor gradient, for its deltas (networks, batch, n_out) of update k."""
    factor, keep, x = factors[k, l], kept[k, l], inputs[k]
    part, total = arrays(memory, places[PRODUCT, l])[0], arrays(memory, places[TOTAL, l])[0, 0]
    for s in range(x.shape[0]):
        weights, bias = arrays(memory, places[WEIGHTS, l])[s], arrays(memory, places[BIASES, l])[s, 0]
        w, g = weights.reshape(-1), part.reshape(-1)
        for i in range(0, x.shape[1], CHUNK):
            delta = deltas[s, i : i + CHUNK]
            below = x[s, i : i + CHUNK] if l == 0 else arrays(memory, places[RATES, l - 1])[s, i : i + CHUNK]
            if widens[l]:
                np.dot(below.T, delta, part)
            else:
                np.dot(delta.T, below, part)
            for j in range(w.shape[0]):
                w[j] = keep * w[j] - factor * g[j]
            keep = ONE
            if learn_biases:
                for j in range(total.shape[0]):
                    total[j] = ZERO
                add_rows(total, delta)
                for j in range(total.shape[0]):
                    bias[j] -= factor * total[j]
        keep = kept[k, l]
