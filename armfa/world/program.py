"""The world's step as programs on packed arrays: compiled where Numba is, derived where derivatives are asked for."""

from collections.abc import Callable, Iterable
from typing import Any

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Expr, Graph, Grid, Vector, flat, pullback
from armfa.compiled.program import Program, Wide
from armfa.plant import ArmState
from armfa.plant.traced import symbolic
from armfa.tasks.task import Moment, Trial
from armfa.world.senses import Line


class MomentSymbols:
    """A moment made of symbols, and the columns in which its numbers are packed: `trial` never changes, `moment`
    does.

    Of the lines in which signals wait, one entry is needed: the one that is told after the next step, or (`told`) now.
    """

    def __init__(self, graph: Graph, world: Any, *, told: bool = False):
        def state(name: str) -> ArmState:
            pair = graph.pair
            return ArmState(pair(f"{name}q"), pair(f"{name}w"), graph.input(f"{name}a", wide=True))

        goals = Grid(graph.pair(f"goal{number}_") for number in range(world.task.n_goals))
        condition, variant, onset, channel = (graph.input(x) for x in ("condition", "variant", "onset", "channel"))
        steps, stage, held = (graph.input(name) for name in ("steps", "stage", "held"))
        record = graph.vector("record", len(world.task.records))
        trial: Any = Trial(state("start_"), goals, condition, variant, onset, channel)
        self.noise = {name: symbol(graph, world, f"noise_{name}", name) for name in world.noise}
        self.waiting: dict[str, list[Any]] = {}
        lines = []
        for name, signals, delay in world.lines:
            entry: Any = [symbol(graph, world, f"{name}_{signal}", signal) for signal in signals]
            if signals and (told or delay):
                self.waiting[name] = entry
            lines.append((entry,) if told else (entry,) * min(delay + 1, 2))
        jumped = graph.input("jumped") if world.latched else ()
        body, sight = (x if signals else () for x, (_, signals, _) in zip(lines, world.lines))
        self.value: Any = Moment(state(""), trial, steps, stage, held, record, Line(body, sight, jumped))

    @property
    def packed(self) -> dict[str, list[Any]]:
        """Columns of the packed arrays."""
        trial = self.value.trial
        return {"trial": [*trial.start, *trial[1:]], "moment": columns(self.value)} | self.waiting

    @property
    def arrays(self) -> dict[str, Any]:
        """Columns of one array for each part, as `parts` gives them."""
        found = {name: part(self.value) for name, part in PARTS.items()}
        return found | self.waiting


def symbol(graph: Graph, world: Any, name: str, signal: str) -> Any:
    """A symbol for a signal of a sense, or for the noise of one."""
    size = world.size_of(signal)
    return graph.input(name, wide=True) if size is None else graph.vector(name, size)


PARTS: dict[str, Callable[[Moment], Any]] = {
    "q": lambda m: m.arm.joint_angle,
    "w": lambda m: m.arm.joint_velocity,
    "a": lambda m: m.arm.activation,
    "goals": lambda m: m.trial.goals,
    "steps": lambda m: m.steps,
    "stage": lambda m: m.stage,
    "held": lambda m: m.held,
    "record": lambda m: m.record,
    "condition": lambda m: m.trial.condition,
    "variant": lambda m: m.trial.variant,
    "onset": lambda m: m.trial.onset,
    "channel": lambda m: m.trial.channel,
    "jumped": lambda m: m.line.jumped,
    "start_q": lambda m: m.trial.start.joint_angle,
    "start_w": lambda m: m.trial.start.joint_velocity,
    "start_a": lambda m: m.trial.start.activation,
}
"""The arrays that a moment is made of."""


def parts(moment: Moment, names: Iterable[str]) -> dict[str, Array]:
    """These arrays of a moment, each (..., columns)."""
    found = {name: PARTS[name](moment) for name in names if name in PARTS}
    axes = moment.arm.joint_angle.ndim - 1
    return {name: x.reshape(*moment.arm.joint_angle.shape[:-1], -1) if x.ndim != axes + 1 else x
            for name, x in found.items()}  # fmt: skip


def waiting(world: Any, moment: Moment, *, told: bool = False) -> dict[str, Array]:
    """The entry of each line (..., k) that is told after the next step, or (`told`) now."""
    lines = zip(world.lines, moment.line)
    if told:
        return {name: line[..., -1, :] for (name, signals, _), line in lines if signals}
    return {name: line[..., -2, :] for (name, signals, delay), line in lines if signals and delay}


def columns(moment: Any) -> list[Any]:
    """What of a moment changes, but for its lines: arm, steps, stage, held, record, whether the target has jumped."""
    jumped = moment.line.jumped
    return [*moment.arm, *moment[2:6], *([] if isinstance(jumped, tuple) else [jumped])]


