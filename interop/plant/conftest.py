"""Makes the helper module of the plant's own tests importable, and lets JAX compute in float64."""

import sys
from pathlib import Path

import jax

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "plant"))
jax.config.update("jax_enable_x64", True)
