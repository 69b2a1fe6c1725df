"""What holds for each experiment of the registry, at a scale of a second."""

import csv
import re
from dataclasses import fields, is_dataclass, replace
from html import escape

import matplotlib.figure
import numpy as np
import pytest

from armfa.commands.reproduce import section_of
from armfa.experiments.motor import adaptation, noise_and_delays
from armfa.experiments.registry import NAMES, experiment
from armfa.reports.page import maths, write_report
from armfa.reports.tables import write_table
from armfa.runs.unit import NoCheckpoint, Run

SMALL = {
    "arm": {"seeds": 2, "updates": 60, "hidden": (12,), "points": 4},
    "linear": {"seeds": 2, "examples": 60, "scales_examples": 60, "growth_examples": (40, 40, 40)},
    "init-scale": {"seeds": 2, "scales": (0.001, 0.25), "examples": 60},
    "flow-field": {"starts": 40, "time": 20.0},
    "theory": {"seeds": 3, "steps": 300, "wide_runs": 20},
    "deep": {"seeds": 2, "examples": 400, "test_size": 150},
    "quadratic": {"seeds": 2, "hidden": 60, "examples": 600, "phase_examples": (300, 300, 300), "test_size": 60},
    "ten-layers": {"seeds": 2, "examples": (600, 600), "test_size": 250},
    "mnist": {"seeds": 2, "data": "digits", "hidden": 100, "examples": 800, "equal_examples": 800},
    "mnist-sparse": {"seeds": 2, "data": "digits", "hidden": 100, "examples": 800},
    "derivative": {"seeds": 2, "data": "digits", "hidden": 30, "examples": 800},
    "spiking": {
        "data": "digits",
        "hidden": 30,
        "outputs": 20,
        "images": 400,
        "images_leak": 100,
        "streams": 10,
        "probe_steps": 6,
        "timed_streams": (1, 4),
    },
    "adaptation": {
        "seeds": 2,
        "units": 6,
        "updates": 2,
        "own_updates": 1,
        "baseline": 8,
        "trials": 10,
        "washout": 8,
        "last": 8,
        "movements": 2,
        "draws": 2,
    },
    "savings": {
        "seeds": 2,
        "units": 6,
        "updates": 2,
        "baseline": 8,
        "trials": 8,
        "washout": 8,
        "last": 8,
        "movements": 2,
    },
    "svhn": {"seeds": 2, "hidden": 20, "examples": 400, "stand_in_size": (100, 60)},
    "preferred-directions": {"seeds": 2, "hidden": 20, "updates": 60, "point_updates": 60},
    "noise-and-delays": {
        "seeds": 2,
        "units": 8,
        "ballistic_updates": 2,
        "ballistic_batch": 4,
        "repeats": 2,
        "updates": 2,
        "batch_size": 4,
        "reaches": 4,
        "one_step_updates": 60,
        "one_step_units": 12,
    },
    "power-law": {"seeds": 2, "units": 8, "updates": 2, "one_step_updates": 60, "one_step_units": 12},
    "ellipses": {"postures": 4},
    "canalisation": {"seeds": 2, "updates": 20, "units": 8, "test_size": 8},
    "feedback-teaches": {
        "units": 6,
        "trials": 4,
        "steps": (("cursor", 130), ("arm", 45)),
        "updates": (("cursor", 2), ("arm", 4)),
        "batch_size": 4,
    },
    "center-out": {
        "seeds": 2,
        "updates": 2,
        "one_step_updates": 60,
        "hidden": 12,
        "units": 6,
        "points": 2,
        "duration": 0.5,
    },
}


UNCOMPILED = (
    "canalisation", "center-out", "feedback-teaches", "noise-and-delays", "power-law", "preferred-directions",
)  # fmt: skip
"""So small, these would take longer to compile than to run."""


