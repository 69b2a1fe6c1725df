"""A trained controller that follows a target which may be moved at any time, in a laboratory that may be changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from armfa.controllers import Policy
from armfa.controllers.trees import tree_map
from armfa.experiments.arm.reaching import Steering, at_rest
from armfa.plant import Arm, Simulator, hand_position, inverse_kinematics
from armfa.plant.description import arm_from
from armfa.problems import problem_of
from armfa.rendering import Scene, arm_scene
from armfa.tasks import Reach, Trial
from armfa.world import Fields, Senses, World
from armfa.world.world import steps_of

TRAIL_TIME = 0.8
"""s of the hand's path that are drawn."""
TARGET_RADIUS = 0.01
"""m"""
HAND = 2
"""Place of the seen hand in what a world tells that says what its task says."""

Field = Literal["none", "curl", "viscous"]


@dataclass(frozen=True)
class Laboratory:
    """What is done to the arm, and to what its controller sees and does."""

    field: Field = "none"
    """A force field on the hand: across its velocity (to the right), or against it."""
    field_strength: float = 13.0
    """N s/m."""
    rotation: float = 0.0
    """degrees by which the hand is seen turned about the centre, counter-clockwise."""
    motor_noise: float = 0.0
    """Standard deviation of the commands, as a share of them."""
    visual_delay: float = 0.0
    """s, whole time steps, by which hand and target are seen late."""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        self.fields(Fields(field_strength=self.field_strength))  # a strength that no field has yet is looked at too
        self.senses(Senses())

    @classmethod
    def of(cls, world: World) -> "Laboratory":
        """That of a world."""
        fields, senses = world.fields, world.senses
        return cls(
            fields.field or "none", fields.field_strength, fields.rotation or 0.0, senses.motor_noise or 0.0,
            senses.visual_delay,
        )  # fmt: skip

    def fields(self, others: Fields) -> Fields:
        """The fields of its world; a field of no strength is one too, so that all share one compiled step."""
        b = self.field_strength
        matrix = {"none": ((0.0, 0.0), (0.0, 0.0)), "curl": ((0.0, b), (-b, 0.0)), "viscous": ((-b, 0.0), (0.0, -b))}
        if self.field not in matrix:
            raise ValueError(f"expected a field out of {', '.join(matrix)}, got {self.field!r}")
        return replace(others, field=None, field_matrix=matrix[self.field], rotation=self.rotation)

    def senses(self, others: Senses) -> Senses:
        """What its world tells, and how exactly commands are carried out."""
        return replace(others, motor_noise=self.motor_noise, visual_delay=self.visual_delay)

    @property
    def words(self) -> list[str]:
        """What is done now, each in a few words."""
        told = {
            f"field: {self.field}, {self.field_strength:g} N s/m": self.field != "none",
            f"the hand is seen turned by {self.rotation:g}°": self.rotation,
            f"motor noise: {100 * self.motor_noise:g} %": self.motor_noise,
            f"seen {1000 * self.visual_delay:g} ms late": self.visual_delay,
        }
        return [words for words, there in told.items() if there]


