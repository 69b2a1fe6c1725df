"""One page per environment, arm, learning rule and command, made from the thing itself."""

import contextlib
import csv
import dataclasses
import inspect
import io
import os
import re
from pathlib import Path
from typing import Any

import constants
import gymnasium as gym
import pictures
import plain

import armfa  # registers the environments
from armfa.cli import COMMANDS
from armfa.cli import main as command_line
from armfa.controllers import RULES, TIME_RULES
from armfa.controllers.rules import WRAPPERS
from armfa.plant import PRESETS, make_arm
from armfa.tasks import TASKS

gym.register_envs(armfa)
PAGES = {
    "environments": ["environments"],
    "arms": ["plant", "arm"],
    "rules": ["rules", "learning_over_time"],
    "commands": [],
}
"""Of docs/, those that come first among the cards of a kind."""
DOCS = Path(__file__).parent.parent


def write(path: Path, text: str) -> None:
    """A page, if it is another than the one that is there: what has not changed is not read again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def table(heads: list[str], rows: list[list[str]]) -> str:
    """In Markdown."""
    cells = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(x).replace("|", "\\|") for x in row) + " |\n" for row in cells) + "\n"


def code(value: Any) -> str:
    """As code, where there is any."""
    return f"`{value}`" if str(value) else ""


def number(value: Any) -> str:
    """A constant, short."""
    if isinstance(value, tuple):
        return "(" + ", ".join(number(x) for x in value) + ")"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def first_sentence(text: str) -> str:
    """Of a docstring."""
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()))[0]


def told(docstring: str) -> str:
    """A docstring in plain text, in a Markdown page."""
    text = "\n".join(plain.rest(inspect.cleandoc(docstring).splitlines()))
    text = re.sub(r"^(.+)\n-{3,}$", r".. rubric:: \1\n", text, flags=re.MULTILINE)  # sections of numpydoc
    return "```{eval-rst}\n" + text.strip() + "\n```\n\n"


def settings(kind: type) -> str:
    """The fields of a dataclass with their defaults."""
    rows = []
    for field in dataclasses.fields(kind):
        if field.init:
            missing = field.default is dataclasses.MISSING
            default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
            rows.append([code(field.name), "" if missing and default is dataclasses.MISSING else code(repr(default))])
    return table(["setting", "default"], rows) if rows else "It has no settings.\n\n"


def index(folder: str, title: str, intro: str, cards: dict[str, tuple[str, str]]) -> None:
    """The page of all cards of a kind: for each its picture or nothing, and one line."""
    text = f"# {title}\n\n{intro}\n\n::::{{grid}} 1 2 2 3\n:gutter: 3\n\n"
    for name, (line, picture) in cards.items():
        image = f":img-top: {picture}\n:img-alt: {name}\n" if picture else ""
        text += f":::{{grid-item-card}} {name}\n:link: {slug(name)}\n:link-type: doc\n{image}\n{line}\n:::\n\n"
    text += (
        "::::\n\n```{toctree}\n:hidden:\n\n"
        + "\n".join([*(f"../../{page}" for page in PAGES[folder]), *map(slug, cards)])
        + "\n```\n"
    )
    write(DOCS / "cards" / folder / "index.md", text)


def slug(name: str) -> str:
    """Of a file."""
    return name.removeprefix("armfa ").removeprefix("armfa/").lower()


def space(value: gym.Space) -> str:
    """A space in words."""
    if isinstance(value, gym.spaces.Box):
        low, high = value.low.min(), value.high.max()
        return f"Box, shape `{value.shape}`, {value.dtype}, {low:g} to {high:g}"
    return code(value)


def environments() -> None:
    """One card per id."""
    cards, folder = {}, DOCS / "cards/environments"
    for name, task in TASKS.items():
        id_, film = f"armfa/{name}-v0", folder / f"{name.lower()}.gif"
        if not film.exists():
            pictures.film(id_, film)
        env, spec = gym.make(id_), gym.spec(id_)
        rows = [
            ["id", code(id_)],
            ["action", space(env.action_space)],
            ["observation", space(env.observation_space)],
            ["steps", f"{spec.max_episode_steps} of 10 ms, then truncated"],
            ["solved from", "" if spec.reward_threshold is None else f"a return of {spec.reward_threshold:g}"],
            ["class, vector class", f"`armfa.envs.{name}Env`, `armfa.envs.{name}VectorEnv`"],
            ["task", f"`armfa.tasks.{name}`"],
        ]
        env.close()
        text = f"# {name}\n\n![An arm led by a controller that knows it, in {name}]({film.name})\n\n"
        text += table(["of the environment", "with the default arm"], [row for row in rows if row[1]])
        text += "```python\nimport gymnasium as gym\nimport armfa\n\n"
        text += f'env = gym.make("{id_}")\nmany = gym.make_vec("{id_}", num_envs=64)\n```\n\n'
        text += inspect.cleandoc(task.__doc__) + "\n\n## Settings of the task\n\n" + settings(task)
        text += "Those that every environment has are told in [Environments](../../environments.md).\n\n"
        text += "## Versions\n\n- v0: since armfa 0.1.0\n"
        write(folder / f"{slug(name)}.md", text)
        cards[name] = (first_sentence(task.__doc__), film.name)
    intro = "What the arm can be asked to do: nine Gymnasium environments, each for one arm and for many at once."
    index("environments", "Environments", intro, cards)


def constants_table(arm: Any, notes: dict[str, str]) -> str:
    """Every constant with its value, and its unit, mark and source as they stand in the code."""
    rows = []

    def part(thing: Any, path: str) -> None:
        about = notes.get(path.rstrip("."), "")
        for field in dataclasses.fields(thing):
            value, here = getattr(thing, field.name), f"{path}{field.name}"
            if dataclasses.is_dataclass(value):
                rows.append([f"**{field.name}**, `{type(value).__name__}`", "", notes.get(here, "")])
                part(value, f"{here}.")
            elif field.name not in {"name", "muscle_names"}:
                note = notes.get(here, "")
                rows.append([code(field.name), number(value), "" if note == about else note])

    part(arm, "")
    return table(["constant", "value", "unit, mark, source"], rows)


def arms() -> None:
    """One card per preset."""
    cards, folder, sources = {}, DOCS / "cards/arms", constants.Sources()
    for name, preset in PRESETS.items():
        arm = make_arm(name)
        if not (folder / name / "arm.png").exists():
            pictures.arm_pictures(arm, folder / name)
        text = f"# {name}\n\n![The arm in its centre posture]({name}/arm.png)\n\n{told(preset.build.__doc__)}"
        text += f'```python\nfrom armfa.plant import make_arm\n\narm = make_arm("{name}")\n```\n\n## Constants\n\n'
        text += (
            "Marks: V2, two or more independent sources agree; V1, one source; C, computed; A, our own choice; M, from "
        )
        text += (
            "memory. Where a line has none, that of its part holds. [The body](../../plant.md) names the sources.\n\n"
        )
        text += constants_table(arm, sources.of(name))
        text += f"Muscles, in order: {', '.join(arm.muscle_names)}.\n\n"
        dynamics = preset.activation_dynamics
        text += (
            f'With `activation="first_order"`: `{dynamics}`.\n\n' if dynamics else "It has no activation dynamics.\n\n"
        )
        if (folder / name / "moment_arms.png").exists():
            text += f"## Muscles\n\n![Moment arms of each muscle about both joints]({name}/moment_arms.png)\n\n"
            text += f"![Tension of each muscle by its length and its velocity]({name}/muscle_curves.png)\n\n"
        text += "## Mobility\n\nThe acceleration of the hand at rest, pushed with one newton in every direction.\n\n"
        text += f"![Mobility ellipses of the hand over the workspace]({name}/ellipses.png)\n"
        write(folder / f"{name}.md", text)
        cards[name] = (first_sentence(preset.build.__doc__), f"{name}/arm.png")
    intro = "The published arms that come with the package, and one with motors: every constant with its source."
    index("arms", "Arms", intro, cards)


def checks() -> dict[str, list[list[str]]]:
    """What each rule is compared with, from the table in rules.md: rows (compared with, test) by the rule's words."""
    found: dict[str, list[list[str]]] = {}
    rows = (DOCS / "rules.md").read_text(encoding="utf-8").split("| rule | compared with | test |")[1].splitlines()[2:]
    last = ""
    for row in rows:
        if not row.startswith("|"):
            break
        who, *rest = [cell.strip() for cell in row.strip("|").split(" | ")]
        last = who.strip() or last
        found.setdefault(last, []).append([cell.strip(" |") for cell in rest])
    return found


