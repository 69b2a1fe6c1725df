"""Tests run without a display, a network or more than one BLAS thread."""

import os

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
os.environ.setdefault("MPLBACKEND", "Agg")

UNCOMPILED = ("plant", "problems", "tasks", "world")
"""Tests over every arm: to compile a kernel for each would take longer than to run the source itself."""


@pytest.fixture(autouse=True, scope="module")
def uncompiled(request):
    """In the folders above nothing is compiled; that kernels do the same is tested in `compiled`."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name in UNCOMPILED:
            patch.setenv("ARMFA_COMPILED", "0")
        yield
