"""What every task answers, so that one world serves them all."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from armfa.arrays import Array, namespace, where
from armfa.plant import Arm, ArmState, Loads, Simulator
from armfa.plant.simulator import NO_LOADS
from armfa.tasks.vectors import length

ANGLE_SLACK = 0.5
"""rad: observed angles are clipped this far behind the soft stops."""
JOINT_SPEED_BOUND = 40.0
"""rad/s: observed joint speeds are clipped here, at the environment's door only; the arm itself may be faster."""
NEVER = 1e9
"""s: the onset of what does not come in this trial."""
EVALUATION_SEED = 2014
"""Of the frozen trials of every task."""
JOINT_UNITS = (1.0, 1.0, 4.0, 4.0)
"""rad and rad/s: the units in which environments show joint angles and velocities."""


class Trial(NamedTuple):
    """What is drawn once for an episode."""

    start: ArmState  # of the arm
    goals: Array  # (..., k, 2) in the order in which they are to be reached
    condition: Array  # (...,) how much of the world's loads and rotation acts: 1 in full, 0 nothing, -1 reversed
    variant: Array  # (...,) number of the task's condition: which target, which load
    onset: Array  # (...,) s after the start: the go, or when a load sets in; NEVER where it does not come
    channel: Any = ()  # (...,) 1 where the world's channel leads the hand, if it has one, else 0; (): 1

    @classmethod
    def of(cls, start: ArmState, goals: Array, **more: Array) -> "Trial":
        """A trial with this start and these goals; condition is 1, the rest 0, where not given."""
        none = 0.0 * start.joint_angle[..., 0]
        return cls(**({"start": start, "goals": goals, "condition": none + 1.0, "variant": none, "onset": none} | more))


class Moment(NamedTuple):
    """All that an episode remembers."""

    arm: ArmState  # where the arm is
    trial: Trial  # what was drawn for the episode
    steps: Array  # (...,) of the simulator since the start; times its dt: the time
    stage: Array  # (...,) goals that were reached and left behind
    held: Array  # (...,) steps on the present goal in a row
    record: Array  # (..., k) what the task measures, in the order of its `records`
    line: Any = ()  # what the senses have gathered and not yet told: a tree of arrays; () where they tell all at once


