"""The formal results, each checked numerically; and, where one has a condition, what happens without it.

Linear network h = A x, y = W h, target T, batch limit with [x x^T] = I, E = T - W A:
    W' = E A^T,   A' = B E.                                                   [arXiv:1411.0247, proofs 1 to 3]
Theorem 1: from W = A = 0 and with independent columns of B, E -> 0; V = tr(B E E^T B^T) never grows.
Eq. 14:    B W + W^T B^T = A A^T + C with C constant.
Theorem 2: one pair (x, y~), from zero and with eta_A = eta_W / x^T x: h = s_h B y~ and W = s_w y~ (B y~)^T at every
           step, and the hidden update is a positive multiple of the pseudo-backprop one.
Proof 2:   pseudo-backprop W^+ e is the Gauss-Newton step on the hidden activity.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from armfa.controllers.circuits.mlp import Dense
from armfa.controllers.metrics import matrix_angle
from armfa.controllers.rules import PseudoBackprop
from armfa.experiments.base import Experiment, Scales
from armfa.reports.claim import Choice, Claim
from armfa.reports.figures import COLOURS, panels
from armfa.reports.statistics import all_of, every_above, every_below, mean_between
from armfa.runs.unit import Unit, find


@dataclass(frozen=True)
class Settings(Scales):
    """Sizes of the papers' linear task, n networks with their own T, B and start."""

    seeds: int = 20
    sizes: tuple[int, int, int] = (30, 20, 10)
    learning_rate: float = 0.005
    steps: int = 6000
    wide_start: float = 1.5  # weights ~ U(-1.5, 1.5): C is far from 0
    wide_sizes: tuple[int, int, int] = (6, 5, 4)
    wide_runs: int = 200
    drift_rates: tuple[float, ...] = (0.02, 0.01, 0.005, 0.002)
    drift_time: float = 6.0

    @classmethod
    def quick(cls):
        """The same with fewer networks and steps."""
        return cls(seeds=8, steps=4000, wide_runs=100)


def norm(matrix):
    """Frobenius norm of each matrix of a stack."""
    return np.sqrt((matrix * matrix).sum((-1, -2)))


class Flow(NamedTuple):
    """What n networks did: |E| / |T|, angle of B E to W^T E and V at some steps, V's largest growth, last weights."""

    error: np.ndarray  # (n, points)
    angle: np.ndarray  # (n, points), degrees; NaN where a signal is 0
    lyapunov: np.ndarray  # (n, points)
    growth: np.ndarray  # (n,), relative to V at the start
    a: np.ndarray
    w: np.ndarray


def flow(target, feedback, a, w, rate, steps, every=1):
    """Discrete steps of theorem 1's equations, seen at every `every`-th step and at the last."""
    kept, growth, last = [], np.full(len(target), -np.inf), np.full(len(target), np.inf)
    for step in range(steps + 1):
        error = target - w @ a
        value = norm(feedback @ error) ** 2
        growth, last = np.maximum(growth, value - last), value
        if step % every == 0 or step == steps:
            angle = matrix_angle(feedback @ error, w.swapaxes(-1, -2) @ error)
            kept.append((norm(error) / norm(target), angle, value))
        if step < steps:
            w, a = w + rate * error @ a.swapaxes(-1, -2), a + rate * feedback @ error
    errors, angles, lyapunov = (np.stack(each, axis=1) for each in zip(*kept))
    return Flow(errors, angles, lyapunov, growth / lyapunov[:, 0], a, w)


def draw(rng, count, sizes, start):
    """(T, B, A, W) of `count` networks; T ~ U(+-1), B ~ U(+-0.5), A, W ~ U(+-start)."""
    n_in, n_hidden, n_out = sizes
    scales = (1.0, 0.5, start, start)
    shapes = ((n_out, n_in), (n_hidden, n_out), (n_hidden, n_in), (n_out, n_hidden))
    return [rng.uniform(-scale, scale, (count, *shape)) for scale, shape in zip(scales, shapes)]


