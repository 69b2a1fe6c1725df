"""Speed of learning over time: backprop through 100 steps, rules that learn online, and a laboratory's environments."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from armfa.benchmarks.limits import Line, side_by_side
from armfa.benchmarks.peers import installed, motornet_episode, stepping
from armfa.controllers import MLP, RNN, Adam, Streams, init_state, make_rule, stack, train_step
from armfa.controllers.streams import streams
from armfa.controllers.training.train import in_precision
from armfa.experiments.motor.trials import Course, practised
from armfa.plant import make_arm
from armfa.problems import TaskProblem
from armfa.runs.unit import NoCheckpoint
from armfa.tasks import CenterOut
from armfa.world import Fields, Schedule

STEPS, BATCH = 100, 32
BAR = 0.015
"""s: what an update through 100 steps may take."""
LENGTHS = (25, 100, 400)
"""Steps of the episodes on which online rules are measured."""
TRIALS = 8
"""Of adaptation, in one call."""
LABORATORY: dict[str, Any] = dict(visual_delay=0.09, proprioceptive_delay=0.02, motor_noise=0.1, field="curl")


def measured(budget: float) -> list[tuple[str, Callable[[], Iterator[Line]]]]:
    """What can be measured here."""
    return [
        ("episodes: backprop through 100 steps", lambda: through_time(budget)),
        ("episodes: online rules", lambda: online(budget)),
        ("adaptation of twenty networks", lambda: adaptation(budget)),
        ("vector env with noise, delays and a field", lambda: laboratory(budget)),
    ]


def update_of(circuit: Callable[[TaskProblem], Any], rule: str, steps: int) -> Callable[[], Any]:
    """One update of one network on ready episodes of the Hill arm with activation dynamics, float32."""
    problem = TaskProblem(make_arm("li_todorov", activation="first_order"), duration=steps * 0.01)
    network, made, optimizer = circuit(problem), make_rule(rule), Adam(1e-3)
    streams = Streams([np.random.default_rng(0)])
    state = init_state(network, made, optimizer, streams, streams)
    episodes = in_precision(stack([problem.batch(np.random.default_rng(1), BATCH)]), np.float32)
    return lambda: train_step(network, made, optimizer, state, episodes, streams)


def rnn(units: int) -> Callable[[TaskProblem], RNN]:
    """Rate units."""
    return lambda problem: RNN(problem.n_in, units, problem.n_out, tau=0.05, dt=0.01)


def through_time(budget: float) -> Iterator[Line]:
    """Updates per second, forward and back through circuit and arm; beside them the bar, and MotorNet's."""
    calls = {
        "RNN of 128": update_of(rnn(128), "backprop-through-time", STEPS),
        "MLP of 500": update_of(lambda p: MLP((p.n_in, 500, p.n_out), "tanh"), "backprop-through-time", STEPS),
    }
    theirs = [motornet_episode(128, BATCH, STEPS)] if installed("motornet", "torch") else []
    seconds = side_by_side([*calls.values(), *theirs], budget=4 * budget)
    for name, once in zip(calls, seconds):
        yield Line(f"updates through {STEPS} steps, {name}, batch {BATCH}", 1 / once, f"{1000 * BAR:g} ms", 1 / BAR, 1)
    if theirs:
        yield Line("the same, RNN of 128", 1 / seconds[0], "MotorNet, PyTorch RNN", 1 / seconds[-1])


def online(budget: float) -> Iterator[Line]:
    """Steps per second of rules that sum forward in time: as many in a long episode as in a short one."""
    for rule in ("rflo", "e-prop"):
        seconds = side_by_side([update_of(rnn(64), rule, steps) for steps in LENGTHS], budget=3 * budget)
        rates = [steps / once for steps, once in zip(LENGTHS, seconds)]
        for steps, rate in zip(LENGTHS, rates):
            name = f"steps of {rule}, RNN of 64, batch {BATCH}, episode of {steps}"
            yield Line(name, rate, f"episode of {LENGTHS[0]}", rates[0], None if steps == LENGTHS[0] else 1)


def adaptation(budget: float) -> Iterator[Line]:
    """Trials per second of twenty networks that adapt to a curl field as one stack, beside one network's."""

    def trials(networks: int) -> Callable[[], Any]:
        task = CenterOut(cue_time=0.0, shortest_delay=0.01, longest_delay=0.01)
        problem = TaskProblem("li_todorov", task, duration=0.6, fields=Fields(field="curl", channel=True))
        schedules = tuple(Schedule(((TRIALS, 1.0),), channel_every=8, seed=seed) for seed in range(networks))
        course, random = Course(problem, schedules), streams(range(networks))
        network, rule = rnn(64)(problem), make_rule("backprop-through-time")
        params = network.init(random.weights, np.float32)
        return lambda: practised(course, network, rule, Adam(1e-3), params, random, NoCheckpoint())

    seconds = side_by_side([trials(20), trials(1)], budget=4 * budget)
    stacked, alone = 20 * TRIALS / seconds[0], TRIALS / seconds[1]
    yield Line("trials of 8 movements, 20 networks in a curl field, one stack", stacked, "one network", alone)


def laboratory(budget: float) -> Iterator[Line]:
    """Arm steps per second of 1024 arms whose senses are late, whose commands are noisy and which a field pushes."""
    env = gym.make_vec("armfa/CenterOut-v0", num_envs=1024, **LABORATORY)
    (once,) = side_by_side([stepping(env)], budget=2 * budget)
    yield Line("arm steps, CenterOut, vector of 1024, noise, delays, curl field", 1024 / once, "a million", 1e6, 1)
