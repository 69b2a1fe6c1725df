"""Which code makes the numbers: the version of the package and a digest of its sources."""

import hashlib
from functools import cache
from pathlib import Path

import armfa


@cache
def code_version() -> str:
    """Version and digest, such as `0.9.0+1f0c22ab8d3e`; equal where every source file of the package is."""
    package, digest = Path(armfa.__file__).parent, hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"{armfa.__version__}+{digest.hexdigest()[:12]}"
