"""The experiments' own training loops against the generic ones, and their checkpoints."""

from dataclasses import replace

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Backprop, Divergence, FeedbackAlignment, Streams, train, train_step
from armfa.controllers.rules import BatchSignSymmetry, KolenPollack, WeightMirror
from armfa.controllers.rules.perturbation import NodePerturbation
from armfa.controllers.streams import streams
from armfa.controllers.training.update import init_state
from armfa.controllers.trees import leaves, tree_map
from armfa.experiments.arm import controller as arm
from armfa.experiments.images import learn_images
from armfa.experiments.learning import learn, points, samples_to_reach
from armfa.experiments.motor import power_law
from armfa.problems import digits, regression
from armfa.runs.unit import NoCheckpoint


class Killed(Exception):
    pass


class Remembering(NoCheckpoint):
    """Keeps what is saved; dies after so many saves."""

    def __init__(self, lives=10**9):
        self.kept, self.lives = None, lives

    def load(self):
        return self.kept

    def save(self, arrays):
        self.kept = {name: np.array(value) for name, value in arrays().items()}
        self.lives -= 1
        if self.lives == 0:
            raise Killed


NETWORK = MLP((6, 5, 3), ("tanh", "linear"), weight_scale=0.3)


def run(rule, checkpoint, updates=30, optimizer=None):
    random = streams([3, 4])
    problem = regression.linear(random.problem, (6, 3), test_size=20)
    test = problem.test()

    def measure(state):
        return {"output": NETWORK.forward(state.params, test.inputs).output[:, 0]}

    optimizer = optimizer or SGD(0.05, schedule="linear", updates=30)
    task = {"updates": updates, "batch_size": 2, "at": np.array([0, 10, 20, 30]), "measure": measure}
    return learn(problem, NETWORK, rule, optimizer, random, **task, checkpoint=checkpoint)


@pytest.mark.parametrize("rule", [Backprop(), FeedbackAlignment(), NodePerturbation()], ids=lambda r: type(r).__name__)
def test_a_killed_run_goes_on_bit_for_bit(rule):
    undisturbed, _ = run(rule, NoCheckpoint())
    checkpoint = Remembering(lives=2)
    with pytest.raises(Killed):
        run(rule, checkpoint)
    resumed, _ = run(rule, checkpoint)
    np.testing.assert_array_equal(resumed["output"], undisturbed["output"])


def test_recurrent_controllers_that_draw_go_on_bit_for_bit(monkeypatch):
    monkeypatch.setenv("ARMFA_COMPILED", "0")
    settings = replace(power_law.Settings.quick(), seeds=2, units=4, updates=2, batch_size=2)
    unit = next(unit for unit in power_law.units(settings) if unit.arguments["target"] == "harmonic")
    undisturbed = power_law.run(settings, unit, NoCheckpoint())
    checkpoint = Remembering(lives=1)
    with pytest.raises(Killed):
        power_law.run(settings, unit, checkpoint)
    continued = power_law.run(settings, unit, checkpoint)
    for name, array in undisturbed.items():
        np.testing.assert_array_equal(continued[name], array)


def test_examples_that_change_the_precision_of_the_weights_are_refused():
    problem = regression.linear(streams([0]).problem, (6, 3), test_size=20)
    random = streams([0])

    def wide(size):
        return tree_map(lambda leaf: leaf.astype(np.float64), problem.batch(random.data, size))

    with pytest.raises(TypeError, match="in the precision of the weights, float32, and they became float64"):
        learn(problem, NETWORK, Backprop(), SGD(0.05), random, updates=2, batch_size=2, at=np.array([0, 2]),
              measure=lambda state: {}, checkpoint=NoCheckpoint(), draw=wide)  # fmt: skip


def test_blocks_of_examples_are_the_plain_sequence_of_updates():
    _, state = run(FeedbackAlignment(), NoCheckpoint(), optimizer=SGD(0.05))
    random = streams([3, 4])
    problem = regression.linear(random.problem, (6, 3), test_size=20)
    plain = init_state(NETWORK, FeedbackAlignment(), SGD(0.05), random.weights, random.rule)
    for _ in range(30):
        plain = train_step(NETWORK, FeedbackAlignment(), SGD(0.05), plain, problem.batch(random.data, 2))
    np.testing.assert_allclose(state.params[0].weight, plain.params[0].weight, rtol=0, atol=5e-7)  # compiled: rounding


def test_a_network_in_a_stack_learns_as_it_does_alone():
    both = streams([3, 4])
    alone = streams([4])
    for kind in range(4):
        np.testing.assert_array_equal(both[kind].uniform(0, 1, (5,))[1], alone[kind].uniform(0, 1, (5,))[0])


def test_points_of_a_curve_hold_start_and_end():
    at = points(1000, 20)
    assert at[0] == 0 and at[-1] == 1000 and np.all(np.diff(at) > 0)


def test_samples_to_reach_an_error_lie_on_the_line_of_the_logarithm_and_censored_runs_are_infinite():
    samples = np.array([0, 100, 200])
    errors = np.array([[1.0, 0.1, 0.001], [1.0, 0.5, 0.2], [0.01, 0.01, 0.01], [1.0, 0.01, 0.5]])
    assert samples_to_reach(samples, errors, 0.01) == pytest.approx([150, np.inf, 0, 100])


def image_run(rule, checkpoint, updates=40, decay=0.0, sparsity=0.0):
    task = digits.recognition(digits.load("digits"))
    network = MLP((64, 20, 10), "logistic", weight_scale=0.1, sparsity=(0.0, sparsity))
    return learn_images(
        task,
        network,
        rule,
        streams([5]),
        rates=(0.05, 0.05),
        batch_size=4,
        updates=updates,
        weight_decay=decay,
        at=np.array([0, 10, 20, 30, 40]),
        checkpoint=checkpoint,
    )


