"""What is seen, in metres: lines, circles, polygons and text in one view. Knows no drawing library."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Color = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


class Line(NamedTuple):
    """A line with round ends and corners."""

    points: np.ndarray  # (k, 2), m
    width: float  # m
    color: Color  # red, green, blue, 0 to 255


class Circle(NamedTuple):
    """A disk, or a ring where `outline` is the line's width."""

    center: np.ndarray  # (2,), m
    radius: float  # m
    color: Color  # red, green, blue, 0 to 255
    outline: float = 0.0  # m


class Polygon(NamedTuple):
    """A filled area."""

    points: np.ndarray  # (k, 2), m
    color: Color  # red, green, blue, 0 to 255


class Text(NamedTuple):
    """Words, in one line or more; `position` is the left, centre or right end of their middle.

    Letters have a least size in pixels: where the words do not fit their room, `short` stands for them.
    """

    position: tuple[float, float]  # m
    words: str  # lines parted by a line break
    height: float  # m
    color: Color  # red, green, blue, 0 to 255
    align: str = "left"  # "left", "center" or "right"
    bold: bool = False  # thick letters
    room: tuple[float, float] | None = None  # width and height, m
    short: str = ""  # in place of words that do not fit


Shape = Line | Circle | Polygon | Text


class View(NamedTuple):
    """The square window onto the plane."""

    center: tuple[float, float]  # m
    width: float  # m

    def point(self, right: float, up: float) -> tuple[float, float]:
        """The place (m) at these shares of the window, from (0, 0), bottom left, to (1, 1), top right."""
        return self.center[0] + (right - 0.5) * self.width, self.center[1] + (up - 0.5) * self.width


class Backdrop:
    """What stays the same from frame to frame; a viewer draws one Backdrop once and keeps the picture."""

    def __init__(self, view: View, color: Color, shapes: list[Shape]):
        self.view, self.color, self.shapes = view, color, shapes


class Scene(NamedTuple):
    """A backdrop, the shapes before it, the last one in front, and before them a panel of words and upright boxes."""

    backdrop: Backdrop  # what does not move
    shapes: list[Shape]  # the last one in front
    panel: Sequence[Shape] = ()  # before all others

    @property
    def view(self) -> View:
        """The window onto the plane."""
        return self.backdrop.view


def blend(start: Color, end: Color, share: float) -> Color:
    """The colour that lies this share of the way from `start` to `end`."""
    share = min(max(share, 0.0), 1.0)
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(start, end, strict=True))
    return red, green, blue


def arrow(start: np.ndarray, end: np.ndarray, width: float, color: Color) -> list[Shape]:
    """A line from start to end (m) that closes in a head; nothing where the two are closer than the line is wide."""
    way = end - start
    length = float(np.hypot(way[0], way[1]))
    if length < width:
        return []
    along = way / length
    across = np.array([-along[1], along[0]])
    head = min(2.6 * width, 0.6 * length)
    neck = end - head * along
    tip = [neck + 0.55 * head * across, end, neck - 0.55 * head * across]
    return [Line(np.array([start, neck + 0.2 * head * along]), width, color), Polygon(np.array(tip), color)]


def smooth_curve(points: np.ndarray, n: int = 8) -> np.ndarray:
    """A curve through all points (k, 2), n steps between neighbours: the Catmull-Rom spline."""
    ends = np.concatenate([2.0 * points[:1] - points[1:2], points, 2.0 * points[-1:] - points[-2:-1]])
    p0, p1, p2, p3 = (ends[i : len(ends) - 3 + i, None] for i in range(4))  # (k - 1, 1, 2)
    t = (np.arange(n) / n)[:, None]
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def band(curve: np.ndarray, half_width: np.ndarray) -> np.ndarray:
    """The outline (2 k, 2) of a band along a curve (k, 2) with this half width (k,), m."""
    across = sideways(curve) * half_width[:, None]
    return np.concatenate([curve + across, (curve - across)[::-1]])


def sideways(curve: np.ndarray) -> np.ndarray:
    """Unit vectors (k, 2) to the left of a curve (k, 2)."""
    along = np.empty_like(curve)
    along[1:-1] = curve[2:] - curve[:-2]
    along[0], along[-1] = curve[1] - curve[0], curve[-1] - curve[-2]
    left = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    return left / np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-12)[:, None]
