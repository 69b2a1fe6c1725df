"""What is written down on symbols, and its derivatives, operation by operation."""

import numpy as np
import pytest

from armfa import arrays
from armfa.compiled.graph import (
    ARITHMETIC,
    COMPARISONS,
    COMPUTE,
    ELEMENTARY,
    SLOPES,
    Graph,
    Grid,
    Vector,
    functions,
    pullback,
    run,
)

RNG = np.random.default_rng(0)
ARGUMENTS = {  # in the range of each operation; others take any number
    "log": (RNG.uniform(0.1, 3.0, 50),),
    "sqrt": (RNG.uniform(0.1, 3.0, 50),),
    "pow": (RNG.uniform(0.1, 3.0, 50), RNG.normal(size=50)),
    "where": (RNG.random(50), RNG.normal(size=50), RNG.normal(size=50)),
    "sum": (RNG.normal(size=(6, 50)),),
}


def given(op):
    if op in ARGUMENTS:
        return ARGUMENTS[op]
    return tuple(RNG.normal(size=50) for _ in range(1 if op in (*ELEMENTARY, "neg") else 2))


def derivatives(op, arguments):
    """The value of an operation, and the derivatives of its sum by each argument, as the graph derives them."""
    graph = Graph()
    symbols = [graph.input(f"x{i}", wide=op == "sum") for i in range(len(arguments))]
    value = graph.node(op, *(symbols if op != "where" else (symbols[0] > 0.5, *symbols[1:])))
    bars = pullback({value: graph.number(1.0)}, symbols)
    found = run([value, *(bars[x] for x in symbols)], dict(zip(symbols, arguments)))
    return found[0], found[1:]


@pytest.mark.parametrize("op", [op for op in SLOPES if op != "single"])
def test_the_slopes_of_an_operation_are_its_complex_step_derivatives(op):
    arguments = given(op)
    _, found = derivatives(op, arguments)
    for place, slope in enumerate(found):
        moved = [x + 0j for x in arguments]
        moved[place] = moved[place] + 1e-40j
        if op == "where":
            moved[0] = moved[0].real > 0.5
        if op == "sum":  # its slope is 1 by each of its parts
            np.testing.assert_array_equal(slope, 1.0)
            continue
        exact = COMPUTE[op](*moved).imag / 1e-40
        np.testing.assert_allclose(np.broadcast_to(slope, exact.shape), exact, rtol=1e-13, atol=1e-15)


def test_every_operation_that_can_be_written_down_has_slopes_or_is_a_condition():
    assert set(COMPUTE) == set(SLOPES) | set(COMPARISONS) | {"and", "or"}
    assert set(ARITHMETIC) | set(ELEMENTARY) <= set(SLOPES)


def test_rounding_to_float32_passes_derivatives_on():
    value, (slope,) = derivatives("single", (np.array([0.1]),))
    assert value == np.float64(np.float32(0.1)) != 0.1
    assert slope == 1.0


@pytest.mark.parametrize(("op", "at", "slope"), [("sqrt", 0.0, 0.0), ("pow", 0.0, 0.0)])
def test_where_a_slope_would_be_infinite_it_is_finite(op, at, slope):
    arguments = (np.array([at]),) if op == "sqrt" else (np.array([at]), np.array([2.5]))
    _, found = derivatives(op, arguments)
    assert found[0] == slope
    assert np.isfinite(found).all()


def test_numbers_per_arm_and_per_muscle_meet_and_derivatives_come_back_summed():
    graph = Graph()
    q, l, scale = graph.input("q"), graph.input("l", wide=True), graph.constant("c", wide=True)
    value = (functions.sin(q) * l * l + scale * q * q).sum(0) * q
    bars = pullback({value: graph.number(1.0)}, [q, l])
    values = {q: RNG.normal(size=9), l: RNG.normal(size=(6, 9)), scale: RNG.normal(size=(6, 1))}

    def total(q, l):
        return (np.sin(q) * l * l + values[scale] * q * q).sum(0) * q

    by_q, by_l = run([bars[q], bars[l]], values)
    np.testing.assert_allclose(by_q, total(values[q] + 1e-40j, values[l]).imag / 1e-40, rtol=1e-12)
    for muscle in range(6):
        moved = values[l] + 0j
        moved[muscle] += 1e-40j
        np.testing.assert_allclose(by_l[muscle], total(values[q], moved).imag / 1e-40, rtol=1e-12)


def test_what_nothing_depends_on_has_the_derivative_0():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    assert pullback({x * x: graph.number(1.0)}, [y])[y].args == (0.0,)


