"""Images of digits: MNIST, SVHN (cropped) and scikit-learn's small digits, checked before anything learns from them.

Files are looked for in the folder that the environment variable ARMFA_DATA names (or in its folder `mnist` or `svhn`),
then in the cache, and are downloaded otherwise. Whatever the way, the SHA-256 of what a file holds must be the known
one: a truncated or altered file is refused.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.io

FOLDER_VARIABLE = "ARMFA_DATA"


class Images(NamedTuple):
    """Labelled images."""

    pixels: np.ndarray  # uint8 (n, height, width) or (n, height, width, 3)
    labels: np.ndarray  # uint8 (n,), the digit shown


class Digits(NamedTuple):
    """A data set of ten classes."""

    name: str
    train: Images
    test: Images


class MissingData(Exception):
    """Files are neither here nor could be downloaded; the message says in one sentence what to do."""


class Source(NamedTuple):
    """Files of a data set: name -> SHA-256 of the content (unpacked), folders on the network, and how much they are."""

    name: str
    sha256: Mapping[str, str]
    mirrors: Sequence[str]
    compressed: bool
    megabytes: int
    advice: str


MNIST = Source(
    "MNIST",
    {
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://azureopendatastorage.blob.core.windows.net/mnist/",
    ),
    compressed=True,
    megabytes=11,
    advice="or choose the bundled small digits (--data digits)",
)
SVHN = Source(
    "SVHN",
    {
        "train_32x32.mat": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
        "test_32x32.mat": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
    },
    (
        "http://ufldl.stanford.edu/housenumbers/",
        "https://ufldl.stanford.edu/housenumbers/",
        "https://web.archive.org/web/2024id_/http://ufldl.stanford.edu/housenumbers/",  # the files as captured
    ),
    compressed=False,
    megabytes=246,
    advice="or use the generated stand-in, which shows that the code runs and nothing else",
)


def mnist(source: Source = MNIST, *, download: bool = True) -> Digits:
    """The 60,000 training and 10,000 test images of handwritten digits, 28 x 28."""
    content = [read_idx(_content(source, name, download), name) for name in source.sha256]
    return Digits("mnist", Images(content[0], content[1]), Images(content[2], content[3]))


def svhn(source: Source = SVHN, *, download: bool = True) -> Digits:
    """The 73,257 training and 26,032 test images of house numbers, cropped, 32 x 32 in colour."""
    train, test = (read_mat(_path(source, name, download)) for name in source.sha256)
    return Digits("svhn", train, test)


def small_digits() -> Digits:
    """scikit-learn's 1797 digits of 8 x 8 pixels (scaled to 0..255): the last 360 are the test set."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingData("the small digits come with scikit-learn: run pip install 'armfa[digits]'") from error
    bunch: Any = load_digits()
    pixels = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    return Digits("digits", Images(pixels[:-360], labels[:-360]), Images(pixels[-360:], labels[-360:]))


