"""Learning rules through time, each compared with something that knows the answer."""

from typing import NamedTuple

import numpy as np
import pytest
from carts import Carts, carts

from armfa.controllers import (
    GRU,
    MLP,
    RFLO,
    RNN,
    RTRL,
    SGD,
    TIME_RULES,
    Adam,
    Backprop,
    BackpropThroughTime,
    Batch,
    EProp,
    FeedbackAlignmentThroughTime,
    FeedbackDrivenPlasticity,
    FeedbackErrorLearning,
    Force,
    KolenPollackThroughTime,
    NodePerturbationThroughTime,
    Policy,
    RewardModulatedHebbian,
    SquaredError,
    Streams,
    TrainState,
    init_state,
    make_rule,
    rollout,
    train,
    train_step,
)
from armfa.controllers.circuits.recurrent import Noise
from armfa.controllers.metrics import angle_between
from armfa.controllers.rules.time.bptt import FeedbackThroughTime, LearnedThroughTime
from armfa.controllers.rules.time.traces import Broadcast
from armfa.controllers.trees import leaves, named_leaves, stack, tree_map
from armfa.problems import Following

CELLS = [
    RNN(3, 5, 1, readout="linear", gain=1.5, out_scale=1.0),
    RNN(3, 5, 1, leak="rate", gain=1.5, out_scale=1.0, tau=0.02),
    GRU(3, 4, 1, gain=1.5, out_scale=1.0),
]
every_cell = pytest.mark.parametrize("cell", CELLS, ids=repr)
every_rule = pytest.mark.parametrize("name", TIME_RULES)


def sequences(seed=0, size=4, steps=6, dtype=np.float64):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((size, steps, 3)).astype(dtype)
    return Following(inputs, np.tanh(inputs[..., :1] - np.roll(inputs[..., 1:2], 1, axis=-2)))


EPISODES = {"carts": carts(), "sequences": sequences()}
every_episode = pytest.mark.parametrize("episode", EPISODES.values(), ids=EPISODES.keys())


def first_weights(cell, seed=1):
    rng = np.random.default_rng(seed)
    return tree_map(lambda leaf: leaf + 0.2 * rng.standard_normal(leaf.shape), cell.init(rng, np.float64))


def taught(rule, cell, params, episode, state=()):
    return rule.gradients(cell, params, episode, state, np.random.default_rng(5))[0]


def assert_same(found, expected, rtol=1e-11):
    for (name, one), (_, other) in zip(named_leaves(found), named_leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * np.abs(other).max(), err_msg=name)


def complex_step(function, params):
    exact = tree_map(np.zeros_like, params)
    for name, leaf in named_leaves(params):
        for index in np.ndindex(leaf.shape):
            nudged = tree_map(lambda array: array.astype(complex), params)
            dict(named_leaves(nudged))[name][index] += 1e-30j
            dict(named_leaves(exact))[name][index] = function(nudged).imag / 1e-30
    return exact


# backprop through time


@every_cell
@every_episode
def test_backprop_through_time_is_the_derivative_of_the_mean_cost(cell, episode):
    params = first_weights(cell)
    exact = complex_step(lambda p: rollout(cell, p, episode).mean(), params)
    assert_same(taught(BackpropThroughTime(), cell, params, episode), exact)


def test_backprop_through_time_takes_networks_without_memory():
    network = MLP((3, 5, 1), ("tanh", "linear"), weight_scale=0.5, bias_scale=0.1)
    params = network.init(np.random.default_rng(1), np.float64)
    exact = complex_step(lambda p: rollout(network, p, carts()).mean(), params)
    assert_same(taught(BackpropThroughTime(), network, params, carts()), exact)


@every_cell
def test_the_activity_of_hidden_units_costs_what_it_says(cell):
    params, episode, weight = first_weights(cell), carts(), 0.3

    def cost(p):
        x, memory, total = episode.start(), cell.rest(p, 4).astype(complex), 0.0
        for _ in range(episode.steps):
            memory, trace = cell.step(p, memory, episode.observe(x))
            x, now = episode.step(x, trace.output)
            total = total + (now + weight * (trace.presynaptic.rates**2).mean(-1)).mean()
        return total / episode.steps

    found = taught(BackpropThroughTime(activity=weight), cell, params, episode)
    assert_same(found, complex_step(cost, params))


