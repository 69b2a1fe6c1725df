"""The best command to reach a hand velocity in one step, in closed form: what a trained controller is compared with.

The joint velocity after the step is affine in the muscles' tensions, and each muscle's tension can be anything between
its least and its greatest. So the velocities that can be reached fill a zonogon (a sum of line segments, one for each
muscle), and the best command is the point of it nearest to the goal, traced back muscle by muscle: tension ->
excitation.
NumPy only, float64 inside.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from armfa.arrays import Array, namespace
from armfa.plant import physics
from armfa.plant.arm import Arm, ArmState
from armfa.plant.kinematics import two
from armfa.plant.muscles.linear import SpringDamper
from armfa.plant.physics import RowLoads, Rows
from armfa.plant.quantities import columns_beside
from armfa.plant.simulator import NO_LOADS, Loads, Simulator, fitted
from armfa.plant.zonogon import nearest_in_zonogon

# places that are tried before a search: so many on each edge of the zonogon, and from there towards its middle
ON_AN_EDGE, DEPTHS = 6, 8
SEARCHES = 8  # from the best of those places that are better than the places around them
ITERATIONS = 500  # at most: about five are needed
FLAT = 1e-12  # curvatures below this share of the greatest count as none
BISECTIONS = 60  # tension -> excitation, to the last bit of a float64


class _HandAfter(NamedTuple):
    """The hand's velocity after the step as a function of the joint velocity after the step."""

    lengths: tuple[float, float]  # m
    angle: Array  # (2, batch) rad, before the step
    velocity: Array  # (2, batch) rad/s, before the step
    dt: float
    implicit: bool  # whether the angle moves with the new velocity

    def of(self, samples: Array) -> "_HandAfter":
        return self._replace(angle=self.angle[:, samples], velocity=self.velocity[:, samples])

    def bend(self, velocity: Array, residual: Array) -> tuple[Array, Array, Array]:
        """The second derivative of residual . (hand velocity) by the joint velocity: its parts 11, 12, 22."""
        (l1, l2), (w1, w2), (e1, e2) = self.lengths, velocity, residual
        q1, q2 = self.angle + self.dt * velocity
        x2, y2 = l2 * np.cos(q1 + q2), l2 * np.sin(q1 + q2)
        x, y = l1 * np.cos(q1) + x2, l1 * np.sin(q1) + y2
        w12 = w1 + w2
        shared = self.dt * (self.dt * w12 * (y2 * e1 - x2 * e2) - 2.0 * (x2 * e1 + y2 * e2))
        turned = (y * w1 + y2 * w2) * e1 - (x * w1 + x2 * w2) * e2
        return self.dt * (self.dt * turned - 2.0 * (x * e1 + y * e2)), shared, shared

    def __call__(self, velocity: Array) -> tuple[Array, Array]:
        """Hand velocity (2, batch) and its slope (2, 2, batch) by the joint velocity."""
        (l1, l2), (w1, w2) = self.lengths, velocity
        q1, q2 = self.angle + self.dt * (velocity if self.implicit else self.velocity)
        x2, y2 = l2 * np.cos(q1 + q2), l2 * np.sin(q1 + q2)
        x, y = l1 * np.cos(q1) + x2, l1 * np.sin(q1) + y2
        hand = np.stack((-(y * w1 + y2 * w2), x * w1 + x2 * w2))
        slope = np.stack((-y, -y2, x, x2))
        if self.implicit:
            w12 = w1 + w2
            bend = np.stack((-(x * w1 + x2 * w2), -x2 * w12, -(y * w1 + y2 * w2), -y2 * w12))
            slope = slope + self.dt * bend
        return hand, slope.reshape(2, 2, -1)


class _OneStep(NamedTuple):
    """w' = velocity + effect @ (f - force): joint velocity after the step, as a function of the muscles' tensions f."""

    arm: Arm  # with columns for constants
    rows: Rows
    dt: float
    velocity: Array  # (2, batch) rad/s, at `force`
    effect: Array  # (2, n, batch), rad/s per N
    force: Array  # (n, batch), N
    hand: _HandAfter

    def force_at(self, excitation: Array) -> Array:
        """Each muscle's tension at an excitation (n, batch), N."""
        return physics.muscles(self.arm, self._after(excitation)).tension

    def _after(self, excitation: Array) -> Rows:
        """The state whose muscles move the arm in this step."""
        return self.rows._replace(a=physics.activation_after(self.arm, self.rows.a, excitation, self.dt))


