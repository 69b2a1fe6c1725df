"""The arm's problem: move the hand at the wanted velocity, one time step ahead, through the muscles.

A network sees joint angles, joint velocities and the desired hand velocity, and answers with one command a muscle. The
plant turns the commands into a hand velocity; the loss is the squared distance from the desired one. The arm enters the
learner only here, as a `Loss` whose `error` is the plant's transposed Jacobian times the error of the hand.

[Lillicrap, Cownden, Tweed & Akerman 2014, abstract, fig. 2a, b]
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from armfa.arrays import Array, namespace
from armfa.controllers import MLP, Batch, Params, Policy, Streams
from armfa.plant import Arm, ArmState, hand_velocity, hand_velocity_jacobian, hand_velocity_vjp, make_arm, step
from armfa.tasks import HandVelocity

PlantFeedback = Literal["jacobian", "mean", "learned", "random"]
Matrix = tuple[tuple[float, ...], ...]

CALIBRATION = 4096
"""States that scale, mean Jacobian and babbling are taken from; drawn from a stream of their own."""


class HandVelocityLoss(NamedTuple):
    """L = 1/2 |v(u) - v*|^2 / s^2, with v(u) the hand velocity one step after excitation u.

    The network's output y in [-1, 1] asks for u = (1 + y)/2 (in general: the arm's excitation range). The scale s is
    what a random command changes the hand's velocity by in one step: one unit of error means the same on every arm.
    """

    arm: Arm
    dt: float  # s
    integrator: str
    scale: float  # s, m/s
    state: ArmState
    desired: Array  # v*, (..., batch, 2), m/s
    stand_in: Matrix | None = None  # (2, n_muscles), m/s per unit excitation: used in place of J_u when given

    @property
    def target(self) -> Array:
        """The desired velocity in units of s, (..., 2)."""
        return self.desired * (1.0 / self.scale)

    def hand_velocity(self, output: Array) -> Array:
        """The hand's velocity after the step, (..., 2), m/s."""
        following = step(self.arm, self.state, excitation(self.arm, output), self.dt, integrator=self.integrator)
        return hand_velocity(self.arm, following.joint_angle, following.joint_velocity)

    def task_error(self, output: Array) -> Array:
        """The error of the hand, (v - v*) / s, (..., 2)."""
        return (self.hand_velocity(output) - self.desired) * (1.0 / self.scale)

    def value(self, output: Array) -> Array:
        """The loss of each sample, (...,)."""
        error = self.task_error(output)
        return 0.5 * (error[..., 0] * error[..., 0] + error[..., 1] * error[..., 1])

    def error(self, output: Array) -> Array:
        """dL/dy = du/dy J_u^T (v - v*) / s^2, (..., n_muscles), with J_u the plant's own or the matrix in its place."""
        low, high = self.arm.excitation_range
        factor = 0.5 * (high - low) / (self.scale * self.scale)
        if self.stand_in is not None:
            return pulled_back(self.stand_in, (self.hand_velocity(output) - self.desired) * factor)
        u = excitation(self.arm, output)
        velocity, pullback = hand_velocity_vjp(self.arm, self.state, u, self.dt, integrator=self.integrator)
        return pullback((velocity - self.desired) * factor)


def excitation(arm: Arm, output: Array) -> Array:
    """Outputs in [-1, 1] as excitations over the arm's range, (..., n_muscles)."""
    low, high = arm.excitation_range
    return 0.5 * (high + low) + (0.5 * (high - low)) * output


def pulled_back(matrix: Matrix, error: Array) -> Array:
    """K^T e, (..., n), for a matrix of shape (2, n) and errors (..., 2)."""
    first, second = namespace(error).asarray(matrix, dtype=error.dtype)
    return error[..., 0:1] * first + error[..., 1:2] * second


class Scaling(NamedTuple):
    """How observations become inputs of the network: (observation - offset) * factor, each of shape (n_inputs,)."""

    offset: Array
    factor: Array


