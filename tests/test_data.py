"""Digits come whole, from wherever they are, or are refused."""

import contextlib
import gzip
import hashlib
import os
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    with pytest.raises(ValueError, match=r"truncated, altered or of another data set.*put the right one there"):
        data.mnist(source)


PLACES = {
    "as published": "{name}",
    "7-Zip, Kaggle: a dot": "{dotted}",
    "Kaggle: a folder of that name": "{name}/{name}",
    "a folder and a dot": "{dotted}/{dotted}",
    "torchvision's root": "MNIST/raw/{name}",
    "torchvision's MNIST": "raw/{name}",
    "a folder above": "mnist/{name}",
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_files_are_found_under_the_names_and_folders_in_which_people_have_them(small, tmp_path, place, packed):
    folder, source, arrays = small
    for path in list(folder.glob("*.gz")):
        name = path.stem
        target = folder / place.format(name=name, dotted=name.replace("-idx", ".idx"))
        content = path.read_bytes()
        path.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        if packed:
            target.with_name(f"{target.name}.gz").write_bytes(content)
        else:
            target.write_bytes(gzip.decompress(content))
    np.testing.assert_array_equal(data.mnist(source, download=False).train.pixels, arrays[0])


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_whether_a_file_is_packed_is_seen_in_the_file_and_not_in_its_name(small, ending):
    folder, source, arrays = small
    for path in list(folder.glob("*.gz")):
        content = path.read_bytes()
        path.unlink()
        (folder / f"{path.stem}{ending}").write_bytes(gzip.decompress(content) if ending else content)
    np.testing.assert_array_equal(data.mnist(source, download=False).train.pixels, arrays[0])


def test_a_tilde_is_the_home_folder(small, monkeypatch):
    folder, source, arrays = small
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    monkeypatch.setenv(data.FOLDER_VARIABLE, f"~/{folder.name}")
    np.testing.assert_array_equal(data.mnist(source, download=False).train.pixels, arrays[0])


@pytest.mark.parametrize("download", [False, True])
@pytest.mark.parametrize("named", ["/no/such/folder", "~nobody-of-this-name/digits"])
def test_a_named_folder_that_is_not_there_is_said_before_anything_is_downloaded(small, monkeypatch, named, download):
    monkeypatch.setenv(data.FOLDER_VARIABLE, named)
    monkeypatch.setattr("pooch.retrieve", lambda *a, **k: pytest.fail("a download"))
    with pytest.raises(data.MissingData, match=rf"names {named}, and no such folder is there"):
        data.mnist(small[1]._replace(mirrors=("https://some.where/",)), download=download)


def test_a_message_says_which_folders_were_looked_into(small):
    folder, source, _ = small
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(data.MissingData) as problem:
        data.mnist(source, download=False)
    assert f"looked in {folder} and {folder}/mnist" in str(problem.value) and str(folder / "cache") in str(
        problem.value
    )


@pytest.mark.parametrize("cache", ["file/cache", "~/.cache/armfa"])
def test_downloads_that_cannot_be_kept_end_in_a_sentence(small, monkeypatch, cache):
    folder, source, _ = small
    (folder / "file").touch()
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setattr(data, "_cache", lambda: Path(cache) if cache[0] == "~" else folder / cache)
    with pytest.raises(data.MissingData, match="downloads cannot be kept in"):
        data.mnist(source._replace(mirrors=("https://some.where/",)))


@pytest.mark.parametrize("packed", [False, True])
def test_no_more_of_a_file_is_unpacked_than_it_may_hold(small, packed):
    folder, source, _ = small
    huge = bytes(4_000_000)
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(huge) if packed else huge)
    tracemalloc.start()
    with pytest.raises(ValueError, match="more than 100,000 bytes"):
        data.mnist(source._replace(largest=100_000))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.fixture
def server(monkeypatch):
    """A web server of this machine that sends 2 MB of zeros for every address, and the address."""

    class Zeros(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):  # the other side hangs up
                for _ in range(2000):
                    self.wfile.write(bytes(1000))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Zeros) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "*")
        yield f"http://127.0.0.1:{serving.server_address[1]}/"
        serving.shutdown()


@pytest.mark.parametrize(("largest", "seconds"), [(1_000_000, 3600.0), (10_000_000, -1.0)], ids=["size", "time"])
def test_a_download_without_end_is_given_up(small, server, monkeypatch, largest, seconds):
    folder, source, _ = small
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setattr(data, "DOWNLOAD_TIME", seconds)
    with pytest.raises(data.MissingData, match="EndlessDownload"):
        data.mnist(source._replace(mirrors=(server,), largest=largest))
    assert not list((folder / "cache").iterdir())


def test_a_download_of_the_wrong_content_is_given_up(small, server):
    folder, source, _ = small
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(data.MissingData, match="altered file"):
        data.mnist(source._replace(mirrors=(server,), largest=10_000_000))
    assert not list((folder / "cache").iterdir())


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
    "content",
    [
        b"",
        b"abc",
        b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00",
        idx(np.zeros(5))[:-1],
        idx(np.zeros((2, 2)))[:6],
        b"\x00\x00\x08\x04" + b"\x00\x01\x00\x00" * 4,  # 2^64 bytes are declared, which overflows to none
        b"\x00\x00\x08\xff" + b"\x00\x00\x00\x01" * 255 + b"\x00",  # more axes than an array can have
    ],
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


@pytest.mark.parametrize("arrays", [{}, {"X": np.zeros((32, 32, 3, 4))}, {"X": np.zeros((2, 2), np.uint8), "y": 3}])
def test_what_is_no_file_of_house_numbers_is_refused(tmp_path, arrays):
    scipy.io.savemat(tmp_path / "own.mat", arrays)
    (tmp_path / "text.mat").write_bytes(b"no such thing")
    for name in ("own.mat", "text.mat"):
        with pytest.raises(ValueError, match=rf"{name}: expected X"):
            data.read_mat(tmp_path / name)


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