def best_excitation(
    simulator: Simulator, state: ArmState, desired_hand_velocity: Array, loads: Loads = NO_LOADS
) -> Array:
    """The excitation after which the hand's velocity is nearest to the desired one.

    Where many excitations are equally good, the one that stays farthest from the ends of the muscles' tension ranges.
    Exact for any muscle curve, with "semi_implicit_euler" or "euler" (one evaluation of the forces per step).

    Parameters
    ----------
    simulator : Simulator
        Arm, time step, integrator.
    state : ArmState
        NumPy arrays, leaves (..., 2) and (..., n).
    desired_hand_velocity : Array (..., 2)
        m/s.
    loads : Loads
        What acts from outside: N on the hand, N m on the joints.

    Returns
    -------
    Array (..., n)
        In `arm.excitation_range`.
    """
    arm, problem = simulator.arm, _one_step(simulator, state, loads)
    least, most = _tension_ends(arm, problem)
    force_least = problem.force_at(least)
    reach = problem.effect * (problem.force_at(most) - force_least)
    origin = problem.velocity + _times(problem.effect, force_least - problem.force)
    share = _nearest_shares(problem.hand, origin, reach, _goal(state, desired_hand_velocity))
    return _outside(state, _excitation_for(arm, problem, least, most, share))


def minimum_norm_excitation(
    simulator: Simulator, state: ArmState, desired_hand_velocity: Array, loads: Loads = NO_LOADS
) -> Array:
    """The smallest excitation, without bounds, that gives the hand the desired velocity after the step.

    u = G^T (G G^T)^-1 (w* - w0), G = d(joint velocity)/d u. Where no joint velocity gives the desired one, the nearest
    found.

    Parameters
    ----------
    simulator : Simulator
        Arm, time step, integrator.
    state : ArmState
        Angles, velocities and activations, leaves (..., 2) and (..., n).
    desired_hand_velocity : Array (..., 2)
        m/s.
    loads : Loads
        What acts from outside: N on the hand, N m on the joints.

    Returns
    -------
    Array (..., n)
        Unbounded.

    Raises
    ------
    ValueError
        For muscles whose tension is not proportional to excitation.
    """
    arm = simulator.arm
    if not _affine(arm):
        raise ValueError(
            f"expected muscles whose tension is proportional to excitation, got {arm.name!r} "
            f"({type(arm.curves).__name__}, "
            f"{'static' if arm.activation_dynamics is None else 'first-order'}); use best_excitation"
        )
    problem = _one_step(simulator, state, loads)
    zero = np.zeros_like(problem.force)
    silent = problem.force_at(zero)
    unit = problem.effect * (problem.force_at(zero + 1.0) - silent)
    origin = problem.velocity + _times(problem.effect, silent - problem.force)
    desired = _goal(state, desired_hand_velocity)

    def better(velocity: Array, todo: Array) -> Array:  # Newton for J(q + dt w) w = v*
        hand, slope = problem.hand.of(todo)(velocity)
        return velocity + _solve(slope, desired[:, todo] - hand)

    def miss(velocity: Array, todo: Array) -> Array:
        return _square(problem.hand.of(todo)(velocity)[0] - desired[:, todo])

    velocity, _ = _descend(origin, better, miss)
    gram = np.stack([(unit[i] * unit[j]).sum(0) for i in (0, 1) for j in (0, 1)]).reshape(2, 2, -1)
    multiplier = _solve(gram, velocity - origin)
    return _outside(state, unit[0] * multiplier[0] + unit[1] * multiplier[1])


def _nearest_shares(hand: _HandAfter, origin: Array, reach: Array, desired: Array) -> Array:
    """Shares (n, batch) of each muscle's tension range that bring the hand's velocity nearest to the desired one.

    Under explicit Euler the hand's velocity is affine in the joint velocity, and one round solves it. Otherwise it
    bends, by order dt: each round solves the problem with the curvature it has at the last answer (Newton's method on
    the zonogon), exactly: a quadratic cost with curvature L^T L is a distance after the map L, which makes another
    zonogon. There can be several local answers, so samples that miss start again from elsewhere.
    """

    def better(share: Array, todo: Array) -> Array:
        start, way, mine = origin[:, todo], reach[..., todo], hand.of(todo)
        velocity = start + _times(way, share)
        moving, slope = mine(velocity)
        short = desired[:, todo] - moving
        if not hand.implicit:
            return nearest_in_zonogon(_compose(slope, way), short + _times(slope, velocity - start))
        root = _root(slope, mine.bend(velocity, -short))
        down = _solve(root.transpose(1, 0, 2), _times(slope.transpose(1, 0, 2), short))
        return nearest_in_zonogon(_compose(root, way), down + _times(root, velocity - start))

    def miss(share: Array, todo: Array) -> Array:
        return _square(hand.of(todo)(origin[:, todo] + _times(reach[..., todo], share))[0] - desired[:, todo])

    share, cost = _descend(np.full(reach.shape[1:], 0.5), better, miss)
    if not hand.implicit:
        return share
    todo = np.flatnonzero(cost > 1e-24)
    for start in _starts(reach[..., todo], lambda x: miss(x, todo)) if todo.size else ():
        found, found_cost = _descend(start, lambda x, i: better(x, todo[i]), lambda x, i: miss(x, todo[i]))
        keep = found_cost < cost[todo]
        share[:, todo] = np.where(keep, found, share[:, todo])
        cost[todo] = np.where(keep, found_cost, cost[todo])
    return share


