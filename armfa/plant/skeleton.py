"""Two links in a plane: constants and the lumped inertia parameters."""

import dataclasses
from typing import Annotated, Literal

from armfa.plant.constants import Constants, Matrix, Pair, not_negative, number, plain, positive


@dataclasses.dataclass(frozen=True)
class Skeleton(Constants):
    """Masses, lengths and friction of upper arm and forearm (with hand).

    Angles: shoulder from the x axis, elbow relative to the upper arm, flexion positive.
    Publications print `inertia` about the proximal joint or about the centre of mass; `inertia_about` says which.

    Parameters
    ----------
    mass : pair
        kg, upper arm and forearm.
    length : pair
        m.
    center_of_mass : pair
        m from the proximal joint.
    inertia : pair
        kg m^2.
    inertia_about : str
        "joint" or "center_of_mass".
    friction : 2 x 2
        N m s/rad; torque = -friction @ joint velocity.

    Raises
    ------
    ValueError
        For masses and inertias whose inertia matrix is not positive definite, and for friction that does not take
        energy away.
    """

    mass: Annotated[Pair, positive("kg")]
    length: Annotated[Pair, positive("m")]
    center_of_mass: Annotated[Pair, not_negative("m")]  # from the proximal joint
    inertia: Annotated[Pair, positive("kg m^2")]
    inertia_about: Literal["joint", "center_of_mass"]
    friction: Annotated[Matrix, number("N m s/rad")]  # torque = -friction @ joint velocity
    gravity: Annotated[Pair | None, number("m/s^2")] = None  # along x and y of the plane; None: it is horizontal

    def __post_init__(self) -> None:
        """Refuses what cannot move as two links do."""
        super().__post_init__()
        if self.inertia_about not in ("joint", "center_of_mass"):
            raise ValueError(f"inertia_about: expected 'joint' or 'center_of_mass', got {self.inertia_about!r}")
        if not plain(self.mass, self.length, self.center_of_mass, self.inertia, self.friction):
            return
        a1, a2, a3 = self.lumped_inertia
        if not (a3 > 0 and a3 * (a1 - a3) > a2 * a2):
            raise ValueError(
                f"these masses and inertias give an inertia matrix that is not positive definite ({a1:.3g}, {a2:.3g}, "
                f"{a3:.3g} kg m^2); check the units and inertia_about={self.inertia_about!r}"
            )
        (b11, b12), (b21, b22) = self.friction
        if not (b11 >= 0 and b22 >= 0 and 4 * b11 * b22 >= (b12 + b21) ** 2):
            raise ValueError(
                f"Skeleton.friction: expected friction that takes energy away, N m s/rad, got {self.friction}"
            )

    @property
    def lumped_inertia(self) -> tuple[float, float, float]:
        """Lumped inertia a1, a2, a3, kg m^2: M = [[a1 + 2 a2 cos q2, a3 + a2 cos q2], [a3 + a2 cos q2, a3]].

        About the joint: a1 = I1 + I2 + m2 l1^2, a2 = m2 l1 s2, a3 = I2 [as Li & Todorov 2004 print it]. About the
        centre of mass: each I gains m s^2.
        """
        (m1, m2), (l1, _), (s1, s2), (i1, i2) = self.mass, self.length, self.center_of_mass, self.inertia
        if self.inertia_about == "center_of_mass":
            i1, i2 = i1 + m1 * s1 * s1, i2 + m2 * s2 * s2
        return i1 + i2 + m2 * l1 * l1, m2 * l1 * s2, i2

    def __repr__(self) -> str:
        """The constants by name, and a word where no rigid links can have them."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        told = [f"{name}={value!r}" for name, value in values.items() if (name, value) != ("gravity", None)]
        known = plain(self.mass, self.center_of_mass, self.inertia)
        return f"Skeleton({', '.join(told)}{'' if not known or self.rigid else ', rigid=False'})"

    @property
    def rigid(self) -> bool:
        """Whether two rigid links can have these constants: an inertia about a joint is at least m s^2."""
        if self.inertia_about == "center_of_mass":
            return True
        return all(i >= m * s * s for i, m, s in zip(self.inertia, self.mass, self.center_of_mass))
