"""What the tests of several folders share."""

import pytest


@pytest.fixture(scope="module")
def quick_jax():
    """JAX compiles quickly, for what runs once."""
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)
