"""Public docstrings have numpydoc's sections, by its own validation; fields are told where they are declared."""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap

import pytest
from numpydoc.docscrape import ClassDoc, NumpyDocString
from numpydoc.validate import validate

PARTS = ("armfa", *(f"armfa.{x}" for x in ["plant", "world", "tasks", "envs", "problems", "controllers", "rendering"]))
NOT_ASKED = {
    "ES01": "an extended summary: where one line says all, it is all",
    "SA01": "See Also: the pages of the site link parts to each other",
    "EX01": "examples: they are in the documents, and run",
    "SS03": "a full stop at the end of the summary: a source may follow it, in brackets",
    "SS05": "an infinitive first: it takes a noun in the plural for a verb",
    "PR08": "a capital first: units begin descriptions (rad, m/s)",
    "RT04": "the same, of what is returned",
}
OF_FIELDS = {"PR01", "PR02", "PR03"}
"""Of classes, fields may be told in a base class, or beside the field: `test_every_field_is_told` asks for that."""


def public():
    """Every class and function that `__all__`, or else `dir()`, shows of a public part, once."""
    found = {}
    for part in PARTS:
        module = importlib.import_module(part)
        for name in getattr(module, "__all__", None) or [x for x in dir(module) if x[0] != "_"]:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                found.setdefault(thing, f"{part}.{name}")
    return found


PUBLIC = public()
PAGES = [x for x in PUBLIC if "## " in (x.__doc__ or "")]
"""Tasks and environments, whose docstrings are pages in the form of Gymnasium's documentation."""


@pytest.mark.parametrize("thing", [x for x in PUBLIC if x not in PAGES], ids=PUBLIC.get)
def test_a_docstring_is_valid_numpydoc(thing):
    skipped = NOT_ASKED.keys() | (OF_FIELDS if inspect.isclass(thing) else set())
    wrong = [words for code, words in validate(PUBLIC[thing])["errors"] if code not in skipped]
    assert not wrong


def methods():
    """Public methods that a public class defines, by their full names."""
    return [
        f"{PUBLIC[kind]}.{name}"
        for kind in PUBLIC
        if inspect.isclass(kind) and kind not in PAGES
        for name, method in vars(kind).items()
        if name[0] != "_" and inspect.isfunction(getattr(method, "__func__", getattr(method, "fget", method)))
    ]


def test_methods_are_valid_numpydoc_and_have_all_sections_or_none():
    """Where one line says what goes in and what comes out, with shapes and units, it is all."""
    wrong = []
    for name in methods():
        found = validate(name)
        sections = re.search(r"^(Parameters|Returns)$", found["docstring"], re.MULTILINE)
        skipped = NOT_ASKED.keys() | (set() if sections else {"PR01", "RT01"})
        wrong += [f"{name}: {words}" for code, words in found["errors"] if code not in skipped]
    assert not wrong


@pytest.mark.parametrize("thing", [x for x in PUBLIC if x not in PAGES], ids=PUBLIC.get)
def test_parameters_are_told_in_a_section(thing):
    """`name : ...` above the first section would be read as a sentence."""
    texts = [
        thing.__doc__,
        *(getattr(x, "__doc__", "") for x in (vars(thing).values() if inspect.isclass(thing) else ())),
    ]
    for text in texts:
        above = re.split(r"\n *-{5,}\n", text if isinstance(text, str) else "")[0]
        assert not re.search(r"^ *[a-z_]\w*(, \w+)* : ", above, re.MULTILINE)


def fields_of(kind):
    """Names of the fields that a class itself declares."""
    own = inspect.get_annotations(kind)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.name in own]
    return [name for name in getattr(kind, "_fields", ()) if name in own]


def told(kind):
    """Names that are told in a section of the docstring, in a comment beside the field, or in a string below it."""
    sections = ClassDoc(kind)
    names = {
        x.strip(" *")
        for section in ("Parameters", "Attributes")
        for row in sections[section]
        for x in row.name.split(",")
    }
    lines = textwrap.dedent(inspect.getsource(kind)).splitlines()
    for i, line in enumerate(lines):
        if field := re.match(r"    (\w+): ", line):
            below = lines[i + 1].strip() if i + 1 < len(lines) else ""
            units = re.search(r'(positive|not_negative|number)\("[^"]+"\)|angle\(\)', line)
            if "  # " in line or below.startswith('"""') or units:
                names.add(field[1])
    return names


@pytest.mark.parametrize(
    "kind", [x for x in PUBLIC if inspect.isclass(x) and x not in PAGES and fields_of(x)], ids=PUBLIC.get
)
def test_every_field_is_told(kind):
    assert set(fields_of(kind)) <= told(kind)


def raised(function):
    """Names of the exceptions that a function raises itself, in its own body."""
    waiting, found = [ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]], set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and node.exc is not None:
            kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(ast.unparse(kind).rpartition(".")[2])
        inner = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]
    return found


def said(thing):
    """Names of the exceptions in the section Raises."""
    return {row.type or row.name for row in NumpyDocString(inspect.getdoc(thing) or "")["Raises"]}


def doors(thing):
    """What is called of a function or class: itself, or how it is made and its public methods."""
    if inspect.isfunction(thing):
        return [thing]
    own = [x for x in (getattr(y, "__func__", y) for y in vars(thing).values()) if inspect.isfunction(x)]
    made = ("__init__", "__post_init__", "__call__")
    written = [x for x in own if x.__code__.co_filename != "<string>"]  # and not made by `dataclass`
    return [x for x in written if x.__name__[0] != "_" or x.__name__ in made]


@pytest.mark.parametrize(
    "thing", [x for x in PUBLIC if x not in PAGES and not getattr(x, "_is_protocol", False)], ids=PUBLIC.get
)
def test_what_a_door_raises_is_told(thing):
    for door in doors(thing):
        assert raised(door) <= said(thing) | said(door), door.__qualname__
