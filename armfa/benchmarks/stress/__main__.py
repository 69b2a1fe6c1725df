"""`python -m armfa.benchmarks.stress`: every part for so many seconds each, and a table of what was done."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: processes are forked from this one

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from armfa.benchmarks.stress.bits import bits
from armfa.benchmarks.stress.kills import disks, kills
from armfa.benchmarks.stress.lines import Line, Part, kept, paged
from armfa.benchmarks.stress.readers import readers
from armfa.benchmarks.stress.steps import steps
from armfa.runs.display import ends_in

PARTS: dict[str, Part] = {"kills": kills, "disks": disks, "readers": readers, "steps": steps, "bits": bits}


@dataclass(frozen=True)
class Stress:
    """Put the package under force, and count what goes wrong: kills, disks, readers, steps, bits."""

    part: str = ",".join(PARTS)
    """Parts, separated by commas."""
    seconds: float = 600.0
    """For each part; everything is tried at least once."""
    seed: int | None = None
    """Of all that is random; the time of day when not given, so that calls add up."""
    out: Path | None = None
    """File of counts (.csv), to which those of this call are added."""
    page: Path | None = None
    """Page of Markdown whose section "Stress" gets the table of all counts in --out."""


def main(config: Stress) -> int:
    """Run the parts; the status is 1 where something went wrong."""
    names = [name.strip() for name in config.part.split(",")]
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"expected --part out of {', '.join(PARTS)}, got {', '.join(unknown)}")
    seed = time.time_ns() % 2**31 if config.seed is None else config.seed
    wrong = 0
    for name in names:
        print(f"{name}: seed {seed}, {ends_in(config.seconds)}", flush=True)
        start = time.monotonic()
        for line in PARTS[name](config.seconds, seed):
            tell(line)
            wrong += line.wrong
            if config.out is not None:
                kept(config.out, [line], seed, time.monotonic() - start)
                start = time.monotonic()
                if config.page is not None:
                    paged(config.page, config.out)
    return int(wrong > 0)


def tell(line: Line) -> None:
    """Print a line."""
    print(
        f"  {line.what}: {line.done:,} done, {line.wrong:,} wrong{f' ({line.told})' if line.told else ''}", flush=True
    )


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Stress, description=Stress.__doc__)))
