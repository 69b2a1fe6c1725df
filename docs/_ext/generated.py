"""What the site says about the package's parts, made from the parts themselves whenever the site is built.

docs/api/    one page per public module
docs/cards/  one page per environment, arm, learning rule and command (cards.py)
"""

import ast
import importlib
import importlib.util
import inspect
import re
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import cards
import plain
from cards import write

MODULES = {
    "armfa": "The package",
    "armfa.plant": "The body",
    "armfa.tasks": "Tasks",
    "armfa.world": "The world",
    "armfa.envs": "Environments",
    "armfa.controllers": "The learner",
    "armfa.problems": "Problems",
    "armfa.rendering": "Pictures",
    "armfa.runs": "Units of work",
    "armfa.experiments": "Experiments",
    "armfa.arrays": "Arrays",
}
"""The public modules in the order of their pages."""

SCRATCH = tempfile.mkdtemp()
"""What demos write while the site is built goes here."""
GALLERY_ARGUMENTS = {
    "center_out_compared.py": ["--small", "--out", SCRATCH],
    "functional_jax.py": ["--small"],
    "her.py": ["--small"],
    "learning_curves.py": ["--small", "--out", f"{SCRATCH}/curves"],
    "minari_dataset.py": ["--episodes", "5"],
    "own_task.py": ["--small"],
    "plant_feedback.py": ["--updates", "1000", "--seeds", "2"],
    "plant_in_torch.py": ["--updates", "60"],
    "ppo.py": ["--small"],
    "ppo_vector.py": ["--small"],
    "single_file_ppo.py": ["--small"],
    "single_file_sac.py": ["--small"],
    "step_and_render.py": ["--steps", "100", "--save", f"{SCRATCH}/frame.png"],
}
"""What a demo is run with where the site is built; without arguments some take hours."""


def gallery_arguments(settings: dict, script: dict) -> list[str]:
    """The arguments of one script of the gallery."""
    return GALLERY_ARGUMENTS.get(Path(script["src_file"]).name, [])


def imported(demo: Path) -> list[str]:
    """The libraries that a script imports, anywhere in it."""
    nodes = list(ast.walk(ast.parse(demo.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return [name.split(".")[0] for name in names]


def runnable(demos: Path) -> str:
    """The scripts of the gallery whose libraries are there, as a pattern; others are shown, but not run."""
    names = [path.stem for path in sorted(demos.glob("*.py")) if all(map(importlib.util.find_spec, imported(path)))]
    return rf"/({'|'.join(names)})\.py$"


def title(text: str, line: str = "=") -> str:
    """A heading in reStructuredText."""
    return f"{text}\n{line * len(text)}\n\n"


def toctree(pages: list[str], **options: str) -> str:
    """A table of contents."""
    settings = "".join(f"   :{key}: {value}\n" for key, value in options.items())
    return f".. toctree::\n{settings}\n" + "".join(f"   {page}\n" for page in pages) + "\n"


def public(module: ModuleType) -> list[str]:
    """What is meant for users, modules left out."""
    names = getattr(module, "__all__", None) or [
        name for name in dir(module) if getattr(getattr(module, name), "__module__", None) == module.__name__
    ]
    return sorted((n for n in names if n[0] != "_" and not inspect.ismodule(getattr(module, n))), key=str.lower)


def entry(thing: Any, name: str) -> str:
    """What autodoc is asked to show; data are shown as they are."""
    if inspect.isclass(thing) or inspect.isroutine(thing):
        return f".. auto{'class' if inspect.isclass(thing) else 'function'}:: {name}\n\n"
    told = f"``{thing}``".replace("typing.", "")
    if isinstance(thing, dict):
        told = "A dictionary with " + ", ".join(f"``{key!r}``" for key in thing) + "."
    return f".. py:data:: {name}\n\n   {told}\n\n"


def api_page(name: str, heading: str, shown: dict[int, str]) -> str:
    """Every public name of one module: a table, then each by itself. What an earlier page has shown is only named."""
    module = importlib.import_module(name)
    things = {each: getattr(module, each) for each in public(module)}
    elsewhere = [f"`{shown[id(x)]}.{each}`" for each, x in things.items() if id(x) in shown]
    here = {each: x for each, x in things.items() if id(x) not in shown}
    shown.update({id(x): name for x in here.values()})
    summary = "\n".join(plain.rest(inspect.getdoc(module).splitlines()))
    text = title(f"{heading}: {name}") + f".. py:module:: {name}\n\n{summary}\n\n"
    if elsewhere:
        text += f"Also to be had from here: {', '.join(elsewhere)}.\n\n"
    listed = [each for each, x in here.items() if inspect.isclass(x) or inspect.isroutine(x)]
    text += ".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   {each}\n" for each in listed) + "\n"
    return text + "".join(entry(x, each) for each, x in here.items())


def write_api(docs: Path) -> None:
    """The pages of the API."""
    shown: dict[int, str] = {}
    for name, heading in MODULES.items():
        write(docs / "api" / f"{name}.rst", api_page(name, heading, shown))
    intro = "What can be imported, one page per part. Shapes lead with ``...``, any axes of a batch; units are SI.\n\n"
    write(docs / "api/index.rst", title("API reference") + intro + toctree(list(MODULES), maxdepth="1"))


def on_source(app: Any, page: str, source: list[str]) -> None:
    """Files beside the folder of the documents have a page of their own here."""
    source[0] = re.sub(r"\]\((?:\.\./)+(CHANGELOG|CONTRIBUTING)\.md", lambda m: f"](/{m[1].lower()}.md", source[0])


def on_guides(app: Any, page: str, source: list[str]) -> None:
    """A page of docs/ that no list names stands at the end of the guides."""
    if page == "guides":
        docs = Path(app.srcdir)
        named = "".join((docs / f"{name}.md").read_text(encoding="utf-8") for name in ("index", "results", "guides"))
        first = {page for pages in cards.PAGES.values() for page in pages}
        known = {"index", *first, *re.findall(r"^[\w/]+$", named, re.MULTILINE)}
        others = sorted(path.stem for path in docs.glob("*.md") if path.stem not in known)
        source[0] = source[0].replace(
            "\narchitecture\n", "".join(f"\n{name}" for name in [*others, "architecture"]) + "\n"
        )


def on_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings on their way into a page. Those of environments are Markdown and have their cards."""
    heading = next((i for i, line in enumerate(lines) if line.startswith("## ")), None)
    if heading is not None:
        lines[heading:] = []
    lines[:] = plain.rest(lines)


def skipped(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """The fields of tuples of which Python says only which number they have."""
    return True if (getattr(thing, "__doc__", None) or "").startswith("Alias for field number") else None


def generate(app: Any) -> None:
    """All pages that are made."""
    docs = Path(app.srcdir)
    write_api(docs)
    cards.write_all()


def unresolved(app: Any, env: Any, node: Any, code: Any) -> Any:
    """`name` in a docstring is a link where the site has such a name, and code where it has none."""
    return code if node.get("refdomain") == "py" and node.get("reftype") in {"obj", "class"} else None


def setup(app: Any) -> dict:
    """Before anything is read."""
    app.connect("builder-inited", generate, priority=100)
    app.connect("source-read", on_source)
    app.connect("source-read", on_guides)
    app.connect("autodoc-process-docstring", on_docstring, priority=100)
    app.connect("autodoc-skip-member", skipped)
    app.connect("missing-reference", unresolved)
    return {"parallel_read_safe": True}
