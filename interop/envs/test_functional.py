"""The functional environments of JAX beside those of Gymnasium, number for number, and their gradients."""

import gymnasium as gym
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import armfa
from armfa.envs import functional
from armfa.plant import ArmState

jax.config.update("jax_enable_x64", True)
gym.register_envs(armfa)


@pytest.fixture(autouse=True, scope="module")
def uncompiled(quick_jax):
    """What NumPy gives beside JAX comes from the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


NOISY = {"motor_noise": 0.2, "sensory_noise": {"hand": 0.01}, "visual_delay": 0.03, "proprioceptive_delay": 0.02}
SETTINGS = {
    "Reach": NOISY,
    "CenterOut": {"rotation": 30.0},
    "ViaPoint": {},
    "PostureHold": {"activation": "first_order"},
    "Ellipse": {"hold_action": 2},
    "Ballistic": {"action_range": "excitation"},
    "VelocityTracking": {"observation": "si"},
    "IsometricForce": {},
    "HandVelocity": {"hold": 7},
}
STEPS, LIMIT = 45, 18


class Drawn:
    """A generator that has JAX's numbers: those of the first episode's key, then of each step's."""

    def __init__(self, world, first, steps):
        self.world, self.trials, self.normals, self.goals = world, [], [], []
        for number, key in enumerate([first, *steps]):
            step, reset = jax.random.split(key)
            if number == 0:
                reset = key
            else:
                noise, goal = jax.random.split(step)
                self.normals.append(jax.random.normal(noise, (world.normals,)))
                self.goals.append(jax.random.uniform(goal, (world.task.goal_draws(world.arm),)))
            trial, noise = jax.random.split(reset)
            self.trials.append((jax.random.uniform(trial, (world.draws,)), jax.random.normal(noise, (world.normals,))))
        self.step = 0

    def random(self, shape):
        if shape == (1, self.world.draws):
            return np.array(self.trials[self.step][0])[None]
        hold, first = self.world.task.hold, self.step
        rows = [self.goals[t] for t in range(first, len(self.goals), hold)]
        return np.array([*rows, *[np.zeros(shape[1])] * (shape[0] - len(rows))])

    def spawn(self, count):
        return [self] * count

    def standard_normal(self, out):
        """Of a start, then of each step; no episode ends before its limit."""
        numbers = []
        for step, normal in enumerate(self.normals):
            numbers += [self.trials[step][1], normal] if step % LIMIT == 0 else [normal]
        out[: len(numbers)] = numbers


def beside(name, settings):
    """Both forms of an environment, where they begin, and the keys and actions of their steps."""
    env, params = functional.make(name, max_episode_steps=LIMIT, **settings)
    reference = gym.make(f"armfa/{name}-v0", max_episode_steps=LIMIT, **settings)
    first, *keys = jax.random.split(jax.random.key(3), STEPS + 1)
    drawn = Drawn(env.door.world, first, keys)
    reference.unwrapped._np_random = drawn
    low, high = env.door.low, env.door.high
    actions = np.random.default_rng(0).uniform(low - 0.2, high + 0.2, (STEPS, 6))
    return env, params, reference, drawn, first, keys, actions


def assert_step(found, expected):
    """Observations are float32 here and there; a number near 0 may be another in its last bits."""
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("name", "settings"), SETTINGS.items(), ids=SETTINGS)
def test_every_task_gives_the_numbers_of_gymnasiums_environment(name, settings):
    env, params, reference, drawn, first, keys, actions = beside(name, settings)
    seen, state = env.reset(first, params)
    assert_step(seen, reference.reset()[0])
    for number, (key, action) in enumerate(zip(keys, actions)):
        seen, state, reward, terminated, truncated, info = env.step(key, state, action, params)
        drawn.step = number
        expected, expected_reward, *ends, told = reference.step(action)
        assert [bool(terminated), bool(truncated)] == ends
        np.testing.assert_allclose(reward, expected_reward, rtol=1e-9, atol=1e-12)
        assert_step(info.pop("final_observation"), expected)
        for name, value in info.items():
            np.testing.assert_allclose(value, told[name], rtol=1e-9, atol=1e-12)
        if any(ends):
            drawn.step = number + 1
            expected, _ = reference.reset()
        assert_step(seen, expected)
    assert number + 1 == STEPS


def test_goal_observations_have_the_keys_of_the_space_and_the_reward_that_they_compute():
    env, params = functional.make("Reach", goal_observation=True)
    seen, state = env.reset(jax.random.key(0), params)
    assert seen.keys() == env.observation_space(params).keys() == env.door.observation_space.keys()
    seen, _, reward, *_ = env.step(jax.random.key(1), state, 0.3 * np.ones(6), params)
    assert env.door.compute_reward(seen["achieved_goal"], seen["desired_goal"]) == pytest.approx(
        float(reward), rel=1e-9
    )


def episodes(env, params, keys, actions, state):
    """Rewards of steps in a scan, and where they end."""

    def one(state, given):
        _, state, reward, terminated, truncated, _ = env.step(*given[:1], state, *given[1:], params)
        return state, (reward, terminated | truncated)

    return jax.lax.scan(one, state, (keys, actions))[1]