def packed(moment: Moment) -> dict[str, Array]:
    """A moment's arrays side by side: "trial" (..., columns) and "moment" (..., columns), without its lines."""
    trial, xp = moment.trial, namespace(moment.arm.joint_angle)
    goals = trial.goals.reshape(*trial.goals.shape[:-2], -1)
    now = [*moment.arm, *(x[..., None] for x in moment[2:5]), moment.record]
    if not isinstance(moment.line.jumped, tuple):
        now.append(moment.line.jumped[..., None])
    return {
        "trial": xp.concat([*trial.start, goals, *(x[..., None] for x in trial[2:])], axis=-1),
        "moment": xp.concat(now, axis=-1),
    }


def unpacked(world: Any, trial: Array, moment: Array, body: Any = (), sight: Any = ()) -> Moment:
    """The moment that these packed arrays and lines hold, as views."""
    n, n_goals = world.arm.n_muscles, world.task.n_goals
    start, now = (ArmState(x[..., :2], x[..., 2:4], x[..., 4 : 4 + n]) for x in (trial, moment))
    last = 4 + n + 2 * n_goals
    goals = trial[..., 4 + n : last].reshape(*trial.shape[:-1], n_goals, 2)
    condition, variant, onset, channel = (trial[..., last + i] for i in range(4))
    steps, stage, held = (moment[..., 4 + n + i] for i in range(3))
    line = Line(body, sight, moment[..., -1] if world.latched else ())
    drawn = Trial(start, goals, condition, variant, onset, channel)
    return Moment(now, drawn, steps, stage, held, records(world, moment), line)


def records(world: Any, moment: Array) -> Array:
    """Of a packed moment, what the task measures (..., k)."""
    first = 7 + world.arm.n_muscles
    return moment[..., first : first + len(world.task.records)]


def gradient_program(world: Any, noisy: bool = False) -> Program:
    """Cost of one step and its derivative by the command, for a world without numbers."""
    graph, n = Graph(), world.arm.n_muscles
    symbols, command = MomentSymbols(graph, world), graph.input("command", wide=True)
    _, outcome = symbolic(graph, world).substep(symbols.value, command, symbols.noise if noisy else {})
    by = pullback({outcome.cost: graph.number(1.0)}, [command])
    outputs = {"cost": outcome.cost, "by_command": Wide(by[command])}
    return Program(symbols.arrays | {"command": command, "noise": [*symbols.noise.values()]}, outputs, n)


def vjp_program(world: Any, noisy: bool = False) -> Program:
    """Derivatives by state and command, from those by the next state, by what enters the lines and by the cost, for a
    world without numbers.
    """
    graph, n = Graph(), world.arm.n_muscles
    symbols, command = MomentSymbols(graph, world), graph.input("command", wide=True)
    after, outcome = symbolic(graph, world).substep(symbols.value, command, symbols.noise if noisy else {})
    new = [line[0] if signals else [] for (_, signals, _), line in zip(world.lines, after.line)]
    bars = [*state_bars(graph), graph.input("bar_cost"), *_line_bars(graph, world)]
    leaves = flat(symbols.value.arm)
    by = pullback(zip(flat([*after.arm, outcome.cost, *new]), flat(bars), strict=True), [*leaves, command])
    inputs = symbols.arrays | {"command": command, "noise": [*symbols.noise.values()], "bars": bars}
    return Program(inputs, _by_state(by, leaves) | {"by_command": Wide(by[command])}, n)


def observe_vjp_program(world: Any) -> Program:
    """Derivatives by state and by the oldest entries of the lines, from those by the observation."""
    graph, n = Graph(), world.arm.n_muscles
    symbols = MomentSymbols(graph, world, told=True)
    told = symbolic(graph, world).told(symbols.value)
    bars: list[Any] = [
        graph.vector(f"bar{i}_", len(part.parts)) if isinstance(part, Vector) else graph.input(f"bar{i}_", wide=True)
        for i, part in enumerate(told)
    ]
    leaves, oldest = flat(symbols.value.arm), {name: flat(entry) for name, entry in symbols.waiting.items()}
    by = pullback(zip(flat(told), flat(bars), strict=True), [*leaves, *flat(oldest.values())])
    return Program(symbols.arrays | {"bars": bars}, _by_state(by, leaves) | by_entries(by, oldest), n)


def by_entries(by: dict[Expr, Any], entries: dict[str, list[Expr]]) -> dict[str, Any]:
    """Derivatives by the entries of the lines, as outputs."""
    return {f"by_{name}": [Wide(by[x]) if x.wide else by[x] for x in entry] for name, entry in entries.items()}


def state_bars(graph: Graph) -> list[Any]:
    """Symbols of the derivatives by an arm's state."""
    return [graph.pair("bar_q"), graph.pair("bar_w"), graph.input("bar_a", wide=True)]


def _line_bars(graph: Graph, world: Any) -> list[Any]:
    return [symbol(graph, world, f"bar_{name}_{x}", x) for name, signals, _ in world.lines for x in signals]


def _by_state(by: dict[Expr, Any], leaves: list[Expr]) -> dict[str, Any]:
    q1, q2, w1, w2, a = (by[x] for x in leaves)
    return {"by_q": [q1, q2], "by_w": [w1, w2], "by_a": Wide(a)}
