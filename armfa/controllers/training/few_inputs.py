"""Products with inputs of which most are zero, as images of digits are: sums of a few rows, for Numba, in float32.

A digit has ink on a fifth of its pixels. BLAS multiplies with the rest, too.
"""

import numpy as np
from numba import njit

FAST = {"reassoc", "contract"}
"""Sums in any order, products joined with sums: the last bits then depend on the machine's vectors, as BLAS's do."""


@njit(error_model="numpy", nogil=True, cache=True)
def rows_of(matrix):
    """(starts, places, values): the numbers of row r that are not zero, and their columns, lie at starts[r:r + 2]."""
    n, columns = matrix.shape
    starts = np.zeros(n + 1, np.int64)
    places, values = np.empty(n * columns, np.int64), np.empty(n * columns, np.float32)
    k = 0
    for row in range(n):
        for column in range(columns):
            value = matrix[row, column]
            if value != 0:
                places[k], values[k] = column, value
                k += 1
        starts[row + 1] = k
    return starts, places[:k], values[:k]


@njit(error_model="numpy", fastmath=FAST, nogil=True, cache=True)
def add_rows(target, starts, places, values, source):
    """Target += M source, in place, with M as `rows_of` gives it: sums of rows of `source`, in fours."""
    for row in range(target.shape[0]):
        sums, k, end = target[row], starts[row], starts[row + 1]
        while k + 4 <= end:
            a, b, c, d = values[k], values[k + 1], values[k + 2], values[k + 3]
            p, q, r, s = source[places[k]], source[places[k + 1]], source[places[k + 2]], source[places[k + 3]]
            for j in range(sums.shape[0]):
                sums[j] += a * p[j] + b * q[j] + c * r[j] + d * s[j]
            k += 4
        while k < end:
            a, p = values[k], source[places[k]]
            for j in range(sums.shape[0]):
                sums[j] += a * p[j]
            k += 1
