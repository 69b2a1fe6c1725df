"""What a network is to whoever trains or uses it: one step in time, with the memory explicit."""

from typing import Any, Protocol, runtime_checkable

from armfa.arrays import Array


@runtime_checkable
class Circuit(Protocol):
    """A frozen dataclass of settings; weights, memory and activity are values that go in and come out.

    Weights are any tree of arrays. Its first level is the layers: what a rate per layer counts. Leaves whose name
    begins with "bias" are biases, all others weights. A stack of networks has one axis more, in front.
    """

    @property
    def n_in(self) -> int:
        """How many numbers go in."""
        ...

    @property
    def n_out(self) -> int:
        """How many numbers come out."""
        ...

    def init(self, rng: Any, dtype: Any) -> Any:
        """First weights."""
        ...

    def blank(self, dtype: Any) -> Any:
        """Zeros in the form of the weights that take no memory: what a file is compared with before it is read."""
        ...

    def rest(self, params: Any, batch: int) -> Any:
        """The memory before the first step, for a batch of `batch` examples; () where there is none."""
        ...

    def step(self, params: Any, memory: Any, inputs: Array, noise: Any = None) -> tuple[Any, Any]:
        """The next memory, and the trace of this step's activity, whose `output` is (..., batch, n_out).

        inputs : Array (..., batch, n_in).
        """
        ...

    def step_vjp(
        self, params: Any, trace: Any, output_bar: Array, memory_bar: Any, feedback: Any = None
    ) -> tuple[Any, Array, Any]:
        """One step back in time: gradients, dL/d inputs, dL/d memory before the step.

        output_bar, memory_bar : dL/d output (..., batch, n_out) and dL/d memory after the step, of each example.
        feedback : weights in the form of `params` that stand in their place on the way back, for rules that do not know
            these.
        The gradients are means over the batch.
        """
        ...