def test_the_loop_for_images_makes_the_same_updates_as_the_pure_one():
    task = digits.recognition(digits.load("digits"))
    network, rule = MLP((64, 20, 10), "logistic", weight_scale=0.1), FeedbackAlignment(carry="error")
    random = streams([5])
    weights, draw = random.weights.generators[0], random.rule.generators[0]
    params = network.init(weights)
    from armfa.controllers import Batch, TrainState

    state = TrainState(params, rule.init(params, draw), SGD(0.2).init(params))
    for chosen in [row for _ in range(4) for row in random.data.generators[0].integers(0, len(task.images), (10, 4))]:
        batch = Batch(task.images[chosen], task.loss(task.targets[chosen]))
        state = train_step(network, rule, SGD(0.2), state, batch)  # a mean of 4 at 0.2 is a sum at 0.05
    _, found = image_run(rule, NoCheckpoint())
    np.testing.assert_allclose(found[0].weight, state.params[0].weight, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1].weight, state.params[1].weight, rtol=1e-4, atol=1e-5)


def test_a_killed_run_on_images_goes_on_bit_for_bit():
    curves, params = image_run(FeedbackAlignment(carry="error"), NoCheckpoint())
    checkpoint = Remembering(lives=2)
    with pytest.raises(Killed):
        image_run(FeedbackAlignment(carry="error"), checkpoint)
    again, resumed = image_run(FeedbackAlignment(carry="error"), checkpoint)
    np.testing.assert_array_equal(resumed[0].weight, params[0].weight)
    np.testing.assert_array_equal(again["error"], curves["error"])


@pytest.mark.parametrize("saves", [2, 3])
@pytest.mark.parametrize("rule", [WeightMirror(), KolenPollack(), NodePerturbation(), BatchSignSymmetry()], ids=repr)
def test_rules_that_learn_their_feedback_or_draw_go_on_bit_for_bit_on_images_too(rule, saves):
    curves, params = image_run(rule, NoCheckpoint(), decay=1e-3)
    checkpoint = Remembering(lives=saves)
    with pytest.raises(Killed):
        image_run(rule, checkpoint, decay=1e-3)
    again, resumed = image_run(rule, checkpoint, decay=1e-3)
    for one, other in zip(leaves(resumed), leaves(params), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in curves:
        np.testing.assert_array_equal(again[name], curves[name])


def test_a_network_of_the_arm_experiment_is_that_of_train_with_the_same_settings():
    name = "feedback-alignment"
    settings = arm.Settings(
        arms=("li_todorov",), rules=(name,), seeds=2, updates=70, batch_size=16, hidden=(20,), points=4
    )
    (unit,) = arm.units(settings)
    problem = arm.problem_for("li_todorov", settings.activation, settings.dt, settings.command_margin)
    learner, network, optimizer = arm.made(settings, name, problem)
    result = train(problem, network, learner.rule, optimizer, seeds=3, updates=70, batch_size=16)
    arrays = arm.run(settings, unit, NoCheckpoint())
    for seed in (0, 1):
        for number, layer in enumerate(result.params(seed)):
            np.testing.assert_array_equal(arrays[f"weight_{number}"][seed], layer.weight)
            np.testing.assert_array_equal(arrays[f"bias_{number}"][seed], layer.bias)
    assert arrays["nse"][0, -1] == result.curve["nse"][-1, 0]


class Loud:
    """A linear teacher that shouts at the first network."""

    def __init__(self, random):
        self.problem = regression.linear(random.problem, (6, 3), test_size=20)

    def batch(self, rng, size):
        batch = self.problem.batch(rng, size)
        if len(rng.generators) == 2:
            batch.inputs[0] *= 1e12
        return batch


def loud_run(seeds, checkpoint, alone=True):
    random = streams(seeds)
    problem = Loud(random)

    def measure(state):
        return {"size": np.abs(state.params[1].weight).sum((1, 2))}

    task = {"updates": 30, "batch_size": 2, "at": np.array([0, 10, 20, 30]), "measure": measure, "alone": alone}
    return learn(problem, MLP((6, 5, 3), "linear"), KolenPollack(), SGD(0.05), random, **task, checkpoint=checkpoint)


def test_a_network_that_diverges_stops_by_itself_and_the_others_go_on():
    curves, state = loud_run([3, 4], NoCheckpoint())
    assert np.isfinite(curves["size"][0, 0]) and np.isnan(curves["size"][0, 1:]).all()
    alone, _ = loud_run([4], NoCheckpoint())
    np.testing.assert_array_equal(curves["size"][1], alone["size"][0])
    assert all(np.isfinite(leaf).all() for leaf in leaves((state.params, state.rule)))
    checkpoint = Remembering(lives=2)
    with pytest.raises(Killed):
        loud_run([3, 4], checkpoint)
    resumed, _ = loud_run([3, 4], checkpoint)
    np.testing.assert_array_equal(resumed["size"], curves["size"])


def test_a_run_whose_networks_are_not_to_stop_alone_stops_when_one_diverges():
    with pytest.raises(Divergence, match=r"diverged between updates 0 and 10: params\.\d.* of network 0 left"):
        loud_run([3, 4], NoCheckpoint(), alone=False)


def test_absent_weights_stay_absent():
    _, params = image_run(FeedbackAlignment(carry="error", sparsity=0.5), NoCheckpoint(), sparsity=0.5)
    assert np.mean(params[1].weight == 0) == pytest.approx(0.5, abs=0.1)
    assert np.all(params[0].weight != 0)


def test_streams_are_the_controllers_own():
    assert isinstance(streams([0]).data, Streams)
