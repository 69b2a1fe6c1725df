"""The body: a 2-joint planar arm with muscles, differentiable, for one arm or thousands.

The physics part by part is in `mechanics` and `muscle_state`; the muscle models are in `muscles`.
"""

from armfa.plant.arm import Arm, ArmState, rest_state
from armfa.plant.kinematics import elbow_position, hand_position, hand_velocity, inverse_kinematics, jacobian
from armfa.plant.limits import JointLimits
from armfa.plant.linearize import hand_velocity_jacobian, hand_velocity_vjp, linearize
from armfa.plant.mechanics import (
    coriolis,
    inertia,
    joint_acceleration,
    joint_torque,
    kinetic_energy,
    muscle_torque,
    state_rate,
)
from armfa.plant.muscle_state import activation_rate, moment_arm, muscle_force, muscle_length, muscle_velocity
from armfa.plant.optimum import best_excitation, minimum_norm_excitation
from armfa.plant.presets import PRESETS, make_arm
from armfa.plant.skeleton import Skeleton
from armfa.plant.step import rollout, step, step_vjp

__all__ = [
    "PRESETS",
    "Arm",
    "ArmState",
    "JointLimits",
    "Skeleton",
    "activation_rate",
    "best_excitation",
    "coriolis",
    "elbow_position",
    "hand_position",
    "hand_velocity",
    "hand_velocity_jacobian",
    "hand_velocity_vjp",
    "inertia",
    "inverse_kinematics",
    "jacobian",
    "joint_acceleration",
    "joint_torque",
    "kinetic_energy",
    "linearize",
    "make_arm",
    "minimum_norm_excitation",
    "moment_arm",
    "muscle_force",
    "muscle_length",
    "muscle_torque",
    "muscle_velocity",
    "rest_state",
    "rollout",
    "state_rate",
    "step",
    "step_vjp",
]
