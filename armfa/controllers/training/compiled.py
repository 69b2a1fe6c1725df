"""The same `train_step` compiled by JAX: a block of updates in one call, for networks whose arithmetic is small.

At 30-20-10 and batch 1, NumPy spends its time between the calls, not in them.
"""

from typing import Any

import numpy as np

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.optimizers import Optimizer
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.streams import Streams
from armfa.controllers.training.update import TrainState, Updates, train_step
from armfa.controllers.trees import is_array, is_number_or_array, leaves, tree_map


class KeyStreams:
    """Random numbers for a rule inside a compiled loop, from one JAX key per network.

    The numbers are not those of NumPy's generators: rules that draw agree with NumPy in distribution only.
    """

    def __init__(self, keys: Any) -> None:
        self.keys, self.networks = keys, keys.shape

    def standard_normal(self, size: tuple[int, ...], dtype: Any = "float32") -> Any:
        """Draws from N(0, 1), (S, *size)."""
        import jax

        return jax.vmap(lambda key: jax.random.normal(key, size, dtype))(self._next())

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Any:
        """Draws from U(low, high), (S, *size)."""
        import jax

        return jax.vmap(lambda key: jax.random.uniform(key, size, minval=low, maxval=high))(self._next())

    def _next(self) -> Any:
        import jax

        pairs = jax.vmap(jax.random.split)(self.keys)
        self.keys = pairs[:, 0]
        return pairs[:, 1]


def compiled(circuit: Circuit, rule: GradientEstimator, optimizer: Optimizer) -> Updates:
    """The back end; takes and returns NumPy arrays. Needs the extra `armfa[jax]`.

    Noise follows from the seed of each network's rule stream and the number of the update, so that a run goes on as if
    it had not been cut.

    Parameters
    ----------
    circuit : Circuit
        Which network learns.
    rule : GradientEstimator
        How it finds out in which direction its weights should change.
    optimizer : Optimizer
        How far they go.

    Returns
    -------
    Callable
        (state, examples, draws) -> state: the state after as many updates as the examples are for.
    """
    import jax

    def block(state: TrainState, arrays: list, keys: Any, form: Any) -> TrainState:
        def update(state: TrainState, now: list) -> tuple[TrainState, None]:
            left = iter(now)
            batch = tree_map(lambda slot: next(left), form, is_leaf=lambda leaf: leaf is Slot)
            step = getattr(state.optimizer, "step", 0)
            rng = KeyStreams(jax.vmap(lambda key: jax.random.fold_in(key, step))(keys))
            return train_step(circuit, rule, optimizer, state, batch, rng), None

        return jax.lax.scan(update, state, [jax.numpy.swapaxes(array, 0, 1) for array in arrays])[0]

    run = jax.jit(block, static_argnums=3)

    def updates(state: TrainState, examples: Any, draws: Streams) -> TrainState:
        seeds = [rng.bit_generator.seed_seq.generate_state(1)[0] for rng in draws.generators]  # pyright: ignore
        keys = jax.vmap(jax.random.key)(np.array(seeds, np.uint32))
        form = tree_map(lambda leaf: Slot, examples)
        arrays = [leaf for leaf in leaves(examples) if is_array(leaf)]
        device_state = tree_map(jax.numpy.asarray, state, is_leaf=is_number_or_array)
        after = run(device_state, arrays, keys, form)
        return tree_map(_as_it_was, state, after, is_leaf=is_number_or_array)

    return updates


def _as_it_was(before: Any, after: Any) -> Any:
    """A NumPy array, or a number where it was one."""
    return np.asarray(after) if is_array(before) else type(before)(after)


class Slot:
    """Stands for an array in the form of a batch; what is left, the settings, is part of the compiled program."""
