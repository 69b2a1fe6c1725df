"""The walls of the house: which part of the package may import which."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "armfa"

BELOW = {"arrays", "files", "data", "plant", "controllers", "tasks", "rendering"}
"""What experiments may use of floors 0 to 2, with `world`."""

MAY_IMPORT = {
    "arrays": set(),
    "files": set(),
    "data": set(),
    "compiled": {"arrays"},
    "plant": {"arrays", "compiled"},
    "controllers": {"arrays", "compiled", "files"},
    "tasks": {"arrays", "plant"},
    "world": {"arrays", "compiled", "plant", "tasks"},
    "rendering": {"arrays", "plant", "tasks"},
    "envs": {"arrays", "compiled", "plant", "tasks", "world", "rendering"},
    "problems": {"arrays", "compiled", "plant", "tasks", "world", "controllers", "data"},
    "runs": {"files", "__version__"},
    "reports": {"files"},
    "experiments": BELOW | {"world", "problems", "runs", "reports"},
}
ANYTHING = {"__init__", "__main__", "cli", "commands", "benchmarks"}
GYMNASIUM = {"__init__", "envs", "cli", "commands", "benchmarks"}
SETTINGS = {"runs", "reports", "experiments", "commands"}


def part(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> set[str]:
    """Every module that a file imports, in full: `armfa.plant.step`, `numpy`, ..."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_part_imports_only_the_floors_below_it(file):
    if part(file) in ANYTHING:
        return
    inside = {name.split(".")[1] for name in imports(file) if name.startswith("armfa.")}
    assert inside <= MAY_IMPORT[part(file)] | {part(file)}


def test_no_command_imports_another():
    from armfa.cli import COMMANDS

    for name in COMMANDS:
        others = {f"armfa.commands.{other}" for other in COMMANDS if other != name}
        found = {imported.rpartition(".")[0] for imported in imports(PACKAGE / "commands" / f"{name}.py")}
        assert not found & others, name


@pytest.mark.parametrize("file", [file for file in FILES if part(file) in SETTINGS], ids=lambda file: file.stem)
def test_settings_have_their_fields_and_nothing_is_asked_of_them_by_a_string(file):
    called = {node.func.id for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert not called & {"getattr", "hasattr"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_gymnasium_and_pygame_stay_where_they_belong(file):
    outside = {name.split(".")[0] for name in imports(file)}
    assert "gymnasium" not in outside or part(file) in GYMNASIUM
    assert "pygame" not in outside or part(file) == "rendering"


EQUATIONS = [
    PACKAGE / "plant" / f"{name}.py" for name in ("physics", "kinematics", "quantities", "integrators", "limits")
]
EQUATIONS += [*sorted((PACKAGE / "plant" / "muscles").glob("*.py")), PACKAGE / "world" / "world.py"]


@pytest.mark.parametrize("file", EQUATIONS, ids=lambda file: file.name)
def test_the_equations_are_written_for_every_array_library(file):
    """Only what solves on the host (inverse problems, caches) may name NumPy; the equations may not."""
    assert "numpy" not in {name.split(".")[0] for name in imports(file)}
