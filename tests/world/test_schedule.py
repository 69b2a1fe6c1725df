"""Which trial is what."""

import numpy as np
import pytest

from armfa.plant import Simulator, make_arm
from armfa.tasks import Reach
from armfa.world import Fields, Schedule, World

PHASES = ((16, 0.0), (40, 1.0), (24, 0.0))


def test_phases_follow_one_another():
    schedule = Schedule(PHASES)
    np.testing.assert_array_equal(schedule.conditions, [0.0] * 16 + [1.0] * 40 + [0.0] * 24)
    assert schedule.trials == 80
    assert not schedule.channels.any()
    assert not schedule.catches.any()


def test_one_in_eight_is_a_channel_trial_without_a_field():
    schedule = Schedule(PHASES, channel_every=8)
    np.testing.assert_array_equal(schedule.channels.reshape(10, 8).sum(1), 1)
    np.testing.assert_array_equal(schedule.conditions[schedule.channels], 0.0)
    assert (schedule.conditions != 0.0).sum() == 35


def test_catch_trials_lie_in_the_field_and_are_no_channel_trials():
    schedule = Schedule(((100, 0.0), (1000, 1.0)), channel_every=8, catch_every=5)
    assert not schedule.catches[:100].any()
    assert not (schedule.catches & schedule.channels).any()
    np.testing.assert_array_equal(schedule.conditions[schedule.catches], 0.0)
    assert 150 <= schedule.catches.sum() <= 200  # of 200 drawn, those that are channel trials too fall out
    assert (Schedule(((1000, 1.0),), catch_every=5).catches.reshape(200, 5).sum(1) == 1).all()


def test_a_b_a_learns_a_field_its_opposite_and_the_first_again():
    schedule = Schedule.a_b_a(baseline=10, field=20, channel_every=None)
    np.testing.assert_array_equal(schedule.conditions, [0.0] * 10 + [1.0] * 20 + [-1.0] * 20 + [1.0] * 20)


def test_adaptation_is_baseline_field_and_wash_out_with_one_channel_trial_in_eight():
    schedule = Schedule.adaptation(baseline=8, field=16, washout=8)
    assert schedule.phases == ((8, 0.0), (16, 1.0), (8, 0.0))
    assert schedule.channels.sum() == 4


def test_the_seed_alone_says_which_trials_they_are():
    one, same, other = (Schedule(PHASES, 8, 5, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.channels, same.channels)
    assert not np.array_equal(one.channels, other.channels)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_stacked_trials_take_their_conditions(dtype):
    world = World(Simulator(make_arm()), Reach(), fields=Fields(channel=True))
    trial = world.task.sample(world.simulator, np.random.default_rng(0), 100, dtype=dtype)
    schedule = Schedule(PHASES, channel_every=8)
    moment = world.begin(schedule.applied(trial, np.arange(100)))
    np.testing.assert_array_equal(moment.trial.condition, np.append(schedule.conditions, [0.0] * 20))
    np.testing.assert_array_equal(moment.trial.channel, np.append(schedule.channels, [0.0] * 20))
    assert moment.trial.condition.dtype == moment.trial.channel.dtype == dtype


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"phases": ()}, "phases as pairs"),
        ({"phases": ((10, 1.0, 2.0),)}, "phases as pairs"),
        ({"phases": ((0, 1.0),)}, "phases as pairs"),
        ({"phases": ((2.5, 1.0),)}, "phases as pairs"),
        ({"phases": ((10, float("nan")),)}, "phases as pairs"),
        ({"phases": PHASES, "channel_every": 1}, "channel_every as a whole number of at least 2"),
        ({"phases": PHASES, "catch_every": 2.0}, "catch_every as a whole number"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        Schedule(**settings)