def board() -> dict[str, dict[str, str]]:
    """The rows of the board of the benchmark, by rule."""
    with (DOCS / "benchmark/board.csv").open(newline="", encoding="utf-8") as file:
        return {row["rule"]: row for row in csv.DictReader(file)}


def score(row: dict[str, str], kind: str) -> str:
    """With its interval."""
    value, low, high = (float(row[f"score_{kind}{end}"]) for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def rules() -> None:
    """One card per learning rule."""
    known, rows, cards = checks(), board(), {}
    for name, rule in (RULES | TIME_RULES | WRAPPERS).items():
        learns = (
            "episodes"
            if name in TIME_RULES
            else "another rule's changes"
            if name in WRAPPERS
            else "batches of examples"
        )
        text = f"# {name}\n\n{told(rule.__doc__)}"
        facts = [
            ["looks at", ", ".join(rule.looks_at)],
            ["keeps", ", ".join(rule.keeps) or "nothing"],
            ["source", rule.source],
            ["learns from", learns],
            ["class", f"`armfa.controllers.rules.{rule.__name__}`"],
        ]
        text += table(["of the rule", "what is told"], facts) + "## Settings\n\n" + settings(rule)
        said = [row for who, each in known.items() if f"`{name}`" in who or f"`{rule.__name__}`" in who for row in each]
        if said:
            text += "## How we know that it is right\n\n" + table(["compared with", "test"], said)
            text += "And what holds for every rule: [the checks](../../rules.md#the-check-of-each-rule).\n\n"
        text += "## On the benchmark\n\n"
        if name in rows:
            row = rows[name]
            text += table(
                ["hidden layers see", "ids", "score at its own rates", "score at one rate for all"],
                [[row["sees"], row["ids"], score(row, "own"), score(row, "common")]],
            )
            text += (
                "0 is a frozen hidden layer, 1 is backprop; 95 % intervals. [The board](../../benchmark/README.md)\n"
            )
        else:
            text += "It is not on [the kept board](../../benchmark/README.md)"
            text += ", which has rules for examples only.\n" if name in TIME_RULES else ".\n"
        write(DOCS / "cards/rules" / f"{name}.md", text)
        cards[name] = (f"Looks at: {', '.join(rule.looks_at)}.", "")
    intro = (
        "Twenty-six learning rules and two that change another rule: what each may look at, keeps, and is checked by."
    )
    intro = intro.replace("Twenty-six", str(len(RULES | TIME_RULES))).replace("two", str(len(WRAPPERS)))
    index("rules", "Learning rules", intro, cards)


def help_of(name: str) -> str:
    """What `armfa NAME --help` prints."""
    out, columns = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "84"
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        command_line([name, "--help"])
    if columns is None:
        del os.environ["COLUMNS"]
    else:
        os.environ["COLUMNS"] = columns
    plain_text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())
    return "\n".join(line.rstrip() for line in plain_text.splitlines())


def commands() -> None:
    """One card per command."""
    cards = {}
    for name, (kind, _) in COMMANDS.items():
        text = f"# armfa {name}\n\n{told(kind.__doc__)}```text\n{help_of(name)}\n```\n"
        write(DOCS / "cards/commands" / f"{name}.md", text)
        cards[f"armfa {name}"] = (first_sentence(kind.__doc__), "")
    index("commands", "Commands", "What can be done from a terminal.", cards)


def write_all() -> None:
    """Every card."""
    for kind in (environments, arms, rules, commands):
        kind()
