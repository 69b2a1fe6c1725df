"""The arm's problem: move the hand at the wanted velocity, one time step ahead, through the muscles.

A network sees joint angles, joint velocities and the desired hand velocity, and answers with one command a muscle. The
plant turns the commands into a hand velocity; the loss is the squared distance from the desired one. The arm enters the
learner only here, as a `Loss` whose `error` is the plant's transposed Jacobian times the error of the hand.

[Lillicrap, Cownden, Tweed & Akerman 2014, abstract, fig. 2a, b]
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from armfa.arrays import Array, namespace
from armfa.compiled.graph import Graph, pullback
from armfa.compiled.program import Bound, Program, Wide
from armfa.controllers import MLP, Batch, Params, Policy, Streams
from armfa.controllers.training.doors import whole
from armfa.plant import Arm, ArmState, Simulator, hand_velocity, make_arm
from armfa.plant.description import described
from armfa.plant.traced import Traced, symbolic
from armfa.tasks import HandVelocity
from armfa.world import Moment, Senses, Trial, World
from armfa.world.program import MomentSymbols, parts

PlantFeedback = Literal["jacobian", "mean", "learned", "random"]
Matrix = tuple[tuple[float, ...], ...]

CALIBRATION = 4096
"""States that scale, mean Jacobian and babbling are taken from; drawn from a stream of their own."""


class HandVelocityLoss(NamedTuple):
    """L = cost / (2 s^2): 1/2 |v(u) - v*|^2 / s^2 with v(u) the hand velocity one step after excitation u, and effort.

    The network's output y in [-1, 1] asks for u = (1 + y)/2 (in general: the arm's excitation range). The scale s is
    what a random command changes the hand's velocity by in one step: one unit of error means the same on every arm.
    """

    world: World
    scale: float  # s, m/s
    state: ArmState
    desired: Array  # v*, (..., batch, 2), m/s
    stand_in: Matrix | None = None  # (2, n_muscles), m/s per unit excitation: used in place of J_u when given
    noise: Array | None = None  # (..., batch, n_muscles), standard normal, of motor noise; None: the world has none

    @property
    def target(self) -> Array:
        """The desired velocity in units of s, (..., 2)."""
        return self.desired * (1.0 / self.scale)

    @property
    def moment(self) -> Moment:
        """The moments from which one step is taken."""
        return one_step(self.world, self.state, self.desired)

    def task_error(self, output: Array) -> Array:
        """The error of the hand, (v - v*) / s, (..., 2)."""
        _, outcome = self.world.step(self.moment, excitation(self.world.arm, output), self.noise)
        return (outcome.achieved - self.desired) * (1.0 / self.scale)

    def squared_error(self, output: Array) -> Array:
        """|v - v*|^2 / s^2 of each sample, (...,): the loss without effort."""
        error = self.task_error(output)
        return error[..., 0] * error[..., 0] + error[..., 1] * error[..., 1]

    def value(self, output: Array) -> Array:
        """The loss of each sample, (...,)."""
        _, outcome = self.world.step(self.moment, excitation(self.world.arm, output), self.noise)
        return outcome.cost * (0.5 / (self.scale * self.scale))

    def error(self, output: Array) -> Array:
        """dL/dy = du/dy dcost/du / (2 s^2), (..., n_muscles): J_u^T (v - v*), J_u the plant's own or the stand-in."""
        arm, effort = self.world.arm, self.world.task.effort
        low, high = arm.excitation_range
        u, factor = excitation(arm, output), 0.25 * (high - low) / (self.scale * self.scale)
        if self.stand_in is None:
            return self.world.cost_gradient(self.moment, u, self.noise)[1] * factor
        _, outcome = self.world.step(self.moment, u, self.noise)
        through_plant = pulled_back(self.stand_in, (outcome.achieved - self.desired) * (2.0 * factor))
        return through_plant + u * (2.0 * effort * factor / arm.n_muscles)

    def bound(self) -> Bound | None:
        """For compiled updates: `error` as a program of what `arrays` names and the output; not with a stand-in."""
        if self.stand_in is not None:
            return None
        return error_settings(self.world, self.scale).bound(error_program)

    def arrays(self, names: Sequence[str]) -> list[Array]:
        """The arrays (..., columns) that `program` names, but for the output."""
        found: dict[str, Any] = {**parts(self.moment, names), "noise": self.noise}
        return [found[name] for name in names if name != "output"]


@dataclass(frozen=True)
class ErrorSettings(Traced):
    """The numbers of a loss that are not of a batch."""

    world: World
    scale: float


