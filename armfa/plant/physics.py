"""The arm's equations, once: what is read here is what runs, and what derivatives and compiled code are made from.

    M(q) qdd + h(q, qd) + B qd = R(q) T(l, v, a) + limits + J(q)^T F + tau + gravity

q = (q1, q2) are the angles of shoulder and elbow (rad, flexion positive), qd their velocities, which the code calls
w = (w1, w2), and qdd their accelerations; a the muscles' activations; T their tensions (N), R their moment arms (m),
F a force on the hand (N), tau torque from outside (N m).
[The arm of Li & Todorov 2004, as Schimel, Kao & Hennequin 2023 (eLife, Methods, "Arm model") restate it; limits, F,
tau and gravity are added]

Everything works on rows: an angle is (...,), what muscles have is (n, ...); of NumPy, JAX, torch, or symbols.
"""

from typing import Any, NamedTuple

from armfa.arrays import Array, at_least, at_most, cos, sin, sum_first

Pair = tuple[Array, Array]
"""Shoulder and elbow, or x and y."""


class Rows(NamedTuple):
    """One state of the arm, in rows."""

    q1: Array  # rad
    q2: Array
    w1: Array  # rad/s
    w2: Array
    a: Array  # (n, ...)


class RowLoads(NamedTuple):
    """What acts from outside, in rows; None where nothing does."""

    hand_force: Pair | None = None  # N
    joint_torque: Pair | None = None  # N m


class Muscles(NamedTuple):
    """What the muscles do in one state, each (n, ...)."""

    length: Array  # l, L0
    velocity: Array  # v = dl/dt, L0/s, lengthening positive
    moment_arms: Pair  # R1, R2, m, flexion positive
    tension: Array  # T, N


class Torques(NamedTuple):
    """The parts of the torque on each joint, N m."""

    muscles: Pair  # R T
    limits: Pair
    friction: Pair  # -B qd
    coriolis: Pair  # -h
    loads: Pair  # J^T F + tau
    gravity: Pair  # sum_i m_i J_i^T g


# kinematics


def elbow_place(arm: Any, q1: Array) -> Pair:
    """The elbow, m: l1 (cos q1, sin q1), with the shoulder at the origin."""
    l1 = arm.skeleton.length[0]
    return l1 * cos(q1), l1 * sin(q1)


def hand_place(arm: Any, q1: Array, q2: Array) -> Pair:
    """The hand, m: l1 (cos q1, sin q1) + l2 (cos(q1 + q2), sin(q1 + q2))."""
    (x1, y1), l2 = elbow_place(arm, q1), arm.skeleton.length[1]
    return x1 + l2 * cos(q1 + q2), y1 + l2 * sin(q1 + q2)


def hand_jacobian(arm: Any, q1: Array, q2: Array) -> tuple[Pair, Pair]:
    """J = d hand/dq, m/rad: rows x and y, columns shoulder and elbow."""
    (x, y), (x1, y1) = hand_place(arm, q1, q2), elbow_place(arm, q1)
    return (-y, -(y - y1)), (x, x - x1)


def hand_motion(arm: Any, s: Rows) -> Pair:
    """The hand's velocity, m/s: J(q) qd."""
    (jx1, jx2), (jy1, jy2) = hand_jacobian(arm, s.q1, s.q2)
    return jx1 * s.w1 + jx2 * s.w2, jy1 * s.w1 + jy2 * s.w2


# muscles


def muscles(arm: Any, s: Rows) -> Muscles:
    """Lengths, velocities, moment arms and tensions: l(q), v = dl/dt = -R^T qd/L0, T = Fmax tension(l, v, a)."""
    r1, r2 = arm.geometry.moment_arms(s.q1, s.q2)
    l = arm.geometry.length(s.q1, s.q2)
    v = -(r1 * s.w1 + r2 * s.w2) / arm.geometry.reference_length
    return Muscles(l, v, (r1, r2), arm.max_force * arm.curves.tension(l, v, s.a))


def muscle_torque(m: Muscles) -> Pair:
    """R T, N m: each muscle's tension times its moment arm, summed."""
    (r1, r2), t = m.moment_arms, m.tension
    return sum_first(r1 * t), sum_first(r2 * t)