def stand_in(rng: np.random.Generator, *, train: int = 2000, test: int = 500, size: int = 32) -> Digits:
    """Generated colour images in the form of SVHN: each class a coarse pattern of its own, shifted, tinted and noisy.

    They show that loader, network and learning run end to end, and say nothing about house numbers.
    """
    coarse = rng.uniform(-1, 1, (10, size // 8, size // 8))
    patterns = np.kron(coarse, np.ones((8, 8)))  # (10, size, size)

    def draw(count: int) -> Images:
        labels = rng.integers(0, 10, count)
        shift = rng.integers(-3, 4, (count, 2))
        shown = np.stack([np.roll(patterns[k], tuple(s), (0, 1)) for k, s in zip(labels, shift)])
        tint = rng.uniform(10, 60, (count, 1, 1, 3))
        pixels = 128 + shown[..., None] * tint + rng.normal(0, 40, (count, size, size, 3))
        return Images(np.clip(pixels, 0, 255).astype(np.uint8), labels.astype(np.uint8))

    return Digits("stand-in", draw(train), draw(test))


def read_idx(content: bytes, name: str) -> np.ndarray:
    """The array in an IDX file of unsigned bytes: 0, 0, 8, number of axes, their lengths (big-endian), the bytes."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{name}: expected an IDX file of unsigned bytes, got one that begins with {content[:4]!r}")
    axes = content[3]
    shape = tuple(np.frombuffer(content, ">u4", axes, 4).astype(int)) if len(content) >= 4 + 4 * axes else (-1,)
    array = np.frombuffer(content, np.uint8, offset=min(len(content), 4 + 4 * axes))
    if min(shape, default=0) < 0 or array.size != np.prod(shape):
        raise ValueError(f"{name}: truncated: its header speaks of {shape}, {array.size} bytes follow")
    return array.reshape(shape)


def read_mat(path: Path) -> Images:
    """SVHN's X (32, 32, 3, n) and y (n, 1), where the digit 0 is written as 10."""
    content = scipy.io.loadmat(path)
    pixels = np.ascontiguousarray(np.moveaxis(content["X"], -1, 0))
    labels = (content["y"].ravel() % 10).astype(np.uint8)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (32, 32, 3) or len(labels) != len(pixels):
        raise ValueError(f"{path.name}: expected X (32, 32, 3, n) of bytes and y (n, 1), got {content['X'].shape}")
    return Images(pixels, labels)


def require(name: str) -> None:
    """See that `mnist`, `svhn` or `digits` is here, whole, or fetch it; MissingData or ValueError say what to do."""
    if name == "digits":
        small_digits()
        return
    source = {"mnist": MNIST, "svhn": SVHN}[name]
    for file in source.sha256:
        _path(source, file, download=True)


def available(source: Source) -> bool:
    """Whether all files of a data set are here already."""
    return all(_found(source, name) is not None for name in source.sha256)


def _content(source: Source, name: str, download: bool) -> bytes:
    """What a file holds, unpacked and checked."""
    return _checked(source, name, _path(source, name, download, check=False))


def _path(source: Source, name: str, download: bool, check: bool = True) -> Path:
    """The file, from the user's folder, the cache or the network, in this order."""
    path = _found(source, name) or (_downloaded(source, name) if download else None)
    if path is None:
        raise MissingData(_advice(source, "not here"))
    if check:
        _checked(source, name, path)
    return path


def _found(source: Source, name: str) -> Path | None:
    named = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(named), Path(named) / source.name.lower()] if named else []
    for folder in [*folders, _cache()]:
        for candidate in (folder / name, folder / f"{name}.gz"):
            if candidate.is_file():
                return candidate
    return None


def _checked(source: Source, name: str, path: Path) -> bytes:
    """The content of a file if it is what it should be."""
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is truncated or altered ({error}): delete it and get it anew") from error
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256[name]:
        raise ValueError(
            f"{path} is truncated or altered: expected content with SHA-256 {source.sha256[name]}, got {found}: "
            "delete it and get it anew"
        )
    return content


def _downloaded(source: Source, name: str) -> Path:
    """A file from the first mirror that has it whole, kept in the cache."""
    import pooch

    pooch.get_logger().setLevel("ERROR")
    stored = f"{name}.gz" if source.compressed else name
    problems = []
    for mirror in source.mirrors:
        try:
            downloader: Any = pooch.HTTPDownloader(timeout=10)
            path = Path(pooch.retrieve(mirror + stored, None, stored, _cache(), downloader=downloader))
        except Exception as error:
            problems.append(f"{mirror.split('/')[2]}: {type(error).__name__}")
            continue
        try:
            _checked(source, name, path)
        except ValueError:
            path.unlink()
            problems.append(f"{mirror.split('/')[2]}: altered file")
            continue
        return path
    raise MissingData(_advice(source, "not here and could not be downloaded (" + "; ".join(problems) + ")"))


def _advice(source: Source, problem: str) -> str:
    files = ", ".join(f"{name}.gz" if source.compressed else name for name in source.sha256)
    return (
        f"{source.name} is {problem}: put {files} ({source.megabytes} MB) into a folder and set {FOLDER_VARIABLE} to "
        f"it, {source.advice}."
    )


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("armfa"))
