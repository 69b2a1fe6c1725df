"""The elementary functions of kernels against wider precision, over their range and at special values."""

import numpy as np
import pytest

from armfa.compiled.graph import ELEMENTARY, Graph, functions
from armfa.compiled.program import Bound, Program

RNG = np.random.default_rng(0)
GRAPH = Graph()
X, Y = GRAPH.input("x"), GRAPH.input("y")
ALL = Bound(Program({"x": X, "y": Y}, {**{n: getattr(functions, n)(X) for n in ELEMENTARY}, "pow": X**Y}, 1), {})
"""One kernel with every function."""

NEAR_0 = np.concatenate([RNG.normal(size=20_000) * 1e-4, RNG.uniform(-1.0, 1.0, 20_000)])
ARGUMENTS = {
    "sin": RNG.uniform(-100.0, 100.0, 50_000),
    "cos": RNG.uniform(-100.0, 100.0, 50_000),
    "exp": RNG.uniform(-80.0, 80.0, 50_000),
    "expm1": np.concatenate([RNG.uniform(-40.0, 40.0, 20_000), NEAR_0]),
    "log": np.concatenate([10.0 ** RNG.uniform(-30.0, 30.0, 20_000), RNG.uniform(0.5, 2.0, 20_000)]),
    "sqrt": 10.0 ** RNG.uniform(-30.0, 30.0, 1000),
    "tanh": np.concatenate([RNG.uniform(-30.0, 30.0, 20_000), NEAR_0]),
    "asinh": np.concatenate([RNG.uniform(-100.0, 100.0, 20_000), NEAR_0]),
    "single": RNG.normal(size=1000),
}
ULPS = dict.fromkeys(ARGUMENTS, 2.0) | {"tanh": 3.0}
PRECISIONS = [(np.float64, np.longdouble), (np.float32, np.float64)]


def computed(name, x, y=None):
    y = np.ones_like(x) if y is None else y
    return ALL.by_kernel({"x": x[:, None], "y": y[:, None]})[name][:, 0]


def ulps(found, exact, real):
    """Error in units of the last place."""
    return np.abs(found.astype(exact.dtype) - exact) / np.spacing(np.abs(exact).astype(real)).astype(exact.dtype)


@pytest.mark.parametrize(("real", "wider"), PRECISIONS, ids=["float64", "float32"])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_a_function_is_within_a_few_units_of_the_last_place(name, real, wider):
    x = ARGUMENTS[name].astype(real)
    found = computed(name, x)
    assert found.dtype == real
    if name == "single":
        np.testing.assert_array_equal(found, x.astype(np.float32))
        return
    exact = getattr(np, name)(x.astype(wider))
    if name == "asinh":  # small arguments lose digits: near 0 it is as exact as near 1
        assert np.abs(found - exact).max() < 4 * np.finfo(real).eps * max(1.0, np.abs(exact).max())
    else:
        assert ulps(found, exact, real).max() < ULPS[name]


@pytest.mark.parametrize(("real", "wider"), PRECISIONS, ids=["float64", "float32"])
def test_powers_are_as_exact_as_their_logarithm(real, wider):
    x, y = RNG.uniform(0.05, 3.0, 50_000).astype(real), RNG.uniform(-4.0, 4.0, 50_000).astype(real)
    exact = x.astype(wider) ** y.astype(wider)
    error = ulps(computed("pow", x, y), exact, real)
    assert (error / (1.0 + np.abs(y * np.log(x)))).max() < 2.0


@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize("name", ELEMENTARY)
def test_nan_stays_nan_and_0_gives_the_exact_value(name, real):
    found = computed(name, np.array([np.nan, 0.0, -0.0], real))
    assert np.isnan(found[0])
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(found[1:], getattr(np, name)(np.zeros(2)) if name != "single" else 0.0)


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_infinities_and_negative_numbers_give_what_a_diverging_state_needs(real):
    """Angles that are infinite give NaN, which environments refuse; exp ends at the ends of its range."""
    x = np.array([np.inf, -np.inf], real)
    for name in ("sin", "cos"):
        assert np.isnan(computed(name, x)).all()
    np.testing.assert_array_equal(computed("tanh", x), [1.0, -1.0])
    high, low = computed("exp", x)
    assert high > 1e38 and 0.0 < low < 2e-38
    assert computed("expm1", x)[1] == -1.0
    for name in ("log", "sqrt"):
        assert np.isnan(computed(name, np.array([-1.0], real))).all()
    assert computed("log", np.array([0.0], real)) == -np.inf


def test_powers_of_0_and_of_negative_numbers():
    x, y = np.array([0.0, 0.0, -1.0, np.nan]), np.array([2.0, 0.0, 2.0, 0.0])
    np.testing.assert_array_equal(computed("pow", x, y), [0.0, 1.0, np.nan, np.nan])


def test_functions_are_odd_or_even_to_the_bit():
    x = ARGUMENTS["tanh"]
    for name, sign in (("sin", -1.0), ("cos", 1.0), ("tanh", -1.0), ("asinh", -1.0)):
        np.testing.assert_array_equal(computed(name, -x), sign * computed(name, x))
