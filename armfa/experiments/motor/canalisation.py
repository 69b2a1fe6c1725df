"""Does random feedback that is the same for all canalise learning?

Networks that start from weights of their own learn to reach, once with one matrix B that all of them share, once with a
B of their own, and by the gradient. Asked is how far apart the directions are in which the recurrent weights moved.

RFLO and e-prop are written here for rate units as what they are there: backprop through time on whose way back nothing
passes from unit to unit or to the senses, so that only a unit's own leak carries the signal on. So an episode is one
compiled function, and what a command did to the whole rest of the movement can be asked, as the published code does.

[github.com/syntactic/rflo-bptt-dynamics, 2026, README; RFLO: Murray 2019, eLife 8:e43299]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from armfa.arrays import Array
from armfa.controllers import SGD, Circuit
from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.circuits.recurrent import Recurrent
from armfa.controllers.circuits.rnn import RNN
from armfa.controllers.problem import rollout
from armfa.controllers.rules.base import GradientEstimator
from armfa.controllers.rules.time import BackpropThroughTime, KolenPollackThroughTime, NodePerturbationThroughTime
from armfa.controllers.rules.time.base import alike, drawn_like
from armfa.controllers.rules.time.bptt import ThroughTime
from armfa.controllers.streams import streams
from armfa.controllers.training.train import in_precision
from armfa.controllers.training.update import TrainState
from armfa.controllers.trees import tree_map
from armfa.experiments.base import Experiment, Scales
from armfa.experiments.learning import learn
from armfa.experiments.motor.subspaces import (
    Sketch,
    angles_between,
    blank,
    cosines_between,
    effective_dimensions,
    random_angle,
    with_row,
)
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import band, panels
from armfa.reports.statistics import every_above, holm, reported, tighter
from armfa.runs.unit import Run, Unit
from armfa.tasks import CenterOut
from armfa.tasks.vectors import direction

SHARED = 2026
"""Seed of the B that all networks share."""
POSITION = 10.0
"""Cost of the squared miss, per m^2."""
PUSH = 4.0
"""m/s^2 of a point mass whose command is 1: twice what the least jerk over the way needs in 0.6 s (1.7 m/s^2)."""
DECAY = 0.003
"""Of weights and feedback under Kolen and Pollack's rule: what is left of B - W at the end is exp(-0.9). Of 0.01 the
weights fade, and the end error is .2 of the way (seeds 100 to 102)."""
TOP = 3
"""Dimensions of a network's subspace, as published."""
KEPT = 16
"""Directions that are kept while it learns."""


class Feedback(NamedTuple):
    """Random weights for the way back, in the form of the circuit's."""

    weights: Recurrent


@dataclass(frozen=True)
class Broadcast(ThroughTime):
    """Errors of the commands reach the units through B, and go on as `recurrent` says.

    B : "shared" by all networks, "own" of each, or "readout", the weights of the readout (symmetric e-prop).
    recurrent : whether errors pass from unit to unit and to the senses, through random matrices that are drawn as B is:
        feedback alignment through time. False: they do not, which is RFLO. With it there is one trace per synapse.

    B ~ N(0, 1 / n_out), as published; what passes between units and to the senses has the size of the first weights.
    """

    B: str = "own"
    recurrent: bool = False

    looks_at: ClassVar[tuple[str, ...]] = ("step_vjp", "own feedback weights")
    keeps: ClassVar[tuple[str, ...]] = ("fixed B", "all activity, within an episode")
    source: ClassVar[str] = "Murray 2019; Bellec et al. 2020; Lillicrap et al. 2016"

    def init(self, params: Recurrent, rng: Any) -> Any:
        """B, drawn; where it is shared from one stream for all networks."""
        if self.B == "readout":
            return ()
        if self.B == "shared":
            rng = alike(rng, SHARED)
        out = params.out.weight
        matrix = rng.standard_normal(out.shape[1:], out.dtype) * out.dtype.type(out.shape[-2] ** -0.5)
        cell = drawn_like(params.cell, 1.0, rng) if self.recurrent else tree_map(lambda leaf: 0 * leaf, params.cell)
        return Feedback(Recurrent(cell, Dense(matrix, params.out.bias)))

    def feedback(self, params: Recurrent, state: Any) -> Recurrent:
        """B and what passes between units; zero where nothing passes."""
        if self.B != "readout":
            return state.weights
        return Recurrent(tree_map(lambda leaf: 0 * leaf, params.cell), params.out)


