"""A program: arrays in, arrays out, and the graph between them; run by any array library, or compiled by Numba.

A kernel works on blocks of L arms in loops over lanes: narrow values, then wide ones, then narrow ones, ... What a
later loop needs lies in a row of L numbers. Every loop is a function of its own, because LLVM gives up vectors in
long ones (3.5 times slower). What is made of constants alone stands in a table, so the arms of one family share one
kernel.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.compiled.graph import ARITHMETIC, COMPARISONS, Expr, flat, functions, reachable, run

LANES = 32
"""Arms in a block: the rows of a step of six muscles then stay in the first cache."""
OFF = "ARMFA_COMPILED"
"""Environment variable: 0 runs the same source uncompiled, for debugging and where nothing may be compiled."""


class Column(NamedTuple):
    """Where a value stands in an array (arms, columns); `size` columns, one per muscle, where it is wide."""

    array: str
    place: int
    size: int
    value: Expr


class Program:
    """What is computed from which columns of which arrays.

    inputs, outputs : name of an array -> its columns: narrow and wide values, or lists of these. Input arrays of which
        nothing is needed are left out of `names`.
    n : muscles. constants : handed in when the program runs, the value of `graph.constant(place)` by place.
    """

    def __init__(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any], n: int):
        self.n = n
        self.inputs = [column for name, values in inputs.items() for column in _columns(name, values, n)]
        made = [column for name, values in outputs.items() for column in _columns(name, values, n)]
        self.outputs = [c._replace(value=functions.where(c.value, 1.0, 0.0)) if c.value.condition else c for c in made]
        self.sizes = {name: sum(c.size for c in self.outputs if c.array == name) for name in outputs}
        self.live = reachable(column.value for column in self.outputs)
        self.inputs = [column for column in self.inputs if column.value in set(self.live)]
        needed = {column.array for column in self.inputs}
        self.names = tuple(name for name in inputs if name in needed), tuple(outputs)
        self.declared = tuple(inputs)
        moving = [x for x in self.live if not x.fixed]
        used = {y for x in moving for y in x.args if isinstance(y, Expr) and y.fixed and y.op != "number"}
        used |= {c.value for c in self.outputs if c.value.fixed}
        self.fixed = sorted(used, key=lambda x: x.id)
        self._modules: dict[str, Any] = {}

    def ran(self, constants: dict[Any, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs (..., columns): compiled for NumPy arrays of real numbers, else by the library of the arrays."""
        like = next(iter(arrays.values()))
        if type(like) is np.ndarray and like.dtype in (np.float64, np.float32) and available():
            return self.by_kernel(constants, arrays)
        return self.by_library(constants, arrays)

    def runner(self, constants: dict[Any, Any]) -> Callable[..., None]:
        """`run(*inputs, *outputs)` on float64 arrays (arms, columns), for whoever calls it very often.

        It takes all inputs that were declared, also those of which nothing is needed.
        """
        if available():
            run = functools.partial(self.kernel(np.float64), self.table(constants, np.float64))
        else:

            def run(*arrays: np.ndarray) -> None:
                found = self.by_library(constants, dict(zip(self.names[0], arrays)))
                for name, into in zip(self.names[1], arrays[len(self.names[0]) :]):
                    into[...] = found[name]

        if self.declared == self.names[0]:
            return run
        places = [i for i, name in enumerate(self.declared) if name in self.names[0]]
        outputs = slice(len(self.declared), None)
        return lambda *arrays: run(*(arrays[i] for i in places), *arrays[outputs])

    def by_kernel(self, constants: dict[Any, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The outputs (..., columns) from NumPy arrays (..., columns) of one dtype, float64 or float32, compiled."""
        given = [arrays[name] for name in self.names[0]]
        batch = given[0].shape[:-1]
        if any(x.shape[:-1] != batch for x in given):
            batch = np.broadcast_shapes(*(x.shape[:-1] for x in given))
            given = [np.broadcast_to(x, (*batch, x.shape[-1])) for x in given]
        dtype = given[0].dtype
        given = [np.ascontiguousarray(x).reshape(-1, x.shape[-1]) for x in given]
        made = [np.empty((len(given[0]), self.sizes[name]), dtype) for name in self.names[1]]
        self.kernel(dtype)(self.table(constants, dtype), *given, *made)
        return {name: x.reshape(*batch, x.shape[-1]) for name, x in zip(self.names[1], made)}

    def by_library(self, constants: Mapping[Any, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs (..., columns) from arrays (..., columns) of any library, by the functions of that library."""
        batch = np.broadcast_shapes(*(tuple(x.shape[:-1]) for x in arrays.values()))
        xp: Any = namespace(*arrays.values())
        full = {name: x[(None,) * (len(batch) + 1 - x.ndim)] for name, x in arrays.items()}
        first, like = {name: xp.moveaxis(x, -1, 0) for name, x in full.items()}, next(iter(full.values()))
        values = {x: beside(constants[x.args[0]], x.wide, like, xp) for x in self.live if x.op == "constant"}
        for array, place, size, value in self.inputs:
            values[value] = first[array][place : place + size] if value.wide else first[array][place]
        found: dict[str, list[Array]] = {}
        for column, x in zip(self.outputs, run([column.value for column in self.outputs], values)):
            x = x if hasattr(x, "ndim") else xp.asarray(x, dtype=like.dtype)
            found.setdefault(column.array, []).append(xp.broadcast_to(x, (column.size, *batch)))
        return {name: xp.moveaxis(xp.concat(parts, axis=0), 0, -1) for name, parts in found.items()}

    def table(self, constants: dict[Any, Any], dtype: Any) -> np.ndarray:
        """The values of all that is fixed, (rows, n), each rounded once from float64; kept with the constants."""
        key = id(self), np.dtype(dtype)
        if key not in constants:
            values = {x: constants[x.args[0]] for x in reachable(self.fixed) if x.op == "constant"}
            values = {x: np.asarray(value, float) if x.wide else value for x, value in values.items()}
            rows = [np.broadcast_to(x, self.n) for x in run(self.fixed, values)]
            constants[key] = np.array(rows, dtype).reshape(len(rows), self.n)
        return constants[key]

    def kernel(self, dtype: Any) -> Callable[..., None]:
        """`kernel(table, *inputs, *outputs)` in this precision, on arrays (arms, columns)."""
        return self.module(dtype).kernel

    def module(self, dtype: Any) -> Any:
        """The module that holds the kernel in this precision; its name stands for its text."""
        real = np.dtype(dtype).name
        if real not in self._modules:
            self._modules[real] = compiled(_printed(self, real))
        return self._modules[real]


@dataclass(frozen=True)
class Wide:
    """An output that takes a column per muscle, whatever its value is."""

    value: Expr


def beside(value: Any, wide: bool, like: Array, xp: Any) -> Any:
    """A constant ready to meet arrays of this kind: a number, or a column (n, 1, ..., 1) of one per muscle."""
    if not wide:
        return value
    if not hasattr(value, "dtype") or isinstance(value, np.ndarray):
        real = np.float64 if str(like.dtype) == "complex128" else like.dtype
        value = (
            xp.asarray(value, dtype=real, device=like.device)
            if hasattr(like, "requires_grad")
            else np.asarray(value, real)
        )
    return value.reshape((-1, *(1,) * (like.ndim - 1)))


def _columns(name: str, values: Any, n: int) -> list[Column]:
    columns, place = [], 0
    for value in flat(values):
        wide = isinstance(value, Wide) or value.wide
        columns.append(Column(name, place, n if wide else 1, value.value if isinstance(value, Wide) else value))
        place += n if wide else 1
    return columns


def available() -> bool:
    """Whether kernels are to be compiled: Numba is here and not switched off."""
    return os.environ.get(OFF, "1") != "0" and numba_version() is not None


@functools.cache
def numba_version() -> str | None:
    """The version of Numba that is installed, without importing it."""
    try:
        return importlib.metadata.version("numba")
    except importlib.metadata.PackageNotFoundError:
        return None


# printing

TEXT = """from numba import njit
import numpy as np
from armfa.compiled.simd import {real} as F
REAL, where, pow, exp, expm1, log = np.{real}, F.where, F.pow, F.exp, F.expm1, F.log
sin, cos, asinh, tanh, sqrt, single = F.sin, F.cos, F.asinh, F.tanh, F.sqrt, F.single
{loops}
@njit(error_model="numpy", nogil=True, cache=True)
def kernel(t, {names}):
    x, X, size = np.empty({narrow}, REAL), np.empty({wide}, REAL), {first}.shape[0]
    for s in range(0, size, {L}):
        count = min({L}, size - s)
        for i in range(count):
            {into}
        {calls}
        for i in range(count):
            {out_of}
"""
LOOP = """
@njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def loop{number}(x, X, t, count):
    {lines}
"""
INFIX = {**dict.fromkeys((*ARITHMETIC, *COMPARISONS)), "and": "&", "or": "|"}


def _printed(program: Program, real: str) -> str:
    """The source of a module with the kernel."""
    n, L = program.n, LANES
    moving = [x for x in program.live if not x.fixed and x.op != "input"]
    loop: dict[Expr, int] = {}
    for x in moving:  # even: over arms; odd: over arms and muscles. pow ends a loop: short ones overlap better
        parts = [y for y in x.args if y in loop]
        loop[x] = max([int(x.wide), *(loop[y] + (y.wide != x.wide) + 2 * (y.op == "pow") for y in parts)])

    def read(x: Expr, at: int) -> set[Expr]:
        """What a value needs from the rows in loop `at`; conditions are decided again where they are needed."""
        if x.fixed or loop.get(x) == at:
            return set()
        return set().union(*(read(y, at) for y in x.args)) if x.condition else {x}

    kept = {y for x in moving for arg in x.args for y in read(arg, loop[x])} | {x for x in moving if x.op == "sum"}
    kept |= {c.value for c in program.outputs if not c.value.fixed}
    inputs = [column.value for column in program.inputs]
    place, size = {}, {False: 0, True: 0}
    for x in dict.fromkeys([*inputs, *sorted(kept, key=lambda x: x.id)]):
        place[x], size[x.wide] = size[x.wide], size[x.wide] + L * (n if x.wide else 1)
    fixed = {x: k for k, x in enumerate(program.fixed)}

    def row(x: Expr) -> str:
        return f"X[{place[x]} + M + i]" if x.wide else f"x[{place[x]} + i]"

    def printed(x: Expr, names: Mapping[Expr, str]) -> str:
        parts = [names[y] for y in x.args]
        if x.op in INFIX:
            return f"({parts[0]} {INFIX[x.op] or x.op} {parts[1]})"
        return f"{'-' if x.op == 'neg' else x.op}({', '.join(parts)})"

    def lines_of(at: int) -> list[str]:
        wide, names, head, lines, zeros = at % 2 == 1, dict[Expr, str](), [], [], []

        def use(x: Expr) -> str:
            if x not in names:
                names[x] = f"v{x.id}"
                if x.op == "number":
                    head.append(f"v{x.id} = REAL({x.args[0]!r})")
                elif x.fixed:
                    head.append(f"v{x.id} = t[{fixed[x]}, {'m' if x.wide else 0}]")
                elif x.condition and x not in place:
                    for y in x.args:
                        use(y)
                    lines.append(f"v{x.id} = {printed(x, names)}")
                else:
                    lines.append(f"v{x.id} = {row(x)}")
            return names[x]

        for e in (x for x in moving if loop[x] == at and x.op != "sum"):
            for x in e.args:
                use(x)
            names[e] = f"v{e.id}"
            lines.append(f"v{e.id} = {printed(e, names)}")
            if e in place:
                lines.append(f"{row(e)} = v{e.id}")
        for total in (x for x in moving if wide and x.op == "sum" and loop[x] == at + 1):
            lines.append(f"{row(total)} += {use(total.args[0])}")
            zeros.append(f"for i in range(count): {row(total)} = REAL(0)")
        if not lines:
            return []
        around = [f"for m in range({n}):", f"    M = m * {L}"] if wide else []
        inner = "    " * wide
        return [*zeros, *around, *(inner + x for x in head), f"{inner}for i in range(count):",
                *(f"{inner}    {x}" for x in lines)]  # fmt: skip

    loops = [lines for at in range(max(loop.values(), default=-1) + 1) if (lines := lines_of(at))]

    def copy(column: Column, code: str) -> str:
        array, place_of, columns, value = column
        muscle = "m" if value.wide else "0"
        cell = f"t[{fixed[value]}, {muscle}]" if value in fixed else repr(value.args[0]) if value.fixed else row(value)
        if columns == 1:
            return code.format(f"{array}[s + i, {place_of}]", cell)
        return f"for m in range({n}): M = m * {L}; " + code.format(f"{array}[s + i, {place_of} + m]", cell)

    return TEXT.format(
        real=real, L=L, narrow=max(size[False], 1), wide=max(size[True], 1), first="in_" + program.names[0][0],
        names=", ".join(["in_" + x for x in program.names[0]] + ["out_" + x for x in program.names[1]]),
        loops="".join(LOOP.format(number=k, lines="\n    ".join(each)) for k, each in enumerate(loops)),
        into=("\n" + " " * 12).join(copy(c._replace(array="in_" + c.array), "{1} = {0}") for c in program.inputs),
        out_of=("\n" + " " * 12).join(copy(c._replace(array="out_" + c.array), "{0} = {1}") for c in program.outputs),
        calls=("\n" + " " * 8).join(f"loop{k}(x, X, t, count)" for k in range(len(loops))) or "pass",
    )  # fmt: skip


# compiling


def cache_folder() -> Path:
    """Where kernels are kept: the user's cache, or a folder of temporary files where that cannot be written."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(home) / "armfa" / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = Path(tempfile.gettempdir()) / f"armfa-kernels-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(exist_ok=True)
    return folder


@functools.cache
def compiled(source: str, *used: Any) -> Any:
    """The module of a source, from a file that is named by its text and that of what it uses, so that Numba's cache is
    never stale.
    """
    from armfa.compiled import simd

    key = source + "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (simd, *used))
    path = cache_folder() / f"kernel_{hashlib.sha256(key.encode()).hexdigest()[:20]}.py"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        unfinished.write_text(source, encoding="utf-8")
        unfinished.replace(path)
    if not any((path.parent / "__pycache__").glob(f"{path.stem}.*.nbi")):
        _tell()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def _tell() -> None:
    """Says, once, why the first call takes seconds."""
    print(
        "armfa: compiling, a few seconds for each new kind of arm, task or rule; kept for the next time",
        file=sys.stderr,
    )
