"""Soft joint limits: a spring and a damper that set in smoothly, so that gradients stay alive at the stop.

They are this package's own, of no paper: the published arms have no limits, or stop hard.
"""

import dataclasses
from typing import Annotated

from armfa.arrays import Array, at_most, exp, log
from armfa.plant.constants import Constants, Pair, angle, not_negative, plain, positive

DEEPEST = 60.0
"""Widths beyond a stop where its spring stops growing (3 rad): exp would overflow in float32 at 88."""


@dataclasses.dataclass(frozen=True)
class JointLimits(Constants):
    """Torque k w [softplus((lo - q)/w) - softplus((q - hi)/w)] - d qd [sigmoid((lo - q)/w) + sigmoid((q - hi)/w)].

    Raises
    ------
    ValueError
        For a lower stop that is not below the upper one.
    """

    lower: Annotated[Pair, angle()]
    upper: Annotated[Pair, angle()]
    stiffness: Annotated[float, not_negative("N m/rad")]  # k
    damping: Annotated[float, not_negative("N m s/rad")]  # d
    width: Annotated[float, positive("rad")] = 0.05  # w: how gradually the stop sets in

    def __post_init__(self) -> None:
        """Refuses stops that are upside down."""
        super().__post_init__()
        if plain(self.lower, self.upper) and not all(low < high for low, high in zip(self.lower, self.upper)):
            raise ValueError(f"JointLimits: expected lower < upper, rad, got {self.lower} and {self.upper}")

    def torque(self, joint: int, q: Array, w: Array) -> Array:
        """Torque of one joint's stops, N m, at angle q (rad) and velocity w (rad/s)."""
        lo, hi, width = self.lower[joint], self.upper[joint], self.width
        below, above = exp(at_most((lo - q) / width, DEEPEST)), exp(at_most((q - hi) / width, DEEPEST))
        contact = below / (1.0 + below) + above / (1.0 + above)  # sigmoids
        return self.stiffness * width * log((1.0 + below) / (1.0 + above)) - self.damping * w * contact
