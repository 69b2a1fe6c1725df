"""Networks, losses and backprop against central differences and complex steps."""

import numpy as np
import pytest

from armfa.controllers import MLP, NONLINEARITIES, Backprop, Batch, SoftmaxCrossEntropy, SquaredError, one_hot
from armfa.controllers.circuits.mlp import Dense

LOSSES = {
    "squared": SquaredError(np.random.default_rng(5).standard_normal((7, 3))),
    "softmax": SoftmaxCrossEntropy(one_hot(np.array([0, 1, 2, 1, 0, 2, 2]), 3, np.float64)),
}
INPUTS = np.random.default_rng(6).standard_normal((7, 4))


def mean_loss(network, params, loss):
    return loss.value(network.forward(params, INPUTS).output).mean()


def nudged(params, layer, field, place, step):
    array = params[layer][field].astype(type(step) if isinstance(step, complex) else float)
    array[place] += step
    return tuple(Dense(*(array if f == field else a for f, a in enumerate(d))) if n == layer else d
                 for n, d in enumerate(params))  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize("output", ["linear", "logistic"])
@pytest.mark.parametrize("hidden", NONLINEARITIES)
def test_backprop_is_the_derivative_of_the_mean_loss(hidden, output, loss):
    network = MLP((4, 6, 5, 3), (hidden, hidden, output), weight_scale=0.8, bias_scale=0.3)
    params = network.init(np.random.default_rng(1), np.float64)
    gradients, _ = Backprop().gradients(network, params, Batch(INPUTS, loss), (), None)
    for layer, gradient in enumerate(gradients):
        for field in (0, 1):
            for place in list(np.ndindex(gradient[field].shape))[::3]:
                exact = mean_loss(network, nudged(params, layer, field, place, 1e-30j), loss).imag / 1e-30
                assert gradient[field][place] == pytest.approx(exact, rel=1e-10, abs=1e-14)
    up, down = (mean_loss(network, nudged(params, 0, 0, (2, 1), step), loss) for step in (1e-6, -1e-6))
    assert gradients[0].weight[2, 1] == pytest.approx((up - down) / 2e-6, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", NONLINEARITIES)
def test_slopes_are_the_derivative_of_the_nonlinearity(name):
    network = MLP((4, 3), name)
    params = network.init(np.random.default_rng(1), np.float64)
    trace = network.forward(params, INPUTS)
    z = trace.preactivations[0]
    np.testing.assert_allclose(network.slopes(trace)[0], NONLINEARITIES[name].function(z + 1e-30j).imag / 1e-30)


def test_a_logistic_unit_does_not_overflow():
    z = np.array([-1e4, 0.0, 1e4], np.float32)
    np.testing.assert_array_equal(NONLINEARITIES["logistic"].function(z), [0.0, 0.5, 1.0])


def test_softmax_does_not_overflow_and_ignores_a_common_shift():
    output = np.array([[1e4, 0.0, -1e4], [3.0, 2.0, 1.0]], np.float32)
    loss = SoftmaxCrossEntropy(one_hot(np.array([1, 1]), 3))
    assert np.isfinite(loss.value(output)).all()
    np.testing.assert_allclose(loss.error(output + 8), loss.error(output), atol=1e-6)
    np.testing.assert_allclose(loss.error(output).sum(-1), 0, atol=1e-6)


def test_noise_is_added_to_the_preactivations():
    network = MLP((4, 6, 3), "tanh")
    params = network.init(np.random.default_rng(1))
    quiet, noisy = network.forward(params, INPUTS), network.forward(params, INPUTS, [None, np.ones((7, 3))])
    np.testing.assert_allclose(noisy.preactivations[1], quiet.preactivations[1] + 1)
    np.testing.assert_array_equal(noisy.preactivations[0], quiet.preactivations[0])


def test_first_weights_have_their_scales_layer_by_layer():
    network = MLP((30, 400, 300), "tanh", weight_scale=(0.1, None), bias_scale=(0.0, 2.0))
    first, second = network.init(np.random.default_rng(1))
    assert abs(first.weight).max() == pytest.approx(0.1, rel=1e-2) and (first.bias == 0).all()
    assert second.weight.std() == pytest.approx(400**-0.5, rel=1e-2)
    assert abs(second.bias).max() == pytest.approx(2.0, rel=2e-2)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(sizes=(6,)), "at least two layer sizes"),
        (dict(sizes=(6, 0, 3)), "all positive"),
        (dict(sizes=(6, 5.5, 3)), "expected sizes as whole numbers"),
        (dict(sizes=6), "expected sizes as whole numbers"),
        (dict(sizes=(6, 5, 3), nonlinearities="sigmoid"), "expected nonlinearities out of"),
        (dict(sizes=(6, 5, 3), nonlinearities=("tanh",)), "expected nonlinearities as one value or 2 values"),
        (dict(sizes=(6, 5, 3), weight_scale=-1.0), "expected weight_scale of 0 or more"),
        (dict(sizes=(6, 5, 3), sparsity=1.0), "expected sparsity as a share"),
    ],
)
def test_networks_that_cannot_be_are_refused(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        MLP(**settings)
