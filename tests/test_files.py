"""A file is there whole, or it is not there."""

import pytest

from armfa.files import replacing


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
