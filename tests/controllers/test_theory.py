"""Statements of the papers about linear networks that learn by feedback alignment. [Lillicrap et al. 2014]"""

import numpy as np
import pytest

from armfa.controllers import MLP, SGD, Batch, FeedbackAlignment, SquaredError, init_state, train, train_step
from armfa.controllers.metrics import angle_between
from armfa.controllers.rules import Backprop, Feedback, PseudoBackprop

NETWORK = MLP((30, 20, 10), "linear", weight_scale=0.01)


class LinearTeacher:
    """y* = T x with T ~ U(-1, 1) and x ~ N(0, I)."""

    matrix = np.random.default_rng(11).uniform(-1, 1, (10, 30)).astype(np.float32)

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 30), np.float32)
        return Batch(inputs, SquaredError(inputs @ self.matrix.T))

    def test(self):
        return self.batch(np.random.default_rng(12), 300)


def test_from_small_weights_feedback_alignment_comes_close_to_pseudo_backprop_and_stays_away_from_backprop():
    references = {"to backprop": Backprop(), "to pseudo-backprop": PseudoBackprop()}
    settings = dict(seeds=5, updates=2500, batch_size=1, evaluate_every=2500, references=references)
    curve = train(LinearTeacher(), NETWORK, FeedbackAlignment(), SGD(4e-3, biases=False), **settings).curve
    first, last = curve["to backprop"][[0, -1]].mean((1, 2))
    assert first == pytest.approx(90, abs=6)
    assert 20 < last < 35
    assert curve["to pseudo-backprop"][-1].mean() < 5
    assert (curve["nse"][-1] < 1e-3).all()


def test_feedback_alignment_leaves_the_plateau_of_small_weights_before_backprop():
    settings = dict(seeds=5, updates=200, batch_size=1, evaluate_every=200)
    nse = [
        train(LinearTeacher(), NETWORK, rule, SGD(0.008, biases=False), **settings).curve["nse"][-1].mean()
        for rule in (FeedbackAlignment(), Backprop())
    ]
    assert nse[0] < 0.07 and 0.2 < nse[1] < 0.6  # a trial had 0.034 and 0.375


def test_from_zero_weights_and_one_example_the_hidden_update_is_along_the_pseudoinverse():
    """Theorem 2: h = s_h B y*, W = s_w y* (B y*)^T at every step, with the scalars' own recursion."""
    rng = np.random.default_rng(1)
    x, target = rng.standard_normal((1, 30)), rng.standard_normal((1, 10))
    rate = 1e-3
    rule, optimizer = FeedbackAlignment(), SGD((rate / float((x @ x.T)[0, 0]), rate), biases=False)
    params = tuple(layer._replace(weight=layer.weight * 0) for layer in NETWORK.init(rng, np.float64))
    state = init_state(NETWORK, rule, optimizer, rng, rng)._replace(params=params, rule=rule.init(params, rng))
    sent = target @ state.rule.matrices[0].T  # (B y*)^T
    s_h = s_w = 0.0
    for _ in range(60):
        trace = NETWORK.forward(state.params, x)
        s_y = s_h * s_w * float((sent @ sent.T)[0, 0])
        np.testing.assert_allclose(trace.inputs[1], s_h * sent, atol=1e-12)
        np.testing.assert_allclose(state.params[1].weight, s_w * target.T @ sent, atol=1e-12)
        s_h, s_w = s_h + rate * (1 - s_y), s_w + rate * (1 - s_y) * s_h
        state = train_step(NETWORK, rule, optimizer, state, Batch(x, SquaredError(target)))
    trace = NETWORK.forward(state.params, x)
    loss = SquaredError(target)
    alignment, _ = rule.signals(NETWORK, state.params, trace, loss, state.rule)
    pseudo, _ = PseudoBackprop().signals(NETWORK, state.params, trace, loss, ())
    assert angle_between(alignment[0], pseudo[0]) < 1e-3


@pytest.mark.parametrize("rate", [2e-2, 2e-3])
def test_what_theorem_1_conserves_drifts_in_proportion_to_the_rate(rate):
    """B W + W^T B^T = W0 W0^T + C with C constant, in the limit of small rates."""
    rng = np.random.default_rng(2)
    inputs = np.linalg.qr(rng.standard_normal((30, 30)))[0] * 30**0.5  # [x x^T] = I exactly
    batch = Batch(inputs, SquaredError(inputs @ rng.uniform(-1, 1, (30, 10))))
    rule, optimizer = FeedbackAlignment(), SGD(rate, biases=False)
    params = NETWORK.init(rng, np.float64)
    matrices = Feedback((rng.uniform(-0.5, 0.5, (20, 10)),))
    state = init_state(NETWORK, rule, optimizer, rng, rng)._replace(params=params, rule=matrices)

    def conserved(params):
        half = matrices.matrices[0] @ params[1].weight
        return half + half.T - params[0].weight @ params[0].weight.T

    first = conserved(state.params)
    for _ in range(round(4 / rate)):
        state = train_step(NETWORK, rule, optimizer, state, batch)
    drift = np.linalg.norm(conserved(state.params) - first) / np.linalg.norm(state.params[0].weight) ** 2
    assert 0.02 * rate < drift < 2 * rate
