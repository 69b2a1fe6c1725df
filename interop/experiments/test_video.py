"""Animations as .mp4, with the encoder of the extra `video`."""

import numpy as np
from imageio_ffmpeg import count_frames_and_secs

from armfa.experiments.watching import FRAME, write_animation


def test_every_frame_of_an_animation_arrives_in_the_mp4(tmp_path):
    frames = [np.full((FRAME, FRAME, 3), 20 * number, np.uint8) for number in range(10)]
    write_animation(tmp_path / "film.mp4", frames, 25)
    count, seconds = count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert count == 10
    assert abs(seconds - 0.4) < 0.05
