"""Scenes as lists that JSON can hold, for `web/drawer.js`: whole numbers of a quarter of a millimetre.

A shape is a list: what it is, its colour, its widths, and its points, each as the step from the one before it, which
has fewer digits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from armfa.rendering.scene import Backdrop, Circle, Color, Line, Polygon, Scene, Shape, Text

UNIT = 0.00025
"""m: a quarter of a pixel where a person's arm is drawn 1280 pixels wide."""
WEB = Path(__file__).parent / "web"
"""The folder of what pages are made of."""


def backdrop_frame(backdrop: Backdrop) -> dict[str, Any]:
    """What stays the same: the view (middle and width, m), the unit (m), the ground's colour, and the shapes."""
    view = [*map(float, backdrop.view.center), float(backdrop.view.width)]
    return {"view": view, "unit": UNIT, "color": _hex(backdrop.color), "shapes": listed(backdrop.shapes)}


def scene_frame(scene: Scene) -> list[list[Any]]:
    """What changes: shapes, then the panel, in the order in which they are drawn."""
    return listed([*scene.shapes, *scene.panel])


def listed(shapes: Sequence[Shape]) -> list[list[Any]]:
    """Each shape as a list.

    ["p", colour, x, y, dx, dy, ...] a polygon; ["l", colour, width, x, y, dx, dy, ...] a line;
    ["c", colour, radius, outline, x, y] a disk, or a ring; ["t", colour, height, words, align, bold, room, short, x, y]
    words, where `room` is [width, height] or None. x to the right, y up.
    """
    points = [np.asarray(_points(shape), float).reshape(-1, 2) for shape in shapes]
    if not points:
        return []
    ends = np.cumsum([len(each) for each in points])
    starts = np.concatenate([[0], ends[:-1]])
    places = np.rint(np.concatenate(points) / UNIT).astype(int)
    steps = np.diff(places, axis=0, prepend=0)
    steps[starts] = places[starts]
    flat = steps.ravel().tolist()
    return [[*_head(shape), *flat[2 * a : 2 * b]] for shape, a, b in zip(shapes, starts.tolist(), ends.tolist())]


def _points(shape: Shape) -> Any:
    if isinstance(shape, Line | Polygon):
        return shape.points
    return shape.center if isinstance(shape, Circle) else shape.position


def _head(shape: Shape) -> list[Any]:
    """All but the points."""
    color = _hex(shape.color)
    if isinstance(shape, Polygon):
        return ["p", color]
    if isinstance(shape, Line):
        return ["l", color, _units(shape.width)]
    if isinstance(shape, Circle):
        return ["c", color, _units(shape.radius), _units(shape.outline)]
    return _words(shape, color)


def _words(text: Text, color: str) -> list[Any]:
    room = None if text.room is None else [_units(side) for side in text.room]
    return ["t", color, _units(text.height), text.words, text.align, int(text.bold), room, text.short]


def _units(length: float) -> float:
    """A length (m) in units, to a tenth of one."""
    return round(float(length) / UNIT, 1)


def _hex(color: Color) -> str:
    """A colour as pages write it."""
    return "#{:02x}{:02x}{:02x}".format(*color)
