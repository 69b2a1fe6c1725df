"""Draws scenes with pygame: into arrays, which needs no display, or into a window."""

import importlib.util
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from armfa.rendering.scene import Backdrop, Circle, Color, Line, Polygon, Scene, Shape, Text, View

SIZE = 640
"""Default side of a frame in pixels; divisible by 16, which video encoders like."""
OVERSAMPLE = 2
"""Shapes are drawn so many times larger and then shrunk: smooth edges."""


def import_pygame() -> Any:
    """The module pygame; where it is missing, an error with the line that installs it."""
    try:
        import pygame
    except ImportError as error:
        raise ImportError('pygame is not installed; run `pip install "gymnasium[classic-control]"`') from error
    return pygame


def draw_frame(scene: Scene, size: int = SIZE) -> np.ndarray:
    """The scene as an image (size, size, 3), uint8; needs no display."""
    return surface_frame(draw_surface(scene, size))


def surface_frame(surface: Any) -> np.ndarray:
    """A pygame surface as an image (height, width, 3), uint8, writable."""
    pygame = import_pygame()
    width, height = surface.get_size()
    return np.frombuffer(bytearray(pygame.image.tobytes(surface, "RGB")), np.uint8).reshape(height, width, 3)


def draw_surface(scene: Scene, size: int = SIZE) -> Any:
    """The scene on a new pygame surface of size x size pixels."""
    pygame = import_pygame()
    stage = _stage(scene.backdrop, size)
    surface = stage.small.copy()
    pixels = _Pixels(scene.view, size * OVERSAMPLE)
    touched = [_draw(pygame, stage.large, shape, pixels) for shape in scene.shapes if not isinstance(shape, Text)]
    if touched:
        area = _whole_pixels(pygame, touched[0].unionall(touched[1:]), stage.large.get_rect())
        shrunk = (area.width // OVERSAMPLE, area.height // OVERSAMPLE)
        part = pygame.transform.smoothscale(stage.large.subsurface(area), shrunk)
        surface.blit(part, (area.left // OVERSAMPLE, area.top // OVERSAMPLE))
        stage.large.blit(stage.clean, area, area)
    pixels = _Pixels(scene.view, size)
    words = [shape for shape in (*scene.backdrop.shapes, *scene.shapes) if isinstance(shape, Text)]
    for shape in (*words, *scene.panel):
        _draw(pygame, surface, shape, pixels)
    return surface


class Window:
    """A window that shows frames or scenes; the user may close it at any time, and `closed` then says so."""

    def __init__(self, size: int = SIZE, caption: str = "armfa", frames_per_second: float | None = None):
        pygame = import_pygame()
        pygame.display.init()
        self.size, self.closed, self.frames_per_second = size, False, frames_per_second
        self._screen = pygame.display.set_mode((size, size))
        pygame.display.set_caption(caption)
        self._clock = pygame.time.Clock()
        self._view = View((0.0, 0.0), 2.0)

    def show(self, picture: Scene | np.ndarray) -> None:
        """Shows a scene or a frame (height, width, 3), and waits as long as `frames_per_second` asks."""
        if self.closed:
            return
        pygame = import_pygame()
        if isinstance(picture, Scene):
            self._view = picture.view
            surface = draw_surface(picture, self.size)
        else:
            surface = pygame.surfarray.make_surface(np.swapaxes(picture, 0, 1))
            if surface.get_size() != (self.size, self.size):
                surface = pygame.transform.smoothscale(surface, (self.size, self.size))
        self._screen.blit(surface, (0, 0))
        pygame.display.flip()
        self._listen(pygame)
        if self.frames_per_second is not None and not self.closed:
            self._clock.tick(self.frames_per_second)

    @property
    def mouse(self) -> np.ndarray:
        """Where the mouse is in the last scene's plane (2,), m."""
        pygame = import_pygame()
        right, down = (0.5 * self.size,) * 2 if self.closed else pygame.mouse.get_pos()
        return np.array(self._view.point(right / self.size, 1.0 - down / self.size))

    def close(self) -> None:
        """Closes the window; may be called again."""
        if not self.closed:
            self.closed = True
            import_pygame().display.quit()

    def _listen(self, pygame: Any) -> None:
        """Closes the window when its button, Escape or q was pressed."""
        for event in pygame.event.get():
            pressed = event.type == pygame.KEYDOWN and event.key in (pygame.K_ESCAPE, pygame.K_q)
            if event.type == pygame.QUIT or pressed:
                return self.close()


class _Pixels:
    """From metres to pixels of one square image."""

    def __init__(self, view: View, size: int):
        self.scale = size / view.width
        self._corner = np.array([view.center[0] - 0.5 * view.width, view.center[1] + 0.5 * view.width])  # top left
        self._scales = np.array([self.scale, -self.scale])

    def points(self, points: np.ndarray) -> list[list[float]]:
        """Pixel coordinates of points (k, 2), m."""
        return ((points - self._corner) * self._scales).tolist()


class _Stage:
    """A backdrop's picture in three copies: `clean` and `large` at the size of drawing, `small` at the final size."""

    def __init__(self, pygame: Any, backdrop: Backdrop, size: int):
        self.clean = pygame.Surface((size * OVERSAMPLE, size * OVERSAMPLE))
        self.clean.fill(backdrop.color)
        pixels = _Pixels(backdrop.view, size * OVERSAMPLE)
        for shape in backdrop.shapes:
            if not isinstance(shape, Text):
                _draw(pygame, self.clean, shape, pixels)
        self.large = self.clean.copy()
        self.small = pygame.transform.smoothscale(self.clean, (size, size))


_stages: dict[tuple[Backdrop, int], _Stage] = {}
_fonts: dict[tuple[int, bool], Any] = {}
_words: dict[tuple[str, int, bool, Color], Any] = {}


def _stage(backdrop: Backdrop, size: int) -> _Stage:
    """The backdrop's pictures, drawn at its first use; a few are kept."""
    if (backdrop, size) not in _stages:
        _forget_old(_stages, 4)
        _stages[backdrop, size] = _Stage(import_pygame(), backdrop, size)
    return _stages[backdrop, size]


def _whole_pixels(pygame: Any, area: Any, bounds: Any) -> Any:
    """The area, grown to whole pixels of the final image and a margin, within bounds."""
    left, top = ((edge // OVERSAMPLE - 1) * OVERSAMPLE for edge in (area.left, area.top))
    right, bottom = ((edge // OVERSAMPLE + 2) * OVERSAMPLE for edge in (area.right, area.bottom))
    return pygame.Rect(left, top, right - left, bottom - top).clip(bounds)


def _draw(pygame: Any, surface: Any, shape: Shape, pixels: _Pixels) -> Any:
    """Draws one shape; the rectangle of pixels it touched."""
    if isinstance(shape, Polygon):
        return pygame.draw.polygon(surface, shape.color, pixels.points(shape.points))
    if isinstance(shape, Circle):
        [center] = pixels.points(shape.center[None])
        outline = max(1, round(shape.outline * pixels.scale)) if shape.outline else 0
        return pygame.draw.circle(surface, shape.color, center, shape.radius * pixels.scale, outline)
    if isinstance(shape, Line):
        return _draw_line(pygame, surface, shape.color, pixels.points(shape.points), 0.5 * shape.width * pixels.scale)
    return _write(pygame, surface, shape, pixels)


def _draw_line(pygame: Any, surface: Any, color: Color, points: Sequence[Sequence[float]], half: float) -> Any:
    """Draws a line of half width `half` (pixels) with round ends and corners; the rectangle it touched."""
    touched = []
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0)
        if length > 0.0:
            u, v = -half * (y1 - y0) / length, half * (x1 - x0) / length
            corners = [(x0 + u, y0 + v), (x1 + u, y1 + v), (x1 - u, y1 - v), (x0 - u, y0 - v)]
            touched.append(pygame.draw.polygon(surface, color, corners))
    touched += [pygame.draw.circle(surface, color, point, max(half, 0.5)) for point in points]
    return touched[0].unionall(touched[1:])


def _write(pygame: Any, surface: Any, text: Text, pixels: _Pixels) -> Any:
    """Writes words, and returns their rectangle; a few hundred are kept, since most return in every frame."""
    height = max(8, round(text.height * pixels.scale))
    key = (text.words, height, text.bold, text.color)
    if key not in _words:
        _forget_old(_words, 512)
        _words[key] = _font(pygame, height, text.bold).render(text.words, True, text.color)
    picture = _words[key]
    [(x, y)] = pixels.points(np.array([text.position]))
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.align]
    return surface.blit(picture, (round(x - share * picture.get_width()), round(y - 0.5 * picture.get_height())))


def _font(pygame: Any, height: int, bold: bool) -> Any:
    """A font whose capitals fit lines of this many pixels: DejaVu Sans, which Matplotlib brings, or pygame's own."""
    if not pygame.font.get_init():
        pygame.font.init()
        _fonts.clear()
    if (height, bold) not in _fonts:
        package = importlib.util.find_spec("matplotlib")
        folder = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" if package and package.origin else Path()
        file = folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
        _fonts[height, bold] = pygame.font.Font(str(file) if file.is_file() else None, height)
    return _fonts[height, bold]


def _forget_old(kept: dict, most: int) -> None:
    """Drops the oldest entry of a full store."""
    if len(kept) >= most:
        kept.pop(next(iter(kept)))
