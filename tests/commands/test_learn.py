"""`armfa learn` and `armfa adapt`, as a user types them, at tiny size."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from armfa.cli import main
from armfa.commands import adapt
from armfa.commands import learn as command
from armfa.commands.following import Follower, Laboratory
from armfa.commands.learn import Learn
from armfa.controllers import MLP, KolenPollackThroughTime, load_policy
from armfa.controllers.trees import take
from armfa.experiments.motor import trials
from armfa.experiments.motor.movements import performed, speed_form, trials_of
from armfa.experiments.motor.trials import index_of
from armfa.plant import hand_velocity
from armfa.problems import TaskProblem, problem_of
from armfa.tasks import TASKS, CenterOut
from armfa.world import Fields, Senses

SMALL = ["--updates", "4", "--units", "5", "--batch-size", "3", "--duration", "0.1", "--frame-size", "64"]
FAST = [*SMALL, "--frames-per-second", "2", "--no-oracle", "--quiet"]


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """To compile kernels for four updates would take longer than to do them without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


def rows_of(file):
    with file.open() as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def learned(tmp_path_factory, uncompiled):
    """The folder of a very short run, of two networks, with delays, noise and a field."""
    folder = tmp_path_factory.mktemp("learn") / "run"
    more = ["--seeds", "2", "--visual-delay", "0.03", "--motor-noise", "0.1", "--field", "curl"]
    assert main(["learn", *FAST, *more, "--out", str(folder)]) == 0
    return folder


def test_learn_leaves_settings_curves_controllers_pictures_and_a_table(learned):
    assert json.loads((learned / "settings.json").read_text())["motor_noise"] == 0.1
    for name in ("learning.png", "paths.png", "speed.png", "activation.png", "movements.gif", "curves.csv"):
        assert (learned / name).stat().st_size > 100
    rows = rows_of(learned / "table.csv")
    assert [row["controller"] for row in rows] == ["rnn, seed 0", "rnn, seed 1"]
    assert {"end_error_cm", "peak_by_mean_speed", "time_of_peak", "deviation_cm"} < set(rows[0])


def test_a_controller_remembers_the_problem_that_it_was_trained_in(learned):
    about = load_policy(learned / "controllers" / "backprop-through-time_1.npz").about
    problem = problem_of(about)
    assert problem.senses == Senses(visual_delay=0.03, motor_noise=0.1) and problem.fields == Fields(field="curl")
    assert repr(problem) == repr(Learn(duration=0.1, visual_delay=0.03, motor_noise=0.1, field="curl").problem)


