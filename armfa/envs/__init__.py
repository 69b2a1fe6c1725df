"""Gymnasium environments around a world: one arm, or many as one array program.

Their classes are imported when first asked for, so that `import armfa`, which registers the ids, stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from armfa.envs.registration import LIMITS, register_environments

if TYPE_CHECKING:
    from armfa.envs.door import Door, open_door
    from armfa.envs.env import ArmEnv
    from armfa.envs.vector import ArmVectorEnv

_HOME = {"ArmEnv": "env", "ArmVectorEnv": "vector", "Door": "door", "open_door": "door"}
_MADE = sorted(f"{task}{kind}" for task in LIMITS for kind in ("Env", "VectorEnv"))

__all__ = ["ArmEnv", "ArmVectorEnv", "Door", "open_door", "register_environments"]
__all__ += _MADE  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOME and name not in _MADE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'environments')}"), name)


def __dir__() -> list[str]:
    return __all__
