"""Animations as .mp4, with the encoder of the extra `video`."""

import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs

from armfa.reports.film import FRAME_SIZE, write_film


def test_every_frame_of_an_animation_arrives_in_the_mp4(tmp_path):
    frames = [np.full((FRAME_SIZE, FRAME_SIZE, 3), 20 * number, np.uint8) for number in range(10)]
    write_film(tmp_path / "film.mp4", frames, 25)
    count, seconds = count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert count == 10
    assert abs(seconds - 0.4) < 0.05


def test_an_encoder_that_fails_is_named_and_leaves_nothing(tmp_path):
    too_small = [np.zeros((1, 1, 3), np.uint8)]  # not one whole frame
    with pytest.raises(OSError, match="video encoder ended with code"):
        write_film(tmp_path / "film.mp4", too_small, 25)
    assert not list(tmp_path.iterdir())
