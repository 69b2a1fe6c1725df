"""What the documents point to is there."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = [path for folder in ("tests", "interop") for path in (ROOT / folder).rglob("test_*.py")]
NAMES = set(re.findall(r"^def (test_\w+)", "\n".join(path.read_text(encoding="utf-8") for path in TESTS), re.MULTILINE))
MADE = ("cards/", "gallery/", "api/")
"""Folders that are made with the site; .ci/links.py follows links to them."""
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "how_to").glob("*.md")),
]


def id_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_every_test_that_a_page_names_exists(page):
    named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
    assert named <= NAMES


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_every_file_that_a_page_names_or_links_to_exists(page):
    text = page.read_text(encoding="utf-8")
    for file in re.findall(r"`((?:tests|interop|armfa|demos)/[\w/]+\.\w+)`", text):
        assert (ROOT / file).exists(), file
    text = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert link.startswith(MADE) or (page.parent / link).exists(), link


FAULTS = runpy.run_path(str(ROOT / ".ci" / "published_errors.py"))["FAULTS"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_an_error_of_others_can_still_be_made_here_and_the_page_names_the_tests_that_see_it(fault):
    """That they do see it takes minutes: `python .ci/published_errors.py`."""
    assert (ROOT / "armfa" / fault.file).read_text(encoding="utf-8").count(fault.ours) == 1
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    for test in fault.tests:
        file, name = test.split("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
        assert f"`{name}`" in page
