"""`armfa learn`: a controller learns a task over time; figures, an animation and a table of what it does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
import tyro
from rich.console import Console
from rich.table import Table

from armfa.commands.flags import at_home, at_least_one
from armfa.commands.showing import Performer, moving
from armfa.controllers import (
    GRU,
    MLP,
    RNN,
    SGD,
    TIME_RULES,
    Adam,
    Circuit,
    GradientEstimator,
    Optimizer,
    Policy,
    TrainState,
    train,
)
from armfa.controllers.checkpoint import read
from armfa.controllers.training.loop import unpack_curve
from armfa.controllers.training.progress import Report, shown_progress
from armfa.controllers.training.train import TrainResult
from armfa.experiments.arm.controller import Activation, ArmName
from armfa.experiments.motor.movements import (
    TRIALS,
    UNITS,
    Movements,
    activation_figure,
    curve_figure,
    end_error,
    length_of,
    noise_of,
    paths_figure,
    performed,
    profile,
    speed_figure,
    trials_of,
    usual_costs,
)
from armfa.experiments.rules import DECAY, LEARNED, rule_of, spelt
from armfa.plant import Simulator, make_arm
from armfa.problems import TaskProblem
from armfa.reports.curves import Curves, check_tensorboard
from armfa.reports.figures import STYLE, save_figure
from armfa.reports.film import FRAME_SIZE, FRAMES_PER_SECOND, check_film, write_film
from armfa.reports.tables import write_table
from armfa.runs.display import ends_in, say
from armfa.runs.folders import begin, begun
from armfa.runs.unit import Checkpoint, Run, Sweep, Unit
from armfa.tasks import TASKS
from armfa.world import Fields, Senses, World, reference_scores
from armfa.world.reference import Score, each_score, mean

EPISODE_RULES = (*TIME_RULES, "weight-perturbation", "evolution-strategies")
"""Rules that learn from episodes."""
RATE = 1e-2
"""Adam's rate of learning. As good as any that was tried for rules not named below, of 1e-3, 3e-3 and 1e-2 or two of
them: CenterOut, muscles that follow at once, commands held for 20 ms, 300 updates of 16 movements, seeds 100 to 102."""
RATES = {
    "backprop-through-time": 5e-3,
    "feedback-alignment-through-time": 3e-3,
    "kolen-pollack-through-time": 3e-4,
    "force": 1.0,
}
"""Those of rules that want another: of backprop as it trains Reach, of FORCE the whole of each change."""
FILM = 6.0
"""Length of the animation, s."""
TOLD_EVERY = 10.0
"""s from one line of progress to the next, where there is no terminal."""
SECONDS_PER_STEP = 2e-6
"""Expected of one step of one movement while it is learned, on one core."""
QUICK = 10
"""A quick run has so many times fewer updates."""


@dataclass(frozen=True)
class Learn:
    """Train a controller to do a task over time, through delays, noise and loads, and show what it learned."""

    task: tyro.conf.Positional[str] = "Reach"
    """Reach, CenterOut, ViaPoint, PostureHold, Ellipse, Ballistic, VelocityTracking, IsometricForce or HandVelocity."""
    rule: str = "backprop-through-time"
    """Learning rule: one through time, as `armfa rules` lists them, weight-perturbation or evolution-strategies."""
    controller: Literal["mlp", "rnn", "gru"] = "rnn"
    """A network without memory, rate units, or gated units."""
    units: int = 64
    """Hidden or recurrent units."""
    tau: float = 0.05
    """Time constant of rate units, s."""
    arm: ArmName | str = "li_todorov"
    """Which published arm, or the file of one: my_arm.toml."""
    activation: Activation = "first_order"
    """Muscles with first-order dynamics, or such that follow the command at once."""
    dt: float = 0.01
    """Time step of the simulator, s."""
    duration: float | None = None
    """Of a trial, s; that of the task when not given."""
    movement_time: float | None = None
    """s from the go to the goal, along the movement with the least jerk; 0: as fast as can be. When not given 0.5 for
    CenterOut, 0 for other tasks."""
    updates: int = 4000
    """Weight updates."""
    batch_size: int = 32
    """Movements per update."""
    rate: float | None = None
    """Learning rate, which falls to 0 over the run; the rule's own when not given."""
    seeds: int = 1
    """Networks."""
    first_seed: int = 0
    """Seed of the first network; the others follow."""
    position: float | None = None
    """Cost of the squared miss; of the kind of goal when not given (100 per m^2, 1000 with a movement time)."""
    velocity: float | None = None
    """Cost of the hand's squared speed, per (m/s)^2; of the kind of goal when not given (0.2). With a movement time of
    the squared difference to the velocity of the least jerk (10)."""
    effort: float = 0.01
    """Cost of the mean squared excitation."""
    smoothness: float = 0.01
    """Cost of the mean squared change of the excitation from one command to the next."""
    visual_delay: float = 0.0
    """s, whole steps; about 0.09 in people."""
    proprioceptive_delay: float = 0.0
    """s, whole steps; about 0.02 in people."""
    motor_noise: float = 0.0
    """Standard deviation of the commands, as a share of them; about 0.1."""
    hold_action: int = 1
    """Steps of the simulator for which a command is held."""
    field: Literal["none", "curl", "viscous"] = "none"
    """A force field on the hand."""
    field_strength: float = 13.0
    """N s/m."""
    rotation: float = 0.0
    """degrees by which the hand is seen turned about its start, counter-clockwise."""
    conditions: tuple[float, ...] = (1.0,)
    """Each movement draws one of these: how much of field and rotation acts, 1 in full, 0 nothing, -1 reversed."""
    quick: bool = False
    """A tenth of the updates."""
    no_oracle: bool = False
    """Leave silence and the oracle out of the table."""
    out: Path | None = None
    """Folder of the run; runs/TASK-DATE-TIME when not given."""
    resume: Path | None = None
    """Folder of a run to continue, with its own settings."""
    frame_size: int = FRAME_SIZE
    """Side of the animation, pixels."""
    frames_per_second: int = FRAMES_PER_SECOND
    """Of the animation."""
    quiet: bool = False
    """No progress, only the results."""
    tensorboard: bool = False
    """Curves as logs of TensorBoard too, in tensorboard/ of the folder, which grow with each state on disk; needs the
    extra armfa[tensorboard]."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        at_least_one(self, "units", "updates", "batch_size", "seeds", "hold_action")
        check_film(self.frame_size, self.frames_per_second)
        check_tensorboard(self.tensorboard)
        if self.task not in TASKS:
            raise ValueError(f"expected a task out of {', '.join(TASKS)}, got {self.task!r}")
        if spelt(self.rule) not in EPISODE_RULES:
            raise ValueError(f"expected --rule out of {', '.join(EPISODE_RULES)}, got {self.rule!r}")
        if self.first_seed < 0:
            raise ValueError(f"expected --first-seed of at least 0, got {self.first_seed}")
        if not 1e-4 <= self.dt <= 0.05:
            raise ValueError(f"expected --dt from 0.0001 to 0.05 s, got {self.dt}")
        if self.rate is not None and not 0.0 <= self.rate < float("inf"):
            raise ValueError(f"expected --rate of 0 or more, got {self.rate}")
        self.circuit(self.problem.world.arm.n_muscles, 1)  # what does not go together is refused now

    @property
    def problem(self) -> TaskProblem:
        """What is learned."""
        task = TASKS[self.task]()
        arm = make_arm(self.arm, activation=self.activation)
        senses = Senses(
            visual_delay=self.visual_delay, proprioceptive_delay=self.proprioceptive_delay,
            motor_noise=self.motor_noise, hold_action=self.hold_action,
        )  # fmt: skip
        fields = Fields(
            field=None if self.field == "none" else self.field, field_strength=self.field_strength,
            rotation=self.rotation,
        )  # fmt: skip
        along, *standard = usual_costs(task, self.movement_time)
        position, velocity = (
            usual if asked is None else asked for asked, usual in zip((self.position, self.velocity), standard)
        )
        return TaskProblem(
            arm, task, self.dt, senses=senses, fields=fields, conditions=self.conditions, movement_time=along,
            position=position, velocity=velocity, effort=self.effort, smoothness=self.smoothness,
            duration=length_of(World(Simulator(arm, self.dt), task, senses=senses)) if self.duration is None
            else self.duration,
        )  # fmt: skip

    def circuit(self, n_in: int, n_out: int) -> Circuit:
        """Who learns it; outputs are within [-1, 1], but for FORCE, which teaches a linear readout."""
        readout = "linear" if spelt(self.rule) == "force" else "tanh"
        if self.controller == "mlp":
            return MLP((n_in, self.units, n_out), ("tanh", readout))
        if self.controller == "gru":
            return GRU(n_in, self.units, n_out, readout=readout)
        return RNN(n_in, self.units, n_out, readout=readout, tau=self.tau, dt=self.dt * self.hold_action)

    @property
    def first_rate(self) -> float:
        """The rate at which learning begins."""
        return RATES.get(spelt(self.rule), RATE) if self.rate is None else self.rate

    @property
    def learner(self) -> GradientEstimator:
        """The rule; feedback that learns as the weights do has their rate and decay."""
        return rule_of(spelt(self.rule), (self.first_rate,))

    @property
    def optimizer(self) -> Optimizer:
        """Adam, whose rate falls to 0; for FORCE the whole of each change; SGD where feedback follows the weights."""
        if spelt(self.rule) == "force":
            return SGD(self.first_rate)
        if isinstance(self.learner, LEARNED):
            return SGD(self.first_rate, schedule="linear", updates=self.made, weight_decay=DECAY)
        return Adam(self.first_rate, schedule="linear", updates=self.made)

    @property
    def all_seeds(self) -> list[int]:
        """One per network."""
        return list(range(self.first_seed, self.first_seed + self.seeds))

    @property
    def made(self) -> int:
        """Updates that are made."""
        return max(1, self.updates // QUICK) if self.quick else self.updates


def learn(config: Learn, console: Console | None = None) -> Path:
    """Train what is not trained yet, draw everything, print the table; returns the folder of the run."""
    console, config = console or Console(), at_home(config)
    config, folder = place_of(config, console)
    start, problem = time.monotonic(), config.problem
    circuit = config.circuit(problem.n_in, problem.n_out)
    curves, file = Curves(folder, config.tensorboard), folder / "training.npz"
    try:
        with shown_progress(teller(config, console), config.made) as tell:

            def told(report: Report) -> None:
                tell(report)
                curves.grow(rows_so_far(config, file))

            result = learned(config, problem, circuit, file, told)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with: armfa learn --resume {folder}")
        raise
    curves.grow(curve_rows(config, result))
    show_results(config, problem, circuit, result, folder, console)
    written = "learning.png, paths.png, speed.png, activation.png, movements.gif, table.csv, curves.csv, controllers/"
    say(console, f"\n{folder} ({time.monotonic() - start:.0f} s): {written}")
    adapts = f"   or: armfa adapt {folder} --field curl" if problem.task.goal_kind == "position" else ""
    say(console, f"next: armfa watch {folder}{adapts}")
    return folder


def learned(config: Learn, problem: TaskProblem, circuit: Circuit, checkpoint: Any, progress: Any) -> TrainResult:
    """The networks of a command, trained."""
    return train(
        problem, circuit, config.learner, config.optimizer, seeds=config.all_seeds, updates=config.made,
        batch_size=config.batch_size, checkpoint=checkpoint, progress=progress,
    )  # fmt: skip


def place_of(config: Learn, console: Console) -> tuple[Learn, Path]:
    """The folder of the run, with its settings in it; for a run to continue, the settings that it was begun with."""
    if config.resume is not None:
        missing = "no run to continue: expected a folder that `armfa learn` wrote"
        return begun(config.resume, config, missing, "run", console), config.resume
    return config, begin(config.out, config.task, config)


def teller(config: Learn, console: Console) -> bool | Callable[[Report], None] | None:
    """Progress: a bar on a terminal, elsewhere now and then a line with the time at which the run ends."""
    if config.quiet or console.is_terminal:
        return None if config.quiet else True
    last, first = [-TOLD_EVERY], list[Report]()

    def tell(report: Report) -> None:
        first.append(report) if not first else None
        if report.seconds - last[0] < TOLD_EVERY and report.update < report.updates:
            return
        last[0], done = report.seconds, report.update - first[0].update
        words = f"{report.update} of {report.updates} updates, cost of a step {report.latest['loss']:.3g}"
        if done and report.update < report.updates:
            pace = (report.seconds - first[0].seconds) / done
            words += f"; {ends_in(pace * (report.updates - report.update))}"
        say(console, words)

    return tell


def show_results(
    config: Learn, problem: TaskProblem, circuit: Circuit, result: TrainResult, folder: Path, console: Console
) -> None:
    """Controllers, figures, animation and table, of a finished run."""
    rule, seeds = spelt(config.rule), config.all_seeds
    policies = policies_of(config, problem, circuit, result)
    done = movements_of(problem, policies)
    for policy, seed in zip(policies, seeds):
        policy.save(folder / "controllers" / f"{rule}_{seed}.npz")
    rows = [row_of(problem, f"{config.controller}, seed {seed}", each) for seed, each in zip(seeds, done)]
    if not config.no_oracle:
        rows += reference_rows(problem, rows[0])
    write_table(folder / "table.csv", rows)
    title = f"{config.task}, {config.controller} of {config.units}\n{rule.replace('-', ' ')}"
    with matplotlib.rc_context(STYLE):
        curves = [(f"seed {seed}", result.curve["loss"][:, k]) for k, seed in enumerate(seeds)]
        save_figure(curve_figure(result.curve["samples"], curves, "movements", title), folder / "learning.png")
        save_figure(paths_figure(problem, done[0], title), folder / "paths.png")
        save_figure(speed_figure(done[0], title), folder / "speed.png")
        save_figure(activation_figure(problem, done[0], title), folder / "activation.png")
    performer = Performer(policies[0])
    with console.status("drawing the animation"):
        frames = round(FILM * config.frames_per_second)
        film = moving(
            performer, title, performer.targets(), frames, config.frame_size, config.frames_per_second
        )  # fmt: skip
        write_film(folder / "movements.gif", film, config.frames_per_second)
    console.print(results_table(title, rows))


def curve_rows(config: Learn, result: TrainResult) -> list[dict[str, Any]]:
    """The curves of all networks, one row a point."""
    return [{"rule": spelt(config.rule)} | row for row in result.rows()]


def rows_so_far(config: Learn, file: Path) -> list[dict[str, Any]]:
    """The rows of the points that are in the file of an unfinished run."""
    arrays, header = read(file)
    updates, curve = unpack_curve(arrays, header)
    at = {"updates": np.array(updates), "samples": np.array(updates) * config.batch_size}
    return curve_rows(config, TrainResult(TrainState((), (), ()), {**at, **curve}, 0.0, header["settings"]))


def policies_of(config: Learn, problem: TaskProblem, circuit: Circuit, result: TrainResult) -> list[Policy]:
    """Each network as a controller."""
    about = {"rule": spelt(config.rule), "controller": config.controller}
    return [problem.policy(circuit, result.params(k), **about, seed=seed) for k, seed in enumerate(config.all_seeds)]


def movements_of(problem: TaskProblem, policies: Sequence[Policy]) -> list[Movements]:
    """The same frozen trials with each controller."""
    trial, noise = trials_of(problem, TRIALS), noise_of(problem, TRIALS)
    return [performed(problem, policy, trial, noise) for policy in policies]


def row_of(problem: TaskProblem, name: str, movements: Movements) -> dict[str, Any]:
    """Means over the movements of one controller; of false starts and success their shares."""
    unit, error = end_error(problem, movements)
    form, score = profile(problem, movements), mean(each_score(movements.run.outcomes))
    form["deviation_cm"] = np.abs(form["deviation_cm"])
    told = {key: float(np.nanmean(x)) if np.isfinite(x).any() else float("nan") for key, x in form.items()}
    if "false_start" in (records := problem.task.records):
        told["false_starts"] = float(movements.run.moments.record[-1, :, records.index("false_start")].mean())
    return {"controller": name, unit: float(error.mean()), **told, "return": score.reward, "success": score.success}


def reference_rows(problem: TaskProblem, like: dict[str, Any]) -> list[dict[str, Any]]:
    """What silent muscles and an oracle do in the same task, with exact senses and without a field."""
    factor = UNITS[problem.task.goal_kind][1]

    def row(name: str, score: Score) -> dict[str, Any]:
        unit = next(key for key in like if key.startswith("end_error"))
        given = {"controller": name, unit: factor * score.error, "return": score.reward, "success": score.success}
        return {key: given.get(key, float("nan")) for key in like}

    scores = reference_scores(problem.task, problem.world.arm, dt=problem.dt, trials=TRIALS)
    return [row("silence", scores.silence), row("oracle", scores.oracle)]


# as units of a sweep


def sweep(config: Learn) -> Sweep:
    """All networks as one stack, one unit."""
    steps = config.made * config.batch_size * config.seeds * config.problem.steps
    unit = Unit(f"{config.task}_{spelt(config.rule)}", {"seeds": config.all_seeds}, 2 + SECONDS_PER_STEP * steps)
    return Sweep("learning", replace(config, out=None, resume=None, quiet=False), [unit], run)


def run(config: Learn, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """The curve, and what each network does in the end, arrays that lead with the networks."""
    problem = config.problem
    circuit = config.circuit(problem.n_in, problem.n_out)
    result = learned(config, problem, circuit, checkpoint, None)
    done = movements_of(problem, policies_of(config, problem, circuit, result))
    rows = [row_of(problem, "", each) for each in done]
    measures = {name: np.array([row[name] for row in rows]) for name in rows[0] if name != "controller"}
    return {"samples": result.curve["samples"], "loss": result.curve["loss"].T, **measures}


def sweep_rows(config: Learn, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per network."""
    arrays = {name: x for name, x in runs[0].arrays.items() if name != "samples"}
    ends = {name: x[:, -1] if name == "loss" else x for name, x in arrays.items()}
    return [{"seed": s, **{name: float(x[k]) for name, x in ends.items()}} for k, s in enumerate(config.all_seeds)]


def results_table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """The rows as a table for a terminal."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, collapse_padding=True)
    for key in rows[0]:
        table.add_column(key.replace("_", " "), justify="left" if key == "controller" else "right")
    for row in rows:
        table.add_row(*("" if x != x else x if isinstance(x, str) else f"{x:.3g}" for x in row.values()))
    return table