def _starts(reach: Array, miss: Callable[[Array], Array]) -> Array:
    """Shares (searches, n, batch) to begin searches from: places over the zonogon that are better than those around.

    Once around the boundary the muscles, in the order of their directions, go one after the other from one end of their
    tension range to the other, then back.
    """
    n, back = len(reach[0]), (reach[1] < 0) | ((reach[1] == 0) & (reach[0] < 0))
    rank = np.argsort(np.argsort(np.mod(np.arctan2(reach[1], reach[0]), math.pi), axis=0), axis=0)
    places = []
    for way in np.arange(2 * n * ON_AN_EDGE) / ON_AN_EDGE:
        moved = np.clip(way - rank, 0.0, 1.0) - np.clip(way - n - rank, 0.0, 1.0)
        edge = np.where(back, 1.0 - moved, moved)
        places += [0.5 + (edge - 0.5) * (depth / DEPTHS) for depth in range(DEPTHS, 0, -1)]
    cost = np.array([miss(place) for place in places]).reshape(-1, DEPTHS, reach.shape[-1])
    around = np.pad(cost, ((0, 0), (1, 1), (0, 0)), constant_values=np.inf)
    beside = [np.roll(around, turn, axis=0)[:, k : k + DEPTHS] for turn in (-1, 0, 1) for k in (0, 1, 2)]
    valley = np.where(cost <= np.min(beside, axis=0), cost, np.inf).reshape(len(places), -1)
    best = np.argsort(valley, axis=0)[:SEARCHES]  # (searches, batch)
    found = np.empty((len(best), *reach.shape[1:]))
    for number, place in enumerate(places):
        chosen, sample = np.nonzero(best == number)
        found[chosen, :, sample] = place[:, sample].T
    return found


def _root(slope: Array, bend: tuple[Array, Array, Array]) -> Array:
    """L with L^T L = slope^T slope + bend (2, 2, batch), upper triangular; what curves down is turned to curve up."""
    (j11, j12), (j21, j22) = slope
    a, b, c = j11 * j11 + j21 * j21, j11 * j12 + j21 * j22, j12 * j12 + j22 * j22
    least = FLAT * (a + c)
    a, b, c = a + bend[0], b + bend[1], c + bend[2]
    lowest = 0.5 * (a + c) - np.hypot(0.5 * (a - c), b)
    raised = np.where(lowest < least, np.abs(lowest) - lowest + least, 0.0)
    first = np.sqrt(a + raised)
    beside = b / first
    last = np.sqrt(np.maximum(c + raised - beside * beside, least))
    return np.stack((first, beside, 0 * first, last)).reshape(2, 2, -1)


def _descend(
    x: Array, better: Callable[[Array, Array], Array], miss: Callable[[Array, Array], Array]
) -> tuple[Array, Array]:
    """Repeat x -> better(x) until nothing moves; a sample goes only part of the way where all of it makes it worse."""
    x, todo = x.copy(), np.arange(x.shape[1])
    cost, pace = miss(x, todo), np.ones(x.shape[1])
    for _ in range(ITERATIONS):
        here = x[:, todo]
        moved = here + pace[todo] * (better(here, todo) - here)
        moved_cost = miss(moved, todo)
        ok = moved_cost <= cost[todo]
        change = np.where(ok, np.abs(moved - here).max(0), pace[todo])
        x[:, todo], cost[todo] = np.where(ok, moved, here), np.where(ok, moved_cost, cost[todo])
        pace[todo] = np.where(ok, np.minimum(1.0, 2.0 * pace[todo]), 0.5 * pace[todo])
        todo = todo[change > 1e-13]
        if todo.size == 0:
            break
    return x, cost


