"""Scenes as lists: what a page draws is what was in the scene."""

import json

import numpy as np
import pytest

from armfa.plant import make_arm, rest_state
from armfa.rendering import Circle, Line, Polygon, Text, arm_scene
from armfa.rendering.frames import UNIT, backdrop_frame, listed, scene_frame

RED = (255, 0, 16)
PATH = np.array([[0.1, -0.2], [0.3, 0.25], [-0.1, 0.0]])


def places(shape, first):
    """The points (k, 2), m, of a shape whose first coordinate is at this place of its list."""
    return UNIT * np.cumsum(np.reshape(shape[first:], (-1, 2)), axis=0)


@pytest.mark.parametrize(
    ("shape", "first", "head"),
    [
        (Polygon(PATH, RED), 2, ["p", "#ff0010"]),
        (Line(PATH, 0.01, RED), 3, ["l", "#ff0010", 40.0]),
        (Circle(PATH[0], 0.02, RED, 0.005), 4, ["c", "#ff0010", 80.0, 20.0]),
        (Text((0.1, -0.2), "a\nb", 0.01, RED, "right"), 8, ["t", "#ff0010", 40.0, "a\nb", "right", 0, None, ""]),
    ],
)
def test_a_shape_keeps_its_places_to_half_a_unit(shape, first, head):
    [other, found] = listed([Circle(PATH[1], 0.1, RED), shape])
    assert found[:first] == head and other[0] == "c"
    points = PATH if len(found) > first + 2 else PATH[:1]
    np.testing.assert_allclose(places(found, first), points, atol=0.5 * UNIT + 1e-12)


def test_a_scene_is_json_with_all_its_shapes_in_their_order():
    arm = make_arm("li_todorov")
    scene = arm_scene(arm, rest_state(arm, np.array([0.8, 1.5])), target=np.array([0.1, 0.4]), caption="words")
    frame = json.loads(json.dumps(scene_frame(scene)))
    kinds = {Polygon: "p", Line: "l", Circle: "c", Text: "t"}
    assert [shape[0] for shape in frame] == [kinds[type(shape)] for shape in (*scene.shapes, *scene.panel)]
    still = json.loads(json.dumps(backdrop_frame(scene.backdrop)))
    assert len(still["shapes"]) == len(scene.backdrop.shapes) and still["view"][2] == scene.view.width


def test_nothing_is_an_empty_list():
    assert listed([]) == []
