"""Follow every link of the built site, and of the Markdown files as they stand, to a file and a heading that are there.

python .ci/links.py FOLDER   the folder that sphinx-build wrote. Links to other hosts are not followed.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parent.parent


class Page(HTMLParser):
    """The links and the anchors of one page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What Python's parser tells of a tag."""
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.add(value)
            elif name in {"id", "name"} and value:
                self.anchors.add(value)


def broken_in_site(site: Path) -> list[str]:
    """Links of the site that lead nowhere."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {"", unquote(parts.fragment)}
            if not target.exists() or unquote(parts.fragment) not in anchors:
                found.append(f"{path.relative_to(site.resolve())}: {link}")
    return found


def broken_in_files() -> list[str]:
    """Links of Markdown files to files that are not there."""
    found = []
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        inside = path.relative_to(ROOT).parts
        if inside[0] == "docs" and (inside[1] in {"cards", "gallery", "_build"} or path.name == "index.md"):
            continue  # these are made, or link to what is
        text = re.sub(r"^```.*?^```|`[^`]*`", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in re.findall(r"\]\(([^)\s#]+)", text):
            if not urlsplit(link).scheme and not (path.parent / link).exists():
                found.append(f"{path.relative_to(ROOT)}: {link}")
    return found


if __name__ == "__main__":
    broken = [*broken_in_site(Path(sys.argv[1])), *broken_in_files()]
    print("\n".join(broken))
    sys.exit(f"{len(broken)} broken links" if broken else 0)
