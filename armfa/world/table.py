"""A rollout as a tidy table: one row per trial and time step, one column per quantity, its unit in its name."""

import numpy as np

from armfa.plant import hand_velocity, inside
from armfa.world.ilqr import Plan
from armfa.world.world import Rollout, World

GOAL_UNITS = {"position": "m", "velocity": "m_per_s", "force": "N"}
"""Of goals and errors, by what the goal is."""


def table(world: World, run: Rollout | Plan) -> dict[str, np.ndarray]:
    """The columns of a rollout, each (trials * (steps + 1),), trial after trial.

    A row is a moment: the arm's state then, what its muscles do in it, and where the goal is; beside it the command
    that is held from there on, and the error, the cost and the success of the step that begins there. The last row of a
    trial has no command: these are NaN.

    | columns | what | unit |
    |---|---|---|
    | trial, time_s | number of the trial, from 0; time since its start | s |
    | shoulder_angle_rad, elbow_velocity_rad_per_s, ... | joints, flexion positive | rad, rad/s |
    | hand_x_m, hand_velocity_x_m_per_s, ... | the hand, from the shoulder | m, m/s |
    | goal_x_m, ... | the goal pursued; of velocities in m_per_s, of forces in N | m |
    | shoulder_torque_Nm, ... | of all muscles together | N m |
    | excitation_MUSCLE, activation_MUSCLE | the command, and the muscle's state | 1 |
    | length_MUSCLE_L0, velocity_MUSCLE_L0_per_s | in optimal lengths; lengthening positive | L0, L0/s |
    | force_MUSCLE_N | tension; of a torque motor its torque, N m | N |
    | moment_arm_shoulder_MUSCLE_m, ... | flexion positive | m |
    | error_m, cost, success | of the step; the task's cost with its effort | m |

    Parameters
    ----------
    world : World
        In which the rollout was made.
    run : Rollout
        Of `armfa.world.rollout`, or a `Plan`; NumPy arrays, with batch axes or without.

    Returns
    -------
    dict of str to Array
        What `pandas.DataFrame` and `armfa.reports.tables.write_columns(path, ...)` take.
    """
    moments, arm = run.moments, world.arm
    steps, batch = np.shape(run.commands)[0], np.shape(run.commands)[1:-1]
    count = int(np.prod(batch))

    def column(values: np.ndarray) -> np.ndarray:
        """A value per moment or per step (steps [+ 1], ...), trial after trial; NaN where there is none."""
        values = np.broadcast_to(values, (len(values), *batch)).reshape(len(values), count)
        if len(values) == steps:
            values = np.concatenate([1.0 * values, np.full((1, count), np.nan)])
        return values.T.reshape(-1)

    def pair(names: tuple[str, str], values: np.ndarray) -> dict[str, np.ndarray]:
        return {name: column(values[..., i]) for i, name in enumerate(names)}

    unit, state, found = GOAL_UNITS[world.task.goal_kind], moments.arm, inside(arm, moments.arm)
    q, w = state.joint_angle, state.joint_velocity
    columns = {
        "trial": np.repeat(np.arange(count), steps + 1),
        "time_s": column(np.asarray(moments.steps, np.float64) * world.simulator.dt),
        **pair(("shoulder_angle_rad", "elbow_angle_rad"), q),
        **pair(("shoulder_velocity_rad_per_s", "elbow_velocity_rad_per_s"), w),
        **pair(("hand_x_m", "hand_y_m"), world.hand(moments)),
        **pair(("hand_velocity_x_m_per_s", "hand_velocity_y_m_per_s"), hand_velocity(arm, q, w)),
        **pair((f"goal_x_{unit}", f"goal_y_{unit}"), world.goal(moments)),
        **pair(("shoulder_torque_Nm", "elbow_torque_Nm"), found.joint_torque),
    }
    muscles = {
        "excitation_{}": run.commands,
        "activation_{}": found.activation,
        "length_{}_L0": found.muscle_length,
        "velocity_{}_L0_per_s": found.muscle_velocity,
        "force_{}_N": found.tension,
        "moment_arm_shoulder_{}_m": found.moment_arm[..., 0, :],
        "moment_arm_elbow_{}_m": found.moment_arm[..., 1, :],
    }
    for form, values in muscles.items():
        columns |= {
            form.format(name.replace(" ", "_")): column(values[..., i]) for i, name in enumerate(arm.muscle_names)
        }
    outcomes = run.outcomes
    return columns | {
        f"error_{unit}": column(outcomes.error),
        "cost": column(outcomes.cost),
        "success": column(outcomes.success),
    }
