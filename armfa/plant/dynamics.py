"""How the joints accelerate: muscles, limits and loads make torque; the skeleton turns torque into acceleration.

M(q) qdd + h(q, qd) + B qd = R(q) T + limits + joint_torque + J(q)^T hand_force
M = [[a1 + 2 a2 c2, a3 + a2 c2], [a3 + a2 c2, a3]],  h = a2 s2 [-qd2 (2 qd1 + qd2), qd1^2],  c2, s2 = cos q2, sin q2

Everything here works on rows (see `ops`). Each physical part is a value function that also returns a tape, and a
pullback that takes the tape and the derivative of a scalar by the value (`_bar`) to its derivatives by the arguments.
"""

from typing import NamedTuple

from armfa.arrays import Array
from armfa.plant.arm import Arm
from armfa.plant.muscles.linear import ForceGenerator
from armfa.plant.ops import Ops


class AccelerationBar(NamedTuple):
    """Derivatives of a scalar by the arguments of the acceleration; rows, and None for a load that was not given."""

    q1: Array
    q2: Array
    w1: Array
    w2: Array
    activation: Array
    hand_force: tuple[Array, Array] | None
    joint_torque: tuple[Array, Array] | None


def bind_muscle_torque(arm: Arm, ops: Ops):
    """`torque(q1, q2, w1, w2, a) -> (torque1, torque2, tape)` with torque_j = sum_m g_j f, f = -L0 Fmax T/Fmax."""
    lengths, bends = arm.geometry.bind(ops)
    tension, slopes, activation_slope = arm.curves.bind(ops)
    lift, along, times, as_array = ops.lift, ops.along, ops.times, ops.as_array
    scale = ops.column([-l0 * force for l0, force in zip(arm.geometry.reference_length, arm.max_force)])
    shoulder, elbow = arm.geometry.crosses()
    needs_length = not isinstance(arm.curves, ForceGenerator)

    def torque(q1, q2, w1, w2, a):
        l, g1, g2, geometry_tape = lengths(q1, q2)
        v = as_array(along(g1, g2, w1, w2)) if needs_length else None
        normalized, curve_tape = tension(as_array(l), v, a)
        force = scale * normalized
        torques = over(shoulder, times(g1, force)), over(elbow, times(g2, force))
        return *torques, (g1, g2, geometry_tape, force, curve_tape)

    def activation_pullback(tape, torque1_bar, torque2_bar):
        g1, g2, _, _, curve_tape = tape
        force_bar = as_array(along(g1, g2, torque1_bar, torque2_bar)) * scale
        return force_bar * activation_slope(curve_tape)

    def pullback(tape, w1, w2, torque1_bar, torque2_bar):
        g1, g2, geometry_tape, force, curve_tape = tape
        t1, t2, g1, g2 = lift(torque1_bar), lift(torque2_bar), as_array(g1), as_array(g2)
        tension_bar = (g1 * t1 + g2 * t2) * scale
        by_l, by_v, by_a = slopes(curve_tape)
        bend1, bend2 = (None if bend is None else as_array(bend) for bend in bends(geometry_tape))
        q1_terms = q2_terms = None
        w1_bar = w2_bar = None
        if needs_length:
            l_bar, v_bar = tension_bar * by_l, tension_bar * by_v
            q1_terms, q2_terms = l_bar * g1, l_bar * g2
            w1_bar, w2_bar = over(shoulder, v_bar * g1), over(elbow, v_bar * g2)
            if bend1 is not None:
                q1_terms = q1_terms + (force * t1 + v_bar * lift(w1)) * bend1
                q2_terms = q2_terms + (force * t2 + v_bar * lift(w2)) * bend2
        elif bend1 is not None:
            q1_terms, q2_terms = force * t1 * bend1, force * t2 * bend2
        q1_bar = over(shoulder, q1_terms) if q1_terms is not None else None
        q2_bar = over(elbow, q2_terms) if q2_terms is not None else None
        return q1_bar, q2_bar, w1_bar, w2_bar, tension_bar * by_a

    return torque, pullback, activation_pullback


