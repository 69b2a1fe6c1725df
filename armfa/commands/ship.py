"""`python -m armfa.commands.ship`: makes the trained controllers that come with the package, and their score cards.

For each arm the 6-500-6 controllers of the paper by feedback alignment and by backprop, and a recurrent one of
`CenterOut`. It takes a few minutes of one core. A file holds one network in float16, half the size of float32; the
scores on its card are those of the numbers in the file.
"""

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import numpy as np
import tyro
from rich.console import Console

from armfa import __version__
from armfa.controllers import RNN, Adam, Policy, make_rule, train
from armfa.controllers.metrics import normalized_error
from armfa.controllers.shipped import FOLDER, load_controller
from armfa.controllers.trees import tree_map
from armfa.experiments.arm.controller import (
    ArmName,
    Settings,
    learner_of,
    network_for,
    policy_of,
    problem_for,
    run,
    units,
)
from armfa.experiments.arm.reaching import closed_loop
from armfa.experiments.motor.movements import TRIALS, end_error, performed, profile, trials_of, usual_costs
from armfa.files import write_text
from armfa.plant import make_arm
from armfa.problems import HandVelocityProblem, TaskProblem, problem_of
from armfa.runs.display import say
from armfa.runs.unit import NoCheckpoint, Run
from armfa.tasks import CenterOut
from armfa.world.reference import each_score

COMMAND = "python -m armfa.commands.ship"
RULES = ("feedback-alignment", "backprop")
"""Of the paper's task."""
RECURRENT = "li_todorov/center-out"
NAMES = (*(f"{arm}/{rule}" for arm in get_args(ArmName) for rule in RULES), RECURRENT)
SEED = 0
OWN: Mapping[str, Mapping[str, Any]] = {"katayama_kawato": {"command_margin": 3.0, "updates": 160_000}}
"""Settings of arms with which the usual ones leave the hand centimetres away: docs/arm.md."""


@dataclass(frozen=True)
class Ship:
    """Train the controllers that come with the package, and write each with its score card."""

    only: tuple[str, ...] = NAMES
    """Names of controllers; all when not given."""
    out: Path = FOLDER
    """Folder; the package's own when not given."""

    def __post_init__(self) -> None:
        """Refuse unknown names."""
        if unknown := [name for name in self.only if name not in NAMES]:
            raise ValueError(f"expected --only among {', '.join(NAMES)}; got {', '.join(unknown)}")


def ship(config: Ship, console: Console | None = None) -> None:
    """Train, round, write, load what was written, and put what that can do on the card."""
    console = console or Console()
    for name in config.only:
        policy, training = recurrent() if name == RECURRENT else follower(*name.split("/"))
        file = config.out / f"{name}.npz"
        policy._replace(params=tree_map(lambda leaf: leaf.astype(np.float16), policy.params)).save(file)
        card = {
            "name": name,
            "command": f"{COMMAND} --only {name}",
            "seed": SEED,
            "scores": rounded(scores(load_controller(name, config.out))),
            "training": rounded(training),
            "versions": {"armfa": __version__, "python": platform.python_version(), "numpy": np.__version__}
            | {"numba": version("numba")},
        }
        write_text(file.with_suffix(".json"), json.dumps(card, indent=1) + "\n")
        told = ", ".join(f"{key} {value}" for key, value in card["scores"].items())
        say(console, f"{name}: {file.stat().st_size / 1000:.1f} kB; {told}")


def follower(arm: str, rule: str) -> tuple[Policy, dict[str, Any]]:
    """A 6-500-6 controller of the hand's velocity, as `armfa train` makes it, and how it was trained."""
    own = OWN.get(arm, {})
    settings = Settings(arms=(arm,), rules=(rule,), seeds=1, first_seed=SEED, **own)
    problem, learner = problem_for(arm, command_margin=settings.command_margin), learner_of(rule)
    [unit] = units(settings)
    made = Run(unit.name, unit.arguments, run(settings, unit, NoCheckpoint()), {})
    training = {"rule": rule, "rates": learner.rates, "updates": settings.updates, "batch_size": settings.batch_size}
    training |= own
    if "angle" in made.arrays:
        training["angle_to_backprop_deg"] = float(made.arrays["angle"][0, -1])
    return policy_of(problem, network_for(settings, learner, problem), made, 0), training


