"""What is shown while a run goes on."""

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Report(NamedTuple):
    """Where a run is, and the latest point of its curve (means over the seeds)."""

    update: int  # made so far
    updates: int  # asked for
    seconds: float  # since the run began, or went on
    latest: dict[str, float]  # by the name of the measure


SHOWN_AFTER = 2.0
"""s: what takes no longer is not shown."""


@contextmanager
def shown_progress(progress: Any, updates: int) -> Iterator[Callable[[Report], None]]:
    """What is told every point of a curve: the caller's own function, a bar that is gone at the end, or nobody."""
    if progress is not True:
        yield progress or (lambda report: None)
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ModuleNotFoundError:  # in a browser, which has no terminal
        yield lambda report: None
        return

    console = Console(stderr=True)
    in_notebook = console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
    if not (in_notebook or (console.is_terminal and not console.is_jupyter)):
        yield lambda report: None
        return
    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("", total=updates)

    def tell(report: Report) -> None:
        if report.seconds > SHOWN_AFTER:
            bar.start()
        bar.update(task, completed=report.update, description=_told(report))

    try:
        yield tell
    finally:
        bar.stop()


def _told(report: Report) -> str:
    values = [f"{name} {value:.3g}" for name, value in report.latest.items() if value == value]
    return f"{report.update:,} of {report.updates:,} updates, {', '.join(values)}"
