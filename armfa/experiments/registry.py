"""The experiments by name, in the order of the report; each is a module that is imported when asked for."""

from collections.abc import Sequence
from importlib import import_module

from armfa.experiments.base import Experiment, listed

NAMES = (
    "arm",
    "linear",
    "init-scale",
    "flow-field",
    "theory",
    "deep",
    "quadratic",
    "ten-layers",
    "mnist",
    "mnist-sparse",
    "derivative",
    "spiking",
    "svhn",
)
"""Names as `--only` takes them; `init-scale` lives in `init_scale.py`."""

OTHERS = ("comparing",)
"""What runs units as the experiments do, but is no experiment of the papers."""


def experiment(name: str) -> Experiment:
    """The experiment of this name."""
    if name not in NAMES + OTHERS:
        raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")
    return import_module(f"armfa.experiments.{name.replace('-', '_')}").EXPERIMENT


def chosen(only: str) -> Sequence[str]:
    """The names in a comma-separated list, checked; all of them for an empty one."""
    names = listed(only)
    for name in names:
        if name not in NAMES:
            raise ValueError(f"expected names out of {', '.join(NAMES)}, got {name!r}")
    return [name for name in NAMES if not names or name in names]
