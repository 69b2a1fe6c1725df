"""The experiments by name, in the order of the report; each is a module that is imported when asked for."""

from collections.abc import Sequence
from importlib import import_module

from armfa.experiments.base import Experiment
from armfa.experiments.rules import listed

PLACES = {
    "arm": "arm.controller",
    "linear": "alignment.linear",
    "init-scale": "alignment.init_scale",
    "flow-field": "alignment.flow_field",
    "theory": "alignment.theory",
    "deep": "alignment.deep",
    "quadratic": "alignment.quadratic",
    "ten-layers": "alignment.ten_layers",
    "mnist": "digits.mnist",
    "mnist-sparse": "digits.mnist_sparse",
    "derivative": "digits.derivative",
    "spiking": "spiking.digits",
    "svhn": "digits.svhn",
    "center-out": "motor.center_out",
    "adaptation": "motor.adaptation",
    "savings": "motor.savings",
    "canalisation": "motor.canalisation",
    "feedback-teaches": "motor.feedback_teaches",
    "preferred-directions": "motor.preferred_directions",
    "noise-and-delays": "motor.noise_and_delays",
    "power-law": "motor.power_law",
    "ellipses": "motor.ellipses",
}
"""Module of each experiment, in this package."""

NAMES = tuple(PLACES)
"""Names as `--only` takes them."""

GROUPS = tuple(dict.fromkeys(place.split(".")[0] for place in PLACES.values()))
"""Folders of this package; `--only` takes one for all experiments in it."""


def experiment(name: str) -> Experiment:
    """The experiment of this name."""
    if name not in PLACES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, got {name!r}")
    return import_module(f"armfa.experiments.{PLACES[name]}").EXPERIMENT


def chosen(only: str) -> Sequence[str]:
    """The names in a comma-separated list of names and groups, checked; all of them for an empty one."""
    names = listed(only)
    for name in names:
        if name not in (*NAMES, *GROUPS):
            raise ValueError(
                f"expected names out of {', '.join(NAMES)}, or groups of them, {', '.join(GROUPS)}; got {name!r}"
            )
    return [name for name in NAMES if not names or name in names or PLACES[name].split(".")[0] in names]
