"""Windows: each its own, closed in any order, beside whatever else the program shows."""

import gymnasium as gym
import numpy as np
import pygame
import pytest

import armfa
from armfa.plant import make_arm, rest_state
from armfa.rendering import arm_scene
from armfa.rendering.viewer import Window, draw_frame

gym.register_envs(armfa)
SCENE = arm_scene(make_arm(), rest_state(make_arm()))


@pytest.fixture(params=["a window each", "one display for all"], autouse=True)
def pygame_kind(request, monkeypatch):
    """Pygame-ce, which opens windows, and the older pygame, which has one display."""
    pygame.quit()
    if request.param == "one display for all":
        monkeypatch.delattr(pygame, "Window", raising=False)
    yield
    assert not Window._opened
    pygame.quit()


def test_a_window_shows_scenes_and_frames_knows_the_mouse_and_closes_twice():
    window = Window(size=320)
    for picture in (SCENE, draw_frame(SCENE), draw_frame(SCENE, 320)):
        window.show(picture)
        assert not window.closed
    assert window.mouse is None
    window.close()
    window.close()
    window.show(SCENE)
    assert window.closed


@pytest.mark.parametrize("first", [0, 1])
def test_closing_one_window_leaves_the_other_alive(first):
    windows = [Window(size=64), Window(size=64)]
    windows[first].close()
    other = windows[1 - first]
    other.show(SCENE)
    assert not other.closed
    other.close()


def test_closing_one_environment_leaves_the_other_alive():
    one, other = (gym.make("armfa/Reach-v0", render_mode="human") for _ in range(2))
    one.reset(seed=0), other.reset(seed=1)
    one.close()
    for _ in range(3):
        other.step(other.action_space.sample())
    assert not other.unwrapped._window.closed
    other.close()


def test_the_programs_own_display_stays_open_with_its_size_and_its_events():
    screen = pygame.display.set_mode((100, 80))
    window = Window(size=64)
    pygame.event.clear()
    mine = [pygame.event.Event(pygame.KEYDOWN, key=pygame.K_q), pygame.event.Event(pygame.USEREVENT)]
    for event in mine:
        pygame.event.post(event)
    for _ in range(3):
        window.show(SCENE)
    assert not window.closed
    kept = [event.type for event in pygame.event.get()]
    assert [kind for kind in kept if kind in (pygame.KEYDOWN, pygame.USEREVENT)] == [pygame.KEYDOWN, pygame.USEREVENT]
    window.close()
    assert pygame.display.get_init()
    assert pygame.display.get_surface() is screen and screen.get_size() == (100, 80)


def test_a_key_or_button_closes_the_window_that_it_is_for():
    one, other = Window(size=64), Window(size=64)
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=one._window))
    other.show(SCENE)
    assert one.closed and other.closed != hasattr(pygame, "Window")  # both, where both are one
    other.close()


@pytest.mark.parametrize(
    "event", [(pygame.QUIT, {}), (pygame.KEYDOWN, {"key": pygame.K_q}), (pygame.KEYDOWN, {"key": pygame.K_ESCAPE})]
)
def test_what_names_no_window_closes_all_where_the_program_has_no_display(event):
    windows = [Window(size=64), Window(size=64)]
    pygame.event.post(pygame.event.Event(event[0], event[1]))
    windows[0].show(SCENE)
    assert all(window.closed for window in windows)


def test_the_mouse_is_where_it_last_moved():
    window = Window(size=100)
    pygame.event.clear()
    where = {"pos": (75, 25), "rel": (0, 0), "buttons": (0, 0, 0)}
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, where))
    window.show(SCENE)
    np.testing.assert_allclose(window.mouse, SCENE.view.point(0.75, 0.75))
    window.close()


def test_a_window_and_its_words_come_back_after_another_library_has_shut_pygame_down():
    window = Window(size=64)
    window.show(arm_scene(make_arm(), rest_state(make_arm()), caption="before"))
    for again in (lambda: None, pygame.init):
        pygame.quit()
        again()
        window.show(arm_scene(make_arm(), rest_state(make_arm()), caption=f"after {again}"))
        assert not window.closed
    window.close()


def test_a_picture_stays_square_and_the_mouse_in_its_place_when_a_window_is_made_wider():
    window = Window(size=100)
    window.show(SCENE)
    if window._window is not None:
        window._window.size = (200, 100)
    else:
        pygame.display.set_mode((200, 100), pygame.RESIZABLE)
    pygame.event.clear()
    where = {"pos": (125, 25), "rel": (0, 0), "buttons": (0, 0, 0)}
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, where))
    window.show(SCENE)
    np.testing.assert_allclose(window.mouse, SCENE.view.point(0.75, 0.75))
    shown = pygame.surfarray.array3d(window._screen(pygame)).swapaxes(0, 1)
    np.testing.assert_array_equal(shown[:, 50:150], draw_frame(SCENE, 100))
    window.close()
