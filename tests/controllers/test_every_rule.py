"""What holds for every learning rule in the registry."""

from typing import NamedTuple

import numpy as np
import pytest

from armfa.controllers import MLP, RULES, SGD, Batch, SquaredError, Streams, init_state, train, train_step, tree_map
from armfa.controllers.rules import TIME_RULES, WRAPPERS, Backprop, Frozen, LearningRule, Sparse, make_rule, rules_table
from armfa.controllers.trees import leaves

NETWORK = MLP((5, 8, 6, 3), ("tanh", "logistic", "linear"), weight_scale=0.5, bias_scale=0.2)
EVERY = {name: rule() for name, rule in RULES.items()} | {"frozen": Frozen(Backprop()), "sparse": Sparse(Backprop())}
every_rule = pytest.mark.parametrize("rule", EVERY.values(), ids=EVERY.keys())


def batch_of(seed, dtype=np.float32, size=16):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((size, 5)).astype(dtype)
    return Batch(inputs, SquaredError(rng.standard_normal((size, 3)).astype(dtype)))


def state_of(rule, optimizer, *seeds, dtype=np.float32):
    def stream(shift):
        rngs = [np.random.default_rng(seed + shift) for seed in seeds]
        return rngs[0] if len(rngs) == 1 else Streams(rngs)

    state = init_state(NETWORK, rule, optimizer, stream(0), stream(100))
    if dtype != np.float32:
        params = NETWORK.init(stream(0), dtype)
        state = state._replace(params=params, rule=rule.init(params, stream(100)), optimizer=optimizer.init(params))
    return state, stream(200)


@every_rule
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_in_is_precision_out(rule, dtype):
    state, rng = state_of(rule, SGD(0.1, weight_decay=0.1), 1, dtype=dtype)
    for _ in range(2):
        state = train_step(NETWORK, rule, SGD(0.1, weight_decay=0.1), state, batch_of(3, dtype), rng)
    assert {array.dtype for array in leaves((state.params, state.rule))} == {np.dtype(dtype)}


@every_rule
def test_a_stack_of_networks_learns_as_separate_networks_do(rule):
    optimizer = SGD(0.1)
    batches = [batch_of(seed) for seed in (1, 2, 3)]
    stacked, rng = state_of(rule, optimizer, 1, 2, 3)
    batch = Batch(np.stack([b.inputs for b in batches]), SquaredError(np.stack([b.loss.target for b in batches])))
    for _ in range(3):
        stacked = train_step(NETWORK, rule, optimizer, stacked, batch, rng)
    for number, (seed, own_batch) in enumerate(zip((1, 2, 3), batches)):
        alone, own_rng = state_of(rule, optimizer, seed)
        for _ in range(3):
            alone = train_step(NETWORK, rule, optimizer, alone, own_batch, own_rng)
        for one, many in zip(leaves((alone.params, alone.rule)), leaves((stacked.params, stacked.rule))):
            np.testing.assert_allclose(many[number], one, rtol=1e-5, atol=1e-6)


@every_rule
def test_a_step_leaves_its_arguments_as_they_were(rule):
    state, rng = state_of(rule, SGD(0.1), 1)
    batch = batch_of(4)
    tree_map(lambda array: array.setflags(write=False), (state, batch))
    train_step(NETWORK, rule, SGD(0.1), state, batch, rng)


@every_rule
def test_a_kill_and_a_checkpoint_keep_the_rules_own_state_and_stream(rule, tmp_path):
    settings = dict(seeds=2, batch_size=8, evaluate_every=2)
    problem = Problem()
    train(problem, NETWORK, rule, SGD(0.05), updates=4, checkpoint=tmp_path / "a.npz", **settings)
    resumed = train(problem, NETWORK, rule, SGD(0.05), updates=8, checkpoint=tmp_path / "a.npz", **settings)
    whole = train(problem, NETWORK, rule, SGD(0.05), updates=8, **settings)
    for name in whole.curve:
        np.testing.assert_array_equal(resumed.curve[name], whole.curve[name])
    for one, other in zip(leaves(resumed.state), leaves(whole.state)):
        np.testing.assert_array_equal(one, other)


class Problem:
    """Three classes, told apart by a linear teacher; targets are one-hot."""

    teacher = np.random.default_rng(7).standard_normal((3, 5)).astype(np.float32)

    def batch(self, rng, size):
        inputs = rng.standard_normal((size, 5), np.float32)
        return Batch(inputs, SquaredError(np.eye(3, dtype=np.float32)[(inputs @ self.teacher.T).argmax(-1)]))

    def test(self):
        return self.batch(np.random.default_rng(99), 300)


