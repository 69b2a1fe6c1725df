"""What the arm is asked to do: starts, goals, observation, reward, success. Batch-first, no Gymnasium."""

from armfa.tasks.center_out import center_out_targets
from armfa.tasks.hand_velocity import HandVelocity
from armfa.tasks.postures import random_posture
from armfa.tasks.reach import Reach
from armfa.tasks.task import Task
from armfa.tasks.velocity_commands import minimum_jerk, velocity_toward

__all__ = [
    "HandVelocity",
    "Reach",
    "Task",
    "center_out_targets",
    "minimum_jerk",
    "random_posture",
    "velocity_toward",
]
