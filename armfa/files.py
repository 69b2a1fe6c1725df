"""Files that are written all or nothing: a kill at any moment leaves the old one or the new one, never half of one."""

import os
import re
import secrets
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

    No reader looks for the name in between and no other writer has it. Where the block fails, nothing is changed. `~`
    is the home folder; a symbolic link stays, and what it points to is replaced. What the disk refuses is raised with
    the name of the file.

    Parameters
    ----------
    path : str or Path
        The file. Its folder is made where there is none.
    ending : str
        Of the name to write to, for writers that choose the format by it.
    """
    path = Path(os.path.realpath(Path(path).expanduser()))
    unfinished = path.with_name(f".{path.name[:80]}.{os.getpid()}-{secrets.token_hex(4)}{ending}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            with open(unfinished, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def clear_unfinished(folder: Path) -> None:
    """Remove what writers that were killed left under a folder; those that still write keep theirs."""
    for path in folder.rglob(".*.part*"):
        writer = re.search(r"\.(\d+)-[0-9a-f]{8}\.part", path.name)
        if writer and not _runs(int(writer[1])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether a process of this number is there (only POSIX can tell; others do not give up files that are open)."""
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_text(path: str | Path, text: str) -> None:
    """A text file, all or nothing."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
