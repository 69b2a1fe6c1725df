"""The picture of one arm at one moment: backdrop, arm, muscles, goal, trail and gauges."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from armfa.plant import Arm, ArmState, hand_force, hand_position, hand_velocity
from armfa.rendering.anatomy import Pose, has_motors, joints, limb, muscle_color, muscles, pulls, trunk
from armfa.rendering.scene import Backdrop, Circle, Color, Line, Polygon, Scene, Shape, Text, View, arrow, blend

PAPER: Color = (247, 244, 238)
FLOOR: Color = (253, 252, 249)
GRID: Color = (236, 232, 224)
INK: Color = (62, 60, 66)
FAINT: Color = (150, 145, 140)
TRAIL: Color = (204, 121, 167)  # reddish purple
GOAL: Color = (0, 158, 115)  # bluish green
DESIRED: Color = (230, 159, 0)  # orange
ACTUAL: Color = (38, 40, 52)
ROW = 0.152
"""Height of a row of gauges, as a share of the view."""
LINE = 0.037
"""From one line of small words to the next, as a share of the view."""
ARROW_FORCE = 0.03
"""m/N: how long a force arrow is."""
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
    desired_force: np.ndarray | None = None,
    trail: Sequence[np.ndarray] | np.ndarray = (),
    time: float | None = None,
    caption: str = "",
    notes: Sequence[str] = (),
    hints: Sequence[str] = (),
    cursor: np.ndarray | None = None,
) -> Scene:
    """The scene of one arm.

    Parameters
    ----------
    arm : Arm
        Its constants.
    state : ArmState
        Without batch axes.
    target : array (2,), optional
        Where the hand should go, m.
    target_radius : float
        m.
    on_target : float
        Share of the hold that is done, 0 to 1: closes the target's ring.
    desired_velocity : array (2,), optional
        m/s, drawn beside the actual one.
    desired_force : array (2,), optional
        N, of a hand that is held, drawn beside the actual one.
    trail : array (k, 2)
        Past hand positions, m, oldest first.
    time : float, optional
        s, written top left.
    caption : str
        One short line, top right.
    notes : sequence of str
        Short lines below it.
    hints : sequence of str
        Lines above the gauges.
    cursor : array (2,), optional
        Where the hand is seen, m, if that is not where it is.
    """
    state = ArmState(*(np.asarray(leaf, dtype=np.float64) for leaf in state))
    pose = Pose(arm, state.joint_angle)
    backdrop = _backdrop(arm)
    shapes: list[Shape] = []
    shapes += limb(pose)
    shapes += muscles(arm, pose, state.joint_angle, state.activation)
    shapes += joints(pose)
    shapes += _trail(np.asarray(trail, dtype=np.float64).reshape(-1, 2), pose.unit)
    if target is not None:
        goal = _target(np.asarray(target, dtype=np.float64), target_radius, on_target, pose.unit)
        shapes = goal[:1] + shapes + goal[1:]  # its halo behind the arm, the rest before it
    if desired_velocity is not None:
        actual = np.asarray(hand_velocity(arm, state.joint_angle, state.joint_velocity))
        shapes += _arrows(pose, ARROW_TIME * actual, ARROW_TIME * np.asarray(desired_velocity, dtype=np.float64))
    if desired_force is not None:
        actual = np.asarray(hand_force(arm, state))
        shapes += _arrows(pose, ARROW_FORCE * actual, ARROW_FORCE * np.asarray(desired_force, dtype=np.float64))
    shapes += [Circle(pose.hand, 0.17 * pose.unit, (255, 255, 255)), Circle(pose.hand, 0.12 * pose.unit, ACTUAL)]
    if cursor is not None:
        shapes.append(Circle(np.asarray(cursor, dtype=np.float64), 0.2 * pose.unit, TRAIL, 0.07 * pose.unit))
    panel = _gauges(arm, backdrop.view, state) + _words(backdrop.view, time, caption)
    panel += _lines(backdrop.view, 0.96, 0.905, notes, "right")
    foot = ROW * gauge_rows(arm)
    if len(hints) > 1:  # before the arm: a sheet of paper keeps them apart from it
        top = foot + 0.028 + LINE * (len(hints) - 0.5)
        panel.append(Polygon(_box(backdrop.view, 0.02, 0.52, foot + 0.003, top), PAPER))
    panel += _lines(backdrop.view, 0.04, foot + 0.028 + LINE * (len(hints) - 1), hints, "left")
    if desired_velocity is not None or desired_force is not None:
        panel += _legend(backdrop.view, "velocity" if desired_force is None else "force")
    return Scene(backdrop, shapes, panel)


@lru_cache(maxsize=16)
def _backdrop(arm: Arm) -> Backdrop:
    """Paper, what the hand can reach, a grid of 10 cm, trunk and the frame of the gauges."""
    panel = ROW * gauge_rows(arm)  # share of the view
    width = 2.08 * arm.reach * (1.0 - ROW) / (1.0 - panel)
    top = 1.37 * arm.reach  # of the view, m
    view = View((0.07 * arm.reach, top - 0.5 * width), width)
    shapes: list[Shape] = [Polygon(_reachable(arm), FLOOR)]
    left, bottom = view.point(0.0, 0.0)
    thin = 0.002 * view.width
    for k in range(-20, 21):
        across = 0.1 * k
        shapes.append(Line(np.array([[left, across], [left + view.width, across]]), thin, GRID))
        shapes.append(Line(np.array([[across, bottom], [across, bottom + view.width]]), thin, GRID))
    shapes += trunk(arm)
    shapes.append(Polygon(_box(view, 0.0, 1.0, 0.0, panel), PAPER))
    shapes.append(Polygon(_box(view, 0.0, 1.0, panel - 0.002, panel), GRID))
    shapes += _scale_bar(view, panel)
    return Backdrop(view, PAPER, shapes)


def _reachable(arm: Arm) -> np.ndarray:
    """The outline (k, 2), m, of the places where tasks send the hand."""
    (s0, s1), (e0, e1) = arm.joint_range
    corners = [((s0, e0), (s1, e0)), ((s1, e0), (s1, e1)), ((s1, e1), (s0, e1)), ((s0, e1), (s0, e0))]
    angles = np.concatenate([np.linspace(start, end, 40) for start, end in corners])
    return np.asarray(hand_position(arm, angles))


def _scale_bar(view: View, panel: float) -> list[Shape]:
    """Ten centimetres, above the gauges."""
    x, y = view.point(0.96, panel + 0.028)
    bar = np.array([[x - 0.1, y], [x, y]])
    words = Text((x - 0.05, y + 0.032 * view.width), "10 cm", 0.021 * view.width, FAINT, "center")
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


def _arrows(pose: Pose, actual: np.ndarray, desired: np.ndarray) -> list[Shape]:
    """The desired velocity or force as a broad arrow, the actual one as a narrow arrow on top; m."""
    wanted = arrow(pose.hand, pose.hand + desired, 0.34 * pose.unit, DESIRED)
    real = arrow(pose.hand, pose.hand + actual, 0.15 * pose.unit, ACTUAL)
    return wanted + real


def gauge_rows(arm: Arm) -> int:
    """Rows of gauges: six muscles in each, or more where they would fill more than three."""
    return min(3, -(-arm.n_muscles // 6))


def _gauges(arm: Arm, view: View, state: ArmState) -> list[Shape]:
    """A bar for every muscle with its name and activation: the strip at the bottom."""
    low, high = arm.excitation_range
    rows = gauge_rows(arm)
    columns = -(-arm.n_muscles // rows)
    shapes: list[Shape] = []
    gap, left, right = 0.016, 0.04, 0.96
    width = (right - left + gap) / columns - gap
    zero = -low / (high - low)
    room = (width + 0.5 * gap) * view.width
    letters = 0.0188 * view.width
    initials = _initials(arm.muscle_names)
    kinds = pulls(arm, state.joint_angle)
    for i, (name, level) in enumerate(zip(arm.muscle_names, state.activation.tolist(), strict=True)):
        row, column = divmod(i, columns)
        x0, y0 = left + column * (width + gap), ROW * (rows - 1 - row)
        share = min(max((level - low) / (high - low), 0.0), 1.0)
        start, end = sorted((zero, share))
        color = muscle_color(0.35 + 0.65 * abs(level), kinds[i].turn if level >= 0.0 else -kinds[i].turn)
        name = name if has_motors(arm) else name.replace(" ", "\n")
        shapes += [
            Polygon(_box(view, x0, x0 + width, y0 + 0.046, y0 + 0.068), (229, 225, 217)),
            Polygon(_box(view, x0 + start * width, x0 + end * width, y0 + 0.046, y0 + 0.068), color),
            Text(
                view.point(x0 + width, y0 + 0.026), f"{level:.2f}", letters, FAINT, "right", room=(room, 1.3 * letters)
            ),
            Text(view.point(x0, y0 + 0.107), name, letters, INK, room=(room, 3.3 * letters), short=initials[i]),
        ]
    return shapes


def _initials(names: Sequence[str]) -> list[str]:
    """Initials of each name, two letters of each word where they are another's too, then a number: SF, TrLa, Br1."""
    one, two = (["".join(word[:k].capitalize() for word in re.findall(r"\w+", name)) for name in names]
                for k in (1, 2))  # fmt: skip
    short = [two[i] if one.count(one[i]) > 1 else one[i] for i in range(len(names))]
    return [word if short.count(word) == 1 else f"{word}{short[: i + 1].count(word)}" for i, word in enumerate(short)]


