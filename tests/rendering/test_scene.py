"""The picture of the arm: geometry in metres, and what reaches the pixels."""

import dataclasses

import numpy as np
import pytest

from armfa.plant import PRESETS, elbow_position, hand_position, make_arm, rest_state
from armfa.plant.muscles.geometry import ConstantMomentArms
from armfa.rendering import Circle, Line, Polygon, Scene, Text, arm_scene, viewer
from armfa.rendering.anatomy import EXTENSOR, FLEXOR, has_motors, pulls
from armfa.rendering.arm_scene import ACTUAL, DESIRED, GOAL, PAPER, TRAIL
from armfa.rendering.scene import Backdrop, View, arrow, band, blend, smooth_curve
from armfa.rendering.viewer import SIZE, draw_frame

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


def own_arm(names, shoulder, elbow, of="lillicrap_scott"):
    """An arm with these muscles and moment arms (m)."""
    n = len(names)
    geometry = ConstantMomentArms(shoulder, elbow, (0.06,) * n, (1.0,) * n)
    parts = {"geometry": geometry, "max_force": (100.0,) * n, "muscle_names": names}
    return dataclasses.replace(make_arm(of), name="own", **parts)


TWO = own_arm(("biceps", "triceps long"), (0.02, -0.02), (0.02, -0.02))
DELTOIDS = own_arm(
    ("biceps", "triceps", "anterior deltoid", "posterior deltoid"),
    (0.0, 0.0, 0.019, -0.008),
    (0.036, -0.021, 0.0, 0.0),
)
FRONT = ("anterior deltoid", "posterior deltoid", "pectoralis major", "latissimus dorsi", "brachialis")
TEN = own_arm(
    (*FRONT, "brachioradialis", "triceps lateral", "triceps medial", "biceps long", "triceps long"),
    (0.02, -0.02, 0.035, -0.03, 0.0, 0.0, 0.0, 0.0, 0.02, -0.02),
    (0.0, 0.0, 0.0, 0.0, 0.02, 0.03, -0.02, -0.02, 0.03, -0.02),
)
CROSSED = own_arm(("one", "other", "neither"), (0.02, -0.02, 0.0), (-0.03, 0.03, 0.0))
ARMS = {name: make_arm(name) for name in PRESETS} | {"two": TWO, "four": DELTOIDS, "ten": TEN, "crossed": CROSSED}
every_arm = pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)


def half_active(arm, **extra):
    state = rest_state(arm)._replace(activation=np.full(arm.n_muscles, 0.5), joint_velocity=np.array([1.0, -0.5]))
    return arm_scene(arm, state, **extra)


def warmth(shapes):
    """Red over blue of each area."""
    return [shape.color[0] - shape.color[2] for shape in shapes if isinstance(shape, Polygon)]


@pytest.mark.parametrize("name", [name for name in PRESETS if make_arm(name).n_muscles == 6])
def test_each_of_six_muscles_has_its_own_kind_and_three_of_them_flex(name):
    arm = make_arm(name)
    kinds = pulls(arm, np.array(arm.center_posture))
    assert len({kind[:2] for kind in kinds}) == 6
    assert [kind.turn for kind in kinds].count(1) == [kind.turn for kind in kinds].count(-1) == 3


def test_the_names_of_published_muscles_say_what_their_moment_arms_do():
    signs = {"flexors": 1, "extensors": -1}
    for name in PRESETS:
        arm = make_arm(name)
        for words, kind in zip(arm.muscle_names, pulls(arm, np.array(arm.center_posture)), strict=True):
            if words.split()[-1] in signs:
                joints, sign = words.split()[0], signs[words.split()[-1]]
                assert kind[:2] == tuple(sign * (joints in (joint, "biarticular")) for joint in ("shoulder", "elbow"))


@pytest.mark.parametrize(
    ("arm", "red", "blue"), [(make_arm(), 3, 3), (TWO, 1, 1), (DELTOIDS, 2, 2), (TEN, 5, 5), (CROSSED, 1, 1)]
)
def test_a_gauge_shows_which_way_its_muscle_pulls_by_the_moment_arms(arm, red, blue):
    tints = warmth(half_active(arm).panel)
    assert (sum(w > 40 for w in tints), sum(w < -40 for w in tints)) == (red, blue)


