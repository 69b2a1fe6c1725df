"""Updates compiled around a rule's own `deltas` against the updates of NumPy, through the arm and without it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    SGD,
    Adam,
    Batch,
    FeedbackAlignment,
    LearningRule,
    NodePerturbation,
    Sparse,
    SquaredError,
    Streams,
    fastest,
    init_state,
    make_rule,
    one_by_one,
    stack,
    take,
    tree_map,
)
from armfa.controllers.training.around import Room, around
from armfa.controllers.trees import leaves
from armfa.problems.hand_velocity import HandVelocityProblem

PROBLEM = HandVelocityProblem()
NETWORKS = [MLP((6, 40, 6), "tanh", weight_scale=0.3), MLP((6, 30, 50, 20, 6), ("tanh", "logistic", "linear", "tanh"))]
OPTIMIZER = SGD(0.05, schedule="linear", updates=20, weight_decay=1e-2)
every_network = pytest.mark.parametrize("network", NETWORKS, ids=["6-40-6", "6-30-50-20-6"])


@dataclass(frozen=True)
class Own(LearningRule):
    """Looks at everything that a trace holds; its state counts, and the layers above the first learn by turns."""

    def init(self, params, rng):
        """How many updates there were, and random feedback from the output to each hidden layer."""
        sizes = [layer.bias.shape[-1] for layer in params]
        return np.zeros(params[0].bias.shape[:-1]), tuple(
            rng.uniform(-1.0, 1.0, (sizes[-1], n)).astype(np.float32) for n in sizes[:-1]
        )

    def deltas(self, network, params, trace, loss, state, rng):
        """Signs of the error, weighed by slopes, rates and drives."""
        count, feedback = state
        delta = network.weigh(network.n_layers - 1, loss.error(trace.output), trace)
        found = []
        for layer, matrix in enumerate(feedback):
            signal = network.weigh(layer, np.sign(delta @ matrix), trace)
            signal = signal * np.cos(trace.preactivations[layer]) + 0.1 * trace.inputs[layer + 1]
            found.append(signal if layer == 0 or count.max() % 2 else None)
        return [*found, delta + 0.01 * (params[-1].bias[..., None, :] - loss.error(trace.output))], (
            count + 1,
            feedback,
        )


@dataclass(frozen=True)
class Keeping(LearningRule):
    """Learns by what it was shown at the update before: the trace, the weights and the error, kept in its state."""

    def deltas(self, network, params, trace, loss, state, rng):
        """The present error and the last one, with the weights of then."""
        delta = network.weigh(1, loss.error(trace.output), trace)
        then = state or (params, trace, delta)
        signal = then[2] @ then[0][1].weight
        return [network.weigh(0, signal, then[1]) * trace.inputs[1], delta], (params, trace, delta)


OWN = [Own(), FeedbackAlignment(carry="error"), FeedbackAlignment(derivative="boxcar"), make_rule("weight-mirror")]
OWN += [make_rule("kolen-pollack"), make_rule("shallow"), make_rule("direct-feedback-alignment")]


def examples(seeds=2, updates=7, batch=5, problem=PROBLEM):
    drawn = stack([problem.batch(np.random.default_rng(seed), updates * batch) for seed in range(seeds)])
    return tree_map(lambda leaf: leaf.reshape(seeds, updates, batch, *leaf.shape[2:]), drawn)


def draws(seeds=2):
    return Streams([np.random.default_rng(seed) for seed in range(seeds)])


def first_state(network, rule, seeds=2):
    return init_state(network, rule, OPTIMIZER, draws(seeds), draws(seeds))


def largest_difference(a, b):
    return max(np.abs(x - y).max() for one, other in zip(a.params, b.params) for x, y in zip(one, other))


def assert_near(one, other):
    for x, y in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=2e-6)


def assert_alike(rule, network, block, optimizer=OPTIMIZER, tolerance=2e-6):
    state = first_state(network, rule)
    together = around(network, rule, optimizer, block)(state, block, draws())
    singly = one_by_one(network, rule, optimizer)(state, block, draws())
    assert largest_difference(together, singly) < tolerance
    assert largest_difference(together, state) > 1e-4  # a test of the test: something was learned
    assert together.optimizer.step == singly.optimizer.step == 7
    return together, singly


@pytest.mark.parametrize("batch", [1, 5, 150], ids=lambda n: f"batch {n}")
@every_network
@pytest.mark.parametrize("rule", OWN, ids=lambda rule: type(rule).__name__)
def test_updates_compiled_around_a_rule_are_its_updates_one_by_one(rule, network, batch):
    together, singly = assert_alike(rule, network, examples(batch=batch))
    assert_near(together.rule, singly.rule)


@every_network
def test_a_rule_draws_the_numbers_that_it_draws_one_by_one(network):
    assert_alike(NodePerturbation(noise=0.3), network, examples(), tolerance=1e-5)


@pytest.mark.parametrize("biases", [True, False])
def test_biases_learn_where_the_optimizer_says_so(biases):
    assert_alike(Own(), NETWORKS[0], examples(), replace(OPTIMIZER, biases=biases))


@pytest.mark.parametrize("feedback", ["mean", "jacobian"])
def test_errors_are_those_of_the_loss_with_and_without_a_program(feedback):
    assert_alike(Own(), NETWORKS[0], examples(problem=HandVelocityProblem(plant_feedback=feedback, motor_noise=0.2)))


def test_what_is_learned_need_not_be_an_arm():
    rng = np.random.default_rng(0)
    inputs, target = (rng.standard_normal((2, 7, 5, 6), dtype=np.float32) for _ in range(2))
    assert_alike(Own(), NETWORKS[1], Batch(inputs, SquaredError(target)))


def test_a_block_that_is_cut_in_two_is_the_same_to_the_last_bit():
    network, rule = NETWORKS[0], Own()
    state, block, updates = first_state(network, rule), examples(), fastest(network, rule, OPTIMIZER)
    whole = updates(state, block, draws())
    half = updates(state, take(block, (slice(None), slice(0, 3))), draws())
    assert largest_difference(whole, updates(half, take(block, (slice(None), slice(3, None))), draws())) == 0.0


def test_the_state_that_went_in_is_left_alone():
    network, rule = NETWORKS[0], Own()
    state, again = first_state(network, rule), first_state(network, rule)
    fastest(network, rule, OPTIMIZER)(state, examples(), draws())
    assert largest_difference(state, again) == 0.0


def test_what_a_rule_keeps_of_what_it_was_shown_stays_as_it_was():
    together, singly = assert_alike(Keeping(), NETWORKS[0], examples())
    for one, other in zip(together.rule, singly.rule):
        assert_near(one[:3], other[:3])  # of the trace: without the slopes, which a plain one has not


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: type(rule).__name__)
def test_nothing_is_copied_for_a_rule_that_keeps_nothing(rule, monkeypatch):
    monkeypatch.setattr(Room, "copy", None)
    block, state = examples(), first_state(NETWORKS[0], rule)
    around(NETWORKS[0], rule, OPTIMIZER, block)(state, block, draws())


def test_a_loss_is_asked_for_what_else_it_has():
    asked = []

    @dataclass(frozen=True)
    class Asking(Own):
        """Asks the loss for more."""

        def deltas(self, network, params, trace, loss, state, rng):
            """As its parent, and writes down what it was told."""
            other = loss.error(trace.output + 0.0)
            asked.append((loss.value(trace.output), loss.task_error(trace.output), loss.target, hasattr(loss, "none")))
            np.testing.assert_allclose(loss.error(trace.output), other, rtol=0, atol=2e-6)
            return super().deltas(network, params, trace, loss, state, rng)

    block = examples()
    assert_alike(Asking(), NETWORKS[0], block)
    for one, other in zip(asked[:7], asked[7:], strict=True):
        for x, y in zip(one, other):
            np.testing.assert_allclose(x, y, rtol=0, atol=2e-5)


def test_deltas_of_another_shape_are_refused():
    @dataclass(frozen=True)
    class Wrong(Own):
        """Forgets the batch."""

        def deltas(self, network, params, trace, loss, state, rng):
            """Deltas of one example."""
            deltas, state = super().deltas(network, params, trace, loss, state, rng)
            return [deltas[0][:, :1], deltas[1]], state

    block, rule = examples(), Wrong()
    with pytest.raises(ValueError, match=r"expected deltas of shape \(2, 5, 40\), .*, got \(2, 1, 40\)"):
        around(NETWORKS[0], rule, OPTIMIZER, block)(first_state(NETWORKS[0], rule), block, draws())


def test_what_cannot_be_compiled_around_goes_one_by_one():
    network, block, rule = NETWORKS[0], examples(), Own()
    assert around(network, rule, OPTIMIZER, block) is not None
    assert around(network, Sparse(rule), OPTIMIZER, block) is None
    assert around(network, make_rule("weight-perturbation"), OPTIMIZER, block) is None
    assert around(network, rule, Adam(), block) is None
    assert around(MLP((6, 40, 6), "relu"), rule, OPTIMIZER, block) is None
    assert around(network, rule, OPTIMIZER, tree_map(lambda leaf: leaf.astype(np.float64), block)) is None
