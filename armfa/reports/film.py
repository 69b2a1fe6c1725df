"""Films of frames, as .gif or .mp4."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from armfa.files import replacing

FRAME = 400
"""Side of an animation's frames, pixels."""
COLOURS = 96
"""Colours of a GIF."""


def write_animation(path: Path, frames: Iterable[np.ndarray], frames_per_second: int = 25) -> None:
    """Write frames as .gif (Pillow) or .mp4 (the extra `video`), all or nothing."""
    kind = checked_film(path)
    with replacing(path, ending=f".part{kind}") as unfinished:
        (_write_gif if kind == ".gif" else _write_mp4)(unfinished, frames, frames_per_second)


def checked_film(path: Path) -> str:
    """The ending of a film's name, .gif or .mp4."""
    kind = path.suffix.lower()
    if kind not in (".gif", ".mp4") or path.is_dir():
        raise ValueError(f"expected a file that ends in .gif or .mp4, got {path}")
    return kind


def _write_gif(path: Path, frames: Iterable[np.ndarray], frames_per_second: int) -> None:
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    palette = pictures[len(pictures) // 2].quantize(COLOURS)  # one for all, so that only what moves is stored
    first, *rest = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    first.save(path, save_all=True, append_images=rest, duration=1000 / frames_per_second, loop=0)


def _write_mp4(path: Path, frames: Iterable[np.ndarray], frames_per_second: int) -> None:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        raise ValueError('writing .mp4 needs an encoder: pip install "armfa[video]", or choose a .gif') from error
    # Started here and not by imageio_ffmpeg, which forks with a hook: beside the threads of JAX that may deadlock.
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{FRAME}x{FRAME}", "-r", str(frames_per_second), "-i", "-")
    command = (get_ffmpeg_exe(), "-v", "error", "-y", *raw, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path))
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert encoder.stdin
    try:
        with encoder:
            for frame in frames:
                encoder.stdin.write(np.ascontiguousarray(frame))
    except BrokenPipeError:
        pass  # the encoder ended early and has said why
    if encoder.returncode:
        raise OSError(f"the video encoder ended with code {encoder.returncode}; what it said stands above")
