"""What the arm is asked to do: starts, goals, observation, cost, success. Batch-first, no Gymnasium."""

from armfa.tasks.ballistic import Ballistic
from armfa.tasks.center_out import CenterOut, center_out_targets
from armfa.tasks.ellipse import Ellipse
from armfa.tasks.hand import HandTask, Holding, VelocityTask
from armfa.tasks.hand_velocity import HandVelocity
from armfa.tasks.isometric_force import IsometricForce
from armfa.tasks.posture_hold import PostureHold
from armfa.tasks.postures import center_posture, random_posture
from armfa.tasks.reach import Reach
from armfa.tasks.task import NEVER, Moment, Task, Trial
from armfa.tasks.velocity_commands import minimum_jerk, velocity_toward
from armfa.tasks.velocity_tracking import VelocityTracking
from armfa.tasks.via_point import ViaPoint

TASKS: dict[str, type[Task]] = {
    task.__name__: task
    for task in (
        HandVelocity,
        Reach,
        CenterOut,
        ViaPoint,
        PostureHold,
        Ellipse,
        Ballistic,
        VelocityTracking,
        IsometricForce,
    )
}
"""Every task, by the name of its environment."""

__all__ = [
    "NEVER",
    "TASKS",
    "Ballistic",
    "CenterOut",
    "Ellipse",
    "HandTask",
    "HandVelocity",
    "Holding",
    "IsometricForce",
    "Moment",
    "PostureHold",
    "Reach",
    "Task",
    "Trial",
    "VelocityTask",
    "VelocityTracking",
    "ViaPoint",
    "center_out_targets",
    "center_posture",
    "minimum_jerk",
    "random_posture",
    "velocity_toward",
]
