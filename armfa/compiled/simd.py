"""exp, log, sin, ... as plain arithmetic for Numba: LLVM runs them on whole vectors of arms.

At most 2 ulp from the exact value (tanh 3; asinh 4 ulp of 1 near 0; pow 2 ulp and 2 more per unit of its logarithm),
with the same bits for one arm and for any batch: there are no calls into a C library (whose loops and single values may
round differently), and products are joined with sums (`fma`) where it is written so and nowhere else. NaN stays NaN;
exp ends at the ends of its range; an infinite angle gives NaN.

Range reduction and series as in W. J. Cody & W. Waite, Software Manual for the Elementary Functions (1980).
"""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic


def _recipe(signature: Any, code: Any) -> Any:
    """An operation of LLVM for Numba: `code(builder, arguments, int type, exponent bias, mantissa bits, type)`."""

    def generic(*given: Any) -> Any:
        real = given[-1]
        layout = (ir.IntType(64), 1023, 52) if real == types.float64 else (ir.IntType(32), 127, 23)

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            made = code(builder, args, *layout, context.get_value_type(real))
            return context.make_tuple(builder, sig.return_type, made) if isinstance(made, tuple) else made

        return signature(real), generate

    names = ", ".join("xyz"[: len(signature(types.float64).args)])  # Numba reads the arguments' names
    space: dict[str, Any] = {"generic": generic}
    exec(f"def typed(context, {names}): return generic({names})", space)
    return intrinsic(space["typed"])


def _split(b: Any, args: Any, integer: Any, bias: int, shift: int, real: Any) -> tuple[Any, Any]:
    root = 0x3FE6A09E667F3BCD if shift == 52 else 0x3F3504F3  # bits of sqrt(1/2)
    k = b.add(b.bitcast(args[0], integer), integer((bias << shift) - root))
    mantissa = b.bitcast(b.add(b.and_(k, integer((1 << shift) - 1)), integer(root)), real)
    return mantissa, b.sitofp(b.sub(b.ashr(k, integer(shift)), integer(bias)), real)


def _two_to(b: Any, x: Any, integer: Any, bias: int, shift: int, real: Any) -> Any:
    return b.bitcast(b.shl(b.add(b.fptosi(x[0], integer), integer(bias)), integer(shift)), real)


def _has_bit(bit: int) -> Any:
    return _recipe(
        lambda r: types.boolean(r),
        lambda b, x, integer, *_: b.icmp_signed("!=", b.and_(b.fptosi(x[0], integer), integer(bit)), integer(0)),
    )


INTRINSICS = dict(
    fma=_recipe(lambda r: r(r, r, r), lambda b, x, *_: b.fma(*x)),
    where=_recipe(lambda r: r(types.boolean, r, r), lambda b, x, *_: b.select(*x)),  # no branch: loops stay vectors
    split=_recipe(lambda r: types.UniTuple(r, 2)(r), _split),  # (m, e): x = m 2^e, m in [sqrt(1/2), sqrt(2))
    two_to=_recipe(lambda r: r(r), _two_to),
    odd=_has_bit(1),
    half=_has_bit(2),
)
SOURCE = """
def parts(x):
    x = where(x > TOP, TOP, x)
    x = where(x < BOTTOM, BOTTOM, x)
    n = fma(x, LOG2E, BIG) - BIG
    r = fma(-n, T, fma(-n, H, x))
    return two_to(n), fma({exp}, r * r, r)
def exp(x):
    s, m = parts(x)
    return fma(s, m, s)
def expm1(x):
    s, m = parts(x)
    return fma(s, m, s - K(1))
def single(x):
    return K(F32(x))
def tanh(x):
    y = where(x < K(0), x, -x)
    e = expm1(y + y)
    t = e / (e + K(2))
    return where(x < K(0), t, -t)
def log(x):
    m, e = split(x)
    s = (m - K(1)) / (m + K(1))
    z = s * s
    return where(x > K(0), fma(e, H, fma(e, T, fma(s * z, {log}, s + s))), where(x == K(0), -INFINITY, NOT_A_NUMBER))
def pow(x, y):
    return where(x > K(0), exp(y * log(x)), where(x == K(0), where(y == K(0), K(1), K(0)), NOT_A_NUMBER))
def asinh(x):
    y = where(x < K(0), -x, x)
    y = log(y + sqrt(fma(y, y, K(1))))
    return where(x < K(0), -y, y)
def turn(x):
    n = fma(x, INVERSE, BIG) - BIG
    r = fma(-n, P2, fma(-n, P1, fma(-n, P0, x)))
    z = r * r
    return n, fma(r * z, {sin}, r), fma(z * z, {cos}, fma(K(-0.5), z, K(1)))
def sin(x):
    n, s, c = turn(x)
    v = where(odd(n), c, s)
    return where(half(n), -v, v)
def cos(x):
    n, s, c = turn(x)
    v = where(odd(n), s, c)
    return where(half(n + K(1)), -v, v)
"""
ORDER = ("parts", "exp", "expm1", "single", "tanh", "log", "pow", "asinh", "turn", "sin", "cos")
NAMES = ("BIG", "TOP", "BOTTOM", "H", "T", "P0", "P1", "P2")  # rounds by adding; range of exp; ln 2, pi/2 in parts
NUMBERS: dict[Any, tuple[float, ...]] = {
    np.float64: (
        1.5 * 2**52, 709.0, -708.0, 6.93147180369123816490e-01, 1.90821492927058770002e-10,
        1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21,
    ),
    np.float32: (
        1.5 * 2**23, 88.0, -87.0, 0.693359375, -2.12194440e-4,
        1.5703125, 4.837512969970703125e-4, 7.54978995489188e-8,
    ),
}  # fmt: skip


def _series(x: str, coefficients: Any) -> str:
    """A polynomial in x as nested fma, the highest coefficient first."""
    first, *rest = (f"K({c!r})" for c in coefficients)
    for c in rest:
        first = f"fma({first}, {x}, {c})"
    return first


def _functions(K: Any, n_exp: int, n_log: int, n_sin: int) -> SimpleNamespace:
    """The functions for one precision, with series up to these orders."""
    f, sign = math.factorial, lambda k: (-1) ** (k // 2)
    space: dict[str, Any] = {
        **INTRINSICS, "K": K, "sqrt": math.sqrt, "F32": np.float32, "LOG2E": K(math.log2(math.e)), "INVERSE": K(2 /
        math.pi), "INFINITY": K(math.inf), "NOT_A_NUMBER": K(math.nan), **dict(zip(NAMES, map(K, NUMBERS[K]))),
    }  # fmt: skip
    source = SOURCE.format(
        exp=_series("r", (1 / f(k) for k in range(n_exp, 1, -1))),
        log=_series("z", (2 / k for k in range(n_log, 1, -2))),
        sin=_series("z", (sign(k) / f(k) for k in range(n_sin, 2, -2))),
        cos=_series("z", (sign(k) / f(k) for k in range(n_sin + 1, 3, -2))),
    )
    exec(source, space)
    for name in ORDER:
        space[name] = njit(space[name], error_model="numpy", forceinline=True)
    return SimpleNamespace(**space)


float64, float32 = _functions(np.float64, 13, 21, 17), _functions(np.float32, 7, 9, 9)
