"""Symbols that write down what functions compute, and reverse-mode derivatives of what was written.

A value is narrow (one per arm) or wide (one per arm and muscle); it is fixed where it is made of constants alone.
Functions of this package run on symbols as they run on arrays, because `armfa.arrays` sends `sin`, `where`, ... to
`functions`.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from armfa import arrays

LEAVES = ("number", "constant", "input")
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
COMPARISONS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
ELEMENTARY = ("sin", "cos", "exp", "expm1", "log", "sqrt", "asinh", "tanh", "single")


class Graph:
    """All values of one trace; equal expressions are the same object."""

    def __init__(self) -> None:
        self.table: dict[Any, Expr] = {}

    def input(self, name: str, *, wide: bool = False) -> "Expr":
        """An argument that differs from arm to arm."""
        return self._entered("input", (name,), wide)

    def pair(self, name: str) -> "Vector":
        """An argument of two numbers per arm."""
        return self.vector(name, 2)

    def vector(self, name: str, size: int) -> "Vector":
        """An argument of several numbers per arm."""
        return Vector(self.input(f"{name}{i}") for i in range(1, size + 1))

    def constant(self, place: Any, *, wide: bool = False) -> "Expr":
        """A constant of the arm, found at `place`; its value is handed in when the code runs."""
        return self._entered("constant", (place,), wide)

    def number(self, value: float, *, wide: bool = False) -> "Expr":
        """A number that stands in the source."""
        return self._entered("number", (float(value),), wide)

    def node(self, op: str, *args: Any) -> "Expr":
        """The value `op` of these; simplified only where no bit can change, but for division by a fixed value."""
        args = tuple(x if isinstance(x, Expr) else self.number(x) for x in args)
        values = [x.args[0] if x.op == "number" else None for x in args]
        if op in ARITHMETIC and None not in values:
            return self.number(ARITHMETIC[op](*values))
        if (op in ARITHMETIC and values[1] == (1.0 if op in "*/" else 0.0)) or (op == "*" and values[0] == 1.0):
            return args[0 if values[1] is not None else 1]
        if op == "/" and args[1].fixed and not args[0].fixed:  # a product is several times faster
            return self.node("*", args[0], self.node("/", 1.0, args[1]))
        if op == "pow" and values[1] in (1.0, 2.0):
            return args[0] if values[1] == 1.0 else self.node("*", args[0], args[0])
        return self._entered(op, args, op != "sum" and any(x.wide for x in args))

    def _entered(self, op: str, args: tuple, wide: bool) -> "Expr":
        key = (op, wide, *args)
        if key not in self.table:
            self.table[key] = Expr(self, op, args, wide)
        return self.table[key]


class Symbolic:
    """What stands for an array in a trace."""

    def __bool__(self) -> bool:
        raise TypeError("expected a value, got a symbol: write where(condition, a, b) in place of if")


class Expr(Symbolic):
    """One value of a graph; behaves like an array (...,) where narrow and (..., n) where wide."""

    def __init__(self, graph: Graph, op: str, args: tuple, wide: bool):
        self.graph, self.op, self.args, self.wide, self.id = graph, op, args, wide, len(graph.table)
        parts = [x for x in args if isinstance(x, Expr)]
        self.fixed = op in ("number", "constant") or (op != "input" and all(x.fixed for x in parts))
        self.condition = op in COMPARISONS or op in ("and", "or")

    def __neg__(self) -> "Expr":
        return self.graph.node("neg", self)

    def __pow__(self, exponent: Any) -> "Expr":
        return self.graph.node("pow", self, exponent)

    def __rpow__(self, base: Any) -> "Expr":
        return self.graph.node("pow", base, self)

    def __and__(self, other: "Expr") -> "Expr":
        return self.graph.node("and", self, other)

    def __or__(self, other: "Expr") -> "Expr":
        return self.graph.node("or", self, other)

    def __getitem__(self, place: Any) -> "Vector":
        if self.wide or place != (Ellipsis, None):
            raise TypeError(f"expected x[..., None] of a number per arm, got [{place}]")
        return Vector((self,))

    def sum(self, axis: int) -> "Expr":
        """The sum over the muscles."""
        if not self.wide or axis not in (0, -1):
            raise TypeError("expected the sum of what each muscle has, over its only axis")
        return self.graph.node("sum", self)


class Vector(Symbolic):
    """Numbers per arm side by side: behaves like an array (..., k)."""

    def __init__(self, parts: Iterable[Expr]):
        self.parts = tuple(parts)
        self.shape, self.ndim = (1, len(self.parts)), 2

    def __getitem__(self, place: Any) -> Any:
        if place == (Ellipsis, None, slice(None)):
            return Grid((self,))
        if not isinstance(place, tuple) or len(place) != 2 or place[0] is not Ellipsis:
            raise TypeError(f"expected an index of the last axis, x[..., i], got [{place}]")
        found = self.parts[place[1]]
        return Vector(found) if isinstance(place[1], slice) else found

    def __neg__(self) -> "Vector":
        return Vector(-x for x in self.parts)

    def sum(self, axis: int) -> Expr:
        """The sum over the last axis."""
        if axis != -1:
            raise TypeError(f"expected the sum over the last axis, -1, got {axis}")
        total: Any = self.parts[0]
        for x in self.parts[1:]:
            total = total + x
        return total


class Grid(Symbolic):
    """Points per arm, one below the other: behaves like an array (..., k, 2) that is only indexed."""

    def __init__(self, rows: Iterable[Vector]):
        self.parts = tuple(rows)

    def __getitem__(self, place: Any) -> Vector:
        if not isinstance(place, tuple) or len(place) != 3 or place[0] is not Ellipsis or place[2] != slice(None):
            raise TypeError(f"expected the index of a point, x[..., i, :], got [{place}]")
        return self.parts[place[1]]


def flat(values: Any) -> list[Any]:
    """Values side by side: those of vectors and lists one after the other."""
    if isinstance(values, Vector | Grid):
        values = values.parts
    return [x for each in values for x in flat(each)] if isinstance(values, Iterable) else [values]


def applied(op: str, *args: Any) -> Any:
    """The value `op` of symbols and numbers, element by element over the last axis."""
    vectors = [x for x in args if isinstance(x, Vector)]
    if vectors:
        size = max(len(x.parts) for x in vectors)
        if any(len(x.parts) not in (1, size) for x in vectors):
            raise ValueError(f"expected last axes of one length, got {[len(x.parts) for x in vectors]}")
        if any(isinstance(x, Expr) and (x.wide or not x.fixed) for x in args):
            raise TypeError("expected x[..., None] of a number per arm beside an array (..., k)")
        return Vector(
            applied(op, *(x.parts[i if len(x.parts) > 1 else 0] if isinstance(x, Vector) else x for x in args))
            for i in range(size)
        )
    graph = next(x.graph for x in args if isinstance(x, Expr))
    return graph.node(op, *args)


def _operators() -> None:
    names = dict(add="+", sub="-", mul="*", truediv="/", gt=">", ge=">=", lt="<", le="<=")
    for cls in (Expr, Vector):
        for name, sign in names.items():
            setattr(cls, f"__{name}__", lambda x, y, s=sign: applied(s, x, y))
            if sign in ARITHMETIC:
                setattr(cls, f"__r{name}__", lambda x, y, s=sign: applied(s, y, x))


_operators()


functions = SimpleNamespace(
    **{name: (lambda x, n=name: applied(n, x)) for name in ELEMENTARY},
    where=lambda condition, x, y: applied("where", condition, x, y),
    stack=lambda parts, axis=-1: Vector(parts),
)
"""The array namespace of symbols: what `armfa.arrays.namespace` gives for them."""


# derivatives

Pullback = Callable[..., tuple[Any, ...]]
SLOPES: dict[str, Pullback] = {  # derivatives by the arguments, from the derivative b by the value e, and the arguments
    "+": lambda b, e, x, y: (b, b),
    "-": lambda b, e, x, y: (b, -b),
    "*": lambda b, e, x, y: (b * y, b * x),
    "/": lambda b, e, x, y: (b / y, -(b * e / y)),
    "neg": lambda b, e, x: (-b,),
    "sum": lambda b, e, x: (b,),
    "sin": lambda b, e, x: (b * functions.cos(x),),
    "cos": lambda b, e, x: (-(b * functions.sin(x)),),
    "exp": lambda b, e, x: (b * e,),
    "expm1": lambda b, e, x: (b * (e + 1.0),),
    "log": lambda b, e, x: (b / x,),
    "sqrt": lambda b, e, x: (functions.where(e > 0.0, b * 0.5 / functions.where(e > 0.0, e, 1.0), 0.0),),
    "single": lambda b, e, x: (b,),
    "asinh": lambda b, e, x: (b / functions.sqrt(x * x + 1.0),),
    "tanh": lambda b, e, x: (b * (1.0 - e * e),),
    "pow": lambda b, e, x, y: (
        b * y * x ** (y - 1.0),
        functions.where(x > 0.0, b * e * functions.log(functions.where(x > 0.0, x, 1.0)), 0.0),
    ),
    "where": lambda b, e, c, x, y: (None, functions.where(c, b, 0.0), functions.where(c, 0.0, b)),
}


def reachable(outputs: Iterable[Expr]) -> list[Expr]:
    """All that the outputs are made of, arguments before values."""
    seen, stack = set(), list(outputs)
    while stack:
        if (x := stack.pop()) not in seen:
            seen.add(x)
            stack.extend(y for y in x.args if isinstance(y, Expr))
    return sorted(seen, key=lambda x: x.id)


def pullback(bars: Mapping[Expr, Expr] | Iterable[tuple[Expr, Expr]], by: Iterable[Expr]) -> dict[Expr, Expr]:
    """The derivative of a scalar by each of `by`, from its derivatives by other values: reverse mode, exact.

    bars : each value and the derivative by it. A value may come twice, as two outputs that are equal do: its
        derivatives are summed.
    """
    given: list[Any] = list(bars.items() if isinstance(bars, Mapping) else bars)
    wanted, found = set(by), {}
    sums: dict[Expr, dict[bool, Any]] = {}

    def add(x: Expr, bar: Expr) -> None:
        mine, wide = sums.setdefault(x, {}), bar.wide or x.wide
        mine[wide] = mine[wide] + bar if wide in mine else bar

    for x, bar in given:
        add(x, bar)
    for e in reversed(reachable(x for x, _ in given)):
        if not (parts := sums.pop(e, {})):
            continue
        if True in parts and not e.wide:  # a narrow value that met muscles
            parts = {False: e.graph.node("sum", parts[True]) + parts.get(False, 0.0)}
        (b,) = parts.values()
        if e in wanted:
            found[e] = b
        for x, bar in zip(e.args, SLOPES[e.op](b, e, *e.args) if e.op in SLOPES else ()):
            if bar is not None and not x.fixed:
                if e.wide and not (x.wide or bar.wide):  # a narrow term of what is summed over muscles: once for each
                    bar = functions.where(applied(">=", e, e), bar, bar)
                add(x, bar)
    zero = {x: x.graph.number(0.0) for x in wanted - set(found)}
    return found | zero


def run(outputs: Sequence[Expr], values: Mapping[Expr, Any], order: Sequence[Expr] | None = None) -> list[Any]:
    """The outputs, from values of inputs and constants: numbers, or arrays of any library with the muscles first.

    order : what is reachable from the outputs, for whoever computes them often.
    """
    known: dict[Any, Any] = dict(values)
    for e in reachable(outputs) if order is None else order:
        if e not in known:
            known[e] = e.args[0] if e.op == "number" else COMPUTE[e.op](*[known[x] for x in e.args])
    return [known[e] for e in outputs]


COMPUTE: dict[str, Callable[..., Any]] = {
    **ARITHMETIC,
    **{sign: lambda x, y, compare=compare: compare(arrays.real(x), y) for sign, compare in COMPARISONS.items()},
    **{name: getattr(arrays, name) for name in (*ELEMENTARY, "where")},
    "neg": operator.neg,
    "pow": operator.pow,
    "and": operator.and_,
    "or": operator.or_,
    "sum": arrays.sum_first,
}
"""What each operation of a graph is on arrays."""
