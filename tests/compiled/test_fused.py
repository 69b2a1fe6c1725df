"""The compiled block of updates against the updates of NumPy, through the arm."""

import re
from dataclasses import replace

import numpy as np
import pytest

from armfa.controllers import (
    MLP,
    SGD,
    Backprop,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    Shallow,
    Streams,
    fastest,
    init_state,
    make_rule,
    one_by_one,
    stack,
    take,
    tree_map,
)
from armfa.controllers.rules.learned import KolenPollack
from armfa.controllers.training.fused import fused
from armfa.problems.hand_velocity import HandVelocityProblem

PROBLEM = HandVelocityProblem()
LEARNED = KolenPollack(rate=0.1, decay=0.3)
RULES = [Backprop(), FeedbackAlignment(), DirectFeedbackAlignment(), Shallow(), LEARNED]
RULES += [make_rule("uniform-sign-symmetry"), make_rule("fixed-sign-symmetry")]
NETWORKS = [MLP((6, 40, 6), "tanh", weight_scale=0.3), MLP((6, 30, 50, 20, 6), ("tanh", "logistic", "linear", "tanh"))]
PACKED = re.compile(r"\bv?(mul|fn?m(add|sub)\d*)ps\b|\bfm(ul|la|ls)\s+v\d+\.4s")
"""Products of several float32 numbers at once, on x86-64 and on ARM."""
OPTIMIZER = SGD(0.05, schedule="linear", updates=20, weight_decay=1e-2)


def examples(seeds=2, updates=7, batch=5, problem=PROBLEM):
    drawn = stack([problem.batch(np.random.default_rng(seed), updates * batch) for seed in range(seeds)])
    return tree_map(lambda leaf: leaf.reshape(seeds, updates, batch, *leaf.shape[2:]), drawn)


def first_state(network, rule, seeds=2):
    streams = Streams([np.random.default_rng(seed) for seed in range(seeds)])
    return init_state(network, rule, OPTIMIZER, streams, streams)


def largest_difference(a, b):
    return max(np.abs(x - y).max() for one, other in zip(a.params, b.params) for x, y in zip(one, other))


@pytest.mark.parametrize("batch", [1, 5, 150], ids=lambda n: f"batch {n}")
@pytest.mark.parametrize("network", NETWORKS, ids=["6-40-6", "6-30-50-20-6"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_a_compiled_block_is_its_updates_one_by_one(rule, network, batch):
    state, block = first_state(network, rule), examples(batch=batch)
    together = fused(network, rule, OPTIMIZER, block)(state, block, None)
    singly = one_by_one(network, rule, OPTIMIZER)(state, block, None)
    assert largest_difference(together, singly) < 2e-6
    assert largest_difference(together, state) > 1e-4  # a test of the test: something was learned
    assert together.optimizer.step == singly.optimizer.step == 7


def test_a_compiled_block_has_the_motor_noise_of_its_samples():
    rule, block = FeedbackAlignment(), examples(problem=HandVelocityProblem(motor_noise=0.2))
    state = first_state(NETWORKS[0], rule)
    together = fused(NETWORKS[0], rule, OPTIMIZER, block)(state, block, None)
    assert largest_difference(together, one_by_one(NETWORKS[0], rule, OPTIMIZER)(state, block, None)) < 2e-6
    quiet = block._replace(loss=block.loss._replace(noise=0.0 * block.loss.noise))
    assert largest_difference(together, one_by_one(NETWORKS[0], rule, OPTIMIZER)(state, quiet, None)) > 1e-4


@pytest.mark.parametrize("network", NETWORKS, ids=["6-40-6", "6-30-50-20-6"])
def test_feedback_that_learns_learns_the_same_in_a_compiled_block(network):
    state, block = first_state(network, LEARNED), examples()
    optimizer = replace(OPTIMIZER, weight_decay=(0.0, *(0.5,) * (network.n_layers - 1)))
    after = [make(network, LEARNED, optimizer)(state, block, None) for make in (fastest, one_by_one)]
    assert largest_difference(*after) < 2e-6
    together, singly = (each.rule.matrices for each in after)
    for one, other, before in zip(together, singly, state.rule.matrices):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-6)
        assert np.abs(one - before).max() > 1e-2


def test_a_block_that_is_cut_in_two_is_the_same_to_the_last_bit():
    network, rule = NETWORKS[0], FeedbackAlignment()
    state, block, updates = first_state(network, rule), examples(), fastest(network, rule, OPTIMIZER)
    whole = updates(state, block, None)
    half = updates(state, take(block, (slice(None), slice(0, 3))), None)
    assert largest_difference(whole, updates(half, take(block, (slice(None), slice(3, None))), None)) == 0.0


def test_the_state_that_went_in_is_left_alone():
    network, rule = NETWORKS[0], Backprop()
    state, again = first_state(network, rule), first_state(network, rule)
    fastest(network, rule, OPTIMIZER)(state, examples(), None)
    assert largest_difference(state, again) == 0.0


def test_what_cannot_be_fused_is_not():
    network, block = NETWORKS[0], examples()
    for rule in (FeedbackAlignment(carry="error"), FeedbackAlignment(derivative="boxcar")):
        assert fused(network, rule, OPTIMIZER, block) is None
    assert fused(MLP((6, 100, 100, 6)), Backprop(), OPTIMIZER, block) is None  # BLAS is better at 100 x 100
    learned = HandVelocityProblem(plant_feedback="mean").batch(np.random.default_rng(0), 4)
    assert fused(network, Backprop(), OPTIMIZER, learned) is None


def test_the_loops_along_rows_work_on_vectors():
    """Without vectors they would give the same numbers, several times slower."""
    rows = pytest.importorskip("armfa.controllers.training.rows")
    wide, narrow = np.ones((4, 64), np.float32), np.ones((4, 6), np.float32)
    rows.add_product(wide, narrow, np.ones((6, 64), np.float32), wide[0].copy())
    rows.dots(narrow, np.ones(6, np.float32), wide, np.ones((6, 64), np.float32))
    rows.activate(wide, rows.TANH, 64)
    for loop in (rows.add_product, rows.dots, rows.activate):
        assert all(PACKED.search(code) for code in loop.inspect_asm().values()), loop.__name__
