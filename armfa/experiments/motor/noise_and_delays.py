"""What motor noise does to where reaches end, and how late the senses may be.

Noise in proportion to the command scatters the ends of reaches without feedback: more for far targets than for near
ones, and more in some directions than in others. [Harris & Wolpert 1998, Nature 394:780; van Beers, Haggard & Wolpert
2004, J Neurophysiol 91:1050]  The control has noise of one size, whatever the command.

Controllers that look one step ahead, or that learned without a delay, fail when their senses are late; one that learned
with the delay goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.controllers import MLP, Adam, BackpropThroughTime
from armfa.controllers.streams import streams
from armfa.controllers.training.train import in_precision
from armfa.controllers.trees import take
from armfa.experiments.arm.reaching import Steering
from armfa.experiments.base import Experiment, Scales, told
from armfa.experiments.learning import learn, points
from armfa.experiments.motor.movements import noise_of, performed, trials_of
from armfa.experiments.motor.trained import over_time, step_by_step, step_network
from armfa.plant import ArmState, hand_position, make_arm
from armfa.problems import TaskProblem
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import panels
from armfa.reports.statistics import every_above, every_below, mean_above, mean_between, paired_less, spread
from armfa.runs.unit import Run, Unit, find
from armfa.tasks import Ballistic, Reach
from armfa.tasks.vectors import direction
from armfa.world import Senses

NOISES = {"signal-dependent": Senses(motor_noise=0.1), "constant": Senses(constant_motor_noise=0.02)}
"""A share of the command; excitation. Both per step of 10 ms."""
AMPLITUDES = (0.04, 0.07, 0.10, 0.13, 0.16)
"""m"""
DIRECTIONS = 16
MOVE_TIME = 0.5
"""s, of ballistic reaches, far or near."""
DELAYS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)
"""s"""
KINDS = {"vision": (0.0, 1.0), "proprioception": (1.0, 0.0), "both": (1.0, 1.0)}
"""Which senses are late: proprioception and vision."""
HOLD = 2
"""Steps of 10 ms for which a recurrent controller holds a command."""
NEAR, SHARE = 0.03, 0.9
"""A controller survives a delay with which it makes this share of the reaches that it makes without, and all smaller
ones; to make a reach is to end within so many m of the target."""
REACH_TIME = 1.5
"""s, after which a reach is judged."""
INK = {"signal-dependent": "#d55e00", "constant": "#666666", "one-step": "#009e73", "rnn": "#000000", "with": "#0072b2"}


@dataclass(frozen=True)
class Settings(Scales):
    """How many networks, and how long they learn."""

    SCALELESS = ("seeds",)

    seeds: int = 10
    units: int = 48
    ballistic_updates: int = 3000
    ballistic_batch: int = 16
    repeats: int = 40  # reaches per amplitude and direction
    trained_delays: tuple[float, ...] = (0.05, 0.1, 0.2)  # s, of both senses, each with networks of its own
    updates: int = 800
    batch_size: int = 16
    rate: float = 5e-3  # Adam's, as `armfa learn` has it
    reaches: int = 64
    one_step_updates: int = 20_000
    one_step_units: int = 100

    @classmethod
    def quick(cls):
        """Fewer networks, shorter training."""
        return cls(
            seeds=2,
            ballistic_updates=40,
            repeats=8,
            trained_delays=(0.1,),
            updates=30,
            reaches=16,
            one_step_updates=2000,
        )


def ballistic(noise: str) -> TaskProblem:
    """Reaches without feedback, with that noise; an arm with first-order muscles."""
    arm = make_arm("li_todorov", activation="first_order")
    task = Ballistic(go_time=0.0, move_time=MOVE_TIME)
    return TaskProblem(arm, task, senses=NOISES[noise], duration=MOVE_TIME, effort=0.1)  # found on seeds 100-102


def reaching(kind: str, delay: float, duration: float = 1.0) -> TaskProblem:
    """Reaches with late senses; static muscles, as the controllers of one step have them."""
    body, sight = (share * delay for share in KINDS[kind])
    senses = Senses(proprioceptive_delay=body, visual_delay=sight, hold_action=HOLD)
    return TaskProblem(make_arm("li_todorov", activation="static"), Reach(), senses=senses, duration=duration)


def units(settings: Settings) -> list[Unit]:
    """One unit per noise; one for controllers of one step; one per delay that recurrent controllers learn with."""
    seeds = list(range(settings.seeds))
    pace = 1.2e-4 * settings.seeds * settings.ballistic_batch * settings.ballistic_updates + 5.0
    found = [Unit(f"noise_{noise}", {"part": "noise", "noise": noise, "seeds": seeds}, pace) for noise in NOISES]
    pace = 1e-8 * settings.seeds * settings.one_step_updates * settings.one_step_units
    found.append(Unit("delay_one-step", {"part": "delay", "who": "one-step", "trained": 0.0, "seeds": seeds}, pace + 5))
    pace = 2e-4 * settings.seeds * settings.batch_size * settings.updates + 10.0
    for delay in (0.0, *settings.trained_delays):
        arguments = {"part": "delay", "who": "rnn", "trained": delay, "seeds": seeds}
        found.append(Unit(f"delay_rnn_{delay:g}", arguments, pace))
    return found


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Train the stack; where its reaches end."""
    if unit.arguments["part"] == "noise":
        return run_noise(settings, unit, checkpoint)
    if unit.arguments["who"] == "one-step":
        return run_one_step(settings, unit, checkpoint)
    return run_rnn(settings, unit, checkpoint)


