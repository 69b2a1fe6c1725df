"""What is running, how far it is and when it will end: live bars on a terminal, one line a finished unit elsewhere."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from armfa.runs.job import Job, Outcome


class Display:
    """A context in which jobs are told of as they start, go on and end."""

    def __init__(self, jobs: Sequence[Job], processes: int, console: Console | None = None):
        self.console = console or Console()
        self.count = len(jobs)
        self.processes = max(1, processes)
        self.share = {_name(job): 0.0 for job in jobs}
        self.expected = {_name(job): job.unit.seconds for job in jobs}
        self.finished = 0
        self.start = time.monotonic()
        self.tasks: dict[str, TaskID] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self.bars = Progress(*columns, TimeElapsedColumn(), _End(self), console=self.console)
        self.live = self.console.is_terminal

    def __enter__(self):
        if self.live:
            self.bars.start()
            self.tasks["all"] = self.bars.add_task(f"0 of {self.count} units", total=1.0)
        return self

    def __exit__(self, *problem):
        if self.live:
            self.bars.stop()

    def tell(self, job: Job, share: float) -> None:
        """A job has started (share 0) or is this far."""
        name = _name(job)
        self.share[name] = share
        if not self.live:
            return
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(f"  {job.label}", total=1.0)
        self.bars.update(self.tasks[name], completed=share)
        self.bars.update(self.tasks["all"], completed=self.done)

    def end(self, outcome: Outcome) -> None:
        """A job is done, or has failed."""
        name = _name(outcome.job)
        self.share[name] = 1.0
        self.finished += 1
        label = outcome.job.label
        if outcome.error is not None:
            self.console.print(f"{label} failed: {type(outcome.error).__name__}: {outcome.error}", markup=False)
        elif not self.live:
            counted = f"{self.finished} of {self.count}"
            self.console.print(f"{counted}  {label}, {outcome.seconds:.1f} s; {self.end_time()}", highlight=False)
        if self.live:
            if name in self.tasks:
                self.bars.remove_task(self.tasks.pop(name))
            self.bars.update(self.tasks["all"], completed=self.done)
            self.bars.update(self.tasks["all"], description=f"{self.finished} of {self.count} units")

    @property
    def done(self) -> float:
        """Share of the whole work that is done, by the expected seconds of each unit."""
        total = sum(self.expected.values())
        return sum(self.share[name] * seconds for name, seconds in self.expected.items()) / total if total else 1.0

    def end_time(self) -> str:
        """When everything will have ended: expected seconds scaled by the speed seen so far."""
        total = sum(self.expected.values())
        passed, done = time.monotonic() - self.start, self.done
        expected_pace = total / self.processes
        left = (passed / done if done > 0.02 else expected_pace) * (1 - done)
        return "ends " + time.strftime("%H:%M:%S", time.localtime(time.time() + left))


class _End(ProgressColumn):
    """The end time, beside the bar of the whole."""

    def __init__(self, display: Display):
        super().__init__()
        self.display = display

    def render(self, task) -> Text:
        return Text(self.display.end_time() if task.id == self.display.tasks.get("all") else "")


def _name(job: Job) -> str:
    return f"{job.name}/{job.unit.name}"
