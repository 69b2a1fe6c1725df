"""What the arm is asked to do: starts, goals, observation, cost, success. Batch-first, no Gymnasium."""

from armfa.tasks.center_out import center_out_targets
from armfa.tasks.hand_velocity import HandVelocity
from armfa.tasks.postures import random_posture
from armfa.tasks.reach import Reach
from armfa.tasks.task import Moment, Task, Trial
from armfa.tasks.velocity_commands import minimum_jerk, velocity_toward

TASKS: dict[str, type[Task]] = {"HandVelocity": HandVelocity, "Reach": Reach}
"""Every task, by the name of its environment."""

__all__ = [
    "TASKS",
    "HandVelocity",
    "Moment",
    "Reach",
    "Task",
    "Trial",
    "center_out_targets",
    "minimum_jerk",
    "random_posture",
    "velocity_toward",
]
