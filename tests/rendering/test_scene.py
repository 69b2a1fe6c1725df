"""The picture of the arm: geometry in metres, and what reaches the pixels."""

import numpy as np
import pytest

from armfa.plant import PRESETS, elbow_position, hand_position, make_arm, rest_state
from armfa.rendering import Circle, Line, Polygon, Scene, Text, arm_scene
from armfa.rendering.anatomy import muscle_kinds
from armfa.rendering.arm_scene import DESIRED, GOAL, PAPER
from armfa.rendering.scene import Backdrop, View, arrow, band, blend, smooth_curve
from armfa.rendering.viewer import Window, draw_frame

RED, WHITE = (255, 0, 0), (255, 255, 255)


def frame_of(*shapes, size=64):
    """A view of 2 x 2 m around the origin."""
    return draw_frame(Scene(Backdrop(View((0.0, 0.0), 2.0), WHITE, []), list(shapes)), size)


def red(frame):
    return (frame[..., 0] > 200) & (frame[..., 1] < 60)


def middle(frame, color):
    """Where, in metres of a 2 x 2 m view, the pixels of a colour have their centre."""
    rows, columns = np.nonzero((np.abs(frame.astype(int) - color) < 12).all(axis=-1))
    n = len(frame)
    return np.array([columns.mean() + 0.5, n - rows.mean() - 0.5]) * 2.0 / n - 1.0


@pytest.mark.parametrize(
    "shape",
    [
        Circle(np.array([0.3, -0.4]), 0.2, RED),
        Polygon(np.array([[0.1, -0.6], [0.5, -0.6], [0.5, -0.2], [0.1, -0.2]]), RED),
        Line(np.array([[0.0, -0.4], [0.6, -0.4]]), 0.2, RED),
    ],
    ids=["circle", "polygon", "line"],
)
def test_shapes_land_where_their_metres_say(shape):
    np.testing.assert_allclose(middle(frame_of(shape, size=256), RED), [0.3, -0.4], atol=0.012)


def test_areas_are_right_and_edges_are_smooth():
    frame = frame_of(Circle(np.zeros(2), 0.5, RED), size=256).astype(float)
    covered = ((255.0 - frame[..., 1]) / 255.0).sum() * (2.0 / 256) ** 2
    assert covered == pytest.approx(np.pi * 0.25, rel=0.02)
    assert len(np.unique(frame[..., 1])) > 3  # shades between red and white


def test_the_last_shape_is_in_front_and_words_are_written():
    disk, cover = Circle(np.zeros(2), 0.3, RED), Circle(np.zeros(2), 0.4, (0, 0, 255))
    assert not red(frame_of(disk, cover)).any()
    assert red(frame_of(cover, disk)).any()
    blank = frame_of(size=128)
    for align in ("left", "center", "right"):
        assert (frame_of(Text((0.0, 0.0), "hand", 0.3, RED, align), size=128) != blank).any()


def test_a_frame_is_writable_and_its_own():
    scene = arm_scene(make_arm(), rest_state(make_arm()))
    first = draw_frame(scene)
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(draw_frame(scene), kept)


def test_a_smooth_curve_passes_through_its_points_and_a_band_keeps_its_width():
    points = np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0], [3.0, 1.0]])
    curve = smooth_curve(points, 8)
    np.testing.assert_allclose(curve[::8], points, atol=1e-15)
    outline = band(curve, np.full(len(curve), 0.1))
    n = len(curve)
    np.testing.assert_allclose(np.hypot(*(outline[:n] - outline[n:][::-1]).T), 0.2)


def test_an_arrow_ends_at_its_end_and_vanishes_when_it_is_shorter_than_wide():
    _, head = arrow(np.zeros(2), np.array([0.0, 0.3]), 0.02, RED)
    assert (head.points == [0.0, 0.3]).all(axis=1).any()
    assert arrow(np.zeros(2), np.array([0.0, 0.01]), 0.02, RED) == []


def test_blending_runs_from_the_first_colour_to_the_second():
    assert blend(RED, WHITE, 0.0) == RED
    assert blend(RED, WHITE, 1.5) == WHITE
    assert blend((0, 0, 0), (100, 200, 50), 0.5) == (50, 100, 25)


@pytest.mark.parametrize("name", [name for name in PRESETS if make_arm(name).n_muscles == 6])
def test_each_of_six_muscles_has_its_own_kind_and_its_own_band(name):
    arm = make_arm(name)
    assert len(set(muscle_kinds(arm))) == 6
    assert (0, 0) not in muscle_kinds(arm)


@pytest.mark.parametrize("name", PRESETS)
def test_more_activation_changes_the_picture(name):
    arm = make_arm(name)
    state = rest_state(arm)
    frames = [draw_frame(arm_scene(arm, state._replace(activation=np.full(arm.n_muscles, a)))) for a in (0.0, 0.9)]
    assert (frames[0] != frames[1]).any(axis=-1).mean() > 0.01


@pytest.mark.parametrize("name", PRESETS)
def test_every_place_the_hand_can_be_is_inside_the_view_above_the_gauges(name):
    arm = make_arm(name)
    low, high = np.array(arm.joint_range).T
    angles = low + (high - low) * np.stack(np.meshgrid(*[np.linspace(0, 1, 15)] * 2), axis=-1)
    view = arm_scene(arm, rest_state(arm)).view
    left, bottom = view.point(0.03, 0.16)
    right, top = view.point(0.97, 0.97)
    for points in (hand_position(arm, angles), elbow_position(arm, angles)):
        assert (points >= [left, bottom]).all() and (points <= [right, top]).all()


def test_target_arrows_trail_and_words_are_drawn_when_given():
    arm = make_arm()
    state = rest_state(arm)
    bare = draw_frame(arm_scene(arm, state))
    assert (bare == PAPER).all(axis=-1).mean() > 0.2
    trail = hand_position(arm, state.joint_angle + np.linspace(-0.5, 0.0, 20)[:, None])
    extras = {
        "target": {"target": np.array([0.1, 0.45])},
        "arrows": {"desired_velocity": np.array([-0.3, 0.3])},
        "trail": {"trail": trail},
        "time": {"time": 1.5},
        "caption": {"caption": "hello"},
    }
    for extra in extras.values():
        assert (draw_frame(arm_scene(arm, state, **extra)) != bare).any()
    assert (draw_frame(arm_scene(arm, state, **extras["target"])) == GOAL).all(axis=-1).any()
    assert (draw_frame(arm_scene(arm, state, **extras["arrows"])) == DESIRED).all(axis=-1).any()


def test_a_window_shows_scenes_and_frames_knows_the_mouse_and_closes_twice():
    arm = make_arm()
    scene = arm_scene(arm, rest_state(arm))
    window = Window(size=320)
    for picture in (scene, draw_frame(scene), draw_frame(scene, 320)):
        window.show(picture)
        assert not window.closed
    inside = np.abs(window.mouse - scene.view.center) <= scene.view.width / 2
    assert inside.all()
    window.close()
    window.close()
    window.show(scene)
    assert window.closed and np.isfinite(window.mouse).all()