class Point(NamedTuple):
    """What a point mass remembers, from the centre."""

    place: Array  # (..., batch, 2) m
    velocity: Array  # (..., batch, 2) m/s


class PointReaches(NamedTuple):
    """Outputs are the acceleration of a point mass, in `PUSH`; it is told target, place and velocity. Semi-implicit
    Euler; the cost is that of the arm, `POSITION` |miss|^2.
    """

    target: Array  # (..., batch, 2) m
    steps: int
    dt: float

    def start(self) -> Point:
        """At rest in the centre."""
        return Point(0 * self.target, 0 * self.target)

    def observe(self, x: Point) -> Array:
        """In the units in which the arm tells places and goals, 0.25 m, and m/s."""
        return np.concatenate([4 * self.target, 4 * x.place, x.velocity], axis=-1)

    def observe_vjp(self, x: Point, inputs_bar: Array) -> Point:
        """The derivative by what is told."""
        return Point(4 * inputs_bar[..., 2:4], inputs_bar[..., 4:])

    def step(self, x: Point, command: Array) -> tuple[Point, Array]:
        """The next state, and the cost."""
        velocity = x.velocity + self.dt * PUSH * command
        after = Point(x.place + self.dt * velocity, velocity)
        return after, POSITION * ((after.place - self.target) ** 2).sum(-1)

    def step_vjp(self, x: Point, command: Array) -> tuple[Point, Array, Callable[[Any], tuple[Point, Array]]]:
        """The same, and the way back."""
        after, cost = self.step(x, command)

        def back(bar: Point | None) -> tuple[Point, Array]:
            place, velocity = (0.0, 0.0) if bar is None else bar
            place = place + 2 * POSITION * (after.place - self.target)
            velocity = velocity + self.dt * place
            return Point(place, velocity), self.dt * PUSH * velocity

        return after, cost, back

    def error(self, x: Point, command: Array) -> Array:
        """The derivative of this step's cost by its command."""
        return self.step_vjp(x, command)[2](None)[1]


@dataclass(frozen=True)
class PointProblem:
    """Reaches of a point mass to the eight targets: the first rung of the ladder that ends at the arm."""

    steps: int = 60
    test_size: int = 64
    dt: float = 0.01

    n_in: ClassVar[int] = 6
    n_out: ClassVar[int] = 2
    way: ClassVar[float] = 0.107  # m, that of the arm

    def batch(self, rng: Any, size: int) -> PointReaches:
        """Reaches to random targets."""
        number = np.floor(8 * rng.uniform(0.0, 1.0, (size,)))
        return PointReaches(self.way * direction(number, 8), self.steps, self.dt)

    def test(self) -> PointReaches:
        """To each target as often."""
        return PointReaches(self.way * direction(np.arange(self.test_size) % 8, 8), self.steps, self.dt)

    def distances(self, circuit: Circuit, params: Any, episode: PointReaches) -> Array:
        """How far it is from the target after each step (steps, ..., batch), m."""
        return (rollout(circuit, params, episode) / POSITION) ** 0.5


class Record(NamedTuple):
    """A rule's state, and where the recurrent weights went."""

    inner: Any
    first: Array  # (seeds, n, n)
    sketch: Sketch  # of W(t) - W(0)
    count: Array  # (seeds,) updates so far