def _one_step(simulator: Simulator, state: ArmState, loads: Loads) -> _OneStep:
    arm, dt, integrator = simulator.arm, simulator.dt, simulator.integrator
    if integrator not in ("semi_implicit_euler", "euler"):
        raise ValueError(
            f"expected integrator 'semi_implicit_euler' or 'euler', got {integrator!r}: with several stages in a "
            "step the hand's velocity is no longer affine in the tensions"
        )
    simulator.refuse_zero_gradient()
    q, n = state.joint_angle, arm.n_muscles
    leaves = (q, fitted(state.joint_velocity, q, 2, "joint_velocity"), fitted(state.activation, q, n, "activation"))
    angle, motion, activation = (np.asarray(x, np.float64).reshape(-1, x.shape[-1]) for x in leaves)
    given = (None if load is None else np.asarray(fitted(load, q, 2, "a load"), np.float64) for load in loads)
    pushes = RowLoads(*(None if load is None else (load[..., 0].ravel(), load[..., 1].ravel()) for load in given))
    columns, rows = columns_beside(arm, angle), Rows(*two(angle), *two(motion), activation.T)
    middle = np.full_like(rows.a, 0.5 * sum(arm.excitation_range))
    after = rows._replace(a=physics.activation_after(columns, rows.a, middle, dt))
    qdd1, qdd2 = physics.acceleration(columns, after, pushes)
    m = physics.muscles(columns, after)
    r1, r2 = (r + 0 * m.tension for r in m.moment_arms)
    effect = dt * np.stack(physics.solved(physics.inertia(columns, rows.q2), (r1, r2)))
    velocity = np.stack((rows.w1 + dt * qdd1, rows.w2 + dt * qdd2))
    hand = _HandAfter(arm.skeleton.length, angle.T, motion.T, dt, integrator == "semi_implicit_euler")
    return _OneStep(columns, rows, dt, velocity, effect, m.tension, hand)


def _tension_ends(arm: Arm, problem: _OneStep) -> tuple[Array, Array]:
    """The excitations (n, batch) of least and of greatest tension; between them tension is monotone."""
    low, high = (np.full_like(problem.force, end) for end in arm.excitation_range)
    if not isinstance(arm.curves, SpringDamper):
        return low, high
    # tension is a parabola in the excitation: three values give its lowest point
    f0, f1, f2 = (problem.force_at(np.full_like(low, x)) for x in (0.0, 0.5, 1.0))
    curvature, slope = 2 * (f0 - 2 * f1 + f2), -3 * f0 + 4 * f1 - f2
    least = np.minimum(np.maximum(-slope / (2 * curvature), 0.0), 1.0)
    return least, np.where(f2 >= f0, 1.0, 0.0)


def _excitation_for(arm: Arm, problem: _OneStep, least: Array, most: Array, share: Array) -> Array:
    """The excitation whose force is the given share of the way from the least to the greatest."""
    if _affine(arm):
        return least + share * (most - least)
    start, end = problem.force_at(least), problem.force_at(most)
    target = start + share * (end - start)
    rising = end >= start
    near, far = least, most
    for _ in range(BISECTIONS):
        middle = 0.5 * (near + far)
        short = (problem.force_at(middle) < target) == rising
        near, far = np.where(short, middle, near), np.where(short, far, middle)
    return np.where(end == start, least, 0.5 * (near + far))


def _affine(arm: Arm) -> bool:
    return arm.activation_dynamics is None and arm.curves.proportional


def _times(matrix: Array, vector: Array) -> Array:
    """(2, k, batch) times (k, batch)."""
    return (matrix * vector[None]).sum(1)


def _compose(left: Array, right: Array) -> Array:
    """(2, 2, batch) times (2, n, batch)."""
    return left[:, 0, None] * right[None, 0] + left[:, 1, None] * right[None, 1]


def _solve(matrix: Array, vector: Array) -> Array:
    """Solution of 2 x 2 systems, (2, 2, batch) and (2, batch)."""
    (a, b), (c, d) = matrix
    return np.stack((d * vector[0] - b * vector[1], a * vector[1] - c * vector[0])) / (a * d - b * c)


def _outside(state: ArmState, u: Array) -> Array:
    """Rows -> the shape and dtype of the caller's state."""
    return u.T.reshape(state.activation.shape).astype(state.joint_angle.dtype)


def _goal(state: ArmState, desired: Array) -> Array:
    """The desired hand velocities as rows (2, batch); states of JAX and torch are refused."""
    if namespace(state.joint_angle) is not np:
        raise TypeError(
            "expected a state of NumPy arrays: the best excitation is a reference that is computed in NumPy only; "
            "pass np.asarray of each part of the state"
        )
    return np.broadcast_to(np.asarray(desired, np.float64), state.joint_angle.shape).reshape(-1, 2).T


def _square(x: Array) -> Array:
    """Squared length of (2, batch)."""
    return x[0] * x[0] + x[1] * x[1]
