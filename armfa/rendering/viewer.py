"""Draws scenes with pygame: into arrays, which needs no display, or into a window."""

import importlib.util
import math
from collections import deque
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from armfa.rendering.scene import Backdrop, Circle, Color, Line, Polygon, Scene, Shape, Text, View

SIZE = 640
"""Default side of a frame in pixels; divisible by 16, which video encoders like."""
SMALLEST, LARGEST = 16, 4096
"""Sides of a frame in pixels that can be asked for."""
LETTERS = 10
"""Pixels: no words are written smaller."""
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
    """The scene as an image; needs no display.

    Parameters
    ----------
    scene : Scene
        What is seen, in metres.
    size : int
        Side of the image, pixels, 16 to 4096. Words stay readable: below some 400 pixels short forms stand for them.

    Returns
    -------
    uint8 array (size, size, 3)
        Red, green, blue, row by row from the top.
    """
    return surface_frame(draw_surface(scene, checked_size(size)))


def checked_size(size: int) -> int:
    """The side of a frame in pixels, if it can be one."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not SMALLEST <= size <= LARGEST:
        raise ValueError(f"expected a frame size in whole pixels, {SMALLEST} to {LARGEST}, got {size!r}")
    return int(size)


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
    """A window that shows frames or scenes; the user may close it at any time, and `closed` then says so.

    Every window is its own (pygame-ce), so that two environments, and a program with a display of its own, live side
    by side and close in any order. The older pygame has one display for all: there the windows share it, or draw into
    the program's own. The display is never shut here but where windows alone opened it.

    Parameters
    ----------
    size : int
        Side, pixels.
    caption : str
        The window's title.
    frames_per_second : float, optional
        `show` waits so long that frames pass at this rate; None: it does not wait.
    """

    _opened: ClassVar[list["Window"]] = []

    def __init__(self, size: int = SIZE, caption: str = "armfa", frames_per_second: float | None = None):
        pygame = import_pygame()
        self.size, self.caption, self.frames_per_second = checked_size(size), caption, frames_per_second
        self.closed = False
        self._open(pygame)
        self._clock = pygame.time.Clock()
        self._view = View((0.0, 0.0), 2.0)
        self._mouse: tuple[float, float] | None = None  # shares of the picture, from the top left
        self._pressed: deque[str] = deque(maxlen=16)

    def show(self, picture: Scene | np.ndarray) -> None:
        """Shows a scene or a frame (height, width, 3), and waits as long as `frames_per_second` asks."""
        if self.closed:
            return
        pygame = import_pygame()
        if isinstance(picture, Scene):
            self._view = picture.view
            surface = draw_surface(picture, min(max(self._place(pygame).width, SMALLEST), LARGEST))
        else:
            surface = pygame.surfarray.make_surface(np.swapaxes(picture, 0, 1))
        try:
            self._blit(pygame, surface)
        except pygame.error:  # another library has shut pygame down, and all windows with it
            self._open(pygame)
            self._blit(pygame, surface)
        _listen(pygame)
        if self.frames_per_second is not None and not self.closed:
            self._clock.tick(self.frames_per_second)

    @property
    def mouse(self) -> np.ndarray | None:
        """Where the mouse was last in this window, in the scene's plane (2,), m; None until it moves there."""
        if self._mouse is None:
            return None
        right, down = self._mouse
        return np.array(self._view.point(right, 1.0 - down))

    def pressed(self) -> list[str]:
        """The names of the keys that were pressed in this window since it was last asked: "f", "up", "space".

        The last 16 at most; Escape and q, which close it, are not told.
        """
        keys = list(self._pressed)
        self._pressed.clear()
        return keys

    def close(self) -> None:
        """Closes this window and no other; may be called again."""
        if self.closed:
            return
        self.closed = True
        Window._opened.remove(self)
        if self._window is not None:
            self._window.destroy()
        elif self._own_display and not Window._opened:
            import_pygame().display.quit()

    def _open(self, pygame: Any) -> None:
        """Opens a window of its own; where pygame has no more than one display, that."""
        pygame.display.init()
        self._window, self._own_display = None, False
        if hasattr(getattr(pygame, "Window", None), "flip"):
            self._window = pygame.Window(self.caption, (self.size, self.size), resizable=True)
        elif pygame.display.get_surface() is None:
            pygame.display.set_mode((self.size, self.size), pygame.RESIZABLE)
            pygame.display.set_caption(self.caption)
            self._own_display = True
        else:
            self._own_display = any(window._own_display for window in Window._opened)
        if self not in Window._opened:
            Window._opened.append(self)

    def _screen(self, pygame: Any) -> Any:
        """What is drawn on, as large as the user has made the window."""
        screen = (self._window or pygame.display).get_surface()
        if screen is None:
            raise pygame.error("the display is gone")
        return screen

    def _place(self, pygame: Any) -> Any:
        """The square in the middle of the screen that a picture fills."""
        try:
            area = self._screen(pygame).get_rect()
        except pygame.error:
            return pygame.Rect(0, 0, self.size, self.size)  # it will be opened anew
        side = min(area.size)
        return pygame.Rect((area.width - side) // 2, (area.height - side) // 2, side, side)

    def _blit(self, pygame: Any, surface: Any) -> None:
        """Puts a picture into the middle of the screen, scaled to it."""
        screen, place = self._screen(pygame), self._place(pygame)
        if surface.get_size() != place.size:
            surface = pygame.transform.smoothscale(surface, place.size)
        if place.size != screen.get_size():
            screen.fill(surface.get_at((0, 0)))
        screen.blit(surface, place)
        (self._window or pygame.display).flip()

    def _hear(self, pygame: Any, event: Any) -> None:
        """Closes the window when its button, Escape or q was pressed; follows the mouse; keeps other keys."""
        pressed = event.type == pygame.KEYDOWN
        ends = pressed and event.key in (pygame.K_ESCAPE, pygame.K_q)
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE) or ends:
            self.close()
        elif pressed:
            self._pressed.append(pygame.key.name(event.key))
        elif event.type == pygame.MOUSEMOTION:
            place = self._place(pygame)
            self._mouse = ((event.pos[0] - place.left) / place.width, (event.pos[1] - place.top) / place.height)


