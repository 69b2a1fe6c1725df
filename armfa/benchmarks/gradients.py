"""Gradients of a movement by the commands, beside MotorNet's arm: `python -m armfa.benchmarks.gradients`.

The greatest derivative of the hand's velocity (m/s) at the end by a command that is held, in places where gradients are
known to break. The same arm and step in both: MotorNet's arm26 with Thelen's muscles, 10 ms; armfa by its default
integrator, MotorNet by its own. Beside each stands what a central difference finds, which knows no autodiff.
Then the tension of one muscle, by PyTorch's autodiff in both columns: armfa's curves, and the same curves as printed.
Needs the extra `armfa[bench]`.
"""

import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from armfa.benchmarks.peers import installed
from armfa.plant import Simulator, hand_velocity, make_arm, rest_state

STEP = 0.01  # s


class Place(NamedTuple):
    """Where a gradient is asked for."""

    name: str
    angle: tuple[float, float]  # degrees
    velocity: tuple[float, float]  # rad/s
    activation: float  # at the start
    command: tuple[float, ...]  # of shoulder flexor and extensor, elbow flexor and extensor, both flexors, extensors
    steps: int


PLACES = (
    Place("one step from rest", (60.0, 90.0), (0.0, 0.0), 0.2, (0.4,) * 6, 1),
    Place("ten steps from rest", (60.0, 90.0), (0.0, 0.0), 0.2, (0.4,) * 6, 10),
    Place("ten steps, all muscles full", (60.0, 90.0), (0.0, 0.0), 0.5, (1.0,) * 6, 10),
    Place("ten steps, all muscles let go", (60.0, 90.0), (0.0, 0.0), 0.5, (0.0,) * 6, 10),
    Place("ten steps, elbow against its stop", (60.0, 5.0), (0.0, -2.0), 0.3, (0.2, 0.2, 0.1, 0.9, 0.1, 0.9), 10),
)


class Spot(NamedTuple):
    """Where a muscle curve is differentiated."""

    name: str
    arm: str
    length: float  # L0
    velocity: float  # L0/s
    activation: float
    by: int  # 0: length, 1: velocity, 2: activation


SPOTS = (
    Spot("by velocity, shortening at 0.3 L0/s", "li_todorov", 1.0, -0.3, 0.5, 1),
    Spot("by velocity, shortening at 0.62 L0/s, where the other branch has a pole", "li_todorov", 1.0, -0.62, 0.5, 1),
    Spot("by activation, a long muscle that is silent", "li_todorov", 1.4, 0.0, 0.0, 2),
    Spot("by length, a fibre shorter than nothing", "li_todorov", -0.01, 0.0, 0.5, 0),
    Spot("by velocity, a short muscle of the monkey near the curve's pole", "lillicrap_scott", 0.5, -6.57, 1.0, 1),
)


def printed(curves: Any, l: Any, v: Any, a: Any) -> Any:
    """T/Fmax of Brown & Loeb's curves as they are printed, without guards (see `BrownLoeb`)."""
    import torch

    (cv0, cv1), (av0, av1, av2) = curves.cv, curves.av
    shortening = (curves.vmax - v) / (curves.vmax + (cv0 + cv1 * l) * v)
    lengthening = (curves.bv - (av0 + av1 * l + av2 * l * l) * v) / (curves.bv + v)
    pull = torch.exp(-(torch.abs((l**curves.beta - 1) / curves.omega) ** curves.rho))
    pull = pull * torch.where(v <= 0, shortening, lengthening)
    if curves.passive is not None:
        p0, p1, p2 = curves.passive
        pull = pull + p0 * torch.exp(p1 + p2 * l)
    if curves.activation_shape is not None:
        af, nf0, nf1 = curves.activation_shape
        nf = nf0 + nf1 * (1 / l - 1)
        a = 1 - torch.exp(-((a / (af * nf)) ** nf))
    return a * pull


def slopes(spot: Spot) -> tuple[float, float]:
    """The derivative of T/Fmax there, by PyTorch's autodiff: of armfa's curves, and of the printed ones."""
    import torch

    curves: Any = make_arm(spot.arm).curves
    found = []
    for tension in (curves.tension, lambda l, v, a: printed(curves, l, v, a)):
        at = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in spot[2:5]]
        found.append(torch.autograd.grad(tension(*at), at[spot.by])[0].item())
    return found[0], found[1]