@dataclass(frozen=True)
class HandVelocityProblem:
    """Random states of the arm, each with a desired hand velocity one step ahead.

    plant_feedback : what carries the error of the hand back to the muscles.
        "jacobian"  the plant's own derivative in each state
        "mean"      one matrix for all states, the mean Jacobian: which way each muscle pulls, on average
        "learned"   one matrix for all states, by least squares from babbling: random commands and what the hand did
        "random"    one random matrix of the mean Jacobian's size: the control that should fail
    feedback_seed : of the babbling and of the random matrix.
    """

    arm: Arm = field(default_factory=make_arm)
    task: HandVelocity = field(default_factory=HandVelocity)
    dt: float = 0.01  # s
    integrator: str = "semi_implicit_euler"
    plant_feedback: PlantFeedback = "jacobian"
    feedback_seed: int = 0
    test_size: int = 2000
    test_seed: int = 1_000_003

    def __post_init__(self) -> None:
        """Refuse an unknown kind of feedback."""
        if self.plant_feedback not in (known := get_args(PlantFeedback)):
            raise ValueError(f"expected plant_feedback out of {', '.join(known)}, got {self.plant_feedback!r}")

    @property
    def settings(self) -> dict[str, Any]:
        """What a checkpoint must agree on."""
        return {**asdict(self), "arm": repr(self.arm)}

    def loss(self, rng: np.random.Generator | Streams, size: int, dtype: Any = np.float32) -> HandVelocityLoss:
        """The loss of `size` fresh states and desired velocities (a leading axis more for `Streams`)."""
        state, desired = self.task.sample(self.arm, rng, size, dt=self.dt, integrator=self.integrator, dtype=dtype)
        return HandVelocityLoss(self.arm, self.dt, self.integrator, self.scale, state, desired, self.stand_in)

    def batch(self, rng: np.random.Generator | Streams, size: int) -> Batch:
        """Inputs of the network (size, n_inputs), and the loss of its outputs."""
        loss = self.loss(rng, size)
        return Batch(self.inputs(loss.state, loss.desired), loss)

    def test(self) -> Batch:
        """The held-out batch, the same for every network."""
        return self.batch(np.random.default_rng(self.test_seed), self.test_size)

    def inputs(self, state: ArmState, desired: Array) -> Array:
        """What the network sees (..., n_inputs): the task's observation, each entry brought to the order of 1."""
        return (self.task.observe(self.arm, state, desired) - self.scaling.offset) * self.scaling.factor

    def controller(self, network: MLP, params: Params) -> Callable[[ArmState, Array], Array]:
        """The network (or stack of networks) as a controller: (state, desired hand velocity) -> excitation."""

        def control(state: ArmState, desired: Array) -> Array:
            inputs = self.inputs(state, desired.astype(state.joint_angle.dtype))
            batch = inputs[None] if inputs.ndim == 1 else inputs  # one arm is a batch of one
            return excitation(self.arm, network.forward(params, batch).output).reshape(*inputs.shape[:-1], -1)

        return control

    def policy(self, network: MLP, params: Params, **about: Any) -> Policy:
        """One network as a policy from the task's observation to the excitation; `about` is kept in its file."""
        low, high = self.arm.excitation_range
        activation = "static" if self.arm.activation_dynamics is None else "first_order"
        about = {"arm": self.arm.name, "activation": activation, "dt": self.dt, "integrator": self.integrator, **about}
        offset, scale = self.scaling
        return Policy(network, params, offset, scale, 0.5 * (high + low), 0.5 * (high - low), about)

    @property
    def n_inputs(self) -> int:
        """Numbers that the network sees: 6, and the activations where the task observes them."""
        return len(self.task.sense_bounds(self.arm)) + 2

    @cached_property
    def calibration(self) -> tuple[ArmState, Array, Array, Array]:
        """States, random commands, the hand's velocity without them and after the step they make (float64).

        Without them the hand keeps its velocity; where activation is observed, muscles are held as active as they are.
        """
        rng = np.random.default_rng(self.feedback_seed + 7_000_001)
        state = self.task.start(self.arm, rng.uniform(size=(CALIBRATION, self.task.start_draws(self.arm))))
        low, high = self.arm.excitation_range
        command = rng.uniform(low, high, (CALIBRATION, self.arm.n_muscles))
        following = step(self.arm, state, command, self.dt, integrator=self.integrator)
        held = state
        if self.task.observe_activation:
            held = step(self.arm, state, state.activation, self.dt, integrator=self.integrator)
        without, after = (hand_velocity(self.arm, each.joint_angle, each.joint_velocity) for each in (held, following))
        return state, command, without, after

    @cached_property
    def scale(self) -> float:
        """What a random command changes the hand's velocity by in one step, rms over states and commands, m/s."""
        _, _, without, after = self.calibration
        return float(np.sqrt(np.mean(np.sum((after - without) ** 2, axis=-1))))

    @cached_property
    def scaling(self) -> Scaling:
        """Angles over a quarter of their range, joint speeds over the largest, velocities over twice their sd.

        Activation, where it is observed, over half of its range.

        Posture is what the muscles' effect bends with; at half this size, feedback alignment ends 10 % worse.
        """
        state, _, _, after = self.calibration
        low, high = state.joint_angle.min(0), state.joint_angle.max(0)
        silent, full = self.arm.excitation_range
        muscles = self.arm.n_muscles if self.task.observe_activation else 0
        offset = [0.5 * (low + high), np.zeros(2), np.full(muscles, 0.5 * (silent + full)), np.zeros(2)]
        spread = [0.25 * (high - low), np.full(2, self.task.max_joint_speed), np.full(muscles, 0.5 * (full - silent))]
        offset, spread = np.concatenate(offset), np.concatenate([*spread, 2.0 * after.std(0)])
        return Scaling(offset.astype(np.float32), (1.0 / spread).astype(np.float32))

    @cached_property
    def mean_jacobian(self) -> np.ndarray:
        """The mean of dv/du over states and commands, (2, n_muscles), m/s per unit excitation."""
        state, command, _, _ = self.calibration
        return hand_velocity_jacobian(self.arm, state, command, self.dt, integrator=self.integrator).mean(0)

    @cached_property
    def stand_in(self) -> Matrix | None:
        """The matrix that replaces the Jacobian, or None for the plant's own."""
        if self.plant_feedback == "jacobian":
            return None
        if self.plant_feedback == "learned":
            matrix = babbled_matrix(*self.calibration)
        elif self.plant_feedback == "mean":
            matrix = self.mean_jacobian
        else:
            matrix = np.random.default_rng(self.feedback_seed).standard_normal((2, self.arm.n_muscles))
            matrix = matrix * (np.linalg.norm(self.mean_jacobian) / np.linalg.norm(matrix))
        return tuple(tuple(float(x) for x in row) for row in matrix)


def babbled_matrix(state: ArmState, command: Array, before: Array, after: Array) -> np.ndarray:
    """K (2, n_muscles) of the least-squares fit after - before = K u + (an affine function of the state)."""
    known = np.concatenate([command, *state, np.ones((len(command), 1))], axis=1)
    coefficients, *_ = np.linalg.lstsq(known, after - before, rcond=None)
    return coefficients[: command.shape[1]].T
