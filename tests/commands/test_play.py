"""Shipped controllers are shown by name, and keys with which `armfa play` changes the laboratory around them."""

from dataclasses import replace

import numpy as np
import pygame
import pytest
from PIL import Image

from armfa.cli import main
from armfa.commands.following import Follower, Laboratory
from armfa.commands.play import DELAYS, KEYS, NOISES, Desk, wandering
from armfa.commands.showing import in_window
from armfa.controllers.shipped import load_controller
from armfa.rendering.scene import Text
from armfa.rendering.viewer import Window
from armfa.world import Fields, Senses

RIGHT = np.array([0.05, 0.0])
"""m"""


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """To compile a kernel for each arm would take longer than to run the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield


@pytest.fixture
def follower():
    return Follower(load_controller("li_todorov/feedback-alignment"))


@pytest.mark.parametrize("name", ["li_todorov/backprop", "li_todorov/center-out", None])
@pytest.mark.parametrize("command", ["play", "watch"])
def test_play_and_watch_show_a_shipped_controller_by_its_name_or_without_one(name, command, tmp_path):
    flags = ["--seconds", "0.2", "--frame-size", "64", "--out", str(tmp_path / "film.gif")]
    assert main([command, *([name] if name else []), *flags]) == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames >= 2


def test_an_empty_folder_of_the_same_name_hides_no_shipped_controller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "li_todorov" / "backprop" / "controllers").mkdir(parents=True)
    assert main(["watch", "li_todorov/backprop", "--seconds", "0.1", "--frame-size", "64"]) == 0


def test_without_a_folder_and_a_display_the_film_lies_where_one_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["play", "--seconds", "0.1", "--frame-size", "64"]) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["play.gif"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["play", "nothing"], "or the name of a shipped controller, kalidindi2021/backprop"),
        (["play", "li_todorov/backprop", "--seed", "1"], "expected --rule and --seed of a folder only"),
        (["play", "--visual-delay", "0.055"], "expected visual_delay in whole steps"),
        (["play", "--motor-noise", "-1"], "motor_noise"),
        (["play", "--field-strength", "inf"], "Fields.field_strength: expected a finite number"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(arguments, sentence, capsys):
    assert main(arguments) == 2
    assert sentence in " ".join(capsys.readouterr().out.split())


def after(follower, steps=300):
    """Distance of the hand from the wandering target, m, mean over the last steps."""
    targets, far = wandering(follower), []
    for _ in range(steps):
        target = next(targets)
        follower.step(target)
        far.append(np.hypot(*(follower.trail[-1] - target)))
    return np.mean(far[steps // 3 :])


def test_the_hand_follows_a_moving_target(follower):
    assert after(follower) < 0.02


def test_the_recurrent_controller_follows_it_too():
    assert after(Follower(load_controller("li_todorov/center-out"))) < 0.06


def test_the_laboratory_is_that_of_the_world(follower):
    follower.start(Laboratory("viscous", 7.0, 30.0, 0.2, 0.05))
    curl = replace(follower.laboratory, field="curl")
    follower.change(curl)
    assert follower.world.fields == Fields(field_matrix=((0.0, 7.0), (-7.0, 0.0)), rotation=30.0)
    assert follower.world.senses == Senses(motor_noise=0.2, visual_delay=0.05)


@pytest.mark.parametrize(
    "setting", [{"field": "curl"}, {"rotation": 45.0}, {"motor_noise": 1.0}, {"visual_delay": 0.1}]
)
def test_every_setting_leads_the_hand_elsewhere(follower, setting):
    after(follower, 60)
    undisturbed = follower.trail
    follower.start(Laboratory(**setting))
    after(follower, 60)
    assert np.abs(np.subtract(follower.trail, undisturbed)).max() > 0.001


def test_an_arm_is_seen_turned_about_the_centre(follower):
    follower.start(Laboratory(rotation=45.0))
    for _ in range(200):
        follower.step(follower.center + RIGHT)  # it is seen there when the hand is as far away, below on the right
    np.testing.assert_allclose(
        follower.trail[-1] - follower.center, 0.05 * np.sqrt(0.5) * np.array([1, -1]), atol=0.003
    )
    np.testing.assert_allclose(follower.cursor - follower.center, RIGHT, atol=0.003)


def test_the_hand_is_seen_where_it_was_before_the_delay(follower):
    follower.start(Laboratory(visual_delay=0.05))
    for _ in range(20):
        follower.step(follower.center + RIGHT)
    np.testing.assert_allclose(follower.cursor, follower.trail[-6], atol=1e-6)


def test_a_change_leaves_the_arm_where_it_is_and_compiles_nothing_else(follower):
    for _ in range(20):
        follower.step(follower.center + RIGHT)
    before, time = follower.moment.arm, follower.time
    for key in KEYS:
        follower.change(KEYS[key](follower.laboratory, 0.01))
    assert follower.moment.arm is before and follower.time == time


def test_an_arm_that_is_thrown_out_of_its_joints_begins_anew(follower):
    arm = follower.moment.arm
    follower.moment = follower.moment._replace(arm=arm._replace(joint_velocity=arm.joint_velocity * np.nan))
    follower.step(follower.center)
    assert follower.time == 0.0 and np.isfinite(follower.moment.arm.joint_velocity).all()


def pressed(follower, *keys):
    """A window in which these keys are pressed, one in each frame, then Escape."""
    left = [*keys, pygame.K_ESCAPE]

    class Pressing(Desk):
        @property
        def notes(self):
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=left.pop(0)))
            return super().notes

    desk = Pressing(follower)
    in_window(follower, "test", wandering(follower), desk)
    return desk


def words(follower, desk):
    scene = follower.scene(follower.center, "", Desk.notes.fget(desk), desk.hints)
    return "\n".join(shape.words for shape in scene.panel if isinstance(shape, Text))


def test_keys_change_the_laboratory_and_the_picture_says_so(follower):
    keys = [pygame.K_f, pygame.K_UP, pygame.K_LEFT, pygame.K_LEFT, pygame.K_n, pygame.K_d, pygame.K_x]
    desk = pressed(follower, *keys)
    assert follower.laboratory == Laboratory("curl", 16.0, 30.0, NOISES[1], DELAYS[1])
    for said in ("field: curl, 16 N s/m", "seen turned by 30°", "motor noise: 20 %", "seen 50 ms late"):
        assert said in words(follower, desk)


def test_r_puts_all_back(follower):
    pressed(follower, pygame.K_f, pygame.K_f, pygame.K_RIGHT, pygame.K_DOWN, pygame.K_r)
    assert follower.laboratory == Laboratory() and follower.time < 0.05


def test_space_stops_the_time_and_starts_it(follower):
    desk = pressed(follower, pygame.K_SPACE, *[pygame.K_x] * 5)
    stopped = follower.time
    assert desk.paused and "paused" in words(follower, desk)
    desk = pressed(follower, *[pygame.K_x] * 5)
    assert follower.time > stopped + 0.09


def test_h_shows_what_the_keys_do_and_hides_it(follower):
    desk = pressed(follower, pygame.K_h)
    assert "what is seen turns" in words(follower, desk)
    desk.press("h")
    assert "what is seen turns" not in words(follower, desk) and "h help" in words(follower, desk)


def test_every_cycle_comes_round():
    for key, values in (("f", 3), ("n", len(NOISES)), ("d", len(DELAYS))):
        now = Laboratory()
        for _ in range(values):
            now = KEYS[key](now, 0.01)
        assert now == Laboratory()


def test_the_hand_stays_where_it_is_until_the_mouse_moves(follower):
    pressed(follower, *[pygame.K_x] * 30)
    np.testing.assert_allclose(follower.trail[-1], follower.center, atol=0.01)


def test_the_mouse_leads_the_target(follower):
    where = {"pos": (320, 240), "rel": (0, 0), "buttons": (0, 0, 0)}
    pygame.display.init()
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, where))
    pressed(follower, *[pygame.K_x] * 60)
    place = np.array(follower.scene(follower.center, "").view.point(0.5, 1 - 240 / 640))
    np.testing.assert_allclose(follower.trail[-1], follower.workspace(place), atol=0.01)


def test_ctrl_c_in_the_terminal_closes_the_window(follower):
    class Interrupted(Desk):
        @property
        def notes(self):
            raise KeyboardInterrupt

    in_window(follower, "test", wandering(follower), Interrupted(follower))
    assert not Window._opened
