"""Mobility and stiffness of the hand: ellipses found by pushing and displacing it, and their closed forms.

    mobility    W = J M^-1 J^T                      acceleration of the hand at rest by a force on it
    stiffness   K = J^-T (R + dJ^T/dq F) J^-1       restoring force by displacement of the hand, activation held

R = -d(muscle torque)/dq and F = J^-T (muscle torque), the force with which the held hand presses. [Hogan 1985, Biol
Cybern 52:315; Mussa-Ivaldi, Hogan & Bizzi 1985, J Neurosci 5:2732]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from armfa.arrays import Array
from armfa.experiments.base import Experiment, Scales, told
from armfa.plant import (
    Arm,
    ArmState,
    Loads,
    elbow_position,
    hand_force,
    hand_position,
    inertia,
    inverse_kinematics,
    jacobian,
    joint_acceleration,
    make_arm,
    muscle_torque,
    rest_state,
)
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import panels
from armfa.reports.statistics import every_above, every_below, mean_above, mean_below, paired_less, reported
from armfa.runs.unit import Run, Unit, find
from armfa.tasks.vectors import direction

ARMS = {"lillicrap_scott": "monkey", "li_todorov": "human, Hill muscles", "katayama_kawato": "human, springs"}
INK = {"lillicrap_scott": "#d55e00", "li_todorov": "#0072b2", "katayama_kawato": "#009e73"}
LEVELS = (0.05, 0.1, 0.2, 0.4)
"""Activation of all muscles together: co-contraction."""
WAYS = 16
"""Directions in which the hand is pushed and displaced."""
STEP, PUSH = 1e-5, 1.0
"""m and N."""
PEOPLE = 100.0
"""N/m, along the stiff axis, at least: the order of what is found in people who hold their arm, with reflexes."""
AROUND = np.radians(20.0)
"""rad, around the centre posture of an arm: where its postures are."""
SEED = 3_000_017
"""Of the postures, the same for all arms."""


@dataclass(frozen=True)
class Settings(Scales):
    """At how many postures; the first is the centre."""

    postures: int = 40

    @classmethod
    def quick(cls):
        """Fewer postures."""
        return cls(postures=10)


def mobility(arm: Arm, posture: Array) -> Array:
    """W = J M^-1 J^T (..., 2, 2), 1/kg; posture (..., 2), rad."""
    j = jacobian(arm, posture)
    return j @ np.linalg.solve(inertia(arm, posture), np.swapaxes(j, -1, -2))


def stiffness(arm: Arm, state: ArmState, force: bool = True) -> Array:
    """K (..., 2, 2), N/m, at activations that are held; without `force` the term of the force F is left out."""
    q, j = state.joint_angle, jacobian(arm, state.joint_angle)
    slopes, bends = [], []
    for joint in range(2):
        step = 1e-20j * np.eye(2)[joint]
        slopes.append(muscle_torque(arm, ArmState(q + step, 0.0 * q + 0.0 * step, state.activation)).imag * 1e20)
        bends.append(jacobian(arm, q + step).imag * 1e20)
    joint_stiffness = -np.stack(slopes, axis=-1)  # (..., torque, angle)
    if force:
        pressed = np.linalg.solve(np.swapaxes(j, -1, -2), muscle_torque(arm, state)[..., None])[..., 0]
        joint_stiffness = joint_stiffness + np.stack([np.einsum("...xj,...x->...j", b, pressed) for b in bends], -1)
    inverse = np.linalg.inv(j)
    return np.swapaxes(inverse, -1, -2) @ joint_stiffness @ inverse


def pushed(arm: Arm, posture: Array) -> Array:
    """Mobility (..., 2, 2), 1/kg, as found from the hand's acceleration under forces in all directions."""
    ways = direction(np.arange(WAYS), WAYS)
    state = rest_state(arm, np.broadcast_to(posture[..., None, :], (*posture.shape[:-1], WAYS, 2)).copy())
    push = PUSH * np.broadcast_to(ways, state.joint_angle.shape).copy()
    change = joint_acceleration(arm, state, Loads(hand_force=push)) - joint_acceleration(arm, state)
    acceleration = np.einsum("...xj,...j->...x", jacobian(arm, state.joint_angle), change)
    return matrix_of(ways, acceleration / PUSH)


def displaced(arm: Arm, state: ArmState) -> Array:
    """Stiffness (..., 2, 2), N/m, as found from the force of the held hand at places around it."""
    ways = direction(np.arange(WAYS), WAYS)
    places = hand_position(arm, state.joint_angle)[..., None, :]
    activation = np.broadcast_to(state.activation[..., None, :], (*places.shape[:-2], WAYS, arm.n_muscles)).copy()
    forces = []
    for sign in (1.0, -1.0):
        q = inverse_kinematics(arm, places + sign * STEP * ways)
        forces.append(hand_force(arm, ArmState(q, 0.0 * q, activation)))
    return -matrix_of(ways, (forces[0] - forces[1]) / (2.0 * STEP))