def test_many_arms_in_a_scan_are_each_of_them_alone():
    env, params = functional.make("Reach", max_episode_steps=5)
    starts = jax.vmap(env.reset, (0, None))(jax.random.split(jax.random.key(0), 3), params)[1]
    keys = jax.random.split(jax.random.key(1), (12, 3))
    actions = np.random.default_rng(0).uniform(-1, 1, (12, 3, 6))
    many = jax.vmap(lambda *given: episodes(env, params, *given), (1, 1, 0), 1)
    rewards, ends = many(keys, actions, starts)
    alone = episodes(env, params, keys[:, 1], actions[:, 1], jax.tree.map(lambda x: x[1], starts))
    np.testing.assert_allclose(rewards[:, 1], alone[0], rtol=1e-9)
    assert ends.sum() == 6


def test_a_scan_is_of_single_precision_where_jax_is():
    with jax.enable_x64(False):
        env, params = functional.make("Reach", **NOISY)
        _, state = jax.eval_shape(env.reset, jax.random.key(0), params)
        keys, actions = jax.random.split(jax.random.key(1), 4), jnp.zeros((4, 6))
        rewards, _ = jax.eval_shape(lambda *given: episodes(env, params, *given), keys, actions, state)
    assert rewards.dtype == np.float32


def test_parameters_may_be_mapped_over():
    env, _ = functional.make("Reach", field="curl")
    params = functional.EnvParams(jnp.array([1, 50]), jnp.array([0.0, 1.0]))
    state = jax.vmap(env.reset, (None, 0))(jax.random.key(0), params)[1]
    _, after, _, _, truncated, _ = jax.vmap(env.step, (None, 0, None, 0))(jax.random.key(1), state, np.ones(6), params)
    assert truncated.tolist() == [True, False] and after.moment.trial.condition.tolist() == [0.0, 1.0]


def test_the_gradient_of_a_step_is_the_derived_one():
    env, params = functional.make("PostureHold", activation="first_order")
    world, key = env.door.world, jax.random.key(2)
    _, state = env.reset(key, params)
    action, bars = np.random.default_rng(0).uniform(-0.9, 0.9, 6), ArmState(np.ones(2), 0.5 * np.ones(2), np.ones(6))

    def scalar(arm, action):
        _, after, reward, *_ = env.step(key, state._replace(moment=state.moment._replace(arm=arm)), action, params)
        return sum((x * bar).sum() for x, bar in zip(after.moment.arm, bars)) - reward

    by_arm, by_action = jax.grad(scalar, (0, 1))(state.moment.arm, action)
    moment = jax.tree.map(np.asarray, state.moment)
    _, _, back = world.step_vjp(moment, env.door.excitation(action))
    expected_arm, by_excitation = back(bars, np.ones(()))
    np.testing.assert_allclose(by_action, 0.5 * by_excitation, rtol=1e-9, atol=1e-12)
    for one, other in zip(by_arm, expected_arm):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def slope():
    """Of a sum of rewards by the actions, over two episodes of five steps, for these actions."""
    env, params = functional.make("Reach", max_episode_steps=5)
    _, state = env.reset(jax.random.key(0), params)
    keys = jax.random.split(jax.random.key(1), 10)
    return jax.jit(jax.jacobian(lambda actions: episodes(env, params, keys, actions, state)[0]))


def test_an_action_beyond_its_range_has_no_derivative_and_one_at_the_bound_has_that_of_the_inside(slope):
    actions = 0.2 * np.ones((10, 6))
    actions[0, :3] = 1.2, 1.0, 1.0 - 1e-12
    found = slope(actions)[4, 0]
    assert found[0] == 0.0 and found[1] != 0.0
    np.testing.assert_allclose(found[1:3], slope(actions - 1e-9 * (actions == 1.0))[4, 0, 1:3], rtol=1e-6)


def test_no_derivative_goes_through_the_end_of_an_episode(slope):
    by = slope(0.2 * np.ones((10, 6)))  # (rewards, actions, 6)
    assert (by[5:, :5] == 0.0).all() and (by[4, :5] != 0.0).any() and (by[9, 5:] != 0.0).any()


def test_spaces_are_gymnasiums_and_hold_what_they_sample():
    env, params = functional.make("CenterOut")
    reference = gym.make("armfa/CenterOut-v0")
    for mine, other in (
        (env.action_space(params), reference.action_space),
        (env.observation_space(params), reference.observation_space),
    ):
        np.testing.assert_array_equal(mine.low, other.low)
        np.testing.assert_array_equal(mine.high, other.high)
        assert mine.contains(mine.sample(jax.random.key(0))) and not mine.contains(mine.high + 1.0)
    assert (env.name, env.num_actions, params.max_steps_in_episode) == ("CenterOut", 6, 200)


def test_parameters_are_replaced_as_gymnax_does_it():
    _, params = functional.make("Reach")
    assert params.replace(max_steps_in_episode=7) == functional.EnvParams(7, params.condition)


def test_what_cannot_be_is_refused_with_what_can():
    with pytest.raises(ValueError, match=r"expected a name out of .*armfa/Reach-v0.*, got 'Reech'"):
        functional.make("Reech")
    with pytest.raises(TypeError, match=r"expected settings among .*argument 'colour'"):
        functional.make("Reach", colour="red")
    with pytest.raises(ValueError, match="max_episode_steps as a whole number of at least 1, got 0"):
        functional.make("Reach", max_episode_steps=0)
    with pytest.raises(ValueError, match="expected no schedule"):
        functional.make("Reach", schedule={"phases": [(3, 1.0)]})
