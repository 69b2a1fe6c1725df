"""What the machine can do: the rates of matrix products and of tanh, from which the limits of the updates follow."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import tanh
from armfa.compiled import kernels
from armfa.compiled.graph import Graph
from armfa.compiled.program import Bound, Program

ROUNDS = 25


def seconds_per_call(call: Callable[..., Any], *arguments: Any, budget: float = 1.0) -> float:
    """The best mean time of one `call(*arguments)` over several rounds, s; the best because noise only adds."""
    return side_by_side([partial(call, *arguments)], budget=budget)[0]


def side_by_side(calls: Sequence[Callable[[], Any]], *, budget: float = 1.0) -> list[float]:
    """The best mean time of each call, s, measured in turns: what slows the machine for a while slows all of them."""
    counts = [max(1, int(budget / (ROUNDS * len(calls)) / once)) for once in map(_once, calls)]
    times = [[_mean_time(call, count) for call, count in zip(calls, counts)] for _ in range(ROUNDS)]
    return [min(column) for column in zip(*times)]


def _once(call: Callable[[], Any]) -> float:
    call()
    return max(_mean_time(call, 1), 1e-7)


def _mean_time(call: Callable[[], Any], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


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
    """float32 tanh evaluations per second on an array that stays in the cache, NumPy's or ours: whichever is faster."""
    x = np.linspace(-3, 3, 16_384, dtype=np.float32)
    out = np.empty_like(x)
    calls = [partial(np.tanh, x, out)]
    if kernels.available():
        graph = Graph()
        program = Program({"x": graph.input("x")}, {"y": tanh(graph.input("x"))}, 1)
        calls.append(partial(Bound(program, {}).by_kernel, {"x": x[:, None]}))
    return x.size / min(side_by_side(calls, budget=budget))


def peak_flop_rate(*, budget: float = 1.0) -> float:
    """The rate of a 1024 x 1024 x 1024 float32 product, in flop/s."""
    shape = [(1024, 1024, 1024)]
    return flop(shape) / products_seconds(shape, budget=budget)


class Line(NamedTuple):
    """One measured line: something's rate (1/s), and that of what stands beside it, measured in the same run."""

    name: str
    rate: float
    beside: str = ""  # the machine's limit, a peer
    beside_rate: float | None = None
    aim: float | None = None  # of rate / beside_rate, at least