def matrix_of(ways: Array, found: Array) -> Array:
    """A (..., 2, 2) with found = A way, by least squares; ways (n, 2) evenly around, found (..., n, 2)."""
    return (2.0 / len(ways)) * np.swapaxes(found, -1, -2) @ ways


def axes_of(matrix: Array) -> tuple[Array, Array, Array]:
    """Larger and smaller eigenvalue of the symmetric part (...,), and the larger one's axis, degrees in [0, 180)."""
    values, vectors = np.linalg.eigh(0.5 * (matrix + np.swapaxes(matrix, -1, -2)))
    return values[..., 1], values[..., 0], np.degrees(np.arctan2(vectors[..., 1, 1], vectors[..., 0, 1])) % 180.0


def angle_of(vector: Array) -> Array:
    """The axis of a vector (..., 2), degrees in [0, 180)."""
    return np.degrees(np.arctan2(vector[..., 1], vector[..., 0])) % 180.0


def apart(first: Array, second: Array) -> Array:
    """The angle between two axes, degrees in [0, 90]."""
    return np.abs((first - second + 90.0) % 180.0 - 90.0)


def relative(found: Array, closed: Array) -> Array:
    """How far matrices are apart, as a share of the second."""
    return np.linalg.norm(found - closed, axis=(-1, -2)) / np.linalg.norm(closed, axis=(-1, -2))


def units(settings: Settings) -> list[Unit]:
    """One unit per arm."""
    return [Unit(arm, {"arm": arm}, 0.05 * settings.postures) for arm in ARMS]


def run(settings: Settings, unit: Unit, checkpoint: Any) -> dict[str, np.ndarray]:
    """Mobility and stiffness at every posture, found and in closed form."""
    arm = replace(make_arm(unit.arguments["arm"], activation="static"), limits=None)
    away = AROUND * np.random.default_rng(SEED).uniform(-1.0, 1.0, (settings.postures, 2))
    away[0] = 0.0
    posture = np.asarray(arm.center_posture) + away
    w = mobility(arm, posture)
    level = np.array(LEVELS)[:, None, None] + np.zeros((len(LEVELS), len(posture), arm.n_muscles))
    q = np.broadcast_to(posture, (len(LEVELS), *posture.shape)).copy()
    state = ArmState(q, 0.0 * q, level)
    k = stiffness(arm, state)
    hand, elbow = hand_position(arm, posture), elbow_position(arm, posture)
    return {
        "posture": posture, "hand": hand, "elbow": elbow, "mobility": w, "stiffness": k,
        "mobility_error": relative(pushed(arm, posture), w), "stiffness_error": relative(displaced(arm, state), k),
        "without_force": stiffness(arm, state, force=False),
        "forearm": angle_of(hand - elbow), "shoulder": angle_of(hand),
    }  # fmt: skip


def inertia_axes(run: Run) -> tuple[Array, Array, Array]:
    """Inertia of the hand: larger, smaller (kg), and the axis of the larger, degrees."""
    return axes_of(np.linalg.inv(run.arrays["mobility"]))


