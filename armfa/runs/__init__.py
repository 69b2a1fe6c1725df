"""Units of work, run on several processes and kept on disk, so that nothing is done twice."""

from armfa.runs.unit import Checkpoint, NoCheckpoint, Run, Sweep, Unit

__all__ = ["Checkpoint", "NoCheckpoint", "Run", "Sweep", "Unit"]
