"""Images of digits: MNIST, SVHN (cropped) and scikit-learn's small digits, checked before anything learns from them.

Files are looked for in the folder that the environment variable ARMFA_DATA names, under the names and in the folders in
which people have them, then in the cache, and are downloaded otherwise. Whatever the way, the SHA-256 of what a file
holds must be the known one: a truncated or altered file is refused, and one that is too large is not read to its end.
"""

import gzip
import hashlib
import math
import os
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

FOLDER_VARIABLE = "ARMFA_DATA"
DOWNLOAD_TIME = 3600.0
"""s: a file that takes longer is given up."""
MOST_CLASSES = 1000
"""A greater label is taken for a mistake."""


class Images(NamedTuple):
    """Labelled images."""

    pixels: np.ndarray  # uint8 (n, height, width) or (n, height, width, 3)
    labels: np.ndarray  # whole numbers (n,), what is shown, from 0


class Digits(NamedTuple):
    """A data set."""

    name: str  # under which it is told
    train: Images  # to learn from
    test: Images  # held out
    classes: int | None = None  # None: as many as the greatest label asks for


class MissingData(Exception):
    """Files are neither here nor could be downloaded; the message says in one sentence what to do."""


class Source(NamedTuple):
    """Files of a data set: what they hold, where they are on the network, and how much they are."""

    name: str  # under which it is told
    sha256: Mapping[str, str]  # of the content, unpacked, by the file's name
    mirrors: Sequence[str]  # addresses of folders, asked one after the other
    compressed: bool  # whether files are gzipped there
    megabytes: int  # of all files as downloaded
    largest: int  # bytes that a file may hold at most, unpacked
    advice: str  # what to do where files cannot be fetched


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
    largest=48_000_000,  # the training images are 47,040,016
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
    largest=200_000_000,
    advice="or use the generated stand-in, which shows that the code runs and nothing else",
)


def mnist(source: Source = MNIST, *, download: bool = True) -> Digits:
    """The 60,000 training and 10,000 test images of handwritten digits, 28 x 28.

    Parameters
    ----------
    source : Source
        Its files, their SHA-256 and where they are on the network.
    download : bool
        Whether files that are not here may be fetched.

    Returns
    -------
    Digits
        Pixels uint8 and labels, for training and for the test.

    Raises
    ------
    MissingData
        Where files are neither here nor could be fetched.
    """
    content = [read_idx(_content(source, name, download), name) for name in source.sha256]
    return Digits("mnist", Images(content[0], content[1]), Images(content[2], content[3]), classes=10)


def svhn(source: Source = SVHN, *, download: bool = True) -> Digits:
    """The 73,257 training and 26,032 test images of house numbers, cropped, 32 x 32 in colour.

    Parameters
    ----------
    source : Source
        Its files, their SHA-256 and where they are on the network.
    download : bool
        Whether files that are not here may be fetched.

    Returns
    -------
    Digits
        Pixels uint8 and labels, for training and for the test.

    Raises
    ------
    MissingData
        Where files are neither here nor could be fetched.
    """
    train, test = (read_mat(_path(source, name, download)) for name in source.sha256)
    return Digits("svhn", train, test, classes=10)


def small_digits() -> Digits:
    """The 1797 digits of scikit-learn, of 8 x 8 pixels (scaled to 0..255): the last 360 are the test set.

    Returns
    -------
    Digits
        Pixels uint8 and labels, for training and for the test.

    Raises
    ------
    MissingData
        Without scikit-learn.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingData("the small digits come with scikit-learn: run pip install 'armfa[digits]'") from error
    bunch: Any = load_digits()
    pixels = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    labels = bunch.target.astype(np.uint8)
    return Digits("digits", Images(pixels[:-360], labels[:-360]), Images(pixels[-360:], labels[-360:]), classes=10)


def stand_in(rng: np.random.Generator, *, train: int = 2000, test: int = 500, size: int = 32) -> Digits:
    """Generated colour images in the form of SVHN: each class a coarse pattern of its own, shifted, tinted and noisy.

    They show that loader, network and learning run end to end, and say nothing about house numbers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws them.
    train : int
        Images for training.
    test : int
        Images for the test.
    size : int
        Pixels of a side, a multiple of 8.

    Returns
    -------
    Digits
        Pixels uint8 and labels, for training and for the test.
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

    return Digits("stand-in", draw(train), draw(test), classes=10)