def test_a_run_that_is_stopped_goes_on_to_the_same_curves(learned, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(learned, copy)
    (copy / "training.npz").unlink()
    train, left = command.train, [2]

    def stopped(*arguments, **settings):
        def tell(report):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

        return train(*arguments, **{**settings, "progress": tell})

    monkeypatch.setattr(command, "train", stopped)
    assert main(["learn", "--resume", str(copy)]) == 130
    assert (copy / "training.npz").exists()
    monkeypatch.setattr(command, "train", train)
    (copy / "curves.csv").unlink()
    assert main(["learn", "--resume", str(copy), "--frame-size", "64", "--frames-per-second", "1", "--quiet"]) == 0
    assert (copy / "curves.csv").read_bytes() == (learned / "curves.csv").read_bytes()


def test_watch_shows_the_task(learned, tmp_path):
    file = tmp_path / "film.gif"
    assert main(["watch", str(learned), "--seconds", "0.2", "--frame-size", "64", "--out", str(file)]) == 0
    with Image.open(file) as film:
        assert film.n_frames >= 2


def test_play_leads_a_controller_of_reaches_in_the_world_that_it_was_trained_in(learned, tmp_path):
    follower = Follower(load_policy(learned / "controllers" / "backprop-through-time_0.npz"))
    assert follower.laboratory == Laboratory("curl", motor_noise=0.1, visual_delay=0.03)
    file = tmp_path / "film.gif"
    assert main(["play", str(learned), "--seconds", "0.2", "--frame-size", "64", "--out", str(file)]) == 0


@pytest.mark.parametrize("name", ["Ellipse", "ViaPoint", "VelocityTracking", "IsometricForce"])
def test_play_says_that_a_controller_of_another_task_follows_nothing(name, tmp_path, capsys):
    problem = Learn(name).problem
    network = MLP((problem.n_in, 3, problem.n_out))
    policy = problem.policy(network, network.init(np.random.default_rng(0)))
    policy.save(tmp_path / "controllers" / "mine_0.npz")
    assert main(["play", str(tmp_path), "--out", "film.gif"]) == 2
    assert "watch it" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", TASKS)
def test_every_task_makes_a_problem_that_lasts_as_long_as_its_trials(name):
    problem = Learn(name).problem
    assert problem.duration == pytest.approx(
        problem.task.hold * 0.01 if problem.task.hold else problem.task.episode_time
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["learn", "--resume", "nowhere"], "holds no run to continue"),
        (["learn", *FAST, "--controller", "mlp", "--rule", "rflo"], "expected a recurrent circuit"),
        (["adapt", "nowhere", "--field", "curl"], "holds no trained controllers"),
        (["adapt", "--resume", "nowhere"], "holds no adaptation to continue"),
        (["adapt", "li_todorov/backprop", "--field", "curl"], "expected a controller of a task over time"),
    ],
)
def test_what_a_user_can_mend_is_one_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert sentence in out and "Traceback" not in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["learn", "Juggling"], "expected a task out of"),
        (["learn", "--rule", "feedback-alignment"], "expected --rule out of"),
        (["learn", "--visual-delay", "0.015"], "expected visual_delay in whole steps"),
        (["learn", "--duration", "0"], "expected a finite duration above 0"),
        (["adapt", "nowhere"], "expected something to adapt to"),
        (["adapt", "--field", "curl"], "expected the folder of a run"),
        (["learn", "CenterOut", "--duration", "0.4"], "expected movement_time of at most the 0.4 s of a trial"),
        (["adapt", "nowhere", "--field", "curl", "--trial-seed", "-1"], "expected --trial-seed of at least 0"),
    ],
)
def test_wrong_words_end_with_status_2_and_what_was_expected(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert sentence in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_adapt_writes_a_row_per_trial_and_a_controller_that_has_changed(learned, tmp_path):
    short = ["--baseline", "2", "--trials", "4", "--washout", "2", "--channel-every", "2", "--batch-size", "2"]
    out = tmp_path / "adapted"
    assert main(["adapt", str(learned), "--field", "curl", *short, "--quiet", "--out", str(out)]) == 0
    rows = rows_of(out / "trials.csv")
    assert len(rows) == 8 and sum(row["channel"] == "1" for row in rows) == 4
    for row in rows:
        assert (row["adaptation_index"] == "nan") == (row["channel"] == "0")
        assert row["condition"] == ("0" if row["channel"] == "1" or row["trial"] in "0167" else "1")
    before, after = (load_policy(folder / "controllers" / "backprop-through-time_0.npz") for folder in (learned, out))
    assert not np.array_equal(before.params.cell.weight, after.params.cell.weight)
    assert (out / "adaptation.png").stat().st_size > 100 and len(rows_of(out / "table.csv")) == 5


def test_adapt_takes_a_shipped_controller_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    short = ["--baseline", "1", "--trials", "2", "--washout", "1", "--batch-size", "1"]
    assert main(["adapt", "li_todorov/center-out", "--rotation", "30", *short, "--quiet"]) == 0
    (folder,) = tmp_path.glob("runs/adapt-*")
    assert len(rows_of(folder / "trials.csv")) == 4


def test_an_adaptation_that_was_killed_goes_on_bit_for_bit(learned, tmp_path, monkeypatch):
    short = ["--baseline", "2", "--trials", "4", "--washout", "2", "--channel-every", "2", "--batch-size", "2"]
    arguments = ["adapt", str(learned), "--field", "curl", *short, "--quiet", "--out"]
    assert main([*arguments, str(tmp_path / "whole")]) == 0
    monkeypatch.setattr(adapt, "SECONDS_BETWEEN_FILES", 0.0)
    step, count = trials.train_step, iter(range(100))

    def killed(*given):
        if next(count) == 5:
            raise KeyboardInterrupt
        return step(*given)

    monkeypatch.setattr(trials, "train_step", killed)
    assert main([*arguments, str(tmp_path / "cut")]) != 0
    assert not (tmp_path / "cut" / "trials.csv").exists()
    assert main(["adapt", "--resume", str(tmp_path / "cut"), "--quiet"]) == 0
    assert next(count) == 9  # of eight trials five were done before, and one was tried
    assert (tmp_path / "cut" / "trials.csv").read_text() == (tmp_path / "whole" / "trials.csv").read_text()
    ends = [tmp_path / name / "controllers" / "backprop-through-time_0.npz" for name in ("whole", "cut")]
    one, other = map(load_policy, ends)
    assert np.array_equal(one.params.cell.weight, other.params.cell.weight)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("backprop", "expected a rule through time for a problem that gives episodes"),
        ("force", "expected a circuit with readout='linear'"),
        ("hebb", "expected a learning rule out of"),
    ],
)
def test_a_rule_that_cannot_go_on_teaching_is_refused_before_there_is_a_folder(learned, tmp_path, capsys, rule, words):
    out = tmp_path / "adapted"
    assert main(["adapt", str(learned), "--field", "curl", "--learn-by", rule, "--out", str(out)]) == 2
    assert words in " ".join(capsys.readouterr().out.split())
    assert not out.exists()


