"""The arm's constants, and the state of one arm or of many."""

import dataclasses
from typing import Annotated, Any, NamedTuple

import numpy as np

from armfa.arrays import Array, device, namespace
from armfa.compiled.graph import Vector
from armfa.plant.constants import (
    Constants,
    Pair,
    PerMuscle,
    angle,
    fields_of,
    muscle_counts,
    not_negative,
    number,
    plain,
)
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import Activation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms, LinearMomentArms, PolynomialMomentArms
from armfa.plant.muscles.linear import ForceGenerator, SpringDamper
from armfa.plant.muscles.thelen import Thelen
from armfa.plant.skeleton import Skeleton
from armfa.plant.toml import written

Geometry = ConstantMomentArms | CosineMomentArms | LinearMomentArms | PolynomialMomentArms
Curves = BrownLoeb | DeGroote | Thelen | SpringDamper | ForceGenerator
PARTS_NEED = {
    "skeleton": (("length", "lumped_inertia", "friction"), False),
    "geometry": (("length", "moment_arms", "reference_length"), False),
    "curves": (("tension", "proportional"), False),
    "activation_dynamics": (("rate", "after"), True),
    "limits": (("lower", "upper", "torque"), True),
}
"""What each part of an arm has, and whether an arm may do without it."""


class ArmState(NamedTuple):
    """What the arm remembers from one step to the next; any leading axes are arms."""

    joint_angle: Array  # (..., 2) rad: shoulder, elbow; flexion positive
    joint_velocity: Array  # (..., 2) rad/s
    activation: Array  # (..., n) in [0, 1]; with static muscles, the excitation last applied


