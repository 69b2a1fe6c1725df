"""Learning rules by name: those of the registry, and a user's own as `file.py:Rule`; and what all of them need.

Names are spelt with hyphens, as the command line and every output write them.
"""

import hashlib
import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from armfa.controllers import MLP, RULES, SGD, TIME_RULES, GradientEstimator
from armfa.controllers.rules import (
    DirectKolenPollack,
    DirectRandomTarget,
    KolenPollack,
    KolenPollackThroughTime,
    ProductFeedbackAlignment,
)
from armfa.controllers.training import doors
from armfa.runs.unit import Run, Unit

DECAY = 0.001
"""Decay of feedback that learns after Kolen and Pollack, and of the forward weights that it is to resemble."""

LEARNED = (KolenPollack, DirectKolenPollack, ProductFeedbackAlignment, KolenPollackThroughTime)
"""Rules whose feedback changes as the forward weights do, and so needs their rate and decay."""


def listed(text: str) -> list[str]:
    """The names in a comma-separated list, as they are spelt."""
    return [spelt(name) for name in text.split(",") if name.strip()]


def spelt(name: str) -> str:
    """A name with hyphens; of a file nothing is changed."""
    return name.strip() if is_file(name) else name.strip().replace("_", "-")


def is_file(name: str) -> bool:
    """Whether a rule is a user's own: `file.py:Rule`."""
    return ".py:" in name


def label(name: str) -> str:
    """What a rule is called in files and figures: its name, or that of its class."""
    return name.rpartition(":")[2] if is_file(name) else name


def anywhere(name: str) -> str:
    """The same rule, whatever the working folder will be."""
    return f"{_file(name).resolve()}:{label(name)}" if is_file(name) else name


def source(name: str) -> dict[str, str]:
    """What decides the numbers of a user's own rule, for the arguments of its units: its place and what is there."""
    if not is_file(name):
        return {}
    return {"code": name, "digest": hashlib.sha256(_file(name).read_bytes()).hexdigest()[:16]}


def code_of(unit: Unit | Run) -> str:
    """The name by which the rule of a unit is found."""
    return unit.arguments.get("code", unit.arguments["rule"])


def rule_class(name: str) -> type[GradientEstimator]:
    """The class of a rule."""
    if not is_file(name):
        known: dict[str, type[GradientEstimator]] = {**RULES, **TIME_RULES}
        if name not in known:
            raise ValueError(f"expected rules out of {', '.join(known)}, or file.py:Rule, got {name!r}")
        return known[name]
    path, wanted = _file(name), label(name)
    spec = importlib.util.spec_from_file_location(f"armfa_rule_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"expected a Python file, got {path}")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    found = vars(module).get(wanted)
    if not (isinstance(found, type) and issubclass(found, GradientEstimator)):
        own = [each for each, kind in vars(module).items() if isinstance(kind, type)
               and issubclass(kind, GradientEstimator) and kind.__module__ == module.__name__]  # fmt: skip
        raise ValueError(f"expected {path} to hold a learning rule {wanted}, it holds {', '.join(own) or 'none'}")
    return found


def _file(name: str) -> Path:
    path = Path(name.rpartition(":")[0]).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"expected a Python file with a learning rule, and there is no {path}")
    return path


def rule_of(name: str, rates: tuple[float, ...]) -> GradientEstimator:
    """The rule of a name as it is, but feedback that learns as W does has W's rate and decay."""
    kind = rule_class(name)
    settings: Any = {"rate": rates[-1], "decay": DECAY} if issubclass(kind, LEARNED) else {}
    try:
        return kind(**settings)
    except Exception as error:
        raise ValueError(f"{label(name)} cannot be made without settings: {error}; give each a default") from error


def check_fit(
    name: str,
    problem: str,
    network: MLP,
    rule: GradientEstimator,
    optimizer: Any,
    batch: Any,
    dtype: type = np.float32,
) -> None:
    """Refuse, in one sentence, a rule that cannot learn a problem: it is tried as `train` tries it.

    problem : what the sentence calls it. batch : a `Batch` of one network, without the axis of a stack.
    """
    try:
        if isinstance(rule, DirectRandomTarget) and (wanted := batch.loss.target.shape[-1]) != network.n_out:
            raise ValueError(f"it needs a target of {network.n_out} numbers, one per output, and there are {wanted}")
        doors.check_fit(network, rule, optimizer, batch, dtype)
    except Exception as error:
        cause = error.__cause__ or error
        raise ValueError(f"{label(name)} cannot learn {problem}: {cause or type(cause).__name__}") from error


def with_decay(sgd: SGD, rule: GradientEstimator) -> SGD:
    """The SGD, whose weights decay beside feedback that does: those above the first layer, through time all of them.

    It has one rate per layer.
    """
    if not isinstance(rule, LEARNED):
        return sgd
    first = DECAY if isinstance(rule, KolenPollackThroughTime) else 0.0
    return replace(sgd, weight_decay=(first, *(DECAY,) * (len(sgd.rates) - 1)))  # type: ignore[arg-type]
