"""PostureHold: keep the hand where it is, whatever pushes the arm."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from armfa.arrays import Array, at_least, where
from armfa.plant import Arm, ArmState, Loads, Simulator, hand_position
from armfa.tasks.clock import began, first, since
from armfa.tasks.hand import FromCenter, Holding
from armfa.tasks.task import Moment, Trial, finite, one_of, whole
from armfa.tasks.vectors import direction, drawn

STRENGTH = 0.14
"""Default torque as a share of the arm's weight times its reach: 2.1 N m for the human arm, 0.24 N m for the monkey's,
as in studies of both."""
GRAVITY = 9.81
"""m/s^2."""


@dataclass(frozen=True)
class PostureHold(FromCenter, Holding):
    """Keep the hand where it is while a load pushes the arm at a time that is not announced.

    The load is a torque on the joints or a force on the hand, in one of several directions; it stays (a step) or lasts
    100 ms (a pulse). Of all trials one share is without a load. [Pruszynski & Scott 2012, Exp Brain Res 218:341.]

    ## Action space
    Box float32 (muscles,): excitations, [-1, 1] for none to full; `action_range="excitation"`: [0, 1]. Clipped.

    ## Observation space
    Box float32 (8,), in these units; `observation="si"`: rad, rad/s and m.

    | number | what | unit |
    |---|---|---|
    | 0, 1 | joint angles | rad |
    | 2, 3 | joint velocities | 4 rad/s |
    | 4, 5 | hand, x and y | 0.25 m |
    | (6) | with `activation="first_order"`: muscle activation | 1 |
    | last 2 | where the hand should be, x and y | 0.25 m |

    ## Reward
    -d / (d + 5 cm), d = |hand - where it should be|, less `effort` times the mean squared excitation.
    `reward="distance"`: -d, m; "sparse": 0 within `radius`, else -1.

    ## Start
    At rest in the arm's centre posture; the hand should stay where it starts.

    ## Episode end
    Terminated by success: within `radius` and slower than `max_speed` for `hold_time`, without a break, not counted
    before `recovery_time` after the load has set in. Truncated after 150 steps of 10 ms.

    ## Info
    "distance" (m), "is_success", "variant" (number of the load: its direction, counter-clockwise from the first joint
    or from the right; the last is no load), and since the load has set in "peak_distance" (m) and "recovery" (s until
    the hand is first back within `radius`, 0 before or where it never left).

    ## Arguments
    `load_kind` ("joint_torque", "hand_force"), `load_time` (s, None: a step), `directions`, `strength` (N m or N),
    `earliest`, `latest` (s, of the onset), `recovery_time`, `reward`, `effort`, `radius`, `max_speed`, `hold_time`, and
    those of every environment (`armfa.envs.open_door`).
    """

    records: ClassVar[tuple[str, ...]] = ("peak_distance", "recovery")
    episode_time: ClassVar[float] = 1.5

    hold_time: float = 0.3
    """s on target, without a break, until success."""
    load_kind: Literal["joint_torque", "hand_force"] = "joint_torque"
    """What pushes."""
    load_time: float | None = None
    """s that the load lasts (0.1: a pulse); None: it stays (a step)."""
    directions: int = 8
    """Of the load, evenly around the circle; one more trial in turn is without a load."""
    strength: float | None = None
    """N m or N; None: 0.14 times the arm's weight times its reach; as a force, with this torque at half the reach."""
    earliest: float = 0.2
    """s after the start when the load may set in."""
    latest: float = 0.4
    """s after the start when the load has set in; drawn evenly."""
    recovery_time: float = 0.5
    """s after the onset from which the hold counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("load_kind", self.load_kind, "joint_torque", "hand_force")
        for name in ("load_time", "strength"):
            value = getattr(self, name)
            finite(name, 1.0 if value is None else value, 0.0, above=True)
        whole("directions", self.directions, 1)
        finite("earliest", self.earliest, 0.0)
        finite("latest", self.latest, self.earliest)
        finite("recovery_time", self.recovery_time, 0.0)

    @property
    def variants(self) -> int:
        """The directions of the load, and none."""
        return self.directions + 1

    def goal_draws(self, arm: Arm) -> int:
        """Two: the load, and when it sets in."""
        return 2

    def goals(self, simulator: Simulator, state: ArmState, uniform: Array) -> Array:
        """Where the hand is (..., 1, 2), m."""
        return hand_position(simulator.arm, state.joint_angle)[..., None, :]

    def trial(self, simulator: Simulator, uniform: Array) -> Trial:
        """Which load, and when."""
        onset = self.earliest + (self.latest - self.earliest) * uniform[..., 1]
        return super().trial(simulator, uniform)._replace(variant=drawn(uniform[..., 0], self.variants), onset=onset)

    def load(self, simulator: Simulator, moment: Moment) -> Loads:
        """The torque or force (..., 2) of the trial, from its onset on."""
        arm, variant, onset = simulator.arm, moment.trial.variant, moment.trial.onset
        strength = self.strength
        if strength is None:
            strength = (
                STRENGTH * GRAVITY * sum(arm.skeleton.mass) * (arm.reach if self.load_kind == "joint_torque" else 2.0)
            )
        there = began(simulator, moment, onset) & (variant < self.directions)
        size = where(there, strength + 0.0 * onset, 0.0 * onset)
        if self.load_time is not None:
            size = where(began(simulator, moment, onset + self.load_time), 0.0 * onset, size)
        push = size[..., None] * direction(variant, self.directions)
        return Loads(**{self.load_kind: push})

    def on_target(self, simulator: Simulator, moment: Moment, error: Array) -> Array:
        """Whether the hand is back, and slow, late enough after the onset (...,)."""
        late = began(simulator, moment, moment.trial.onset + self.recovery_time + simulator.dt)
        return super().on_target(simulator, moment, error) & late

    def record(self, simulator: Simulator, before: Moment, after: Moment, error: Array) -> tuple[Array, ...]:
        """Peak distance and recovery since the onset."""
        peak, recovery = (before.record[..., i] for i in range(2))
        elapsed = since(simulator, after, after.trial.onset)
        peak = at_least(where(elapsed > 0.0, error, 0.0 * error), peak)
        back = (peak > self.radius) & (error <= self.radius)
        return peak, first(recovery, back, elapsed)
