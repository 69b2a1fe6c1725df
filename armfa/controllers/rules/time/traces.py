"""Rules that learn while the episode runs: each synapse keeps a trace of what it did, and an error meets the trace."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from armfa.arrays import Array, namespace
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import transpose, weight_gradient
from armfa.controllers.circuits.recurrent import Cell, Recurrent, RecurrentCircuit
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.time.base import RuleThroughTime, added, check_scale, divided, drawn_like
from armfa.controllers.rules.time.fused import fused_gradients
from armfa.controllers.trees import tree_map


class Broadcast(NamedTuple):
    """Fixed random feedback from the outputs to the units."""

    matrix: Array  # (..., n_out, n)


@dataclass(frozen=True)
class TraceRule(RuleThroughTime):
    """dL/dW_ij = sum over time of L_i(t) e_ij(t), with a trace e_ij of each synapse and a signal L_i of each unit.

    p_ij(t) = own_i p_ij(t-1) + d memory_i(t)/d drive_i(t) x pre_j(t),    e_ij(t) = d rate_i/d memory_i p_ij(t)
    L(t) = B (g' o dL/dy(t))

    own_i is what a unit keeps of its own memory: 1 - a of rate units, the update gate of gated units. What other units
    pass on is left out. Where all units share it (`RNN` with leak="current"), p is one number per presynaptic unit.
    The readout learns from g' o dL/dy itself.
    """

    @property
    def leak_alone(self) -> bool:
        """Whether own_i is no more than the leak of the unit."""
        return True

    @abstractmethod
    def feedback(self, params: Recurrent, state: RuleState) -> Array:
        """B^T, (..., n_out, n)."""

    def own(self, circuit: RecurrentCircuit, params: Recurrent, trace: Any, own: Array) -> Array:
        """What a unit keeps of its own memory, (..., batch, n) or (1,)."""
        return own

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Of the mean cost of a step; all sums run forward in time."""
        circuit, episode = self.recurrent(circuit), self.episode(batch, "error")
        matrix = self.feedback(params, state)
        if self.leak_alone and circuit.gates == 1:
            cell = tree_map(lambda leaf: 0 * leaf, params.cell)
            back = Recurrent(cell, params.out._replace(weight=matrix))
            if (found := fused_gradients(circuit, params, episode, back, cut=True)) is not None:
                return found, state
        x, total = episode.start(), None
        memory, traces = circuit.rest(params, episode.observe(x).shape[-2]), None
        for _ in range(episode.steps):
            memory, trace = circuit.step(params, memory, episode.observe(x))
            drive, own = circuit.through(trace, namespace(memory).ones(1, dtype=memory.dtype))
            kept = gates(self.own(circuit, params, trace, own), circuit)
            pre = trace.presynaptic
            one = pre.inputs[..., :1] * 0 + 1  # what the bias sees
            gated = circuit.gated(trace, drive)
            slopes = (drive if gated is None else gated, pre.recurrent), (drive, pre.inputs), (drive, one)
            new = tuple(slope[..., None] * rate[..., None, :] for slope, rate in slopes)
            traces = new if traces is None else tuple(kept[..., None] * p + now for p, now in zip(traces, new))
            out = circuit.weigh_out(episode.error(x, trace.output), trace)
            signal = gates(circuit.slope(out @ matrix, trace.memory, pre.rates), circuit)
            recurrent, weight, bias = (met(signal, p) for p in traces)
            cell = Cell(recurrent, weight, bias[..., 0])
            total = added(total, Recurrent(cell, weight_gradient(out, pre.rates)))
            x, _ = episode.step(x, trace.output)
        return divided(total, episode.steps), state


def gates(values: Array, circuit: RecurrentCircuit) -> Array:
    """What each unit has, for each of its gates (..., gates * n)."""
    if circuit.gates == 1 or values.shape[-1] == 1:
        return values
    return namespace(values).concat([values] * circuit.gates, axis=-1)


def met(signal: Array, trace: Array) -> Array:
    """The batch's mean of signal_i p_ij, for signals (..., batch, n) and traces (..., batch, n or 1, k)."""
    share = 1.0 / signal.shape[-2]
    if trace.shape[-2] == 1:
        return transpose(signal * share) @ trace[..., 0, :]
    return namespace(signal).einsum("...bi,...bij->...ij", signal * share, trace)


@dataclass(frozen=True)
class RFLO(TraceRule):
    """Random feedback, local and online: traces with the leak of the unit, B fixed and random. [Murray 2019]

    Parameters
    ----------
    scale : float
        Of B, in units of the rms of the first readout weights.
    """

    scale: float = 1.0

    looks_at: ClassVar[tuple[str, ...]] = ("error", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B from the output", "a trace per synapse, within an episode")
    source: ClassVar[str] = "Murray 2019"

    def __post_init__(self) -> None:
        """Refuse feedback that cannot be."""
        super().__post_init__()
        check_scale(self.scale)

    def init(self, params: Recurrent, rng: Any) -> Broadcast:
        """B, drawn."""
        return Broadcast(drawn_like(params[-1].weight, self.scale, rng))

    def feedback(self, params: Recurrent, state: Broadcast) -> Array:
        """B."""
        return state.matrix


@dataclass(frozen=True)
class EProp(TraceRule):
    """Eligibility propagation for rate units and gated units. [Bellec et al. 2020]

    With random feedback and traces that decay with the leak it is RFLO; it may also send the error back through the
    readout's own weights, and let a trace know what the unit sends to itself.

    Parameters
    ----------
    broadcast : str
        "symmetric" (B = W_out) or "random".
    self_connections : bool
        Whether own_i holds the unit's connection to itself too, d memory_i(t)/d memory_i(t-1) in full, which is
        exact where units are connected to no others. [Menick et al. 2021: SnAp-1] Of rate units only.
    scale : float
        Of B, in units of the rms of the first readout weights.

    Raises
    ------
    ValueError
        For a broadcast that there is not, and for `self_connections` of gated units.
    """

    broadcast: str = "symmetric"
    self_connections: bool = False
    scale: float = 1.0

    looks_at: ClassVar[tuple[str, ...]] = (
        "error", "forward weights of the readout, or own feedback weights with broadcast='random'"
    )  # fmt: skip
    keeps: ClassVar[tuple[str, ...]] = ("fixed B, with broadcast='random'", "a trace per synapse, within an episode")
    source: ClassVar[str] = "Bellec, Scherr, Subramoney, Hajek, Salaj, Legenstein & Maass 2020"

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        super().__post_init__()
        check_scale(self.scale)
        if self.broadcast not in ("symmetric", "random"):
            raise ValueError(f"expected broadcast 'symmetric' or 'random', got {self.broadcast!r}")

    def init(self, params: Recurrent, rng: Any) -> Broadcast | tuple[()]:
        """B, drawn, where it is random."""
        return Broadcast(drawn_like(params[-1].weight, self.scale, rng)) if self.broadcast == "random" else ()

    def feedback(self, params: Recurrent, state: Any) -> Array:
        """B, or W_out."""
        return state.matrix if self.broadcast == "random" else params.out.weight

    @property
    def leak_alone(self) -> bool:
        """Without what a unit sends to itself."""
        return not self.self_connections

    def own(self, circuit: RecurrentCircuit, params: Recurrent, trace: Any, own: Array) -> Array:
        """With or without what a unit sends to itself."""
        if not self.self_connections:
            return own
        if circuit.gates > 1:
            raise ValueError(f"expected rate units, such as RNN(...), for self_connections=True, got {circuit}")
        to_itself = namespace(own).linalg.diagonal(params.cell.recurrent)[..., None, :]  # W_ii
        drive, _ = circuit.through(trace, trace.memory * 0 + 1)
        return own + circuit.slope(drive * to_itself, trace.before, trace.presynaptic.recurrent)
