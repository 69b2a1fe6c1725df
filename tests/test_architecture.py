"""The walls of the house: which part of the package may import which."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "armfa"

MAY_IMPORT = {
    "arrays": set(),
    "files": set(),
    "plant": {"arrays"},
    "controllers": {"arrays", "files"},
    "tasks": {"arrays", "plant"},
    "rendering": {"arrays", "plant"},
    "data": set(),
    "envs": {"arrays", "plant", "tasks", "rendering"},
    "problems": {"arrays", "plant", "tasks", "controllers", "data"},
    "experiments": {"arrays", "data", "files", "plant", "controllers", "tasks", "rendering", "envs", "problems"}
    | {"__version__"},
}
ANYTHING = {"__init__", "__main__", "cli", "benchmarks"}
GYMNASIUM = {"__init__", "envs", "cli", "benchmarks"}


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


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_gymnasium_and_pygame_stay_where_they_belong(file):
    outside = {name.split(".")[0] for name in imports(file)}
    assert "gymnasium" not in outside or part(file) in GYMNASIUM
    assert "pygame" not in outside or part(file) == "rendering"


@pytest.mark.parametrize("file", [f for f in FILES if part(f) == "plant"], ids=lambda file: file.name)
def test_the_physics_is_written_for_every_array_library(file):
    """Only what solves on the host (inverse problems, caches) may name NumPy; the equations may not."""
    equations = {"kinematics.py", "dynamics.py", "integrators.py", "limits.py"}
    if file.name in equations or file.parent.name == "muscles":
        assert "numpy" not in {name.split(".")[0] for name in imports(file)}
