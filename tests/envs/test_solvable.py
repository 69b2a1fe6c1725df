"""A controller that knows the plant solves both tasks: the thresholds can be reached, and only by controlling."""

import gymnasium as gym
import numpy as np
import pytest

import armfa
from armfa.plant import hand_position, hand_velocity
from armfa.tasks import velocity_toward

gym.register_envs(armfa)


def excitation_for(simulator, state, desired):
    """Excitations whose next hand velocity is the desired one, as far as muscles allow: projected Gauss-Newton."""
    u = np.full(state.activation.shape, 0.3)
    for _ in range(10):
        after = simulator.step(state, u)
        miss = desired - hand_velocity(simulator.arm, after.joint_angle, after.joint_velocity)
        jacobian = simulator.hand_velocity_jacobian(state, u)
        gram = np.einsum("nij,nkj->nik", jacobian, jacobian) + 1e-6 * np.eye(2)
        change = np.einsum("nij,ni->nj", jacobian, np.linalg.solve(gram, miss[..., None])[..., 0])
        u = np.clip(u + change, 0.0, 1.0)
    return u


def mean_return(name, controller, n=64):
    env = gym.make_vec(name, n, autoreset_mode="SameStep", action_range="excitation")
    env.reset(seed=0)
    total, running, success = np.zeros(n), np.ones(n, np.bool_), np.zeros(n, np.bool_)
    for _ in range(env.spec.max_episode_steps):
        _, reward, terminated, truncated, _ = env.step(controller(env))
        total += reward * running
        success |= terminated & running
        running &= ~(terminated | truncated)
    return total.mean(), success.mean(), env.spec.reward_threshold


def follow(env):
    return excitation_for(env.world.simulator, env.moment.arm, env.world.task.goal(env.world.simulator, env.moment))


def reach(env):
    state, goal = env.moment.arm, env.world.task.goal(env.world.simulator, env.moment)
    hand = hand_position(env.world.arm, state.joint_angle)
    return excitation_for(env.world.simulator, state, velocity_toward(goal, hand, gain=20.0, max_speed=1.0))


def park(env):
    """2 cm beside the target."""
    state, goal = env.moment.arm, env.world.task.goal(env.world.simulator, env.moment) + np.array([0.02, 0.0])
    hand = hand_position(env.world.arm, state.joint_angle)
    return excitation_for(env.world.simulator, state, velocity_toward(goal, hand, gain=20.0, max_speed=1.0))


@pytest.mark.parametrize(("name", "controller"), [("armfa/HandVelocity-v0", follow), ("armfa/Reach-v0", reach)])
def test_an_oracle_passes_the_reward_threshold_and_silence_does_not(name, controller):
    solved, success, threshold = mean_return(name, controller)
    silent, _, _ = mean_return(name, lambda env: np.zeros(env.action_space.shape))
    assert solved > threshold > 0.5 * silent
    assert success > 0.95 or name == "armfa/HandVelocity-v0"


def test_waiting_beside_the_target_does_not_pass_the_threshold():
    beside, success, threshold = mean_return("armfa/Reach-v0", park)
    assert beside < 1.5 * threshold and success == 0.0
