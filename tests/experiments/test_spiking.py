"""The spiking network against its equations, written out neuron by neuron."""

import numpy as np
import pytest

from armfa.experiments.spiking import network as s

NETWORK = s.SpikingNetwork((6, 5, 4, 10))


def sigma(v):
    return 1 / (1 + np.exp(-v))


def make(network=NETWORK, streams=1):
    rng = np.random.default_rng(0)
    params, feedback = network.init(rng), network.draw_feedback(rng)
    pixels = rng.random((streams, network.sizes[0])).astype(np.float32)
    target = s.group_targets(rng.integers(0, 10, streams), network.sizes[-1])
    return params, feedback, pixels, target


@pytest.mark.parametrize(("convention", "keep", "gain"), [("ema", 0.1, 0.9), ("leak", 0.9, 1.0)])
def test_potentials_follow_the_equations_neuron_by_neuron(convention, keep, gain):
    network = s.SpikingNetwork((6, 5, 4, 10), convention)
    params, feedback, pixels, target = make(network)
    rng = np.random.default_rng(1)
    before, _ = s.step(network, params, feedback, network.rest(1), pixels, target, rng)
    after, activity = s.step(network, params, feedback, before, pixels, target, rng)
    for layer, (weight, bias) in enumerate(params):
        for j in range(len(bias)):
            drive = sum(weight[j, i] * activity.spikes[layer][0, i] for i in range(weight.shape[1]))
            expected = keep * before.forward[layer][0, j] + gain * drive + bias[j]
            assert after.forward[layer][0, j] == pytest.approx(expected, abs=1e-5)
    error = target[0] - activity.spikes[-1][0]
    np.testing.assert_allclose(after.backward[-1][0], keep * before.backward[-1][0] + gain * error, atol=1e-6)
    for layer in (1, 0):
        carried = feedback[layer] @ (2 * sigma(after.backward[layer + 1][0]) - 1)
        expected = keep * before.backward[layer][0] + gain * carried
        np.testing.assert_allclose(after.backward[layer][0], expected, atol=1e-6)


def test_plasticity_is_presynaptic_spike_times_modulator_times_slope():
    params, feedback, pixels, target = make()
    state, activity = s.step(NETWORK, params, feedback, NETWORK.rest(1), pixels, target, np.random.default_rng(1))
    before = [layer.weight.copy() for layer in params]
    s.learn_in_place(params, state, activity, 0.1)
    for layer, weight in enumerate(before):
        v, d = state.forward[layer][0], state.backward[layer][0]
        change = 0.1 * np.outer(d * sigma(v) * (1 - sigma(v)), activity.spikes[layer][0])
        np.testing.assert_allclose(params[layer].weight, weight + change, atol=1e-6)


def test_weight_changes_of_streams_are_summed():
    params, feedback, pixels, target = make(streams=3)
    state, activity = s.step(NETWORK, params, feedback, NETWORK.rest(3), pixels, target, np.random.default_rng(1))
    one_by_one = [s.Dense(layer.weight.copy(), layer.bias.copy()) for layer in params]
    for k in range(3):
        part = s.Potentials(*(tuple(array[k : k + 1] for array in kind) for kind in state))
        s.learn_in_place(tuple(one_by_one), part, s.Activity(tuple(array[k : k + 1] for array in activity.spikes)), 0.1)
    s.learn_in_place(params, state, activity, 0.1)
    for together, single in zip(params, one_by_one):
        np.testing.assert_allclose(together.weight, single.weight, atol=1e-6)


def test_an_input_neuron_spikes_at_most_at_95_percent():
    params, feedback, _, target = make(streams=4000)
    white = np.ones((4000, 6), np.float32)
    _, activity = s.step(NETWORK, params, feedback, NETWORK.rest(4000), white, target, np.random.default_rng(1))
    assert activity.spikes[0].mean() == pytest.approx(0.95, abs=0.01)


def test_each_class_has_a_tenth_of_the_outputs():
    target = s.group_targets(np.array([0, 9]), 50)
    assert np.flatnonzero(target[0]).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(target[1]).tolist() == [45, 46, 47, 48, 49]


def test_guessing_changes_no_weight():
    params, _, pixels, _ = make(streams=5)
    before = [layer.weight.copy() for layer in params]
    guess = s.classify(NETWORK, params, pixels, 5, np.random.default_rng(0))
    assert guess.shape == (5,)
    assert all(np.array_equal(layer.weight, weight) for layer, weight in zip(params, before))


def test_everything_is_float32():
    params, feedback, pixels, target = make()
    state, activity = s.step(NETWORK, params, feedback, NETWORK.rest(1), pixels, target, np.random.default_rng(1))
    for array in (*state.forward, *state.backward, *activity.spikes):
        assert array.dtype == np.float32


def test_an_unknown_convention_is_refused():
    with pytest.raises(ValueError, match="expected convention"):
        s.SpikingNetwork((4, 3, 10), "half")
