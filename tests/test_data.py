"""Digits come whole, from wherever they are, or are refused."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from armfa import data

RNG = np.random.default_rng(0)


def idx(array):
    """An IDX file of unsigned bytes."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A tiny data set in MNIST's form in the folder of ARMFA_DATA, as gzip files, and its source."""
    arrays = [
        RNG.integers(0, 256, (7, 28, 28)),
        RNG.integers(0, 10, 7),
        RNG.integers(0, 256, (3, 28, 28)),
        np.arange(3),
    ]
    contents = {name: idx(array) for name, array in zip(data.MNIST.sha256, arrays)}
    for name, content in contents.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(data, "_cache", lambda: tmp_path / "cache")
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    return tmp_path, data.MNIST._replace(sha256=hashes, mirrors=()), arrays


def test_files_of_ones_own_are_read_from_the_folder_of_the_variable(small):
    _, source, arrays = small
    found = data.mnist(source)
    np.testing.assert_array_equal(found.train.pixels, arrays[0])
    np.testing.assert_array_equal(found.train.labels, arrays[1])
    np.testing.assert_array_equal(found.test.pixels, arrays[2])
    assert found.train.pixels.dtype == np.uint8


def test_the_variable_may_name_the_folder_above(small, monkeypatch, tmp_path_factory):
    folder, source, arrays = small
    above = tmp_path_factory.mktemp("data")
    (above / "mnist").symlink_to(folder)
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(above))
    np.testing.assert_array_equal(data.mnist(source, download=False).test.labels, arrays[3])


def test_unpacked_files_do_as_well(small):
    folder, source, arrays = small
    for path in list(folder.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    np.testing.assert_array_equal(data.mnist(source).test.labels, arrays[3])


def test_a_truncated_file_is_refused(small):
    folder, source, _ = small
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"truncated or altered.*delete it and get it anew"):
        data.mnist(source)


def test_one_altered_pixel_is_refused(small):
    folder, source, arrays = small
    pixels = arrays[0].copy()
    pixels[3, 5, 5] ^= 1
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels)))
    with pytest.raises(ValueError, match="SHA-256"):
        data.mnist(source)


def test_without_files_and_network_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.delenv(data.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(data, "_cache", lambda: tmp_path)
    monkeypatch.setattr("pooch.retrieve", lambda *a, **k: (_ for _ in ()).throw(ConnectionError("no network")))
    with pytest.raises(data.MissingData) as problem:
        data.mnist()
    text = str(problem.value)
    assert "\n" not in text
    for word in ("train-images-idx3-ubyte.gz", "ARMFA_DATA", "--data digits", "ConnectionError"):
        assert word in text


def test_the_next_mirror_is_asked_when_one_sends_an_altered_file(small, monkeypatch):
    folder, source, arrays = small
    good = {path.name: path.read_bytes() for path in folder.glob("*.gz")}
    for path in folder.glob("*.gz"):
        path.unlink()
    asked = []

    def retrieve(url, known_hash, fname, path, downloader):
        asked.append(url)
        path.mkdir(exist_ok=True)
        (path / fname).write_bytes(b"not the file" if "bad" in url else good[fname])
        return str(path / fname)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    found = data.mnist(source._replace(mirrors=("https://bad/mnist/", "https://good/mnist/")))
    np.testing.assert_array_equal(found.train.labels, arrays[1])
    assert asked[:2] == [f"https://{host}/mnist/train-images-idx3-ubyte.gz" for host in ("bad", "good")]


def test_nothing_is_downloaded_when_not_asked_to(tmp_path, monkeypatch):
    monkeypatch.delenv(data.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(data, "_cache", lambda: tmp_path)
    monkeypatch.setattr("pooch.retrieve", lambda *a, **k: pytest.fail("a download"))
    assert not data.available(data.SVHN)
    with pytest.raises(data.MissingData, match="SVHN is not here"):
        data.svhn(download=False)


def test_every_data_set_has_more_than_one_address():
    for source in (data.MNIST, data.SVHN):
        assert len(set(source.mirrors)) > 1
        assert all(len(value) == 64 for value in source.sha256.values())


@pytest.mark.parametrize(
    "content", [b"", b"abc", b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00", idx(np.zeros(5))[:-1], idx(np.zeros((2, 2)))[:6]]
)
def test_what_is_no_idx_file_of_bytes_is_refused(content):
    with pytest.raises(ValueError, match=r"expected an IDX file|truncated"):
        data.read_idx(content, "some file")


def test_house_numbers_are_read_from_their_mat_files(tmp_path, monkeypatch):
    pixels = RNG.integers(0, 256, (32, 32, 3, 4)).astype(np.uint8)
    hashes = {}
    for name in data.SVHN.sha256:
        scipy.io.savemat(tmp_path / name, {"X": pixels, "y": np.array([[1], [10], [3], [9]])})
        hashes[name] = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path))
    found = data.svhn(data.SVHN._replace(sha256=hashes), download=False)
    np.testing.assert_array_equal(found.train.pixels[2], pixels[..., 2])
    assert found.train.labels.tolist() == [1, 0, 3, 9]  # the digit 0 is written as 10
    with pytest.raises(ValueError, match="altered"):
        data.svhn(download=False)


def test_the_stand_in_has_the_form_of_house_numbers_and_says_what_it_is():
    found = data.stand_in(np.random.default_rng(0), train=50, test=20)
    assert found.name == "stand-in"
    assert found.train.pixels.shape == (50, 32, 32, 3) and found.train.pixels.dtype == np.uint8
    assert set(np.unique(found.test.labels)) <= set(range(10))


def test_the_small_digits_hold_1797_images():
    found = data.small_digits()
    assert len(found.train.labels) + len(found.test.labels) == 1797
    assert found.train.pixels.max() == 255


def test_the_real_digits_are_the_known_ones_where_they_are_at_hand():
    """Reads the files that ARMFA_DATA points at; without them it checks the known hashes alone."""
    folder = os.environ.get(data.FOLDER_VARIABLE, "")
    if data.available(data.MNIST) and Path(folder).is_dir():
        found = data.mnist(download=False)
        assert found.train.pixels.shape == (60000, 28, 28) and found.test.pixels.shape == (10000, 28, 28)
        assert np.bincount(found.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    else:
        assert set(data.MNIST.sha256) == {
            f"{a}-{b}-ubyte" for a in ("train", "t10k") for b in ("images-idx3", "labels-idx1")
        }