class Follower:
    """An arm whose controller follows a target that may be moved at any time.

    It is a controller of the hand's velocity, to which `Steering` says how fast to go to the target where it is seen;
    or one of a task in which the hand goes to a place, which is then where the target is.
    """

    def __init__(self, policy: Policy, steering: Steering | None = None, laboratory: Laboratory | None = None):
        about = policy.about or {}
        self.policy, self.steers = policy, "task" not in about
        if self.steers:
            if missing := [name for name in ("arm", "dt", "integrator") if name not in about]:
                raise ValueError(
                    f"expected a controller that says what it moves, and there is no {', '.join(missing)} in what it "
                    "says about itself: make it with HandVelocityProblem.policy(...)"
                )
            self._first = World(Simulator(arm_from(about["arm"]), about["dt"], about["integrator"]), Reach())
        else:
            self._first = problem_of(about).world
        self.arm: Arm = self._first.arm
        self.steering = steering or Steering.of(self.arm)
        self.center = hand_position(self.arm, np.asarray(self.arm.center_posture))
        self.rng = np.random.default_rng(0)
        self.start(laboratory or Laboratory.of(self._first))

    @property
    def dt(self) -> float:
        """From one command to the next, s."""
        return self.world.step_time

    def start(self, laboratory: Laboratory) -> None:
        """The arm at rest in its centre, in this laboratory."""
        self.change(laboratory, begin=True)

    def change(self, laboratory: Laboratory, begin: bool = False) -> None:
        """Another laboratory from now on; what had been seen and was on its way is forgotten."""
        world = replace(self._first, fields=laboratory.fields(self._first.fields),
                        senses=laboratory.senses(self._first.senses))  # fmt: skip
        self.laboratory, self.world = laboratory, world
        if not begin:
            self.moment = world.stilled(self.moment)
            return
        start = at_rest(self.arm, self.center[None])
        self.moment = world.begin(Trial.of(start, self.center.astype(np.float32)[None, None]))
        self.time, self.trail, self.memory, self.desired = 0.0, [self.center], None, None

    def follows(self) -> bool:
        """Whether the controller's goal is the place that it is given."""
        if self.world.task.goal_kind != "position" or self.world.task.n_goals > 1:
            return False
        place = self.center + 0.01
        return bool(np.allclose(self.world.goal(self._toward(place)), place, atol=1e-6))

    def workspace(self, target: np.ndarray) -> np.ndarray:
        """The target, or the place near it that the hand can take in a posture that the networks were trained in."""
        posture = inverse_kinematics(self.arm, np.asarray(target, dtype=float), clip=True)
        low, high = np.transpose(self.arm.joint_range)
        return hand_position(self.arm, np.clip(posture, low, high))

    def step(self, target: np.ndarray) -> None:
        """One time step toward a target (2,), m; an arm that is thrown out of its joints begins anew."""
        moment = self._toward(target)
        noise = self.rng.standard_normal((1, self.world.normals), np.float32) if self.world.noise else None
        command = self._command(moment)
        after, outcome = self.world.step(moment, command, noise)
        if not np.isfinite(after.arm.joint_velocity).all():
            return self.start(self.laboratory)
        self.moment, self.time, self.taken = after, self.time + self.dt, (moment, command, outcome)
        self.trail = [*self.trail[1 - self.steps_in(TRAIL_TIME) :], self.world.hand(after)[0]]

    def steps_in(self, seconds: float) -> int:
        """Time steps in that time, at least one."""
        return steps_of(seconds, self.dt)

    def scene(self, target: np.ndarray, caption: str, notes: Sequence[str] = (), hints: Sequence[str] = ()) -> Scene:
        """What it looks like now: the hand, and where it is seen if that is elsewhere."""
        here = tree_map(lambda leaf: leaf[0], self.moment.arm)
        return arm_scene(
            self.arm, here, target=target, target_radius=TARGET_RADIUS, desired_velocity=self.desired,
            trail=self.trail, time=self.time, caption=caption, notes=(*self.laboratory.words, *notes), hints=hints,
            cursor=self.cursor,
        )  # fmt: skip

    @property
    def cursor(self) -> np.ndarray | None:
        """Where the controller sees the hand (2,), m; None where that is where it is."""
        if not (self.laboratory.rotation or self.laboratory.visual_delay) or self.world.senses.sense is not None:
            return None
        return self.world.told(self.moment)[HAND][0]

    def _toward(self, target: np.ndarray) -> Any:
        """The moment with this goal, since long."""
        trial = self.moment.trial
        goals = np.asarray(target, trial.goals.dtype)[None, None]
        return self.moment._replace(trial=trial._replace(goals=goals))

    def _command(self, moment: Any) -> np.ndarray:
        if not self.steers:
            self.memory, command = self.policy.step(self.memory, self.world.observe(moment))
            return command
        angle, velocity, hand, *activation, goal = self.world.told(moment)
        desired = self.steering.toward(goal)(self.time, hand)
        self.desired = desired[0]
        return self.policy(np.concatenate([angle, velocity, *activation, desired], axis=-1))
