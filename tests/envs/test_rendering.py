"""Pictures and windows of the environments."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pygame
import pytest

import armfa
from armfa.plant import PRESETS
from armfa.rendering import viewer

gym.register_envs(armfa)
IDS = ["armfa/HandVelocity-v0", "armfa/Reach-v0"]
every_id = pytest.mark.parametrize("name", IDS)


@every_id
@pytest.mark.parametrize("settings", [{"arm": name} for name in PRESETS], ids=repr, indirect=True)
def test_every_arm_has_a_picture_that_changes_as_it_moves(name, settings):
    env = gym.make(name, **settings, render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    for _ in range(5):
        env.step(env.action_space.high)
    last = env.render()
    assert first.shape == last.shape == (640, 640, 3)
    assert first.dtype == np.uint8
    assert 0.005 < (first != last).any(axis=-1).mean() < 0.4


@every_id
def test_looking_changes_nothing(name):
    shown, plain = gym.make(name, render_mode="rgb_array"), gym.make(name)
    for env in (shown, plain):
        env.reset(seed=0)
    for _ in range(5):
        shown.render()
        action = np.full(6, 0.3, np.float32)
        np.testing.assert_array_equal(shown.step(action)[0], plain.step(action)[0])


@every_id
def test_rgb_frames_need_no_display(name):
    code = (
        "import os; [os.environ.pop(k, None) for k in ('DISPLAY', 'WAYLAND_DISPLAY', 'SDL_VIDEODRIVER')]\n"
        "import gymnasium as gym, armfa, pygame\n"
        f"env = gym.make('{name}', render_mode='rgb_array'); env.reset(seed=0)\n"
        "print(env.render().shape, pygame.display.get_init())"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip().splitlines()[-1] == "(640, 640, 3) False"


@every_id
def test_a_window_opens_and_only_the_display_is_initialised(name):
    env = gym.make(name, render_mode="human")
    env.reset(seed=0)
    assert env.render() is None
    assert not env.unwrapped._window.closed
    assert not pygame.mixer or not pygame.mixer.get_init()
    env.close()


@every_id
@pytest.mark.parametrize(
    "event", [(pygame.QUIT, {}), (pygame.KEYDOWN, {"key": pygame.K_ESCAPE})], ids=["button", "escape"]
)
def test_a_window_that_the_user_closes_does_not_stop_the_loop(name, event):
    env = gym.make(name, render_mode="human")
    env.reset(seed=0)
    pygame.event.post(pygame.event.Event(*event))
    for _ in range(6):
        env.step(np.zeros(6, np.float32))
    assert env.unwrapped._window.closed
    env.reset()
    env.step(np.zeros(6, np.float32))
    assert env.unwrapped._window.closed
    env.close()


def test_simulated_time_passes_as_real_time_in_a_window(monkeypatch):
    waits = []
    monkeypatch.setattr(viewer.Window, "show", lambda window, scene: waits.append(1.0 / window.frames_per_second))
    env = gym.make("armfa/Reach-v0", render_mode="human", dt=0.005)
    env.reset(seed=0)
    for _ in range(100):
        env.step(np.zeros(6, np.float32))
    assert sum(waits[1:]) == pytest.approx(100 * 0.005)
    env.close()


def test_rendering_without_a_mode_warns():
    env = gym.make("armfa/Reach-v0").unwrapped
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render mode"):
        assert env.render() is None


def test_a_missing_pygame_is_named_with_the_line_that_installs_it(monkeypatch):
    env = gym.make("armfa/Reach-v0", render_mode="rgb_array")
    env.reset(seed=0)
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(gym.error.DependencyNotInstalled, match="pip install"):
        env.render()


@every_id
def test_the_frame_rate_in_the_metadata_is_that_of_the_time_step(name):
    assert gym.make(name).metadata["render_fps"] == 100
    assert gym.make(name, dt=0.02).unwrapped.metadata["render_fps"] == 50


@every_id
def test_frames_have_the_size_that_was_asked_for(name):
    one = gym.make(name, render_mode="rgb_array", render_size=96)
    many = gym.make_vec(name, num_envs=2, render_mode="rgb_array", render_size=96)
    one.reset(seed=0), many.reset(seed=0)
    np.testing.assert_array_equal(many.render()[0], one.render())
    assert one.render().shape == many.render()[1].shape == (96, 96, 3)


def test_a_window_has_the_size_that_was_asked_for():
    env = gym.make("armfa/Reach-v0", render_mode="human", render_size=200)
    env.reset(seed=0)
    assert env.unwrapped._window.size == 200
    env.close()


@pytest.mark.parametrize("size", [0, 8, 5000, 64.0, True, "big", None], ids=repr)
@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_a_size_that_no_frame_has_is_refused_when_the_environment_is_made(make, size):
    with pytest.raises(ValueError, match="expected a frame size in whole pixels, 16 to 4096"):
        make("armfa/Reach-v0", render_size=size)


def test_the_size_is_kept_in_the_spec():
    spec = gym.make("armfa/Reach-v0", render_mode="rgb_array", render_size=96).spec
    env = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    env.reset(seed=0)
    assert env.render().shape == (96, 96, 3)
