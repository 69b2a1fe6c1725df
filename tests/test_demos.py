"""The demonstrations of learning run, at small size."""

import runpy
from pathlib import Path

DEMOS = Path(__file__).parent.parent / "demos"


def demo(name):
    return runpy.run_path(str(DEMOS / name))


def test_train_controller_reports_error_and_reach(capsys):
    demo("train_controller.py")["main"](updates=40)
    assert "mm from the target" in capsys.readouterr().out


def test_compare_rules_prints_a_line_a_rule(capsys):
    demo("compare_rules.py")["main"](updates=20, seeds=2)
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_rule_of_ones_own_learns(capsys):
    demo("own_rule.py")["main"](updates=300)
    line = capsys.readouterr().out.splitlines()[-1]
    before, after = (float(word) for word in line.split("NSE")[1].split("->"))
    assert after < before


def test_plant_feedback_prints_a_line_a_case(capsys):
    demo("plant_feedback.py")["main"](updates=5, seeds=1)
    assert len(capsys.readouterr().out.splitlines()) == 9