def test_muscles_are_drawn_as_bands_of_their_number_and_torque_motors_as_arcs():
    for arm in ARMS.values():
        state = rest_state(arm)
        quiet, busy = (arm_scene(arm, state._replace(activation=np.full(arm.n_muscles, a))).shapes for a in (0.0, 0.9))
        moved = sum(str(one) != str(other) for one, other in zip(quiet, busy)) if len(quiet) == len(busy) else None
        crossing = sum(kind.shoulder != 0 or kind.elbow != 0 for kind in pulls(arm, state.joint_angle))
        assert moved == (None if has_motors(arm) else 5 * crossing)  # three areas and two ends per band
    assert [name for name, arm in ARMS.items() if has_motors(arm)] == ["torque"]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_motors_turn_the_way_that_their_moment_arms_say(sign):
    torque = make_arm("torque")
    turned = dataclasses.replace(torque, geometry=ConstantMomentArms((sign, 0), (0, sign), (1, 1), (1, 1)))
    tints = warmth(half_active(turned).shapes)
    assert sum(sign * w > 60 for w in tints) == 2 and sum(sign * w < -60 for w in tints) == 0


def test_the_trunk_of_an_arm_as_short_as_a_monkeys_has_no_human_head():
    def heads(arm):
        circles = [shape for shape in arm_scene(arm, rest_state(arm)).backdrop.shapes if isinstance(shape, Circle)]
        return len(circles) > 0

    assert {name: heads(arm) for name, arm in ARMS.items() if name in PRESETS} == {
        name: name not in ("lillicrap_scott", "kalidindi2021") for name in PRESETS
    }
    human, monkey = make_arm(), make_arm("lillicrap_scott")
    assert not heads(dataclasses.replace(human, skeleton=monkey.skeleton))  # by its size, not by its name


def as_seen_in_deuteranopia(color):
    """The colour as people without green cones see it: Machado, Oliveira & Fernandes 2009, severity 1 (linear RGB)."""
    linear = (np.array(color) / 255.0) ** 2.2
    seen = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]) @ linear
    return 255.0 * np.clip(seen, 0.0, 1.0) ** (1 / 2.2)


def test_colours_that_mean_different_things_differ_for_people_who_see_no_green():
    colors = [FLEXOR[1], EXTENSOR[1], GOAL, DESIRED, ACTUAL, TRAIL]
    for i, one in enumerate(colors):
        for other in colors[:i]:
            assert np.linalg.norm(as_seen_in_deuteranopia(one) - as_seen_in_deuteranopia(other)) > 40


def test_arrows_have_a_legend_in_their_own_colours():
    arm = make_arm()
    with_arrows, without = half_active(arm, desired_velocity=np.array([0.3, 0.1])).panel, half_active(arm).panel
    words = {shape.words for shape in with_arrows if isinstance(shape, Text)}
    assert words - {shape.words for shape in without if isinstance(shape, Text)} == {
        "desired velocity",
        "actual velocity",
    }
    colors = [shape.color for shape in with_arrows if isinstance(shape, Line)]
    assert colors == [DESIRED, ACTUAL]


@every_arm
@pytest.mark.parametrize("size", [16, 97, 200, 640, np.int64(1000)])
def test_a_frame_has_the_size_asked_for(arm, size):
    scene = half_active(arm, time=1.0, caption="3.2 cm to go", desired_velocity=np.array([0.3, 0.1]))
    assert draw_frame(scene, size=size).shape == (size, size, 3)


@pytest.mark.parametrize("size", [0, -1, 15, 5000, 64.0, True, "640", None])
def test_a_size_that_no_frame_can_have_is_refused(size):
    with pytest.raises(ValueError, match="expected a frame size in whole pixels"):
        draw_frame(half_active(make_arm()), size)


@every_arm
@pytest.mark.parametrize("size", [200, SIZE])
def test_words_are_large_enough_to_read_do_not_overlap_and_name_every_muscle(monkeypatch, arm, size):
    written, write = [], viewer._write
    monkeypatch.setattr(viewer, "_write", lambda *given: written.append((given[2], write(*given))) or written[-1][1])
    draw_frame(half_active(arm, time=12.34, caption="off by 1.23 m/s", desired_velocity=np.array([0.3, 0.1])), size)
    areas = [area for _, area in written if area.width]
    assert min(area.height for area in areas) >= 10
    inner = [area.inflate(-2, -0.3 * area.height) for area in areas]  # without the room above and below the letters
    for i, area in enumerate(inner):
        assert area.collidelist(inner[:i]) == -1
        assert area.left >= 0 and area.right <= size and area.top >= 0 and area.bottom <= size
    names = {text.short for text, area in written if text.short and area.width}
    assert len(names) == arm.n_muscles


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
