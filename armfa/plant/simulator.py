"""An arm that moves in time steps: one step, many steps, and their derivatives.

Where Numba is installed, steps of NumPy arrays are compiled: the functions of `physics` and `integrators`, run once on
symbols. Arrays of JAX and torch, complex numbers, and everything where Numba is missing go through the same functions.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from armfa.arrays import Array, device, made, namespace
from armfa.compiled.graph import Graph, Symbolic, Vector, flat, pullback
from armfa.compiled.program import Program, Wide
from armfa.plant.arm import Arm, ArmState
from armfa.plant.integrators import INTEGRATORS
from armfa.plant.kinematics import two
from armfa.plant.physics import RowLoads, Rows, hand_motion
from armfa.plant.traced import Traced, symbolic

LARGEST_STEP = 1.0
"""s: more cannot be meant as the time step of an arm."""


class Loads(NamedTuple):
    """What acts on the arm from outside; None where nothing does."""

    hand_force: Array | None = None  # (..., 2) N on the hand
    joint_torque: Array | None = None  # (..., 2) N m


NO_LOADS = Loads()


@dataclasses.dataclass(frozen=True)
class Simulator(Traced):
    """An arm, a time step and an integrator.

    Parameters
    ----------
    arm : Arm
        Its constants may be arrays of JAX or torch, to be differentiated by.
    dt : float
        Time step, s. Under `jax.jit` it may be traced.
    integrator : str
        "semi_implicit_euler" (activation, then velocity, then angle), "heun", "rk4" or "euler".

    Raises
    ------
    ValueError
        For an integrator that there is not, a time step that cannot be meant (above 1 s, say, for milliseconds), and
        explicit Euler with activation dynamics, whose one-step gradient is exactly zero, unless the arm was published
        with it.
    TypeError
        For an `arm` that is none.
    """

    arm: Arm
    dt: float = 0.01
    integrator: str = "semi_implicit_euler"

    def __post_init__(self) -> None:
        """Refuses what cannot be stepped."""
        if not isinstance(self.arm, Arm):
            raise TypeError(f"expected an Arm, as make_arm(...) makes them, got {self.arm!r}")
        if self.integrator not in INTEGRATORS:
            raise ValueError(f"expected integrator to be one of {', '.join(INTEGRATORS)}, got {self.integrator!r}")
        if (
            self.integrator == "euler"
            and self.arm.activation_dynamics is not None
            and not self.arm.published_with_euler
        ):
            raise ValueError(self._zero_gradient)
        object.__setattr__(self, "dt", _time_step(self.dt))

    # steps

    def step(self, state: ArmState, excitation: Array, loads: Loads = NO_LOADS) -> ArmState:
        """The state one time step later, excitation and loads held.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2), (..., 2) and (..., n).
        excitation : Array (..., n)
            Within `arm.excitation_range`, beyond which muscles with dynamics do as at its ends, and static muscles as
            they are told; the same leading axes as the state, or fewer.
        loads : Loads
            Forces (..., 2) N and torques (..., 2) N m.

        Returns
        -------
        ArmState
            Of the same shapes. An arm that is told NaN has angles and velocities of NaN, at once or (explicit Euler) up
            to two steps later; no other arm of a batch has.
        """
        if isinstance(state.joint_angle, Symbolic):
            return self._traced(state, excitation, loads)
        return self._forward(*self._entered(state, excitation, loads))

    def step_rows(self, rows: Rows, u: Array, loads: RowLoads) -> Rows:
        """One step of rows of any kind: the integrator's own."""
        return INTEGRATORS[self.integrator](self.arm, rows, u, self.dt, loads)

    def step_vjp(
        self, state: ArmState, excitation: Array, loads: Loads = NO_LOADS
    ) -> tuple[ArmState, Callable[[ArmState], tuple[ArmState, Array, Loads]]]:
        """The next state, and the function that takes derivatives of a scalar back through the step.

        `pullback(bar)`, with `bar` the derivative by the next state as an `ArmState`, returns the derivatives by state,
        excitation and loads. Derived from the equations, exact to rounding.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitation : Array (..., n)
            Held over the step, in `arm.excitation_range`.
        loads : Loads
            Forces (..., 2) N and torques (..., 2) N m, held over the step.

        Returns
        -------
        ArmState
            The next state.
        Callable
            `pullback(bar)`, as above.
        """
        state, excitation, loads = self._entered(state, excitation, loads)

        def back(bar: ArmState) -> tuple[ArmState, Array, Loads]:
            arrays = _arrays(state, excitation, loads) | dict(zip(("bar_q", "bar_w", "bar_a"), bar))
            found = self._ran("step_vjp", loads, arrays)
            by = Loads(found.get("by_hand_force"), found.get("by_joint_torque"))
            return ArmState(found["by_q"], found["by_w"], found["by_a"]), found["by_u"], by

        return self._forward(state, excitation, loads), back

    def rollout(self, state: ArmState, excitations: Array, loads: Loads = NO_LOADS) -> ArmState:
        """The states from the first to the one after the last excitation, with a leading axis of time + 1.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitations : Array (time, ..., n)
            One per step; those of NumPy that are not finite are refused.
        loads : Loads
            Held throughout.

        Returns
        -------
        ArmState
            Leaves (time + 1, ..., k).
        """
        _refuse_unfinite(excitations)
        states = [self._entered(state, state.activation, loads)[0]]
        for excitation in excitations:
            states.append(self.step(states[-1], excitation, loads))
        xp = namespace(*state)
        return ArmState(*(xp.stack(parts) for parts in zip(*states)))

    def rollout_vjp(
        self, state: ArmState, excitations: Array, loads: Loads = NO_LOADS
    ) -> tuple[ArmState, Callable[[ArmState], tuple[ArmState, Array]]]:
        """The states of `rollout`, and the pullback of derivatives by all of them.

        `pullback(bars)` takes an `ArmState` with the leading axis of time + 1, and returns the derivatives by the first
        state and by the excitations (time, ..., n).

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitations : Array (time, ..., n)
            One per step.
        loads : Loads
            Held throughout.

        Returns
        -------
        ArmState
            Leaves (time + 1, ..., k).
        Callable
            `pullback(bars)`, as above.
        """
        _refuse_unfinite(excitations)
        states, pullbacks = [self._entered(state, state.activation, loads)[0]], []
        for excitation in excitations:
            following, back = self.step_vjp(states[-1], excitation, loads)
            states.append(following)
            pullbacks.append(back)
        xp = namespace(*state)

        def all_back(bars: ArmState) -> tuple[ArmState, Array]:
            bar, by_excitation = ArmState(*(x[-1] for x in bars)), []
            for time in range(len(pullbacks) - 1, -1, -1):
                by_state, by_u, _ = pullbacks[time](bar)
                bar = ArmState(*(x + y[time] for x, y in zip(by_state, bars)))
                by_excitation.append(by_u)
            return bar, xp.stack(by_excitation[::-1])

        return ArmState(*(xp.stack(parts) for parts in zip(*states))), all_back

    # derivatives of one step

    def linearize(self, state: ArmState, excitation: Array, loads: Loads = NO_LOADS) -> tuple[Array, Array]:
        """A = d next/d state (..., 4 + n, 4 + n) and B = d next/d excitation (..., 4 + n, n).

        State order: joint angles, joint velocities, activations. At a kink of a muscle curve, one of its two one-sided
        slopes.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitation : Array (..., n)
            Held over the step, in `arm.excitation_range`.
        loads : Loads
            Forces (..., 2) N and torques (..., 2) N m, held over the step.

        Returns
        -------
        Array (..., 4 + n, 4 + n)
            A.
        Array (..., 4 + n, n)
            B.
        """
        size = 4 + self.arm.n_muscles
        (state, excitation, loads), xp = self._with_axis(state, excitation, loads)
        unit = _unit(xp, size, state.joint_angle)
        _, back = self.step_vjp(state, excitation, loads)
        by_state, by_excitation, _ = back(ArmState(unit[..., :2], unit[..., 2:4], unit[..., 4:]))
        return xp.concat(tuple(by_state), axis=-1), by_excitation

    def hand_velocity_vjp(
        self, state: ArmState, excitation: Array, loads: Loads = NO_LOADS
    ) -> tuple[Array, Callable[[Array], Array]]:
        """The hand's velocity after the step (..., 2), m/s, and the pullback of it to the excitation.

        `pullback(velocity_bar)` (..., 2) -> (..., n) is J_u^T velocity_bar, with J_u the `hand_velocity_jacobian`:
        what a gradient-based learner needs of the arm.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitation : Array (..., n)
            Held over the step, in `arm.excitation_range`.
        loads : Loads
            Forces (..., 2) N and torques (..., 2) N m, held over the step.

        Returns
        -------
        Array (..., 2)
            m/s.
        Callable
            `pullback(velocity_bar)`, as above.
        """
        self.refuse_zero_gradient()
        state, excitation, loads = self._entered(state, excitation, loads)
        arrays = _arrays(state, excitation, loads)

        def back(velocity_bar: Array) -> Array:
            return self._ran("hand_velocity_vjp", loads, arrays | {"bar_v": velocity_bar})["by_u"]

        return self._ran("hand_velocity", loads, arrays)["v"], back

    def hand_velocity_jacobian(self, state: ArmState, excitation: Array, loads: Loads = NO_LOADS) -> Array:
        """J_u = d(hand velocity after the step)/d(excitation), (..., 2, n), m/s per unit.

        Refused with explicit Euler and activation dynamics, where it is exactly zero.

        Parameters
        ----------
        state : ArmState
            Leaves (..., 2) rad, (..., 2) rad/s and (..., n).
        excitation : Array (..., n)
            Held over the step, in `arm.excitation_range`.
        loads : Loads
            Forces (..., 2) N and torques (..., 2) N m, held over the step.

        Returns
        -------
        Array (..., 2, n)
            m/s per unit of excitation.

        Raises
        ------
        ValueError
            For explicit Euler with activation dynamics.
        """
        (state, excitation, loads), xp = self._with_axis(state, excitation, loads)
        _, back = self.hand_velocity_vjp(state, excitation, loads)
        return back(_unit(xp, 2, state.joint_angle))

    # how it is done

    def _forward(self, state: ArmState, excitation: Array, loads: Loads) -> ArmState:
        found = self._ran("step", loads, _arrays(state, excitation, loads))
        static = self.arm.activation_dynamics is None
        return ArmState(found["q"], found["w"], 1.0 * excitation if static else found["a"])

    def _traced(self, state: Any, excitation: Any, loads: Loads) -> ArmState:
        """One step of symbols."""
        (q1, q2), (w1, w2) = state.joint_angle.parts, state.joint_velocity.parts
        rows = Rows(q1, q2, w1, w2, state.activation)
        after = self.step_rows(rows, excitation, RowLoads(*(None if load is None else load.parts for load in loads)))
        return ArmState(Vector(after[:2]), Vector(after[2:4]), after.a)

    def _ran(self, what: str, loads: Loads, arrays: dict[str, Array]) -> dict[str, Array]:
        """The outputs of a program, from arrays (..., columns): by its kernel, or by the library of the arrays."""
        loaded = tuple(load is not None for load in loads)
        return self.bound(step_program, what, loaded).ran(arrays)

    def _entered(self, state: ArmState, excitation: Array, loads: Loads) -> tuple[ArmState, Array, Loads]:
        """State, excitation and loads in one shape and dtype, that of the joint angles."""
        q, n = state.joint_angle, self.arm.n_muscles
        two(q)
        state = ArmState(q, fitted(state.joint_velocity, q, 2, "joint_velocity"),
                         fitted(state.activation, q, n, "activation"))  # fmt: skip
        names = zip(Loads._fields, loads)
        return (
            state,
            fitted(excitation, q, n, "excitation"),
            Loads(*(None if load is None else fitted(load, q, 2, name) for name, load in names)),
        )

    def _with_axis(self, state: ArmState, excitation: Array, loads: Loads) -> tuple[Any, Any]:
        """The same with an axis before the components, along which the rows of a Jacobian will run."""
        state, excitation, loads = self._entered(state, excitation, loads)
        lifted = ArmState(*(x[..., None, :] for x in state))
        pushed = Loads(*(None if load is None else load[..., None, :] for load in loads))
        return (lifted, excitation[..., None, :], pushed), namespace(state.joint_angle)

    def refuse_zero_gradient(self) -> None:
        """Raises a ValueError where no command changes the hand's velocity one step ahead."""
        if self.integrator == "euler" and self.arm.activation_dynamics is not None:
            raise ValueError(self._zero_gradient)

    @property
    def _zero_gradient(self) -> str:
        return (
            f"integrator='euler' with the activation dynamics of {self.arm.name!r} has an exactly zero one-step "
            "gradient: excitation changes only the activation, and the velocity is moved by the activation from "
            "before the step, so d(hand velocity)/d(excitation) = 0 and nothing can learn. Use "
            "integrator='semi_implicit_euler' (or 'heun', 'rk4'), or static muscles: make_arm(..., activation='static')"
        )

    @property
    def unstable(self) -> str:
        """What to do about a state that is no longer finite."""
        advice = "a smaller dt" if self.integrator == "rk4" else "a smaller dt, or integrator='rk4'"
        return (
            f"the state of {self.arm.name!r} is no longer finite after a step of dt={self.dt:g} s with "
            f"{self.integrator}: choose {advice}"
        )


