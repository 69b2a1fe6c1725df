"""Runs the plant uncompiled, makes the helper module of its tests importable, and lets JAX compute in float64."""

import os
import sys
from pathlib import Path

import jax

os.environ["ARMFA_COMPILED"] = "0"
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "plant"))
jax.config.update("jax_enable_x64", True)