def over(muscles: tuple[int, ...], x: Array) -> Array:
    """The sum of x, per muscle, over the given muscles, one after the other so that any batch has the same bits."""
    total = x[muscles[0]]
    for muscle in muscles[1:]:
        total = total + x[muscle]
    return total


def bind_inertia(arm: Arm, ops: Ops):
    """`inertia(c2) -> (m11, m12, 1/det)` and `solve(inertia, r1, r2) -> M^-1 r`; m22 is the constant a3."""
    a1, a2, a3 = (ops.number(a) for a in arm.skeleton.lumped_inertia)
    det0 = ops.number(
        arm.skeleton.lumped_inertia[2] * (arm.skeleton.lumped_inertia[0] - arm.skeleton.lumped_inertia[2])
    )
    one = ops.number(1.0)

    def inertia(c2):
        h = a2 * c2
        return a1 + (h + h), a3 + h, one / (det0 - h * h), h

    def solve(parts, r1, r2):
        m11, m12, inverse_det, _ = parts
        return (a3 * r1 - m12 * r2) * inverse_det, (m11 * r2 - m12 * r1) * inverse_det

    return inertia, solve


def bind_offsets(arm: Arm, ops: Ops):
    """`offsets(q1, q2) -> (x, y, x2, y2)`: shoulder to hand, and elbow to hand, as rows."""
    l1, l2 = (ops.number(length) for length in arm.skeleton.length)
    sin, cos = ops.sin, ops.cos

    def offsets(q1, q2):
        q12 = q1 + q2
        x2, y2 = l2 * cos(q12), l2 * sin(q12)
        return l1 * cos(q1) + x2, l1 * sin(q1) + y2, x2, y2

    return offsets


def bind_hand_load(arm: Arm, ops: Ops):
    """Joint torques J^T F of a force on the hand, and their pullback."""
    offsets = bind_offsets(arm, ops)

    def torque(q1, q2, fx, fy):
        x, y, x2, y2 = offsets(q1, q2)
        return fy * x - fx * y, fy * x2 - fx * y2, (x, y, x2, y2, fx, fy)

    def pullback(tape, t1, t2):
        x, y, x2, y2, fx, fy = tape
        vx, vy = -(y * t1 + y2 * t2), x * t1 + x2 * t2  # J t: how the hand would move at joint velocity t
        return fy * vx - fx * vy, -(t1 + t2) * (fx * x2 + fy * y2), vx, vy

    return torque, pullback


def bind_limits(arm: Arm, ops: Ops):
    """Both joints' limit torque and slopes on rows: row by row for one arm (scalars are cheap), else both at once."""
    if arm.limits is None:
        return None, None
    if ops.single:
        joints = [arm.limits.bind(ops, joint) for joint in (0, 1)]

        def torque_by_joint(q1, q2, w1, w2):
            (t1, tape1), (t2, tape2) = joints[0][0](q1, w1), joints[1][0](q2, w2)
            return t1, t2, (tape1, tape2)

        def slopes_by_joint(tapes):
            (k1, d1), (k2, d2) = joints[0][1](tapes[0]), joints[1][1](tapes[1])
            return k1, k2, d1, d2

        return torque_by_joint, slopes_by_joint
    limit, limit_slopes = arm.limits.bind(ops)

    def torque(q1, q2, w1, w2):
        t, tape = limit(ops.pair(q1, q2), ops.pair(w1, w2))
        return t[0], t[1], tape

    def slopes(tape):
        k, d = limit_slopes(tape)
        return k[0], k[1], d[0], d[1]

    return torque, slopes