@pytest.mark.parametrize("wide", [False, True], ids=["narrow", "wide"])
def test_the_derivatives_by_two_outputs_that_are_one_symbol_are_summed(wide):
    graph = Graph()
    x, first, second = graph.input("x", wide=wide), graph.input("first"), graph.input("second", wide=wide)
    one, same = functions.sin(x), functions.sin(x)
    slope = pullback([(one, first), (x * one, second), (same, second)], [x])[x]
    values = {x: RNG.normal(size=5), first: RNG.normal(size=5), second: RNG.normal(size=5)}
    at, b1, b2 = values.values()
    expected = (b1 + b2) * np.cos(at) + b2 * (np.sin(at) + at * np.cos(at))
    np.testing.assert_allclose(run([slope], values)[0], expected, rtol=1e-13)


def test_functions_of_the_package_run_on_symbols_as_on_arrays():
    graph = Graph()
    x, y = graph.input("x"), graph.input("y")
    values = {x: RNG.normal(size=20), y: RNG.normal(size=20)}
    for function in (arrays.at_least, arrays.at_most):
        np.testing.assert_array_equal(run([function(x, y)], values)[0], function(values[x], values[y]))
    for name in ("sin", "cos", "exp", "expm1", "asinh", "tanh", "magnitude", "single"):
        function = getattr(arrays, name)
        np.testing.assert_array_equal(run([function(x)], values)[0], function(values[x]))


@pytest.mark.parametrize("function", [arrays.at_least, arrays.at_most])
def test_bounds_keep_nan_and_give_a_tie_to_the_first(function):
    np.testing.assert_array_equal(function(np.array([np.nan, 1.0]), 1.0), [np.nan, 1.0])
    graph = Graph()
    x = graph.input("x")
    slope = pullback({function(x, 1.0): graph.number(1.0)}, [x])[x]
    assert run([slope], {x: np.array([1.0])})[0] == 1.0


def test_equal_expressions_are_one_and_numbers_are_folded():
    graph = Graph()
    x = graph.input("x")
    assert functions.sin(x) * 2.0 is functions.sin(x) * 2.0
    assert x * 1.0 is x and x + 0.0 is x and 1.0 * x is x and x**1.0 is x
    assert x**2.0 is x * x
    assert (graph.number(2.0) * graph.number(3.0)).args == (6.0,)
    assert (x / graph.constant("c")).op == "*"  # a product with the reciprocal, which stands in the table


def test_what_symbols_cannot_do_is_said():
    graph = Graph()
    x, pair, wide = graph.input("x"), graph.pair("p"), graph.input("w", wide=True)
    with pytest.raises(TypeError, match=r"write where\(condition, a, b\) in place of if"):
        bool(x > 0.0)
    with pytest.raises(ValueError, match=r"last axes of one length, got \[2, 3\]"):
        pair + graph.vector("v", 3)
    with pytest.raises(TypeError, match=r"x\[\.\.\., None\]"):
        pair * x
    with pytest.raises(TypeError, match=r"x\[\.\.\., None\]"):
        pair * graph.constant("per muscle", wide=True)
    with pytest.raises(TypeError, match="last axis"):
        pair[0]
    with pytest.raises(TypeError, match="only axis"):
        x.sum(0)
    with pytest.raises(TypeError, match="last axis"):
        pair.sum(0)
    with pytest.raises(TypeError, match="number per arm"):
        wide[..., None]
    with pytest.raises(TypeError, match="index of a point"):
        Grid([pair])[0]


def test_vectors_behave_as_arrays_with_a_last_axis():
    graph = Graph()
    x, y = graph.pair("x"), graph.pair("y")
    values = {s: RNG.normal(size=4) for s in (*x.parts, *y.parts)}
    a, b = (np.stack([values[s] for s in each.parts], axis=-1) for each in (x, y))
    for found, expected in (
        (x - y, a - b),
        (2.0 * x, 2.0 * a),
        (1.0 / x, 1.0 / a),
        (-x, -a),
        (x * x[..., 0][..., None], a * a[..., 0][..., None]),
        (x[..., 0:1] + y, a[..., 0:1] + b),
        (functions.where(x > y, x, y), np.maximum(a, b)),
    ):
        assert isinstance(found, Vector)
        np.testing.assert_array_equal(np.stack(run(found.parts, values), axis=-1), expected)
    np.testing.assert_array_equal(run([(x * y).sum(-1)], values)[0], (a * b).sum(-1))
