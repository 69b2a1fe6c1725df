"""The body: a 2-joint planar arm with muscles, differentiable, for one arm or thousands."""

from armfa.plant.arm import Arm, ArmState, rest_state
from armfa.plant.kinematics import elbow_position, hand_position, hand_velocity, inverse_kinematics, jacobian
from armfa.plant.linearize import hand_velocity_jacobian, hand_velocity_vjp, linearize
from armfa.plant.optimum import best_excitation, minimum_norm_excitation
from armfa.plant.presets import PRESETS, make_arm
from armfa.plant.step import rollout, step, step_vjp

__all__ = [
    "PRESETS", "Arm", "ArmState", "best_excitation", "elbow_position", "hand_position", "hand_velocity", "hand_velocity_jacobian",
    "hand_velocity_vjp", "inverse_kinematics", "jacobian",
    "linearize", "make_arm", "minimum_norm_excitation", "rest_state", "rollout", "step", "step_vjp",
]  # fmt: skip
