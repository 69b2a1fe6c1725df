"""What was done and what went wrong, line by line; counted over several calls, and told as a table."""

import csv
import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from armfa.files import write_text

HEADING = "## Stress"


class Line(NamedTuple):
    """So many tries of one thing, and how many went wrong."""

    part: str
    what: str
    done: int
    wrong: int
    told: str = ""  # the first that went wrong, or a number worth telling


Part = Callable[[float, int], Iterator[Line]]
"""(seconds there are, seed) -> lines, one for each thing, as often as there is time for."""


def kept(path: Path, lines: Sequence[Line], seed: int, seconds: float) -> None:
    """Put lines under those that a file of counts has."""
    there = path.read_text(encoding="utf-8") if path.exists() else "part,what,seed,done,wrong,seconds,day,told\n"
    day, added = time.strftime("%Y-%m-%d"), io.StringIO()
    writer = csv.writer(added, lineterminator="\n")
    for line in lines:
        writer.writerow([line.part, line.what, seed, line.done, line.wrong, f"{seconds:.0f}", day, line.told])
    write_text(path, there + added.getvalue())


def table(path: Path) -> str:
    """All that a file of counts has, summed, as a table in Markdown."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = ["| part | what | done | wrong | |", "|---|---|--:|--:|---|"]
    for key in dict.fromkeys((row["part"], row["what"]) for row in rows):
        mine = [row for row in rows if (row["part"], row["what"]) == key]
        done, wrong = (sum(int(row[name]) for row in mine) for name in ("done", "wrong"))
        told = next((row["told"] for row in reversed(mine) if row["told"]), "")
        found.append(f"| {key[0]} | {key[1]} | {done:,} | {wrong:,} | {told} |")
    return "\n".join(found)


def paged(page: Path, counts: Path) -> None:
    """Put the table under the heading "Stress" of a page, in the place of the one that is there."""
    text = page.read_text(encoding="utf-8") if page.exists() else f"{HEADING}\n"
    if HEADING not in text:
        text += f"\n{HEADING}\n"
    before, _, after = text.partition(f"{HEADING}\n")
    section, end, rest = after.partition("\n## ")
    without = re.sub(r"(?m)^\|.*\n?", "", section).rstrip()
    write_text(page, f"{before}{HEADING}\n{without}\n\n{table(counts)}\n{end}{rest}")
