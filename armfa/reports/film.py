"""Films of frames, as .gif or .mp4."""

import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from armfa.files import replacing

FRAME_SIZE, FRAMES_PER_SECOND = 400, 25
"""Side of a frame in pixels, and frames per second, when nothing else is asked for."""
COLOURS, COMMON = 128, 32
"""Colours of a GIF, and how many of them are the commonest."""


def check_film(size: int, frames_per_second: int, path: str | Path | None = None) -> None:
    """Refuse films that no format can hold."""
    if not (64 <= size <= 2000 and size % 2 == 0):
        raise ValueError(f"expected --frame-size as an even number from 64 to 2000, got {size}")
    if not 1 <= frames_per_second <= 50:
        raise ValueError(f"expected --frames-per-second from 1 to 50, got {frames_per_second}")
    if path is not None:
        kind_of(path)


def kind_of(path: str | Path) -> str:
    """The ending of a film's name, .gif or .mp4."""
    path = Path(path).expanduser()
    kind = path.suffix.lower()
    if kind not in (".gif", ".mp4") or path.is_dir():
        raise ValueError(f"expected a file that ends in .gif or .mp4, got {path}")
    return kind


def write_film(path: str | Path, frames: Iterable[np.ndarray], frames_per_second: int = FRAMES_PER_SECOND) -> None:
    """Write frames (side, side, 3), uint8, as .gif (Pillow) or .mp4 (the extra `video`), all or nothing."""
    kind = kind_of(path)
    with replacing(path, ending=f".part{kind}") as unfinished:
        (_write_gif if kind == ".gif" else _write_mp4)(unfinished, frames, frames_per_second)


def _write_gif(path: Path, frames: Iterable[np.ndarray], frames_per_second: int) -> None:
    from PIL import Image

    frames = list(frames)
    palette = _palette(frames)  # one for all, so that only what moves is stored
    first, *rest = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    first.save(path, save_all=True, append_images=rest, duration=1000 / frames_per_second, loop=0)


def _palette(frames: Sequence[np.ndarray]) -> Any:
    """Colours for all frames: the commonest, then always the one that is farthest from those before.

    So grounds are exact, and nothing that occurs anywhere is far from all of them. [Gonzalez 1985]  Counted is the
    first frame, and of each other what is not as in the one before: no colour is missed, and little is to be sorted.
    """
    from PIL import Image

    counts: Counter[int] = Counter()
    for before, frame in zip([None, *frames], frames):
        new = frame.reshape(-1, 3) if before is None else frame[(frame != before).any(-1)]
        packed, count = np.unique(new @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_counts=True)
        counts.update(dict(zip(packed.tolist(), count.tolist())))
    seen = np.array(list(counts))[:, None] >> np.array([16, 8, 0]) & 255  # (colours, 3)
    common = [colour for colour, _ in counts.most_common(COMMON)]
    chosen = [*(np.array(common)[:, None] >> np.array([16, 8, 0]) & 255)]
    distance = np.min([((seen - colour) ** 2).sum(1) for colour in chosen], axis=0)
    while len(chosen) < COLOURS:
        chosen.append(seen[distance.argmax()])
        distance = np.minimum(distance, ((seen - chosen[-1]) ** 2).sum(1))
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.array(chosen, np.uint8).tobytes())
    return palette


def _write_mp4(path: Path, frames: Iterable[np.ndarray], frames_per_second: int) -> None:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        raise ValueError('writing .mp4 needs an encoder: pip install "armfa[video]", or choose a .gif') from error
    frames = iter(frames)
    first = next(frames)
    size = f"{first.shape[1]}x{first.shape[0]}"
    # Started here and not by imageio_ffmpeg, which forks with a hook: beside the threads of JAX that may deadlock.
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(frames_per_second), "-i", "-")
    command = (get_ffmpeg_exe(), "-v", "error", "-y", *raw, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path))
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin
    try:
        with encoder:
            for frame in chain([first], frames):
                encoder.stdin.write(np.ascontiguousarray(frame))
    except BrokenPipeError:
        pass  # the encoder ended early and has said why
    if encoder.returncode:
        raise OSError(f"the video encoder ended with code {encoder.returncode}; what it said stands above")