def ours(place: Place) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A command of six -> the hand's velocity at the end, and its derivatives by the command, (2, 6)."""
    arm = make_arm("motornet_arm26", activation="first_order")
    simulator = Simulator(arm, STEP, "semi_implicit_euler")
    start = rest_state(arm, np.radians(place.angle))._replace(
        joint_velocity=np.array(place.velocity), activation=np.full(6, place.activation)
    )

    def moved(command: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        states, state = [], start
        for _ in range(place.steps):
            states.append(state)
            state = simulator.step(state, command)
        velocity = hand_velocity(arm, state.joint_angle, state.joint_velocity)
        by_state = _by_state(arm, state)
        total = np.zeros((2, 6))
        for before in reversed(states):
            a, b = simulator.linearize(before, command)
            total, by_state = total + by_state @ b, by_state @ a
        return velocity, total

    return moved


def _by_state(arm, state) -> np.ndarray:
    """Derivatives of the hand's velocity by angles, velocities and activations, by complex steps."""
    flat = np.concatenate([state.joint_angle, state.joint_velocity])
    columns = []
    for k in range(4):
        moved = flat.astype(complex)
        moved[k] += 1e-30j
        columns.append(hand_velocity(arm, moved[:2], moved[2:]).imag / 1e-30)
    return np.concatenate([np.stack(columns, axis=-1), np.zeros((2, state.activation.shape[-1]))], axis=-1)


def motornets(place: Place) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The same by MotorNet and PyTorch's autodiff."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import motornet  # pyright: ignore[reportMissingImports]
        import torch

        muscle = motornet.muscle.RigidTendonHillMuscleThelen()
        arm = motornet.effector.RigidTendonArm26(muscle=muscle, timestep=STEP)
    joint = torch.tensor([[*np.radians(place.angle), *place.velocity]], dtype=torch.float32)

    def moved(command: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        def end(u):
            arm.reset(options={"batch_size": 1, "joint_state": joint})
            states: Any = arm.states
            states["muscle"] = states["muscle"].clone()
            states["muscle"][:, 0] = place.activation
            for _ in range(place.steps):
                arm.step(u[None])
            final: Any = arm.states
            return final["cartesian"][0, 2:]

        u = torch.tensor(command, dtype=torch.float32)
        return end(u).detach().numpy(), torch.autograd.functional.jacobian(end, u).numpy()

    return moved


def difference(moved: Callable, command: np.ndarray, eps: float) -> np.ndarray:
    """Central differences, inward at the ends of the range."""
    columns = []
    for k in range(6):
        ahead, behind = command.copy(), command.copy()
        ahead[k], behind[k] = min(command[k] + eps, 1.0), max(command[k] - eps, 0.0)
        columns.append((moved(ahead)[0] - moved(behind)[0]) / (ahead[k] - behind[k]))
    return np.stack(columns, axis=-1)


def main() -> int:
    """Prints the table."""
    if not installed("motornet", "torch"):
        print('expected motornet and torch: pip install "armfa[bench]"', file=sys.stderr)
        return 1
    print(f"{'':36s}{'armfa':>24s}{'MotorNet':>24s}")
    print(f"{'m/s per unit of excitation':36s}{'gradient':>12s}{'difference':>12s}{'gradient':>12s}{'difference':>12s}")
    for place in PLACES:
        command, numbers = np.array(place.command), []
        for make, eps in ((ours, 1e-6), (motornets, 1e-2)):  # float64, float32
            moved = make(place)
            numbers += [np.abs(moved(command)[1]).max(), np.abs(difference(moved, command, eps)).max()]
        print(f"{place.name:36s}" + "".join(f"{x:12.4g}" for x in numbers))
    print(f"\n{'tension of a muscle, in Fmax, differentiated':72s}{'armfa':>12s}{'as printed':>12s}")
    for spot in SPOTS:
        print(f"{spot.name:72s}" + "".join(f"{x:12.4g}" for x in slopes(spot)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