def recurrent() -> tuple[Policy, dict[str, Any]]:
    """A recurrent controller of `CenterOut`, by backprop through time, and how it was trained."""
    task = CenterOut()  # as `armfa learn CenterOut --rate 0.01`
    along, position, velocity = usual_costs(task, None)
    problem = TaskProblem(
        make_arm("li_todorov", activation="first_order"), task, duration=task.episode_time, position=position,
        velocity=velocity, movement_time=along,
    )  # fmt: skip
    circuit, rule = RNN(problem.n_in, 64, problem.n_out, readout="tanh"), "backprop-through-time"
    rate, updates, batch = 1e-2, 4000, 32
    result = train(
        problem, circuit, make_rule(rule), Adam(rate, schedule="linear", updates=updates),
        seeds=[SEED], updates=updates, batch_size=batch,
    )  # fmt: skip
    policy = problem.policy(circuit, result.params(0), rule=rule, controller="rnn", seed=SEED)
    return policy, {"rule": rule, "units": circuit.n, "rate": rate, "updates": updates, "batch_size": batch}


def scores(policy: Policy) -> dict[str, float]:
    """What a controller can do: by its task, or, of a follower, on the test set and in closed loop."""
    about = policy.about or {}
    return scores_of_task(policy) if "task" in about else scores_of_follower(policy)


def scores_of_follower(policy: Policy) -> dict[str, float]:
    """Error on the test set, and where reaches end."""
    problem = problem_of_follower(policy)
    params = tree_map(lambda leaf: leaf[None], policy.params)
    moved = closed_loop(problem, policy.network, params)  # pyright: ignore[reportArgumentType]
    return {
        "test_nse": error_on_test_set(policy),
        "center_out_end_error_mm": 1000.0 * float(moved["center_out"].mean()),
        "center_out_worst_mm": 1000.0 * float(moved["center_out"].max()),
        "random_reaches_within_1cm": float((moved["random_reach"] < 0.01).mean()),
        "minimum_jerk_correlation": float(moved["profile"].mean()),
    }


def error_on_test_set(policy: Policy) -> float:
    """NSE of a controller of the hand's velocity."""
    test = problem_of_follower(policy).test()
    network: Any = policy.network
    return float(normalized_error(network.forward(policy.params, test.inputs).output, test.loss))


def problem_of_follower(policy: Policy) -> HandVelocityProblem:
    """What it was trained on."""
    return problem_for((policy.about or {})["arm"]["name"])


def scores_of_task(policy: Policy) -> dict[str, float]:
    """Means over the first of the task's frozen trials."""
    problem = problem_of(policy.about or {})
    movements = performed(problem, policy, trials_of(problem, TRIALS))
    error, form = 10.0 * end_error(problem, movements)[1], profile(problem, movements)
    return {
        "trials": TRIALS,
        "success": float(each_score(movements.run.outcomes).success.mean()),
        "center_out_end_error_mm": float(error.mean()),
        "center_out_worst_mm": float(error.max()),
        "peak_by_mean_speed": float(form["peak_by_mean_speed"].mean()),
        "time_of_peak": float(form["time_of_peak"].mean()),
        "movement_time_s": float(form["movement_time_s"].mean()),
        "deviation_mm": 10.0 * float(np.abs(form["deviation_cm"]).mean()),
    }


def rounded(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """To three digits, as a card has them."""
    return {key: float(f"{value:.3g}") if isinstance(value, float) else value for key, value in numbers.items()}


if __name__ == "__main__":
    sys.exit(ship(tyro.cli(Ship, prog=COMMAND)))