def checked_classes(digits: Digits) -> int:
    """How many classes a data set has, if something can learn from it.

    Parameters
    ----------
    digits : Digits
        Images and labels.

    Returns
    -------
    int
        `digits.classes`, or as many as the greatest label asks for.

    Raises
    ------
    ValueError
        Says which images or labels are not what they should be, and what to do.
    """
    for part, (pixels, labels) in {"training": digits.train, "test": digits.test}.items():
        where = f"{digits.name}, {part} set"
        pixels, labels = np.asarray(pixels), np.asarray(labels)
        if pixels.dtype != np.uint8:
            advice = "multiply by 255 and round" if pixels.dtype.kind == "f" else "convert"
            raise ValueError(f"{where}: expected pixels as uint8, 0 to 255, got {pixels.dtype}: {advice}")
        if pixels.ndim < 2 or pixels.size == 0:
            raise ValueError(
                f"{where}: expected images (n, height, width) or (n, height, width, 3), got {pixels.shape}"
            )
        if labels.dtype.kind not in "iu" or labels.shape != (len(pixels),):
            expected = f"one whole number per image, labels ({len(pixels)},)"
            raise ValueError(f"{where}: expected {expected}, got {labels.dtype} {labels.shape}")
        least, most = int(labels.min()), int(labels.max())
        classes = MOST_CLASSES if digits.classes is None else digits.classes
        if least < 0 or most >= classes:
            raise ValueError(
                f"{where}: expected labels from 0 to {classes - 1}, got {least} to {most}: number them anew"
            )
    if digits.train.pixels.shape[1:] != digits.test.pixels.shape[1:]:
        raise ValueError(
            f"{digits.name}: expected training and test images of one size, "
            f"got {digits.train.pixels.shape[1:]} and {digits.test.pixels.shape[1:]}"
        )
    labels = (digits.train.labels, digits.test.labels)
    return digits.classes or 1 + max(int(np.max(part)) for part in labels)


def read_idx(content: bytes, name: str) -> np.ndarray:
    """The array in an IDX file of unsigned bytes: 0, 0, 8, number of axes, their lengths (big-endian), the bytes.

    Parameters
    ----------
    content : bytes
        Unpacked.
    name : str
        Of the file, for messages.

    Returns
    -------
    array
        uint8, with the axes that the header says.

    Raises
    ------
    ValueError
        For anything else, and for a truncated file.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{name}: expected an IDX file of unsigned bytes, got one that begins with {content[:4]!r}")
    axes = content[3]
    begin = 4 + 4 * axes
    shape = tuple(np.frombuffer(content, ">u4", axes, 4).tolist()) if len(content) >= begin else None
    if shape is None or not 1 <= axes <= 4 or math.prod(shape) != len(content) - begin:
        raise ValueError(
            f"{name}: truncated: its header speaks of {shape}, {max(len(content) - begin, 0)} bytes follow"
        )
    return np.frombuffer(content, np.uint8, offset=begin).reshape(shape)


def read_mat(path: Path) -> Images:
    """SVHN's X (32, 32, 3, n) and y (n, 1), where the digit 0 is written as 10.

    Parameters
    ----------
    path : Path
        Of the file.

    Returns
    -------
    Images
        Pixels (n, 32, 32, 3) and labels (n,), uint8.

    Raises
    ------
    ValueError
        For a file that holds anything else.
    """
    import scipy.io  # here, because it is slow to import

    try:
        declared = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}  # before memory is taken
        shape, kind = declared.get("X", ((), ""))
        if shape[:3] != (32, 32, 3) or kind != "uint8" or declared.get("y", ((),))[0] != (shape[3], 1):
            raise ValueError(f"got {declared}")
        content = scipy.io.loadmat(path, variable_names=("X", "y"))
    except Exception as error:  # SciPy raises whatever a damaged file makes of it
        raise ValueError(f"{path}: expected X (32, 32, 3, n) of bytes and y (n, 1): {error}") from error
    labels = (content["y"].ravel() % 10).astype(np.uint8)
    return Images(np.ascontiguousarray(np.moveaxis(content["X"], -1, 0)), labels)


def require(name: str) -> None:
    """See that `mnist`, `svhn` or `digits` is here, whole, or fetch it; MissingData or ValueError say what to do.

    Parameters
    ----------
    name : str
        "mnist", "svhn" or "digits".
    """
    if name == "digits":
        small_digits()
        return
    source = {"mnist": MNIST, "svhn": SVHN}[name]
    for file in source.sha256:
        _path(source, file, download=True)


def available(source: Source) -> bool:
    """Whether all files of a data set are here already.

    Parameters
    ----------
    source : Source
        Its files, their SHA-256 and where they are on the network.

    Returns
    -------
    bool
        Nothing is fetched.
    """
    return all(_found(source, name) is not None for name in source.sha256)


def _content(source: Source, name: str, download: bool) -> bytes:
    """What a file holds, unpacked and checked."""
    return _checked(source, name, _path(source, name, download, check=False))


def _path(source: Source, name: str, download: bool, check: bool = True) -> Path:
    """The file, from the user's folder, the cache or the network, in this order."""
    path = _found(source, name)
    if path is None:
        named = _named()
        if named is not None and not named.is_dir():
            raise MissingData(
                _advice(source, f"not here: {FOLDER_VARIABLE} names {named}, and no such folder is there")
            )
        if not download:
            raise MissingData(_advice(source, f"not here: looked in {' and '.join(map(str, _folders(source)))}"))
        path = _downloaded(source, name)
    if check:
        _checked(source, name, path)
    return path