class Task(ABC):
    """Settings of a task: a frozen dataclass whose fields are also the constructor arguments of its environments.

    Its methods are pure and batch-first: arrays (..., 2), (..., n), or (...,) of any library, written with arithmetic
    and the functions of `armfa.arrays` (`where` in place of `if`), so that one source serves NumPy, JAX and compiled
    code.
    Random numbers are handed in as uniforms in [0, 1). A goal is a point in hand space: a position (m) or a velocity
    (m/s) or a force (N), as `goal_kind` says.

    What goes on in an episode is told from the moment: `moment.steps` times `simulator.dt` is the time. A moving goal
    (`goal`), a push (`load`), a cue (`cues`) and a measure (`record`) are functions of both.
    """

    goal_kind: ClassVar[Literal["position", "velocity", "force"]] = "position"
    error_name: ClassVar[str] = "distance"
    """The name under which the distance between hand and goal stands in Gymnasium's `info`."""
    n_goals: ClassVar[int] = 1
    """Goals of one episode, one after the other."""
    passes: ClassVar[bool] = False
    """Whether all goals but the last are reached as soon as the hand is on them, without a hold."""
    fixed_goal: ClassVar[bool] = True
    """Whether the goal stays the same and what is compared with it is seen, so that it can be another in hindsight."""
    goal_unit: ClassVar[float] = 1.0
    """m, m/s or N: the unit in which environments show goals and achievements, a power of two."""
    records: ClassVar[tuple[str, ...]] = ()
    """What is measured in an episode, under these names in `info`."""
    judged: ClassVar[bool] = False
    """Whether `passed` says when an episode has succeeded, in a task without a `hold_time`."""
    episode_time: ClassVar[float] = 1.0
    """s: the time limit of its environments, in steps of 10 ms."""

    hold: int | None = None
    """Steps after which new goals are drawn; None keeps them for the whole episode."""
    hold_time: float | None = None
    """s on a goal after which it counts as reached; None: the task never ends by itself."""
    effort: float = 0.0
    """Cost of one unit of mean squared excitation."""

    @abstractmethod
    def start_draws(self, arm: Arm) -> int:
        """How many uniform numbers one start takes."""

    @abstractmethod
    def goal_draws(self, arm: Arm) -> int:
        """How many uniform numbers the goals take."""

    @abstractmethod
    def start(self, arm: Arm, uniform: Array) -> ArmState:
        """The arm at the start of an episode, from uniform (..., start_draws)."""

    @abstractmethod
    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Goals (..., n_goals, 2) for an arm in `state`, from uniform (..., goal_draws)."""

    @abstractmethod
    def achieved(self, arm: Arm, state: ArmState) -> Array:
        """What the goal is compared with (..., 2): the hand's position or velocity."""

    @abstractmethod
    def senses(self, arm: Arm, state: ArmState, achieved: Array) -> tuple[Array, ...]:
        """What is observed besides the goal, as arrays (..., k)."""

    @abstractmethod
    def sense_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Lower and upper bound of every number in `senses`, in order."""

    def sense_units(self, arm: Arm) -> list[float]:
        """The unit in which environments show each number in `senses`, a power of two, so that no bit is lost.

        Learners from elsewhere want numbers of size one or so. The controllers of this package see SI units.
        """
        return [1.0] * len(self.sense_bounds(arm))

    @abstractmethod
    def goal_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Lower and upper bound of a goal and of what is achieved."""

    @abstractmethod
    def cost(self, error: Array) -> Array:
        """The cost (...,) of ending a step `error` (...,) away from the goal; effort is added by the world."""

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the arm is where it should be (...,); a goal is reached after `hold_time` of it without a break."""
        return error < 0.0

    def passed(self, simulator: Simulator, moment: Moment) -> Array:
        """Whether the episode is over and was a success (...,), where the task is `judged`."""
        return moment.steps < 0.0

    def goal(self, simulator: Simulator, moment: Moment) -> Array:
        """The goal that is pursued now (..., 2): what the state after the next step is compared with."""
        goals = moment.trial.goals
        now = goals[..., 0, :]
        for number in range(1, self.n_goals):
            now = where((moment.stage >= float(number))[..., None], goals[..., number, :], now)
        return now

    def load(self, simulator: Simulator, moment: Moment) -> Loads:
        """What acts on the arm during the next step: a force field, a push."""
        return NO_LOADS

    def constrained(self, moment: Moment, state: ArmState) -> ArmState:
        """The state after a step as what holds the arm leaves it."""
        return state

    def cues(self, simulator: Simulator, moment: Moment) -> tuple[Array, ...]:
        """What else is seen now, between `senses` and the goal, as arrays (..., k): a go, the next goal, a clock."""
        return ()

    def cue_bounds(self, arm: Arm) -> list[tuple[float, float]]:
        """Lower and upper bound of every number in `cues`, in order."""
        return []

    def cue_units(self, arm: Arm) -> list[float]:
        """As `sense_units`, of `cues`."""
        return [1.0] * len(self.cue_bounds(arm))

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """The measures (...,) after a step, one for each of `records`; `before.record` has those before it."""
        return ()

    def pending(self, moment: Moment) -> Array:
        """What the goals to come cost in each step (...,), so that it pays to get to them."""
        return 0.0 * moment.stage

    @property
    def variants(self) -> int:
        """How many conditions the task has, which the first number drawn for a trial chooses; 0: none."""
        return 0

    def cursor(self, moment: Moment, achieved: Array) -> Array:
        """Where the hand is shown (..., 2), which may not be where it is."""
        return achieved

    # what follows from these

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """One episode's start and goals, from uniform (..., start_draws + goal_draws)."""
        draws = self.start_draws(simulator.arm)
        start = self.start(simulator.arm, uniform[..., :draws])
        return Trial.of(start, self.goals(simulator, start, uniform[..., draws:]))

    def evaluation(self, simulator: Simulator, size: int = 64) -> Trial:
        """The frozen trials by which controllers are compared, leaves (size, ...): always the same, conditions in turn.

        The first trials of a larger set are those of a smaller one.

        Parameters
        ----------
        simulator : Simulator
            Arm and time step.
        size : int
            How many.

        Returns
        -------
        Trial
            Leaves (size, ...).
        """
        draws = self.start_draws(simulator.arm) + self.goal_draws(simulator.arm)
        uniform = np.random.default_rng(EVALUATION_SEED).random((size, draws))
        if self.variants:
            uniform[:, 0] = (np.arange(size) % self.variants + 0.5) / self.variants
        return self.trial(simulator, uniform)

    def error(self, achieved: Array, goal: Array) -> Array:
        """Distance (...,) between what is achieved and the goal, both (..., 2)."""
        return length(achieved - goal)

    def observe(self, arm: Arm, state: ArmState, goal: Array, achieved: Array | None = None) -> Array:
        """The observation (..., n) in SI units: `senses`, then the goal.

        Parameters
        ----------
        arm : Arm
            Its constants.
        state : ArmState
            Leaves (..., 2), (..., 2) and (..., n).
        goal : Array (..., 2)
            m, m/s or N.
        achieved : Array (..., 2), optional
            Saves computing it again where the caller has it.

        Returns
        -------
        Array (..., k)
            SI units.
        """
        achieved = self.achieved(arm, state) if achieved is None else achieved
        return namespace(goal, state.joint_angle).concat([*self.senses(arm, state, achieved), goal], axis=-1)

    def sample(self, simulator: Simulator, rng: Any, size: int, *, dtype: type = np.float64) -> Trial:
        """Fresh trials for `size` arms, leaves (size, ...).

        Parameters
        ----------
        simulator : Simulator
            Arm and time step.
        rng : Generator or Streams
            What draws; `Streams` of S generators: a leading axis of S.
        size : int
            How many.
        dtype : type
            Of the numbers.

        Returns
        -------
        Trial
            Leaves (size, ...).
        """
        draws = self.start_draws(simulator.arm) + self.goal_draws(simulator.arm)
        return self.trial(simulator, rng.uniform(0.0, 1.0, (size, draws)).astype(dtype))