@dataclasses.dataclass(frozen=True)
class Arm(Constants):
    """The constants of an arm: skeleton, muscles, limits. Change a part with `dataclasses.replace`.

    Parameters
    ----------
    name : str
        Under which it is told.
    skeleton : Skeleton
        The two links.
    geometry : Geometry
        Where the muscles run: anything with `length`, `moment_arms` and `reference_length`.
    curves : Curves
        How they pull: anything with `tension(l, v, a)` and `proportional`. A muscle of one's own is a frozen
        dataclass of numbers with these, written with the functions of `armfa.arrays`.
    max_force : tuple of float
        N, one per muscle; N m where the "muscle" is a torque motor.
    muscle_names : tuple[str, ...]
        One per muscle, in the order of excitations.
    activation_dynamics : Activation or None
        Anything with `rate(a, u)` and `after(a, u, time)`; None are static muscles, activation = excitation.
    limits : JointLimits or None
        Soft stops of the joints.
    joint_range : pair of pairs
        rad; where tasks place the arm, inside the limits.
    center_posture : pair
        rad.
    excitation_range : pair
        Least and greatest command.
    published_with_euler : bool
        True allows explicit Euler with activation dynamics, as in the publication.

    Raises
    ------
    ValueError
        For parts that do not fit together: another number of muscles, a range or a posture outside the stops.
    """

    name: str
    skeleton: Skeleton
    geometry: Geometry
    curves: Curves
    max_force: Annotated[PerMuscle, not_negative("N")]  # N m where the "muscle" is a torque motor
    muscle_names: tuple[str, ...]
    activation_dynamics: Activation | None
    limits: JointLimits | None
    joint_range: Annotated[tuple[Pair, Pair], angle()]
    center_posture: Annotated[Pair, angle()]
    excitation_range: Annotated[Pair, number()] = (0.0, 1.0)
    published_with_euler: bool = False

    def __post_init__(self) -> None:
        """Refuses parts that do not fit together."""
        for part, (needs, optional) in PARTS_NEED.items():
            value = getattr(self, part)
            if not (optional and value is None) and not all(hasattr(value, name) for name in needs):
                what = f"a part with {', '.join(needs)}{' or None' if optional else ''}"
                raise ValueError(f"Arm.{part}: expected {what}, got {value!r}")
        names: Any = self.muscle_names
        if not isinstance(names, tuple | list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError(f"Arm.muscle_names: expected a list of names, one per muscle, got {names!r}")
        object.__setattr__(self, "muscle_names", tuple(names))
        super().__post_init__()
        if not self.name or not isinstance(self.name, str):
            raise ValueError(f"Arm.name: expected a name, got {self.name!r}")
        if not isinstance(self.published_with_euler, bool):
            raise ValueError(f"Arm.published_with_euler: expected True or False, got {self.published_with_euler!r}")
        for part, n in per_muscle_sizes(self).items():
            if n != self.n_muscles:
                raise ValueError(f"{part}: expected {self.n_muscles} values, one per muscle, got {n}")
        if not plain(self.stops, self.joint_range, self.center_posture, self.excitation_range):
            return
        if not self.excitation_range[0] < self.excitation_range[1]:
            raise ValueError(f"Arm.excitation_range: expected low < high, got {self.excitation_range}")
        for (low, high), (least, most), center in zip(self.joint_range, self.stops, self.center_posture):
            if not (low < high and least <= low and high <= most):
                raise ValueError(
                    f"Arm.joint_range: expected low < high within the stops {self.stops}, rad, got {self.joint_range}"
                )
            if not least <= center <= most:
                raise ValueError(f"Arm.center_posture: expected it within the stops {self.stops}, rad, got {center}")

    def to_toml(self) -> str:
        """The text of a file that `make_arm` reads back to this arm, bit for bit; each constant's unit beside it."""
        return written(self)

    @property
    def n_muscles(self) -> int:
        """Number of muscles, the length of an excitation."""
        return len(self.muscle_names)

    @property
    def stops(self) -> tuple[Pair, ...]:
        """Where each joint stops, rad: its soft limits, or `joint_range` where it has none."""
        return self.joint_range if self.limits is None else tuple(zip(self.limits.lower, self.limits.upper))

    @property
    def link_lengths(self) -> Pair:
        """Upper arm, forearm with hand, m."""
        return self.skeleton.length

    @property
    def reach(self) -> float:
        """Distance of the hand from the shoulder with the arm straight, m."""
        return sum(self.skeleton.length)


def per_muscle_sizes(part: Any, name: str = "Arm") -> dict[str, int]:
    """How many muscles each field with one value per muscle is for, by its name, over all parts of an arm."""
    sizes: dict[str, int] = {}
    for field in dataclasses.fields(part):
        value, kinds = getattr(part, field.name), fields_of(type(part))
        if field.name in kinds:
            sizes |= muscle_counts(kinds[field.name][0], value, f"{name}.{field.name}")
        elif dataclasses.is_dataclass(value):
            sizes |= per_muscle_sizes(value, type(value).__name__)
    return sizes


def rest_state(arm: Arm, joint_angle: Array | None = None, *, dtype: Any = None, xp: Any = np) -> ArmState:
    """The arm at rest with silent muscles.

    Parameters
    ----------
    arm : Arm
        Its constants.
    joint_angle : Array (..., 2), optional
        rad; the centre posture where None. Its leading axes are the arms.
    dtype : dtype, optional
        Of the arrays made; taken from `joint_angle` where that is an array. Default float64.
    xp : module
        Array library; taken from `joint_angle` where that is an array. Default NumPy.

    Returns
    -------
    ArmState
        Leaves (..., 2), (..., 2) and (..., n).

    Raises
    ------
    ValueError
        For angles of another shape.
    """
    if isinstance(joint_angle, Vector):
        one: Any = joint_angle[..., 0]
        return ArmState(joint_angle, Vector((0.0 * one,) * 2), one.graph.number(0.0, wide=True))
    if joint_angle is None:
        joint_angle = arm.center_posture
    if joint_angle is not None and hasattr(joint_angle, "dtype"):
        xp = namespace(joint_angle)
        dtype = joint_angle.dtype if dtype is None else dtype
    q = xp.asarray(joint_angle, dtype=xp.float64 if dtype is None else dtype)
    if q.ndim == 0 or q.shape[-1] != 2:
        raise ValueError(f"expected joint_angle of shape (..., 2), got {tuple(q.shape)}")
    activation = xp.zeros((*q.shape[:-1], arm.n_muscles), dtype=q.dtype, device=device(q))
    return ArmState(q, xp.zeros_like(q), activation)
