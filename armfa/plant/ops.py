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
        if not (like.dtype.kind in "fc" if self.numpy else xp.isdtype(like.dtype, "real floating")):
            raise TypeError(
                f"expected joint angles of a floating dtype, got {like.dtype}; pass float64 or float32 arrays"
            )
        self.real_dtype = np.dtype(like.dtype.char.lower()) if self.complex else like.dtype
        self.narrow = "float32" in str(like.dtype) or "float16" in str(like.dtype) or "complex64" in str(like.dtype)

        self.exp, self.expm1, self.log, self.asinh = xp.exp, xp.expm1, xp.log, xp.asinh
        self.pow, self.sin, self.cos, self.where = xp.pow, xp.sin, xp.cos, xp.where
        self.exp_row, self.log_row = xp.exp, xp.log
        # a row ready to meet muscle arrays (numbers are slow partners, arrays without axes are not)
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
        """A number that meets rows: a Python float beside numbers (a single arm), else as `constant`."""
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

    # one number a muscle, as geometry has them: arrays (n, ...), and plain lists in `PlainOps`

    def per_muscle(self, values: Sequence[float]) -> Any:
        """Constants, one a muscle."""
        return self.column(values)

    def affine(self, base: Any, *coefficients: Any) -> Callable[..., Any]:
        """The function base + the sum of coefficient x row, added in this order, of one row for each coefficient."""
        lift = self.lift

        def sum_of(*rows):
            total = base
            for coefficient, row in zip(coefficients, rows):
                total = total + coefficient * lift(row)
            return total

        return sum_of

    def along(self, slope1: Any, slope2: Any, row1: Any, row2: Any) -> Any:
        """Slope1 x row1 + slope2 x row2, per muscle: what a movement of the two joints does."""
        return slope1 * self.lift(row1) + slope2 * self.lift(row2)

    def times(self, numbers: Any, array: Array) -> Any:
        """Numbers per muscle times an array (n, ...), per muscle."""
        return numbers * array

    def as_array(self, numbers: Any) -> Array:
        """Numbers per muscle as an array (n, ...)."""
        return numbers

    # doors: components last outside, first inside

    def rows(self, x: Array) -> Array:
        """Components first, (..., k) -> (k, ...), contiguous in NumPy."""
        if self.single:
            return x
        if self.numpy:
            return np.ascontiguousarray(x.T)
        return self.columns_last(x)

    def both(self, x: Array) -> tuple[Any, Any]:
        """The two rows of x (..., 2)."""
        if x.shape[-1] != 2:
            raise ValueError(f"expected two numbers on the last axis, got shape {tuple(x.shape)}")
        rows = self.rows(x)
        return rows[0], rows[1]  # unpacking an array takes three times as long

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


class PlainOps(Ops):
    """One arm in float64: rows are Python floats, and geometry is lists of them: the quickest there is for six muscles.

    The bits are those of arrays. Sums and products are rounded alike everywhere; sin, cos, exp and log stay NumPy's,
    since `math` may round differently.
    """

    def __init__(self, like: Array, batch: tuple[int, ...] | None = None):
        super().__init__(like, batch)
        self.sin, self.cos, self.exp_row, self.log_row = (_plain(f) for f in (np.sin, np.cos, np.exp, np.log))

    def per_muscle(self, values: Sequence[float]) -> list[float]:
        """Constants, one a muscle."""
        return [float(value) for value in values]

    def affine(self, base: list[float], *coefficients: list[float]) -> Callable[..., list[float]]:
        """As in `Ops`, muscle by muscle; of one, two or four rows."""
        table = list(zip(base, *coefficients))
        if len(coefficients) == 1:
            return lambda x: [k + a * x for k, a in table]
        if len(coefficients) == 2:
            return lambda x, y: [k + a * x + b * y for k, a, b in table]
        return lambda x, y, z, w: [k + a * x + b * y + c * z + d * w for k, a, b, c, d in table]

    def along(self, slope1: list[float], slope2: list[float], row1: float, row2: float) -> list[float]:
        """As in `Ops`, muscle by muscle."""
        return [a * row1 + b * row2 for a, b in zip(slope1, slope2)]

    def times(self, numbers: list[float], array: np.ndarray) -> list[float]:
        """As in `Ops`, in plain numbers."""
        return [x * y for x, y in zip(numbers, array.tolist())]

    def as_array(self, numbers: list[float]) -> np.ndarray:
        """Numbers per muscle as an array (n,)."""
        return np.array(numbers)

    def both(self, x: np.ndarray) -> list[float]:
        """The two rows of x (2,)."""
        if x.shape != (2,):
            raise ValueError(f"expected two numbers, got shape {x.shape}")
        return x.tolist()


def ops_for(like: Array, batch: tuple[int, ...] | None = None) -> Ops:
    """The arithmetic for arrays like this one."""
    plain = type(like) is np.ndarray and like.ndim == 1 and like.dtype == np.float64
    return (PlainOps if plain else Ops)(like, batch)


def _plain(function: Callable[[Any], Any]) -> Callable[[float], float]:
    return lambda x: float(function(x))


def _as_it_is(row: Array) -> Array:
    return row
