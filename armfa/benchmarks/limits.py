"""What the machine can do: the rates of matrix products and of tanh, from which the limits of the updates follow."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


def seconds_per_call(call: Callable[..., Any], *arguments: Any, budget: float = 1.0, rounds: int = 25) -> float:
    """The best mean time of one `call(*arguments)` over several rounds, s; the best because noise only adds."""
    call(*arguments)
    start = time.perf_counter()
    call(*arguments)
    once = max(time.perf_counter() - start, 1e-7)
    calls = max(1, int(budget / rounds / once))
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            call(*arguments)
        best = min(best, (time.perf_counter() - start) / calls)
    return float(best)


def products_seconds(shapes: list[tuple[int, int, int]], *, budget: float = 1.0) -> float:
    """The time of float32 matrix products (m, k) @ (k, n) into ready memory, one after the other, in seconds.

    Operands are contiguous, so this is the rate that BLAS reaches on these very shapes, not on large squares.
    """
    rng = np.random.default_rng(0)
    total = 0.0
    for m, k, n in shapes:
        a = rng.standard_normal((m, k), dtype=np.float32)
        b = rng.standard_normal((k, n), dtype=np.float32)
        out = np.empty((m, n), dtype=np.float32)
        total += seconds_per_call(np.matmul, a, b, out, budget=budget / len(shapes))
    return total


def flop(shapes: list[tuple[int, int, int]]) -> float:
    """Floating-point operations of those products."""
    return float(sum(2 * m * k * n for m, k, n in shapes))


def tanh_per_second(*, budget: float = 0.5) -> float:
    """float32 tanh evaluations a second, on an array that stays in the cache."""
    x = np.linspace(-3, 3, 16_384, dtype=np.float32)
    out = np.empty_like(x)
    return x.size / seconds_per_call(np.tanh, x, out, budget=budget)


def peak_flop_rate(*, budget: float = 1.0) -> float:
    """The rate of a 1024 x 1024 x 1024 float32 product, in flop/s."""
    shape = [(1024, 1024, 1024)]
    return flop(shape) / products_seconds(shape, budget=budget)


class Line(NamedTuple):
    """One measured line: something's rate (1/s), the least aimed for, and what the machine would allow."""

    name: str
    rate: float
    aim: float | None = None
    limit: float | None = None
