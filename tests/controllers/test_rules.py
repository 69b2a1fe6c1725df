"""Each rule against something that knows the answer."""

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Batch, SquaredError, TrainState, init_state, train_step
from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.metrics import angle_between, matrix_angle
from armfa.controllers.rules import (
    Backprop,
    BatchSignSymmetry,
    DirectFeedbackAlignment,
    DirectKolenPollack,
    DirectRandomTarget,
    EvolutionStrategies,
    Feedback,
    FeedbackAlignment,
    FixedSignSymmetry,
    Frozen,
    KolenPollack,
    NodePerturbation,
    ProductFeedbackAlignment,
    PseudoBackprop,
    Shallow,
    Sparse,
    UniformSignSymmetry,
    WeightMirror,
    WeightPerturbation,
)

DEEP = MLP((5, 8, 6, 3), ("tanh", "logistic", "tanh"), weight_scale=0.5, bias_scale=0.2)
FLAT = MLP((5, 8, 3), ("tanh", "linear"), weight_scale=0.5, bias_scale=0.2)


def setting(network=DEEP, seed=0, size=16, dtype=np.float32):
    rng = np.random.default_rng(seed)
    params = network.init(rng, dtype)
    inputs = rng.standard_normal((size, network.sizes[0])).astype(dtype)
    loss = SquaredError(rng.standard_normal((size, network.sizes[-1])).astype(dtype))
    return params, Batch(inputs, loss), network.forward(params, inputs)


def deltas(rule, network, params, batch, state=(), rng=None):
    trace = network.forward(params, batch.inputs)
    return rule.deltas(network, params, trace, batch.loss, state, rng)[0]


def flat(gradients):
    return np.concatenate([array.ravel() for layer in gradients for array in layer])


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_feedback_alignment_with_transposed_weights_is_backprop():
    params, batch, _ = setting()
    transposed = Feedback(tuple(layer.weight.T for layer in params[1:]))
    assert_same(deltas(FeedbackAlignment(), DEEP, params, batch, transposed), deltas(Backprop(), DEEP, params, batch))


def test_direct_feedback_is_feedback_alignment_where_there_is_one_hidden_layer():
    params, batch, _ = setting(FLAT)
    for carry in ("delta", "error", "task"):
        direct, layered = (
            rule(carry=carry, task_size=3) for rule in (DirectFeedbackAlignment, FeedbackAlignment)
        )  # fmt: skip
        state, same = (rule.init(params, np.random.default_rng(1)) for rule in (direct, layered))
        assert_same(deltas(direct, FLAT, params, batch, state), deltas(layered, FLAT, params, batch, same))


def test_direct_feedback_reaches_every_layer_from_the_output():
    params, batch, trace = setting()
    state = DirectFeedbackAlignment().init(params, np.random.default_rng(1))
    found = deltas(DirectFeedbackAlignment(), DEEP, params, batch, state)
    slopes = DEEP.slopes(trace)
    top = batch.loss.error(trace.output) * slopes[2]
    for layer in (0, 1):
        np.testing.assert_allclose(found[layer], (top @ state.matrices[layer].T) * slopes[layer], rtol=1e-5, atol=1e-7)


def test_feedback_may_carry_the_error_itself_as_the_papers_print_it():
    params, batch, trace = setting()
    state = FeedbackAlignment().init(params, np.random.default_rng(1))
    error = batch.loss.error(trace.output)
    signals, _ = FeedbackAlignment(carry="error").signals(DEEP, params, trace, batch.loss, state)
    np.testing.assert_array_equal(signals[1], error @ state.matrices[1].T)


def test_without_the_derivative_a_layer_sends_on_its_bare_signal():
    params, batch, trace = setting()
    rule = FeedbackAlignment(propagate_derivative=False)
    state = rule.init(params, np.random.default_rng(1))
    signals, _ = rule.signals(DEEP, params, trace, batch.loss, state)
    np.testing.assert_array_equal(signals[0], signals[1] @ state.matrices[0].T)


class ArmLike(SquaredError):
    """A loss whose task error has two components, where the output has three."""

    def task_error(self, output):
        return (output - self.target)[..., :2]


