"""Notebooks of the gallery in JupyterLite in a headless Chromium: `pytest -n 0 docs/live/test_gallery.py`.

Needs a built site (docs/_build/html, or the folder that SITE names), node, puppeteer-core (`npm install puppeteer-core`
in the working folder) and /usr/bin/chromium, or the one that CHROMIUM names. Not part of the other tests, since few
machines have a Chromium. A reader's browser takes Pyodide and its wheels from their CDN; here they come from the
package that build.py takes NumPy from, so that nothing is asked of other hosts.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib import import_module
from pathlib import Path

import pytest

LIVE = Path(__file__).parent
sys.path.insert(0, str(LIVE))  # what is not in the package
SITE = Path(os.environ.get("SITE", LIVE.parent / "_build/html"))
NOTEBOOKS = sorted(path.stem for path in (SITE / "lite/files").glob("*.ipynb"))


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """The site's JupyterLite with Pyodide beside it."""
    build = import_module("build")
    out, pyodide = tmp_path_factory.mktemp("lite") / "lite", "static/pyodide"
    shutil.copytree(SITE / "lite", out)
    (out / pyodide).mkdir(parents=True)
    with zipfile.ZipFile(build.download(build.CARRIERS[0], tmp_path_factory.mktemp("all"))) as package:
        for name in package.namelist():
            if "/assets/pyodide/" in name and name.count("/") == 3:
                (out / pyodide / Path(name).name).write_bytes(package.read(name))
    comm, lock = build.download("comm==0.2.2", tmp_path_factory.mktemp("comm")), out / pyodide / "pyodide-lock.json"
    shutil.copy(comm, out / pyodide)  # the kernel wants it, and the package has it elsewhere
    known = json.loads(lock.read_text())
    digest = sha256(comm.read_bytes()).hexdigest()
    about = {"name": "comm", "version": "0.2.2", "file_name": comm.name, "sha256": digest, "imports": ["comm"]}
    known["packages"]["comm"] = known["packages"]["traitlets"] | about | {"depends": ["traitlets"]}
    lock.write_text(json.dumps(known))
    settings = json.loads((out / "jupyter-lite.json").read_text())
    data = settings["jupyter-config-data"]
    data["exposeAppInBrowser"] = True
    kernel = data["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]
    kernel.update(pyodideUrl=f"./{pyodide}/pyodide.js", disablePyPIFallback=True)
    (out / "jupyter-lite.json").write_text(json.dumps(settings))
    return out


def test_the_site_has_notebooks():
    assert "moment_arms" in NOTEBOOKS and "ppo" not in NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_runs_in_the_browser_and_ends_in_a_picture(notebook, lite):
    pictures = [str(Path(folder) / f"{notebook}.png")] if (folder := os.environ.get("LIVE_PICTURES")) else []
    command = ["node", str(LIVE / "check_gallery.mjs"), str(lite), notebook, *pictures]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = {name: value for line in done.stdout.splitlines() for name, value in json.loads(line).items()}
    assert seen["errors"] == [] and seen["pictures"] and all(seen["pictures"])
    assert seen["hosts"] == ["127.0.0.1"]