@dataclass(frozen=True)
class Recorded(GradientEstimator):
    """A rule, and beside it a sketch of the trajectory of the recurrent weights, a row every so many updates.

    kept : what weight decay leaves of the first weights at an update. The decay of these is no part of where they went:
        it is every network's own, and by far the longest way.
    """

    rule: GradientEstimator
    every: int = 50
    kept: float = 1.0

    looks_at: ClassVar[tuple[str, ...]] = ("what the rule sees",)
    keeps: ClassVar[tuple[str, ...]] = ("what the rule keeps", "a sketch of the trajectory")
    source: ClassVar[str] = "none"

    def init(self, params: Recurrent, rng: Any) -> Record:
        """The rule's, and no row."""
        first = params.cell.recurrent
        sketch = blank(first.shape[:1], first[0].size, KEPT, first.dtype.type)
        return Record(self.rule.init(params, rng), first, sketch, np.zeros(len(first), int))

    def gradients(self, circuit: Circuit, params: Any, batch: Any, state: Record, rng: Any) -> tuple[Any, Record]:
        """The rule's."""
        gradients, inner = self.rule.gradients(circuit, params, batch, state.inner, rng)
        state = state._replace(inner=inner, count=state.count + 1)
        if state.count[0] % self.every == 1:
            went = moved(state.first, params, self.kept ** int(state.count[0] - 1))
            state = state._replace(sketch=with_row(state.sketch, went))
        return gradients, state


def moved(first: Array, params: Recurrent, left: float = 1.0) -> Array:
    """W(t) - left W(0), flat (seeds, n n). left : the share of W(0) that weight decay has left."""
    change = params.cell.recurrent - left * first
    return change.reshape(len(change), -1)


class Group(NamedTuple):
    """One kind of networks: how they learn, from which weights onto the inputs, and how figures show them."""

    rule: GradientEstimator
    words: str
    colour: str
    inputs: tuple[float, float] = (-0.1, 0.0)  # first weights from the inputs are even between these; as published
    rate: float = 0.1  # of SGD
    decay: float = 0.0  # of all weights
    point: bool = False  # a point mass in the arm's place

    @property
    def varied(self) -> bool:
        """Whether it is more than another rule: other first weights, or another body."""
        return self.point or self.inputs != (-0.1, 0.0)


GROUPS: Mapping[str, Group] = {  # a group with B shared and the one with own B have one colour
    "rflo-shared": Group(Broadcast(B="shared"), "RFLO, shared B", "#0072b2"),
    "rflo-own": Group(Broadcast(B="own"), "RFLO, own B", "#0072b2"),
    "bptt": Group(BackpropThroughTime(), "backprop through time", "#000000"),
    "fa-shared": Group(Broadcast(B="shared", recurrent=True), "FA through time, shared B", "#009e73"),
    "fa-own": Group(Broadcast(B="own", recurrent=True), "FA through time, own B", "#009e73"),
    "e-prop": Group(Broadcast(B="readout"), "e-prop, B = readout", "#cc79a7"),
    "node-perturbation": Group(NodePerturbationThroughTime(), "node perturbation", "#a6a6a6", rate=0.004),
    "rflo-shared-two-sided": Group(
        Broadcast(B="shared"), "RFLO, shared B, inputs of both signs", "#e69f00", (-0.1, 0.1)
    ),
    "rflo-own-two-sided": Group(Broadcast(B="own"), "RFLO, own B, inputs of both signs", "#e69f00", (-0.1, 0.1)),
    "rflo-shared-large": Group(Broadcast(B="shared"), "RFLO, shared B, large inputs", "#d55e00", (-0.5, 0.5)),
    "rflo-own-large": Group(Broadcast(B="own"), "RFLO, own B, large inputs", "#d55e00", (-0.5, 0.5)),
    "kolen-pollack-shared": Group(
        KolenPollackThroughTime(rate=0.1, decay=DECAY, seed=SHARED),
        "Kolen-Pollack, first B shared",
        "#d55e00",
        decay=DECAY,
    ),
    "kolen-pollack-own": Group(
        KolenPollackThroughTime(rate=0.1, decay=DECAY), "Kolen-Pollack, own B", "#d55e00", decay=DECAY
    ),
    "point-rflo-shared": Group(Broadcast(B="shared"), "point mass: RFLO, shared B", "#0072b2", rate=0.03, point=True),
    "point-rflo-own": Group(Broadcast(B="own"), "point mass: RFLO, own B", "#0072b2", rate=0.03, point=True),
    "point-bptt": Group(BackpropThroughTime(), "point mass: backprop through time", "#000000", rate=0.03, point=True),
}
"""Rates found on seeds 100 to 102, over 0.1 and 0.4 (RFLO, backprop), 0.001, 0.004 and 0.1 (node perturbation), and of
point masses over 0.01, 0.03 and 0.1 (published: 0.01)."""

