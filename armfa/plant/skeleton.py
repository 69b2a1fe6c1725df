"""Two links in the horizontal plane: constants and the lumped inertia parameters."""

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Skeleton:
    """Masses, lengths and friction of upper arm and forearm (with hand).

    Angles: shoulder from the x axis, elbow relative to the upper arm, flexion positive.
    Publications print `inertia` about the proximal joint or about the centre of mass; `inertia_about` says which.
    """

    mass: tuple[float, float]  # kg
    length: tuple[float, float]  # m
    center_of_mass: tuple[float, float]  # m, from the proximal joint
    inertia: tuple[float, float]  # kg m^2
    inertia_about: Literal["joint", "center_of_mass"]
    friction: tuple[tuple[float, float], tuple[float, float]]  # N m s/rad, torque = -friction @ joint velocity

    def __post_init__(self):
        if self.inertia_about not in ("joint", "center_of_mass"):
            raise ValueError(f"inertia_about: expected 'joint' or 'center_of_mass', got {self.inertia_about!r}")
        a1, a2, a3 = self.lumped_inertia
        if not (a3 > 0 and a3 * (a1 - a3) > a2 * a2):
            raise ValueError(
                f"these masses and inertias give an inertia matrix that is not positive definite ({a1:.3g}, {a2:.3g}, "
                f"{a3:.3g} kg m^2); check the units and inertia_about={self.inertia_about!r}"
            )

    @property
    def lumped_inertia(self) -> tuple[float, float, float]:
        """a1, a2, a3 in kg m^2: M = [[a1 + 2 a2 cos q2, a3 + a2 cos q2], [a3 + a2 cos q2, a3]].

        About the joint: a1 = I1 + I2 + m2 l1^2, a3 = I2. About the centre of mass: each I gains m s^2.
        """
        (m1, m2), (l1, _), (s1, s2), (i1, i2) = self.mass, self.length, self.center_of_mass, self.inertia
        if self.inertia_about == "center_of_mass":
            i1, i2 = i1 + m1 * s1 * s1, i2 + m2 * s2 * s2
        return i1 + i2 + m2 * l1 * l1, m2 * l1 * s2, i2