def theorem_1(settings, rng):
    """Zero start: error and Lyapunov function; the same with dependent columns of B."""
    target, feedback, a, w = draw(rng, settings.seeds, settings.sizes, 0.0)
    dependent = feedback.copy()
    dependent[..., -1] = dependent[..., 0]  # B^+ B is no longer the identity
    every = max(1, settings.steps // 300)
    results = {"every": np.array(every)}
    for name, matrix in (("independent", feedback), ("dependent", dependent)):
        seen = flow(target, matrix, a, w, settings.learning_rate, settings.steps, every)
        results |= {f"error_{name}": seen.error, f"lyapunov_{name}": seen.lyapunov, f"growth_{name}": seen.growth}
    return results


def wrong_way(settings, rng):
    """Starts with C = 0 from which B first moves W0 uphill: relative error, and the angle of B E to W^T E over time.

    W = M B^T with M + M^T positive makes B W + W^T B^T = B (M + M^T) B^T, of which A is a root, so C = 0; the rest of M
    turns B E away from W^T E. Of many such starts the first are kept where tr(E^T W B E) < 0.
    """
    n_in, _, n_out = settings.sizes
    target, feedback, _, _ = draw(rng, 40 * settings.seeds, settings.sizes, 0.0)
    target[:, 2:] *= 0.5  # with errors alike in all directions B E would lie within 90 degrees of W^T E
    turn = rng.standard_normal((len(target), n_out, n_out))
    root = 0.1 * rng.standard_normal((len(target), n_out, n_out))  # (M + M^T)^(1/2), up to a rotation
    mixed = 0.5 * root @ root.swapaxes(-1, -2) + 0.15 * (turn - turn.swapaxes(-1, -2))
    rows = np.linalg.qr(rng.standard_normal((len(target), n_in, n_out)))[0].swapaxes(-1, -2)  # orthonormal
    a, w = feedback @ root @ rows, mixed @ feedback.swapaxes(-1, -2)
    error = target - w @ a
    useful = ((w.swapaxes(-1, -2) @ error) * (feedback @ error)).sum((-1, -2))
    kept = np.flatnonzero(useful < 0)[: settings.seeds]
    target, feedback, a, w = (each[kept] for each in (target, feedback, a, w))
    constant = feedback @ w + (feedback @ w).swapaxes(-1, -2) - a @ a.swapaxes(-1, -2)
    every = max(1, settings.steps // 300)
    seen = flow(target, feedback, a, w, settings.learning_rate, settings.steps, every)
    return {
        "error": seen.error,
        "growth": seen.growth,
        "angle": seen.angle,
        "constant": norm(constant) / norm(feedback @ w),
        "share": np.array(np.mean(useful < 0)),
        "every": np.array(every),
    }


def broken_start(settings, rng):
    """Starts with C != 0 in a small network: relative error and Lyapunov function of every run."""
    target, feedback, a, w = draw(rng, settings.wide_runs, settings.wide_sizes, settings.wide_start)
    every = max(1, settings.steps // 300)
    seen = flow(target, feedback, a, w, settings.learning_rate * 4, settings.steps, every)
    return {"error": seen.error, "lyapunov": seen.lyapunov, "growth": seen.growth, "every": np.array(every)}


def conserved(settings, rng):
    """|C(end) - C(start)| of eq. 14 at several learning rates, the same stretch of time."""
    target, feedback, a, w = draw(rng, settings.seeds, settings.sizes, 0.1)

    def constant(a, w):
        half = feedback @ w
        return half + half.swapaxes(-1, -2) - a @ a.swapaxes(-1, -2)

    drifts = []
    for rate in settings.drift_rates:
        end = flow(target, feedback, a, w, rate, round(settings.drift_time / rate), every=10**9)
        drifts.append(norm(constant(end.a, end.w) - constant(a, w)))
    return {"drift": np.stack(drifts, axis=1)}


def theorem_2(settings, rng):
    """One pair, and two to break the condition: distance from the rank-1 form and angle to pseudo-backprop by step."""
    n_in, _, n_out = settings.sizes
    results = {}
    for pairs in (1, 2):
        x = rng.standard_normal((settings.seeds, n_in, pairs))
        y = rng.standard_normal((settings.seeds, n_out, pairs))
        _, feedback, a, w = draw(rng, settings.seeds, settings.sizes, 0.0)
        by = feedback @ y[..., :1]
        rank_one = y[..., :1] @ by.swapaxes(-1, -2)
        rate = 0.2 / (1 + (by * by).sum((-1, -2), keepdims=True))
        rate_a = rate / (x * x).sum((-1, -2), keepdims=True)
        angles, distances, hidden = [], [], []
        for step in range(60):
            error = y - w @ a @ x
            w, a = w + rate * error @ (a @ x).swapaxes(-1, -2), a + rate_a * feedback @ error @ x.swapaxes(-1, -2)
            if step == 0:
                continue  # h was 0 at the first step, and W still is
            error = y - w @ a @ x
            scale = (w * rank_one).sum((-1, -2), keepdims=True) / (rank_one * rank_one).sum((-1, -2), keepdims=True)
            distances.append(norm(w - scale * rank_one) / np.maximum(norm(w), 1e-300))
            h = a @ x[..., :1]
            along = by * ((h * by).sum((-1, -2), keepdims=True) / (by * by).sum((-1, -2), keepdims=True))
            hidden.append(norm(h - along) / norm(h))
            angles.append(_angle(feedback @ error, np.linalg.pinv(w, rcond=1e-10) @ error))
        results[f"angle_{pairs}"] = np.stack(angles, axis=1)  # (seeds, steps)
        results[f"rank_one_distance_{pairs}"] = np.stack(distances, axis=1)
        results[f"hidden_distance_{pairs}"] = np.stack(hidden, axis=1)
    return results


def gauss_newton(settings, rng):
    """Loss left after the best step along pseudo-backprop and along backprop in h, and the two views of the former.

    The rule's own W^+ against a least-squares solver; "narrow" has fewer hidden units than outputs.
    """
    n_out, n_hidden = settings.sizes[2], settings.sizes[1]
    results = {}
    for name, hidden in (("wide", n_hidden), ("narrow", n_out // 2)):
        w = rng.uniform(-0.5, 0.5, (settings.seeds, n_out, hidden))
        error = rng.standard_normal((settings.seeds, n_out, 1))
        layers = (Dense(np.zeros((hidden, 1)), np.zeros(hidden)), Dense(w, np.zeros(n_out)))
        pseudo = PseudoBackprop().feedback(layers, ())[0] @ error
        solved = np.stack([np.linalg.lstsq(matrix, e, rcond=None)[0] for matrix, e in zip(w, error)])
        transposed = w.swapaxes(-1, -2) @ error
        along = w @ transposed
        best = (along * error).sum((-1, -2), keepdims=True) / (along * along).sum((-1, -2), keepdims=True)
        results |= {
            f"difference_{name}": norm(pseudo - solved) / norm(solved),
            f"left_pseudo_{name}": norm(error - w @ pseudo) ** 2 / norm(error) ** 2,
            f"left_transpose_{name}": norm(error - best * along) ** 2 / norm(error) ** 2,
            f"angle_{name}": _angle(pseudo, transposed),
        }
    return results


def first_condition(settings, rng):
    """Sign of e^T W B e against the sign of the change of the loss by a small step along B e x^T."""
    _, feedback, a, w = draw(rng, 400, settings.sizes, 0.5)
    x = rng.standard_normal((400, settings.sizes[0], 1))
    y = rng.standard_normal((400, settings.sizes[2], 1))
    error = y - w @ a @ x
    moved = y - w @ (a + 1e-7 * feedback @ error @ x.swapaxes(-1, -2)) @ x
    alignment = (error.swapaxes(-1, -2) @ w @ feedback @ error)[:, 0, 0]
    return {"alignment": alignment, "change": norm(moved) ** 2 - norm(error) ** 2}


def _angle(first, second):
    """Angle in degrees between matrices of a stack, by a form that is exact near 0."""
    first, second = first / norm(first)[..., None, None], second / norm(second)[..., None, None]
    return np.degrees(2 * np.arctan2(norm(first - second), norm(first + second)))


TOLERANCE = 1e-12
"""What rounding may do to a quantity of the order of one."""

PARTS = {
    "theorem_1": theorem_1,
    "broken_start": broken_start,
    "conserved": conserved,
    "theorem_2": theorem_2,
    "gauss_newton": gauss_newton,
    "first_condition": first_condition,
    "wrong_way": wrong_way,
}


def units(settings):
    """One unit a statement."""
    return [
        Unit(part, {"part": part, "seeds": settings.seeds}, settings.steps * settings.seeds * 1e-5) for part in PARTS
    ]


def run(settings, unit, checkpoint):
    """The numbers of one statement."""
    part = unit.arguments["part"]
    return PARTS[part](settings, np.random.default_rng([list(PARTS).index(part), 2014]))


def table(settings, runs):
    """One row a claim: statement, quantity, what came out."""
    return [
        {
            "claim": claim.text,
            "quantity": claim.quantity,
            "mean": float(np.mean(claim.measured)),
            "largest": float(np.max(claim.measured)),
            "n": int(np.size(claim.measured)),
            "verdict": claim.verdict.status,
        }
        for claim in claims(settings, runs)
    ]


def claims(settings, runs):
    """Each statement, and its failure without its condition."""
    one, start, drift, two, newton, sign, wrong = (find(runs, part=part).arrays for part in PARTS)
    final, dependent = one["error_independent"][:, -1], one["error_dependent"][:, -1]
    growth = one["growth_independent"]
    orders = np.polyfit(np.log(settings.drift_rates), np.log(drift["drift"]).T, 1)[0]
    late = start["error"][:, -1] > 1e-2
    grows = start["growth"] > TOLERANCE
    agree = np.mean((sign["alignment"] > 0) == (sign["change"] < 0))
    angle_1, angle_2 = two["angle_1"].max(1), two["angle_2"].max(1)
    return [
        Claim("theorem 1: from W = A = 0 the error goes to 0", "|E| / |T| at the end", final, every_below(final, 1e-6)),
        Claim(
            "... and must not when columns of B are dependent (condition broken)",
            "|E| / |T| at the end",
            dependent,
            every_above(dependent, 1e-2),
        ),
        Claim(
            "... and need not soon when C is not 0 (condition broken): some starts keep an error for long",
            f"share of {late.size} starts with |E| / |T| > 0.01 after {settings.steps} steps",
            np.array([late.mean()]),
            every_above([late.mean()], 0),
        ),
        Claim(
            "the error is driven to 0 even when B initially adjusts W0 in the wrong direction (2014): B E more than 90 "
            "degrees from W^T E at a start with C = 0",
            f"|E| / |T| at the end; the angle begins at {wrong['angle'][:, 0].mean():.0f} degrees and ends at "
            f"{wrong['angle'][:, -1].mean():.0f}",
            wrong["error"][:, -1],
            all_of(every_above(wrong["angle"][:, 0], 90), every_below(wrong["error"][:, -1], 1e-4)),
        ),
        Claim(
            "Lyapunov function V = tr(B E E^T B^T) never grows",
            "largest growth of V in a step, relative to its start",
            growth,
            every_below(growth, TOLERANCE),
        ),
        Claim(
            "... and may grow when C is not 0 (condition broken)",
            f"share of {grows.size} starts where V grows at some step, by more than {TOLERANCE:g} of its start",
            np.array([grows.mean()]),
            every_above([grows.mean()], 0),
        ),
        Claim(
            "eq. 14 is conserved in continuous time; the discrete rule drifts by the first order of the learning rate",
            "exponent of the learning rate in the drift",
            orders,
            mean_between(orders, 0.9, 1.1),
        ),
        Claim(
            "theorem 2: W = s_w y~ (B y~)^T at every step",
            "largest distance from the rank-1 form, relative",
            two["rank_one_distance_1"].max(1),
            every_below(two["rank_one_distance_1"].max(1), TOLERANCE),
        ),
        Claim(
            "theorem 2: h = s_h B y~ at every step",
            "largest distance of h from the direction of B y~, relative",
            two["hidden_distance_1"].max(1),
            every_below(two["hidden_distance_1"].max(1), TOLERANCE),
        ),
        Claim(
            "theorem 2: the hidden update is a positive multiple of the pseudo-backprop one",
            "largest angle, degrees",
            angle_1,
            every_below(angle_1, 1e-4),
        ),
        Claim(
            "... and must not be with two pairs (condition broken)", "largest angle", angle_2, every_above(angle_2, 1.0)
        ),
        Claim(
            "pseudo-backprop is the Gauss-Newton step on h: the least-squares solution of W dh = e",
            "relative difference to a least-squares solver",
            newton["difference_wide"],
            every_below(newton["difference_wide"], 1e-10),
        ),
        Claim(
            "the pseudoinverse is at least as useful as the transpose: one step removes the whole error",
            "loss left after the step, relative",
            newton["left_pseudo_wide"],
            every_below(newton["left_pseudo_wide"], 1e-20),
        ),
        Claim(
            "... and cannot with fewer hidden units than outputs (condition broken)",
            "loss left after the step, relative",
            newton["left_pseudo_narrow"],
            every_above(newton["left_pseudo_narrow"], 1e-3),
        ),
        Claim(
            "... where the best step along the transpose leaves some",
            "loss left after the best step, relative",
            newton["left_transpose_wide"],
            every_above(newton["left_transpose_wide"], 1e-3),
        ),
        Claim(
            "pseudo-backprop lies within 90 degrees of backprop",
            "angle",
            newton["angle_wide"],
            every_below(newton["angle_wide"], 90),
        ),
        Claim(
            "... which a random B's signal often does not",
            f"share of {sign['alignment'].size} random networks where it does not",
            np.array([np.mean(sign["alignment"] < 0)]),
            every_above([np.mean(sign["alignment"] < 0)], 0.1),
            own=True,
        ),
        Claim(
            "any B serves as long as e^T W B e > 0: a small step lowers the loss exactly then",
            f"share of {sign['alignment'].size} random networks where the signs agree",
            np.array([agree]),
            every_above([agree], 0.9999),
        ),
    ]


def figures(settings, runs):
    """Error, Lyapunov function, drift of the conserved quantity, and the angle of theorem 2."""
    one, start, drift, two, *_ = (find(runs, part=part).arrays for part in PARTS)
    figure, (error, lyapunov, order, angle) = panels(3.0, 3.0, 2.7, 3.0)
    green, black, red = COLOURS["feedback-alignment"], COLOURS["backprop"], "#d55e00"
    steps = np.arange(one["error_independent"].shape[1]) * int(one["every"])
    wide = np.arange(start["error"].shape[1]) * int(start["every"])
    shown = np.argsort(-start["error"][:, -1])[:: max(1, len(start["error"]) // 25)]
    error.semilogy(wide, np.maximum(start["error"][shown].T, 1e-16), color=red, alpha=0.35, linewidth=0.8)
    error.semilogy(steps, one["error_dependent"].T, color="#e69f00", linewidth=0.9)
    error.semilogy(steps, np.maximum(one["error_independent"].T, 1e-16), color=green, linewidth=0.9)
    for label, colour, lines in (
        ("zero start", green, one["error_independent"]),
        ("columns of B dependent", "#e69f00", one["error_dependent"]),
        ("start with C ≠ 0", red, shown),
    ):
        error.plot([], [], color=colour, label=f"{label} (n = {len(lines)})")
    error.set(xlabel="step", ylabel="|E| / |T|", title="theorem 1", ylim=(1e-24, 100))
    error.legend(loc="lower left")
    v = one["lyapunov_independent"] / one["lyapunov_independent"][:, :1]
    wide_v = start["lyapunov"][shown] / start["lyapunov"][shown, :1]
    lyapunov.semilogy(wide, np.maximum(wide_v.T, 1e-30), color=red, alpha=0.35, linewidth=0.8)
    lyapunov.semilogy(steps, np.maximum(v.T, 1e-30), color=green, linewidth=0.9)
    lyapunov.set(xlabel="step", ylabel="V / V(0)", title="Lyapunov function")
    rates = np.array(settings.drift_rates)
    order.loglog(rates, drift["drift"].T, color=green, alpha=0.6, linewidth=0.9)
    order.loglog(rates, rates * drift["drift"].max() / rates[0] * 2, "k--", linewidth=1, label="first order")
    order.set(xlabel="learning rate", ylabel="drift of C", title="eq. 14")
    order.plot([], [], color=green, label=f"networks (n = {len(drift['drift'])})")
    order.legend(loc="upper left")
    order.set_xticks(rates, [f"{rate:g}" for rate in rates])
    order.minorticks_off()
    trial = np.arange(two["angle_1"].shape[1]) + 2
    angle.semilogy(trial, np.maximum(two["angle_2"].T, 1e-7), color=red, alpha=0.6, linewidth=0.8)
    angle.semilogy(trial, np.maximum(two["angle_1"].T, 1e-7), color=black, alpha=0.6, linewidth=0.8)
    angle.plot([], [], color=black, label=f"one pair (n = {len(two['angle_1'])})")
    angle.plot([], [], color=red, label=f"two pairs (n = {len(two['angle_2'])})")
    angle.set(xlabel="step", ylabel="angle to pseudo-backprop (degrees)", title="theorem 2")
    angle.legend(loc="center right")
    return {"theorems": figure}


EXPERIMENT = Experiment(
    name="theory",
    title="Theorems, and what happens without their conditions",
    source="preprint, proofs 1 to 3; Nature Communications, Supplementary Notes 11, 13 to 15",
    settings=Settings,
    units=units,
    run=run,
    table=table,
    claims=claims,
    figures=figures,
    choices=lambda settings: (
        Choice(
            "sizes and rates of the checks",
            f"{'-'.join(map(str, settings.sizes))}, {settings.learning_rate:g}",
            "the theorems hold for any; the papers' linear task",
        ),
        Choice(
            "network whose start breaks C = 0",
            f"{'-'.join(map(str, settings.wide_sizes))} from U(-{settings.wide_start:g}, {settings.wide_start:g})",
            "in small networks such starts are frequent enough to be counted",
        ),
        Choice("Supplementary Notes 12 and 16", "left out", "their text could not be recovered"),
    ),
)