LOW = 0.2
"""Of the way: an end error below it, mean over targets, is low."""
FLAT = 0.016
"""Of the first cost: what it may fall by over the last twentieth of training. Published: 0.002 of 0.127."""


@dataclass(frozen=True)
class Settings(Scales):
    """Networks, and how long they learn."""

    SCALELESS: ClassVar[tuple[str, ...]] = ("seeds", "first_seed", "groups")

    groups: tuple[str, ...] = tuple(GROUPS)
    seeds: int = 10
    first_seed: int = 0
    updates: int = 3000
    node_updates: int = 2000  # of node perturbation, whose updates cost more
    batch_size: int = 8
    units: int = 64
    duration: float = 0.6  # s
    test_size: int = 64
    points: int = 20  # measured, evenly

    @classmethod
    def quick(cls):
        """The published groups, few networks that hardly learn."""
        return cls(groups=("rflo-shared", "rflo-own", "bptt"), seeds=5, updates=100, test_size=16, points=5)


TASK = CenterOut(cue_time=0.0, shortest_delay=0.0, longest_delay=0.0)
"""Reaches from the centre to one of eight targets, which begin at once."""


def problem_for(settings: Settings, point: bool = False) -> TaskProblem | PointProblem:
    """The miss is all that costs."""
    if point:
        return PointProblem(round(settings.duration / PointProblem.dt), settings.test_size)
    return TaskProblem(
        "motornet_arm26", TASK, duration=settings.duration, position=POSITION, velocity=0.0, effort=0.0, smoothness=0.0,
        test_size=settings.test_size,
    )  # fmt: skip


def circuit_for(settings: Settings, problem: Any, inputs: tuple[float, float]) -> RNN:
    """Leaky units, r = (1 - a) r + a tanh(z), a = 0.1, with first weights as published."""
    return RNN(
        problem.n_in, settings.units, problem.n_out, tau=0.1, dt=problem.dt, leak="rate", gain=1.5,
        weight_scale=0.5 * (inputs[1] - inputs[0]), out_scale=0.1 / settings.units**0.5,
    )  # fmt: skip


def way_of(problem: TaskProblem | PointProblem) -> float:
    """From the centre to a target, m."""
    return problem.way if isinstance(problem, PointProblem) else float(TASK.way(problem.world.arm))


def updates_of(settings: Settings, group: str) -> int:
    """How long networks of a group learn."""
    return min(settings.node_updates, settings.updates) if group == "node-perturbation" else settings.updates


def units(settings: Settings) -> list[Unit]:
    """One unit per group: all its networks as one stack."""
    seeds = list(range(settings.first_seed, settings.first_seed + settings.seeds))
    cost = 1.5e-4 * settings.batch_size * settings.seeds
    return [
        Unit(name, {"group": name, "seeds": seeds}, 2 + cost * updates_of(settings, name)) for name in settings.groups
    ]


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Train the stack; returns curves, and where the recurrent weights went."""
    name, random = unit.arguments["group"], streams(unit.arguments["seeds"])
    group, updates = GROUPS[name], updates_of(settings, name)
    problem = problem_for(settings, group.point)
    circuit = circuit_for(settings, problem, group.inputs)
    optimizer = SGD(group.rate, biases=False, weight_decay=group.decay)
    kept = 1.0 - group.rate * group.decay
    rule = Recorded(group.rule, max(1, updates // 200), kept)
    params = circuit.init(random.weights, np.float32)
    middle = np.float32(0.5 * (group.inputs[0] + group.inputs[1]))
    params = params._replace(cell=params.cell._replace(weight=params.cell.weight + middle))
    count, way = len(unit.arguments["seeds"]), way_of(problem)
    test = in_precision(tree_map(lambda leaf: np.broadcast_to(leaf, (count, *leaf.shape)), problem.test()), np.float32)

    def measure(state: Any) -> dict[str, np.ndarray]:
        end = problem.distances(circuit, state.params, test)[-1].mean(-1)
        return {"cost": rollout(circuit, state.params, test).mean((0, -1)), "end": end / way}

    at = np.unique(np.linspace(0, updates, settings.points + 1).round().astype(int))
    curves, state = learn(
        problem, circuit, rule, optimizer, random, updates=updates, batch_size=settings.batch_size, at=at,
        measure=measure, checkpoint=checkpoint, alone=True,
        start=TrainState(params, rule.init(params, random.rule), optimizer.init(params)),
    )  # fmt: skip
    went = moved(state.rule.first, state.params, kept**updates)
    sketch = with_row(state.rule.sketch, went)
    return {
        "updates": at, **curves, "moved": went, "directions": sketch.directions[..., :TOP], "sizes": sketch.sizes,
        "energy": sketch.energy,
    }  # fmt: skip


def converged(run: Run) -> np.ndarray:
    """Whether each network's cost has flattened, and its end error is low (seeds,)."""
    cost, end = run.arrays["cost"], run.arrays["end"]
    steps = run.arrays["updates"]
    last = int(np.searchsorted(steps, 0.95 * steps[-1], side="right")) - 1
    fall = cost[:, min(last, len(steps) - 2)] - cost[:, -1]
    return (fall < FLAT * cost[:, 0]) & (end[:, -1] < LOW)


