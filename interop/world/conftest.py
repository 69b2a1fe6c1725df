"""Makes the helper module of the world's own tests importable, lets JAX compute in float64, and compiles no kernels."""

import sys
from pathlib import Path

import jax
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "world"))
jax.config.update("jax_enable_x64", True)


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """What NumPy gives beside JAX comes from the source itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARMFA_COMPILED", "0")
        yield
