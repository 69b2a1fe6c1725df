"""The search of settings for one point of a sweep, by Optuna: what it asks for are points, and so units, as all others.

Its sampler has a seed, and is told in the order in which it asked, whatever came first: a search that is started again
asks for the same.
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from armfa.commands.sweeping.commands import SWEPT, Point
from armfa.commands.sweeping.file import Range, Tune
from armfa.runs.sweep import runs_of


class Search:
    """A search for the best settings of one point."""

    def __init__(self, command: str, tune: Tune, point: Point) -> None:
        try:
            import optuna
        except ImportError as error:
            raise RuntimeError(f"expected Optuna for --tune ({error}): pip install 'armfa[cluster]'") from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.command, self.tune, self.point = command, tune, point
        self.failed = optuna.trial.TrialState.FAIL
        self.study = optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=tune.seed))
        self._refuse_same_seeds()
        self.asked: list[tuple[Any, Point, dict[str, Any]]] = []
        self.trials, self.seconds, self.lowest = 0, 0.0, math.inf
        self.best: Point | None = None  # with the settings of the lowest trial, on the networks that are reported

    def _refuse_same_seeds(self) -> None:
        """Settings are not searched on what is reported."""
        reported, searched = (
            asdict(Point.of(self.command, {**self.point.given, **more}).config) for more in ({}, self.tune.settings)
        )
        first, last = (
            {settings[name] + k for k in range(settings.get("seeds", 1))}
            for name in [SWEPT[self.command].seed] for settings in (reported, searched)
        )  # fmt: skip
        if first & last:
            raise ValueError(
                f"expected other seeds in [tune.settings] than those that are reported, got {min(first & last)} in both"
            )

    def ask(self) -> list[Point]:
        """The next trials."""
        for _ in range(min(self.tune.together, self.tune.trials - self.trials)):
            trial = self.study.ask()
            chosen = {name: _chosen(trial, name, space) for name, space in self.tune.space.items()}
            point = Point.of(self.command, {**self.point.given, **self.tune.settings, **chosen})
            self.asked.append((trial, point, chosen))
        return [point for _, point, _ in self.asked]

    def tell(self, folder: Path) -> None:
        """Take what the trials showed; one whose units failed, or that gave no number, has failed."""
        for trial, point, chosen in self.asked:
            runs = runs_of(point.sweep, folder)
            score = math.nan
            if len(runs) == len(point.sweep.units):
                self.seconds += sum(run.facts["seconds"] for run in runs)
                score = self._score(point, point.rows(point.config, runs))
            if math.isfinite(score):
                self.study.tell(trial, score)
            else:
                self.study.tell(trial, state=self.failed)
            if score < self.lowest:
                self.lowest, self.best = score, Point.of(self.command, {**self.point.given, **chosen})
        self.trials += len(self.asked)
        self.asked = []

    @property
    def cost(self) -> dict[str, Any]:
        """What the search cost, for the table."""
        return {"tuned_trials": self.trials, "tuned_core_seconds": self.seconds, "tuned_lowest": self.lowest}

    def _score(self, point: Point, rows: list[dict[str, Any]]) -> float:
        name = self.tune.minimize
        if name not in rows[0] or isinstance(rows[0][name], str):
            there = ", ".join(key for key, value in rows[0].items() if not isinstance(value, str))
            raise ValueError(f"expected minimize in [tune] out of {there}, got {name!r}")
        return sum(float(row[name]) for row in rows) / len(rows)


def _chosen(trial: Any, name: str, space: Any) -> Any:
    """What a trial takes out of a space."""
    if isinstance(space, Range):
        whole = isinstance(space.low, int) and isinstance(space.high, int)
        suggest = trial.suggest_int if whole else trial.suggest_float
        return suggest(name, space.low, space.high, log=space.log)
    if isinstance(space[0], Range):
        return [_chosen(trial, f"{name}_{number}", each) for number, each in enumerate(space)]
    return trial.suggest_categorical(name, space)