def _listen(pygame: Any) -> None:
    """Hands every event to the window that it is for; those for none of them go back to the program.

    An event that names no window is for the program's own display or, where it has none, for all windows.
    """
    opened = list(Window._opened)
    program_has_display = pygame.display.get_surface() is not None and not any(w._own_display for w in opened)
    for event in pygame.event.get():
        place = getattr(event, "window", None)
        if place is not None:
            hearers = [window for window in opened if window._window is place]
        else:
            hearers = [] if program_has_display else opened
        if not hearers:
            pygame.event.post(event)
        for window in hearers:
            if not window.closed:
                window._hear(pygame, event)


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
    """Writes words, in their short form where they do not fit their room, and returns their rectangle."""
    height = max(LETTERS, round(text.height * pixels.scale))
    lines = [_word(pygame, word, height, text) for word in text.words.split("\n")]
    [(x, y)] = pixels.points(np.array([text.position]))
    if text.room is not None:
        width, tall = text.room[0] * pixels.scale, text.room[1] * pixels.scale
        if max(line.get_width() for line in lines) > width or len(lines) * height > tall:
            lines = [_word(pygame, text.short, height, text)] if text.short else []
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[text.align]
    area = pygame.Rect(round(x), round(y), 0, 0)
    for number, line in enumerate(lines):
        middle = y + (number - 0.5 * (len(lines) - 1)) * 1.4 * height
        corner = (round(x - share * line.get_width()), round(middle - 0.5 * line.get_height()))
        area.union_ip(surface.blit(line, corner))
    return area


def _word(pygame: Any, word: str, height: int, text: Text) -> Any:
    """The picture of one line of words; a few hundred are kept, since most return in every frame."""
    key = (word, height, text.bold, text.color)
    if key not in _words:
        _forget_old(_words, 512)
        if not pygame.font.get_init():
            pygame.font.init()
        font = pygame.font.Font(
            _font_file(text.bold), height
        )  # not kept: it would not outlive the program's font.quit()
        _words[key] = font.render(word, True, text.color)
    return _words[key]


@cache
def _font_file(bold: bool) -> str | None:
    """DejaVu Sans, which Matplotlib brings, or pygame's own font."""
    package = importlib.util.find_spec("matplotlib")
    folder = Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" if package and package.origin else Path()
    file = folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return str(file) if file.is_file() else None


def _forget_old(kept: dict, most: int) -> None:
    """Drops the oldest entry of a full store."""
    if len(kept) >= most:
        kept.pop(next(iter(kept)))
