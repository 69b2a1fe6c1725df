"""The arm's controller, 6-500-6 tanh, trained through the plant by backprop, feedback alignment and shallow learning.

Every rule sees the same first weights, the same batches and the same test set. Shallow learning is shown twice: from
the start of the others, where its hidden layer is almost linear, and from its own best start, random features of large
weights. Without the second, a figure that shows feedback alignment ahead of it would show little.

[Lillicrap, Cownden, Tweed & Akerman 2014, abstract, fig. 2a, b]
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    Batch,
    FeedbackAlignment,
    LearningRule,
    Policy,
    Shallow,
    SquaredError,
    TrainState,
)  # fmt: skip
from armfa.controllers.circuits.mlp import Dense, Params, per_layer
from armfa.controllers.metrics import normalized_error
from armfa.controllers.streams import streams
from armfa.controllers.training.doors import TRIED
from armfa.controllers.training.measures import teaching_angles
from armfa.controllers.trees import unstack
from armfa.experiments.arm.pictures import figures
from armfa.experiments.arm.reaching import RANDOM_REACHES, center_out_distance, closed_loop
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points, samples_to_reach
from armfa.experiments.rules import check_fit, code_of, label, rule_of, source, with_decay
from armfa.plant import best_excitation, hand_velocity, make_arm
from armfa.plant.description import called
from armfa.problems.hand_velocity import HandVelocityProblem
from armfa.reports.claim import Choice, Claim, Verdict
from armfa.reports.statistics import (
    WITHIN,
    as_well_as,
    mean_above,
    mean_below,
    mean_between,
    ratio,
    ratio_below,
    reported,
    spread,
)
from armfa.runs.unit import Run, Unit, find
from armfa.tasks import HandVelocity

ArmName = Literal[
    "li_todorov", "lillicrap_scott", "kalidindi2021", "li_todorov_smooth", "motornet_arm26", "katayama_kawato"
]
Activation = Literal["static", "first_order"]
STANDARD = ("backprop", "feedback-alignment", "shallow", "shallow-own-start")
"""Each rule at rates of its own."""
BACKPROP_RATES = "feedback-alignment-backprop-rates"
"""The protocol in which nothing is chosen for feedback alignment: backprop's rates, and B drawn as W is."""


class Learner(NamedTuple):
    """A rule with the rates it learns with and the start it learns from."""

    rule: Any
    rates: tuple[float, float]  # hidden layer, output layer
    weight_scale: tuple[float, float]


LEARNERS: Mapping[str, Learner] = {
    "backprop": Learner(Backprop(), (100.0, 0.015), (0.05, 0.02)),
    "feedback-alignment": Learner(FeedbackAlignment(scale=0.5), (6.0, 0.014), (0.05, 0.02)),
    "shallow": Learner(Shallow(), (0.0, 0.05), (0.05, 0.02)),
    "shallow-own-start": Learner(Shallow(), (0.0, 0.05), (1.0, 0.02)),
    BACKPROP_RATES: Learner(FeedbackAlignment(scale=0.02), (100.0, 0.015), (0.05, 0.02)),
}
"""Plain SGD, rates falling linearly to zero. Found by search with other seeds than those that are reported.

Only the product of the hidden rate and the scale of B counts in feedback alignment with one hidden layer, so its own
rates are also those of a protocol that takes backprop's and chooses the scale of B (here 0.03).
"""

PROTOCOLS = {
    "feedback-alignment": "each rule at its own rates",
    BACKPROP_RATES: "with nothing chosen for FA: backprop's rates, and B drawn as W is",
}
"""What FA and backprop are compared under, by FA's name in `LEARNERS`."""

QUICKLY = 0.01
"""NSE by which it is told how quickly a controller learns."""

ANGLE_SAMPLES = 500
"""Samples over which the angle between teaching signals is averaged."""

TIME_STEP = {"lillicrap_scott": 0.002}
"""s; 0.01 for the other arms. In 10 ms a random command changes the velocity of this light hand by 2.3 m/s."""

