"""A file is there whole, or it is not there."""

import errno
import os
import threading

import pytest

from armfa.files import clear_unfinished, replacing, write_text


def test_a_file_takes_its_name_at_the_end_of_the_block(tmp_path):
    path = tmp_path / "new folder" / "file.txt"
    with replacing(path) as unfinished:
        unfinished.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as unfinished:
        unfinished.write_text("ne")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_may_ask_for_the_ending_of_its_format(tmp_path):
    with replacing(tmp_path / "film.gif", ending=".part.gif") as unfinished:
        assert unfinished.suffix == ".gif" and unfinished.parent == tmp_path
        unfinished.write_bytes(b"GIF")


def test_writers_of_one_name_do_not_meet(tmp_path):
    path, problems = tmp_path / "file.txt", []
    texts = [letter * 20_000 for letter in "abc"]

    def write(text):
        try:
            for _ in range(40):
                write_text(path, text)
                if path.read_text() not in texts:
                    problems.append("half a file")
        except OSError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert list(tmp_path.iterdir()) == [path]


def test_a_symbolic_link_is_written_through(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link.txt", tmp_path / "elsewhere" / "file.txt"
    link.symlink_to(target)
    write_text(link, "one")
    write_text(link, "two")
    assert link.is_symlink() and target.read_text() == "two"


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_text("~/run/file.txt", "whole")
    assert (tmp_path / "run" / "file.txt").read_text() == "whole"


def test_what_the_disk_refuses_names_the_file(tmp_path):
    path = tmp_path / "file.txt"
    with pytest.raises(OSError, match=r"file\.txt") as refused, replacing(path):
        raise OSError(errno.ENOSPC, "full")
    assert refused.value.errno == errno.ENOSPC
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        write_text(tmp_path / "folder", "text")
    with pytest.raises(OSError, match=r"file\.txt"):
        path.write_text("a file")
        write_text(path / "below.txt", "text")


def test_what_killed_writers_left_is_cleared_and_nothing_else(tmp_path):
    dead = 2**22 + 1  # above the largest process number that Linux gives
    litter = [tmp_path / "a" / f".run.npz.{dead}-0123abcd.part", tmp_path / f".film.gif.{dead}-0123abcd.part.gif"]
    kept = [tmp_path / f".run.npz.{os.getpid()}-0123abcd.part", tmp_path / "a" / ".hidden.part", tmp_path / "a.part"]
    (tmp_path / "a").mkdir()
    for path in (*litter, *kept):
        path.write_text("x")
    clear_unfinished(tmp_path)
    assert not any(path.exists() for path in litter) and all(path.exists() for path in kept)
