"""One source for NumPy, JAX and torch: look up the array library that the arguments come from."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

Array = Any
"""An array of NumPy, JAX or torch; shapes are written in comments and docstrings."""


def namespace(*arrays: Array) -> ModuleType:
    """The array-API namespace of the arguments: `numpy`, `jax.numpy` or `array_api_compat.torch`.

    Python numbers and None are neutral; a JAX or torch array beside NumPy arrays decides.
    """
    for array in arrays:
        if array is None or isinstance(array, np.ndarray | np.generic | float | int):
            continue
        if _is_instance(array, "torch", "Tensor"):
            import array_api_compat.torch

            return array_api_compat.torch
        if _is_instance(array, "jax", "Array"):
            return sys.modules["jax"].numpy
        raise TypeError(f"expected arrays of NumPy, JAX or torch, got {type(array).__name__}")
    return np


def _is_instance(array: Array, module: str, name: str) -> bool:
    """Whether `array` is of a class of a library that has been imported (so no library is imported to ask)."""
    library = sys.modules.get(module)
    return library is not None and isinstance(array, getattr(library, name))