def joint_bounds(arm: Arm) -> list[tuple[float, float]]:
    """Bounds of the two joint angles (rad), then of the two joint velocities (rad/s), as observed."""
    angles = [(low - ANGLE_SLACK, high + ANGLE_SLACK) for low, high in arm.stops]
    return [*angles, (-JOINT_SPEED_BOUND, JOINT_SPEED_BOUND), (-JOINT_SPEED_BOUND, JOINT_SPEED_BOUND)]


def activation_bounds(arm: Arm) -> list[tuple[float, float]]:
    """Bounds of the activations, which are observed where muscles have a state of their own."""
    return [] if arm.activation_dynamics is None else [arm.excitation_range] * arm.n_muscles


def seen_activation(arm: Arm, state: ArmState) -> tuple[Array, ...]:
    """The activations (..., n) where muscles have a state of their own; of static muscles nothing."""
    return () if arm.activation_dynamics is None else (state.activation,)


def one_of(name: str, value: Any, *names: Any) -> None:
    """Refuses a word that is not among those known."""
    if value not in names:
        raise ValueError(f"expected {name} {' or '.join(map(repr, names))}, got {value!r}")


def finite(name: str, value: Any, low: float, *, above: bool = False) -> None:
    """Refuses what is no finite number of at least (or above) `low`."""
    good = isinstance(value, int | float | np.number) and not isinstance(value, bool) and np.isfinite(value)
    if not good or value < low or (above and value == low):
        raise ValueError(f"expected a finite {name} {'above' if above else 'of at least'} {low:g}, got {value!r}")


def whole(name: str, value: Any, low: int) -> None:
    """Refuses what is no whole number of at least `low`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
        raise ValueError(f"expected {name} as a whole number of at least {low}, got {value!r}")