def step_program(simulator: Simulator, what: str, loaded: tuple[bool, bool]) -> Program:
    """What one step computes, for a simulator without numbers: "step", "step_vjp", "hand_velocity" or its vjp."""
    graph, n = Graph(), simulator.arm.n_muscles
    simulator = symbolic(graph, simulator)
    q, w, bar_q, bar_w, bar_v = (graph.pair(name) for name in ("q", "w", "bar_q", "bar_w", "bar_v"))
    a, u, bar_a = (graph.input(name, wide=True) for name in ("a", "u", "bar_a"))
    loads = {name: graph.pair(name) for name, there in zip(Loads._fields, loaded) if there}
    inputs: dict[str, Any] = {"q": q, "w": w, "a": a, "u": u, **loads}
    rows: Any = Rows(q[..., 0], q[..., 1], w[..., 0], w[..., 1], a)
    pushes: Any = {name: load.parts for name, load in loads.items()}
    after = simulator.step_rows(rows, u, RowLoads(**pushes))
    if what == "step":
        static = simulator.arm.activation_dynamics is None  # then the activation is the command
        return Program(inputs, {"q": after[:2], "w": after[2:4]} | ({} if static else {"a": after.a}), n)
    if what == "step_vjp":
        by = pullback(zip(after, (*bar_q.parts, *bar_w.parts, bar_a)), [*rows, u, *flat(loads.values())])
        outputs = {"by_q": [by[x] for x in q.parts], "by_w": [by[x] for x in w.parts]}
        outputs |= {"by_a": Wide(by[a]), "by_u": Wide(by[u])}
        outputs |= {f"by_{name}": [by[x] for x in load.parts] for name, load in loads.items()}
        return Program(inputs | {"bar_q": bar_q, "bar_w": bar_w, "bar_a": bar_a}, outputs, n)
    velocity = hand_motion(simulator.arm, after)
    if what == "hand_velocity":
        return Program(inputs, {"v": velocity}, n)
    by = pullback(zip(velocity, bar_v.parts), [u])
    return Program(inputs | {"bar_v": bar_v}, {"by_u": Wide(by[u])}, n)


