"""The body: a 2-joint planar arm with muscles, differentiable, for one arm or thousands.

The equations are in `physics`, the muscle models in `muscles`; a `Simulator` moves an arm, `quantities` looks inside.
"""

from armfa.plant.arm import Arm, ArmState, rest_state
from armfa.plant.description import make_arm
from armfa.plant.kinematics import elbow_position, hand_position, hand_velocity, inverse_kinematics, jacobian
from armfa.plant.limits import JointLimits
from armfa.plant.optimum import best_excitation, minimum_norm_excitation
from armfa.plant.presets import PRESETS
from armfa.plant.quantities import (
    Inside,
    activation_rate,
    coriolis,
    gravity_torque,
    hand_force,
    inertia,
    inside,
    joint_acceleration,
    joint_torque,
    kinetic_energy,
    moment_arm,
    muscle_force,
    muscle_length,
    muscle_torque,
    muscle_velocity,
    state_rate,
)
from armfa.plant.simulator import Loads, Simulator
from armfa.plant.skeleton import Skeleton

__all__ = [
    "PRESETS",
    "Arm",
    "ArmState",
    "Inside",
    "JointLimits",
    "Loads",
    "Simulator",
    "Skeleton",
    "activation_rate",
    "best_excitation",
    "coriolis",
    "elbow_position",
    "gravity_torque",
    "hand_force",
    "hand_position",
    "hand_velocity",
    "inertia",
    "inside",
    "inverse_kinematics",
    "jacobian",
    "joint_acceleration",
    "joint_torque",
    "kinetic_energy",
    "make_arm",
    "minimum_norm_excitation",
    "moment_arm",
    "muscle_force",
    "muscle_length",
    "muscle_torque",
    "muscle_velocity",
    "rest_state",
    "state_rate",
]