@every_cell
@every_episode
def test_a_window_as_long_as_the_episode_changes_nothing(cell, episode):
    params = first_weights(cell)
    whole = taught(BackpropThroughTime(), cell, params, episode)
    for window in (episode.steps, episode.steps + 3):
        assert_same(taught(BackpropThroughTime(window=window), cell, params, episode), whole, 0)


@every_cell
def test_a_window_ends_what_goes_back_in_time(cell):
    params, episode = first_weights(cell), sequences()
    memory, half = cell.rest(params, 4), episode.steps // 2
    for step in range(half):
        memory, _ = cell.step(params, memory, episode.inputs[..., step, :])

    def second_half(p):
        held, total = memory, 0.0
        for step in range(half, episode.steps):
            held, trace = cell.step(p, held, episode.inputs[..., step, :])
            total = total + episode.step(step, trace.output)[1].mean()
        return total / episode.steps

    early = Following(episode.inputs[..., :half, :], episode.target[..., :half, :])
    first = tree_map(lambda leaf: leaf / 2, taught(BackpropThroughTime(), cell, params, early))
    expected = tree_map(np.add, first, complex_step(second_half, params))
    assert_same(taught(BackpropThroughTime(window=half), cell, params, episode), expected)


@every_cell
@every_episode
def test_feedback_alignment_through_time_with_the_weights_themselves_is_backprop_through_time(cell, episode):
    params = first_weights(cell)
    for plant in ("exact", "cut"):
        found = taught(
            FeedbackAlignmentThroughTime(through_plant=plant), cell, params, episode, FeedbackThroughTime(params)
        )
        assert_same(found, taught(BackpropThroughTime(through_plant=plant), cell, params, episode), 0)


@every_cell
def test_kolen_pollack_through_time_that_begins_at_the_weights_is_backprop_through_time_for_ever(cell):
    params, optimizer = first_weights(cell), SGD(0.05, weight_decay=0.3)
    rule = KolenPollackThroughTime(rate=0.05, decay=0.3)
    state = TrainState(params, LearnedThroughTime(params), optimizer.init(params))
    exact = TrainState(params, (), optimizer.init(params))
    for seed in range(20):
        state = train_step(cell, rule, optimizer, state, sequences(seed))
        exact = train_step(cell, BackpropThroughTime(), optimizer, exact, sequences(seed))
    assert np.abs(exact.params[0].recurrent - params[0].recurrent).max() > 0.01
    assert_same(state.params, exact.params, 1e-12)


