"""Soft joint limits: a spring and a damper that set in smoothly, so that gradients stay alive at the stop."""

import dataclasses

from armfa.plant.ops import Ops


@dataclasses.dataclass(frozen=True)
class JointLimits:
    """Torque k w [softplus((lo - q)/w) - softplus((q - hi)/w)] - d qd [sigmoid((lo - q)/w) + sigmoid((q - hi)/w)]."""

    lower: tuple[float, float]  # rad
    upper: tuple[float, float]  # rad
    stiffness: float  # k, N m/rad
    damping: float  # d, N m s/rad
    width: float = 0.05  # w, rad: how gradually the stop sets in

    def __post_init__(self):
        if not all(low < high for low, high in zip(self.lower, self.upper)) or self.width <= 0:
            raise ValueError(f"joint limits: expected lower < upper and width > 0, got {self}")

    def bind(self, ops: Ops, joint: int | None = None):
        """`torque(q, qd) -> (torque, tape)` and `slopes(tape) -> (d torque/d q, d torque/d qd)`, elementwise.

        With `joint`, for one joint's row; without, for both joints as (2, ...).
        """
        exp, log = (ops.exp, ops.log) if joint is None else (ops.exp_row, ops.log_row)
        minimum = ops.minimum
        per_joint = ops.column if joint is None else lambda pair: ops.number(pair[joint])
        w = self.width
        lower, upper = per_joint([x / w for x in self.lower]), per_joint([x / w for x in self.upper])
        inv_w, one = ops.number(1 / w), ops.number(1.0)
        kw, d = ops.number(self.stiffness * w), ops.number(self.damping)
        minus_k, minus_d = ops.number(-self.stiffness), ops.number(-self.damping)
        # exp overflows in float32 4.4 rad beyond a limit: there, and only there, the spring stops growing at 3 rad
        steepest = ops.number(60.0) if ops.narrow else None

        def torque(q, qd):
            y = q * inv_w
            x_low, x_high = lower - y, y - upper
            if steepest is not None:
                x_low, x_high = minimum(x_low, steepest), minimum(x_high, steepest)
            below, above = exp(x_low), exp(x_high)
            one_below, one_above = one + below, one + above
            contact_low, contact_high = below / one_below, above / one_above  # sigmoids
            contact = contact_low + contact_high
            damped = d * qd
            return kw * log(one_below / one_above) - damped * contact, (contact_low, contact_high, contact, damped)

        def slopes(tape):
            contact_low, contact_high, contact, damped = tape
            # contact rises by s (1 - s)/w of either sigmoid s: the difference of the two factors as below
            onset = (contact_high - contact_low) * (one - contact)
            return contact * minus_k - damped * (onset * inv_w), contact * minus_d

        return torque, slopes
