"""Units of work in which the networks of velocity/0 move the arm: reaches, and trials in which they go on learning."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers import SGD, TrainState, take
from armfa.controllers.checkpoint import fill
from armfa.controllers.streams import streams
from armfa.controllers.training.update import init_state
from armfa.experiments.arm.reaching import HOLD_TIME, RANDOM_REACHES, Controller, Steering, random_reach
from armfa.experiments.motor_rules.entries import entry
from armfa.experiments.motor_rules.ids import LEARNED, MOVED, Moved
from armfa.experiments.motor_rules.learning import KEPT, STATE, file_name, network_of, problem_of
from armfa.experiments.motor_rules.protocol import ADAPTATION_SHARE, Protocol
from armfa.experiments.motor_rules.trials import STEPS, adapted
from armfa.experiments.rules import code_of, label, source, with_decay
from armfa.plant import best_excitation
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.runs.store import read_run
from armfa.runs.unit import Checkpoint, Run, Unit
from armfa.world import Schedule

LAST = 50
"""Trials of a phase, at most half of them, over which its end is averaged."""
FIRST = 5
"""Trials of a phase over which its beginning is; 10 for savings and retention."""
STEP_SECONDS = 650e-6
"""Expected of one step of 10 ms of a stack of networks."""
REACH_SECONDS = 200e-6
"""Of one step of 200 arms, per network."""


def moving_units(protocol: Protocol, ids: Sequence[str], learned: Mapping[str, Unit]) -> list[Unit]:
    """One stack of networks per id and rule. learned : by the code of a rule, the unit that trained its networks."""
    units = []
    for place in ids:
        if place not in MOVED:
            continue
        trials = sum(phase for phase, _ in phases(protocol, MOVED[place]))
        reach = HOLD_TIME * 100 * (STEP_SECONDS + REACH_SECONDS * protocol.seeds)
        seconds = trials * STEPS * STEP_SECONDS if trials else reach
        units += [
            Unit(file_name(place, label(name)),
                 {"id": place, "rule": label(name), "rates": trained.arguments["rates"],
                  "seeds": trained.arguments["seeds"], **source(name)}, seconds)
            for name, trained in learned.items()
        ]  # fmt: skip
    return units


def phases(protocol: Protocol, each: Moved) -> list[tuple[int, float]]:
    """Trials and condition of each phase of an id; none where nothing is learned."""
    if each.perturbation is None:
        return []
    if each.opposite:
        baseline, field = protocol.retention_trials
        return [(baseline, 0.0), (field, 1.0), (field, -1.0), (field, 1.0)]
    return list(zip(protocol.adaptation_trials, (0.0, 1.0, 0.0, 1.0)))


def move_id(
    learned: Mapping[str, np.ndarray], protocol: Protocol, unit: Unit, checkpoint: Checkpoint
) -> dict[str, np.ndarray]:
    """Reaches of the trained networks, or what trials showed, each (networks, reaches or trials).

    learned : the state they learned to, as `trained_arrays` finds it.
    """
    name, each = code_of(unit), MOVED[unit.arguments["id"]]
    problem = problem_of(protocol, KEPT)
    network = network_of(problem, LEARNED[KEPT], name)
    state = trained(learned, unit, network)
    if each.perturbation is None:
        return {"distance": reaches(problem, network, state)}
    rates = tuple(ADAPTATION_SHARE * rate for rate in unit.arguments["rates"])
    rule = entry(name, rates)
    optimizer = with_decay(SGD(rates), rule)
    schedule = Schedule(tuple(phases(protocol, each)), channel_every=8 if each.perturbation.curl else None)
    told, _ = adapted(
        problem, network, rule, optimizer, state._replace(optimizer=optimizer.init(state.params)),
        streams(unit.arguments["seeds"]).rule, each.perturbation, schedule, checkpoint.progress,
    )  # fmt: skip
    return told._asdict()


def trained_arrays(folder: Path, protocol: Protocol, unit: Unit) -> dict[str, np.ndarray]:
    """What the networks that a unit moves were left as by the unit that trained them."""
    run = read_run(folder, "learning", protocol, learned_by(unit))
    if run is None:
        raise FileNotFoundError(f"expected the networks of {learned_by(unit).name} in {folder}, they are not there")
    return {name: array for name, array in run.arrays.items() if name.startswith(STATE)}


def trained(learned: Mapping[str, np.ndarray], unit: Unit, network: Any) -> TrainState:
    """Networks and rule state at the end of velocity/0."""
    arguments = unit.arguments
    rates, random = tuple(arguments["rates"]), streams(arguments["seeds"])
    rule = entry(code_of(unit), rates)
    like = init_state(network, rule, with_decay(SGD(rates), rule), random.weights, random.rule)._replace(optimizer=())
    return fill(like, [learned[f"{STATE}{n}"] for n in range(len(learned))])


def learned_by(unit: Unit) -> Unit:
    """The unit that trained the networks of a unit that moves them."""
    arguments = {key: value for key, value in unit.arguments.items() if key != "id"}
    return Unit(file_name(KEPT, "own", arguments["rule"]), {"id": KEPT, "column": "own", **arguments}, 0.0)


def reaches(problem: HandVelocityProblem, network: Any, state: TrainState) -> np.ndarray:
    """Distance from the target at the end of 200 random reaches (networks, reaches), m; NaN where the arm flew off."""
    steering = Steering.of(problem.world.arm)

    def of(params: Any) -> np.ndarray:
        return random_reach(problem, problem.controller(network, params), len(params[0].weight), steering)

    try:
        return of(state.params)
    except FloatingPointError:
        return np.concatenate([_or_nothing(of, take(state.params, slice(n, n + 1)))
                               for n in range(len(state.params[0].weight))])  # fmt: skip


def _or_nothing(of: Any, params: Any) -> np.ndarray:
    try:
        return of(params)
    except FloatingPointError:
        return np.full((1, RANDOM_REACHES), np.nan)


def reach_bounds(protocol: Protocol, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The same reaches (reaches,) with the best excitation in each step (`bound`), and with silent muscles, m."""
    problem = problem_of(protocol, KEPT)
    arm = problem.world.arm

    def best(state: Any, desired: Any) -> Any:
        return best_excitation(problem.world.simulator, state, desired).astype(np.float32)

    def silent(state: Any, desired: Any) -> Any:
        return np.zeros((*state.joint_angle.shape[:-1], arm.n_muscles), np.float32)

    def of(controller: Controller) -> np.ndarray:
        return random_reach(problem, controller, 1, Steering.of(arm))[0]

    return {"bound": of(best), "silent": of(silent)}


