"""A program: arrays in, arrays out, and the graph between them; run by any array library, or compiled by Numba."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, device, made, namespace
from armfa.compiled.graph import Expr, flat, functions, reachable, run
from armfa.compiled.kernels import available, compiled, printed


class Column(NamedTuple):
    """Where a value stands in an array (arms, columns); `size` columns, one per muscle, where it is wide."""

    array: str
    place: int
    size: int
    value: Expr


@dataclass(frozen=True)
class Wide:
    """An output that takes a column per muscle, whatever its value is."""

    value: Expr


class Program:
    """What is computed from which columns of which arrays.

    inputs, outputs : name of an array -> its columns: narrow and wide values, or lists of these. Input arrays of which
        nothing is needed are left out of `names`; at least one input stays there, which has the number of arms.
    n : muscles.
    """

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], n: int):
        if not inputs:
            raise ValueError("expected at least one input, whose length is the number of arms, got none")
        made = [column for name, values in outputs.items() for column in _columns(name, values, n)]
        self.outputs = [c._replace(value=functions.where(c.value, 1.0, 0.0)) if c.value.condition else c for c in made]
        self.live = reachable(column.value for column in self.outputs)
        given = [column for name, values in inputs.items() for column in _columns(name, values, n)]
        self.inputs = [column for column in given if column.value in set(self.live)]
        needed = {column.array for column in self.inputs} or {next(iter(inputs))}  # the number of arms is read from it
        self.n, self.declared = n, tuple(inputs)
        self.names = tuple(name for name in inputs if name in needed), tuple(outputs)
        self.widths = {name: sum(c.size for c in given if c.array == name) for name in inputs}
        self.sizes = {name: sum(c.size for c in self.outputs if c.array == name) for name in outputs}
        moving = [x for x in self.live if not x.fixed]
        used = {y for x in moving for y in x.args if isinstance(y, Expr) and y.fixed and y.op != "number"}
        used |= {c.value for c in self.outputs if c.value.fixed}
        self.fixed = sorted(used, key=lambda x: x.id)  # made of constants alone: the rows of the table
        self._modules: dict[Any, Any] = {}

    def module(self, dtype: Any) -> Any:
        """The module that holds `kernel(table, *inputs, *outputs)` in this precision; its name stands for its text."""
        if dtype not in self._modules:  # not by its name, which takes 2 us
            self._modules[dtype] = compiled(printed(self, np.dtype(dtype).name))
        return self._modules[dtype]


class Bound:
    """A program with values for its constants, by the place at which symbols stand for them."""

    def __init__(self, program: Program, constants: Mapping[Any, Any]):
        self.program, self.constants = program, constants
        self._tables: dict[Any, np.ndarray] = {}

    def ran(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs (..., columns): compiled for NumPy arrays of real numbers, else by the library of the arrays."""
        like = next(iter(arrays.values()))
        plain = all(type(x) is np.ndarray for x in arrays.values())
        if plain and like.dtype in (np.float64, np.float32) and available():
            return self.by_kernel(arrays)
        return self.by_library(arrays)

    def by_kernel(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs (..., columns) from NumPy arrays (..., columns) of one dtype, float64 or float32, compiled."""
        inputs, outputs = self.program.names
        given = [arrays[name] for name in inputs]
        for name, x in zip(inputs, given):
            if x.shape[-1] != (columns := self.program.widths[name]):
                raise ValueError(f"expected {name} of shape (..., {columns}), got {x.shape}")
        batch = given[0].shape[:-1]
        if any(x.shape[:-1] != batch for x in given):
            batch = np.broadcast_shapes(*(x.shape[:-1] for x in given))
            given = [np.broadcast_to(x, (*batch, x.shape[-1])) for x in given]
        dtype = given[0].dtype
        if len(batch) != 1 or not all(x.flags.c_contiguous for x in given):
            given = [np.ascontiguousarray(x).reshape(-1, x.shape[-1]) for x in given]
        made = [np.empty((len(given[0]), self.program.sizes[name]), dtype) for name in outputs]
        self.program.module(dtype).kernel(self.table(dtype), *given, *made)
        if len(batch) != 1:
            made = [x.reshape(*batch, x.shape[-1]) for x in made]
        return dict(zip(outputs, made))

    def by_library(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs (..., columns) from arrays (..., columns) of any library, by the functions of that library."""
        program = self.program
        batch = np.broadcast_shapes(*(tuple(x.shape[:-1]) for x in arrays.values()))
        xp: Any = namespace(*arrays.values())
        full = {name: x[(None,) * (len(batch) + 1 - x.ndim)] for name, x in arrays.items()}
        first, like = {name: xp.moveaxis(x, -1, 0) for name, x in full.items()}, next(iter(full.values()))
        values = {x: beside(self.constants[x.args[0]], x.wide, like) for x in program.live if x.op == "constant"}
        for array, place, size, value in program.inputs:
            values[value] = first[array][place : place + size] if value.wide else first[array][place]
        found: dict[str, list[Array]] = {}
        for column, x in zip(program.outputs, run([column.value for column in program.outputs], values, program.live)):
            x = x if hasattr(x, "ndim") else made(x, like, like.dtype)
            found.setdefault(column.array, []).append(xp.broadcast_to(x, (column.size, *batch)))
        return {name: xp.moveaxis(xp.concat(parts, axis=0), 0, -1) for name, parts in found.items()}

    @functools.cached_property
    def run(self) -> Callable[..., None]:
        """`run(*inputs, *outputs)` on float64 arrays (arms, columns), for whoever calls it very often.

        It takes all inputs that were declared, also those of which nothing is needed.
        """
        (inputs, outputs), declared = self.program.names, self.program.declared
        if available():
            call = functools.partial(self.program.module(np.float64).kernel, self.table(np.float64))
        else:

            def call(*arrays: np.ndarray) -> None:
                found = self.by_library(dict(zip(inputs, arrays)))
                for name, into in zip(outputs, arrays[len(inputs) :]):
                    into[...] = found[name]

        if declared == inputs:
            return call
        places = [i for i, name in enumerate(declared) if name in inputs]
        return lambda *arrays: call(*(arrays[i] for i in places), *arrays[len(declared) :])

    def table(self, dtype: Any) -> np.ndarray:
        """The values of all that is fixed, (rows, n), each rounded once from float64."""
        fixed, n = self.program.fixed, self.program.n
        if dtype not in self._tables:
            values = {x: self.constants[x.args[0]] for x in reachable(fixed) if x.op == "constant"}
            values = {x: np.asarray(value, float) if x.wide else value for x, value in values.items()}
            rows = [np.broadcast_to(x, n) for x in run(fixed, values)]
            self._tables[dtype] = np.array(rows, dtype).reshape(len(rows), n)
        return self._tables[dtype]


def beside(value: Any, wide: bool, like: Array) -> Any:
    """A constant ready to meet arrays of this kind: a number, or a column (n, 1, ..., 1) of one per muscle."""
    if not wide:
        return value
    if isinstance(value, tuple | np.ndarray):
        real = np.float64 if str(like.dtype) == "complex128" else like.dtype
        value = np.asarray(value, real) if device(like) is None else made(value, like, real)
    return value.reshape((-1, *(1,) * (like.ndim - 1)))


def _columns(name: str, values: Any, n: int) -> list[Column]:
    columns, place = [], 0
    for value in flat(values):
        wide = isinstance(value, Wide) or value.wide
        columns.append(Column(name, place, n if wide else 1, value.value if isinstance(value, Wide) else value))
        place += n if wide else 1
    return columns
