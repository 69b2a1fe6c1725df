"""A recorded movement: times and hand positions from a CSV, and what is wrong with it in one sentence."""

import csv
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy

from armfa.plant import Arm, inverse_kinematics

UNITS = {"s": 1.0, "ms": 1e-3, "m": 1.0, "cm": 1e-2, "mm": 1e-3}
NAMES = {"time": ("s", "ms"), "x": ("m", "cm", "mm"), "y": ("m", "cm", "mm")}
"""What columns are called, and the units that may follow after an underscore: time_s, x_mm, hand_y_m."""
LONGEST = 60.0
"""s"""


class Movement(NamedTuple):
    """Where the hand was, and when."""

    time: np.ndarray  # (samples,) s, from 0 on
    hand: np.ndarray  # (samples, 2) m, from the shoulder
    lines: np.ndarray  # (samples,) of the file

    def path(self, dt: float, cutoff: float | None = None) -> np.ndarray:
        """Where the hand is every dt seconds (steps + 1, 2), m, along a cubic spline through the samples.

        cutoff : Hz, of a low-pass filter that shifts nothing in time; None: no filter. [second-order Butterworth,
        forwards and backwards]
        """
        steps = max(1, round(self.time[-1] / dt))
        at = np.minimum(dt * np.arange(steps + 1), self.time[-1])
        path = scipy.interpolate.make_interp_spline(self.time, self.hand, k=min(3, len(self.time) - 1))(at)
        if cutoff is None:
            return path
        filter = scipy.signal.butter(2, cutoff, fs=1.0 / dt, output="sos")
        return scipy.signal.sosfiltfilt(filter, path, axis=0, padlen=min(15, steps))


def read_movement(path: Path, shoulder: tuple[float, float] = (0.0, 0.0)) -> Movement:
    """The movement in a file whose first line names its columns: time_s, x_m and y_m, or in ms, cm, mm.

    Other columns are not read, so that tables of `armfa watch --table` are movements too.

    shoulder : where the shoulder is in the file's coordinates, m.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text file (.csv), got something else: {error}") from error
    rows = [row for row in csv.reader(text.splitlines())]
    if not rows:
        raise ValueError(f"{path}: expected a first line that names the columns, such as time_s,x_m,y_m; it is empty")
    places = [_column(path, [name.strip() for name in rows[0]], name) for name in NAMES]
    lines = [(number, row) for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    values = np.array([[_number(path, number, row, *place) for place in places] for number, row in lines])
    if len(lines) < 2:
        raise ValueError(f"{path}: expected at least two samples below the first line, got {len(lines)}")
    time, hand, numbers = values[:, 0], values[:, 1:] - np.array(shoulder), np.array([number for number, _ in lines])
    if (back := np.flatnonzero(np.diff(time) <= 0.0)).size:
        first = back[0]
        raise ValueError(
            f"{path}, line {numbers[first + 1]}: expected times that increase, got {time[first + 1]:g} s after "
            f"{time[first]:g} s; a file holds one movement"
        )
    if time[-1] - time[0] > LONGEST:
        raise ValueError(f"{path}: expected at most {LONGEST:g} s of movement, got {time[-1] - time[0]:g} s: cut it")
    return Movement(time - time[0], hand, numbers)


def refuse_out_of_reach(path: Path, movement: Movement, arm: Arm) -> None:
    """Names the first sample that the hand of this arm cannot take, and why."""
    l1, l2 = arm.link_lengths
    far = np.hypot(*movement.hand.T)
    for i in np.flatnonzero((far > l1 + l2) | (far < abs(l1 - l2)))[:1]:
        raise ValueError(
            f"{_where(path, movement, i)} is out of the reach of {arm.name}: expected {abs(l1 - l2):.3f} to "
            f"{l1 + l2:.3f} m from the shoulder, got {far[i]:.3f} m. --shoulder X Y says where it is in the file"
        )
    posture = inverse_kinematics(arm, movement.hand)
    for joint, name in enumerate(("shoulder", "elbow")):
        low, high = arm.stops[joint]
        for i in np.flatnonzero((posture[:, joint] < low) | (posture[:, joint] > high))[:1]:
            raise ValueError(
                f"{_where(path, movement, i)} takes the {name} of {arm.name} to {math.degrees(posture[i, joint]):.0f} "
                f"degrees: expected {math.degrees(low):.0f} to {math.degrees(high):.0f}. --shoulder X Y says where the "
                "shoulder is in the file"
            )


def _where(path: Path, movement: Movement, i: int) -> str:
    x, y = movement.hand[i]
    return f"{path}, line {movement.lines[i]}: the hand at ({x:.3f}, {y:.3f}) m from the shoulder"


def _column(path: Path, header: list[str], name: str) -> tuple[int, float]:
    """Place and unit of a column, by its name."""
    known = {f"{before}{name}_{unit}": UNITS[unit] for unit in NAMES[name] for before in ("", "hand_")}
    found = [(place, known[told]) for place, told in enumerate(header) if told in known]
    if len(found) != 1:
        wanted = " or ".join(told for told in known if not told.startswith("hand_"))
        what = "none" if not found else "several"
        raise ValueError(
            f"{path}: expected one column {wanted} in the first line, got {what} of them in {','.join(header)[:200]!r}"
        )
    return found[0]


def _number(path: Path, line: int, row: list[str], place: int, unit: float) -> float:
    """A finite number of a row, in SI units."""
    cell = row[place].strip() if place < len(row) else ""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}, line {line}: expected a finite number in column {place + 1}, got {cell!r}")
    return unit * value
