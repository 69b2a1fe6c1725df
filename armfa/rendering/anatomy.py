"""Where a person's arm has its bones and muscles, seen from above: shapes for a posture, in metres.

A right arm: x to the right, y forward, the trunk on the left of the shoulder. Flexors lie on the side to which the arm
bends, extensors on the other. The picture is for the eye; the moment arms of the physics are not read from it.
"""

from functools import lru_cache

import numpy as np

from armfa.plant import Arm, elbow_position, hand_position
from armfa.rendering.scene import Circle, Color, Line, Polygon, Shape, band, blend, sideways, smooth_curve

SKIN: Color = (240, 222, 205)
SKIN_EDGE: Color = (222, 198, 177)
BONE: Color = (252, 249, 242)
BONE_EDGE: Color = (192, 180, 163)
TRUNK: Color = (233, 229, 222)
FLEXOR: tuple[Color, Color] = ((226, 184, 172), (206, 32, 41))
EXTENSOR: tuple[Color, Color] = ((178, 197, 215), (24, 92, 178))
MOTOR: Color = (95, 99, 110)


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
    """Shoulders, head and nose from above."""
    unit = 0.1 * arm.reach
    angle = np.linspace(0.0, 2.0 * np.pi, 72)
    around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    shoulders = unit * (np.array([-3.3, -0.35]) + np.array([3.9, 1.45]) * np.sign(around) * np.abs(around) ** 0.8)
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


def muscle_color(level: float, *, flexor: bool) -> Color:
    """From pale at rest to vivid at full activation; flexors red, extensors blue."""
    rest, full = FLEXOR if flexor else EXTENSOR
    return blend(rest, full, level)


KINDS = {
    "shoulder flexors": (1, 0),
    "shoulder extensors": (-1, 0),
    "elbow flexors": (0, 1),
    "elbow extensors": (0, -1),
    "biarticular flexors": (1, 1),
    "biarticular extensors": (-1, -1),
    "pectoralis": (1, 0),
    "deltoid": (-1, 0),
    "brachioradialis": (0, 1),
    "triceps lateral": (0, -1),
    "biceps": (1, 1),
    "triceps long": (-1, -1),
}
"""What a muscle of that name does at shoulder and elbow: 1 flexes, -1 extends, 0 does not cross."""


@lru_cache(maxsize=32)
def muscle_kinds(arm: Arm) -> tuple[tuple[int, int], ...]:
    """What each of the arm's muscles does at shoulder and elbow, (0, 0) for a name that is not in KINDS."""
    return tuple(KINDS.get(name, (0, 0)) for name in arm.muscle_names)


def muscles(arm: Arm, pose: Pose, activation: np.ndarray) -> list[Shape]:
    """Six tapered bands, coloured and thickened by activation; those that cross both joints lie in front."""
    if arm.n_muscles == 2:
        return motors(arm, pose, activation)
    shapes: list[Shape] = []
    order = sorted(zip(muscle_kinds(arm), activation, strict=True), key=lambda item: abs(item[0][0] * item[0][1]))
    for kind, level in order:
        if kind == (0, 0):
            continue  # no course is known for such a name: it has its gauge only
        level = float(min(max(level, 0.0), 1.0))
        curve = smooth_curve(_path(kind, pose))
        left = sideways(curve)
        share = np.linspace(0.0, 1.0, len(curve))
        thick = 0.19 if 0 in kind else 0.17
        half = ((0.075 + (thick + 0.1 * level) * np.sin(np.pi * share) ** 1.5) * pose.unit)[:, None] * left
        rim = 0.035 * pose.unit * left
        color = muscle_color(level, flexor=max(kind) > 0)
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


def _path(kind: tuple[int, int], pose: Pose) -> np.ndarray:
    """Origin, course and insertion of a muscle of this kind (k, 2), m."""
    bend = pose.unit * pose.elbow_bend
    root = pose.unit * pose.shoulder_bend
    paths = {
        # pectoralis, anterior deltoid: chest to the front of the upper arm
        (1, 0): [pose.on_trunk(-2.0, 0.8), pose.shoulder + 0.66 * root, pose.on_upper_arm(0.45, 0.28)],
        # posterior deltoid: shoulder blade, around the joint, to the back of the upper arm
        (-1, 0): [pose.on_trunk(-1.8, -1.0), pose.shoulder - 0.66 * root, pose.on_upper_arm(0.45, -0.28)],
        # brachialis: front of the upper arm to the forearm, straight like a bowstring
        (0, 1): [pose.on_upper_arm(0.45, 0.32), pose.on_upper_arm(0.75, 0.44), pose.on_forearm(0.3, 0.26)],
        # triceps, lateral head: back of the upper arm, around the elbow
        (0, -1): [
            pose.on_upper_arm(0.42, -0.32),
            pose.on_upper_arm(0.75, -0.42),
            pose.elbow - 0.46 * bend,
            pose.on_forearm(0.17, -0.3),
        ],
        # biceps: shoulder blade, over the front of the shoulder, to the forearm
        (1, 1): [
            pose.on_trunk(-0.55, 0.85),
            pose.shoulder + 0.98 * root,
            pose.on_upper_arm(0.5, 0.98),
            pose.on_forearm(0.2, 0.3),
        ],
        # triceps, long head: shoulder blade, along the back, around the elbow
        (-1, -1): [
            pose.on_trunk(-0.6, -0.95),
            pose.shoulder - 0.98 * root,
            pose.on_upper_arm(0.5, -0.95),
            pose.elbow - 0.82 * bend,
            pose.on_forearm(0.08, -0.5),
        ],
    }
    return np.array(paths[kind])


def motors(arm: Arm, pose: Pose, torque: np.ndarray) -> list[Shape]:
    """For an arm without muscles: an arc around each joint, as long as the torque is large, the way it turns."""
    shapes: list[Shape] = []
    for center, bend, level in zip(
        (pose.shoulder, pose.elbow), (pose.shoulder_bend, pose.elbow_bend), torque, strict=True
    ):
        level = float(min(max(level, -1.0), 1.0))
        middle = np.arctan2(-bend[0], bend[1])  # the direction half way between the two links
        full = np.linspace(0.0, 2.0 * np.pi, 64)
        shapes.append(Line(center + 0.85 * pose.unit * _around(full), 0.16 * pose.unit, blend(SKIN, MOTOR, 0.25)))
        turn = middle + level * np.linspace(0.0, 0.85 * np.pi, 32)
        color = muscle_color(0.35 + 0.65 * abs(level), flexor=level > 0)
        if abs(level) > 0.02:
            arc = center + 0.85 * pose.unit * _around(turn)
            shapes.append(Line(arc, 0.24 * pose.unit, color))
            tip, along = arc[-1], (arc[-1] - arc[-3]) / np.hypot(*(arc[-1] - arc[-3]))
            across = np.array([-along[1], along[0]])
            head = [tip + 0.32 * pose.unit * across, tip + 0.5 * pose.unit * along, tip - 0.32 * pose.unit * across]
            shapes.append(Polygon(np.array(head), color))
    return shapes


def _around(angle: np.ndarray) -> np.ndarray:
    """Points on the unit circle (k, 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