def test_feedback_from_task_space_carries_the_losses_own_error():
    params, batch, trace = setting(FLAT)
    rule = FeedbackAlignment(carry="task", task_size=2)
    state = rule.init(params, np.random.default_rng(1))
    assert state.matrices[0].shape == (8, 2)
    loss = ArmLike(batch.loss.target)
    signals, found = rule.signals(FLAT, params, trace, loss, state)
    np.testing.assert_array_equal(signals[0], loss.task_error(trace.output) @ state.matrices[0].T)
    np.testing.assert_array_equal(found[-1], loss.error(trace.output))


def test_feedback_from_task_space_needs_its_size():
    with pytest.raises(ValueError, match="expected task_size"):
        FeedbackAlignment(carry="task")


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_feedback_weights_have_their_own_scale_distribution_and_sparsity(distribution):
    params, _, _ = setting(MLP((5, 300, 200)))
    rule = FeedbackAlignment(scale=2.0, distribution=distribution, sparsity=0.5)
    (matrix,) = rule.init(params, np.random.default_rng(1)).matrices
    assert np.mean(matrix == 0) == pytest.approx(0.5, abs=0.01)
    spread = 2.0 if distribution == "normal" else 2.0 / 3**0.5
    assert matrix[matrix != 0].std() == pytest.approx(spread, rel=0.02)


@pytest.mark.parametrize("rule", [FeedbackAlignment(seed=4), FixedSignSymmetry(seed=4)], ids=repr)
def test_feedback_weights_with_their_own_seed_are_the_same_in_every_run(rule):
    params, _, _ = setting()
    first, second = (rule.init(params, np.random.default_rng(seed)).matrices for seed in (1, 2))
    assert_same(first, second)


@pytest.mark.parametrize("derivative", ["constant", "boxcar", "triangular", "random-gain"])
@pytest.mark.parametrize("nonlinearity", ["tanh", "logistic"])
def test_rough_slopes_keep_peak_and_area_of_the_exact_slope(nonlinearity, derivative):
    network = MLP((1, 1, 1), (nonlinearity, "linear"))
    params = (Dense(np.ones((1, 1)), np.zeros(1)), Dense(np.ones((1, 1)), np.zeros(1)))
    z = np.linspace(-20, 20, 40001)[:, None]
    trace = network.forward(params, z)
    loss = SquaredError(trace.output - 1.0)
    slope = Backprop(derivative=derivative).signals(network, params, trace, loss, ())[1][0]
    exact = Backprop().signals(network, params, trace, loss, ())[1][0]
    assert slope.max() == pytest.approx(exact.max(), rel=1e-6)
    if derivative in ("boxcar", "triangular"):
        assert slope.sum() == pytest.approx(exact.sum(), rel=1e-3)


def test_shallow_learning_is_backprop_in_the_output_layer_and_nothing_below():
    params, batch, _ = setting()
    found = deltas(Shallow(), DEEP, params, batch)
    np.testing.assert_array_equal(found[-1], deltas(Backprop(), DEEP, params, batch)[-1])
    state = init_state(DEEP, Shallow(), SGD(0.1), np.random.default_rng(0), None)
    after = train_step(DEEP, Shallow(), SGD(0.1, weight_decay=0.1), state, batch)
    assert_same(after.params[0] + after.params[1], state.params[0] + state.params[1])


@pytest.mark.parametrize("rule", [Backprop(), EvolutionStrategies()])
def test_a_frozen_layer_stays_and_the_others_learn_as_before(rule):
    params, batch, _ = setting()
    free = rule.gradients(DEEP, params, batch, (), np.random.default_rng(3))[0]
    held = Frozen(rule, (0, 2)).gradients(DEEP, params, batch, (), np.random.default_rng(3))[0]
    assert held[0] is None and held[2] is None
    assert_same(held[1], free[1])


def test_a_frozen_layer_must_exist():
    params, _, _ = setting()
    with pytest.raises(ValueError, match="expected frozen layers out of 0 to 2, got 3"):
        Frozen(Backprop(), (3,)).init(params, None)


def test_absent_synapses_stay_absent():
    network = MLP((5, 40, 30), "tanh", sparsity=(0.0, 0.5))
    rule, optimizer = Sparse(Backprop()), SGD(0.1, weight_decay=0.1)
    state = init_state(network, rule, optimizer, np.random.default_rng(0), None)
    batch = setting(network)[1]
    absent = state.params[1].weight == 0
    assert np.mean(absent) == pytest.approx(0.5, abs=0.05)
    after = train_step(network, rule, optimizer, state, batch)
    assert (after.params[1].weight[absent] == 0).all()
    assert (after.params[1].weight[~absent] != state.params[1].weight[~absent]).all()


