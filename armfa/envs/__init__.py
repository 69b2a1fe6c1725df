"""Gymnasium environments around a world: one arm, or many as one array program.

Their classes are imported when first asked for, so that `import armfa`, which registers the ids, stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from armfa.envs.registration import register_environments

if TYPE_CHECKING:
    from armfa.envs.door import Door, open_door
    from armfa.envs.env import ArmEnv
    from armfa.envs.environments import HandVelocityEnv, HandVelocityVectorEnv, ReachEnv, ReachVectorEnv
    from armfa.envs.vector import ArmVectorEnv

__all__ = [
    "ArmEnv",
    "ArmVectorEnv",
    "Door",
    "HandVelocityEnv",
    "HandVelocityVectorEnv",
    "ReachEnv",
    "ReachVectorEnv",
    "open_door",
    "register_environments",
]

_HOME = {
    "ArmEnv": "env",
    "ArmVectorEnv": "vector",
    "Door": "door",
    "HandVelocityEnv": "environments",
    "HandVelocityVectorEnv": "environments",
    "ReachEnv": "environments",
    "ReachVectorEnv": "environments",
    "open_door": "door",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