def activation_after(arm: Any, a: Array, u: Array, time: Any) -> Array:
    """The activation a time (s) after a, under a held command u; static muscles follow at once."""
    return u if arm.activation_dynamics is None else arm.activation_dynamics.after(a, within_range(arm, u), time)


def within_range(arm: Any, u: Array) -> Array:
    """The command u in the arm's excitation range: beyond it, it is that of the range's end."""
    low, high = arm.excitation_range
    return at_most(at_least(u, low), high)


# skeleton


def inertia(arm: Any, q2: Array) -> tuple[Array, Array, Array]:
    """M(q) as m11, m12, m22, kg m^2: [[a1 + 2 a2 cos q2, a3 + a2 cos q2], [a3 + a2 cos q2, a3]]."""
    a1, a2, a3 = arm.skeleton.lumped_inertia
    return a1 + 2.0 * a2 * cos(q2), a3 + a2 * cos(q2), a3


def coriolis(arm: Any, s: Rows) -> Pair:
    """h(q, qd), N m: a2 sin q2 [-qd2 (2 qd1 + qd2), qd1^2]."""
    a2s2 = arm.skeleton.lumped_inertia[1] * sin(s.q2)
    return -a2s2 * s.w2 * (2.0 * s.w1 + s.w2), a2s2 * s.w1 * s.w1


def friction(arm: Any, w1: Array, w2: Array) -> Pair:
    """B qd, N m."""
    (b11, b12), (b21, b22) = arm.skeleton.friction
    return b11 * w1 + b12 * w2, b21 * w1 + b22 * w2


def limit_torque(arm: Any, s: Rows) -> Pair:
    """Torque of the soft joint limits, N m; an arm without limits has none."""
    if arm.limits is None:
        return 0.0, 0.0
    return arm.limits.torque(0, s.q1, s.w1), arm.limits.torque(1, s.q2, s.w2)


def load_torque(arm: Any, s: Rows, loads: RowLoads) -> Pair:
    """J(q)^T F + tau, N m."""
    t1, t2 = (0.0, 0.0) if loads.joint_torque is None else loads.joint_torque
    if loads.hand_force is None:
        return t1, t2
    (jx1, jx2), (jy1, jy2) = hand_jacobian(arm, s.q1, s.q2)
    fx, fy = loads.hand_force
    return jx1 * fx + jy1 * fy + t1, jx2 * fx + jy2 * fy + t2


def gravity_torque(arm: Any, q1: Array, q2: Array) -> Pair:
    """sum_i m_i J_i(q)^T g, N m, J_i that of a link's centre of mass; an arm in a horizontal plane has none."""
    if arm.skeleton.gravity is None:
        return 0.0, 0.0
    (m1, m2), l1, (s1, s2), (gx, gy) = (
        arm.skeleton.mass, arm.skeleton.length[0], arm.skeleton.center_of_mass, arm.skeleton.gravity,
    )  # fmt: skip
    t2 = m2 * s2 * (gy * cos(q1 + q2) - gx * sin(q1 + q2))
    return (m1 * s1 + m2 * l1) * (gy * cos(q1) - gx * sin(q1)) + t2, t2


def torques(arm: Any, s: Rows, loads: RowLoads) -> Torques:
    """All that turns the joints."""
    (h1, h2), (f1, f2) = coriolis(arm, s), friction(arm, s.w1, s.w2)
    return Torques(
        muscle_torque(muscles(arm, s)), limit_torque(arm, s), (-f1, -f2), (-h1, -h2), load_torque(arm, s, loads),
        gravity_torque(arm, s.q1, s.q2),
    )  # fmt: skip


def solved(m: tuple[Array, Array, Array], torque: Pair) -> Pair:
    """M^-1 torque, for an inertia m11, m12, m22."""
    (m11, m12, m22), (t1, t2) = m, torque
    det = m11 * m22 - m12 * m12
    return (m22 * t1 - m12 * t2) / det, (m11 * t2 - m12 * t1) / det


def acceleration(arm: Any, s: Rows, loads: RowLoads) -> Pair:
    """qdd, rad/s^2: M(q)^-1 (R T + limits + J^T F + tau + gravity - h - B qd)."""
    t1, t2 = (sum(each[1:], each[0]) for each in zip(*torques(arm, s, loads)))
    return solved(inertia(arm, s.q2), (t1, t2))
