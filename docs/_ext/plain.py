"""Docstrings as they stand in the source, made into reStructuredText that Sphinx takes without a warning.

The package's docstrings are plain text with numpydoc sections: formulas stand there as W^T, |v| and a*b, and
indented where they have lines of their own.
"""

import re

CODE = re.compile(r"(``.+?``|`[^`]+`_{0,2})")
SPECIAL = re.compile(r"[*|]|(?<=\w)_(?!\w)")
SETTING = re.compile(r"^(\w+(?:, \w+)*) : ")
UNDERLINE = re.compile(r"^\s*(-{3,}|={3,})\s*$")


def escaped(line: str) -> str:
    """One line in which nothing but code in backquotes is markup."""
    parts = CODE.split(line)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            parts[i] = ("\\ " if i and part[:1].isalnum() else "") + SPECIAL.sub(r"\\\g<0>", part)
    return "".join(parts)


def indent(line: str) -> int:
    """Spaces before the text."""
    return len(line) - len(line.lstrip())


def rest(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText: formulas literal, what looks like markup escaped."""
    end = next((i for i, line in enumerate(lines) if UNDERLINE.match(line)), len(lines) + 1) - 1
    return [*_text(lines[:end]), *(line if UNDERLINE.match(line) else escaped(line) for line in lines[end:])]


def _text(lines: list[str]) -> list[str]:
    """What stands before the first section."""
    out: list[str] = []
    for block in _blocks(lines):
        first, least = block[0], min(indent(line) for line in block)
        if SETTING.match(first):
            for line in block:
                name = SETTING.match(line)
                out += (
                    ["", f"``{name[1]}``", f"    {escaped(line[name.end() :])}"]
                    if name
                    else [f"    {escaped(line.strip())}"]
                )
        elif least > 0 or any(indent(line) > least for line in block[1:]):
            out += ["::", "", *("    " + line for line in block)]
        else:
            out += [escaped(line) for line in block]
        out.append("")
    return out


def _blocks(lines: list[str]) -> list[list[str]]:
    """The lines between blank ones. Settings begin a block of their own."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if not line.strip():
            blocks.append([])
            continue
        if SETTING.match(line) and blocks[-1] and not SETTING.match(blocks[-1][0]):
            blocks.append([])
        blocks[-1].append(line)
    return [block for block in blocks if block]
