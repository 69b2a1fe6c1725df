"""Learning curves as files: a CSV always, and TensorBoard's logs for those who ask."""

import importlib.util
import time
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


def write_curves(folder: Path, rows: Sequence[Mapping[str, Any]], tensorboard: bool = False) -> None:
    """Write curves.csv, a row per point and network that begins with `FIRST`, and logs where they are wanted."""
    write_table(folder / "curves.csv", rows)
    if tensorboard:
        write_logs(folder, rows)


def write_logs(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that begin with `FIRST` as logs of TensorBoard: tensorboard/RULE-SEED, over samples.

    Logs of before are taken away, so that what is run to its end again is there once.
    """
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    kinds: tuple[Any, Any] = event_pb2, summary_pb2  # made when they are imported: no checker sees what is in them
    event, summary = kinds[0].Event, kinds[1].Summary
    place, writers = folder / "tensorboard", dict[str, Any]()
    for file in place.glob("*/events.out.tfevents.*"):
        file.unlink()
    for row in rows:
        name = f"{row['rule']}-{row['seed']}"
        if name not in writers:
            writers[name] = EventFileWriter(str(place / name))
        measured = {key: value for key, value in row.items() if key not in FIRST and value == value}
        values = [summary.Value(tag=key, simple_value=float(value)) for key, value in measured.items()]
        told = event(wall_time=time.time(), step=int(row["samples"]), summary=summary(value=values))
        writers[name].add_event(told)
    for writer in writers.values():
        writer.close()
