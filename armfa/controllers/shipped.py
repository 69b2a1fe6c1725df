"""Trained controllers that come with the package, by name: ARM/CONTROLLER, each with its score card.

`python -m armfa.commands.ship` makes them.
"""

import json
from pathlib import Path
from typing import Any

from armfa.controllers.policy import Policy, load_policy

FOLDER = Path(__file__).parent / "trained"
"""Where they lie: ARM/CONTROLLER.npz, weights in float16, and ARM/CONTROLLER.json, the card."""


def shipped(folder: Path = FOLDER) -> list[str]:
    """The names of the controllers that there are.

    Parameters
    ----------
    folder : Path
        Where to look.

    Returns
    -------
    list of str
        Such as "li_todorov/feedback-alignment".
    """
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in folder.glob("*/*.npz"))


def load_controller(name: str = "", folder: Path = FOLDER) -> Policy:
    """The trained controller of this name, such as "li_todorov/feedback-alignment".

    Parameters
    ----------
    name : str
        One of `shipped()`.
    folder : Path
        Where to look.

    Returns
    -------
    Policy
        From what its task observes, in SI units, to excitations, in float32. `about` has the arm's constants, and
        `score_card(name)` what it can do.

    Raises
    ------
    ValueError
        For another name; it tells those that there are.
    """
    return load_policy(folder / f"{_known(name, folder)}.npz")


def score_card(name: str = "", folder: Path = FOLDER) -> dict[str, Any]:
    """What a shipped controller can do, and how it was made: scores, command, seed, training and versions.

    Parameters
    ----------
    name : str
        One of `shipped()`.
    folder : Path
        Where to look.

    Returns
    -------
    dict
        As it stands in the file beside the controller.
    """
    return json.loads((folder / f"{_known(name, folder)}.json").read_text(encoding="utf-8"))


def _known(name: str, folder: Path) -> str:
    if name not in (names := shipped(folder)):
        raise ValueError(f"expected the name of a shipped controller, {', '.join(names)}; got {name or 'none'}")
    return name
