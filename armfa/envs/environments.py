"""The environments of every task: one arm, and many."""

from armfa.envs.env import ArmEnv
from armfa.envs.vector import ArmVectorEnv
from armfa.tasks import HandVelocity, Reach


class HandVelocityEnv(ArmEnv):
    """Give the hand a desired velocity that changes every 100 ms: the task of the 2014 abstract.

    Action: Box [-1, 1] (6,), muscle excitations from 0 to 1, or [0, 1] with action_range="excitation"; clipped.
    Observation: Box float32 (6,): joint angle (2) in rad, joint velocity (2) in 4 rad/s, desired hand velocity (2) in
    m/s; with activation="first_order" muscle activation (6) stands before the last. observation="si": rad/s.
    Angles and speeds are clipped in the observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -|v - v*|^2, with the desired velocity that was seen before the step. Never terminated; truncated after 100
    steps. info: "velocity_error", |v - v*| (m/s).
    """

    task = HandVelocity


class ReachEnv(ArmEnv):
    """Bring the hand from a random posture to a random target and hold it there for 100 ms.

    Action: Box [-1, 1] (6,), muscle excitations from 0 to 1, or [0, 1] with action_range="excitation"; clipped.
    Observation: Box float32 (8,): joint angle (2) in rad, joint velocity (2) in 4 rad/s, hand (2) and target (2) in
    0.25 m; with activation="first_order" muscle activation (6) stands before the target. observation="si": rad/s, m.
    Angles and speeds are clipped in the observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -d / (d + 5 cm) - effort * mean(excitation^2), with d = |hand - target|; or "distance", "sparse".
    Terminated: hand within 1 cm and slower than 20 cm/s for 100 ms without a break. Truncated: after 200 steps.
    info: "distance" (m), "is_success".
    """

    task = Reach


class HandVelocityVectorEnv(ArmVectorEnv):
    """Many arms of `HandVelocityEnv`, stepped as one array program."""

    task, default_limit = HandVelocity, 100


class ReachVectorEnv(ArmVectorEnv):
    """Many arms of `ReachEnv`, stepped as one array program."""

    task, default_limit = Reach, 200
