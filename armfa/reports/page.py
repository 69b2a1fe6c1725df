"""One self-contained page: every figure, what the paper says against what was measured, and what had to be chosen."""

import base64
import re
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from armfa.files import write_text
from armfa.reports.claim import STATUSES, Choice, Claim
from armfa.reports.statistics import LEVEL

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1080px; margin: 2em auto; padding: 0 1em; color: #1b1b1b; }
h1 { font-size: 1.7em; } h2 { margin-top: 2.2em; border-top: 1px solid #ccc; padding-top: .8em; }
table { border-collapse: collapse; width: 100%; margin: .8em 0; } th { font-weight: 600; }
td, th { text-align: left; vertical-align: top; padding: .35em .6em; border-bottom: 1px solid #ddd; }
td.number { white-space: nowrap; } .holds { color: #146c2e; font-weight: 600; }
.fails { color: #b3261e; font-weight: 700; } .not-tested { color: #8a5a00; } .reported { color: #555; }
img { max-width: 100%; height: auto; } .wide { overflow-x: auto; } .small { color: #555; font-size: .87em; }
.scale { color: #8a5a00; font-weight: 600; } nav a { margin-right: .8em; }
pre { white-space: pre-wrap; font-size: .8em; background: #f6f6f6; padding: .6em; }
@media (max-width: 640px) {
  tr, td { display: block; } tr:first-child { display: none; } tr { border-bottom: 1px solid #ccc; padding: .5em 0; }
  td { border: 0; padding: .1em 0; } td.number { font-weight: 600; }
  .figure { overflow-x: auto; } .figure img { max-width: none; width: 720px; }
}
"""


class Section(NamedTuple):
    """One experiment with all that the page shows of it."""

    name: str
    title: str
    source: str  # figure and paper
    settings: Mapping[str, Any] = MappingProxyType({})
    runs: int = 0
    seconds: float = 0.0  # of one core, all runs together
    figures: Mapping[str, bytes] = MappingProxyType({})
    claims: Sequence[Claim] = ()
    choices: Sequence[Choice] = ()
    remarks: str = ""
    missing: int = 0


def write_report(out: Path, sections: Sequence[Section], versions: Mapping[str, str], scale: str = "") -> Path:
    """Write `out/report.html`; returns its path.

    versions : of what the numbers depend on, by name. scale : a sentence, where the runs are smaller than the papers'.
    """
    counts = dict.fromkeys(STATUSES, 0)
    own = dict(counts)
    for section in sections:
        for claim in section.claims:
            counts[claim.verdict.status] += 1
            own[claim.verdict.status] += claim.own
    head = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>armfa: the experiments, reproduced</title><style>{STYLE}</style>",
        f"<p class='scale'>{escape(scale)}</p>" if scale else "",
        "<h1>Experiments of feedback alignment and motor learning, reproduced</h1>",
        "<p>Lillicrap, Cownden, Tweed, Akerman: abstract with the arm and preprint arXiv:1411.0247 (2014), ",
        "Nature Communications 7:13276 (2016). Other papers are named where they stand.</p>",
        f"<p><span class='holds'>{counts['holds']} claims hold</span>, "
        f"<span class='fails'>{counts['fails']} fail</span>, "
        f"<span class='not-tested'>{counts['not tested']} not tested</span> (why is said there), "
        f"{counts['reported']} numbers given as found. {own['holds']} of those that hold and {own['fails']} of those "
        "that fail are controls and bars of this package, which no paper states.</p>",
        f"<p class='small'>A claim holds when the stated test rejects its opposite at P &lt; {LEVEL:g} (or the level "
        "that the test names); a claim whose opposite could not be rejected is printed as failed. Levels are per "
        "claim. Spread is one standard deviation over n networks with their own start, feedback and data.</p>",
        f"<p class='small'>{escape(', '.join(f'{key} {value}' for key, value in versions.items()))}; "
        f"written {time.strftime('%Y-%m-%d %H:%M')}.</p>",
        "<nav>" + "".join(f"<a href='#{s.name}'>{s.name}</a>" for s in sections) + "</nav>",
    ]
    path = out / "report.html"
    write_text(path, "\n".join(head + [_section(section) for section in sections]) + "</html>\n")
    return path


def _section(section: Section) -> str:
    parts = [f"<h2 id='{section.name}'>{escape(section.title)}</h2>", f"<p class='small'>{escape(section.source)}</p>"]
    if section.missing:
        return "\n".join([*parts, f"<p class='fails'>{section.missing} runs are missing.</p>"])
    for key, png in section.figures.items():
        picture = f"<img alt='{escape(section.title)}, {key}' src='data:image/png;base64,{_text(png)}'>"
        parts.append(f"<p class='figure'>{picture}</p>")
    if section.remarks:
        parts.append(f"<p>{maths(section.remarks)}</p>")
    parts.append(_claims(section.claims))
    if section.choices:
        rows = "".join(_row(choice.what, choice.chosen, choice.why) for choice in section.choices)
        parts.append(_table(("not recovered", "chosen", "why"), rows))
    settings = ", ".join(f"{key} = {value}" for key, value in section.settings.items())
    parts.append(f"<details><summary>settings and cost</summary><pre>{escape(settings)}</pre>")
    parts.append(f"<p class='small'>{section.runs} runs, {section.seconds:.0f} s of one core.</p></details>")
    return "\n".join(parts)


def _claims(claims: Sequence[Claim]) -> str:
    rows = "".join(
        f"<tr><td>{maths(claim.text)}<td>{maths(claim.quantity)}<td class='number'>{escape(claim.told)}"
        f"<td><span class='{claim.verdict.status.replace(' ', '-')}'>{claim.verdict.status}</span>"
        f"<br><span class='small'>{escape(claim.verdict.words)}</span></tr>"
        for claim in claims
    )
    return _table(("paper says", "quantity", "we measured", "verdict"), rows)


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{maths(cell)}" for cell in cells) + "</tr>"


def _table(heads: Sequence[str], rows: str) -> str:
    """A table that scrolls in itself where the screen is narrower."""
    return f"<div class='wide'><table><tr>{''.join(f'<th>{head}' for head in heads)}</tr>{rows}</table></div>"


def maths(text: str) -> str:
    """Text for the page, its formulas as they are printed: powers raised, indices lowered, letters in italics."""
    text = escape(text)
    text = re.sub(r"\^(\([^)]*\)|-?\w+)", lambda found: f"<sup>{found[1].strip('()')}</sup>", text)
    text = re.sub(r"(?<![\w-])([A-Z]|delta|h)_?(\d)(?![\w.])", r"<i>\1</i><sub>\2</sub>", text)
    text = re.sub(r"(?<![\w<>&;/-])([BWTC])(?![\w>'-])", r"<i>\1</i>", text)
    for plain, printed in PRINTED.items():
        text = text.replace(plain, printed)
    return text


PRINTED = {" +-": " ±", " x 10<sup>": " × 10<sup>", " o ": " ∘ ", "<sup>-": "<sup>−", "<i>delta</i>": "<i>δ</i>"}
"""Signs that a keyboard does not have."""


def _text(png: bytes) -> str:
    return base64.b64encode(png).decode()
