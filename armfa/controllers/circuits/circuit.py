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

        Parameters
        ----------
        params : tree
            Its weights.
        memory : tree
            What the last step returned, or `rest`.
        inputs : Array (..., batch, n_in)
            What it sees.
        noise : tree, optional
            Added to the drive of units; None: none.

        Returns
        -------
        tree
            The next memory.
        NamedTuple
            The trace.
        """
        ...

    def step_vjp(
        self, params: Any, trace: Any, output_bar: Array, memory_bar: Any, feedback: Any = None
    ) -> tuple[Any, Array, Any]:
        """One step back in time: gradients, dL/d inputs, dL/d memory before the step.

        Parameters
        ----------
        params : tree
            Its weights.
        trace : NamedTuple
            Of this step, from `step`.
        output_bar : Array (..., batch, n_out)
            dL/d output of each example.
        memory_bar : tree
            dL/d memory after the step, of each example.
        feedback : tree, optional
            Weights in the form of `params` that stand in their place on the way back, for rules that do not know
            these.

        Returns
        -------
        tree
            Gradients in the form of `params`, means over the batch.
        Array (..., batch, n_in)
            dL/d inputs.
        tree
            dL/d memory before the step.
        """
        ...
