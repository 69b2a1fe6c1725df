"""Circuits over time: the one step back, and a recurrent cell of a user's own that trains on episodes."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from carts import Carts, carts

from armfa.controllers import (
    GRU,
    MLP,
    RNN,
    SGD,
    Adam,
    Backprop,
    Batch,
    FeedbackAlignment,
    Frozen,
    GradientEstimator,
    Policy,
    Sparse,
    SquaredError,
    Streams,
    init_state,
    rollout,
    train,
    train_step,
)
from armfa.controllers.checkpoint import fill, read, save
from armfa.controllers.circuits import Circuit
from armfa.controllers.metrics import angle_between
from armfa.controllers.problem import mean_value
from armfa.controllers.rules import EvolutionStrategies, WeightPerturbation
from armfa.controllers.trees import leaves, named_leaves, stack, tree_map, unstack


class Weights(NamedTuple):
    """Of the cell: a tree inside a tree."""

    recurrent: np.ndarray  # (..., n, n)
    ends: dict[str, np.ndarray]  # in (..., n, n_in), out (..., n_out, n)
    bias: np.ndarray  # (..., n)


class CellTrace(NamedTuple):
    """One step of the cell."""

    inputs: np.ndarray
    before: np.ndarray
    rate: np.ndarray
    output: np.ndarray


class LeakyCell(NamedTuple):
    """h' = (1 - a) h + a tanh(R h + I x + b), y = O h': ten lines, as a user would write it."""

    n_in: int
    n_out: int
    n: int = 5
    leak: float = 0.3

    def init(self, rng, dtype=np.float64):
        shapes = (self.n, self.n), (self.n, self.n_in), (self.n_out, self.n), (self.n,)
        r, i, o, b = ((0.6 * rng.standard_normal(shape)).astype(dtype) for shape in shapes)
        return Weights(r, {"in": i, "out": o}, b)

    def blank(self, dtype):
        return self.init(np.random.default_rng(0), dtype)

    def rest(self, params, batch):
        return np.zeros((*params.bias.shape[:-1], batch, self.n), params.bias.dtype)

    def step(self, params, memory, inputs, noise=None):
        drive = memory @ turned(params.recurrent) + inputs @ turned(params.ends["in"]) + params.bias[..., None, :]
        rate = np.tanh(drive)
        after = (1 - self.leak) * memory + self.leak * rate
        return after, CellTrace(inputs, memory, rate, after @ turned(params.ends["out"]))

    def step_vjp(self, params, trace, output_bar, memory_bar, feedback=None):
        after = (1 - self.leak) * trace.before + self.leak * trace.rate
        after_bar = memory_bar + output_bar @ (params.ends["out"] if feedback is None else feedback)
        drive_bar = self.leak * after_bar * (1 - trace.rate**2)
        size = trace.inputs.shape[-2]
        gradients = Weights(
            turned(drive_bar) @ trace.before / size,
            {"in": turned(drive_bar) @ trace.inputs / size, "out": turned(output_bar) @ after / size},
            drive_bar.mean(-2),
        )
        memory_bar = (1 - self.leak) * after_bar + drive_bar @ params.recurrent
        return gradients, drive_bar @ params.ends["in"], memory_bar


def turned(matrix):
    return matrix.swapaxes(-1, -2)


class ThroughTime(GradientEstimator):
    """Backprop through time, of any circuit on any episode: mean cost per step and episode."""

    looks_at, source = ("step_vjp", "forward weights"), "Werbos 1990"

    def gradients(self, circuit, params, batch, state, rng):
        x, memory, tape = batch.start(), None, []
        for _ in range(batch.steps):
            inputs = batch.observe(x)
            memory = circuit.rest(params, inputs.shape[-2]) if memory is None else memory
            memory, trace = circuit.step(params, memory, inputs)
            following, _, pullback = batch.step_vjp(x, trace.output)
            tape.append((x, trace, pullback))
            x = following
        total, x_bar, memory_bar = None, None, tree_map(lambda leaf: leaf * 0, memory)
        for x, trace, pullback in reversed(tape):
            x_bar, command_bar = pullback(x_bar)
            gradients, inputs_bar, memory_bar = circuit.step_vjp(params, trace, command_bar, memory_bar)
            x_bar = tree_map(np.add, x_bar, batch.observe_vjp(x, inputs_bar))
            total = gradients if total is None else tree_map(np.add, total, gradients)
        return tree_map(lambda leaf: leaf / batch.steps, total), state


CELL = LeakyCell(3, 1)
FEED_FORWARD = MLP((3, 5, 1), ("tanh", "linear"), weight_scale=0.5, bias_scale=0.1)


CIRCUITS_HERE = [
    CELL,
    FEED_FORWARD,
    RNN(3, 5, 1),
    RNN(3, 5, 1, leak="rate", nonlinearity="logistic", readout="linear"),
    GRU(3, 4, 1),
]
every_circuit = pytest.mark.parametrize("circuit", CIRCUITS_HERE, ids=repr)


def complex_step(function, params):
    """Gradient of a function of a tree, entry by entry."""
    exact = tree_map(np.zeros_like, params)
    for name, leaf in named_leaves(params):
        place = dict(named_leaves(exact))[name]
        for index in np.ndindex(leaf.shape):
            nudged = tree_map(lambda array: array.astype(complex), params)
            dict(named_leaves(nudged))[name][index] += 1e-30j
            place[index] = function(nudged).imag / 1e-30
    return exact


@every_circuit
def test_backprop_through_time_of_any_circuit_is_the_derivative_of_the_mean_cost(circuit):
    params = circuit.init(np.random.default_rng(1), np.float64)
    found, _ = ThroughTime().gradients(circuit, params, carts(), (), None)
    exact = complex_step(lambda p: rollout(circuit, p, carts()).mean(), params)
    for (name, one), (_, other) in zip(named_leaves(found), named_leaves(exact), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15, err_msg=name)


@every_circuit
def test_a_circuit_of_ones_own_is_one(circuit):
    assert isinstance(circuit, Circuit)


def test_the_one_step_back_of_a_network_gives_what_its_inputs_do_to_the_loss():
    params = FEED_FORWARD.init(np.random.default_rng(1), np.float64)
    inputs, bar = np.random.default_rng(2).standard_normal((6, 3)), np.random.default_rng(3).standard_normal((6, 1))
    trace = FEED_FORWARD.forward(params, inputs)
    gradients, inputs_bar, _ = FEED_FORWARD.step_vjp(params, trace, bar)
    (exact,) = complex_step(lambda p: (FEED_FORWARD.forward(params, p[0]).output * bar).sum(), (inputs,))
    np.testing.assert_allclose(inputs_bar, exact, rtol=1e-12)
    loss = SquaredError(trace.output - bar)
    backprop, _ = Backprop().gradients(FEED_FORWARD, params, Batch(inputs, loss), (), None)
    for one, other in zip(leaves(gradients), leaves(backprop), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("circuit", CIRCUITS_HERE[2:], ids=repr)
def test_one_step_back_is_the_derivative_by_weights_inputs_and_memory(circuit):
    rng = np.random.default_rng(2)
    memory, inputs = rng.standard_normal((4, circuit.n)), rng.standard_normal((4, 3))
    memory_bar, output_bar = rng.standard_normal((4, circuit.n)), rng.standard_normal((4, 1))
    params = tree_map(lambda leaf: leaf + 0.3 * rng.standard_normal(leaf.shape), circuit.init(rng, np.float64))

    def scalar(parts):
        after, trace = circuit.step(*parts)
        return (trace.output * output_bar).sum() + (after * memory_bar).sum()

    trace = circuit.step(params, memory, inputs)[1]
    gradients, inputs_bar, before_bar = circuit.step_vjp(params, trace, output_bar, memory_bar)
    exact = complex_step(scalar, (params, memory, inputs))
    found = (tree_map(lambda leaf: 4 * leaf, gradients), before_bar, inputs_bar)
    for (name, one), (_, other) in zip(named_leaves(found), named_leaves(exact), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("circuit", CIRCUITS_HERE[2:], ids=repr)
def test_a_stack_of_circuits_steps_as_each_alone(circuit):
    rngs = Streams([np.random.default_rng(1), np.random.default_rng(2)])
    params, inputs = circuit.init(rngs), np.random.default_rng(3).standard_normal((2, 4, 3), np.float32)
    memory, trace = circuit.step(params, circuit.rest(params, 4), inputs)
    many = circuit.step_vjp(params, trace, trace.output, memory)
    for number, own in enumerate(unstack(params)):
        np.testing.assert_array_equal(leaves(own)[0], leaves(circuit.init(np.random.default_rng(number + 1)))[0])
        after, alone = circuit.step(own, circuit.rest(own, 4), inputs[number])
        for one, other in zip(leaves(circuit.step_vjp(own, alone, alone.output, after)), leaves(many), strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, other[number], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"n": 0}, "expected n of at least 1, got 0"),
        ({"tau": 0.001}, "expected a time constant tau of at least dt, in s, got tau=0.001, dt=0.01"),
        ({"leak": "x"}, "expected leak 'current' or 'rate', got 'x'"),
        ({"nonlinearity": "x"}, "expected nonlinearity out of tanh, logistic, linear, relu, got 'x'"),
        ({"gain": -1.0}, "expected gain of 0 or more, got -1.0"),
    ],
)
def test_circuits_that_cannot_be_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        RNN(**({"n_in": 3, "n": 5, "n_out": 1} | settings))


def test_feedback_in_place_of_the_weights_makes_one_step_back_feedback_alignment():
    network = MLP((3, 5, 4, 1), ("tanh", "logistic", "linear"), weight_scale=0.5)
    params, rule = network.init(np.random.default_rng(1)), FeedbackAlignment()
    state, inputs = rule.init(params, np.random.default_rng(4)), np.ones((2, 3), np.float32)
    trace, loss = network.forward(params, inputs), SquaredError(np.zeros((2, 1), np.float32))
    expected, _ = rule.gradients(network, params, Batch(inputs, loss), state, None)
    above = [layer._replace(weight=turned(matrix)) for layer, matrix in zip(params[1:], state.matrices)]
    found, _, _ = network.step_vjp(params, trace, loss.error(trace.output), feedback=(params[0], *above))
    for one, other in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "rule", [WeightPerturbation(1e-5), EvolutionStrategies(1e-5, 4)], ids=lambda r: type(r).__name__
)
def test_the_mean_of_many_perturbations_of_a_cell_points_along_backprop_through_time(rule):
    params, rng, episode = CELL.init(np.random.default_rng(1)), np.random.default_rng(2), carts(size=2)
    draws = [rule.gradients(CELL, params, episode, (), rng)[0] for _ in range(3000)]
    found = tree_map(lambda *each: np.mean(each, axis=0), *draws)
    exact, _ = ThroughTime().gradients(CELL, params, episode, (), None)
    flat = [np.concatenate([np.ravel(leaf) for leaf in leaves(tree)]) for tree in (found, exact)]
    assert angle_between(*flat) < 12  # 55 weights: sqrt(55 / 3000) is 8 degrees


@pytest.mark.parametrize("optimizer", [SGD(0.5), SGD((0.5, 0.3, 0.2), weight_decay=1e-4), Adam(0.02)], ids=repr)
def test_a_cell_learns_to_push_carts_as_a_stack_of_seeds_and_goes_on_after_a_kill(optimizer, tmp_path):
    settings: dict[str, Any] = dict(seeds=2, batch_size=8, evaluate_every=20, dtype=np.float64)
    whole = train(Carts(), CELL, ThroughTime(), optimizer, updates=120, **settings)
    assert (whole.curve["loss"][-1] < 0.8 * whole.curve["loss"][0]).all()
    alone = train(Carts(), CELL, ThroughTime(), optimizer, updates=120, **settings | {"seeds": [1]})
    np.testing.assert_allclose(alone.curve["loss"][:, 0], whole.curve["loss"][:, 1], rtol=1e-9)
    settings["checkpoint"] = tmp_path / "run.npz"
    train(Carts(), CELL, ThroughTime(), optimizer, updates=50, **settings)
    resumed = train(Carts(), CELL, ThroughTime(), optimizer, updates=120, **settings)
    for one, other in zip(leaves(resumed.state), leaves(whole.state), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rule", [ThroughTime(), WeightPerturbation(), EvolutionStrategies(pairs=2)])
def test_wrappers_take_any_tree_of_weights(rule):
    rngs = Streams([np.random.default_rng(1), np.random.default_rng(2)])
    params = stack([CELL.init(rng) for rng in rngs.generators])
    params.ends["in"][:, 0] = 0.0
    state = Sparse(Frozen(rule, (2,))).init(params, rngs)
    after = params
    for _ in range(2):
        gradients, state = Sparse(Frozen(rule, (2,))).gradients(CELL, after, stack([carts(), carts(1)]), state, rngs)
        assert gradients.bias is None
        updates, _ = SGD(0.1).update(gradients, SGD(0.1).init(params), after)
        after = Weights(
            after.recurrent + updates.recurrent, {k: after.ends[k] + updates.ends[k] for k in after.ends}, after.bias
        )
    assert (after.ends["in"][:, 0] == 0).all() and (after.ends["in"][:, 1:] != params.ends["in"][:, 1:]).all()


def test_weight_decay_knows_biases_by_their_name_in_any_tree():
    params = CELL.init(np.random.default_rng(1))
    silent = tree_map(lambda leaf: leaf * 0, params)
    updates, _ = SGD(0.1, weight_decay=0.5).update(silent, SGD(0.1).init(params), params)
    np.testing.assert_allclose(updates.ends["out"], -0.05 * params.ends["out"])
    assert (updates.bias == 0).all()


def test_a_tree_of_any_form_comes_back_from_its_file(tmp_path):
    tree = {"cells": [CELL.init(np.random.default_rng(1)), (np.arange(3), 7)], "rate": 0.5, "none": None}
    save(tmp_path / "tree.npz", tree, {})
    again = fill(tree, read(tmp_path / "tree.npz")[0])
    assert [name for name, _ in named_leaves(again)] == [name for name, _ in named_leaves(tree)]
    for one, other in zip(leaves(again), leaves(tree), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_policy_hands_on_the_memory_of_its_circuit():
    params = CELL.init(np.random.default_rng(1))
    policy, observation = Policy(CELL, params), np.random.default_rng(2).standard_normal((4, 3))
    memory, first = policy.step(None, observation)
    _, second = policy.step(memory, observation)
    expected, trace = CELL.step(params, CELL.rest(params, 4), observation)
    np.testing.assert_array_equal(first, trace.output)
    np.testing.assert_array_equal(second, CELL.step(params, expected, observation)[1].output)
    with pytest.raises(ValueError, match=r"call step\(memory, observation\)"):
        policy(observation)


def test_one_step_of_training_is_the_mean_value_falling():
    optimizer, rule = SGD(0.5), ThroughTime()
    rng = Streams([np.random.default_rng(1)])
    episode = stack([carts()])
    state = init_state(CELL, rule, optimizer, rng, rng, np.float64)
    state = state._replace(params=stack([CELL.init(np.random.default_rng(1))]))
    after = train_step(CELL, rule, optimizer, state, episode)
    assert (mean_value(CELL, after.params, episode) < mean_value(CELL, state.params, episode)).all()
    assert len(unstack(after.params)) == 1