@pytest.mark.parametrize("output", ["perturbation", "delta"])
def test_the_mean_of_many_node_perturbations_points_along_backprop(output):
    params, batch, _ = setting(FLAT, size=1, dtype=np.float64)
    repeats = 20000
    many = Batch(np.repeat(batch.inputs, repeats, 0), SquaredError(np.repeat(batch.loss.target, repeats, 0)))
    rule = NodePerturbation(1e-4, output)
    found = flat(rule.gradients(FLAT, params, many, (), np.random.default_rng(1))[0])
    exact = flat(Backprop().gradients(FLAT, params, batch, (), None)[0])
    assert angle_between(found, exact) < 3
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(exact), rel=0.05)


def test_the_mean_of_many_weight_perturbations_points_along_backprop():
    params, batch, _ = setting(FLAT, dtype=np.float64)
    rule, rng = WeightPerturbation(1e-4), np.random.default_rng(1)
    found = np.mean([flat(rule.gradients(FLAT, params, batch, (), rng)[0]) for _ in range(5000)], 0)
    exact = flat(Backprop().gradients(FLAT, params, batch, (), None)[0])
    assert angle_between(found, exact) < 8  # 75 weights: sqrt(75 / 5000) is 7 degrees
    assert found @ exact == pytest.approx(exact @ exact, rel=0.05)


def test_a_large_population_of_evolution_strategies_points_along_backprop():
    params, batch, _ = setting(FLAT, dtype=np.float64)
    found = flat(EvolutionStrategies(1e-4, 3000).gradients(FLAT, params, batch, (), np.random.default_rng(1))[0])
    exact = flat(Backprop().gradients(FLAT, params, batch, (), None)[0])
    assert angle_between(found, exact) < 10  # sqrt(75 / 3000) is 9 degrees
    assert found @ exact == pytest.approx(exact @ exact, rel=0.05)


def test_sign_symmetry_is_backprop_where_all_weights_have_the_size_of_its_feedback():
    params, batch, _ = setting()
    params = tuple(Dense(np.float32(0.25) * np.sign(layer.weight), layer.bias) for layer in params)
    assert_same(deltas(UniformSignSymmetry(scale=0.25), DEEP, params, batch), deltas(Backprop(), DEEP, params, batch))


def test_fixed_sign_symmetry_has_the_weights_signs_and_random_sizes():
    params, _, _ = setting()
    rule = FixedSignSymmetry(scale=0.7)
    matrices = rule.feedback(params, rule.init(params, np.random.default_rng(1)))
    for matrix, layer in zip(matrices, params[1:]):
        np.testing.assert_array_equal(np.sign(matrix), np.sign(layer.weight.T))
        assert 0.6 < abs(matrix).max() < 0.7


def test_batch_sign_symmetry_draws_its_sizes_anew_for_every_batch():
    params, batch, trace = setting()
    rule, rng = BatchSignSymmetry(), np.random.default_rng(1)
    state = rule.init(params, rng)
    _, after = rule.deltas(DEEP, params, trace, batch.loss, state, rng)
    assert (state.matrices[0] != after.matrices[0]).all()


def learned(rule, network, updates, rate=0.1, decay=0.0, seed=0, until=None):
    optimizer = SGD(rate, "linear" if until else "constant", until, weight_decay=decay)
    rng = np.random.default_rng(seed)
    state = init_state(network, rule, optimizer, rng, rng)
    teacher = rng.standard_normal((network.sizes[-1], network.sizes[0])).astype(np.float32)
    first = state
    for _ in range(updates):
        inputs = rng.standard_normal((16, network.sizes[0]), np.float32)
        batch = Batch(inputs, SquaredError(np.tanh(inputs @ teacher.T)))
        state = train_step(network, rule, optimizer, state, batch, rng)
    return first, state


def gap(state: TrainState):
    return [matrix - layer.weight.T for matrix, layer in zip(state.rule.matrices, state.params[1:])]


