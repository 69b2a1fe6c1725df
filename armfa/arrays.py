"""One source for NumPy, JAX, torch and symbols: the array library of the arguments, and its elementary functions.

The equations of the package call the functions of this file. On arrays they are those of the array's own library; on
the symbols of `armfa.compiled` they write down what is to be computed, from which derivatives and compiled code are
made.
"""

import sys
from types import ModuleType
from typing import Any

import numpy as np

Array = Any
"""An array of NumPy, JAX or torch; shapes are written in comments and docstrings."""


def namespace(*arrays: Array) -> Any:
    """The array-API namespace of the arguments: `numpy`, `jax.numpy`, `array_api_compat.torch` or that of symbols.

    Python numbers and None are neutral; an array of another library beside NumPy arrays decides.
    """
    for array in arrays:
        if array is None or isinstance(array, np.ndarray | np.generic | float | int):
            continue
        if _is_instance(array, "torch", "Tensor"):
            import array_api_compat.torch

            return array_api_compat.torch
        if _is_instance(array, "jax", "Array"):
            return sys.modules["jax"].numpy
        if _is_instance(array, "armfa.compiled.graph", "Symbolic"):
            return sys.modules["armfa.compiled.graph"].functions
        raise TypeError(f"expected arrays of NumPy, JAX or torch, got {type(array).__name__}")
    return np


def device(like: Array) -> Any:
    """Where what is made beside this array must lie: the device of a torch tensor; None, for the library to choose."""
    return like.device if _is_instance(like, "torch", "Tensor") else None


def made(value: Any, like: Array, dtype: Any = None) -> Array:
    """An array of the library of `like`, on its device; a tensor of torch keeps its gradient."""
    if _is_instance(value, "torch", "Tensor") and _is_instance(like, "torch", "Tensor"):
        return value.to(device=like.device, dtype=dtype)
    return namespace(like).asarray(value, dtype=dtype, device=device(like))


def _is_instance(array: Array, module: str, name: str) -> bool:
    """Whether `array` is of a class of a library that has been imported (so no library is imported to ask)."""
    library: ModuleType | None = sys.modules.get(module)
    return library is not None and isinstance(array, getattr(library, name))


def _elementary(name: str) -> Any:
    def function(x: Array) -> Array:
        value = getattr(namespace(x), name)(x)
        return float(value) if type(x) is float else value  # a NumPy number would turn float32 into float64

    function.__name__, function.__doc__ = name, f"{name}(x), element by element."
    return function


sin, cos, exp, expm1, log = (_elementary(name) for name in ("sin", "cos", "exp", "expm1", "log"))
sqrt, asinh, tanh = (_elementary(name) for name in ("sqrt", "asinh", "tanh"))


def single(x: Array) -> Array:
    """The numbers rounded to float32, in the precision they came in: what an agent that sees float32 knows of them."""
    if _is_instance(x, "armfa.compiled.graph", "Symbolic"):
        return namespace(x).single(x)
    xp = namespace(x)
    return xp.astype(xp.astype(x, xp.float32), x.dtype)


def where(condition: Array, x: Array, y: Array) -> Array:
    """`x` where the condition holds, else `y`. Both are evaluated: bring arguments into range first, then evaluate."""
    return namespace(condition, x, y).where(condition, x, y)


def real(x: Array) -> Array:
    """The real part: what a branch is decided by, so that a complex step goes through."""
    return x.real if getattr(getattr(x, "dtype", None), "kind", "") == "c" else x


def at_least(x: Array, bound: Array) -> Array:
    """The larger of the two; a tie goes to `x`, and NaN stays NaN."""
    return where(real(x) < bound, bound, x)


def at_most(x: Array, bound: Array) -> Array:
    """The smaller of the two; a tie goes to `x`, and NaN stays NaN."""
    return where(real(x) > bound, bound, x)


def magnitude(x: Array) -> Array:
    """|x|, with the slope 1 at 0."""
    return where(real(x) >= 0.0, x, -x)


def sum_first(x: Array) -> Array:
    """The sum over the first axis, one after the other, so that one arm has the bits of a batch."""
    if _is_instance(x, "armfa.compiled.graph", "Symbolic"):
        return x.sum(0)
    total = x[0]
    for i in range(1, x.shape[0]):
        total = total + x[i]
    return total
