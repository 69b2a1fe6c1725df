"""The same `train_step` compiled by JAX: many updates in one call, for networks whose arithmetic is small.

At 30-20-10 and batch 1, NumPy spends its time between the calls, not in them.
"""

from collections.abc import Callable
from typing import Any

from armfa.controllers.network import MLP
from armfa.controllers.optimizers import Optimizer
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.step import Batch, TrainState, train_step
from armfa.controllers.trees import is_number_or_array, tree_map


class KeyStream:
    """Random numbers for a rule inside a compiled loop, from a JAX key; `networks` is the shape of the stack.

    The numbers are not those of NumPy's generators: rules that draw agree with NumPy in distribution only.
    """

    def __init__(self, key: Any, networks: tuple[int, ...] = ()) -> None:
        self.key, self.networks = key, networks

    def standard_normal(self, size: tuple[int, ...], dtype: Any = "float32") -> Any:
        """Draws from N(0, 1), (*networks, *size)."""
        import jax

        self.key, key = jax.random.split(self.key)
        return jax.random.normal(key, (*self.networks, *size), dtype)

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Any:
        """Draws from U(low, high), (*networks, *size)."""
        import jax

        self.key, key = jax.random.split(self.key)
        return jax.random.uniform(key, (*self.networks, *size), minval=low, maxval=high)


def compile_updates(
    network: MLP, rule: GradientEstimator, optimizer: Optimizer
) -> Callable[[TrainState, Batch, int], TrainState]:
    """f(state, batches, seed) -> state after one update on each of `batches`, whose arrays lead with the updates axis.

    Takes NumPy arrays and returns JAX arrays. Needs the extra `armfa[jax]`.
    """
    import jax

    def updates(state: TrainState, arrays: list, key: Any, form: Any) -> TrainState:
        networks = state.params[0].weight.shape[:-2]

        def update(state: TrainState, now: tuple) -> tuple[TrainState, None]:
            arrays, number = now
            left = iter(arrays)
            batch = tree_map(lambda slot: next(left), form, is_leaf=lambda leaf: leaf is Slot)
            rng = KeyStream(jax.random.fold_in(key, number), networks)
            return train_step(network, rule, optimizer, state, batch, rng), None

        numbers = jax.numpy.arange(len(arrays[0]))
        return jax.lax.scan(update, state, (arrays, numbers))[0]

    compiled = jax.jit(updates, static_argnums=3)

    def run(state: TrainState, batches: Batch, seed: int) -> TrainState:
        arrays: list = []
        tree_map(arrays.append, batches)
        form = tree_map(lambda leaf: Slot, batches)
        return compiled(
            tree_map(jax.numpy.asarray, state, is_leaf=is_number_or_array), arrays, jax.random.key(seed), form
        )

    return run


class Slot:
    """Stands for an array in the form of a batch; what is left, the settings, is part of the compiled program."""