def fitted(x: Array, q: Array, size: int, name: str) -> Array:
    """`x` in the dtype and with the leading axes of `q`, the state's joint angles or another array of its own."""
    expected = (*q.shape[:-1], size)
    if type(x) is type(q) and x.dtype == q.dtype and x.shape == expected:
        return x
    xp = namespace(q)
    if type(x) is not type(q):
        x = made(x, q)
    if x.dtype != q.dtype:
        x = xp.astype(x, q.dtype)
    if x.ndim == 0 or x.shape[-1] != size or x.ndim > q.ndim:
        raise ValueError(f"expected {name} of shape {expected}, got {tuple(x.shape)}")
    return x if tuple(x.shape) == expected else xp.broadcast_to(x, expected)


def _refuse_unfinite(excitations: Any) -> None:
    """Looks once at the commands of a whole movement; those of JAX and torch may be traced, and are not looked at."""
    if isinstance(excitations, np.ndarray) and not (good := np.isfinite(excitations)).all():
        place = tuple(int(i) for i in np.argwhere(~good)[0])
        raise ValueError(f"expected finite excitations, got {excitations[place]} at time step {place[0]}: {place}")


def _arrays(state: ArmState, excitation: Array, loads: Loads) -> dict[str, Array]:
    given = dict(zip(("q", "w", "a"), state)) | {"u": excitation}
    return given | {name: load for name, load in zip(Loads._fields, loads) if load is not None}


def _time_step(dt: Any) -> Any:
    """A time step as a Python float (a NumPy scalar would turn float32 into float64); one traced by JAX as it is."""
    if hasattr(dt, "dtype") and not isinstance(dt, np.ndarray | np.generic):
        return dt
    known: Any = dt if isinstance(dt, int | float | np.number) and not isinstance(dt, bool) else 0.0
    if not 0.0 < known <= LARGEST_STEP:
        raise ValueError(f"expected a time step dt above 0 and up to {LARGEST_STEP:g} s, got {dt!r}")
    return float(dt)


def _unit(xp: Any, size: int, like: Array) -> Array:
    """The unit matrix in the dtype (and on the device) of `like`."""
    return xp.eye(size, dtype=like.dtype, device=device(like))
