import numpy as np
import pytest
from plant_arms import STATIC, name_of

from armfa.plant import elbow_position, hand_position, inverse_kinematics, make_arm


@pytest.mark.parametrize("arm", STATIC, ids=name_of)
def test_inverse_kinematics_finds_the_elbow_flexed_posture(arm):
    rng = np.random.default_rng(0)
    angle = np.stack([rng.uniform(-3, 3, 200), rng.uniform(0.01, 3.1, 200)], axis=-1)
    assert np.allclose(inverse_kinematics(arm, hand_position(arm, angle)), angle, atol=1e-9)
    assert np.allclose(inverse_kinematics(arm, hand_position(arm, angle[0])), angle[0], atol=1e-9)


def test_points_out_of_reach_are_refused_or_clipped_on_request():
    arm = make_arm()
    far = np.array([[0.0, 2.0], [0.1, 0.3]])
    with pytest.raises(ValueError, match=r"between 0\.030 and 0\.630 m"):
        inverse_kinematics(arm, far)
    clipped = hand_position(arm, inverse_kinematics(arm, far, clip=True))
    assert np.allclose(clipped, [[0.0, 0.63], [0.1, 0.3]])
    near = hand_position(arm, inverse_kinematics(arm, np.array([0.01, 0.0]), clip=True))
    assert np.allclose(near, [0.03, 0.0])


def test_published_hand_position_at_the_monkeys_centre():
    arm = make_arm("lillicrap_scott")
    assert np.allclose(hand_position(arm, np.array(arm.center_posture)), (-0.006, 0.332), atol=5e-4)


def test_kinematics_keep_float32_and_any_leading_axes():
    arm = make_arm()
    angle = np.ones((2, 3, 4, 2), np.float32)
    for f in (hand_position, elbow_position):
        assert f(arm, angle).dtype == np.float32
        assert f(arm, angle).shape == angle.shape
        assert (f(arm, angle)[1, 2, 3] == f(arm, angle[1, 2, 3])).all()
    assert inverse_kinematics(arm, hand_position(arm, angle)).dtype == np.float32


def test_the_straight_arm_reaches_as_far_as_it_says():
    for arm in STATIC:
        assert np.allclose(hand_position(arm, np.zeros(2)), (arm.reach, 0.0))
