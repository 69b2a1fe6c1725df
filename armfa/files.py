"""Files that are written all or nothing: a kill at any moment leaves the old one or the new one, never half of one."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAMAGED = (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged .npz or .json may raise."""


@contextmanager
def replacing(path: str | Path, ending: str = ".part") -> Iterator[Path]:
    """A path beside `path` to write to; at the end of the block the file goes to the disk and takes the name `path`.

    No reader looks for the name in between and no other process writes it. Where the block fails, nothing is changed.
    ending : of that name, for writers that choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{ending}")
    try:
        yield unfinished
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """A text file, all or nothing."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
