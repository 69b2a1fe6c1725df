"""A display for tests that open a window: none. And settings of environments, of which few are compiled."""

import os

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")


@pytest.fixture
def settings(request, monkeypatch):
    """The settings of an environment; only the default ones are compiled, to spare the time."""
    if request.param:
        monkeypatch.setenv("ARMFA_COMPILED", "0")
    return request.param


@pytest.fixture
def plain(monkeypatch):
    """Nothing is compiled."""
    monkeypatch.setenv("ARMFA_COMPILED", "0")
