"""Learning curves as files that grow: a CSV always, and TensorBoard's logs for those who ask."""

import importlib.util
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from armfa.reports.tables import write_table

FIRST = ("rule", "seed", "updates", "samples")
"""How every row of curves begins; what follows was measured."""


def check_tensorboard(wanted: bool) -> None:
    """Refuses logs that nothing here can write, before there is anything to log."""
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise ValueError('--tensorboard needs a package more: pip install "armfa[tensorboard]"')


class Curves:
    """The curves of a run in its folder: curves.csv, a row per point and network, and logs where they are wanted."""

    def __init__(self, folder: Path, tensorboard: bool = False):
        self.path, self.logs = folder / "curves.csv", Logs(folder / "tensorboard") if tensorboard else None
        self.rows = dict[str, list[Mapping[str, Any]]]()  # by network

    def grow(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write all points that there are of some networks, in rows that begin with `FIRST`; those of others stay."""
        if not rows:
            return
        given = dict[str, list[Mapping[str, Any]]]()
        for row in rows:
            given.setdefault(f"{row['rule']}-{row['seed']}", []).append(row)
        self.rows = given | {name: own for name, own in self.rows.items() if name not in given}
        write_table(self.path, [row for own in self.rows.values() for row in own])
        if self.logs is not None:
            for name, own in given.items():
                self.logs.grow(name, own)


class Logs:
    """Logs of TensorBoard: FOLDER/RULE-SEED, over samples, each point once.

    The first point takes the logs of an earlier command away and begins new ones.
    """

    def __init__(self, folder: Path):
        self.folder, self.file = folder, f"events.out.tfevents.{time.time_ns()}"
        self.written = Counter[str]()  # points by network

    def grow(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append those of all points of a network that are not there yet."""
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter

        kinds: Any = event_pb2  # made when it is imported: no checker sees what is in it
        if not self.written:
            for file in self.folder.glob("*/events.out.tfevents.*"):
                file.unlink()
        new = [{"summary": summary_of(row), "step": int(row["samples"])} for row in rows[self.written[name] :]]
        if not self.written[name]:
            new = [{"file_version": "brain.Event:2"}, {"session_log": {"status": "START"}}, *new]
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        with (self.folder / name / self.file).open("ab") as file:
            for content in new:
                RecordWriter(file).write(kinds.Event(wall_time=time.time(), **content).SerializeToString())
        self.written[name] += len(rows[self.written[name] :])


def summary_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured at a point, where it is a number."""
    measured = {name: float(value) for name, value in row.items() if name not in FIRST and value == value}
    return {"value": [{"tag": name, "simple_value": value} for name, value in measured.items()]}
