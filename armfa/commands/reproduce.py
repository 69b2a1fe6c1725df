"""From one command to a report: run what is missing, then draw tables, figures and the page from the runs on disk."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from armfa.commands.flags import at_home, at_least_one, scheduler_of
from armfa.data import MissingData, require
from armfa.experiments.base import Experiment
from armfa.experiments.registry import NAMES, chosen, experiment
from armfa.files import write_text
from armfa.reports.claim import STATUSES
from armfa.reports.figures import STYLE, save_figure
from armfa.reports.page import Section, write_report
from armfa.reports.tables import write_table
from armfa.runs.display import say
from armfa.runs.folders import continued, own_settings
from armfa.runs.sweep import missing_units, run_missing, runs_of
from armfa.runs.unit import Run


@dataclass(frozen=True)
class Reproduce:
    """Run the experiments of the papers and write one report with every figure and a verdict on every claim."""

    out: Path = Path("reproduction")
    """Folder for runs, tables, figures and report.html."""
    only: str = ""
    """Experiments to run, separated by commas; all when empty. linear, init-scale, flow-field, theory, deep, quadratic,
    ten-layers, mnist, mnist-sparse, derivative, spiking, svhn, arm, center-out, adaptation, savings,
    preferred-directions, noise-and-delays, power-law, ellipses, canalisation, feedback-teaches; or a group of them,
    alignment, digits, motor."""
    quick: bool = False
    """Fewer seeds and steps: everything in a few minutes, with wider error bars and shorter curves."""
    paper_size: bool = False
    """The paper's own size where the full scale is smaller: spiking, 784-1500x3-1000, up to an hour of one core."""
    seeds: int | None = None
    """Networks per rule where the experiment trains several; each experiment's own number when not given."""
    resume: bool = False
    """Continue the reproduction in the folder, with its own settings; what is finished there is not run again."""
    processes: int = 2
    """Units that run at once, each with one BLAS thread."""
    scheduler: str = ""
    """Address of a Dask scheduler, whose workers do it in place of --processes; docs/scaling.md."""
    data: Literal["mnist", "digits"] = "mnist"
    """Handwritten digits: the MNIST files, or scikit-learn's small 8x8 digits, which need no download."""
    house_numbers: Literal["auto", "download"] = "auto"
    """SVHN: use its files where they are here and a generated stand-in otherwise, or fetch them (246 MB)."""
    quiet: bool = False
    """No progress, only the results."""
    redraw: bool = False
    """Draw tables, figures and report anew from the runs in the folder, with its own settings, and run nothing."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be."""
        at_least_one(self, "seeds", "processes")
        if self.paper_size and self.quick:
            raise ValueError("expected --quick or --paper-size, got both: one is small, the other long")
        names = chosen(self.only)  # wrong ones are refused before a folder is looked at
        if self.paper_size and "spiking" not in names:
            raise ValueError(f"--paper-size is for spiking, which --only {self.only} leaves out")


NOT_KEPT = ("out", "resume", "processes", "scheduler", "quiet", "redraw")
"""Fields that no number depends on."""


def settled(config: Reproduce) -> Reproduce:
    """The command with the settings that its folder was begun with, where it continues or redraws one.

    `only` then names all that the folder is about: what it was begun for, and what is asked for now.
    """
    begun = continued(config, "reproduce", "reproduction", NOT_KEPT, ("only",))
    if begun is None:
        return config
    about = set(chosen(begun.only)) | set(chosen(config.only) if config.only else ())
    return replace(begun, only="" if len(about) == len(NAMES) else ",".join(n for n in NAMES if n in about))


def reproduce(config: Reproduce, console: Console | None = None) -> Path:
    """Run what is missing under `config.out`, draw everything, and return the path of the report."""
    config = at_home(config)
    scheduler = scheduler_of(config)
    console, asked, config = console or Console(), config.only, settled(config)
    if config.resume or config.redraw:
        say(console, own_settings(config.out, config, NOT_KEPT))
    settings = {name: settings_of(name, config) for name in chosen(config.only)}
    runs_folder = config.out / "runs"
    if not config.redraw:
        write_text(config.out / "reproduce.json", json.dumps(asdict(config), indent=1, default=str))
    start = time.monotonic()
    to_run = {name: each for name, each in settings.items() if not asked or name in chosen(asked)}
    waiting = {} if config.redraw else without_data(to_run, runs_folder)
    for sentence, names in waiting.items():
        say(console, f"{sentence} Left out: {', '.join(names)}.", "yellow")
    left_out = [name for names in waiting.values() for name in names]
    able = {name: chosen_settings for name, chosen_settings in to_run.items() if name not in left_out}
    sweeps = [experiment(name).sweep(each) for name, each in able.items()]
    try:
        failed = [] if config.redraw else run_missing(sweeps, runs_folder, scheduler, console, config.quiet)
    except KeyboardInterrupt:
        say(console, f"stopped; continue with: armfa reproduce --resume --out {config.out}")
        raise
    report = redraw(settings, config.out, console)
    say(console, f"{report}  ({(time.monotonic() - start) / 60:.1f} minutes)")
    if failed:
        raise RuntimeError(f"{len(failed)} units failed: {', '.join(failed)}; the report holds what did not")
    if left_out:
        raise RuntimeError(f"left out for want of data: {', '.join(left_out)}; the report holds the others")
    return report


