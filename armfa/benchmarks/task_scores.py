"""The reference scores of every task, as a table: `python -m armfa.benchmarks.task_scores [TASK ...]`."""

import sys

from armfa.tasks import TASKS
from armfa.world import Score, reference_scores

HEAD = ("task", "silence: return", "success", "error at the end", "oracle: return", "success", "error at the end")
UNITS = {"position": (100.0, "cm"), "velocity": (1.0, "m/s"), "force": (1.0, "N")}


def main(names: list[str]) -> None:
    """Prints a row per task, for the default arm."""
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD))
    for name in names or TASKS:
        factor, unit = UNITS[TASKS[name].goal_kind]

        def told(score: Score, factor: float = factor, unit: str = unit) -> str:
            return f"{score.reward:.3g} | {100 * score.success:.0f} % | {factor * score.error:.2g} {unit}"

        silence, oracle = reference_scores(TASKS[name]())
        print(f"| {name} | {told(silence)} | {told(oracle)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