COMMAND_MARGIN = {"static": 0.0, "first_order": 0.5}
"""Of the random commands: muscles with a state, most of which are half active, are held by commands at the limits."""


@dataclass(frozen=True)
class Settings(Scales):
    """Arms, how many networks on each, and how long they learn."""

    SCALELESS = ("seeds", "first_seed", "arms", "rules", "activation", "dt", "command_margin", "points")

    arms: tuple[str, ...] = ("li_todorov", "lillicrap_scott")  # names, or texts of arms' files
    rules: tuple[str, ...] = (*STANDARD, BACKPROP_RATES)  # these, and all that `rules.rule_of` takes
    rates: tuple[float, ...] = ()  # of every rule, one or one per layer; each rule's own when empty
    activation: Activation = "static"
    dt: float | None = None  # s; None: that of TIME_STEP
    command_margin: float | None = None  # None: that of COMMAND_MARGIN
    seeds: int = 10
    first_seed: int = 0
    updates: int = 40_000
    batch_size: int = 16
    hidden: tuple[int, ...] = (500,)
    nonlinearity: str = "tanh"  # of the hidden layers; the output layer is tanh
    points: int = 30

    @property
    def names(self) -> dict[str, str]:
        """The arms by what they are called in figures and tables."""
        return {called(arm): arm for arm in self.arms}

    @classmethod
    def quick(cls):
        """One arm, fewer networks, a shorter training."""
        return cls(arms=("li_todorov",), seeds=4, updates=5000, points=15)


def problem_for(
    arm: str, activation: str = "static", dt: float | None = None, command_margin: float | None = None
) -> HandVelocityProblem:
    """What is learned: the hand velocity of that arm, one step ahead. Activation is seen where it is a state."""
    margin = COMMAND_MARGIN[activation] if command_margin is None else command_margin
    task, made = HandVelocity(target="reach", command_margin=margin), make_arm(arm, activation=activation)
    return HandVelocityProblem(made, task, dt or TIME_STEP.get(made.name, 0.01))


def learner_of(name: str) -> Learner:
    """The rule of a name with its rates; where none were searched, those of feedback alignment and its start."""
    if name in LEARNERS:
        return LEARNERS[name]
    like = LEARNERS["feedback-alignment"]
    return Learner(rule_of(name, like.rates), like.rates, like.weight_scale)


def network_for(settings: Settings, learner: Learner, problem: HandVelocityProblem) -> MLP:
    """6-500-6 tanh (12-500-6 with activation) as it stands in the paper, with the learner's own start."""
    hidden, output = learner.weight_scale
    depth = len(settings.hidden)
    return MLP(
        (problem.n_inputs, *settings.hidden, problem.world.arm.n_muscles), (*(settings.nonlinearity,) * depth, "tanh"),
        weight_scale=(*(hidden,) * depth, output), bias_scale=(*(hidden,) * depth, 0.0),
    )  # fmt: skip


def rates_for(settings: Settings, learner: Learner, problem: HandVelocityProblem) -> tuple[float, ...]:
    """One rate per layer: those asked for, or the learner's own, shared out where there are more than six inputs."""
    depth = len(settings.hidden)
    if settings.rates:
        chosen = settings.rates
        return per_layer(chosen[0] if len(chosen) == 1 else chosen, depth + 1, "--rates")
    hidden, output = learner.rates
    return (hidden * 6 / problem.n_inputs, *(hidden,) * (depth - 1), output)


def as_file_name(name: str) -> str:
    """A name with what no file name should have replaced."""
    return re.sub(r"[^\w.-]+", "_", name)


def units(settings: Settings) -> list[Unit]:
    """One unit per arm and rule: all its networks as one stack."""
    seeds = list(range(settings.first_seed, settings.first_seed + settings.seeds))
    seconds = 5e-6 * settings.seeds * settings.updates * settings.batch_size + 2
    return [
        Unit(
            f"{as_file_name(arm)}_{label(rule)}",
            {"arm": arm, "rule": label(rule), "seeds": seeds, **source(rule)},
            seconds,
        )
        for arm in settings.names
        for rule in settings.rules
    ]


