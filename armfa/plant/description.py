"""An arm as plain words and numbers (JSON), and back: so that what was trained on an arm can carry it along."""

import dataclasses
from typing import Any

from armfa.plant.arm import Arm
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import FirstOrderActivation, ThelenActivation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms, LinearMomentArms
from armfa.plant.muscles.linear import ForceGenerator, SpringDamper
from armfa.plant.muscles.thelen import Thelen
from armfa.plant.presets import make_arm
from armfa.plant.skeleton import Skeleton

PARTS: dict[str, type] = {
    part.__name__: part
    for part in (
        Arm, Skeleton, JointLimits, ConstantMomentArms, CosineMomentArms, LinearMomentArms, BrownLoeb, DeGroote, Thelen,
        SpringDamper, ForceGenerator, FirstOrderActivation, ThelenActivation,
    )
}  # fmt: skip
"""What an arm may be made of."""


def described(part: Any) -> Any:
    """An arm (or a part of one) as dicts, lists, words and numbers; "kind" names the class of each part."""
    if dataclasses.is_dataclass(part):
        kind = type(part).__name__
        fields = {field.name: described(getattr(part, field.name)) for field in dataclasses.fields(part)}
        return {"kind": kind, **fields}
    return [described(x) for x in part] if isinstance(part, tuple) else part


def arm_from(description: Any) -> Arm:
    """The arm that was described, or the preset of that name.

    Raises
    ------
    ValueError
        Where a part is of a class that this package does not have, or a constant is not what it may be.
    """
    if isinstance(description, str):
        return make_arm(description)
    arm = _made(description)
    if not isinstance(arm, Arm):
        raise ValueError(f"expected the description of an arm, got that of {type(arm).__name__}")
    return arm


def _made(value: Any) -> Any:
    if isinstance(value, dict):
        kind = PARTS.get(str(value.get("kind")))
        if kind is None:
            raise ValueError(f"expected a part of an arm out of {', '.join(PARTS)}, got {value.get('kind')!r}")
        fields: Any = dataclasses.fields(kind)
        needed = {field.name for field in fields if field.default is dataclasses.MISSING}
        if wrong := sorted(set(value) - {"kind"} - {field.name for field in fields}) or sorted(needed - set(value)):
            names = ", ".join(field.name for field in fields)
            raise ValueError(f"{kind.__name__}: expected the fields {names}; unknown or missing: {', '.join(wrong)}")
        return kind(**{name: _made(x) for name, x in value.items() if name != "kind"})
    return tuple(_made(x) for x in value) if isinstance(value, list) else value
