"""Functions to imitate: the papers' linear, deep and quadratic targets, with inputs drawn at random.

Every teacher may carry leading axes: one teacher per seed, so that a stack of networks meets a stack of teachers.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from armfa.arrays import Array
from armfa.controllers.circuits.mlp import MLP, Params, transpose, uniform
from armfa.controllers.losses import SquaredError
from armfa.controllers.problem import Batch
from armfa.controllers.streams import Streams
from armfa.controllers.training.doors import whole

Generator = np.random.Generator | Streams


class Teacher(Protocol):
    """A fixed function of the inputs."""

    def answer(self, inputs: Array) -> Array:
        """Answers y* (..., batch, n_out) for inputs (..., batch, n_in)."""
        ...


class LinearTeacher(NamedTuple):
    """The function y* = T x. [Lillicrap et al. 2016, Fig. 2]"""

    weight: Array  # (..., n_out, n_in)

    def answer(self, inputs: Array) -> Array:
        """The products T x."""
        return inputs @ transpose(self.weight)


class NetworkTeacher(NamedTuple):
    """The function y* of a fixed network: W2 tanh(W1 tanh(W0 x + b0) + b1) + b2. [Lillicrap et al. 2016, Fig. 3d]"""

    network: MLP  # which
    params: Params  # its weights

    def answer(self, inputs: Array) -> Array:
        """The network's output."""
        return self.network.forward(self.params, inputs).output


class QuadraticTeacher(NamedTuple):
    """The functions y*_k = x^T Q_k x. [Lillicrap et al. 2016, Fig. 5]"""

    forms: Array  # (..., n_out, n_in, n_in)

    def answer(self, inputs: Array) -> Array:
        """The values x^T Q_k x for every k."""
        n_out, n_in = self.forms.shape[-3], self.forms.shape[-1]
        flat = self.forms.reshape(*self.forms.shape[:-3], n_out * n_in, n_in)
        products = (inputs @ transpose(flat)).reshape(*inputs.shape[:-1], n_out, n_in)
        return (products * inputs[..., None, :]).sum(-1)


@dataclass(frozen=True)
class Regression:
    """A problem: imitate a `Teacher` on inputs drawn at random.

    Parameters
    ----------
    teacher : Any
        What is imitated: a `Teacher`.
    n_in : int
        Inputs.
    limit : float | None
        Inputs are uniform in +-limit; None draws them from N(0, 1).
    held_out : Any
        The test batch, always the same.
    dtype : type
        Precision of examples.
    """

    teacher: Any
    n_in: int
    limit: float | None
    held_out: Any
    dtype: type = np.float32

    def batch(self, rng: Any, size: int) -> Batch:
        """`size` new examples; `Streams` of S generators give inputs (S, size, n_in)."""
        return _examples(self.teacher, self.n_in, self.limit, rng, size, self.dtype)

    def test(self) -> Any:
        """The held-out batch."""
        return self.held_out


def linear(
    rng: Generator, sizes: tuple[int, int] = (30, 10), *, test_size: int = 1000, dtype: type = np.float32
) -> Regression:
    """A linear target with elements uniform in [-1, 1], inputs from N(0, 1). [Lillicrap et al. 2016, Methods]

    Parameters
    ----------
    rng : Generator
        Draws the target, then the test batch.
    sizes : pair of int
        Inputs and outputs.
    test_size : int
        Examples of the test batch.
    dtype : type
        Precision of examples.

    Returns
    -------
    Regression
        The problem.
    """
    teacher = LinearTeacher(uniform(rng, 1.0, (sizes[1], sizes[0]), dtype))
    return _problem(teacher, sizes[0], None, rng, test_size, dtype)


def deep(
    rng: Generator,
    sizes: tuple[int, ...] = (30, 20, 10, 10),
    *,
    scale: float | None = 0.5,
    test_size: int = 5000,
    dtype: type = np.float32,
) -> Regression:
    """A tanh network with linear outputs as target, inputs from N(0, 1). [Lillicrap et al. 2016, Methods]

    Parameters
    ----------
    rng : Generator
        Draws the target, then the test batch.
    sizes : tuple of int
        Units of each layer of the target, the input first.
    scale : float or None
        Weights and biases of the target ~ U(-scale, scale); None: weights that keep the variance, no biases.
    test_size : int
        Examples of the test batch.
    dtype : type
        Precision of examples.

    Returns
    -------
    Regression
        The problem.
    """
    kinds = ("tanh",) * (len(sizes) - 2) + ("linear",)
    network = MLP(sizes, kinds, weight_scale=scale, bias_scale=scale or 0.0)
    return _problem(NetworkTeacher(network, network.init(rng, dtype)), sizes[0], None, rng, test_size, dtype)


def quadratic(
    rng: Generator, sizes: tuple[int, int] = (20, 20), *, test_size: int = 1000, dtype: type = np.float32
) -> Regression:
    """Quadratic forms with elements in [-0.5, 0.5], inputs uniform in [-2, 2]. [Lillicrap et al. 2016, Methods]

    Parameters
    ----------
    rng : Generator
        Draws the target, then the test batch.
    sizes : pair of int
        Inputs and outputs.
    test_size : int
        Examples of the test batch.
    dtype : type
        Precision of examples.

    Returns
    -------
    Regression
        The problem.
    """
    teacher = QuadraticTeacher(uniform(rng, 0.5, (sizes[1], sizes[0], sizes[0]), dtype))
    return _problem(teacher, sizes[0], 2.0, rng, test_size, dtype)


def _problem(
    teacher: Teacher, n_in: int, limit: float | None, rng: Generator, test_size: int, dtype: type
) -> Regression:
    held_out = _examples(teacher, n_in, limit, rng, whole("test_size", test_size), dtype)
    return Regression(teacher, n_in, limit, held_out, dtype)


def _examples(teacher: Teacher, n_in: int, limit: float | None, rng: Any, size: int, dtype: type) -> Batch:
    if limit is None:
        inputs = rng.standard_normal((size, n_in), dtype)
    else:
        inputs = (rng.uniform(-limit, limit, (size, n_in))).astype(dtype)
    return Batch(inputs, SquaredError(teacher.answer(inputs)))