def without_data(settings: Mapping[str, Any], folder: Path) -> dict[str, list[str]]:
    """What is to be done about data that cannot be had -> the experiments that wait for it; each is asked for once."""
    problems: dict[str, str] = {}
    waiting: dict[str, list[str]] = {}
    for name, chosen_settings in settings.items():
        if not missing_units(experiment(name).sweep(chosen_settings), folder):
            continue
        for needed in experiment(name).needs(chosen_settings):
            if needed not in problems:
                try:
                    require(needed)
                    problems[needed] = ""
                except (MissingData, ValueError) as error:
                    problems[needed] = str(error)
            if problems[needed]:
                waiting.setdefault(problems[needed], []).append(name)
    return waiting


def settings_of(name: str, config: Reproduce) -> Any:
    """Settings of an experiment at the scale of the command, with its number of seeds and its data set."""
    kind = experiment(name).settings
    settings = kind.quick() if config.quick else kind.paper() if config.paper_size else kind()
    known = {field.name for field in fields(settings)}
    if config.seeds is not None and "seeds" in known:
        settings = replace(settings, seeds=config.seeds)
    if "data" in known:
        settings = replace(settings, data=config.data)
    if "house_numbers" in known:
        settings = replace(settings, house_numbers=config.house_numbers)
    return settings


def redraw(settings: Mapping[str, Any], out: Path, console: Console | None = None) -> Path:
    """Tables, figures and report from the runs under `out`; an experiment with missing runs is said to be missing."""
    import matplotlib

    console, sections, made_with = console or Console(), [], []
    for name, chosen_settings in settings.items():
        source = experiment(name)
        sweep = source.sweep(chosen_settings)
        runs = runs_of(sweep, out / "runs", lambda words: say(console, words, "yellow"))
        made_with += [run.facts["versions"] for run in runs]
        if len(runs) < len(sweep.units):
            sections.append(Section(name, source.title, source.source, missing=len(sweep.units) - len(runs)))
            continue
        write_table(out / "tables" / f"{name}.csv", source.table(chosen_settings, runs))
        with matplotlib.rc_context(STYLE):
            drawn = source.figures(chosen_settings, runs)
            paths = {key: out / "figures" / f"{name}_{key}.png" for key in drawn}
            for key, figure in drawn.items():
                save_figure(figure, paths[key], dpi=130)
        figures = {key: path.read_bytes() for key, path in paths.items()}
        sections.append(section_of(source, chosen_settings, runs, figures))
    _tell(sections, console)
    claims = [{"experiment": section.name, **claim.row} for section in sections for claim in section.claims]
    if claims:
        write_table(out / "claims.csv", claims)
    if scale := scale_of(settings):
        say(console, scale, "yellow")
    return write_report(out, sections, versions_of(made_with), scale)


def scale_of(settings: Mapping[str, Any]) -> str:
    """A sentence where experiments are smaller than their full scale; nothing where none is."""
    small = [name for name, each in settings.items() if each.is_short]
    less = "shorter training, smaller networks or other images than at the full scale"
    if not small:
        return ""
    return f"A small reproduction: {less} in {', '.join(small)}; claims about the end of training are not tested there."


def versions_of(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """With what the runs were made: the versions of each, and all where they differ."""
    names = dict.fromkeys(name for versions in found for name in versions)
    return {name: ", ".join(dict.fromkeys(versions[name] for versions in found if name in versions)) for name in names}


def section_of(source: Experiment, settings: Any, runs: Sequence[Run], figures: Mapping[str, bytes]) -> Section:
    """What the page shows of an experiment."""
    return Section(
        source.name, source.title, source.source, asdict(settings), len(runs),
        sum(run.facts["seconds"] for run in runs), figures, source.judged(settings, runs), source.choices(settings),
        source.remarks,
    )  # fmt: skip


def _tell(sections: Sequence[Section], console: Console) -> None:
    """Each claim with its verdict, on the console."""
    for section in sections:
        if section.missing:
            say(console, f"{section.name}: {section.missing} units missing")
        for claim in section.claims:
            say(console, f"{section.name:>12}  {claim.line}", STATUSES[claim.verdict.status], indent=14)
