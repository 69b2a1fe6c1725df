"""Where an arm has its bones and muscles, seen from above: shapes for a posture, in metres.

A right arm: x to the right, y forward, the trunk on the left of the shoulder. A muscle's moment arms say which joints
it crosses and on which side: flexors lie on the side to which the arm bends, extensors on the other. How far from the
joint a band lies is for the eye.
"""

from typing import NamedTuple

import numpy as np

from armfa.plant import Arm, elbow_position, hand_position, moment_arm
from armfa.plant.muscles.linear import ForceGenerator
from armfa.rendering.scene import Circle, Color, Line, Polygon, Shape, band, blend, sideways, smooth_curve

SKIN: Color = (240, 222, 205)
SKIN_EDGE: Color = (222, 198, 177)
BONE: Color = (252, 249, 242)
BONE_EDGE: Color = (192, 180, 163)
TRUNK: Color = (233, 229, 222)
FLEXOR: tuple[Color, Color] = ((232, 190, 172), (213, 94, 0))  # vermilion of Okabe & Ito 2008, here and below
EXTENSOR: tuple[Color, Color] = ((178, 203, 219), (0, 114, 178))  # blue
NEITHER: tuple[Color, Color] = ((205, 205, 205), (110, 110, 110))
MOTOR: Color = (95, 99, 110)
HUMAN_REACH = 0.5  # m: a person's arm reaches further (.55 to .75), a macaque's less (.43)
CROSSES = 0.1
"""A muscle crosses a joint where its moment arm is so large a share of its greater one."""


class Pose:
    """The arm's points and directions in one posture, and a length for widths that fits its size."""

    def __init__(self, arm: Arm, joint_angle: np.ndarray):
        self.unit = 0.1 * arm.reach  # m
        self.shoulder = np.zeros(2)
        self.elbow = np.asarray(elbow_position(arm, joint_angle))
        self.hand = np.asarray(hand_position(arm, joint_angle))
        shoulder, elbow = float(joint_angle[0]), float(joint_angle[0] + joint_angle[1])
        self.upper_arm, self.forearm = _directions(shoulder), _directions(elbow)
        self.lengths = arm.link_lengths
        self.shoulder_bend = _directions(0.5 * shoulder)[1]  # flexor side of the shoulder, between trunk and upper arm
        self.elbow_bend = _directions(0.5 * (shoulder + elbow))[1]  # the same between upper arm and forearm

    def on_upper_arm(self, along: float, aside: float) -> np.ndarray:
        """A point at this share of the upper arm, `aside` units to the flexor side."""
        direction, flexor_side = self.upper_arm
        return self.shoulder + along * self.lengths[0] * direction + aside * self.unit * flexor_side

    def on_forearm(self, along: float, aside: float) -> np.ndarray:
        """A point at this share of the forearm, `aside` units to the flexor side."""
        direction, flexor_side = self.forearm
        return self.elbow + along * self.lengths[1] * direction + aside * self.unit * flexor_side

    def on_trunk(self, right: float, forward: float) -> np.ndarray:
        """A point beside the shoulder, in units."""
        return self.shoulder + self.unit * np.array([right, forward])