# what is read from runs


def measured(protocol: Protocol, run: Run) -> dict[str, np.ndarray]:
    """What a run of an id that moves the arm says of each network (networks,); "measure" is what scores are made of.

    Of trials it is the error that is left, the mean size of the deviation (m) or of the direction (degrees): an index
    alone would be near 1 for an arm that flings about, too.
    """
    each = MOVED[run.arguments["id"]]
    if each.perturbation is None:
        millimetres = 1000.0 * run.arrays["distance"]
        middle = np.median(millimetres, axis=1)
        return {"measure": middle, "median_mm": middle, "share_within_1_cm": (millimetres < 10.0).mean(1)}
    if each.opposite:
        return _retained(protocol, each, run)
    ends = np.cumsum([0, *protocol.adaptation_trials])
    one = run.arrays["index"]
    if not each.perturbation.curl:
        one = 1.0 - run.arrays["direction"] / each.perturbation.rotation
    before, at_end = end_of(one, *ends[:2]), end_of(one, *ends[1:3])
    size = run.arrays["deviation"] if each.perturbation.curl else run.arrays["direction"]
    left = end_of(np.abs(size), *ends[1:3])
    size = size - end_of(size, *ends[:2])[:, None]
    first, after, again = (mean_of(size[:, start : start + count])
                           for start, count in zip(ends[1:], (2 * FIRST, FIRST, 2 * FIRST)))  # fmt: skip
    start = mean_of(size[:, ends[1] : ends[1] + 2])
    with np.errstate(all="ignore"):
        index = at_end - before if each.perturbation.curl else at_end
        return {"measure": left, "adaptation_index": index,
                "after_effect": -after / start, "savings": first / again}  # fmt: skip


def _retained(protocol: Protocol, each: Moved, run: Run) -> dict[str, np.ndarray]:
    """Deviation in the first trials of A after B, as it is and over that in the first trials of A before."""
    baseline, field = protocol.retention_trials
    size = run.arrays["deviation"] - end_of(run.arrays["deviation"], 0, baseline)[:, None]
    before, after = (mean_of(size[:, start : start + 2 * FIRST]) for start in (baseline, baseline + 2 * field))
    with np.errstate(all="ignore"):
        ratio = np.abs(after / before)
    again = mean_of(np.abs(run.arrays["deviation"])[:, baseline + 2 * field :][:, : 2 * FIRST])
    return {"measure": again, "a_after_b_over_a_before": ratio}


def end_of(values: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean over the end of a phase (networks,)."""
    return mean_of(values[:, max(last - LAST, (first + last) // 2) : last])


def mean_of(values: np.ndarray) -> np.ndarray:
    """Mean over the trials that tell (networks,); NaN where none does."""
    known = np.isfinite(values)
    count = known.sum(1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(1) / np.maximum(count, 1), np.nan)
