"""What the package does per second, beside what this machine could do: `python -m armfa.benchmarks.speed`.

Each line is measured in this run, on one thread: how often something happens per second, and the same for what stands
beside it. That is another package's way of doing the same work, where it is installed (extra `armfa[bench]`), or the
machine's limit: the rate that the measured rates of the work's matrix products and of tanh would allow.
"""

from dataclasses import dataclass

import tyro
from rich.console import Console
from rich.table import Table

from armfa.benchmarks import arm_speed, episode_speed, limits, network_speed
from armfa.controllers import keep_memory, one_blas_thread


@dataclass(frozen=True)
class Speed:
    """Measure the speed of the package beside the limits of the machine, on one thread."""

    only: str = ""
    """Measure only the groups whose name contains this (FA update, plant, env.step, JAX, PyTorch, ...)."""
    seconds: float = 1.0
    """About how long each line is measured, s."""


def main(config: Speed) -> None:
    """Measure and print."""
    keep_memory()
    console = Console()
    table = Table("what", "per second", "beside", "per second", "ratio", "aim", box=None, padding=(0, 1))
    for column in (table.columns[i] for i in (1, 3, 4, 5)):
        column.justify = "right"
    groups = [each for part in (arm_speed, episode_speed, network_speed) for each in part.measured(config.seconds)]
    with one_blas_thread():
        peak, tanh = limits.peak_flop_rate(), limits.tanh_per_second()
        console.print(f"one thread: sgemm {peak / 1e9:.0f} GFLOP/s, tanh {tanh / 1e9:.1f} G/s", highlight=False)
        for name, measure in groups:
            if config.only.lower() not in name.lower():
                continue
            with console.status(name):
                for line in measure():
                    aim = "" if line.aim is None else f"{line.aim:g}"
                    there = "" if line.beside_rate is None else f"{line.beside_rate:,.0f}"
                    ratio = "" if line.beside_rate is None else f"{line.rate / line.beside_rate:.2f}"
                    table.add_row(line.name, f"{line.rate:,.0f}", line.beside, there, ratio, aim)
    console.print(table)


if __name__ == "__main__":
    main(tyro.cli(Speed, description=Speed.__doc__))