@lru_cache(maxsize=64)
def error_settings(world: World, scale: float) -> ErrorSettings:
    """The settings of a loss, made once, since what is bound to them costs 0.3 ms: a fifth of a block of updates."""
    return ErrorSettings(world, scale)


def error_program(settings: ErrorSettings) -> Program:
    """dL/dy for outputs y of a network, by the derivative of the loss itself."""
    graph, n = Graph(), settings.world.arm.n_muscles
    symbols, output = MomentSymbols(graph, settings.world), graph.input("output", wide=True)
    made = symbolic(graph, settings)
    _, outcome = made.world.substep(symbols.value, excitation(made.world.arm, output), symbols.noise)
    value = outcome.cost * (0.5 / (made.scale * made.scale))
    by = pullback({value: graph.number(1.0)}, [output])
    given = symbols.arrays | {"output": output} | ({"noise": [*symbols.noise.values()]} if symbols.noise else {})
    return Program(given, {"error": Wide(by[output])}, n)


def one_step(world: World, state: ArmState, desired: Array) -> Moment:
    """Arms in these states, with these desired hand velocities (..., 2), m/s."""
    return world.begin(Trial.of(state, desired[..., None, :]))


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

    Parameters
    ----------
    task : HandVelocity
        How states and desired velocities are drawn.
    integrator : str
        Of the step.
    effort : float
        Weight of the mean squared excitation beside the squared error, both in units of 1/2 (the loss's scale s
        is one unit of error). Without it, networks hold the arm at rest with most muscles pulling against each
        other; docs/arm.md shows what it costs in accuracy.
    plant_feedback : str
        What carries the error of the hand back to the muscles. "jacobian": the plant's own derivative in each state.
        "mean": one matrix for all states, the mean Jacobian, which way each muscle pulls on average. "learned": one
        matrix for all states, by least squares from babbling, random commands and what the hand did. "random": one
        random matrix of the mean Jacobian's size, the control that should fail.
    feedback_seed : int
        Of the babbling and of the random matrix.
    motor_noise : float
        Standard deviation of the command's noise as a share of the command, drawn for every sample, of training
        and test alike; calibration, babbling and closed loops are without it.
    test_size : int
        Samples of the test set.
    test_seed : int
        Of the test set, which is always the same.

    Raises
    ------
    ValueError
        For a task whose cost is not the squared error of the velocity, an effort that the task itself has, and a
        `plant_feedback` that there is not.
    """

    arm: Arm | str | Path = "li_todorov"  # or the name of one, or a file
    task: HandVelocity = field(default_factory=lambda: HandVelocity(target="reach"))
    dt: float = 0.01  # s
    integrator: str = "semi_implicit_euler"
    effort: float = 0.005
    plant_feedback: PlantFeedback = "jacobian"
    feedback_seed: int = 0
    motor_noise: float = 0.0
    test_size: int = 2000
    test_seed: int = 1_000_003

    def __post_init__(self) -> None:
        """Look up an arm's name; refuse what cannot be learned from."""
        if isinstance(self.arm, str | Path):
            object.__setattr__(self, "arm", make_arm(self.arm))
        if self.plant_feedback not in (known := get_args(PlantFeedback)):
            raise ValueError(f"expected plant_feedback out of {', '.join(known)}, got {self.plant_feedback!r}")
        object.__setattr__(self, "test_size", whole("test_size", self.test_size))
        if self.task.reward != "squared":
            raise ValueError(f"expected a task whose cost is |v - v*|^2, reward='squared', got {self.task.reward!r}")
        if self.task.effort or not 0.0 <= self.effort < np.inf:
            told = f"effort={self.effort} and a task with effort={self.task.effort}"
            raise ValueError(f"expected effort of 0 or more, given to the problem and not to its task, got {told}")
        self.simulator.refuse_zero_gradient()

    @cached_property
    def simulator(self) -> Simulator:
        """The arm in time."""
        assert isinstance(self.arm, Arm)
        return Simulator(self.arm, self.dt, self.integrator)

    @cached_property
    def world(self) -> World:
        """The arm in its task, with effort in units of the scale."""
        task = replace(self.task, effort=self.effort * self.scale**2)
        return World(self.simulator, task, senses=Senses(motor_noise=self.motor_noise))

    @property
    def settings(self) -> dict[str, Any]:
        """What a checkpoint must agree on."""
        return {**asdict(self), "arm": repr(self.world.arm)}

    def loss(self, rng: np.random.Generator | Streams, size: int, dtype: Any = np.float32) -> HandVelocityLoss:
        """The loss of `size` fresh states and desired velocities (a leading axis more for `Streams`)."""
        trial = self.task.sample(self.world.simulator, rng, size, dtype=dtype)
        noise = rng.standard_normal((size, self.world.normals), dtype) if self.world.noise else None
        return HandVelocityLoss(self.world, self.scale, trial.start, trial.goals[..., 0, :], self.stand_in, noise)

    def batch(self, rng: np.random.Generator | Streams, size: int) -> Batch:
        """Inputs of the network (size, n_inputs), and the loss of its outputs."""
        loss = self.loss(rng, size)
        return Batch(self.inputs(loss.state, loss.desired), loss)

    def test(self) -> Batch:
        """The held-out batch, the same for every network."""
        return self.batch(np.random.default_rng(self.test_seed), self.test_size)

    def inputs(self, state: ArmState, desired: Array) -> Array:
        """What the network sees (..., n_inputs): the task's observation, each entry brought to the order of 1."""
        return (self.task.observe(self.world.arm, state, desired) - self.scaling.offset) * self.scaling.factor

    def controller(self, network: MLP, params: Params) -> Callable[[ArmState, Array], Array]:
        """The network (or stack of networks) as a controller: (state, desired hand velocity) -> excitation."""

        def control(state: ArmState, desired: Array) -> Array:
            inputs = self.inputs(state, desired.astype(state.joint_angle.dtype))
            batch = inputs[None] if inputs.ndim == 1 else inputs  # one arm is a batch of one
            return excitation(self.world.arm, network.forward(params, batch).output).reshape(*inputs.shape[:-1], -1)

        return control

    def policy(self, network: MLP, params: Params, **about: Any) -> Policy:
        """One network as a policy from the task's observation to the excitation; `about` is kept in its file."""
        low, high = self.world.arm.excitation_range
        about = {"arm": described(self.world.arm), "dt": self.dt, "integrator": self.integrator, **about}
        offset, scale = self.scaling
        return Policy(network, params, offset, scale, 0.5 * (high + low), 0.5 * (high - low), about)

    @property
    def n_inputs(self) -> int:
        """Numbers that the network sees: 6, and the activations where the task observes them."""
        return len(self.world.sense_bounds) + 2

    @cached_property
    def calibration(self) -> tuple[ArmState, Array, Array, Array]:
        """States, random commands, the hand's velocity without them and after the step they make (float64).

        Without them the hand keeps its velocity; where activation is observed, muscles are held as active as they are.
        """
        arm, step = self.simulator.arm, self.simulator.step
        rng = np.random.default_rng(self.feedback_seed + 7_000_001)
        state = self.task.start(arm, rng.uniform(size=(CALIBRATION, self.task.start_draws(arm))))
        command = rng.uniform(arm.excitation_range[0], arm.excitation_range[1], (CALIBRATION, arm.n_muscles))
        held = state if arm.activation_dynamics is None else step(state, state.activation)
        both = held, step(state, command)
        without, after = (hand_velocity(arm, each.joint_angle, each.joint_velocity) for each in both)
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
        silent, full = self.world.arm.excitation_range
        muscles = 0 if self.world.arm.activation_dynamics is None else self.world.arm.n_muscles
        offset = [0.5 * (low + high), np.zeros(2), np.full(muscles, 0.5 * (silent + full)), np.zeros(2)]
        spread = [0.25 * (high - low), np.full(2, self.task.max_joint_speed), np.full(muscles, 0.5 * (full - silent))]
        offset, spread = np.concatenate(offset), np.concatenate([*spread, 2.0 * after.std(0)])
        return Scaling(offset.astype(np.float32), (1.0 / spread).astype(np.float32))

    @cached_property
    def mean_jacobian(self) -> np.ndarray:
        """The mean of dv/du over states and commands, (2, n_muscles), m/s per unit excitation."""
        state, command, _, _ = self.calibration
        return self.world.simulator.hand_velocity_jacobian(state, command).mean(0)

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
            matrix = np.random.default_rng(self.feedback_seed).standard_normal((2, self.world.arm.n_muscles))
            matrix = matrix * (np.linalg.norm(self.mean_jacobian) / np.linalg.norm(matrix))
        return tuple(tuple(float(x) for x in row) for row in matrix)


def babbled_matrix(state: ArmState, command: Array, before: Array, after: Array) -> np.ndarray:
    """K (2, n_muscles) of the least-squares fit after - before = K u + (an affine function of the state)."""
    known = np.concatenate([command, *state, np.ones((len(command), 1))], axis=1)
    coefficients, *_ = np.linalg.lstsq(known, after - before, rcond=None)
    return coefficients[: command.shape[1]].T
