"""Films keep the colours of small things."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from armfa.reports.film import check_film, write_film

INKS = {"orange": (230, 159, 0), "purple": (123, 50, 148), "green": (0, 158, 115), "grey": (200, 200, 200)}


def test_a_gif_keeps_colours_that_few_pixels_of_few_frames_have(tmp_path):
    rng = np.random.default_rng(0)
    ground = np.clip(235 + rng.normal(0, 6, (64, 64, 3)), 0, 255).astype(np.uint8)  # many shades of almost white
    frames = []
    for ink in INKS.values():
        frame = ground.copy()
        frame[10:14, 10:14] = ink
        frames += [frame, ground]
    write_film(tmp_path / "film.gif", frames)
    with Image.open(tmp_path / "film.gif") as film:
        read = [np.asarray(frame.convert("RGB"), int) for frame in ImageSequence.Iterator(film)]
    for number, ink in enumerate(INKS.values()):
        assert np.abs(read[2 * number][11, 11] - ink).max() <= 12
        assert np.abs(read[2 * number] - frames[2 * number]).max() <= 30


@pytest.mark.parametrize("wrong", [{"size": 1}, {"size": 401}, {"size": 10_000}, {"frames_per_second": 0}], ids=repr)
def test_what_no_film_can_be_is_refused(wrong):
    with pytest.raises(ValueError, match="expected --frame"):
        check_film(**{"size": 400, "frames_per_second": 25, **wrong})
