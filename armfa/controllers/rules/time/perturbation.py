"""Node perturbation through time: noise at every unit and step, and what the episode cost."""

from dataclasses import dataclass
from typing import Any, ClassVar

from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.recurrent import Deltas, Noise
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode, rollout
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.perturbation import check_noise
from armfa.controllers.rules.time.base import RuleThroughTime, added


@dataclass(frozen=True)
class NodePerturbationThroughTime(RuleThroughTime):
    """Noise on the drive of every unit at every step: delta_i(t) = (C(xi) - C(0)) xi_i(t) / sigma^2.

    C is what the whole episode cost, the only thing that is asked, with the noise and without it. A synapse sums
    xi_i(t) pre_j(t) over the episode and waits for the reward. [Fiete & Seung 2006; as in Miconi 2017, whose rule finds
    xi by itself, from the fluctuations of the unit around its running mean]

    noise : sigma, of xi ~ N(0, sigma^2).
    """

    noise: float = 0.01

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own noise")
    keeps: ClassVar[tuple[str, ...]] = ("a trace per synapse, within an episode",)
    source: ClassVar[str] = "Fiete & Seung 2006; Miconi 2017"

    def __post_init__(self) -> None:
        """Refuse noise of zero."""
        super().__post_init__()
        check_noise(self.noise)

    def gradients(
        self, circuit: Circuit, params: Any, batch: Batch | Episode, state: RuleState, rng: Any
    ) -> tuple[Gradients, RuleState]:
        """Noise weighted by how much it raised the mean cost of a step."""
        circuit, episode = self.recurrent(circuit), self.episode(batch)
        x, cost = episode.start(), 0.0
        memory = circuit.rest(params, episode.observe(x).shape[-2])
        visits = []
        for _ in range(episode.steps):
            shapes = (memory.shape[-2], circuit.gates * circuit.n), (memory.shape[-2], circuit.n_out)
            noise = Noise(*(rng.standard_normal(shape, memory.dtype) * self.noise for shape in shapes))
            memory, trace = circuit.step(params, memory, episode.observe(x), noise)
            x, now = episode.step(x, trace.output)
            cost = cost + now
            visits.append((noise, trace))
        quiet = rollout(circuit, params, episode).sum(0)
        rise = ((cost - quiet) * (1.0 / (self.noise**2 * episode.steps)))[..., None]  # (..., batch, 1)
        total = None
        for noise, trace in visits:
            drive, out = rise * noise.drive, rise * noise.out
            total = added(total, circuit.outer(Deltas(drive, out, circuit.gated(trace, drive)), trace.presynaptic))
        return total, state
