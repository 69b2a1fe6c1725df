"""Runs of `armfa train` that are asked for more updates than they were begun with.

Such a run goes on from the state it ended with. Its rates, which fell to zero at its end, are from there on those of a
run of the new length. So it is not what a run begun with that length is; its settings say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from armfa.controllers.checkpoint import unpack
from armfa.experiments.arm import controller
from armfa.experiments.arm.controller import EXPERIMENT, Settings
from armfa.runs.unit import Checkpoint, Sweep, Unit


@dataclass(frozen=True)
class LongerSettings(Settings):
    """Settings of a run that went on: `extended` has the updates at which it was to end before, in order."""

    extended: tuple[int, ...] = ()

    @property
    def stages(self) -> list[Settings]:
        """The settings under which it was begun, then those with which it went on each time."""
        first, *others = ends = (*self.extended, self.updates)
        begun = {name: value for name, value in asdict(self).items() if name != "extended"}
        longer = [replace(self, updates=end, extended=ends[: k + 1]) for k, end in enumerate(others)]
        return [Settings(**{**begun, "updates": first}), *longer]


def sweep(settings: Settings) -> Sweep:
    """The units of a run, which keep the state they end with; those of a longer one go on from there."""
    made = EXPERIMENT.sweep(settings)._replace(keeps=True)
    if not isinstance(settings, LongerSettings):
        return made
    earlier = [(stage, stage.updates / settings.updates) for stage in settings.stages[:-1]]
    return made._replace(run=run, earlier=tuple(earlier[::-1]))


def run(settings: LongerSettings, unit: Unit, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    """Each stage after the other, from wherever the unit is; the curve has the points of all stages."""
    state, arrays = checkpoint.load(), dict[str, np.ndarray]()
    for stage in settings.stages:
        if stage.updates < settings.updates and state is not None and _extra(state)["place"]["update"] >= stage.updates:
            continue
        kept = _Stage(checkpoint, state, stage.updates / settings.updates)
        arrays = controller.run(stage, unit, kept)
        state = kept.latest()
    assert state is not None
    return {**arrays, "samples": np.array(_extra(state)["measured"]) * settings.batch_size}


def _extra(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What a state says beside its arrays."""
    return unpack(state)[1]["extra"]


class _Stage:
    """The checkpoint of one stage: it begins where the last one ended."""

    def __init__(self, inner: Checkpoint, state: dict[str, np.ndarray] | None, share: float):
        self.inner, self.state, self.share = inner, state, share
        self.latest: Callable[[], dict[str, np.ndarray] | None] = lambda: state

    def load(self) -> dict[str, np.ndarray] | None:
        """Where the unit is."""
        return self.state

    def save(self, arrays: Callable[[], dict[str, np.ndarray]]) -> None:
        """As the unit's own."""
        self.latest = arrays
        self.inner.save(arrays)

    def progress(self, fraction: float) -> None:
        """Of all stages."""
        self.inner.progress(self.share * fraction)
