"""What runs in the reader's browser: scripts of the gallery, and the arm that learns (docs/live, where npm is there).

Scripts that need nothing but NumPy, SciPy and Matplotlib are run by JupyterLite. Pyodide and its wheels come from
Pyodide's CDN, as they do in every JupyterLite; armfa comes from the site itself, so that a script meets the version it
was written for.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import generated

PACKAGE = Path(__file__).parents[2]
CORE = {"armfa", "matplotlib", "numpy", "scipy", *sys.stdlib_module_names}
SLOW = {"adapt_to_a_field"}
"""Minutes in a browser, where nothing is compiled."""
ARGUMENTS = {"compare_rules.py": ["--updates", "600"]}
"""Of scripts that would take more than a minute or two."""
FIRST_CELL = """\
# Python runs in your browser here; armfa comes from this site.
import sys
import piplite

await piplite.install(["numpy", "scipy", "matplotlib"])
await piplite.install("armfa", deps=False)
sys.argv = {arguments}"""
BUTTON = """
.. button-link:: ../lite/notebooks/index.html?path={name}.ipynb
   :color: primary

   Run in the browser

"""
LIVE_BUTTON = """
```{button-link} live/index.html
:color: primary
Open it
```
"""


@cache  # asked for every page
def core_demos() -> list[Path]:
    """The scripts that a browser can run."""
    demos = sorted((PACKAGE / "demos").glob("*.py"))
    return [path for path in demos if path.stem not in SLOW and set(generated.imported(path)) <= CORE]


def prepared(notebook: dict, demo: Path) -> dict:
    """The gallery's notebook of a script, with a first cell that installs armfa."""
    arguments = [demo.name, *ARGUMENTS.get(demo.name, generated.gallery_arguments({}, {"src_file": demo}))]
    source = FIRST_CELL.format(arguments=arguments)
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    return {**notebook, "cells": [cell, *notebook["cells"]]}


def on_source(app: Any, page: str, source: list[str]) -> None:
    """A button above each script that a browser can run, and one to the live page."""
    if page == "live" and shutil.which("npm"):
        title, line, rest = source[0].partition("\n")
        source[0] = title + line + LIVE_BUTTON + rest
    for demo in core_demos():
        if page == f"gallery/{demo.stem}":
            head, line, rest = source[0].partition("===\n\n")  # the end of the title
            source[0] = head + line + BUTTON.format(name=demo.stem) + rest


def build(app: Any, error: Exception | None) -> None:
    """JupyterLite with these notebooks in the folder lite/ of the site, and the live page in live/."""
    if error is not None or app.builder.format != "html":
        return
    if shutil.which("npm"):
        subprocess.run([sys.executable, str(PACKAGE / "docs/live/build.py"), str(Path(app.outdir, "live"))], check=True)
    with tempfile.TemporaryDirectory() as place:
        wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", f"{place}/pypi", str(PACKAGE)]
        subprocess.run(wheel, check=True)
        notebooks = Path(place) / "notebooks"
        notebooks.mkdir()
        for demo in core_demos():
            made = json.loads(Path(app.srcdir, "gallery", f"{demo.stem}.ipynb").read_text(encoding="utf-8"))
            (notebooks / f"{demo.stem}.ipynb").write_text(json.dumps(prepared(made, demo)), encoding="utf-8")
        lite = [sys.executable, "-m", "jupyter", "lite", "build", "--lite-dir", place, "--contents", str(notebooks)]
        lite += ["--apps", "notebooks", "--no-sourcemaps", "--no-unused-shared-packages"]
        lite += ["--output-dir", str(Path(app.outdir, "lite"))]
        done = subprocess.run(lite, cwd=place, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"JupyterLite was not built: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def setup(app: Any) -> dict:
    """After the gallery has made its notebooks."""
    app.connect("source-read", on_source)
    app.connect("build-finished", build)
    return {"parallel_read_safe": True}