def tiny(name):
    """Settings of an experiment at the smallest scale (those of `quick` for one that is not listed)."""
    return replace(experiment(name).settings.quick(), **SMALL.get(name, {}))


pytestmark = pytest.mark.filterwarnings("ignore:.*(invalid value|divide by zero|overflow).*:RuntimeWarning")


@pytest.fixture(scope="module", params=[name for name in NAMES if name in SMALL])
def done(request):
    """(experiment, settings, runs) of one experiment at the smallest scale."""
    source, settings = experiment(request.param), tiny(request.param)
    runs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(noise_and_delays, "DELAYS", (0.0, 0.05))  # each kind of delay would be a kernel
        patch.setattr(adaptation, "LATE_RULES", ("backprop-through-time",))  # and each rule with late senses
        if request.param in UNCOMPILED:
            patch.setenv("ARMFA_COMPILED", "0")
        for unit in source.units(settings):
            arrays = source.run(settings, unit, NoCheckpoint())
            runs.append(Run(unit.name, dict(unit.arguments), arrays, {"seconds": 1.0}))
        yield source, settings, runs


def test_settings_are_frozen_and_come_in_two_scales(done):
    source, _, _ = done
    full, quick = source.settings(), source.settings.quick()
    assert is_dataclass(full) and source.settings.__dataclass_params__.frozen
    assert full != quick
    total = {scale: sum(unit.seconds for unit in source.units(scale)) for scale in (full, quick)}
    assert total[quick] < total[full]


def test_units_have_names_of_their_own(done):
    source, settings, _ = done
    names = [unit.name for unit in source.units(settings)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)


def test_arrays_need_no_pickle(done):
    _, _, runs = done
    assert all(np.asarray(array).dtype != object for run in runs for array in run.arrays.values())


def test_the_table_is_a_csv_with_one_header(done, tmp_path):
    source, settings, runs = done
    rows = source.table(settings, runs)
    write_table(tmp_path / "table.csv", rows)
    with (tmp_path / "table.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == len(rows) > 0
    assert list(read[0]) == list(rows[0])


def test_every_claim_has_words_numbers_and_a_stated_test(done):
    source, settings, runs = done
    for claim in source.claims(settings, runs):
        assert claim.paper and claim.quantity and claim.verdict.test
        assert claim.verdict.status in ("holds", "fails", "not tested", "reported")
        assert "n = " in claim.told


def test_figures_have_titled_axes_with_labels(done):
    source, settings, runs = done
    for figure in source.figures(settings, runs).values():
        assert isinstance(figure, matplotlib.figure.Figure)
        grid = len(figure.axes) > 8  # rows share what their first column and their top say
        for axis in figure.axes[:1] if grid else figure.axes:
            assert axis.get_title(loc="left") or axis.get_title()
            if axis.axison:
                assert axis.get_xlabel() and axis.get_ylabel()


def test_what_could_not_be_recovered_is_said(done):
    source, _, _ = done
    choices = source.choices(source.settings())
    assert choices
    assert all(choice.what and choice.chosen and choice.why for choice in choices)


def test_the_report_holds_every_claim_and_choice_and_nothing_from_outside(done, tmp_path):
    source, settings, runs = done
    claims = source.judged(settings, runs)
    page = write_report(tmp_path, [section_of(source, settings, runs, {"one": b"png"})], {}).read_text()
    for claim in claims:
        assert maths(claim.paper) in page
        assert escape(claim.told) in page
    for choice in source.choices(settings):
        assert maths(choice.chosen) in page
    failing = sum(claim.verdict.status == "fails" for claim in claims)
    assert page.count("<span class='fails'>fails</span>") == failing
    assert not re.search(r"(src|href)='(?!data:|#)", page)


def test_the_number_of_seeds_is_a_setting_wherever_there_are_networks():
    for name in NAMES:
        names = {field.name for field in fields(experiment(name).settings)}
        assert "seeds" in names or name in ("flow-field", "ellipses")
