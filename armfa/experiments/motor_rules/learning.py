"""Units of work in which networks learn: the search of a rule's own rates, the test networks, and what bounds them."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from armfa.controllers import SGD, TrainState, take, unstack
from armfa.controllers.metrics import normalized_error
from armfa.controllers.streams import streams
from armfa.controllers.training.doors import TRIED
from armfa.controllers.trees import leaves
from armfa.experiments.arm.controller import references
from armfa.experiments.learning import learn, points
from armfa.experiments.motor_rules.entries import FROZEN, class_of, entry, microseconds
from armfa.experiments.motor_rules.ids import LEARNED, Learned
from armfa.experiments.motor_rules.protocol import Protocol
from armfa.experiments.rules import check_fit, code_of, label, source, with_decay
from armfa.experiments.tuning import TuningCheckpoint, best_rates
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.runs.unit import Checkpoint, NoCheckpoint, Run, Unit

POINTS = 8
"""Of a learning curve, beside its start."""
KEPT = "velocity/0"
"""The id whose networks are kept, to move the arm."""
STATE = "state_"
"""Begins the names of the arrays in which they are."""
PSEUDOINVERSES = 5.0
"""How many times as long those of matrices between hidden layers take."""


def tuning_units(protocol: Protocol, ids: Sequence[str], names: Sequence[str]) -> list[Unit]:
    """One search per rule and id on which rates are searched."""
    units = []
    for found_on in dict.fromkeys(LEARNED[name].tuned_on if name in LEARNED else KEPT for name in ids):
        each = LEARNED[found_on]
        updates = protocol.tries * len(protocol.tuning_seeds) * tuning_updates(protocol, each)
        units += [
            Unit(file_name(found_on, label(name)), {"id": found_on, "rule": label(name), **source(name)},
                 updates * seconds_of(each, name))
            for name in names
        ]  # fmt: skip
    return units


def tuning_updates(protocol: Protocol, each: Learned) -> int:
    """Of each network of a try."""
    return min(protocol.tuning_updates, each.updates(protocol))


def tune(protocol: Protocol, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The rates with the lowest error on other networks and other held-out data, all that were tried, and the cost."""
    name, each = code_of(unit), LEARNED[unit.arguments["id"]]
    problem = problem_of(protocol, unit.arguments["id"], held_out=True)
    updates, seeds = tuning_updates(protocol, each), protocol.tuning_seeds

    def nse_at(rates: tuple[float, ...]) -> np.ndarray:
        return learned(problem, each, name, rates, seeds, updates, np.array([0, updates]), NoCheckpoint())[0]["nse"]

    kept = TuningCheckpoint(checkpoint, len(seeds), 0)
    rates, found = best_rates(class_of(name), each.common_rates(), nse_at, kept, protocol.tries)
    samples = len(found["tried"]) * len(seeds) * updates * each.batch_size
    return {"rates": np.array(rates), "samples": np.array(samples), **found}


def learning_units(
    protocol: Protocol, ids: Sequence[str], names: Sequence[str], own: dict[tuple[str, str], tuple[float, ...]]
) -> list[Unit]:
    """One stack of test networks per id, rule and column. own : rates by (id on which they were found, rule)."""
    units, seeds = [], list(range(protocol.seeds))
    for place in ids:
        if place not in LEARNED:
            continue
        each = LEARNED[place]
        n_inputs = problem_of(protocol, place).n_inputs
        for name in (name for name in names if (each.tuned_on, label(name)) in own):
            columns = {"own": each.fitted(own[each.tuned_on, label(name)], n_inputs),
                       "common": each.fitted(each.common_rates(), n_inputs)}  # fmt: skip
            seconds = protocol.seeds * each.updates(protocol) * seconds_of(each, name)
            units += [
                Unit(file_name(place, column, label(name)),
                     {"id": place, "rule": label(name), "column": column, "rates": list(rates), "seeds": seeds,
                      **source(name)}, seconds)
                for column, rates in columns.items()
            ]  # fmt: skip
    return units


