"""The picture of one arm at one moment: backdrop, arm, muscles, goal, trail and gauges."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from armfa.plant import Arm, ArmState, hand_position, hand_velocity
from armfa.rendering.anatomy import Pose, joints, limb, muscle_color, muscle_kinds, muscles, trunk
from armfa.rendering.scene import Backdrop, Circle, Color, Line, Polygon, Scene, Shape, Text, View, arrow, blend

PAPER: Color = (247, 244, 238)
FLOOR: Color = (253, 252, 249)
GRID: Color = (236, 232, 224)
INK: Color = (62, 60, 66)
FAINT: Color = (150, 145, 140)
TRAIL: Color = (120, 80, 160)
GOAL: Color = (23, 150, 100)
DESIRED: Color = (240, 138, 22)
ACTUAL: Color = (38, 40, 52)
ARROW_TIME = 0.3
"""s: a velocity arrow ends where the hand would be after so long."""


def arm_scene(
    arm: Arm,
    state: ArmState,
    *,
    target: np.ndarray | None = None,
    target_radius: float = 0.01,
    on_target: float = 0.0,
    desired_velocity: np.ndarray | None = None,
    trail: Sequence[np.ndarray] | np.ndarray = (),
    time: float | None = None,
    caption: str = "",
) -> Scene:
    """The scene of one arm (leaves of `state` without batch axes).

    target : (2,), m, with `target_radius`, m; on_target : share of the hold that is done, 0 to 1, closes its ring.
    desired_velocity : (2,), m/s, drawn beside the actual one.  trail : past hand positions (k, 2), m, oldest first.
    time : s.  caption : one short line, top right.
    """
    state = ArmState(*(np.asarray(leaf, dtype=np.float64) for leaf in state))
    pose = Pose(arm, state.joint_angle)
    backdrop = _backdrop(arm)
    shapes: list[Shape] = []
    shapes += limb(pose)
    shapes += muscles(arm, pose, state.activation)
    shapes += joints(pose)
    shapes += _trail(np.asarray(trail, dtype=np.float64).reshape(-1, 2), pose.unit)
    if target is not None:
        goal = _target(np.asarray(target, dtype=np.float64), target_radius, on_target, pose.unit)
        shapes = goal[:1] + shapes + goal[1:]  # its halo behind the arm, the rest before it
    if desired_velocity is not None:
        actual = np.asarray(hand_velocity(arm, state.joint_angle, state.joint_velocity))
        shapes += _velocities(pose, actual, np.asarray(desired_velocity, dtype=np.float64))
    shapes += [Circle(pose.hand, 0.17 * pose.unit, (255, 255, 255)), Circle(pose.hand, 0.12 * pose.unit, ACTUAL)]
    panel = _gauges(arm, backdrop.view, state.activation) + _words(backdrop.view, time, caption)
    return Scene(backdrop, shapes, panel)


@lru_cache(maxsize=16)
def _backdrop(arm: Arm) -> Backdrop:
    """Paper, what the hand can reach, a grid of 10 cm, trunk and the frame of the gauges."""
    view = View((0.07 * arm.reach, 0.33 * arm.reach), 2.08 * arm.reach)
    shapes: list[Shape] = [Polygon(_reachable(arm), FLOOR)]
    left, bottom = view.point(0.0, 0.0)
    thin = 0.002 * view.width
    for k in range(-20, 21):
        across = 0.1 * k
        shapes.append(Line(np.array([[left, across], [left + view.width, across]]), thin, GRID))
        shapes.append(Line(np.array([[across, bottom], [across, bottom + view.width]]), thin, GRID))
    shapes += trunk(arm)
    shapes.append(Polygon(_box(view, 0.0, 1.0, 0.0, 0.152), PAPER))
    shapes.append(Polygon(_box(view, 0.0, 1.0, 0.15, 0.152), GRID))
    shapes += _scale_bar(view)
    return Backdrop(view, PAPER, shapes)


def _reachable(arm: Arm) -> np.ndarray:
    """The outline (k, 2), m, of the places where tasks send the hand."""
    (s0, s1), (e0, e1) = arm.joint_range
    corners = [((s0, e0), (s1, e0)), ((s1, e0), (s1, e1)), ((s1, e1), (s0, e1)), ((s0, e1), (s0, e0))]
    angles = np.concatenate([np.linspace(start, end, 40) for start, end in corners])
    return np.asarray(hand_position(arm, angles))


def _scale_bar(view: View) -> list[Shape]:
    """Ten centimetres."""
    x, y = view.point(0.96, 0.185)
    bar = np.array([[x - 0.1, y], [x, y]])
    words = Text((x - 0.05, y + 0.02 * view.width), "10 cm", 0.021 * view.width, FAINT, "center")
    return [Line(bar, 0.004 * view.width, FAINT), words]


def _target(target: np.ndarray, radius: float, held: float, unit: float) -> list[Shape]:
    """A disk of the size that counts, a halo, and a ring that closes while the hand holds."""
    ring = max(2.2 * radius, 0.42 * unit)
    shapes: list[Shape] = [
        Circle(target, ring, blend(FLOOR, GOAL, 0.16)),
        Circle(target, ring, blend(FLOOR, GOAL, 0.55), 0.06 * unit),
        Circle(target, radius, GOAL),
    ]
    if held > 0.0:
        angle = 0.5 * np.pi - np.linspace(0.0, 2.0 * np.pi * min(held, 1.0), 32)
        arc = target + (ring - 0.03 * unit) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        shapes.append(Line(arc, 0.13 * unit, GOAL))
    return shapes


def _trail(trail: np.ndarray, unit: float) -> list[Shape]:
    """Where the hand has been, thinner and paler the longer ago."""
    trail = trail[::-2][::-1]
    n = len(trail) - 1
    return [
        Line(trail[i : i + 2], (0.06 + 0.13 * (i + 1) / n) * unit, blend(FLOOR, TRAIL, 0.08 + 0.8 * (i + 1) / n))
        for i in range(n)
    ]


def _velocities(pose: Pose, actual: np.ndarray, desired: np.ndarray) -> list[Shape]:
    """The desired velocity as a broad arrow, the actual one as a narrow arrow on top."""
    wanted = arrow(pose.hand, pose.hand + ARROW_TIME * desired, 0.34 * pose.unit, DESIRED)
    real = arrow(pose.hand, pose.hand + ARROW_TIME * actual, 0.15 * pose.unit, ACTUAL)
    return wanted + real


def _gauges(arm: Arm, view: View, activation: np.ndarray) -> list[Shape]:
    """A bar for every muscle with its short name: the strip at the bottom."""
    low, high = arm.excitation_range
    n = arm.n_muscles
    shapes: list[Shape] = []
    gap, left, right = 0.016, 0.04, 0.96
    width = (right - left + gap) / n - gap
    kinds = muscle_kinds(arm) if n != 2 else ()
    for i, (name, level) in enumerate(zip(arm.muscle_names, activation, strict=True)):
        x0 = left + i * (width + gap)
        share = float(min(max((level - low) / (high - low), 0.0), 1.0))
        zero = -low / (high - low)
        flexor = max(kinds[i]) > 0 if kinds else level >= 0.0
        start, end = sorted((zero, share))
        color = muscle_color(0.35 + 0.65 * abs(level), flexor=flexor)
        shapes += [
            Polygon(_box(view, x0, x0 + width, 0.046, 0.068), (229, 225, 217)),
            Polygon(_box(view, x0 + start * width, x0 + end * width, 0.046, 0.068), color),
            Text(view.point(x0 + width, 0.026), f"{level:.2f}", 0.0188 * view.width, FAINT, "right"),
        ]
        words = name.split() if n > 2 else [name]
        for line, word in enumerate(reversed(words)):
            shapes.append(Text(view.point(x0, 0.091 + 0.027 * line), word, 0.0188 * view.width, INK))
    return shapes


def _box(view: View, left: float, right: float, bottom: float, top: float) -> np.ndarray:
    """A rectangle (4, 2), m, given as shares of the view."""
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    return np.array([view.point(x, y) for x, y in corners])


def _words(view: View, time: float | None, caption: str) -> list[Shape]:
    """Time, top left; caption, top right."""
    words: list[Shape] = []
    if time is not None:
        words.append(Text(view.point(0.04, 0.955), f"{time:.2f} s", 0.034 * view.width, INK))
    if caption:
        words.append(Text(view.point(0.96, 0.955), caption, 0.028 * view.width, INK, "right"))
    return words
