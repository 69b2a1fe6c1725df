"""Thelen's (2003) muscle with a rigid tendon: force-velocity scales with activation."""

import dataclasses
from typing import Annotated, ClassVar

from armfa.arrays import Array, at_least, exp, expm1, where
from armfa.plant.constants import Constants, Expected, Value, positive


@dataclasses.dataclass(frozen=True)
class Thelen(Constants):
    """T/Fmax = a FL FV + FP, l in optimal lengths, v in optimal lengths per second (lengthening positive).

    FL = exp(-(l - 1)^2/gamma)
    FP = (exp(kPE (l - 1)/e0) - 1)/(exp(kPE) - 1) for l > 1, else 0
    FV = (1 + V)/(1 - V/Af) for v <= 0, never below 0;  V = v/(vmax (.25 + .75 a))
    FV = (1 + c Flen V)/(1 + c V) for v > 0;  c = (2 + 2/Af)/(Flen - 1)
    [Thelen 2003 J Biomech Eng 125:70, eqs. 3 (FP), 4 (FL), 6 and 7 (FV, solved for the force). They were compared with
    MotorNet; of the paper's numbers only that of eq. 6 was seen quoted, in OpenSim]
    """

    vmax: Annotated[Value, positive("L0/s")]
    af: Annotated[Value, positive()]
    flen: Annotated[Value, Expected("Fmax", "above 1", lambda x: x > 1)]
    gamma: Annotated[Value, positive()]
    kpe: Annotated[Value, positive()]
    e0: Annotated[Value, positive()]

    proportional: ClassVar[bool] = False

    def tension(self, l: Array, v: Array, a: Array) -> Array:
        """T/Fmax, at length l (L0), velocity v (L0/s) and activation a (0 to 1)."""
        fl = exp(-(l - 1.0) * (l - 1.0) / self.gamma)
        fp = expm1(self.kpe * at_least(l - 1.0, 0.0) / self.e0) / expm1(self.kpe)
        return a * fl * self.force_velocity(v, a) + fp

    def force_velocity(self, v: Array, a: Array) -> Array:
        """FV(v, a); both branches are brought into one ratio, as a division costs as much as ten products."""
        c = (2.0 + 2.0 / self.af) / (self.flen - 1.0)
        speed = at_least(v / (self.vmax * (0.25 + 0.75 * a)), -1.0)
        shortening = v <= 0.0
        above = where(shortening, 1.0 + speed, 1.0 + c * self.flen * speed)
        below = where(shortening, 1.0 - speed / self.af, 1.0 + c * speed)
        return above / below
