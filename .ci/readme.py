"""Read the documents as a newcomer: print the README's commands for CI, or run every Python example.

python .ci/readme.py commands   the set-up and test commands of README.md, one a line
python .ci/readme.py examples   run the ```python blocks of README.md and of each page of docs/
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[tuple[str, str]]:
    """The code blocks of one language: (words behind the language, text)."""
    return [(m[2].strip(), m[3]) for m in FENCE.finditer(path.read_text(encoding="utf-8")) if m[1] == language]


def commands() -> str:
    """The commands that the README marks as set-up and as test."""
    marked = [text for words, text in blocks(ROOT / "README.md", "sh") if words in {"set-up", "test"}]
    if len(marked) < 2:
        raise SystemExit("README.md should have one ```sh set-up and one ```sh test block")
    return "".join(marked)


def run_examples() -> None:
    """Run the Python blocks of each page, one after the other in one interpreter, as a reader would."""
    docs = ROOT / "docs"
    for page in [ROOT / "README.md", *sorted(docs.glob("*.md")), *sorted(docs.glob("how_to/*.md"))]:
        text = "\n".join(text for words, text in blocks(page, "python") if words != "fragment")
        if text:
            print(page.name, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([sys.executable, "-W", "error", "-c", text], check=True, cwd=folder, timeout=300)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["commands"]:
            print(commands(), end="")
        case ["examples"]:
            run_examples()
        case _:
            raise SystemExit(__doc__)