def run(settings: Settings, unit: Unit, checkpoint) -> dict[str, np.ndarray]:
    """Train the stack, then let every network move the arm."""
    name = code_of(unit)
    problem = problem_for(
        settings.names[unit.arguments["arm"]], settings.activation, settings.dt, settings.command_margin
    )
    learner, network, optimizer = made(settings, name, problem)
    test, few = problem.test(), problem.batch(np.random.default_rng(problem.test_seed), ANGLE_SAMPLES)

    def measure(state):
        networks = unstack(state._replace(optimizer=()))
        found = {"nse": np.array([error_of(network, each, test) for each in networks])}
        if isinstance(learner.rule, LearningRule) and not isinstance(learner.rule, Backprop | Shallow):
            found["angle"] = np.array([angle_of(network, learner.rule, each, few) for each in networks])
        return found

    at = points(settings.updates, settings.points, first=30)
    curves, state = learn(
        problem,
        network,
        learner.rule,
        optimizer,
        streams(unit.arguments["seeds"]),
        updates=settings.updates,
        batch_size=settings.batch_size,
        at=at,
        measure=measure,
        checkpoint=checkpoint,
        alone=True,
    )
    return {
        "samples": at * settings.batch_size,
        **curves,
        **closed_loop(problem, network, state.params),
        **references(problem),
        **params_arrays(state.params),
    }


def made(settings: Settings, name: str, problem: HandVelocityProblem) -> tuple[Learner, MLP, Any]:
    """Learner, network and optimizer of a rule; SGD whose rates fall linearly to zero."""
    learner = learner_of(name)
    rates = rates_for(settings, learner, problem)
    sgd = SGD(rates, schedule="linear", updates=settings.updates)
    if name in LEARNERS:
        return learner, network_for(settings, learner, problem), sgd
    rule = rule_of(name, rates)
    return learner._replace(rule=rule), network_for(settings, learner, problem), with_decay(sgd, rule)


def try_rules(settings: Settings) -> None:
    """Let each rule whose learning nobody has tried make one update of one network; the error says what cannot."""
    problem = problem_for(settings.arms[0], settings.activation, settings.dt, settings.command_margin)
    for name in set(settings.rules) - set(LEARNERS):
        learner, network, optimizer = made(settings, name, problem)
        check_fit(name, "the arm", network, learner.rule, optimizer, problem.batch(np.random.default_rng(0), TRIED))


def angle_of(network: MLP, rule: LearningRule, state: TrainState, batch: Batch) -> float:
    """Angle of a rule's teaching signals to backprop's, degrees: the mean of the hidden layers."""
    noise = np.random.default_rng(0)
    return float(np.mean(teaching_angles(network, rule, state.params, batch, state.rule, noise)))


def error_of(network: MLP, state: TrainState, test: Batch) -> float:
    """NSE of one network on the test set."""
    return float(normalized_error(network.forward(state.params, test.inputs).output, test.loss))


def references(problem: HandVelocityProblem) -> dict[str, np.ndarray]:
    """NSE on the test set of coasting (the hand keeps its velocity) and of the best excitation there is.

    The second is the box-constrained least-squares optimum, below which no controller can come.
    """
    loss = problem.loss(np.random.default_rng(problem.test_seed), problem.test_size)
    now = hand_velocity(problem.world.arm, loss.state.joint_angle, loss.state.joint_velocity)
    best = best_excitation(problem.world.simulator, loss.state, loss.desired)
    low, high = problem.world.arm.excitation_range
    reached = loss.task_error((2.0 * best - (low + high)) / (high - low)) * loss.scale + loss.desired
    return {
        name: np.asarray(normalized_error(velocity, SquaredError(loss.desired)))
        for name, velocity in (("coasting", now), ("bound", reached))
    }