def bind_acceleration(arm: Arm, ops: Ops):
    """`acceleration(q1, q2, w1, w2, a, force, load) -> (qdd1, qdd2, tape)`, its pullback, and that to a alone."""
    muscle_torque, muscle_pullback, muscle_activation_pullback = bind_muscle_torque(arm, ops)
    limit_torque, limit_slopes = bind_limits(arm, ops)
    hand_torque, hand_pullback = bind_hand_load(arm, ops)
    inertia, solve = bind_inertia(arm, ops)
    sin, cos = ops.sin, ops.cos
    a2 = ops.number(arm.skeleton.lumped_inertia[1])
    (b11, b12), (b21, b22) = ((ops.number(b) for b in row) for row in arm.skeleton.friction)
    two = ops.number(2.0)

    def acceleration(q1, q2, w1, w2, a, hand_force, joint_torque):
        r1, r2, muscle_tape = muscle_torque(q1, q2, w1, w2, a)
        parts = inertia(cos(q2))
        s = a2 * sin(q2)
        w_sum = w1 + w2
        spin1, spin2 = w2 * (w1 + w_sum), w1 * w1
        r1 = r1 + s * spin1 - (b11 * w1 + b12 * w2)
        r2 = r2 - s * spin2 - (b21 * w1 + b22 * w2)
        limit_tape = hand_tape = None
        if limit_torque is not None:
            t1, t2, limit_tape = limit_torque(q1, q2, w1, w2)
            r1, r2 = r1 + t1, r2 + t2
        if joint_torque is not None:
            r1, r2 = r1 + joint_torque[0], r2 + joint_torque[1]
        if hand_force is not None:
            t1, t2, hand_tape = hand_torque(q1, q2, hand_force[0], hand_force[1])
            r1, r2 = r1 + t1, r2 + t2
        qdd1, qdd2 = solve(parts, r1, r2)
        tape = (w1, w2, parts, s, w_sum, spin1, spin2, qdd1, qdd2, muscle_tape, limit_tape, hand_tape, joint_torque)
        return qdd1, qdd2, tape

    def activation_pullback(tape, qdd1_bar, qdd2_bar):
        r1_bar, r2_bar = solve(tape[2], qdd1_bar, qdd2_bar)
        return muscle_activation_pullback(tape[9], r1_bar, r2_bar)

    def pullback(tape, qdd1_bar, qdd2_bar):
        w1, w2, parts, s, w_sum, spin1, spin2, qdd1, qdd2, muscle_tape, limit_tape, hand_tape, joint_torque = tape
        r1, r2 = solve(parts, qdd1_bar, qdd2_bar)  # M is symmetric
        q1_bar, q2_bar, w1_bar, w2_bar, a_bar = muscle_pullback(muscle_tape, w1, w2, r1, r2)
        # inertia: dM/dq2 = -s [[2, 1], [1, 0]];  coriolis: ds/dq2 = h = a2 cos q2
        sr1, sr2 = s * r1, s * r2
        by_q2 = sr1 * (qdd1 + qdd1 + qdd2) + sr2 * qdd1 + parts[3] * (r1 * spin1 - r2 * spin2)
        by_w1 = two * (sr1 * w2 - sr2 * w1) - (b11 * r1 + b21 * r2)
        by_w2 = two * sr1 * w_sum - (b12 * r1 + b22 * r2)
        q2_bar = by_q2 if q2_bar is None else q2_bar + by_q2
        w1_bar = by_w1 if w1_bar is None else w1_bar + by_w1
        w2_bar = by_w2 if w2_bar is None else w2_bar + by_w2
        q1_bar = 0 * r1 if q1_bar is None else q1_bar
        if limit_slopes is not None:
            k1, k2, d1, d2 = limit_slopes(limit_tape)
            q1_bar, q2_bar = q1_bar + k1 * r1, q2_bar + k2 * r2
            w1_bar, w2_bar = w1_bar + d1 * r1, w2_bar + d2 * r2
        force_bar = None
        if hand_tape is not None:
            by_q1, by_q2, vx, vy = hand_pullback(hand_tape, r1, r2)
            q1_bar, q2_bar, force_bar = q1_bar + by_q1, q2_bar + by_q2, (vx, vy)
        torque_bar = None if joint_torque is None else (r1, r2)
        return AccelerationBar(q1_bar, q2_bar, w1_bar, w2_bar, a_bar, force_bar, torque_bar)

    return acceleration, pullback, activation_pullback