# noise


def goals_at(problem: TaskProblem, trial: Any, far: Array, number: Array, of: float) -> Any:
    """These trials with targets so far (m) from the centre, in direction number `of` all."""
    center = hand_position(problem.world.arm, trial.start.joint_angle)
    return trial._replace(goals=(center + far[..., None] * direction(number, of))[..., None, :])


def run_noise(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Scatter (networks, amplitudes, directions), mm: root of the summed variances, and mean error, mm."""
    problem, seeds = ballistic(unit.arguments["noise"]), unit.arguments["seeds"]
    world, random = problem.world, streams(seeds)
    network = MLP((problem.n_in, settings.units, problem.n_out))

    def draw(size: int) -> Any:
        trial = world.task.trial(world.simulator, random.data.uniform(0.0, 1.0, (size, world.draws)))
        place = random.data.uniform(0.0, 1.0, (size, 2))
        far = AMPLITUDES[0] + (AMPLITUDES[-1] - AMPLITUDES[0]) * place[..., 0]
        episode = problem.trials(goals_at(problem, trial, far, place[..., 1], 1.0), random.data)
        return in_precision(episode, np.float32)

    _, state = learn(
        problem, network, BackpropThroughTime(),
        Adam(settings.rate, schedule="linear", updates=settings.ballistic_updates), random,
        updates=settings.ballistic_updates, batch_size=settings.ballistic_batch, draw=draw, block=8,
        at=points(settings.ballistic_updates, 2), measure=lambda state: {}, checkpoint=checkpoint,
    )  # fmt: skip
    shape = len(AMPLITUDES), DIRECTIONS, settings.repeats
    far, number = (x.ravel() for x in np.broadcast_arrays(
        np.array(AMPLITUDES)[:, None, None], np.arange(DIRECTIONS)[:, None], np.zeros(shape)
    )[:2])  # fmt: skip
    trial = goals_at(problem, trials_of(problem, far.size), far, number, DIRECTIONS)
    scatter, miss, quiet = [], [], []
    for k in range(len(seeds)):
        policy = problem.policy(network, take(state.params, k))
        for noise in (noise_of(problem, far.size, seeds[k]), None):
            end = performed(problem, policy, trial, noise).hand[-1].reshape(*shape, 2)
            apart = 1000.0 * np.sqrt(end.var(axis=2, ddof=1).sum(-1))
            (scatter if noise is not None else quiet).append(apart)
        miss.append(
            1000.0 * np.hypot(*np.moveaxis(end[:, :, 0] - trial.goals[:, 0].reshape(*shape, 2)[:, :, 0], -1, 0))
        )
    return {"scatter": np.array(scatter), "quiet": np.array(quiet), "miss": np.array(miss)}


# delays


def survived(ends: Array) -> Array:
    """The largest of `DELAYS` (ms) with which, and with all smaller, a controller makes its reaches (networks,).

    ends : Array (networks, delays, reaches), m, from the target; the first delay is none.
    """
    made = (ends < NEAR).mean(-1)
    fine = made >= SHARE * made[:, :1]
    return 1000.0 * np.array(DELAYS)[np.cumprod(fine, axis=-1).sum(-1) - 1]


def run_rnn(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Where the reaches of recurrent controllers end, by kind and delay; those trained with one, at that one."""
    trained, seeds = unit.arguments["trained"], unit.arguments["seeds"]
    problem = reaching("both", trained)
    network, params = over_time(problem, settings, seeds, checkpoint)

    def ends(kind: str, delay: float) -> Array:
        late = reaching(kind, delay, REACH_TIME)
        trial = trials_of(late, settings.reaches)
        hands = [performed(late, late.policy(network, take(params, k)), trial).hand[-1] for k in range(len(seeds))]
        return np.hypot(*np.moveaxis(np.stack(hands) - trial.goals[:, 0], -1, 0))  # (networks, reaches)

    if trained:
        return {"own": ends("both", trained)}
    return {kind: np.stack([ends(kind, delay) for delay in DELAYS], axis=1) for kind in KINDS}


def run_one_step(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """The same of controllers that learned to move the hand at a desired velocity, one step ahead."""
    seeds, (problem, network) = unit.arguments["seeds"], step_network(settings.one_step_units)
    _, state = step_by_step(problem, network, settings.one_step_updates, seeds, checkpoint)
    arm, simulator = problem.world.arm, problem.world.simulator
    trial = trials_of(reaching("both", 0.0), settings.reaches)
    control, size = problem.controller(network, state.params), (len(seeds), settings.reaches)
    target = np.broadcast_to(trial.goals[:, 0], (*size, 2))
    command = Steering.of(arm).toward(target)

    def ends(kind: str, delay: float) -> Array:
        body, sight = (round(share * delay / problem.dt) for share in KINDS[kind])
        start = ArmState(*(np.broadcast_to(x, (*size, x.shape[-1])).astype(np.float32) for x in trial.start))
        past = [start] * (max(body, sight) + 1)  # the newest first
        for step in range(round(REACH_TIME / problem.dt)):
            hand = hand_position(arm, past[sight].joint_angle)
            now = simulator.step(past[0], control(past[body], command(step * problem.dt, hand)))
            past = [now, *past[:-1]]
        return np.hypot(*np.moveaxis(hand_position(arm, past[0].joint_angle) - target, -1, 0))

    return {kind: np.stack([ends(kind, delay) for delay in DELAYS], axis=1) for kind in KINDS}


# what is read


def slopes(scatter: Array) -> Array:
    """Slope of log scatter over log amplitude (networks,), scatter's root mean square over directions."""
    x, y = np.log(AMPLITUDES), np.log(np.sqrt((scatter**2).mean(-1)))
    return np.array([np.polyfit(x, each, 1)[0] for each in y])


def by_direction(scatter: Array) -> Array:
    """Scatter by direction (networks, directions), each amplitude as a share of its own mean."""
    return (scatter / scatter.mean(-1, keepdims=True)).mean(1)


def spread_ratio(scatter: Array) -> Array:
    """The largest scatter of any direction by the smallest (networks,)."""
    found = by_direction(scatter)
    return found.max(-1) / found.min(-1)


def trained_survived(settings: Settings, runs: Sequence[Run]) -> Array:
    """The largest delay (ms) that networks survive which learned with that delay, seed by seed; 0: none of them."""
    without = (find(runs, who="rnn", trained=0.0).arrays["both"][:, 0] < NEAR).mean(-1)
    best = np.zeros(len(without))
    for delay in settings.trained_delays:
        made = (find(runs, who="rnn", trained=delay).arrays["own"] < NEAR).mean(-1)
        best = np.where(made >= SHARE * without, np.maximum(best, 1000.0 * delay), best)
    return best


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per noise, and one per controller and kind of delay."""
    rows = []

    def row(what: str, quantity: str, values: Array) -> None:
        mean, n = float(values.mean()), len(values)
        rows.append({"what": what, "quantity": quantity, "n": n, "mean": mean, "sd": spread(values)})

    for noise in NOISES:
        found = find(runs, noise=noise).arrays
        for number, amplitude in enumerate(AMPLITUDES):
            apart = np.sqrt((found["scatter"][:, number] ** 2).mean(-1))
            row(f"{noise} noise", f"scatter at {100 * amplitude:g} cm, mm", apart)
        row(f"{noise} noise", "slope of log scatter over log amplitude", slopes(found["scatter"]))
        row(f"{noise} noise", "largest scatter by smallest, over directions", spread_ratio(found["scatter"]))
        row(f"{noise} noise", "error without noise, mm", found["miss"].mean((1, 2)))
    for who in ("one-step", "rnn"):
        for kind in KINDS:
            ends = find(runs, who=who, trained=0.0).arrays[kind]
            row(f"{who}, learned without delay", f"delay of {kind} survived, ms", survived(ends))
    for delay in settings.trained_delays:
        ends = find(runs, who="rnn", trained=delay).arrays["own"]
        row(
            f"rnn, learned with {1000 * delay:g} ms",
            f"share of reaches that end within {100 * NEAR:g} cm",
            (ends < NEAR).mean(-1),
        )
    row("rnn, learned with the delay", "delay of both survived, ms", trained_survived(settings, runs))
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Scatter grows with amplitude and depends on direction under noise in proportion; late senses."""
    own = {noise: find(runs, noise=noise).arrays for noise in NOISES}
    signal, constant = (slopes(own[noise]["scatter"]) for noise in NOISES)
    quiet = own["signal-dependent"]["quiet"].max((1, 2))
    ratio = spread_ratio(own["signal-dependent"]["scatter"])
    step, rnn = (
        {kind: survived(find(runs, who=who, trained=0.0).arrays[kind]) for kind in KINDS} for who in ("one-step", "rnn")
    )
    best, longest = trained_survived(settings, runs), 1000.0 * settings.trained_delays[-1]
    return [
        Claim("signal-dependent noise: the ends of far reaches scatter more, in one movement time (1998)",
              "slope of log scatter over log amplitude", signal, mean_above(signal, 0.0), full=True),
        Claim("control: with noise of one size, scatter grows less than half as steeply",
              "its slope minus half of the other's", constant - 0.5 * signal, paired_less(constant, 0.5 * signal),
              own=True, full=True),
        Claim("control: without noise nothing scatters", "scatter, mm", quiet, every_below(quiet, 1e-6), own=True),
        Claim("scatter depends on direction, up to twice as large (2004): the largest is 1.5 to 2.5 times the smallest",
              f"largest by smallest of {DIRECTIONS} directions", ratio, mean_between(ratio, 1.5, 2.5), full=True),
        *(Claim(f"late {'senses' if kind == 'both' else kind}: who learned whole movements without a delay survives "
                "more than who learned one step ahead", f"ms survived: one step ({step[kind].mean():.0f}) minus "
                f"recurrent ({rnn[kind].mean():.0f})", step[kind] - rnn[kind], paired_less(step[kind], rnn[kind]),
                own=True, full=True)
          for kind in KINDS),
        Claim("who learned with a delay survives more than who learned without",
              f"ms survived, both senses: without ({rnn['both'].mean():.0f}) minus with ({best.mean():.0f})",
              rnn["both"] - best, paired_less(rnn["both"], best), own=True, full=True),
        Claim(f"... of the delays tried, all: {longest:g} ms", "ms survived by who learned with it", best,
              every_above(best, longest - 1.0), own=True, full=True),
    ]  # fmt: skip


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Scatter over amplitude and direction; reaches that end near over the delay."""
    figure, (far, ways, late) = panels(3.4, 3.6, 5.6, height=3.3)
    for noise in NOISES:
        scatter = find(runs, noise=noise).arrays["scatter"]
        lines = np.sqrt((scatter**2).mean(-1))
        far.plot(100.0 * np.array(AMPLITUDES), lines.T, color=INK[noise], linewidth=0.6, alpha=0.5)
        far.plot(100.0 * np.array(AMPLITUDES), lines.mean(0), color=INK[noise], label=noise)
        angle, share = 360.0 * np.arange(DIRECTIONS) / DIRECTIONS, by_direction(scatter)
        ways.plot(angle, share.T, color=INK[noise], linewidth=0.6, alpha=0.5)
        ways.plot(angle, share.mean(0), color=INK[noise], label=noise)
    far.set(ylim=(0, None), xlabel="amplitude (cm)", ylabel="scatter of the ends (mm)", title="amplitude")
    far.set_xticks(100.0 * np.array(AMPLITUDES), [f"{100 * x:g}" for x in AMPLITUDES])
    far.legend()
    ways.set(
        xlabel="direction (degrees)",
        ylabel="scatter / mean over directions",
        title="direction",
        xticks=range(0, 361, 90),
    )
    ways.set_ylim(0.0, None)
    ways.legend()
    x = 1000.0 * np.array(DELAYS)
    for who, words in (("one-step", "one step ahead"), ("rnn", "recurrent")):
        for kind, line in zip(KINDS, (":", "--", "-")):
            share = 100.0 * (find(runs, who=who, trained=0.0).arrays[kind] < NEAR).mean(-1).mean(0)
            late.plot(x, share, line, color=INK[who], linewidth=1.3, label=f"{words}, {kind}")
    own = [
        100.0 * (find(runs, who="rnn", trained=d).arrays["own"] < NEAR).mean(-1).mean(0)
        for d in settings.trained_delays
    ]
    late.plot(
        1000.0 * np.array(settings.trained_delays), own, "o", color=INK["with"], label="recurrent, learned with it"
    )
    late.set(xlabel="delay (ms)", ylabel=f"reaches within {100 * NEAR:g} cm (%)", title="late senses", ylim=(0, 103))
    late.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.set_label(f"n = {settings.seeds} networks; thin: one network, thick: their mean")
    return {"noise_and_delays": figure}


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What was to be chosen."""
    share, size = NOISES["signal-dependent"].motor_noise, NOISES["constant"].constant_motor_noise
    far = told([100.0 * amplitude for amplitude in AMPLITUDES])
    return (
        Choice("noise", f"standard deviation {share:g} of the command, or {size:g} in excitation, per step of 10 ms",
               "of the order that people's forces have"),
        Choice("reaches without feedback", f"{MOVE_TIME:g} s, whatever the amplitude, {far} cm",
               "scatter at one movement time; Fitts' law follows where time is given for accuracy"),
        Choice("survival", f"{100 * SHARE:g} % of the reaches that are made without a delay; made is to end within "
               f"{100 * NEAR:g} cm after {REACH_TIME:g} s, of {settings.reaches} reaches",
               "one bar for controllers that are not equally good without a delay"),
        Choice("controllers", f"recurrent: {settings.units} units, commands of {10 * HOLD} ms; one step ahead: "
               f"6-{settings.one_step_units}-6 by feedback alignment, steered to the target; static muscles",
               "the same arm for both"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="noise-and-delays",
    title="Motor noise, and late senses",
    source="Harris & Wolpert 1998; van Beers, Haggard & Wolpert 2004",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
)
