"""Real-time recurrent learning: the exact gradient of a circuit, forward in time. Other rules are compared with it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.time.base import RuleThroughTime, added, divided
from armfa.controllers.trees import is_array, tree_map


@dataclass(frozen=True)
class RTRL(RuleThroughTime):
    """P(t) = J(t) P(t-1) + d memory(t)/dW, J the derivative of memory by memory; dL/dW = sum over time of

    dL(t)/dW + dL(t)/d memory(t-1) P(t-1).  [Williams & Zipser 1989]

    It knows how every weight has moved every unit, but not what the arm does with it: the error is that of each step.
    So it is backprop through time with through_plant="cut". It takes n times n_weights numbers per example: for small
    circuits of any kind whose memory is one array.

    Raises
    ------
    TypeError
        From `gradients`, for a circuit whose memory is not one array.
    """

    looks_at: ClassVar[tuple[str, ...]] = ("error", "forward weights")
    keeps: ClassVar[tuple[str, ...]] = ("what each weight did to each unit, within an episode",)
    source: ClassVar[str] = "Williams & Zipser 1989"

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Of the mean cost of a step. Each example is a network of its own here, with a batch of one."""
        episode = self.episode(batch, "error")
        x = episode.start()
        inputs = episode.observe(x)
        memory = circuit.rest(params, inputs.shape[-2])
        if not is_array(memory):
            raise TypeError(f"expected a circuit whose memory is one array, for RTRL, got {circuit}")
        networks, n, influence, total = inputs.ndim - 2, memory.shape[-1], None, None
        alone = tree_map(lambda w: w[(slice(None),) * networks + (None,)], params)  # (..., 1, *own)
        xp = namespace(memory)
        units = xp.eye(n, dtype=memory.dtype).reshape(n, *(1,) * (networks + 1), 1, n)
        for _ in range(episode.steps):
            before, inputs = memory[..., None, :], episode.observe(x)[..., None, :]
            after, trace = circuit.step(alone, before, inputs)
            output = trace.output[..., 0, :]
            error = episode.error(x, output)[..., None, :]
            direct, _, bar = circuit.step_vjp(alone, trace, error, after * 0)
            moved, _, jacobian = circuit.step_vjp(alone, trace, error * 0, units + 0 * after)
            if influence is not None:
                direct = added(direct, first(carried(bar[None], influence, networks)))
                moved = added(moved, carried(jacobian, influence, networks))
            influence = for_each(moved, params, (n, *memory.shape[:-1]), networks)
            total = added(total, direct)
            x, memory = episode.step(x, output)[0], after[..., 0, :]
        return divided(tree_map(lambda leaf: leaf.mean(networks), total), episode.steps), state


def carried(rows: Array, influence: Any, networks: int) -> Any:
    """Rows (m, ..., batch, 1, n) times what weights did to n units: a tree of (m, ..., batch, *own)."""
    xp = namespace(rows)

    def one(did: Array) -> Array:  # (n, ..., batch, *own)
        lead = did.shape[1 : networks + 2]
        flat = xp.moveaxis(did.reshape(len(did), *lead, -1), 0, -2)  # (..., batch, n, weights)
        left = xp.moveaxis(xp.broadcast_to(rows[..., 0, :], (len(rows), *lead, len(did))), 0, -2)
        return xp.moveaxis(left @ flat, -2, 0).reshape(len(rows), *did.shape[1:])

    return tree_map(one, influence)


def for_each(tree: Any, params: Any, lead: tuple[int, ...], networks: int) -> Any:
    """A tree of arrays (*lead, *own), of arrays that may be the same for all units."""
    return tree_map(lambda leaf, w: namespace(leaf).broadcast_to(leaf, (*lead, *w.shape[networks:])), tree, params)


def first(tree: Any) -> Any:
    """The tree of the first along the leading axis."""
    return tree_map(lambda leaf: leaf[0], tree)
