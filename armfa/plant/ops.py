"""The arithmetic of one array library, dtype and number of axes, chosen once and kept with the arm.

Inside the plant the component axis comes first and the batch behind it: an angle is a row (batch,), the muscles are
(n, batch). So every operation runs along long contiguous rows, and a single arm is plain scalars and one (n,) array.
Batch axes appear in reversed order inside, which nobody notices because everything is elementwise along them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from armfa.arrays import Array, namespace


class Ops:
    """Functions and constants of one (library, dtype, axes). Ties in `maximum` and `minimum` go to the array."""

    def __init__(self, like: Array, batch: tuple[int, ...] | None = None):
        """`like` is any array of the library, dtype, device and number of axes to work in; `batch` fixes sizes too."""
        xp: Any = namespace(like)
        self.xp = xp
        self.numpy = xp is np
        self.dtype = like.dtype
        self.device = like.device if "torch" in xp.__name__ else None
        self.batch_axes = like.ndim - 1
        self.batch = batch  # in the order used inside
        self.single = self.numpy and like.ndim == 1
        self.complex = self.numpy and like.dtype.kind == "c"
        if self.numpy and like.dtype.kind not in "fc":
            raise TypeError(
                f"expected joint angles of a floating dtype, got {like.dtype}; pass float64 or float32 arrays"
            )
        self.real_dtype = np.dtype(like.dtype.char.lower()) if self.complex else like.dtype
        self.narrow = "float32" in str(like.dtype) or "float16" in str(like.dtype) or "complex64" in str(like.dtype)

        self.exp, self.expm1, self.log, self.asinh = xp.exp, xp.expm1, xp.log, xp.asinh
        self.pow, self.sin, self.cos, self.where = xp.pow, xp.sin, xp.cos, xp.where
        # a row ready to meet muscle arrays (NumPy scalars are slow partners, arrays without axes are not)
        self.lift: Callable[[Array], Array] = np.asarray if self.single else _as_it_is
        self.maximum: Callable[[Array, Array], Array] = self._at_least
        self.minimum: Callable[[Array, Array], Array] = self._at_most
        self.magnitude: Callable[[Array], Array] = xp.abs
        if self.complex:
            self.magnitude = lambda x: xp.where(x.real < 0, -x, x)  # keeps the imaginary part: complex steps stay exact
        elif self.numpy:
            self.maximum, self.minimum = np.maximum, np.minimum

    def _at_least(self, x: Array, bound: Array) -> Array:
        return self.where(self.real(x) >= bound, x, bound)

    def _at_most(self, x: Array, bound: Array) -> Array:
        return self.where(self.real(x) <= bound, x, bound)

    def indicator(self, condition: Array) -> Array:
        """1 where the condition holds, 0 elsewhere: a factor is cheaper than a `where`."""
        return condition.astype(self.real_dtype) if self.numpy else self.cast(condition)

    def cast(self, x: Array) -> Array:
        """The array in this dtype."""
        return x.astype(self.dtype) if self.device is None else self.xp.astype(x, self.dtype)

    def real(self, x: Array) -> Array:
        """The real part: what a branch is decided by."""
        return x.real if self.complex else x

    # constants

    def constant(self, value: float) -> Array:
        """A number that meets muscle arrays: an array without axes, the cheapest partner in NumPy."""
        return self._array(value)

    def number(self, value: float) -> Any:
        """A number that meets rows: a Python float beside NumPy scalars (a single arm), else as `constant`."""
        return float(value) if self.single else self._array(value)

    def time_step(self, dt: Any) -> Any:
        """The time step as a partner for rows; an unknown of JAX or torch passes through."""
        return self._array(dt) if self.numpy and not self.single else dt

    def column(self, values: Sequence[float]) -> Array:
        """One number per muscle, shape (n, 1, ..., 1) with as many ones as there are batch axes; or (n, batch) at once
        where this body is for one batch size (a small product of equal shapes costs a third of one that broadcasts).
        """
        column = np.reshape(values, (-1,) + (1,) * self.batch_axes)
        if self.batch is not None:
            column = np.ascontiguousarray(np.broadcast_to(column, (len(values), *self.batch)))
        return self._array(column)

    def _array(self, values: Any) -> Array:
        if self.device is not None:
            return self.xp.asarray(values, dtype=self.dtype, device=self.device)
        # NumPy constants serve JAX too: an array made inside a JAX trace could not be kept for the next one
        return np.asarray(values, dtype=self.real_dtype)

    # doors: components last outside, first inside

    def rows(self, x: Array) -> Array:
        """Components first, (..., k) -> (k, ...), contiguous in NumPy."""
        if self.numpy:
            return np.ascontiguousarray(x.T)
        return self.columns_last(x)

    def columns_last(self, x: Array) -> Array:
        """The way back, (k, ...) -> (..., k): all axes in reversed order."""
        if x.ndim == 1:
            return x
        return x.T if x.ndim == 2 else self.xp.permute_dims(x, tuple(range(x.ndim - 1, -1, -1)))

    def pack(self, first: Array, second: Array) -> Array:
        """Two rows -> (..., 2)."""
        if self.numpy:
            return np.array((first, second)).T
        return self.columns_last(self.xp.stack((first, second)))

    def pair(self, first: Array, second: Array) -> Array:
        """Two rows -> (2, ...), components first."""
        return np.array((first, second)) if self.numpy else self.xp.stack((first, second))


def _as_it_is(row: Array) -> Array:
    return row