def params_arrays(params: Params) -> dict[str, np.ndarray]:
    """Weights and biases of a stack of networks by name, as `params_of` reads them."""
    weights = {f"weight_{number}": layer.weight for number, layer in enumerate(params)}
    return weights | {f"bias_{number}": layer.bias for number, layer in enumerate(params)}


def save_controllers(problem: HandVelocityProblem, network: MLP, run: Run, folder: Path) -> None:
    """Every network of a run as a policy in a file of its own, RULE_SEED.npz."""
    for number, seed in enumerate(run.arguments["seeds"]):
        policy_of(problem, network, run, number).save(folder / f"{run.arguments['rule']}_{seed}.npz")


def policy_of(problem: HandVelocityProblem, network: MLP, run: Run, number: int) -> Policy:
    """One trained network of a run as a policy."""
    about = {"rule": run.arguments["rule"], "seed": run.arguments["seeds"][number]}
    return problem.policy(network, params_of(run, number), **about)


def params_of(run: Run, seed: int) -> Params:
    """One network of a run, as `Dense` layers."""
    depth = sum(name.startswith("weight_") for name in run.arrays)
    return tuple(Dense(run.arrays[f"weight_{n}"][seed], run.arrays[f"bias_{n}"][seed]) for n in range(depth))


def final(runs: Sequence[Run], arm: str, rule: str) -> np.ndarray:
    """Test NSE of every network at the end."""
    return find(runs, arm=arm, rule=rule).arrays["nse"][:, -1]


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row an arm and rule: error, its ratio to coasting, angle, and what the networks do with the arm."""
    rows = []
    for run in runs:
        end = run.arrays["nse"][:, -1]
        reach, random = 1000 * run.arrays["center_out"], 1000 * run.arrays["random_reach"]
        angle = run.arrays["angle"][:, -1] if "angle" in run.arrays else np.array([np.nan])
        rows.append(
            {
                "arm": run.arguments["arm"],
                "rule": run.arguments["rule"],
                "n": len(end),
                "nse": float(end.mean()),
                "nse_sd": spread(end),
                "nse_by_coasting": float((end / run.arrays["coasting"]).mean()),
                "gap_to_optimum": float((end - run.arrays["bound"]).mean()),
                "angle_deg": float(angle.mean()),
                "center_out_mm": float(reach.mean()),
                "center_out_worst_mm": float(reach.max()),
                "random_reach_within_1cm": float((random < 10).mean()),
                "random_reach_worst_mm": float(random.max()),
                "profile_correlation": float(run.arrays["profile"].mean()),
            }
        )
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """The claims, arm by arm; where all four standard rules have run."""
    found = []
    for arm in settings.names if set(STANDARD) <= set(settings.rules) else ():
        for rule in PROTOCOLS:
            if rule in settings.rules:
                found += claims_against_backprop(arm, rule, runs)
        found += claims_on(arm, runs)
    return found


def claims_against_backprop(arm: str, rule: str, runs: Sequence[Run]) -> list[Claim]:
    """FA's error at the end and the samples it needs, against backprop's, under one protocol."""
    both = [find(runs, arm=arm, rule=name).arrays for name in (rule, "backprop")]
    fa, bp = (arrays["nse"][:, -1] for arrays in both)
    quick, slow = (samples_to_reach(arrays["samples"], arrays["nse"], QUICKLY) for arrays in both)
    words, own = f"{arm}, {PROTOCOLS[rule]}", rule == BACKPROP_RATES
    return [
        Claim(f"{words}: FA performs as well as backprop (2014, fig. 2b): {WITHIN} its error",
              "NSE of FA / NSE of backprop", fa / bp, as_well_as(fa, bp), own, full=True),
        Claim(f"{words}: ... and learns as quickly (2014, fig. 2b): in {WITHIN} its samples",
              f"samples until NSE {QUICKLY:g}, FA's / backprop's", ratio(quick, slow), as_well_as(quick, slow), own),
    ]  # fmt: skip


def claims_on(arm: str, runs: Sequence[Run]) -> list[Claim]:
    """FA against shallow learning, its angle, and what should hold of a controller that is any good, on one arm."""
    fa, same, own = (final(runs, arm, rule) for rule in ("feedback-alignment", "shallow", "shallow-own-start"))
    aligned = find(runs, arm=arm, rule="feedback-alignment").arrays
    start, end = aligned["angle"][:, 0], aligned["angle"][:, -1]
    reach, within = 1000 * aligned["center_out"].mean(-1), (aligned["random_reach"] < 0.01).mean(-1)
    profile, far = aligned["profile"].mean(-1), 100 * center_out_distance(problem_for(arm).world.arm)

    def claim(
        paper: str, quantity: str, measured: np.ndarray, verdict: Verdict, own: bool = False, full: bool = True
    ) -> Claim:
        return Claim(f"{arm}: {paper}", quantity, measured, verdict, own, full)

    return [
        claim("FA learns the task", "NSE of FA, test set", fa, mean_below(fa, 0.0012), own=True),
        claim("FA uses the deep layer (2014)", "NSE of FA / NSE of shallow, same start", fa / same,
              ratio_below(fa, same, 1 / 20)),
        claim("and not only because of the start", "NSE of FA / NSE of shallow, own best start", fa / own,
              ratio_below(fa, own, 1 / 3), own=True),
        claim("FA's teaching signal starts unrelated to backprop's", "angle at the start, degrees", start,
              mean_between(start, 87, 93), full=False),
        claim("and turns towards it", "angle at the end, degrees", end, mean_below(end, 60)),
        claim("FA's controller reaches", f"center-out ({far:g} cm), end error, mm", reach, mean_below(reach, 3),
              own=True),
        claim("anywhere", f"share of {RANDOM_REACHES} random reaches that end within 1 cm", within,
              mean_above(within, 0.98), own=True),
        claim("with the speed asked for", "correlation with the minimum-jerk profile", profile,
              mean_above(profile, 0.99), own=True),
        claim("the best commands there are", "NSE of the box-constrained optimum", aligned["bound"], reported(),
              own=True, full=False),
    ]  # fmt: skip


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What the abstract does not say."""
    return (
        Choice(
            "the plant",
            f"{' and '.join(settings.arms)} (human: Li & Todorov 2004; monkey: Lillicrap & Scott 2013), muscles "
            f"{settings.activation.replace('_', '-')}",
            "the abstract names none; its controller sees joint angles and velocities, so its muscles have no state",
        ),
        Choice(
            "time step",
            ", ".join(f"{1000 * problem_for(arm, dt=settings.dt).dt:g} ms ({arm})" for arm in settings.arms)
            + ", semi-implicit Euler",
            "a discrete-time plant whose next velocity depends on the command",
        ),
        Choice(
            "states and desired velocities",
            "angles anywhere in the arm's joint range, joint speeds up to "
            f"{HandVelocity.max_joint_speed:g} rad/s; the velocity that a random command would give",
            "always attainable, so the error measures the controller alone",
        ),
        Choice(
            "start and rates",
            "rates (hidden, output) "
            + "; ".join(f"{told(settings.rates or learner_of(rule).rates)} ({label(rule)})" for rule in settings.rules)
            + ", falling linearly to zero",
            "with one common rate and usual first weights the hidden layer hardly moves and all rules look the same",
        ),
        Choice(
            "two protocols",
            "; ".join(PROTOCOLS.values()),
            "the abstract does not say how rates were chosen; the article's way, backprop's rates and a chosen scale "
            "of B, is the first: only hidden rate x scale of B counts",
        ),
        Choice(
            "what reaches the output layer", "the error of the hand through the plant's transposed Jacobian", "not said"
        ),
        Choice(
            "what B carries",
            f"the output units' deltas, {settings.hidden[-1]} x {problem_for(settings.arms[0]).world.arm.n_muscles}",
            "the literal replacement of W^T by B",
        ),
    )


EXPERIMENT = Experiment(
    name="arm",
    title="The arm's controller",
    source="2014 abstract, fig. 2a, b",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
