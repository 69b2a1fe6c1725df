"""The environments of every task: one arm, and many."""

from armfa.envs.env import ArmEnv
from armfa.envs.vector import ArmVectorEnv
from armfa.tasks import HandVelocity, Reach


class HandVelocityEnv(ArmEnv):
    """Give the hand a desired velocity that changes every 100 ms: the task of the 2014 abstract.

    Action: Box [0, 1] (6,), muscle excitations, or [-1, 1] with action_range="symmetric"; clipped.
    Observation: Box float32 (6,): joint angle (2) rad, joint velocity (2) rad/s, desired hand velocity (2) m/s; with
    activation="first_order" muscle activation (6) stands before the last.
    Angles and speeds are clipped in the observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -|v - v*|^2, with the desired velocity that was seen before the step. Never terminated; truncated after 100
    steps. info: "velocity_error", |v - v*| (m/s).
    """

    task = HandVelocity


class ReachEnv(ArmEnv):
    """Bring the hand from a random posture to a random target and hold it there for 100 ms.

    Action: Box [0, 1] (6,), muscle excitations, or [-1, 1] with action_range="symmetric"; clipped.
    Observation: Box float32 (8,): joint angle (2) rad, joint velocity (2) rad/s, hand (2) m, target (2) m; with
    activation="first_order" muscle activation (6) stands before the target. Angles and speeds are clipped in the
    observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -|hand - target| (m) - effort * mean(excitation^2), or sparse: 0 on target, else -1.
    Terminated: hand within 1 cm and slower than 5 cm/s for 100 ms without a break. Truncated: after 200 steps.
    info: "distance" (m), "is_success".
    """

    task = Reach


class HandVelocityVectorEnv(ArmVectorEnv):
    """Many arms of `HandVelocityEnv`, stepped as one array program."""

    task, default_limit = HandVelocity, 100


class ReachVectorEnv(ArmVectorEnv):
    """Many arms of `ReachEnv`, stepped as one array program."""

    task, default_limit = Reach, 200
