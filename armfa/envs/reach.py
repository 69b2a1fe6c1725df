"""armfa/Reach-v0, one arm and many."""

from typing import Literal, Unpack

from gymnasium.vector import AutoresetMode

from armfa.envs.env import ArmEnv
from armfa.envs.vector import ArmVectorEnv
from armfa.envs.world import World, WorldSettings, arm_of
from armfa.tasks import Reach


class ReachSettings(WorldSettings, total=False):
    """Constructor arguments of the two Reach environments."""

    reward: Literal["distance", "sparse"]  # "distance" (default): -|hand - target|, m; "sparse": 0 on target, else -1
    effort: float  # 0: the weight of mean(excitation^2) that is taken off the reward
    radius: float  # m, 0.01: on target
    max_speed: float  # m/s, 0.05: slow enough to hold
    hold_time: float  # s, 0.1


def reach_world(
    *,
    reward: Literal["distance", "sparse"] = "distance",
    effort: float = 0.0,
    radius: float = 0.01,
    max_speed: float = 0.05,
    hold_time: float = 0.1,
    **settings: Unpack[WorldSettings],
) -> World:
    """The world of Reach for these settings: see `ReachSettings`."""
    arm = settings["arm"] = arm_of(settings.get("arm", "li_todorov"), settings.pop("activation", None))
    task = Reach(
        kind=reward,
        effort=effort,
        radius=radius,
        max_speed=max_speed,
        hold_time=hold_time,
        observe_activation=arm.activation_dynamics is not None,
    )
    return World.build(task, **settings)


class ReachEnv(ArmEnv):
    """Bring the hand from a random posture to a random target and hold it there for 100 ms.

    Action: Box [0, 1] (6,), muscle excitations, or [-1, 1] with action_range="symmetric"; clipped.
    Observation: Box float32 (8,): joint angle (2) rad, joint velocity (2) rad/s, hand (2) m, target (2) m; with
    activation="first_order" muscle activation (6) stands before the target. Angles and speeds are clipped in the
    observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -|hand - target| (m) - effort * mean(excitation^2), or sparse: 0 on target, else -1.
    Terminated: hand within 1 cm and slower than 5 cm/s for 100 ms without a break. Truncated: after 200 steps.
    info: "distance" (m), "is_success".
    """

    def __init__(self, *, render_mode: str | None = None, **settings: Unpack[ReachSettings]):
        super().__init__(reach_world(**settings), render_mode)


class ReachVectorEnv(ArmVectorEnv):
    """Many arms of `ReachEnv`, stepped as one array program."""

    def __init__(
        self,
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = 200,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **settings: Unpack[ReachSettings],
    ):
        super().__init__(reach_world(**settings), num_envs, max_episode_steps, autoreset_mode, render_mode)