@every_rule
def test_the_rule_learns_to_tell_three_classes_apart(rule):
    network = MLP((5, 20, 3), ("tanh", "logistic"), weight_scale=0.5)
    rate = 0.03 if "Pseudo" in type(rule).__name__ else 0.3
    result = train(Problem(), network, rule, SGD(rate), seeds=3, updates=800, batch_size=16, evaluate_every=800)
    before, after = result.curve["loss"].mean(-1)[[0, -1]]
    assert after < 0.8 * before


class Spy(NamedTuple):
    """A loss that notes what it is asked."""

    asked: set
    loss: SquaredError

    def value(self, output):
        self.asked.add("value")
        return self.loss.value(output)

    def error(self, output):
        self.asked.add("error")
        return self.loss.error(output)

    @property
    def target(self):
        self.asked.add("target")
        return self.loss.target


@pytest.mark.parametrize("name", RULES)
def test_the_rule_asks_the_loss_for_no_more_than_it_declares(name):
    rule = EVERY[name]
    batch, asked = batch_of(5), set()
    state, rng = state_of(rule, SGD(0.1), 1)
    rule.gradients(NETWORK, state.params, Batch(batch.inputs, Spy(asked, batch.loss)), state.rule, rng)
    assert asked and asked <= {entry.split(",")[0] for entry in rule.looks_at}


@pytest.mark.parametrize("name", [name for name, rule in EVERY.items() if isinstance(rule, LearningRule)])
def test_hidden_modulators_depend_on_forward_weights_only_where_declared(name):
    rule, batch = EVERY[name], batch_of(6)
    state, _ = state_of(rule, SGD(0.1), 1)
    trace = NETWORK.forward(state.params, batch.inputs)

    def hidden(params):
        rng = np.random.default_rng(8)
        loss = Same(batch.loss.error(trace.output), batch.loss.target)
        return rule.deltas(NETWORK, params, trace, loss, state.rule, rng)[0][:-1]

    def same(params):
        return all(a is b is None or np.array_equal(a, b) for a, b in zip(hidden(state.params), hidden(params)))

    louder = tuple(layer._replace(weight=2 * layer.weight) for layer in state.params)
    flipped = tuple(layer._replace(weight=-layer.weight) for layer in state.params)
    assert same(louder) == ("forward weights" not in rule.looks_at)
    assert same(flipped) == (not {"forward weights", "signs of the forward weights"} & set(rule.looks_at))


class Same(NamedTuple):
    """A loss whose answers do not depend on the weights."""

    answer: np.ndarray
    target: np.ndarray

    def value(self, output):
        return self.answer.sum(-1)

    def error(self, output):
        return self.answer


def test_the_table_names_every_rule_with_what_it_sees_and_its_source():
    table = rules_table()
    assert [row["rule"] for row in table] == [*RULES, *TIME_RULES, *WRAPPERS]
    assert all(row["looks at"] and row["keeps"] and row["source"] for row in table)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="expected a learning rule out of backprop, feedback-alignment"):
        make_rule("bakprop")


@pytest.mark.parametrize("name", RULES)
def test_settings_of_a_rule_that_cannot_be_are_refused(name):
    wrong = {
        "scale": -1.0, "carry": "x", "distribution": "x", "derivative": "x", "sparsity": 2.0, "noise": 0.0, "pairs": 0
    }  # fmt: skip
    for setting in wrong.keys() & EVERY[name].__dataclass_fields__.keys():
        with pytest.raises(ValueError, match="expected"):
            make_rule(name, **{setting: wrong[setting]})


@pytest.mark.parametrize("name", RULES)
def test_settings_that_are_numpys_numbers_do_not_widen_float32(name):
    """As from a sweep over np.logspace."""
    settings = {field: np.float64(0.1) for field in ("scale", "noise", "rate", "decay")}
    rule = make_rule(name, **{k: v for k, v in settings.items() if k in EVERY[name].__dataclass_fields__})
    state, rng = state_of(rule, SGD(np.float64(0.1), weight_decay=np.float64(1e-3)), 1)
    batch = batch_of(5)
    for _ in range(2):
        state = train_step(NETWORK, rule, SGD(np.float64(0.1), weight_decay=np.float64(1e-3)), state, batch, rng)
    assert {array.dtype for array in leaves((state.params, state.rule))} == {np.dtype(np.float32)}