def learn_id(protocol: Protocol, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The error of every test network over samples."""
    arguments = unit.arguments
    each, rates = LEARNED[arguments["id"]], tuple(arguments["rates"])
    updates = each.updates(protocol)
    at = points(updates, POINTS, first=max(1, updates // 100))
    curves, state = learned(
        problem_of(protocol, arguments["id"]), each, code_of(unit), rates, arguments["seeds"], updates, at, checkpoint
    )  # fmt: skip
    keeps = arguments["id"] == KEPT and arguments["column"] == "own"
    kept = leaves(state._replace(optimizer=())) if keeps else []
    return {"samples": at * each.batch_size, **curves, **{f"{STATE}{n}": x for n, x in enumerate(kept)}}


def learned(
    problem: HandVelocityProblem, each: Learned, name: str, rates: tuple[float, ...], seeds: Sequence[int],
    updates: int, at: np.ndarray, checkpoint: Checkpoint,
) -> tuple[dict[str, np.ndarray], TrainState]:  # fmt: skip
    """Curves (seeds, points) of a stack of networks, and its state: plain SGD, rates falling linearly to zero."""
    network, rule = network_of(problem, each, name), entry(name, rates)
    test = problem.test()

    def measure(state: TrainState) -> dict[str, np.ndarray]:
        outputs = (network.forward(params, test.inputs).output for params in unstack(state.params))
        return {"nse": np.array([normalized_error(output, test.loss) for output in outputs])}

    return learn(
        problem, network, rule, with_decay(SGD(rates, "linear", updates), rule), streams(seeds), updates=updates,
        batch_size=each.batch_size, at=at, measure=measure, checkpoint=checkpoint, alone=True,
    )  # fmt: skip


def network_of(problem: HandVelocityProblem, each: Learned, name: str) -> Any:
    """The network of an id with an entry's start."""
    return each.network(problem.n_inputs, problem.world.arm.n_muscles, own_start=name == FROZEN)


@cache
def fits(protocol: Protocol, place: str, name: str) -> str:
    """Why a rule cannot learn an id, in one sentence; nothing where it can. Ids that move the arm are as velocity/0."""
    place = place if place in LEARNED else KEPT
    each, problem = LEARNED[place], problem_of(protocol, place)
    rates = each.fitted(each.common_rates(), problem.n_inputs)
    try:
        rule = entry(name, rates)
        batch = take(problem.batch(streams([0]).data, TRIED), 0)
        check_fit(name, place, network_of(problem, each, name), rule, with_decay(SGD(rates), rule), batch)
    except ValueError as error:
        return str(error)
    return ""


def bound_units(protocol: Protocol, ids: Sequence[str]) -> list[Unit]:
    """What bounds the error of each id from both sides: one unit per id on which networks learn."""
    return [Unit(file_name(place), {"id": place}, 2.0) for place in ids if place in LEARNED]


def bounds(protocol: Protocol, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """NSE of the best excitation there is (`bound`), of a hand that keeps its velocity, and of a silent arm."""
    problem = problem_of(protocol, unit.arguments["id"])
    loss = problem.test().loss
    silent = np.full((problem.test_size, problem.world.arm.n_muscles), -1.0, np.float32)
    return {**references(problem), "silent": np.asarray(normalized_error(silent, loss))}


def rates_found(runs: Sequence[Run]) -> dict[tuple[str, str], tuple[float, ...]]:
    """The rates of each search by (id, rule)."""
    return {(run.arguments["id"], run.arguments["rule"]): tuple(map(float, run.arrays["rates"])) for run in runs}


def seconds_of(each: Learned, name: str) -> float:
    """Expected of one network's update, s: in proportion to the weights above a fixed part."""
    sizes = (6, *each.hidden, 6)
    weights = sum(a * b for a, b in pairwise(sizes)) / (6 * 500 * 2)
    samples = 0.45 if each.batch_size == 1 and microseconds(name) < 100 else 1.0
    inverses = PSEUDOINVERSES if name == "pseudo-backprop" and len(each.hidden) > 1 else 1.0
    return 1e-6 * microseconds(name) * samples * inverses * (0.3 + 0.7 * weights)


def file_name(*parts: str) -> str:
    """The name of a unit."""
    return "_".join(parts).replace("/", "-")


@cache
def problem_of(protocol: Protocol, place: str, held_out: bool = False) -> HandVelocityProblem:
    """What is learned on an id, made once: its scale and its test set take a second."""
    return LEARNED[place].problem(protocol, held_out)
