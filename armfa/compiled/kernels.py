"""A program printed as loops for Numba, compiled once, kept on disk.

A kernel works on blocks of L arms in loops over lanes: narrow values, then wide ones, then narrow ones, ... What a
later loop needs lies in a row of L numbers. Every loop is a function of its own, because LLVM gives up vectors in long
ones (3.5 times slower). What is made of constants alone stands in a table, so the arms of one family share one kernel.
"""

import atexit
import contextvars
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from armfa.compiled.graph import ARITHMETIC, COMPARISONS, Expr

LANES = {"float64": 32, "float32": 64}
"""Arms in a block: the rows of a step of six muscles then stay in the first cache."""
OFF = "ARMFA_COMPILED"
"""Environment variable: 0 runs the same source uncompiled, for debugging and where nothing may be compiled."""


_compiling = contextvars.ContextVar("compiling", default=True)


def available() -> bool:
    """Whether kernels are to be compiled: Numba is here and not switched off."""
    return _compiling.get() and os.environ.get(OFF, "1") != "0" and numba_version() is not None


@contextmanager
def uncompiled() -> Iterator[None]:
    """Within, the source runs as it is: one arm in real time needs no kernel, and one takes seconds to compile."""
    before = _compiling.set(False)
    try:
        yield
    finally:
        _compiling.reset(before)


def how_it_runs() -> str:
    """In a few words, whether steps and updates are compiled here."""
    if available():
        return f"compiled by Numba {numba_version()}"
    return "uncompiled, in NumPy: Numba is " + (
        "not installed" if numba_version() is None else f"switched off by {OFF}=0"
    )


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


def printed(program: Any, real: str) -> str:
    """The source of a module with the kernel."""
    n, L = program.n, LANES[real]
    moving = [x for x in program.live if not x.fixed and x.op != "input"]
    loop: dict[Expr, int] = {}
    for x in moving:  # even: over arms; odd: over arms and muscles. pow ends a loop: short ones overlap better
        parts = [y for y in x.args if y in loop]
        least = 2 if x.op == "sum" else int(x.wide)  # a sum is made in the wide loop before it
        loop[x] = max([least, *(loop[y] + (y.wide != x.wide) + 2 * (y.op == "pow") for y in parts)])

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

    def formula(x: Expr, names: Mapping[Expr, str]) -> str:
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
                    lines.append(f"v{x.id} = {formula(x, names)}")
                else:
                    lines.append(f"v{x.id} = {row(x)}")
            return names[x]

        for e in (x for x in moving if loop[x] == at and x.op != "sum"):
            for x in e.args:
                use(x)
            names[e] = f"v{e.id}"
            lines.append(f"v{e.id} = {formula(e, names)}")
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

    def copy(column: Any, code: str) -> str:
        array, place_of, columns, value = column
        muscle = "m" if value.wide else "0"
        cell = f"t[{fixed[value]}, {muscle}]" if value in fixed else repr(value.args[0]) if value.fixed else row(value)
        if not value.wide and columns == 1:
            return code.format(f"{array}[s + i, {place_of}]", cell)
        return f"for m in range({n}): M = m * {L}; " + code.format(f"{array}[s + i, {place_of} + m]", cell)

    return TEXT.format(
        real=real, L=L, narrow=max(size[False], 1), wide=max(size[True], 1), first="in_" + program.names[0][0],
        names=", ".join(["in_" + x for x in program.names[0]] + ["out_" + x for x in program.names[1]]),
        loops="".join(LOOP.format(number=k, lines="\n    ".join(each)) for k, each in enumerate(loops)),
        into=("\n" + " " * 12).join(
            [copy(c._replace(array="in_" + c.array), "{1} = {0}") for c in program.inputs] or ["pass"]
        ),
        out_of=("\n" + " " * 12).join(copy(c._replace(array="out_" + c.array), "{0} = {1}") for c in program.outputs),
        calls=("\n" + " " * 8).join(f"loop{k}(x, X, t, count)" for k in range(len(loops))) or "pass",
    )  # fmt: skip


# compiling


def cache_folder() -> Path:
    """Where kernels are kept: the user's cache; where that cannot be written, a folder of temporary files that nobody
    else can write to, since what lies there is run.
    """
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(os.path.expanduser(home)) / "armfa" / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return _private_folder()


@functools.cache
def _private_folder() -> Path:
    """A folder of temporary files of this user alone: the one of before, or a new one for this process."""
    if os.name == "posix":
        folder = Path(tempfile.gettempdir()) / f"armfa-kernels-{os.getuid()}"
        try:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                folder.chmod(0o700)
                return folder
        except OSError:
            pass
    folder = Path(tempfile.mkdtemp(prefix="armfa-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def compiled(source: str, *used: str) -> Any:
    """The module of a source. Its file is named by its text and that of what it uses: Numba's cache is never stale."""
    from armfa.compiled import simd

    key = source + "".join(Path(file).read_text(encoding="utf-8") for file in (str(simd.__file__), *used))
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
        "armfa: compiling for a new kind of arm, task or rule, up to half a minute per command; kept for the next time",
        file=sys.stderr,
    )