def _directions(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors along a link at this angle (rad) and across it, to the flexor side."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([c, s]), np.array([-s, c])


def trunk(arm: Arm) -> list[Shape]:
    """Shoulders from above; where the arm is as long as a person's, head and nose too."""
    unit = 0.1 * arm.reach
    angle = np.linspace(0.0, 2.0 * np.pi, 72)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    shoulders = unit * (np.array([-3.3, -0.35]) + np.array([3.9, 1.45]) * np.sign(around) * np.abs(around) ** 0.8)
    if arm.reach < HUMAN_REACH:
        return [Polygon(shoulders, TRUNK)]
    head = unit * np.array([-3.3, 0.15])
    nose = head + unit * np.array([[-0.35, 1.2], [0.0, 1.75], [0.35, 1.2]])
    edge = blend(TRUNK, (150, 140, 125), 0.25)
    return [
        Polygon(shoulders, TRUNK),
        Polygon(nose, edge),
        Circle(head, 1.36 * unit, edge),
        Circle(head, 1.26 * unit, blend(TRUNK, (255, 255, 255), 0.35)),
    ]


def limb(pose: Pose) -> list[Shape]:
    """Skin, bones and joints."""
    unit = pose.unit
    shapes: list[Shape] = []
    for grow, color in ((0.1, SKIN_EDGE), (0.0, SKIN)):
        for curve, widths in _skin(pose):
            shapes.append(Polygon(band(curve, (widths + grow) * unit), color))
        shapes += [Circle(pose.shoulder, (1.12 + grow) * unit, color), Circle(pose.elbow, (0.82 + grow) * unit, color)]
        shapes += _hand(pose, grow, color)
    for color, width in ((BONE_EDGE, 0.44), (BONE, 0.3)):
        shapes.append(Line(np.array([pose.shoulder, pose.elbow]), width * unit, color))
        shapes.append(Line(np.array([pose.elbow, pose.on_forearm(0.93, 0.0)]), 0.86 * width * unit, color))
    return shapes


def joints(pose: Pose) -> list[Shape]:
    """The two joints, drawn over the muscles."""
    shapes: list[Shape] = []
    for center, radius in ((pose.shoulder, 0.34), (pose.elbow, 0.28)):
        shapes += [Circle(center, radius * pose.unit, BONE_EDGE), Circle(center, (radius - 0.07) * pose.unit, BONE)]
    return shapes


def _skin(pose: Pose) -> list[tuple[np.ndarray, np.ndarray]]:
    """Middle line and half width (units) of upper arm and forearm."""
    share = np.linspace(0.0, 1.0, 12)
    upper = pose.shoulder + share[:, None] * (pose.elbow - pose.shoulder)
    lower = pose.elbow + share[:, None] * (pose.hand - pose.elbow)
    return [
        (upper, 1.12 - 0.3 * share + 0.14 * np.sin(np.pi * share)),
        (lower, 0.82 - 0.44 * share + 0.12 * np.sin(np.pi * share) * (1.0 - share)),
    ]


def _hand(pose: Pose, grow: float, color: Color) -> list[Shape]:
    """A mitten whose grip is the hand's position."""
    along, aside = pose.forearm
    unit = pose.unit
    fingers = np.array([pose.hand - 0.1 * unit * along, pose.hand + 0.5 * unit * along])
    thumb = np.array([pose.hand, pose.hand + unit * (0.45 * along + 0.42 * aside)])
    return [
        Line(fingers, (0.92 + 2 * grow) * unit, color),
        Line(thumb, (0.3 + 2 * grow) * unit, color),
    ]


def muscle_color(level: float, turn: int) -> Color:
    """From pale at rest to vivid at full activation; vermilion where it flexes, blue where it extends, else grey."""
    rest, full = {1: FLEXOR, -1: EXTENSOR, 0: NEITHER}[turn]
    return blend(rest, full, level)


class Pull(NamedTuple):
    """What a muscle does in a posture."""

    shoulder: int  # 1 flexes, -1 extends, 0 does not cross
    elbow: int
    turn: int  # in all, by the sum of its moment arms


def pulls(arm: Arm, joint_angle: np.ndarray) -> list[Pull]:
    """What each of the arm's muscles does in this posture, by its moment arms."""
    found = []
    for shoulder, elbow in np.asarray(moment_arm(arm, joint_angle)).T.tolist():
        least = CROSSES * max(abs(shoulder), abs(elbow))
        found.append(
            Pull(*(0 if abs(r) <= least else (1 if r > 0 else -1) for r in (shoulder, elbow, shoulder + elbow)))
        )
    return found


def has_motors(arm: Arm) -> bool:
    """Whether what drives the arm are motors: they have no muscle's curves and push as well as they pull."""
    return isinstance(arm.curves, ForceGenerator) and arm.excitation_range[0] < 0


def muscles(arm: Arm, pose: Pose, joint_angle: np.ndarray, activation: np.ndarray) -> list[Shape]:
    """A tapered band per muscle, coloured and thickened by activation; those that cross both joints lie in front.

    Muscles of the same kind lie side by side. One that crosses no joint has no course, and its gauge only.
    """
    if has_motors(arm):
        return motors(arm, pose, joint_angle, activation)
    shapes: list[Shape] = []
    kinds = pulls(arm, joint_angle)
    order = sorted(range(len(kinds)), key=lambda i: abs(kinds[i].shoulder * kinds[i].elbow))
    for i in order:
        kind = kinds[i]
        if not (kind.shoulder or kind.elbow):
            continue
        level = float(min(max(activation[i], 0.0), 1.0))
        same = [j for j in range(len(kinds)) if kinds[j][:2] == kind[:2]]
        curve = smooth_curve(_path(kind, pose, 0.5 * same.index(i)))
        left = sideways(curve)
        share = np.linspace(0.0, 1.0, len(curve))
        thick = 0.17 if kind.shoulder and kind.elbow else 0.19
        half = ((0.075 + (thick + 0.1 * level) * np.sin(np.pi * share) ** 1.5) * pose.unit)[:, None] * left
        rim = 0.035 * pose.unit * left
        color = muscle_color(level, kind.turn)
        edge = blend(color, (60, 40, 45), 0.35)
        shine = slice(4, -4)
        shapes += [
            Polygon(_outline(curve, half + rim), edge),
            Polygon(_outline(curve, half), color),
            Polygon(_outline(curve[shine], 0.3 * half[shine]), blend(color, (255, 255, 255), 0.16)),
        ]
        shapes += [Circle(end, 0.1 * pose.unit, edge) for end in (curve[0], curve[-1])]
    return shapes


def _outline(curve: np.ndarray, aside: np.ndarray) -> np.ndarray:
    """The outline (2 k, 2) of a band that reaches `aside` (k, 2) to the left of a curve, and as far to its right."""
    return np.concatenate([curve + aside, (curve - aside)[::-1]])


def _path(kind: Pull, pose: Pose, out: float) -> np.ndarray:
    """Origin, course and insertion of a muscle of this kind (k, 2), m; `out` units farther from the bones than usual.

    Over the shoulder from chest or shoulder blade; over the elbow to the forearm: straight like a bowstring in front,
    around the joint behind. A muscle of one joint begins or ends half way along the upper arm.
    """
    over_shoulder, over_elbow = kind.shoulder, kind.elbow
    far = 0.98 if over_shoulder and over_elbow else 0.66  # units, from the shoulder's middle to the band's
    points = []
    if over_shoulder > 0:  # chest: pectoralis, anterior deltoid; above the joint: biceps
        points.append(pose.on_trunk(-0.55, 0.85) if over_elbow else pose.on_trunk(-2.0, 0.8))
    elif over_shoulder < 0:  # shoulder blade: posterior deltoid; triceps, long head
        points.append(pose.on_trunk(-0.6, -0.95) if over_elbow else pose.on_trunk(-1.8, -1.0))
    if over_shoulder:
        points.append(pose.shoulder + over_shoulder * (far + out) * pose.unit * pose.shoulder_bend)
    if over_shoulder and over_elbow:
        points.append(pose.on_upper_arm(0.5, 0.5 * (over_shoulder + over_elbow) * (0.97 + out)))
    elif over_shoulder:
        points.append(pose.on_upper_arm(0.45, over_shoulder * (0.28 + out)))
    else:
        points += [pose.on_upper_arm(0.43, 0.32 * over_elbow), pose.on_upper_arm(0.75, over_elbow * (0.43 + out))]
    if over_elbow > 0:  # brachialis, biceps
        points.append(pose.on_forearm(0.3 if not over_shoulder else 0.2, 0.28))
    elif over_elbow < 0:  # triceps
        around, along, aside = (0.82, 0.08, 0.5) if over_shoulder else (0.46, 0.17, 0.3)
        points += [pose.elbow - (around + out) * pose.unit * pose.elbow_bend, pose.on_forearm(along, -aside)]
    return np.array(points)


def motors(arm: Arm, pose: Pose, joint_angle: np.ndarray, level: np.ndarray) -> list[Shape]:
    """For an arm without muscles: an arc around each joint, as long as the torque is large, the way it turns."""
    shapes: list[Shape] = []
    strength = np.asarray(moment_arm(arm, joint_angle)) * np.asarray(arm.max_force)  # (2, n), N m
    turns = strength @ level / np.maximum(np.abs(strength).sum(axis=-1), 1e-12)  # share of the greatest torque
    for center, bend, turn in zip((pose.shoulder, pose.elbow), (pose.shoulder_bend, pose.elbow_bend), turns):
        share = float(min(max(turn, -1.0), 1.0))
        middle = np.arctan2(-bend[0], bend[1])  # the direction half way between the two links
        full = np.linspace(0.0, 2.0 * np.pi, 64)
        shapes.append(Line(center + 0.85 * pose.unit * _around(full), 0.16 * pose.unit, blend(SKIN, MOTOR, 0.25)))
        if abs(share) > 0.02:
            color = muscle_color(0.35 + 0.65 * abs(share), 1 if share > 0 else -1)
            arc = center + 0.85 * pose.unit * _around(middle + share * np.linspace(0.0, 0.85 * np.pi, 32))
            shapes.append(Line(arc, 0.24 * pose.unit, color))
            tip, along = arc[-1], (arc[-1] - arc[-3]) / np.hypot(*(arc[-1] - arc[-3]))
            across = np.array([-along[1], along[0]])
            head = [tip + 0.32 * pose.unit * across, tip + 0.5 * pose.unit * along, tip - 0.32 * pose.unit * across]
            shapes.append(Polygon(np.array(head), color))
    return shapes


def _around(angle: np.ndarray) -> np.ndarray:
    """Points on the unit circle (k, 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
