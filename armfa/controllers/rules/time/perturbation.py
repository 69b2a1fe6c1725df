"""Rules that try noise over time: a synapse sums what it did, and what the episode cost tells whether it was good."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from armfa.arrays import Array, namespace, where
from armfa.controllers.circuits.circuit import Circuit
from armfa.controllers.circuits.mlp import Dense, weight_gradient
from armfa.controllers.circuits.recurrent import Cell, Deltas, Noise, Recurrent
from armfa.controllers.optimizers import Gradients
from armfa.controllers.problem import Batch, Episode, rollout
from armfa.controllers.rules.base import RuleState
from armfa.controllers.rules.perturbation import check_noise
from armfa.controllers.rules.time.base import RuleThroughTime, added


@dataclass(frozen=True)
class NodePerturbationThroughTime(RuleThroughTime):
    """Noise on the drive of every unit at every step: delta_i(t) = (C(xi) - C(0)) xi_i(t) / sigma^2.

    C is what the whole episode cost, the only thing that is asked, with the noise and without it, as in Werfel, Xie &
    Seung 2005. A synapse sums xi_i(t) pre_j(t) over the episode and waits for the reward. [Fiete & Seung 2006, Phys Rev
    Lett 97:048104, for rate units. The rule of Miconi 2017, which is not told xi, is `RewardModulatedHebbian`]

    Parameters
    ----------
    noise : float
        sigma, of xi ~ N(0, sigma^2).
    """

    noise: float = 0.01

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own noise")
    keeps: ClassVar[tuple[str, ...]] = ("a trace per synapse, within an episode",)
    source: ClassVar[str] = "Fiete & Seung 2006; Werfel, Xie & Seung 2005"

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


class MeanCost(NamedTuple):
    """What an episode has cost so far, on average."""

    cost: Array  # (...), per step
    known: Array  # (...), 0 before the first episode, then 1


@dataclass(frozen=True)
class RewardModulatedHebbian(RuleThroughTime):
    """Units are pushed now and then, and read from their own activity by how much: dW_ij = -eta (C - mean C) e_ij.

    e_ij = sum over time of S(r_j(t-1) (x_i(t) - xbar_i(t-1))),    S(z) = sign(z) |z|^power
    xbar_i(t) = activity_memory xbar_i(t-1) + (1 - activity_memory) x_i(t)
    mean C <- reward_memory mean C + (1 - reward_memory) C

    [Miconi 2017, eLife 6:e20899, eq. 3, read in the author's code, ThomasMiconi/BiologicallyPlausibleLearningRNN
    dnms/net.cpp, as are the settings; R = -C.]
    x is the memory of a rate unit, r_j what reaches the synapse, C the mean cost of a step of the episode. No synapse
    is told the push xi_i(t) ~ U(-amplitude, amplitude) on the drive. A push moves x by xi dt/tau at once, and x falls
    back slowly. S makes the first stand out; without it the two cancel where inputs change little. What is followed is
    the gradient with each r_j in it replaced by S(r_j).

    What is returned makes the paper's change with SGD(eta). In the paper recurrent weights learn, some of them from
    constant units, which are the biases here; here input weights do too, and the readout does not. The author's code
    also multiplies by mean C, keeps each change below 3e-4, has one mean per type of trial, and waits for 100 trials.

    Parameters
    ----------
    probability : number
        Of a push of one unit in one step: 3 per second, as in the paper, at steps of 10 ms.
    amplitude : number
        Of a push on the drive. At dt/tau = 1/5 it moves x by up to 0.5. The paper: 16 at 1/30, which is 0.53.
    power : number
        Of S: 3 in the paper, where 2 works too and 1 does not.
    activity_memory, reward_memory : number
        What the running means keep, per step and per update.
    baseline : str
        What the cost is compared with: "mean", the running mean, or "quiet", what the same episodes cost without
        pushes, as where the paper compares with gradients. Trials of many types need the second.

    Raises
    ------
    TypeError
        From `gradients`, for gated units.
    ValueError
        For shares outside 0 to 1, an amplitude or a power of 0, and a baseline that there is not.
    """

    probability: float = 0.03
    amplitude: float = 2.5
    power: float = 3.0
    activity_memory: float = 0.05
    reward_memory: float = 0.75
    baseline: str = "mean"

    looks_at: ClassVar[tuple[str, ...]] = ("value", "own activity")
    keeps: ClassVar[tuple[str, ...]] = ("the mean cost", "a trace per synapse and a mean per unit, within an episode")
    source: ClassVar[str] = "Miconi 2017"

    def __post_init__(self) -> None:
        """Refuse settings that cannot be."""
        super().__post_init__()
        for name, below in (("probability", 1.0), ("activity_memory", 1.0), ("reward_memory", 1.0)):
            if not 0 <= getattr(self, name) <= below or (name == "probability" and self.probability == 0):
                raise ValueError(f"expected {name} from 0 to 1 (of a push: above 0), got {getattr(self, name)}")
        for name in ("amplitude", "power"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"expected {name} above 0, got {getattr(self, name)}")
        if self.baseline not in ("mean", "quiet"):
            raise ValueError(f"expected baseline 'mean' or 'quiet', got {self.baseline!r}")

    def init(self, params: Recurrent, rng: Any) -> MeanCost:
        """Nothing is known yet: the first episodes are compared with their own mean."""
        zero = 0 * params[-1].bias[..., 0]
        return MeanCost(zero, zero)

    def gradients(
        self, circuit: Circuit, params: Recurrent, batch: Batch | Episode, state: MeanCost, rng: Any
    ) -> tuple[Gradients, MeanCost]:
        """(C - mean C) e, the mean over the batch."""
        circuit, episode = self.recurrent(circuit), self.episode(batch)
        if circuit.gates > 1:
            raise TypeError(f"expected rate units, such as RNN(...), for RewardModulatedHebbian, got {circuit}")
        x = episode.start()
        memory = circuit.rest(params, episode.observe(x).shape[-2])
        cost, usual, visits = 0 * memory[..., 0], memory, []
        for _ in range(episode.steps):
            pushes = Noise(self.pushes(memory.shape[-2:], memory.dtype, rng))
            memory, trace = circuit.step(params, memory, episode.observe(x), pushes)
            visits.append((self.stressed(memory - usual), trace.presynaptic))
            usual = self.activity_memory * usual + (1.0 - self.activity_memory) * memory
            x, now = episode.step(x, trace.output)
            cost = cost + now * (1.0 / episode.steps)
        mean = cost.mean(-1)
        expected = state.cost + (1.0 - state.known) * (mean - state.cost)
        state = MeanCost(expected + (1.0 - self.reward_memory) * (mean - expected), 1.0 + 0 * state.known)
        quiet = self.baseline == "quiet"
        rise = (cost - (rollout(circuit, params, episode).mean(0) if quiet else expected[..., None]))[..., None]
        total = None
        for fluctuation, pre in visits:
            recurrent = weight_gradient(rise * fluctuation, self.stressed(pre.recurrent)).weight
            total = added(total, Cell(recurrent, *weight_gradient(rise * fluctuation, self.stressed(pre.inputs))))
        return Recurrent(total, Dense(None, None)), state  # type: ignore[arg-type]

    def pushes(self, size: tuple[int, ...], dtype: Any, rng: Any) -> Array:
        """Pushes xi, (..., batch, n): 0 for most units in most steps."""
        drawn = rng.uniform(-1.0 / self.probability, 1.0 / self.probability, size)
        return namespace(drawn).astype(where(abs(drawn) <= 1.0, drawn * self.amplitude, 0 * drawn), dtype)

    def stressed(self, x: Array) -> Array:
        """S(x); S of a product is the product of both S."""
        return x * abs(x) ** (self.power - 1.0)
