"""armfa/HandVelocity-v0, one arm and many."""

from typing import Literal, Unpack

from gymnasium.vector import AutoresetMode

from armfa.envs.env import ArmEnv
from armfa.envs.vector import ArmVectorEnv
from armfa.envs.world import World, WorldSettings, arm_of
from armfa.tasks import HandVelocity


class HandVelocitySettings(WorldSettings, total=False):
    """Constructor arguments of the two HandVelocity environments."""

    reward: Literal["squared", "absolute"]  # "squared" (default): -|v - v*|^2, m^2/s^2; "absolute": -|v - v*|, m/s
    target: Literal["wander", "reach", "disk"]  # "wander" (default): how v* is drawn, see armfa.tasks.HandVelocity
    hold: int  # 10: steps between new desired velocities; a goal environment keeps one for the whole episode
    speed: float | None  # m/s, of "wander" and "disk"; None: 0.8 times the arm's reach per second


def hand_velocity_world(
    *,
    reward: Literal["squared", "absolute"] = "squared",
    target: Literal["wander", "reach", "disk"] = "wander",
    hold: int = 10,
    speed: float | None = None,
    **settings: Unpack[WorldSettings],
) -> World:
    """The world of HandVelocity for these settings: see `HandVelocitySettings`."""
    arm = settings["arm"] = arm_of(settings.get("arm", "li_todorov"), settings.pop("activation", None))
    seen = arm.activation_dynamics is not None
    task = HandVelocity(kind=reward, target=target, goal_steps=hold, speed=speed, observe_activation=seen)
    return World.build(task, **settings)


class HandVelocityEnv(ArmEnv):
    """Give the hand a desired velocity that changes every 100 ms: the task of the 2014 abstract.

    Action: Box [0, 1] (6,), muscle excitations, or [-1, 1] with action_range="symmetric"; clipped.
    Observation: Box float32 (6,): joint angle (2) rad, joint velocity (2) rad/s, desired hand velocity (2) m/s; with
    activation="first_order" muscle activation (6) stands before the last.
    Angles and speeds are clipped in the observation only: 0.5 rad behind the joints' soft stops, 40 rad/s.
    Reward: -|v - v*|^2, with the desired velocity that was seen before the step. Never terminated; truncated after 100
    steps. info: "velocity_error", |v - v*| (m/s).
    """

    def __init__(self, *, render_mode: str | None = None, **settings: Unpack[HandVelocitySettings]):
        super().__init__(hand_velocity_world(**settings), render_mode)


class HandVelocityVectorEnv(ArmVectorEnv):
    """Many arms of `HandVelocityEnv`, stepped as one array program."""

    def __init__(
        self,
        num_envs: int = 1,
        *,
        max_episode_steps: int | None = 100,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        **settings: Unpack[HandVelocitySettings],
    ):
        super().__init__(hand_velocity_world(**settings), num_envs, max_episode_steps, autoreset_mode, render_mode)
