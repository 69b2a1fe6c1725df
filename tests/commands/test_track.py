"""`armfa track`: a movement that an arm has made is made again, and what no arm can do is refused."""

import csv

import numpy as np
import pytest

from armfa.cli import main
from armfa.commands.movement_file import LONGEST, read_movement, refuse_out_of_reach
from armfa.plant import ArmState, Simulator, hand_position, make_arm, rest_state
from armfa.reports.tables import write_columns

ARM = make_arm("li_todorov")
DT, STEPS = 0.01, 30


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """To compile would take longer than to run the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def made():
    """Where the hand of an arm goes under slowly changing excitations."""
    time = DT * np.arange(STEPS)
    excitations = 0.15 + 0.1 * np.sin(2.0 * np.pi * time[:, None] / 0.3 + np.arange(6))
    states = Simulator(ARM, DT).rollout(rest_state(ARM, np.array(ARM.center_posture)), excitations)
    return DT * np.arange(STEPS + 1), hand_position(ARM, states.joint_angle)


def write(path, time, hand, names=("time_s", "x_m", "y_m")):
    write_columns(path, dict(zip(names, (time, *hand.T))))
    return path


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def tracked(tmp_path_factory, uncompiled):
    folder = tmp_path_factory.mktemp("tracked")
    file = write(folder / "made.csv", *made())
    flags = ["--out", str(folder / "run"), "--rounds", "4", "--frame-size", "64", "--frames-per-second", "10"]
    assert main(["track", str(file), *flags]) == 0
    return folder / "run"


def test_a_movement_of_an_arm_is_made_again_to_a_tenth_of_a_millimetre(tracked):
    assert sorted(x.name for x in tracked.iterdir()) == [
        "movement.csv", "settings.json", "table.csv", "tracking.gif", "tracking.png",
    ]  # fmt: skip
    told, columns = read(tracked / "table.csv"), read(tracked / "movement.csv")
    hand = np.stack([columns["hand_x_m"], columns["hand_y_m"]], axis=-1)
    miss = 1e3 * np.linalg.norm(hand - made()[1], axis=-1)[1:]
    assert miss.max() < 0.1
    np.testing.assert_allclose(told["largest_error_mm"], miss.max(), rtol=1e-3)
    np.testing.assert_allclose(told["rms_error_mm"], np.sqrt((miss**2).mean()), rtol=1e-3)


def test_the_commands_in_the_table_move_the_arm_as_the_table_says(tracked):
    columns = read(tracked / "movement.csv")
    pair = lambda form: np.stack([columns[form.format(x)] for x in ("shoulder", "elbow")], axis=-1)  # noqa: E731
    of = lambda form: np.stack([columns[form.format(x.replace(" ", "_"))] for x in ARM.muscle_names], axis=-1)  # noqa: E731
    angle, velocity, excitation = pair("{}_angle_rad"), pair("{}_velocity_rad_per_s"), of("excitation_{}")
    first = ArmState(angle[0], velocity[0], of("activation_{}")[0])
    states = Simulator(ARM, DT).rollout(first, excitation[:-1])
    np.testing.assert_allclose(states.joint_angle, angle, atol=1e-6)


def test_units_the_shoulders_place_and_tables_of_armfa_are_read(tmp_path):
    time, hand = made()
    exact = read_movement(write(tmp_path / "a.csv", time, hand))
    np.testing.assert_allclose(exact.hand, hand, rtol=1e-8)
    moved = write(
        tmp_path / "b.csv", 1e3 * time + 500.0, 1e3 * hand + np.array([20.0, -300.0]), ("time_ms", "x_mm", "y_mm")
    )
    found = read_movement(moved, (0.02, -0.3))
    np.testing.assert_allclose(found.time, exact.time, atol=1e-9)
    np.testing.assert_allclose(found.hand, exact.hand, atol=1e-8)
    named = read_movement(write(tmp_path / "c.csv", time, hand, ("time_s", "hand_x_m", "hand_y_m")))
    np.testing.assert_array_equal(named.hand, exact.hand)


def test_a_filter_leaves_what_is_slow_and_takes_what_is_fast(tmp_path):
    time = 0.005 * np.arange(400)
    slow = np.stack([0.1 * np.sin(2.0 * np.pi * 0.5 * time), 0.3 + 0.0 * time], axis=-1)
    fast = slow + 0.01 * np.sin(2.0 * np.pi * 40.0 * time)[:, None]
    found = read_movement(write(tmp_path / "a.csv", time, fast)).path(0.005, cutoff=8.0)
    middle = slice(50, -50)  # away from the ends
    np.testing.assert_allclose(found[middle], slow[middle], atol=2e-4)


GOOD = "time_s,x_m,y_m\n0,0,0.4\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        (
            "0,0,0.4\n0.1,0,0.4\n",
            "expected one column time_s or time_ms in the first line, got none",
        ),
        ("time_s,x_m,x_mm,y_m\n", "expected one column x_m or x_cm or x_mm in the first line, got several"),
        (GOOD, "expected at least two samples below the first line, got 1"),
        (GOOD + "0.1,here,0.4\n", "line 3: expected a finite number in column 2, got 'here'"),
        (GOOD + "0.1,0\n", "line 3: expected a finite number in column 3, got ''"),
        (GOOD + "0.1,inf,0.4\n", "line 3: expected a finite number in column 2, got 'inf'"),
        (GOOD + "\n0.1,0,0.4\n0.1,0,0.4\n", "line 5: expected times that increase, got 0.1 s after 0.1 s"),
        (GOOD + f"{LONGEST + 1},0,0.4\n", "expected at most 60 s of movement, got 61 s"),
        (GOOD + "0.1,0.7,0.4\n", "line 3: the hand at (0.700, 0.400) m from the shoulder is out of the reach"),
        (GOOD + "0.01,0.3,0.4\n0.1,0.3,0.4\n", "the first samples jump"),
    ],
)
def test_what_cannot_be_tracked_is_refused_in_one_sentence_and_leaves_no_folder(text, sentence, tmp_path, capsys):
    (tmp_path / "a.csv").write_text(text)
    assert main(["track", str(tmp_path / "a.csv"), "--out", str(tmp_path / "run")]) == 2
    assert sentence in " ".join(capsys.readouterr().out.split())
    assert not (tmp_path / "run").exists()


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path, capsys):
    assert main(["track", str(tmp_path / "none.csv")]) == 2
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x80")
    assert main(["track", str(tmp_path / "a.csv")]) == 2
    assert "No such file" in (out := " ".join(capsys.readouterr().out.split())) and "expected a text file" in out


@pytest.mark.parametrize("joint", [0, 1])
def test_a_posture_beyond_the_stops_is_named(joint, tmp_path):
    posture = np.array([ARM.center_posture] * 2)
    posture[1, joint] = ARM.stops[joint][1] + 0.1
    file = write(tmp_path / "a.csv", np.array([0.0, 1.0]), hand_position(ARM, posture))
    name = ("shoulder", "elbow")[joint]
    with pytest.raises(ValueError, match=rf"line 3: .* takes the {name} of li_todorov to \d+ degrees: expected"):
        refuse_out_of_reach(file, read_movement(file), ARM)
