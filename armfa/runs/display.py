"""What is running, how far it is and when it will end: live bars on a terminal, one line a finished unit elsewhere."""

import time
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from armfa.runs.job import Job, Outcome
from armfa.runs.store import Continued


def say(console: Console, text: Any, style: str | None = None, indent: int = 0) -> None:
    """Print words as they are: no name of a file is read as markup, and only a terminal gets its lines broken.

    indent : columns by which all lines of a terminal but the first are moved in.
    """
    if indent and console.is_terminal:
        text = fill(str(text), console.width, subsequent_indent=" " * indent, break_on_hyphens=False)
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=not console.is_terminal)


def ends_in(seconds: float) -> str:
    """When something will have ended that takes so many seconds more."""
    return "ends " + time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))


class Display:
    """A context in which jobs are told of as they start, go on and end; quiet, it tells what went wrong and no more."""

    def __init__(self, jobs: Sequence[Job], processes: int, console: Console, quiet: bool = False):
        self.console, self.quiet = console, quiet
        self.count = len(jobs)
        self.processes = max(1, processes)
        self.share = {_name(job): 0.0 for job in jobs}
        self.expected = {_name(job): job.unit.seconds for job in jobs}
        self.before = dict[str, float]()  # share of each that was done in an earlier life
        self.finished = 0
        self.start = time.monotonic()
        self.tasks: dict[str, TaskID] = {}
        words = TextColumn("{task.description}", markup=False)
        columns = (words, BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self.bars = Progress(*columns, TimeElapsedColumn(), _End(self), console=self.console)
        self.live = self.console.is_terminal and self.count > 0 and not quiet

    def __enter__(self):
        if self.live:
            self.bars.start()
            self.tasks["all"] = self.bars.add_task(f"0 of {self.count} units", total=1.0)
        return self

    def __exit__(self, *problem):
        if self.live:
            self.bars.stop()

    def tell(self, job: Job, news: float | str) -> None:
        """A job has started (share 0), is this far, or has something to say."""
        if isinstance(news, str):
            say(self.console, news, "yellow")
            return
        name = _name(job)
        if news > 0:
            self.before.setdefault(name, news if isinstance(news, Continued) else 0.0)
        if isinstance(news, Continued) and not self.quiet:
            say(self.console, f"{job.label} goes on from {100 * news:.0f} %")
        self.share[name] = news
        if not self.live:
            return
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(f"  {job.label}", total=1.0)
        self.bars.update(self.tasks[name], completed=news)
        self.bars.update(self.tasks["all"], completed=self.done)

    def end(self, outcome: Outcome) -> None:
        """A job is done, or has failed."""
        name = _name(outcome.job)
        self.share[name] = 1.0
        self.finished += 1
        if outcome.error is not None:
            say(self.console, f"{outcome.job.label} failed: {outcome.error}", "red")
        elif not self.live and not self.quiet:
            told = f"{self.finished} of {self.count}  {outcome.job.label}, {outcome.seconds:.1f} s"
            say(self.console, f"{told}; {self.end_time()}" if self.finished < self.count else told)
        if self.live:
            if name in self.tasks:
                self.bars.remove_task(self.tasks.pop(name))
            self.bars.update(self.tasks["all"], completed=self.done)
            self.bars.update(self.tasks["all"], description=f"{self.finished} of {self.count} units")

    @property
    def done(self) -> float:
        """Share of the whole work that is done, by the expected seconds of each unit."""
        total = sum(self.expected.values())
        return self._seconds(self.share) / total if total else 1.0

    def end_time(self) -> str:
        """When everything will have ended: expected seconds, scaled by the speed seen so far once there is one."""
        total = sum(self.expected.values())
        passed, made = time.monotonic() - self.start, self.done * total - self._seconds(self.before)
        pace = passed / made if made > 0.02 * total and passed > 1.0 else 1 / self.processes  # s per expected s
        return ends_in(pace * total * (1 - self.done))

    def _seconds(self, shares: Mapping[str, float]) -> float:
        """Expected seconds of these shares of the units."""
        return sum(share * self.expected[name] for name, share in shares.items())


class _End(ProgressColumn):
    """The end time, beside the bar of the whole."""

    def __init__(self, display: Display):
        super().__init__()
        self.display = display

    def render(self, task) -> Text:
        return Text(self.display.end_time() if task.id == self.display.tasks.get("all") else "")


def _name(job: Job) -> str:
    return f"{job.name}/{job.unit.name}"
