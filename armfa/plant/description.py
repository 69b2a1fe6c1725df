"""An arm as plain words and numbers (JSON, TOML), and back: so that what was trained on an arm can carry it along."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from armfa.plant.arm import PARTS_NEED, Arm
from armfa.plant.limits import JointLimits
from armfa.plant.muscles.activation import FirstOrderActivation, ThelenActivation
from armfa.plant.muscles.brown_loeb import BrownLoeb
from armfa.plant.muscles.de_groote import DeGroote
from armfa.plant.muscles.geometry import ConstantMomentArms, CosineMomentArms, LinearMomentArms, PolynomialMomentArms
from armfa.plant.muscles.linear import ForceGenerator, SpringDamper
from armfa.plant.muscles.thelen import Thelen
from armfa.plant.presets import PRESETS, preset
from armfa.plant.skeleton import Skeleton

PARTS: dict[str, type] = {
    part.__name__: part
    for part in (
        Arm, Skeleton, JointLimits, ConstantMomentArms, CosineMomentArms, LinearMomentArms, PolynomialMomentArms,
        BrownLoeb, DeGroote, Thelen, SpringDamper, ForceGenerator, FirstOrderActivation, ThelenActivation,
    )
}  # fmt: skip
"""What an arm may be made of."""

ONLY = {"skeleton": "Skeleton", "limits": "JointLimits"}
"""Parts of one kind only, which a file need not name."""

FOLDER = Path(__file__).parent / "arms"
"""Published arms that are files."""

FILES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
"""Their names."""

LARGEST_FILE = 2**20
"""bytes: more cannot be meant as an arm."""


def described(part: Any) -> Any:
    """An arm (or a part of one) as dicts, lists, words and numbers; "kind" names the class of each part."""
    if dataclasses.is_dataclass(part):
        kind = type(part).__name__
        fields = {field.name: described(getattr(part, field.name)) for field in dataclasses.fields(part)}
        return {"kind": kind, **fields}
    return [described(x) for x in part] if isinstance(part, tuple) else part


def make_arm(name: str | Path = "li_todorov", *, activation: str | None = None) -> Arm:
    """The published arm of that name, or the arm in a file.

    Parameters
    ----------
    name : str or Path
        A name out of `PRESETS` or `FILES`; a file, whose name ends in ".toml"; or the text of such a file.
    activation : str, optional
        "static", where the activation is the excitation at once, or "first_order", the arm's own dynamics. When not
        given, what a file says, and "static" for a name.

    Returns
    -------
    Arm
        Its constants; of published ones each with its source, in `presets.py` or in the file.

    Raises
    ------
    ValueError
        With the name of the constant that cannot be, or that is unknown.
    FileNotFoundError
        Where there is no such file.
    """
    if activation not in (None, "static", "first_order"):
        raise ValueError(f"expected activation 'static' or 'first_order', got {activation!r}")
    if isinstance(name, str) and name in PRESETS:
        return preset(name, activation or "static")
    if isinstance(name, str) and name in FILES:
        arm, activation = _read(FOLDER / f"{name}.toml"), activation or "static"
    elif is_file(name):
        arm = _read(Path(name).expanduser())
    elif isinstance(name, str) and "\n" in name:
        arm = _from_toml(name, "the text of an arm")
    else:
        known = ", ".join((*PRESETS, *FILES))
        raise ValueError(f"expected an arm out of {known}, or a file my_arm.toml; got {name!r}")
    if activation == "static":
        return dataclasses.replace(arm, activation_dynamics=None)
    if activation == "first_order" and arm.activation_dynamics is None:
        raise ValueError(
            f"arm {arm.name!r} has no activation dynamics; use activation='static', or add them to its file"
        )
    return arm


def is_file(name: Any) -> bool:
    """Whether an arm is named by its file."""
    return isinstance(name, Path) or (isinstance(name, str) and name.endswith(".toml") and "\n" not in name)


def called(name: str) -> str:
    """What an arm is called in figures and tables: its name, for a file or its text the one that stands in it."""
    return name if name in PRESETS or name in FILES else make_arm(name).name


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


def _read(path: Path) -> Arm:
    if not path.is_file():
        raise FileNotFoundError(f"expected the file of an arm, and there is no {path}; `arm.to_toml()` writes one")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: expected the file of an arm, of at most {LARGEST_FILE} bytes")
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected text in UTF-8 ({error})") from error
    return _from_toml(text, str(path))


def _from_toml(text: str, place: str) -> Arm:
    """The arm that a text describes; errors name the place."""
    try:
        found: dict[str, Any] = tomllib.loads(text)
        for name, kind in ONLY.items():
            if isinstance(part := found.get(name), dict):
                found[name] = {"kind": kind, **part}
        return arm_from({"kind": "Arm", **found})
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: {error}") from error


def _made(value: Any) -> Any:
    if isinstance(value, dict):
        kind = PARTS.get(str(value.get("kind")))
        if kind is None:
            raise ValueError(
                f"expected a part of an arm, its kind out of {', '.join(PARTS)}, got {value.get('kind')!r}"
            )
        fields: Any = dataclasses.fields(kind)
        optional = [name for name, (_, may_be_none) in PARTS_NEED.items() if may_be_none] if kind is Arm else []
        value = {**dict.fromkeys(optional), **value}
        needed = {field.name for field in fields if field.default is dataclasses.MISSING}
        if wrong := sorted(set(value) - {"kind"} - {field.name for field in fields}) or sorted(needed - set(value)):
            names = ", ".join(field.name for field in fields)
            raise ValueError(f"{kind.__name__}: expected the fields {names}; unknown or missing: {', '.join(wrong)}")
        return kind(**{name: _made(x) for name, x in value.items() if name != "kind"})
    return tuple(_made(x) for x in value) if isinstance(value, list) else value