@pytest.mark.parametrize("changed", [{"run": None}, {"rate": -1.0}, {"field": "none"}, {"trial_seed": -1}])
def test_settings_that_no_adaptation_has_are_damaged(tmp_path, capsys, changed):
    settings = {"run": "run", "field": "curl", "learn_by": "backprop-through-time", **changed}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    assert main(["adapt", "--resume", str(tmp_path)]) == 2
    assert "is damaged or not of this command" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("task", "adapts"), [("Reach", True), ("HandVelocity", False)])
def test_adapt_is_proposed_for_movements_to_a_place_only(tmp_path, capsys, monkeypatch, task, adapts):
    for name in ("train", "curve_rows", "show_results"):
        monkeypatch.setattr(command, name, lambda *args, **more: None)
    assert main(["learn", task, *FAST, "--out", str(tmp_path / "run")]) == 0
    assert ("armfa adapt" in capsys.readouterr().out) == adapts


def test_a_movement_with_the_least_jerk_has_the_published_profile():
    t = np.linspace(0.0, 1.0, 1001)
    speed = np.stack([30.0 * t**2 * (1 - t) ** 2] * 2, axis=1)
    found = speed_form(speed, 1e-3)
    assert found["time_of_peak"] == pytest.approx(0.5, abs=2e-3)
    cut = speed[:, 0] > 0.05 * 1.875
    assert found["peak_by_mean_speed"] == pytest.approx(1.875 / speed[cut, 0].mean(), rel=5e-3)


def test_two_movements_in_one_have_two_peaks_of_speed():
    t = np.linspace(0.0, 1.0, 1001)[:, None]
    speed = [30.0 * s**2 * (1 - s) ** 2 for s in (t, np.clip(1.8 * t, 0.0, 1.0), np.clip(1.8 * t - 0.8, 0.0, 1.0))]
    found = speed_form(np.concatenate([speed[0], speed[1] + 0.7 * speed[2]], axis=1), 1e-3)
    np.testing.assert_array_equal(found["speed_peaks"], [1.0, 2.0])


def test_center_out_is_learned_along_the_least_jerk_where_nothing_else_is_asked():
    assert Learn("CenterOut").problem.movement_time == 0.5 and Learn("Reach").problem.movement_time is None
    assert Learn("CenterOut", movement_time=0.0).problem.movement_time is None


def test_the_table_counts_hands_that_leave_the_centre_before_the_go():
    """Of silent muscles no hand leaves, of full excitation of one muscle all do."""
    problem = TaskProblem(task=CenterOut(), duration=0.3)
    network = MLP((problem.n_in, 2, 6), ("tanh", "tanh"), weight_scale=0.0)
    hidden, out = network.init(np.random.default_rng(0), np.float64)
    for pull, share in ((-9.0, 0.0), (9.0, 1.0)):
        params = (hidden, out._replace(bias=np.array([pull, *[-9.0] * 5])))
        done = performed(problem, problem.policy(network, params), trials_of(problem, 8))
        assert command.row_of(problem, "one", done)["false_starts"] == share


def test_feedback_that_learns_has_the_rate_and_the_decay_of_the_weights():
    config = Learn("CenterOut", rule="kolen-pollack-through-time", rate=0.002)
    rule, optimizer = config.learner, config.optimizer
    assert rule == KolenPollackThroughTime(rate=optimizer.rates, decay=optimizer.weight_decay)
    assert optimizer.rates == 0.002 and optimizer.weight_decay > 0


def test_a_hand_that_presses_as_the_field_would_has_an_adaptation_index_of_one():
    problem = TaskProblem(task=CenterOut(), duration=0.05, fields=Fields(field="curl", channel=True))
    network = MLP((problem.n_in, 4, 6))
    policy = problem.policy(network, network.init(np.random.default_rng(1)))
    movements = performed(problem, policy, trials_of(problem, 4))
    world, moments = problem.world, movements.run.moments
    v = hand_velocity(world.arm, moments.arm.joint_angle, moments.arm.joint_velocity)[:-1]
    _, normal = world.line(take(moments, 0))
    asked = 13.0 * (v[..., 1] * normal[..., 0] - v[..., 0] * normal[..., 1])
    for share in (1.0, 0.25):
        pressed = movements.run.outcomes._replace(channel_force=share * asked)
        assert index_of(problem, movements._replace(run=movements.run._replace(outcomes=pressed))) == pytest.approx(
            share
        )