def _named() -> Path | None:
    """The folder that the user names."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(os.path.expanduser(named)) if named else None


def _folders(source: Source) -> list[Path]:
    """Where files may be; torchvision keeps MNIST in MNIST/raw."""
    named, inside = _named(), ("", source.name.lower(), source.name, f"{source.name}/raw", "raw")
    return [*([named / folder for folder in inside] if named else []), _cache()]


def _places(source: Source, name: str) -> Iterator[Path]:
    """Names under which people have a file: as published, with a dot, in a folder of its own name; packed or not."""
    for folder in _folders(source):
        for spelled in dict.fromkeys((name, name.replace("-idx", ".idx"))):
            for place in (folder / spelled, folder / spelled / spelled):
                yield from (place, place.with_name(f"{spelled}.gz"))


def _found(source: Source, name: str) -> Path | None:
    """The file, where it is here. A folder that may not be looked into has no files."""
    return next((place for place in _places(source, name) if os.path.isfile(place)), None)


def _checked(source: Source, name: str, path: Path) -> bytes:
    """The content of a file if it is what it should be; no more is unpacked than that may be."""
    most = source.largest
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not packed and os.fstat(file.fileno()).st_size > most:
                raise ValueError(f"more than {most:,} bytes")
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(most + 1)
        if len(content) > most:
            raise ValueError(f"more than {most:,} bytes when unpacked")
        found = hashlib.sha256(content).hexdigest()
        if found != source.sha256[name]:
            raise ValueError(f"expected content with SHA-256 {source.sha256[name]}, got {found}")
    except (EOFError, OSError, zlib.error, ValueError) as error:
        raise ValueError(
            f"{path} is not {source.name}'s file: truncated, altered or of another data set ({error}); "
            f"put the right one there, or set {FOLDER_VARIABLE} to another folder"
        ) from error
    return content


def _downloaded(source: Source, name: str) -> Path:
    """A file from the first mirror that has it whole, kept in the cache."""
    import pooch

    cache = _cache()
    try:
        if not cache.is_absolute():
            raise OSError("there is no home folder")
        cache.mkdir(parents=True, exist_ok=True)
        if not os.access(cache, os.W_OK):
            raise PermissionError("no permission to write")
    except OSError as error:
        raise MissingData(_advice(source, f"not here, and downloads cannot be kept in {cache} ({error})")) from error
    pooch.get_logger().setLevel("ERROR")
    stored = f"{name}.gz" if source.compressed else name

    def fetch(url: str, path: str, asker: Any) -> None:
        inner: Any = pooch.HTTPDownloader(timeout=10)
        with open(path, "wb") as file:
            inner(url, _Limited(file, source.largest), asker)

    downloader: Any = fetch
    problems = []
    for mirror in source.mirrors:
        try:
            path = Path(pooch.retrieve(mirror + stored, None, stored, cache, downloader=downloader))
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


class EndlessDownload(Exception):
    """A download is larger or takes longer than the file could."""


class _Limited:
    """A file that takes so many bytes, within DOWNLOAD_TIME."""

    def __init__(self, file: Any, most: int):
        self.file, self.left, self.end = file, most, time.monotonic() + DOWNLOAD_TIME

    def write(self, chunk: bytes) -> int:
        self.left -= len(chunk)
        if self.left < 0 or time.monotonic() > self.end:
            raise EndlessDownload
        return self.file.write(chunk)

    def flush(self) -> None:
        self.file.flush()


def _advice(source: Source, problem: str) -> str:
    files = ", ".join(f"{name}.gz" if source.compressed else name for name in source.sha256)
    return (
        f"{source.name} is {problem}: put {files} ({source.megabytes} MB) into a folder and set {FOLDER_VARIABLE} to "
        f"it, {source.advice}."
    )


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("armfa"))
