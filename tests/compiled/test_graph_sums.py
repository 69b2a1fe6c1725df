"""Sums over muscles: their derivatives, and what kernels make of them."""

import numpy as np
import pytest

from armfa.compiled.graph import Graph, functions, pullback
from armfa.compiled.program import Bound, Program

ARRAYS = {"x": np.linspace(0.1, 0.4, 3)[:, None], "y": np.arange(18.0).reshape(3, 6)}


def bound(make):
    """Value and derivatives of a function of a narrow x and a wide y."""
    graph = Graph()
    x, y = graph.input("x"), graph.input("y", wide=True)
    value = make(x, y)
    by = pullback({value: graph.number(1.0)}, [x])
    return Bound(Program({"x": x, "y": y}, {"value": value, "by_x": by[x]}, 6), {})


SUMS = {
    "a narrow term": (lambda x, y: (x + y).sum(-1), 6.0),
    "a narrow term taken off": (lambda x, y: (y - x).sum(-1), -6.0),
    "a choice": (lambda x, y: functions.where(x > 0.2, x, y).sum(-1), None),
    "an input alone, plus a number per arm": (lambda x, y: y.sum(-1) + x, 1.0),
}


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("way", ["by_kernel", "by_library"])
def test_a_sum_over_muscles_counts_each_of_them(name, way):
    make, slope = SUMS[name]
    found = getattr(bound(make), way)(ARRAYS)
    expected = {True: 6.0, False: 0.0} if slope is None else None
    for row, x in enumerate(ARRAYS["x"][:, 0]):
        assert found["by_x"][row, 0] == (slope if expected is None else expected[bool(x > 0.2)])
    if name.startswith("an input"):
        np.testing.assert_allclose(found["value"], ARRAYS["y"].sum(-1, keepdims=True) + ARRAYS["x"])


def test_an_arm_of_one_muscle_has_its_kernel():
    graph = Graph()
    y = graph.input("y", wide=True)
    found = Bound(Program({"y": y}, {"double": y * 2.0, "sum": y.sum(-1)}, 1), {}).by_kernel({"y": np.ones((4, 1))})
    assert (found["double"] == 2.0).all() and (found["sum"] == 1.0).all()


def test_a_wrong_number_of_columns_is_refused_by_name():
    with pytest.raises(ValueError, match=r"y of shape \(\.\.\., 6\), got \(3, 5\)"):
        bound(SUMS["a narrow term"][0]).by_kernel({**ARRAYS, "y": np.ones((3, 5))})


@pytest.mark.parametrize("way", ["by_kernel", "by_library"])
def test_a_program_that_needs_none_of_its_inputs_has_a_value_for_each_arm(way):
    graph = Graph()
    x, y = graph.input("x"), graph.input("y", wide=True)
    c = graph.constant("c", wide=True)
    program = Bound(
        Program({"x": x, "y": y}, {"two": graph.number(2.0), "c": c}, 6), {"c": (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)}
    )
    assert program.program.names[0] == ("x",)
    found = getattr(program, way)({"x": ARRAYS["x"]})
    np.testing.assert_array_equal(found["two"], np.full((3, 1), 2.0))
    np.testing.assert_array_equal(found["c"], np.tile(np.arange(1.0, 7.0), (3, 1)))
    into = np.empty((3, 1)), np.empty((3, 6))
    program.run(*ARRAYS.values(), *into)
    np.testing.assert_array_equal(into[0], found["two"])
    np.testing.assert_array_equal(into[1], found["c"])


def test_a_program_without_inputs_is_refused():
    with pytest.raises(ValueError, match="expected at least one input"):
        Program({}, {"two": Graph().number(2.0)}, 6)