@every_cell
def test_kolen_pollack_through_time_brings_feedback_to_the_weights_at_the_rate_it_states(cell):
    """B - W = (B_0 - W_0) times the product of 1 - rate_t decay, whatever the data, of all that is no bias."""
    params, optimizer = first_weights(cell), SGD(0.05, "linear", 30, weight_decay=0.3)
    rule = KolenPollackThroughTime(rate=0.05, decay=0.3)
    state = TrainState(params, rule.init(params, np.random.default_rng(3)), optimizer.init(params))
    first, expected = tree_map(np.subtract, state.rule.weights, params), 1.0
    for update in range(20):
        state = train_step(cell, rule, optimizer, state, sequences(update))
        expected *= 1.0 - 0.05 * (1.0 - update / 30) * 0.3
    left = tree_map(np.subtract, state.rule.weights, state.params)
    for (name, before), (_, after) in zip(named_leaves(first), named_leaves(left), strict=True):
        if "bias" not in name:
            np.testing.assert_allclose(after, expected * before, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", [FeedbackAlignmentThroughTime, KolenPollackThroughTime])
def test_feedback_with_its_own_seed_is_the_same_in_all_networks_and_runs(rule):
    params, rngs = stack([CELLS[0].init(np.random.default_rng(1), np.float64)] * 2), [1, 2]
    for drawn in zip(*(leaves(rule(seed=4).init(params, Streams(list(map(np.random.default_rng, each)))).weights)
                       for each in (rngs, rngs[::-1]))):  # fmt: skip
        for matrices in drawn:
            np.testing.assert_array_equal(matrices, drawn[0][:1] + 0 * matrices)


@every_cell
def test_random_feedback_leaves_the_readout_to_its_error(cell):
    params, episode, rule = first_weights(cell), sequences(), FeedbackAlignmentThroughTime()
    state = rule.init(params, np.random.default_rng(3))
    assert [leaf.shape for leaf in leaves(state.weights)] == [leaf.shape for leaf in leaves(params)]
    found, exact = taught(rule, cell, params, episode, state), taught(BackpropThroughTime(), cell, params, episode)
    assert_same(found.out, exact.out, 0)
    assert angle_between(found.cell.recurrent.ravel(), exact.cell.recurrent.ravel()) > 10


# forward in time


@every_cell
@every_episode
def test_real_time_recurrent_learning_is_backprop_through_time_with_the_error_of_each_step(cell, episode):
    params = first_weights(cell)
    found = taught(RTRL(), cell, params, episode)
    assert_same(found, taught(BackpropThroughTime(through_plant="cut"), cell, params, episode))


@every_cell
def test_where_no_arm_moves_real_time_recurrent_learning_is_the_whole_gradient(cell):
    params = first_weights(cell)
    found = taught(RTRL(), cell, params, sequences())
    assert_same(found, taught(BackpropThroughTime(), cell, params, sequences()))


@every_cell
@every_episode
def test_traces_are_backprop_through_time_that_forgets_what_units_send_each_other(cell, episode):
    params, broadcast = first_weights(cell), Broadcast(first_weights(cell, 7).out.weight)
    silent = params._replace(cell=params.cell._replace(recurrent=0 * params.cell.recurrent))
    for rule, matrix in ((RFLO(), broadcast.matrix), (EProp(), params.out.weight)):
        back = FeedbackThroughTime(silent._replace(out=params.out._replace(weight=matrix)))
        expected = taught(FeedbackAlignmentThroughTime(through_plant="cut"), cell, params, episode, back)
        assert_same(taught(rule, cell, params, episode, broadcast), expected)


@every_cell
@every_episode
def test_rflo_and_e_prop_are_exact_where_units_send_nothing_to_each_other(cell, episode):
    params = first_weights(cell)
    params = params._replace(cell=params.cell._replace(recurrent=0 * params.cell.recurrent))
    exact = taught(RTRL(), cell, params, episode)
    assert_same(taught(RFLO(), cell, params, episode, Broadcast(params.out.weight)), exact)
    assert_same(taught(EProp(), cell, params, episode), exact)


@pytest.mark.parametrize("cell", CELLS[:2], ids=repr)
@every_episode
def test_e_prop_that_knows_self_connections_is_exact_where_there_are_no_others(cell, episode):
    params = first_weights(cell)
    diagonal = params.cell.recurrent * np.eye(cell.n)
    params = params._replace(cell=params.cell._replace(recurrent=diagonal))
    exact = taught(RTRL(), cell, params, episode)
    assert_same(taught(EProp(self_connections=True), cell, params, episode), exact)
    assert angle_between(*(g.cell.weight.ravel() for g in (taught(EProp(), cell, params, episode), exact))) > 1


@every_cell
def test_in_an_episode_of_one_step_all_of_them_are_backprop(cell):
    params, episode = first_weights(cell), sequences(steps=1)
    exact = taught(BackpropThroughTime(), cell, params, episode)
    for rule in (RTRL(), EProp(), RFLO()):
        assert_same(taught(rule, cell, params, episode, Broadcast(params.out.weight)), exact)


@every_cell
def test_e_prop_with_random_feedback_is_rflo(cell):
    params = first_weights(cell)
    one, other = RFLO(), EProp(broadcast="random")
    states = [rule.init(params, np.random.default_rng(3)) for rule in (one, other)]
    found = [taught(rule, cell, params, carts(), state) for rule, state in zip((one, other), states)]
    assert_same(found[0], found[1], 0)


def test_the_trace_of_rate_units_is_the_papers():
    """Murray 2019: p_ij(t) = (1 - 1/tau) p_ij(t-1) + 1/tau phi'(u_i(t)) h_j(t-1), dW_ij = sum [B e]_i p_ij."""
    cell, episode = RNN(3, 5, 2, leak="rate", readout="linear", tau=0.04), sequences()
    episode = episode._replace(target=np.repeat(episode.target, 2, -1))
    params, b, a = first_weights(cell), np.random.default_rng(3).standard_normal((5, 2)), 0.25
    h, p, expected = np.zeros((4, 5)), np.zeros((4, 5, 5)), 0.0
    for t in range(6):
        u = h @ params.cell.recurrent.T + episode.inputs[:, t] @ params.cell.weight.T + params.cell.bias
        p = (1 - a) * p + a * (1 - np.tanh(u) ** 2)[:, :, None] * h[:, None, :]
        h = (1 - a) * h + a * np.tanh(u)
        error = h @ params.out.weight.T + params.out.bias - episode.target[:, t]
        expected = expected + ((error @ b.T)[:, :, None] * p).mean(0) / 6
    found = taught(RFLO(), cell, params, episode, Broadcast(b.T))
    np.testing.assert_allclose(found.cell.recurrent, expected, rtol=1e-12, atol=1e-15)


# without an error


@pytest.mark.parametrize("kind", [RNN, GRU])
def test_the_mean_of_many_node_perturbations_is_the_gradient(kind):
    cell = kind(3, 3, 1, readout="linear", out_scale=0.5)
    cell = RNN(3, 3, 1, readout="linear", nonlinearity="linear", out_scale=0.5) if kind is RNN else cell
    params, one = first_weights(cell), sequences(size=1, steps=3)
    many = Following(*(np.repeat(part, 60_000, axis=0) for part in one))
    found = taught(NodePerturbationThroughTime(1e-3), cell, params, many)
    exact = taught(BackpropThroughTime(), cell, params, one)
    flat = [np.concatenate([np.ravel(leaf) for leaf in leaves(tree)]) for tree in (found, exact)]
    assert angle_between(*flat) < 5  # (gates 3 + 1) x 3 numbers are perturbed
    np.testing.assert_allclose(np.linalg.norm(flat[0]), np.linalg.norm(flat[1]), rtol=0.1)


def test_the_trace_of_reward_modulated_units_is_the_papers():
    """Miconi 2017: e_ij += (r_j (x_i - xbar_i))^3, xbar = .05 xbar + .95 x, and a running mean of the reward."""
    cell, episode, rule = RNN(3, 5, 1, readout="linear", tau=0.04), sequences(), RewardModulatedHebbian(0.5, 4.0)
    params, rng = first_weights(cell), np.random.default_rng(5)
    x, xbar, e, cost = np.zeros((4, 5)), np.zeros((4, 5)), np.zeros((4, 5, 5)), np.zeros(4)
    for t in range(6):
        r = np.tanh(x)
        z = r @ params.cell.recurrent.T + episode.inputs[:, t] @ params.cell.weight.T + params.cell.bias
        x = 0.75 * x + 0.25 * (z + rule.pushes((4, 5), np.float64, rng))
        e += (r[:, None, :] * (x - xbar)[:, :, None]) ** 3
        xbar = 0.05 * xbar + 0.95 * x
        y = np.tanh(x) @ params.out.weight.T + params.out.bias
        cost += episode.step(t, y)[1] / 6
    for known in (0.0, 1.0):  # at first the cost is compared with that of the other episodes
        state = tree_map(np.array, type(rule.init(params, None))(0.3, known))
        found, after = rule.gradients(cell, params, episode, state, np.random.default_rng(5))
        mean = 0.3 if known else cost.mean()
        expected = ((cost - mean)[:, None, None] * e).mean(0)
        np.testing.assert_allclose(found.cell.recurrent, expected, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(after, (0.75 * mean + 0.25 * cost.mean(), 1.0), rtol=1e-12)
    assert found.out.weight is found.out.bias is None


def test_units_are_pushed_as_often_and_as_far_as_asked():
    pushes = RewardModulatedHebbian(0.1, 4.0).pushes((100_000,), np.float64, np.random.default_rng(1))
    np.testing.assert_allclose((pushes != 0).mean(), 0.1, atol=0.003)
    np.testing.assert_allclose((np.abs(pushes).max(), pushes[pushes != 0].var()), (4.0, 16 / 3), rtol=0.02)


@pytest.fixture(scope="module")
def pushed():
    """An episode with constant inputs, its gradient, and the same with all presynaptic rates cubed."""
    cell, steps, size = RNN(3, 4, 1, readout="linear", out_scale=0.5, tau=0.1), 40, 1e-4
    params = cell.init(np.random.default_rng(1), np.float64)
    episode = Following(np.repeat([[[1.0, -1.0, 1.0]]], steps, 1), np.full((1, steps, 1), 0.3))

    def cost(push):
        memory, total = cell.rest(params, 1), 0.0
        for t in range(steps):
            memory, trace = cell.step(params, memory, episode.inputs[:, t], Noise(push[t][None]))
            total += episode.step(t, trace.output)[1].mean() / steps
        return total

    units = size * np.eye(steps * 4).reshape(-1, steps, 4)
    effects = np.array([(cost(push) - cost(-push)) / (2 * size) for push in units]).reshape(steps, 4)
    memory, cubed = cell.rest(params, 1), 0.0
    for t in range(steps):
        cubed = cubed + np.outer(effects[t], cell.rates(memory)[0] ** 3)
        memory, _ = cell.step(params, memory, episode.inputs[:, t])
    return cell, params, episode, taught(BackpropThroughTime(), cell, params, episode).cell, cubed


def pushed_often(pushed, power):
    cell, params, episode, exact, cubed = pushed
    many = Following(*(np.repeat(part, 10_000, axis=0) for part in episode))
    rule = RewardModulatedHebbian(probability=0.02, amplitude=5.0, power=power)
    found = taught(rule, cell, params, many, rule.init(params, None)).cell
    targets = (found.recurrent, cubed), (found.recurrent, exact.recurrent), (found.bias, exact.bias)
    return [angle_between(one.ravel(), other.ravel()) for one, other in targets]


def test_the_mean_of_many_pushes_is_the_gradient_with_cubed_presynaptic_rates(pushed):
    to_cubed, to_gradient, of_biases = pushed_often(pushed, 3.0)
    assert to_cubed < 5
    assert to_gradient < 20
    assert of_biases < 5  # what biases see is 1, and so is its cube


def test_without_the_power_relaxation_hides_the_gradient(pushed):
    _, to_gradient, of_biases = pushed_often(pushed, 1.0)
    assert to_gradient > 60
    assert of_biases > 30


class OneTrial:
    """Silence for half of the time, then a level, after a cue at the start."""

    def batch(self, rng, size):
        time = np.arange(20) + np.zeros((size, 1))
        cue = np.stack([time < 5, 0 * time, 0 * time], -1).astype(float)
        return Following(cue, 0.5 * (time >= 10)[..., None])

    def test(self):
        return self.batch(None, 4)


def test_a_running_mean_of_the_reward_is_enough_for_one_type_of_trial():
    rule, settings = RewardModulatedHebbian(), dict(seeds=2, updates=300, batch_size=8, evaluate_every=300)
    result = train(OneTrial(), CELL, rule, Adam(0.003), **settings)
    assert (result.curve["loss"][-1] < 0.3 * result.curve["loss"][0]).all()


def test_many_types_of_trials_need_what_each_costs_without_pushes():
    rule, settings = (
        RewardModulatedHebbian(baseline="quiet"),
        dict(seeds=2, updates=300, batch_size=8, evaluate_every=300),
    )
    result = train(Problem(), CELL, rule, Adam(0.01), **settings)
    assert (result.curve["loss"][-1] < 0.85 * result.curve["loss"][0]).all()


# teachers


@pytest.mark.parametrize("size", [1, 4])
def test_force_is_ridge_regression_on_all_that_was_seen(size):
    cell, ridge = RNN(3, 8, 2, readout="linear"), 0.7
    params, rule = first_weights(cell), Force(ridge)
    after, state, rows, targets = params, rule.init(params, None), [], []
    for seed in range(3):
        episode = sequences(seed, size)
        episode = episode._replace(target=np.concatenate([episode.target, -(episode.target**2)], -1))
        memory = cell.rest(params, size)
        for t in range(episode.steps):
            memory, trace = cell.step(params, memory, episode.inputs[:, t])
            rows.append(np.concatenate([trace.presynaptic.rates, np.ones((size, 1))], -1))
            targets.append(episode.target[:, t])
        gradients, state = rule.gradients(cell, after, episode, state, None)
        assert gradients.cell.recurrent is None
        after = after._replace(
            out=after.out._replace(
                weight=after.out.weight - gradients.out.weight, bias=after.out.bias - gradients.out.bias
            )
        )
    r, y = np.concatenate(rows), np.concatenate(targets)
    start = np.concatenate([params.out.weight, params.out.bias[:, None]], -1)
    closed = start + np.linalg.solve(r.T @ r + ridge * np.eye(9), r.T @ (y - r @ start.T)).T
    np.testing.assert_allclose(after.out.weight, closed[:, :-1], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(after.out.bias, closed[:, -1], rtol=1e-9, atol=1e-11)


def test_feedback_error_learning_is_backprop_with_the_helped_command_as_target():
    network, episode = MLP((3, 5, 1), weight_scale=0.5), sequences(steps=1)
    params = network.init(np.random.default_rng(1), np.float64)
    found = taught(FeedbackErrorLearning(), network, params, episode)
    batch = Batch(episode.inputs[:, 0], SquaredError(episode.wanted(0, None)))
    assert_same(found, Backprop().gradients(network, params, batch, (), None)[0], 1e-14)


def test_feedback_driven_plasticity_is_feedback_times_all_rates_so_far():
    cell, episode = CELLS[0], sequences()
    params, memory, rates = first_weights(cell), np.zeros((4, 5)), []
    for t in range(6):
        rates.append(np.tanh(memory))
        memory, _ = cell.step(params, memory, episode.inputs[:, t])
    sent = episode.inputs[..., [2]] @ params.cell.weight[:, [2]].T  # (batch, time, n)
    later = np.tri(6) * (np.arange(6) >= 2)[:, None]  # the feedback comes after two steps
    expected = -np.einsum("bti,ts,sbj->ij", sent, later, np.stack(rates)) / 24
    found = taught(FeedbackDrivenPlasticity((2,), after=2), cell, params, episode)
    np.testing.assert_allclose(found.cell.recurrent, expected, rtol=1e-12, atol=1e-15)
    assert found.cell.weight is found.cell.bias is found.out.weight is None


# every rule of the registry

CELL = RNN(3, 12, 1, readout="linear")


class Problem:
    """Sequences of which the last number minus one before is asked."""

    def batch(self, rng, size):
        inputs = rng.uniform(-1, 1, (size, 8, 3))
        return Following(inputs, 0.5 * (inputs[..., :1] - inputs[..., 1:2]))

    def test(self):
        return self.batch(np.random.default_rng(3), 64)


def state_of(rule, *seeds, dtype=np.float32):
    rngs = Streams([np.random.default_rng(seed) for seed in seeds])
    return init_state(CELL, rule, SGD(0.1), rngs, rngs, dtype), rngs


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_in_is_precision_out_and_nothing_is_changed_in_place(name, dtype):
    state, rng = state_of(make_rule(name), 1, dtype=dtype)
    episode = stack([sequences(dtype=dtype)])
    for _ in range(2):
        tree_map(lambda array: array.setflags(write=False), (state, episode))
        state = train_step(CELL, make_rule(name), SGD(0.1), state, episode, rng)
    assert {array.dtype for array in leaves((state.params, state.rule))} == {np.dtype(dtype)}


@every_rule
def test_a_stack_of_circuits_learns_as_separate_circuits_do(name):
    rule, episodes = make_rule(name), [sequences(seed, dtype=np.float32) for seed in range(2)]
    many, rng = state_of(rule, 1, 2)
    many = train_step(CELL, rule, SGD(0.1), many, stack(episodes), rng)
    for number, episode in enumerate(episodes):
        alone, own = state_of(rule, number + 1)
        alone = train_step(CELL, rule, SGD(0.1), alone, stack([episode]), own)
        for one, other in zip(leaves((alone.params, alone.rule)), leaves((many.params, many.rule)), strict=True):
            np.testing.assert_allclose(other[number], one[0], rtol=1e-4, atol=1e-5)


@every_rule
def test_a_killed_run_goes_on_bit_for_bit(name, tmp_path):
    settings = dict(seeds=2, batch_size=4, evaluate_every=2)
    rule, file = make_rule(name), tmp_path / "a.npz"
    train(Problem(), CELL, rule, SGD(0.05), updates=4, checkpoint=file, **settings)
    resumed = train(Problem(), CELL, rule, SGD(0.05), updates=8, checkpoint=file, **settings)
    whole = train(Problem(), CELL, rule, SGD(0.05), updates=8, **settings)
    for one, other in zip(leaves(resumed.state), leaves(whole.state), strict=True):
        np.testing.assert_array_equal(one, other)


ON_OTHER_TASKS = "feedback-driven-plasticity", "reward-modulated-hebbian"


@pytest.mark.parametrize("name", [name for name in TIME_RULES if name not in ON_OTHER_TASKS])
def test_the_rule_learns_to_follow_sequences(name):
    rate = 1.0 if name == "force" else 0.1
    result = train(Problem(), CELL, make_rule(name), SGD(rate), seeds=2, updates=300, batch_size=8, evaluate_every=300)
    assert (result.curve["loss"][-1] < 0.7 * result.curve["loss"][0]).all()


class Spy(NamedTuple):
    """An episode that notes what it is asked."""

    asked: set
    episode: Following

    @property
    def steps(self):
        return self.episode.steps

    def start(self):
        return self.episode.start()

    def observe(self, x):
        return self.episode.observe(x)

    def observe_vjp(self, x, bar):
        return self.episode.observe_vjp(x, bar)

    def step(self, x, command):
        after, cost = self.episode.step(x, command)
        return after, Asked(self.asked, cost)

    def step_vjp(self, x, command):
        self.asked.add("step_vjp")
        return self.episode.step_vjp(x, command)

    def error(self, x, command):
        self.asked.add("error")
        return self.episode.error(x, command)

    def wanted(self, x, command):
        self.asked.add("wanted")
        return self.episode.wanted(x, command)


class Asked(np.ndarray):
    """A cost that notes when it is used."""

    def __new__(cls, asked, cost):
        made = cost.view(cls)
        made.asked = asked
        return made

    def __array_ufunc__(self, function, method, *inputs, **settings):
        self.asked.add("value")
        plain = [x.view(np.ndarray) if isinstance(x, Asked) else x for x in inputs]
        return getattr(function, method)(*plain, **settings)

    def __array_function__(self, function, types, arguments, settings):
        self.asked.add("value")
        return function(*(tree_map(lambda x: x.view(np.ndarray), part) for part in arguments), **settings)


@every_rule
def test_the_rule_asks_the_episode_for_no_more_than_it_declares(name):
    rule, asked = make_rule(name), set()
    params = CELL.init(np.random.default_rng(1), np.float64)
    state = rule.init(params, np.random.default_rng(2))
    rule.gradients(CELL, params, Spy(asked, sequences()), state, np.random.default_rng(3))
    declared = " ".join(rule.looks_at)
    assert asked or "feedback among the inputs" in declared
    assert all(question in declared for question in asked)


# doors


class Examples:
    """Batches of examples."""

    def batch(self, rng, size):
        return Batch(rng.standard_normal((size, 3), np.float32), SquaredError(np.zeros((size, 1), np.float32)))

    def test(self):
        return self.batch(np.random.default_rng(1), 4)


@every_rule
def test_a_batch_of_examples_is_refused_in_a_sentence(name):
    with pytest.raises(ValueError, match=r"expected a problem that gives episodes, such as TaskProblem\(\), for"):
        train(Examples(), MLP((3, 4, 1)), name, SGD(0.1), seeds=1, updates=1, batch_size=2)


def test_a_rule_for_examples_is_refused_on_episodes_and_on_recurrent_circuits():
    with pytest.raises(ValueError, match="expected a rule through time for a problem that gives episodes"):
        train(Carts(), CELLS[0], "feedback-alignment", SGD(0.1), seeds=1, updates=1, batch_size=2)
    with pytest.raises(ValueError, match="expected an MLP for Backprop, got RNN"):
        train(Examples(), CELLS[0], "backprop", SGD(0.1), seeds=1, updates=1, batch_size=2)


@pytest.mark.parametrize(
    "name", ["rflo", "e-prop", "node-perturbation-through-time", "force", "reward-modulated-hebbian"]
)
def test_a_circuit_without_memory_is_refused_where_the_rule_needs_one(name):
    with pytest.raises(ValueError, match=r"expected a recurrent circuit, such as RNN\(...\) or GRU\(...\), for"):
        train(Problem(), MLP((3, 4, 1)), name, SGD(0.1), seeds=1, updates=1, batch_size=2)


def test_an_episode_that_cannot_say_what_was_wanted_is_refused():
    with pytest.raises(
        ValueError, match=r"expected an episode with wanted\(...\), as TaskProblem gives them, for Force"
    ):
        train(Carts(), CELLS[0], "force", SGD(0.1), seeds=1, updates=1, batch_size=2)


def test_force_wants_a_linear_readout_and_self_connections_want_rate_units():
    with pytest.raises(ValueError, match="expected a circuit with readout='linear' for Force, got readout='tanh'"):
        train(Problem(), RNN(3, 4, 1), Force(), SGD(1.0), seeds=1, updates=1, batch_size=2)
    for rule in (EProp(self_connections=True), RewardModulatedHebbian()):
        with pytest.raises(ValueError, match="expected rate units"):
            train(Problem(), CELLS[2], rule, SGD(1.0), seeds=1, updates=1, batch_size=2)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (BackpropThroughTime, {"window": 0}),
        (BackpropThroughTime, {"through_plant": "random"}),
        (BackpropThroughTime, {"activity": -1.0}),
        (FeedbackAlignmentThroughTime, {"scale": 0.0}),
        (FeedbackAlignmentThroughTime, {"task_size": 0}),
        (RFLO, {"scale": -1.0}),
        (EProp, {"broadcast": "x"}),
        (NodePerturbationThroughTime, {"noise": 0.0}),
        (RewardModulatedHebbian, {"probability": 0.0}),
        (RewardModulatedHebbian, {"amplitude": 0.0}),
        (RewardModulatedHebbian, {"power": -1.0}),
        (RewardModulatedHebbian, {"activity_memory": 1.5}),
        (RewardModulatedHebbian, {"baseline": "x"}),
        (Force, {"ridge": 0.0}),
    ],
)
def test_settings_that_cannot_be_are_refused(kind, settings):
    with pytest.raises(ValueError, match=f"expected .*{next(iter(settings))}|expected noise"):
        kind(**settings)


def test_a_trained_circuit_is_a_policy_that_remembers():
    result = train(Problem(), CELL, "e-prop", SGD(0.1), seeds=1, updates=3, batch_size=4)
    policy, test, state = Policy(CELL, result.params(0)), Problem().test(), None
    for step in range(3):
        command, state = policy.predict(test.inputs[:, step], state)
    assert command.shape == (64, 1)
