"""The world's step as programs on packed arrays: compiled where Numba is, derived where derivatives are asked for."""

from collections.abc import Callable, Iterable
from typing import Any

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Graph, Grid, flat, pullback
from armfa.compiled.program import Program, Wide
from armfa.plant import ArmState
from armfa.plant.traced import symbolic
from armfa.tasks.task import Moment, Trial


class MomentSymbols:
    """A moment made of symbols, and the columns in which its numbers are packed: `trial` never changes, `moment`
    does.
    """

    def __init__(self, graph: Graph, n_goals: int):
        def state(name: str) -> ArmState:
            pair = graph.pair
            return ArmState(pair(f"{name}q"), pair(f"{name}w"), graph.input(f"{name}a", wide=True))

        goals = Grid(graph.pair(f"goal{number}_") for number in range(n_goals))
        steps, stage, held, condition = (graph.input(name) for name in ("steps", "stage", "held", "condition"))
        self.value: Any = Moment(state(""), Trial(state("start_"), goals, condition), steps, stage, held)

    @property
    def packed(self) -> dict[str, list[Any]]:
        """Columns of the two packed arrays."""
        trial = self.value.trial
        return {"trial": [*trial.start, trial.goals, trial.condition], "moment": columns(self.value)}

    @property
    def arrays(self) -> dict[str, Any]:
        """Columns of one array for each part, as `parts` gives them."""
        return {name: part(self.value) for name, part in PARTS.items()}


PARTS: dict[str, Callable[[Moment], Any]] = {
    "q": lambda m: m.arm.joint_angle,
    "w": lambda m: m.arm.joint_velocity,
    "a": lambda m: m.arm.activation,
    "goals": lambda m: m.trial.goals,
    "steps": lambda m: m.steps,
    "stage": lambda m: m.stage,
    "held": lambda m: m.held,
    "condition": lambda m: m.trial.condition,
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


def columns(moment: Any) -> list[Any]:
    """What of a moment changes: arm, steps, stage, held."""
    return [*moment.arm, moment.steps, moment.stage, moment.held]


def packed(moment: Moment) -> dict[str, Array]:
    """A moment's arrays side by side: "trial" (..., columns) and "moment" (..., columns)."""
    trial, xp = moment.trial, namespace(moment.arm.joint_angle)
    goals = trial.goals.reshape(*trial.goals.shape[:-2], -1)
    return {
        "trial": xp.concat([*trial.start, goals, trial.condition[..., None]], axis=-1),
        "moment": xp.concat([*moment.arm, *(x[..., None] for x in moment[2:])], axis=-1),
    }


def unpacked(trial: Array, moment: Array, n: int, n_goals: int) -> Moment:
    """The moment that these packed arrays hold, as views."""
    goals = trial[..., 4 + n : 4 + n + 2 * n_goals].reshape(*trial.shape[:-1], n_goals, 2)
    start, now = (ArmState(x[..., :2], x[..., 2:4], x[..., 4 : 4 + n]) for x in (trial, moment))
    return Moment(now, Trial(start, goals, trial[..., -1]), *(moment[..., 4 + n + i] for i in range(3)))


def gradient_program(world: Any) -> Program:
    """Cost of one step and its derivative by the command, for a world without numbers."""
    graph, n = Graph(), world.arm.n_muscles
    symbols, command = MomentSymbols(graph, world.task.n_goals), graph.input("command", wide=True)
    _, outcome = symbolic(graph, world).step(symbols.value, command)
    by = pullback({outcome.cost: graph.number(1.0)}, [command])
    outputs = {"cost": outcome.cost, "by_command": Wide(by[command])}
    return Program(symbols.arrays | {"command": command}, outputs, n)


def vjp_program(world: Any) -> Program:
    """Derivatives by state and command, from those by the next state and by the cost, for a world without numbers."""
    graph, n = Graph(), world.arm.n_muscles
    symbols, command = MomentSymbols(graph, world.task.n_goals), graph.input("command", wide=True)
    after, outcome = symbolic(graph, world).step(symbols.value, command)
    bars: list[Any] = [
        graph.pair("bar_q"),
        graph.pair("bar_w"),
        graph.input("bar_a", wide=True),
        graph.input("bar_cost"),
    ]
    leaves = flat(symbols.value.arm)
    by = pullback(zip(flat([*after.arm, outcome.cost]), flat(bars)), [*leaves, command])
    q1, q2, w1, w2, a = (by[x] for x in leaves)
    outputs = {"by_q": [q1, q2], "by_w": [w1, w2], "by_a": Wide(a), "by_command": Wide(by[command])}
    return Program(symbols.arrays | {"command": command, "bars": bars}, outputs, n)
