"""Losses, each bound to one batch: what a learning rule may ask about the quality of an output."""

from typing import NamedTuple, Protocol

import numpy as np

from armfa.arrays import Array, namespace


class Loss(Protocol):
    """A loss bound to one batch. Every array it holds has the batch as its first axis (after the stack's).

    A gradient rule asks `error`, a sampling rule asks `value` twice. A loss may also offer `task_error(output)`
    (..., batch, n_task), the error in the space of the task, for feedback that skips the plant, and `target`
    (..., batch, n_task), for rules that see only what was wanted and for the normalised error.
    """

    def value(self, output: Array) -> Array:
        """Loss of every example, (..., batch)."""
        ...

    def error(self, output: Array) -> Array:
        """Derivative dL/d output, (..., batch, n_out)."""
        ...


class SquaredError(NamedTuple):
    """L = 1/2 |y - y*|^2. [Lillicrap 2014]"""

    target: Array  # (..., batch, n_out)

    def value(self, output: Array) -> Array:
        """1/2 |y - y*|^2, (..., batch)."""
        error = output - self.target
        return 0.5 * (error * error).sum(-1)

    def error(self, output: Array) -> Array:
        """The difference y - y*, (..., batch, n_out)."""
        return output - self.target

    def task_error(self, output: Array) -> Array:
        """The difference y - y*: the output is the task."""
        return output - self.target


class SoftmaxCrossEntropy(NamedTuple):
    """L = -sum_k y*_k log softmax(y)_k, for a linear output layer; y* are probabilities (one-hot for labels)."""

    target: Array  # (..., batch, n_out)

    def value(self, output: Array) -> Array:
        """Cross-entropy in nats, (..., batch)."""
        shifted, partition = _shifted(output)
        return (self.target * (namespace(output).log(partition) - shifted)).sum(-1)

    def error(self, output: Array) -> Array:
        """Derivative softmax(y) sum_k y*_k - y*, (..., batch, n_out)."""
        shifted, partition = _shifted(output)
        total = self.target.sum(-1)[..., None]
        return namespace(output).exp(shifted) / partition * total - self.target

    def task_error(self, output: Array) -> Array:
        """The same as `error`: the output is the task."""
        return self.error(output)


def one_hot(labels: Array, n_classes: int, dtype: type = np.float32) -> Array:
    """Targets that are 1 at the label and 0 elsewhere.

    Parameters
    ----------
    labels : whole numbers (...)
        From 0 to n_classes - 1.
    n_classes : int
        How many there are.
    dtype : type
        Of the targets.

    Returns
    -------
    Array (..., n_classes)
        0 or 1.

    Raises
    ------
    ValueError
        Names a label that is no whole number from 0 to n_classes - 1.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"expected labels as whole numbers from 0 to {n_classes - 1}, got {labels.dtype}")
    if (wrong := labels[(labels < 0) | (labels >= n_classes)]).size:
        raise ValueError(f"expected labels from 0 to {n_classes - 1}, got {wrong[0]}: number the classes anew")
    return np.eye(n_classes, dtype=dtype)[labels]


def _shifted(output: Array) -> tuple[Array, Array]:
    """Outputs minus a large one of their row, so that exp stays finite, and the sum of exp."""
    xp = namespace(output)
    largest = xp.max(output.real, axis=-1)[..., None]
    shifted = output - largest
    return shifted, xp.exp(shifted).sum(-1)[..., None]
