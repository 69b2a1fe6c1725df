"""The arm's constants, and the state of one arm or of many."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import Activation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms, LinearMomentArms
from armfa.plant.muscles.linear import ForceGenerator, SpringDamper
from armfa.plant.muscles.thelen import Thelen
from armfa.plant.skeleton import Skeleton

Geometry = ConstantMomentArms | CosineMomentArms | LinearMomentArms
Curves = BrownLoeb | DeGroote | Thelen | SpringDamper | ForceGenerator


class ArmState(NamedTuple):
    """What the arm remembers from one step to the next; any leading axes are arms."""

    joint_angle: Array  # (..., 2) rad: shoulder, elbow; flexion positive
    joint_velocity: Array  # (..., 2) rad/s
    activation: Array  # (..., n) in [0, 1]; with static muscles, the excitation last applied


@dataclasses.dataclass(frozen=True)
class Arm:
    """The constants of an arm: skeleton, muscles, limits. Change a part with `dataclasses.replace`."""

    name: str
    skeleton: Skeleton
    geometry: Geometry
    curves: Curves
    max_force: tuple[float, ...]  # N, per muscle (N m where the "muscle" is a torque motor)
    muscle_names: tuple[str, ...]
    activation_dynamics: Activation | None  # None: static muscles, activation = excitation
    limits: JointLimits | None
    joint_range: tuple[tuple[float, float], tuple[float, float]]  # rad, where tasks place the arm: inside the limits
    center_posture: tuple[float, float]  # rad
    excitation_range: tuple[float, float] = (0.0, 1.0)
    published_with_euler: bool = False  # with explicit Euler and activation dynamics, so that trajectories compare

    def __post_init__(self):
        n = len(self.muscle_names)
        sizes = {"max_force": self.max_force, "geometry": self.geometry.reference_length}
        for name, values in sizes.items():
            if len(values) != n:
                raise ValueError(f"{name}: expected {n} values, one per muscle, got {len(values)}")
        object.__setattr__(self, "_bodies", {})

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_bodies": {}}  # array forms are made again where the arm arrives

    @property
    def n_muscles(self) -> int:
        """Number of muscles, the length of an excitation."""
        return len(self.muscle_names)

    @property
    def stops(self) -> tuple[tuple[float, float], ...]:
        """Where each joint stops, rad: its soft limits, or `joint_range` where it has none."""
        return self.joint_range if self.limits is None else tuple(zip(self.limits.lower, self.limits.upper))

    @property
    def link_lengths(self) -> tuple[float, float]:
        """Upper arm, forearm with hand, m."""
        return self.skeleton.length

    @property
    def reach(self) -> float:
        """Distance of the hand from the shoulder with the arm straight, m."""
        return sum(self.skeleton.length)


def rest_state(arm: Arm, joint_angle: Array | None = None, *, dtype: Any = None, xp: Any = np) -> ArmState:
    """The arm at rest with silent muscles.

    joint_angle : Array (..., 2), rad; the centre posture where None. Its leading axes are the arms.
    dtype, xp : of the arrays made; taken from `joint_angle` where that is an array. Default float64 NumPy.
    """
    if joint_angle is None:
        joint_angle = arm.center_posture
    if hasattr(joint_angle, "dtype"):
        xp = namespace(joint_angle)
        dtype = joint_angle.dtype if dtype is None else dtype
    q = xp.asarray(joint_angle, dtype=xp.float64 if dtype is None else dtype)
    if q.ndim == 0 or q.shape[-1] != 2:
        raise ValueError(f"expected joint_angle of shape (..., 2), got {tuple(q.shape)}")
    return ArmState(q, xp.zeros_like(q), xp.zeros((*q.shape[:-1], arm.n_muscles), dtype=q.dtype))