def table(settings: Settings, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per arm: its centre posture, and the means over all."""
    rows = []
    for run in runs:
        heavy, light, axis = inertia_axes(run)
        row: dict[str, Any] = {
            "arm": run.arguments["arm"], "n": len(heavy),
            "inertia_kg": float(heavy[0]), "smaller_inertia_kg": float(light[0]),
            "inertia_axis_deg": float(axis[0]), "forearm_deg": float(run.arrays["forearm"][0]),
        }  # fmt: skip
        for name in ("without_force", "stiffness"):
            for level, k in zip(LEVELS, run.arrays[name]):
                stiff, soft, way = axes_of(k[0])
                row |= {f"{name}_{level:g}_N_per_m": float(stiff), f"{name}_{level:g}_smaller": float(soft),
                        f"{name}_{level:g}_axis_deg": float(way)}  # fmt: skip
        rows.append(row)
    return rows


def claims(settings: Settings, runs: Sequence[Run]) -> list[Claim]:
    """Closed forms, where the hand is heavy and stiff, and how stiff."""
    found = []
    for name, who in ARMS.items():
        run = find(runs, arm=name)
        _, _, axis = inertia_axes(run)
        along, other = apart(axis, run.arrays["forearm"]), apart(axis, run.arrays["shoulder"])
        k, plain = run.arrays["stiffness"], run.arrays["without_force"]
        missed = run.arrays["stiffness_error"].max(0)
        left_out = relative(plain, k)[-1]
        stiff = axes_of(k)[0]
        soft, way = axes_of(k[-1])[1:]
        words, most = f"{who} ({name.replace('_', '-')})", LEVELS[-1]
        found += [
            Claim(f"{words}: pushed, the hand moves as W = J M^-1 J^T says", "relative difference, each posture",
                  run.arrays["mobility_error"], every_below(run.arrays["mobility_error"], 1e-9), own=True),
            Claim(f"{words}: the hand is heaviest along the forearm, within 15 degrees",
                  "long axis of inertia to the forearm, degrees", along, mean_below(along, 15)),
            Claim(f"{words}: control: and not along the line from shoulder to hand, more than 15 degrees",
                  "long axis of inertia to that line, degrees", other, mean_above(other, 15), own=True),
            Claim(f"{words}: displaced, the hand pulls back as K says",
                  f"relative difference, each posture, the largest of co-contractions {told(LEVELS)}",
                  missed, every_below(missed, 1e-5), own=True),
            Claim(f"{words}: control: without the term of the force K is wrong, by more than 1 %",
                  "relative difference", left_out, mean_above(left_out, 0.01), own=True),
            Claim(f"{words}: co-contraction stiffens (1985): twice the activation, more stiffness",
                  f"stiffness at {LEVELS[-2]:g} minus that at {most:g}, N/m", stiff[-2] - stiff[-1],
                  paired_less(stiff[-2], stiff[-1])),
            Claim(f"{words}: and holds the hand: stiffness is positive in all directions",
                  f"smaller stiffness at activation {most:g}, N/m", soft, every_above(soft, 0.0), own=True),
            Claim(f"{words}: without reflexes it is as stiff as people are, {PEOPLE:g} N/m and more",
                  f"stiffness at activation {most:g}, N/m", stiff[-1], mean_above(stiff[-1], PEOPLE), own=True),
            Claim(f"{words}: the stiff axis and the line from shoulder to hand", "angle between them, degrees",
                  apart(way, run.arrays["shoulder"]), reported(), own=True),
        ]  # fmt: skip
    return found


def figures(settings: Settings, runs: Sequence[Run]) -> dict[str, Any]:
    """Ellipses at some postures of the human arm, and stiffness over co-contraction for all.

    Those of stiffness leave out the term of the force: with it, it is negative along one axis.
    """
    figure, (heavy, stiff, grows) = panels(3.4, 3.4, 4.0, height=3.4)
    run = find(runs, arm="li_todorov")
    hand, elbow = 100.0 * run.arrays["hand"], 100.0 * run.arrays["elbow"]
    masses, k = np.linalg.inv(run.arrays["mobility"]), run.arrays["without_force"][-1]
    around = direction(np.arange(101), 100)
    for axis, matrices, size, title in (
        (heavy, masses, 6.0, "inertia of the hand"), (stiff, k, 0.15, f"stiffness at {LEVELS[-1]:g}, no force"),
    ):  # fmt: skip
        for number in range(min(5, len(hand))):
            joints = np.stack([0.0 * hand[number], elbow[number], hand[number]])
            axis.plot(*joints.T, color="#bbbbbb", linewidth=1.2)
            symmetric = 0.5 * (matrices[number] + matrices[number].T)
            axis.plot(*(hand[number] + size * around @ symmetric).T, color=INK["li_todorov"], linewidth=1.2)
        axis.set(xlabel="x (cm)", ylabel="y (cm)", title=title, aspect="equal")
    heavy.text(0.02, 0.02, "1 kg: 6 cm", transform=heavy.transAxes, fontsize=7, color="#666666")
    stiff.text(0.02, 0.02, "100 N/m: 15 cm", transform=stiff.transAxes, fontsize=7, color="#666666")
    for name, who in ARMS.items():
        values = find(runs, arm=name).arrays["stiffness"][:, 0]
        large, small, _ = axes_of(values)
        grows.plot(LEVELS, large, "o-", color=INK[name], markersize=3, label=who)
        grows.plot(LEVELS, small, "o--", color=INK[name], markersize=3, fillstyle="none")
    grows.axhline(PEOPLE, color="#999999", linewidth=0.8, linestyle=":")
    grows.set(
        xscale="log", yscale="symlog", xlabel="activation of all muscles", ylabel="stiffness (N/m)", title="centre"
    )
    grows.set_xticks(LEVELS, [f"{level:g}" for level in LEVELS])
    grows.minorticks_off()
    grows.legend(fontsize=7)
    figure.set_label("left, middle: human, Hill muscles; right: full larger, dashed smaller stiffness; dotted: people")
    return {"ellipses": figure}


def choices(settings: Settings) -> tuple[Choice, ...]:
    """What was to be chosen."""
    return (
        Choice("postures", f"the centre, and {settings.postures - 1} within 20 degrees of it",
               "where people are measured"),
        Choice("co-contraction", f"all muscles at {told(LEVELS)}", "one number; the force that it makes is part of K"),
        Choice("people", f"{PEOPLE:g} N/m along the stiff axis, at least",
               "the order of magnitude of the literature; not checked against a table"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="ellipses",
    title="Mobility and stiffness of the hand",
    source="Hogan 1985; Mussa-Ivaldi, Hogan & Bizzi 1985",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=choices,
    remarks="n counts postures; nothing is learned or random here.",
)
