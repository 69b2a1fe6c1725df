"""Gymnasium environments around plant and task: one arm, or many as one array program.

Their classes are imported when first asked for, so that `import armfa`, which registers the ids, stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from armfa.envs.registration import register_environments

if TYPE_CHECKING:
    from armfa.envs.env import ArmEnv
    from armfa.envs.hand_velocity import HandVelocityEnv, HandVelocityVectorEnv, hand_velocity_world
    from armfa.envs.reach import ReachEnv, ReachVectorEnv, reach_world
    from armfa.envs.vector import ArmVectorEnv
    from armfa.envs.world import World

__all__ = [
    "ArmEnv",
    "ArmVectorEnv",
    "HandVelocityEnv",
    "HandVelocityVectorEnv",
    "ReachEnv",
    "ReachVectorEnv",
    "World",
    "hand_velocity_world",
    "reach_world",
    "register_environments",
]

_HOME = {
    "ArmEnv": "env",
    "ArmVectorEnv": "vector",
    "HandVelocityEnv": "hand_velocity",
    "HandVelocityVectorEnv": "hand_velocity",
    "ReachEnv": "reach",
    "ReachVectorEnv": "reach",
    "World": "world",
    "hand_velocity_world": "hand_velocity",
    "reach_world": "reach",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
