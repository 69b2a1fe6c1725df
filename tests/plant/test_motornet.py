"""The motornet_arm26 preset against a trajectory of MotorNet 0.3.0 itself, used as a black box.

Made with `pip install motornet==0.3.0` by

    torch.set_default_dtype(torch.float64)
    muscle = motornet.muscle.RigidTendonHillMuscleThelen()
    arm = motornet.effector.RigidTendonArm26(muscle=muscle, timestep=0.01).double()
    arm.reset(options={"batch_size": 1, "joint_state": torch.tensor([[0.9, 1.2, 1.0, -0.8]])})
    for command in COMMANDS: ten times arm.step(torch.tensor([command])); arm.states["joint"] after every fifth step

MotorNet pulls in each step with the lengths and velocities of the step before (that is measured: with them, and only
with them, the trajectories agree); armfa pulls with those of the step itself, which is what explicit Euler is.
"""

import dataclasses

import numpy as np
import pytest
from plant_arms import step

from armfa.plant import ArmState, make_arm, moment_arm, muscle_force, muscle_length, muscle_velocity

COMMANDS = (
    (0.322, 0.142, 0.030, 0.018, 0.409, 0.457),
    (0.307, 0.367, 0.276, 0.468, 0.410, 0.011),
    (0.430, 0.026, 0.368, 0.096, 0.433, 0.275),
    (0.157, 0.217, 0.024, 0.071, 0.339, 0.327),
)
JOINT_STATES = (  # shoulder and elbow, rad; their velocities, rad/s; at 0, 50, 100, ... 400 ms
    (0.9000000, 1.2000000, 1.0000000, -0.8000000),
    (0.9410337, 1.1692656, 0.4600738, -0.2453210),
    (0.9570066, 1.1620116, 0.1814099, -0.0850897),
    (0.9604972, 1.1441082, -0.4791193, 0.3377516),
    (0.9429442, 1.1397483, -0.3214862, -0.1303744),
    (0.9176041, 1.1792033, -0.0993712, 0.7978148),
    (0.9183932, 1.2512339, 0.2651718, 2.1145684),
    (0.9290354, 1.3630883, -0.0901965, 2.0424421),
    (0.9149116, 1.4471253, -0.5739435, 1.2312186),
)
FULL_COMMANDS = (  # up to full excitation, where MotorNet's steps of the activation end at its bound of 1
    (0.9, 1.0, 0.8, 0.9, 1.0, 0.95),
    (0.3, 0.45, 0.2, 0.35, 0.4, 0.3),
    (1.0, 0.85, 0.9, 1.0, 0.6, 0.8),
    (0.05, 0.08, 0.02, 0.04, 0.1, 0.03),
)
FULL_JOINT_STATES = (
    (0.9000000, 1.2000000, 1.0000000, -0.8000000),
    (0.8648634, 1.3081297, -1.3128581, 0.3275541),
    (0.7713185, 1.3645917, -3.1445485, 4.1055166),
    (0.6675094, 1.3930546, -2.5186549, 2.2489550),
    (0.5616541, 1.4502079, -1.6711146, -0.0111522),
    (0.4681994, 1.5066443, -1.2075837, -0.1707802),
    (0.3901516, 1.5701528, -1.3364703, 0.7506785),
    (0.3303555, 1.5942389, -1.6092522, 2.2326064),
    (0.2660331, 1.6608732, -1.0171276, 0.7360639),
)
FULL_LAST_ACTIVATION = (0.1343063, 0.1534464, 0.1102572, 0.1269154, 0.1592575, 0.1148253)
LAST_ACTIVATION = (0.1928809, 0.2184195, 0.0860862, 0.0893454, 0.3475171, 0.3269995)
FIRST_FORCE = (0.56210025, 5.09714753, 1.80385928, 1.04902983, 0.36839375, 0.61557151)  # N, at activation .001
ARM = dataclasses.replace(make_arm("motornet_arm26", activation="first_order"), limits=None)


def start():
    first = np.array(JOINT_STATES[0])
    return ArmState(first[:2], first[2:], np.full(6, 0.001))


def tension(moving, activation):
    length = muscle_length(ARM, moving.joint_angle)
    return muscle_force(ARM, length, muscle_velocity(ARM, moving.joint_angle, moving.joint_velocity), activation)


def test_tensions_are_those_of_motornet():
    assert np.allclose(tension(start(), start().activation), FIRST_FORCE, rtol=1e-6)


@pytest.mark.parametrize(
    ("commands", "states", "last", "most"),
    [(COMMANDS, JOINT_STATES, LAST_ACTIVATION, 2e-6), (FULL_COMMANDS, FULL_JOINT_STATES, FULL_LAST_ACTIVATION, 1e-5)],
    ids=["below half excitation", "up to full excitation"],
)
def test_the_trajectory_is_motornets_once_its_lag_of_one_step_is_put_in(commands, states, last, most):
    no_pull = dataclasses.replace(ARM, max_force=(0.0,) * 6)
    state = before = start()
    track = [state]
    for command in commands:
        for _ in range(10):
            torque = (moment_arm(ARM, state.joint_angle) * tension(before, state.activation)).sum(-1)
            after = step(no_pull, state, np.array(command), 0.01, integrator="euler", joint_torque=torque)
            state, before = after, state
            track.append(state)
    ours = np.array([np.concatenate(s[:2]) for s in track[::5]])
    assert np.abs(ours - states).max() < most
    assert np.abs(track[-1].activation - last).max() < 1e-6


def test_the_first_step_needs_no_lag_and_the_lag_matters_later():
    state, track = start(), []
    for command in COMMANDS:
        for _ in range(10):
            state = step(ARM, state, np.array(command), 0.01, integrator="euler")
            track.append(state)
    difference = np.abs(np.concatenate(state[:2]) - JOINT_STATES[-1])
    assert np.allclose(track[0].joint_velocity, (0.9931422, -0.7963484), atol=1e-6)
    assert 1e-3 < difference.max() < 1.0
