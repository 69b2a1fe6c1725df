"""Controllers as functions, and their files."""

import numpy as np
import pytest

from armfa.controllers import GRU, MLP, RNN, SGD, Backprop, CheckpointError, Policy, load_policy, stack
from armfa.controllers.checkpoint import save

NETWORK = MLP((4, 7, 2), ("tanh", "tanh"), weight_scale=0.5)
PARAMS = NETWORK.init(np.random.default_rng(0))
POLICY = Policy(NETWORK, PARAMS, np.arange(4.0), np.array([1.0, 2.0, 3.0, 4.0]), 0.5, 0.5, {"arm": "li_todorov"})


def test_a_policy_scales_its_inputs_and_outputs():
    observation = np.random.default_rng(1).standard_normal((6, 4))
    scaled = ((observation - np.arange(4.0)) * np.array([1.0, 2.0, 3.0, 4.0])).astype(np.float32)
    np.testing.assert_array_equal(POLICY(observation), 0.5 * NETWORK.forward(PARAMS, scaled).output + 0.5)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_policy_takes_any_leading_axes_and_keeps_the_precision_of_its_weights(shape):
    command = POLICY(np.zeros((*shape, 4)))
    assert command.shape == (*shape, 2) and command.dtype == np.float32


def test_a_saved_policy_comes_back_as_it_was(tmp_path):
    POLICY.save(tmp_path / "policy.npz")
    again = load_policy(tmp_path / "policy.npz")
    observation = np.random.default_rng(1).standard_normal((6, 4))
    np.testing.assert_array_equal(again(observation), POLICY(observation))
    assert again.network == NETWORK and again.about == {"arm": "li_todorov"}
    assert [p.name for p in tmp_path.iterdir()] == ["policy.npz"]


def test_a_wrong_observation_is_refused():
    with pytest.raises(ValueError, match=r"expected observations of shape \(..., 4\), got \(5,\)"):
        POLICY(np.zeros(5))


@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_a_policy_takes_lists_too_and_says_what_it_takes(shape):
    observation = np.random.default_rng(1).standard_normal(shape)
    np.testing.assert_array_equal(POLICY(observation.tolist()), POLICY(observation))
    for wrong in ("abcd", ["a", "b", "c", "d"], {"observation": [0.0] * 4}):
        with pytest.raises(TypeError, match="expected observations as an array or a list of numbers"):
            POLICY(wrong)


def test_a_policy_is_shown_in_a_line():
    assert repr(POLICY).startswith("Policy(MLP(sizes=(4,") and repr(POLICY).endswith("arm='li_todorov')")
    assert "\n" not in repr(POLICY) and len(repr(POLICY)) < 250


def test_a_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    POLICY.save("~/policy.npz")
    assert (tmp_path / "policy.npz").is_file() and load_policy("~/policy.npz").about == POLICY.about


def test_a_file_that_is_no_policy_is_refused(tmp_path):
    save(tmp_path / "other.npz", PARAMS, {"rule": repr(Backprop()), "optimizer": repr(SGD(0.1))})
    with pytest.raises(CheckpointError, match="expected a saved policy, got a training run"):
        load_policy(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(CheckpointError, match="not a complete armfa file"):
        load_policy(tmp_path / "text.npz")


def test_pickles_are_never_opened(tmp_path):
    np.savez(tmp_path / "evil.npz", header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CheckpointError):
        load_policy(tmp_path / "evil.npz")


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_policy(tmp_path / "none.npz")


def test_a_stack_of_networks_is_not_saved_as_one(tmp_path):
    both = stack([PARAMS, PARAMS])
    with pytest.raises(ValueError, match="expected one network, got a stack of 2"):
        POLICY._replace(params=both).save(tmp_path / "policy.npz")


def test_float32_ranges_come_back_as_they_were(tmp_path):
    policy = POLICY._replace(input_offset=np.float32([0.1, 0.2, 0.3, 0.4]), output_scale=0.3)
    policy.save(tmp_path / "policy.npz")
    observation = np.random.default_rng(1).standard_normal((50, 4)).astype(np.float32)
    np.testing.assert_array_equal(load_policy(tmp_path / "policy.npz")(observation), policy(observation))


def test_a_file_of_another_version_is_said_to_be_one(tmp_path):
    header = '{"format": 1, "settings": {}, "extra": {}}'
    np.savez(tmp_path / "old.npz", header=np.array(header), array_0=np.zeros(3))
    with pytest.raises(CheckpointError, match="expected format 3, got 1: written by another version"):
        load_policy(tmp_path / "old.npz")


CELLS = [RNN(4, 6, 2), RNN(4, 6, 2, leak="rate"), GRU(4, 6, 2)]


@pytest.mark.parametrize("cell", CELLS, ids=repr)
def test_a_saved_policy_with_memory_comes_back_bit_for_bit(cell, tmp_path):
    policy = Policy(cell, cell.init(np.random.default_rng(1)), np.arange(4.0), 0.5)
    policy.save(tmp_path / "policy.npz")
    again, state, other = load_policy(tmp_path / "policy.npz"), None, None
    assert again.network == cell
    for observation in np.random.default_rng(2).standard_normal((5, 3, 4)):
        one, state = policy.predict(observation, state)
        two, other = again.predict(observation, other)
        np.testing.assert_array_equal(one, two)


def test_episodes_that_begin_start_from_rest_and_the_others_go_on():
    policy = Policy(CELLS[0], CELLS[0].init(np.random.default_rng(1)))
    observations = np.random.default_rng(2).standard_normal((2, 3, 4))
    _, state = policy.predict(observations[0])
    found, _ = policy.predict(observations[1], state, episode_start=np.array([False, True, False]))
    np.testing.assert_array_equal(found[1], policy.predict(observations[1])[0][1])
    np.testing.assert_array_equal(found[[0, 2]], policy.predict(observations[1], state)[0][[0, 2]])
    with pytest.raises(ValueError, match=r"expected episode_start of shape \(3,\)"):
        policy.predict(observations[1], state, episode_start=True)


def test_a_policy_with_memory_runs_one_observation_after_the_other():
    policy = Policy(CELLS[2], CELLS[2].init(np.random.default_rng(1)))
    command, state = policy.predict([0.1, 0.2, 0.3, 0.4])
    assert command.shape == (2,)
    again, _ = policy.predict([0.1, 0.2, 0.3, 0.4], state, episode_start=True)
    np.testing.assert_array_equal(command, again)
    with pytest.raises(ValueError, match="expected 1 observations, as many as the memory is of, got 2"):
        policy.predict(np.zeros((2, 4)), state)


def test_a_network_without_memory_predicts_what_it_commands():
    observation = np.random.default_rng(1).standard_normal((6, 4))
    command, state = POLICY.predict(observation, None, np.ones(6, bool))
    np.testing.assert_array_equal(command, POLICY(observation))
    assert POLICY.predict(observation, state)[1] == ()


def test_numbers_of_numpy_in_what_is_kept_come_back_as_numbers(tmp_path):
    POLICY._replace(about={"dt": np.float32(0.5), "n": np.int64(3)}).save(tmp_path / "policy.npz")
    assert load_policy(tmp_path / "policy.npz").about == {"dt": 0.5, "n": 3}