def test_kolen_pollack_brings_feedback_to_the_transposed_weights_at_the_rate_it_states():
    first, last = learned(KolenPollack(rate=0.1, decay=0.2), DEEP, 100, rate=0.1, decay=0.2)
    for before, after in zip(gap(first), gap(last)):
        np.testing.assert_allclose(after, before * 0.98**100, atol=1e-5)


def test_kolen_pollack_keeps_its_closed_form_under_a_schedule_of_the_optimizers_rates():
    for wrap in (lambda rule: rule, Sparse, lambda rule: Frozen(rule, (0,))):
        first, last = learned(wrap(KolenPollack(rate=0.1, decay=0.2)), DEEP, 100, rate=0.1, decay=0.2, until=100)
        if wrap is Sparse:
            first, last = (state._replace(rule=state.rule.rule) for state in (first, last))
        for before, after in zip(gap(first), gap(last)):
            np.testing.assert_allclose(after, before * np.prod(1 - 0.02 * (1 - np.arange(100) / 100)), atol=1e-5)


@pytest.mark.parametrize("rule", [DirectKolenPollack, ProductFeedbackAlignment])
def test_feedback_that_learns_beside_the_weights_rests_where_the_schedule_ends(rule):
    _, early = learned(rule(rate=0.1, decay=0.1), FLAT, 10, until=10)
    _, late = learned(rule(rate=0.1, decay=0.1), FLAT, 30, until=10)
    assert_same(early.rule.matrices, late.rule.matrices)


def test_the_weight_mirror_brings_feedback_to_the_transposed_weights():
    params, _, _ = setting()
    rule, rng = WeightMirror(rate=0.01), np.random.default_rng(1)
    state = rule.init(params, rng)
    for _ in range(2000):
        state = rule.learn(DEEP, params, None, None, state, rng)
    for matrix, layer in zip(state.matrices, params[1:]):
        assert matrix_angle(matrix, layer.weight.T) < 8
        assert np.linalg.norm(matrix) == pytest.approx(np.linalg.norm(layer.weight), rel=0.05)


def test_direct_kolen_pollack_is_kolen_pollack_where_there_is_one_hidden_layer():
    _, direct = learned(DirectKolenPollack(rate=0.1, decay=0.1), FLAT, 20)
    _, layered = learned(KolenPollack(rate=0.1, decay=0.1), FLAT, 20)
    assert_same(direct.rule.matrices, layered.rule.matrices)
    assert_same(direct.params[0], layered.params[0])


def test_product_feedback_comes_to_match_the_transposed_weights():
    rule = ProductFeedbackAlignment(rate=0.1, decay=0.1, population=20.0)
    first, last = learned(rule, FLAT, 400, rate=0.1, decay=0.1)
    angles = [matrix_angle(rule.feedback(s.params, s.rule)[0], s.params[1].weight.T) for s in (first, last)]
    assert angles[1] < 20 < 60 < angles[0]


def test_random_targets_are_direct_feedback_of_the_target_instead_of_the_error():
    params, batch, trace = setting()
    state = DirectRandomTarget().init(params, np.random.default_rng(1))
    signals, found = DirectRandomTarget().signals(DEEP, params, trace, batch.loss, state)
    np.testing.assert_array_equal(signals[0], -batch.loss.target @ state.matrices[0].T)
    np.testing.assert_array_equal(found[-1], deltas(Backprop(), DEEP, params, batch)[-1])


def test_pseudo_backprop_is_backprop_where_the_weights_are_orthonormal():
    params, batch, _ = setting(FLAT, dtype=np.float64)
    rows = np.linalg.qr(params[1].weight.T)[0].T
    params = (params[0], Dense(rows, params[1].bias))
    for a, b in zip(deltas(PseudoBackprop(), FLAT, params, batch), deltas(Backprop(), FLAT, params, batch)):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_pseudo_backprop_moves_the_hidden_rates_by_the_gauss_newton_step():
    params, batch, trace = setting(MLP((5, 8, 3), "linear"), dtype=np.float64)
    (signal,), _ = PseudoBackprop().signals(MLP((5, 8, 3), "linear"), params, trace, batch.loss, ())
    error = batch.loss.error(trace.output)
    expected = np.linalg.lstsq(params[1].weight, error.T, rcond=None)[0].T  # smallest dh with W dh = e
    np.testing.assert_allclose(signal, expected, atol=1e-12)
