"""The environments of every task: one arm, and many. Made from `TASKS`: `ReachEnv`, `ReachVectorEnv`, ..."""

from typing import TYPE_CHECKING, Any

from armfa.envs.env import ArmEnv
from armfa.envs.vector import ArmVectorEnv
from armfa.tasks import TASKS
from armfa.world.world import steps_of

STEP = 0.01
"""s: the default time step, for which time limits are given in steps."""


def _made(name: str, parent: type, **fields: Any) -> type:
    """A class of this module, so that it can be pickled."""
    return type(name, (parent,), {"__module__": __name__, **fields})


ENVIRONMENTS: dict[str, type] = {}
"""Every environment, by the name of its class."""
for _name, _task in TASKS.items():
    _about = f"Many arms of `{_name}Env`, stepped as one array program."
    _limit = steps_of(_task.episode_time, STEP)
    ENVIRONMENTS[f"{_name}Env"] = _made(f"{_name}Env", ArmEnv, task=_task, __doc__=_task.__doc__)
    ENVIRONMENTS[f"{_name}VectorEnv"] = _made(
        f"{_name}VectorEnv", ArmVectorEnv, task=_task, default_limit=_limit, __doc__=_about
    )
globals().update(ENVIRONMENTS)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Any: ...