def frames_of(run: Run) -> np.ndarray:
    """The subspace of each network (seeds, n n, 3)."""
    return run.arrays["directions"].astype(float)


def relabelled(run: Run, n: int) -> np.ndarray:
    """The same subspaces with the units of each network in an order of its own."""
    found = []
    for seed, frame in enumerate(frames_of(run)):
        order = np.random.default_rng((SHARED, seed)).permutation(n)
        found.append(frame.reshape(n, n, TOP)[order][:, order].reshape(n * n, TOP))
    return np.stack(found)


def between(matrix: np.ndarray) -> np.ndarray:
    """The mean of each network's distances to the others (n,)."""
    n = len(matrix)
    return (matrix.sum(1) - np.diag(matrix)) / max(n - 1, 1)


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per group."""
    rows = []
    for run in runs:
        good, cosines = converged(run), cosines_between(run.arrays["moved"])
        share = (run.arrays["sizes"][:, :TOP] ** 2).sum(-1) / run.arrays["energy"]
        rows.append(
            {
                "group": run.arguments["group"],
                "n": len(good),
                "updates": int(run.arrays["updates"][-1]),
                "converged": int(good.sum()),
                "end_error_of_way": float(run.arrays["end"][:, -1].mean()),
                "angle_deg": float(between(angles_between(frames_of(run))).mean()),
                "angle_relabelled_deg": float(between(angles_between(relabelled(run, settings.units))).mean()),
                "angle_random_deg": random_angle(settings.units**2, TOP),
                "cosine": float(between(cosines).mean()),
                "effective_dimensions": effective_dimensions(cosines),
                "variance_of_top_3": float(share.mean()),
                "length_moved": float(np.linalg.norm(run.arrays["moved"], axis=-1).mean()),
            }
        )
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """The published contrasts, the control, and the same of rules that were not tried; Holm over all tests."""
    there = {run.arguments["group"]: run for run in runs}
    tests: list[tuple[str, str, str, str, bool]] = [
        ("with a shared B, updates of RFLO lie closer to each other than with a B of one's own (70.3 and 88.6 degrees)",
         "rflo-shared", "rflo-own", "angle", False),
        ("... and than those of backprop through time (84.1 degrees)", "rflo-shared", "bptt", "angle", False),
        ("... and their changes from first to last weights point the same way (cosine .40 and .016)",
         "rflo-shared", "rflo-own", "cosine", False),
        ("the same of feedback alignment through time: shared B against own", "fa-shared", "fa-own", "angle", True),
        ("... cosine", "fa-shared", "fa-own", "cosine", True),
        ("with first weights from the inputs of both signs: shared B against own", "rflo-shared-two-sided",
         "rflo-own-two-sided", "angle", True),
        ("... cosine", "rflo-shared-two-sided", "rflo-own-two-sided", "cosine", True),
        ("with five times larger first weights from the inputs: shared B against own", "rflo-shared-large",
         "rflo-own-large", "angle", True),
        ("... cosine", "rflo-shared-large", "rflo-own-large", "cosine", True),
        ("feedback alignment whose B learns as the weights do: first B shared against own", "kolen-pollack-shared",
         "kolen-pollack-own", "angle", True),
        ("... cosine", "kolen-pollack-shared", "kolen-pollack-own", "cosine", True),
    ]  # fmt: skip
    tests = [each for each in tests if each[1] in there and each[2] in there]
    found, verdicts = [], []
    for _, first, second, kind, _ in tests:
        matrix, n = compared(there[first], there[second], kind)
        verdicts.append(tighter(matrix))
        found.append(between(matrix[:n, :n]) - between(matrix[n:, n:]))
    names = {"angle": "degrees between a network's subspace and the others'", "cosine": "1 - cosine to the others"}
    list_of = [
        Claim(words, f"{names[kind]}, {first} less {second}", values, verdict, own, full=True)
        for (words, first, second, kind, own), values, verdict in zip(tests, found, holm(verdicts))
    ]
    random = random_angle(settings.units**2, TOP)
    for name in ("rflo-own", "bptt", "e-prop", "node-perturbation", "point-rflo-own", "point-bptt"):
        if name in there:
            angle = between(angles_between(frames_of(there[name])))
            published = {"rflo-own": 88.6, "bptt": 84.1, "point-rflo-own": 88.5}
            paper = f" ({published[name]} degrees)" if name in published else ""
            own = not name.endswith("rflo-own")
            list_of.append(Claim(
                f"{GROUPS[name].words}{paper}: subspaces within 1 degree of independent ones ({random:.1f} degrees)",
                "degrees to the others", angle, every_above(angle, random - 1.0), own, full=True,
            ))  # fmt: skip
    if "point-rflo-shared" in there:
        angle = between(angles_between(frames_of(there["point-rflo-shared"])))
        list_of.append(Claim(
            "on a point mass there is no corridor (shared B 86.5 degrees, own B 88.5): RFLO, shared B: subspaces "
            f"within 3 degrees of independent ones ({random:.1f})", "degrees to the others", angle,
            every_above(angle, random - 3.0), full=True,
        ))  # fmt: skip
    if "rflo-shared" in there:
        angle = between(angles_between(relabelled(there["rflo-shared"], settings.units)))
        list_of.append(Claim(
            "control: with the units of each network in an order of its own, a shared B brings nothing together",
            "degrees to the others", angle, every_above(angle, random - 1.0), True,
        ))  # fmt: skip
    for name, run in there.items():
        paper = {"rflo-shared": " (24 of 26)", "rflo-own": " (20 of 26)", "bptt": " (26 of 26)"}.get(name, "")
        list_of.append(Claim(
            f"{GROUPS[name].words}: networks that have flattened and are low{paper}", "share of networks",
            converged(run).astype(float), reported(), not paper, full=True,
        ))  # fmt: skip
    return list_of


def compared(first: Run, second: Run, kind: str) -> tuple[np.ndarray, int]:
    """Distances between networks of two groups, for `tighter`: of the seeds that converged in both; and how many."""
    good = converged(first) & converged(second)
    if kind == "angle":
        matrix = angles_between(np.concatenate([frames_of(each)[good] for each in (first, second)]))
    else:
        matrix = 1.0 - cosines_between(np.concatenate([each.arrays["moved"][good] for each in (first, second)]))
    return matrix, int(good.sum())


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Curves of learning, angles and cosines between networks."""
    figure, (left, others, middle, right) = panels(3.6, 3.6, 3.6, 3.0, height=4.8)
    for run in runs:
        group = GROUPS[run.arguments["group"]]
        axis, style = others if group.varied else left, "--" if "own" in group.words else "-"
        band(axis, run.arrays["updates"], run.arrays["end"], group.colour, group.words, log=True, linestyle=style)
    left.set_title("rules (dashed: own B)")
    others.set_title("other starts, a point mass")
    others.sharey(left)
    for axis in (left, others):
        axis.set(xlabel="updates", ylabel="end error, of the way (dotted: low)", yscale="log")
        axis.axhline(LOW, color="#999999", linewidth=0.8, linestyle=":")
        if axis.lines[1:]:
            axis.legend(loc="upper left", bbox_to_anchor=(-0.15, -0.16), fontsize=6.5, handlelength=3.2)
    for axis, kind in ((middle, "angle"), (right, "cosine")):
        for place, run in enumerate(runs):
            matrix = angles_between(frames_of(run)) if kind == "angle" else cosines_between(run.arrays["moved"])
            pairs, colour = matrix[np.triu_indices(len(matrix), 1)], GROUPS[run.arguments["group"]].colour
            axis.plot(pairs, place + np.linspace(-0.25, 0.25, len(pairs)), ".", color=colour, markersize=2)
            axis.plot([pairs.mean()] * 2, [place - 0.35, place + 0.35], color=colour)
        names = [run.arguments["group"] for run in runs] if kind == "angle" else [""] * len(runs)
        axis.set_yticks(range(len(runs)), names, fontsize=7)
        axis.invert_yaxis()
        axis.set_ylabel("each dot a pair of networks, bars: mean")
    middle.axvline(random_angle(settings.units**2, TOP), color="#999999", linewidth=0.8, linestyle=":")
    middle.set(xlabel="degrees between subspaces", title="ways of learning (dotted: random)")
    right.axvline(0.0, color="#999999", linewidth=0.8, linestyle=":")
    right.set(xlabel="cosine of changes", title="from first to last weights")
    return {"corridor": figure}


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What is not as published, or not said there."""
    way = way_of(problem_for(settings))
    return (
        Choice(
            "the arm",
            "motornet_arm26 with static muscles",
            "the constants of the published arm, whose muscles have activation dynamics, too",
        ),
        Choice(
            "task",
            f"center-out, 8 targets at {way:.3f} m, {settings.duration:g} s, {settings.batch_size} reaches per update, "
            f"{settings.updates} updates ({settings.node_updates} of node perturbation)",
            "published: 0.1 m, 32 reaches, 40,000 updates; this takes ten minutes of one core",
        ),
        Choice(
            "cost",
            f"{POSITION:g} per m^2 of squared miss, mean over the movement",
            "published: the sum of absolute values, in m, whose slope at 10 cm is half of this one's",
        ),
        Choice(
            "rate",
            "SGD, 0.1 (node perturbation: 0.004, point masses: 0.03)",
            "published 0.025, for more updates; found on seeds 100 to 102",
        ),
        Choice(
            "first weights",
            "as published: recurrent N(0, 1.5^2 / n), from the inputs U(-0.1, 0), readout U(-0.1, 0.1) / sqrt(n), no "
            "biases; inputs have their mean taken off, outputs of tanh stand for excitations of 0 to 1",
            "groups beside them have weights from the inputs of both signs, U(-0.1, 0.1), or large ones, U(-0.5, 0.5)",
        ),
        Choice(
            "which networks are compared",
            f"those that converged under both rules: end error below {LOW:g} of the way, and cost down by less than "
            f"{FLAT:g} of the first over the last twentieth",
            "published: flat by the same measure, and a mean absolute miss below 0.10 m",
        ),
        Choice(
            "trajectories",
            f"W(t) - W(0), less what weight decay took of W(0), every 200th part of training, by an incremental SVD "
            f"that keeps {KEPT} directions: "
            f"{4e-6 * KEPT * settings.units**2:.2f} MB per network",
            "published: all weights of every update, 0.66 GB per network",
        ),
        Choice("e-prop with random B", "no group of its own", "for rate units it is RFLO"),
        Choice(
            "learned feedback",
            f"Kolen and Pollack's rule on all of B (into the units, between them, to the senses), decay {DECAY:g} of B "
            "and of the weights, at the weights' own rate",
            "as feedback alignment through time has B",
        ),
        Choice(
            "the point mass",
            f"two outputs, accelerations of up to {PUSH:g} m/s^2; told target, place and velocity; way and cost of the "
            "arm",
            "published without constants that were found",
        ),
    )


EXPERIMENT = Experiment(
    name="canalisation",
    title="Does shared random feedback canalise learning?",
    source="github.com/syntactic/rflo-bptt-dynamics, 2026, README",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