def _box(view: View, left: float, right: float, bottom: float, top: float) -> np.ndarray:
    """A rectangle (4, 2), m, given as shares of the view."""
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    return np.array([view.point(x, y) for x, y in corners])


def _legend(view: View, kind: str) -> list[Shape]:
    """Which arrow is which, below the time."""
    shapes: list[Shape] = []
    for y, words, color, thick in ((0.9, f"desired {kind}", DESIRED, 0.016), (0.85, f"actual {kind}", ACTUAL, 0.007)):
        start, end = (np.array(view.point(x, y)) for x in (0.04, 0.1))
        shapes += arrow(start, end, thick * view.width, color)
        shapes.append(Text(view.point(0.115, y), words, 0.0235 * view.width, INK))
    return shapes


def _words(view: View, time: float | None, caption: str) -> list[Shape]:
    """Time, top left; caption, top right."""
    words: list[Shape] = []
    if time is not None:
        words.append(Text(view.point(0.04, 0.955), f"{time:.2f} s", 0.034 * view.width, INK))
    if caption:
        words.append(Text(view.point(0.96, 0.955), caption, 0.028 * view.width, INK, "right"))
    return words


def _lines(view: View, right: float, up: float, lines: Sequence[str], align: str) -> list[Shape]:
    """Lines of words, the first at this place of the view."""
    height = 0.0215 * view.width
    return [Text(view.point(right, up - LINE * number), line, height, INK, align) for number, line in enumerate(lines)]
